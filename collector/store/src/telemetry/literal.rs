//! The literal records: what was stored, in the words of the wire.
//!
//! An observation reads here as the canonical JSON of its protobuf message: proto field names, 64-bit numbers as
//! strings, nothing for an empty field. The owner compares it with what `weft-agent sent` prints.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;
use weft_collector_core::device::DeviceId;
use weft_dashboards::queries;

use super::{Error, Telemetry};

/// One stored record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Literal {
    pub seq: u64,
    pub epoch: Uuid,
    pub observed_at: Timestamp,
    pub kind: String,
    /// `{"observed_at": ..., "<kind>": {...}}`
    pub observation: Value,
}

/// Which records.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Empty: every kind.
    pub kind: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub after: Option<After>,
    pub limit: u32,
}

/// The last record of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    pub observed_at: Timestamp,
    pub epoch: Uuid,
    pub seq: u64,
}

impl Literal {
    pub fn cursor(&self) -> After {
        After {
            observed_at: self.observed_at,
            epoch: self.epoch,
            seq: self.seq,
        }
    }
}

impl Telemetry {
    /// Newest first.
    pub async fn device_observations(
        &self,
        device: DeviceId,
        wanted: &Wanted,
    ) -> Result<Vec<Literal>, Error> {
        let after = wanted.after.unwrap_or(After {
            observed_at: Timestamp::UNIX_EPOCH,
            epoch: Uuid::nil(),
            seq: 0,
        });
        let rows: Vec<Map<String, Value>> = self
            .select(queries::DEVICE_OBSERVATIONS)
            .with("device", device.0)
            .with("kind", &wanted.kind)
            .at("from", wanted.from)
            .at("to", wanted.to)
            .with("paged", wanted.after.is_some())
            .at("at", after.observed_at)
            .with("epoch", after.epoch)
            .with("seq", after.seq)
            .with("limit", wanted.limit)
            .all()
            .await?;
        rows.into_iter().map(literal).collect()
    }
}

fn literal(row: Map<String, Value>) -> Result<Literal, Error> {
    #[derive(Deserialize)]
    struct Envelope {
        seq: u64,
        epoch: Uuid,
        observed_at: Timestamp,
        kind: String,
    }
    let Envelope {
        seq,
        epoch,
        observed_at,
        kind,
    } = Envelope::deserialize(&Value::Object(row.clone()))?;
    // A time that the store cannot hold is shown as it was told, not where it was put.
    let told = |name: &str| row.get("original_times")?.get(name).cloned();
    let body: Map<String, Value> = fields(&kind)
        .iter()
        .filter_map(|(name, column)| {
            let value = told(name).or_else(|| plain(name, row.get(*column)?))?;
            Some(((*name).to_owned(), value))
        })
        .collect();
    let mut observation = Map::new();
    let when = told("observed_at").unwrap_or_else(|| Value::from(observed_at.to_string()));
    observation.insert("observed_at".into(), when);
    observation.insert(kind.clone(), Value::Object(body));
    Ok(Literal {
        seq,
        epoch,
        observed_at,
        kind,
        observation: Value::Object(observation),
    })
}

/// Proto fields of 64 bits, at any depth: canonical JSON writes them as strings.
const WIDE: [&str; 12] = [
    "memory_usage",
    "memory_limit",
    "disk_io",
    "bytes_changed",
    "paging_usage",
    "usage",
    "limit",
    "size",
    "spool_usage",
    "network_io",
    "policy_version",
    "dropped",
];

/// A value in canonical JSON; `None` for a default, which is left out.
fn plain(name: &str, value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        Value::Number(number) if number.as_f64() == Some(0.0) => None,
        Value::Number(number) if WIDE.contains(&name) => Some(Value::from(number.to_string())),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(Value::Array(
            items.iter().filter_map(|item| plain(name, item)).collect(),
        )),
        Value::Object(fields) if fields.is_empty() => None,
        Value::Object(fields) if name == "dropped" || name == "redacted" => {
            let counts = fields
                .iter()
                .map(|(key, count)| (key.clone(), Value::from(count.to_string())));
            Some(Value::Object(counts.collect()))
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), plain(key, value)?)));
            Some(Value::Object(fields.collect()))
        }
        other => Some(other.clone()),
    }
}

/// (proto field, column) of a kind, in the order of the proto.
fn fields(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "boot" => &[
            ("boot_id", "boot_id"),
            ("started_at", "started_at"),
            ("ended_at", "ended_at"),
            ("end", "boot_end"),
            ("confidence", "confidence"),
            ("initiator", "initiator"),
            ("stop_code", "stop_code"),
            ("evidence", "evidence"),
            ("tags", "tags"),
            ("os_version", "os_version"),
        ],
        "resume" => &[
            ("boot_id", "boot_id"),
            ("from", "resumed_from"),
            ("evidence", "evidence"),
        ],
        "process" => &[
            ("executable_name", "executable_name"),
            ("executable_path", "executable_path"),
            ("executable_sha256", "executable_sha256"),
            ("package", "package"),
            ("signer", "signer"),
            ("original_file_name", "original_file_name"),
            ("parent_executable_name", "parent_executable_name"),
            ("parent_package", "parent_package"),
            ("user_class", "user_class"),
            ("place", "place"),
            ("first_seen", "first_seen"),
            ("starts", "starts"),
            ("running", "running"),
            ("cpu_time", "cpu_time"),
            ("memory_usage", "memory_usage"),
            ("disk_io", "disk_io"),
            ("traits", "traits"),
            ("script", "script"),
            ("command_line", "command_line"),
            ("pid", "pid"),
        ],
        "app" => &[
            ("app", "app"),
            ("name", "app_name"),
            ("category", "category"),
            ("state", "state"),
            ("confidence", "confidence"),
            ("evidence", "evidence"),
            ("flags", "flags"),
            ("account", "account"),
            ("account_domain", "account_domain"),
            ("version", "app_version"),
            ("sync_folders", "sync_folders"),
            ("files_changed", "files_changed"),
            ("bytes_changed", "bytes_changed"),
            ("change_incomplete", "change_incomplete"),
        ],
        "vitals" => &[
            ("window", "sample_window"),
            ("cpu_utilization", "cpu_utilization"),
            ("cpu_utilization_max", "cpu_utilization_max"),
            ("memory_usage", "memory_usage"),
            ("memory_limit", "memory_limit"),
            ("paging_usage", "paging_usage"),
            ("memory_pressure", "memory_pressure"),
            ("io_pressure", "io_pressure"),
            ("filesystems", "filesystems"),
            ("temperature_max", "temperature_max"),
            ("throttled", "throttled"),
            ("battery_charge", "battery_charge"),
            ("on_battery", "on_battery"),
            ("uptime", "uptime"),
            ("process_count", "process_count"),
            ("boot_id", "boot_id"),
        ],
        "inventory" => &[
            ("device_manufacturer", "device_manufacturer"),
            ("device_model_name", "device_model_name"),
            ("device_model_identifier", "device_model_identifier"),
            ("host_arch", "host_arch"),
            ("host_name", "host_name"),
            ("os_type", "os_type"),
            ("os_name", "os_name"),
            ("os_version", "os_version"),
            ("os_build_id", "os_build_id"),
            ("os_kernel", "os_kernel"),
            ("cpu_model_name", "cpu_model_name"),
            ("cpu_logical_count", "cpu_logical_count"),
            ("memory_limit", "memory_limit"),
            ("disks", "disks"),
            ("batteries", "batteries"),
            ("bios_version", "bios_version"),
            ("components", "components"),
            ("chassis", "chassis"),
        ],
        "agent_health" => &[
            ("service_version", "service_version"),
            ("cpu_time", "cpu_time"),
            ("memory_usage", "memory_usage"),
            ("spool_usage", "spool_usage"),
            ("network_io", "network_io"),
            ("dropped", "dropped"),
            ("redacted", "redacted"),
            ("degraded", "degraded"),
            ("blind_spots", "blind_spots"),
            ("policy_version", "policy_version"),
            ("clock_step", "clock_step"),
        ],
        _ => &[],
    }
}
