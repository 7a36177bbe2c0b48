//! An event becomes a row: the only place where the vocabulary of `core` meets the columns of `schema/`.

use clickhouse::native::Block;
use weft_collector_core::event::{Event, Observed, Outcome};

use super::{
    Error,
    block::{Columns, Micros},
};

/// Makes `|observed| Some(field)` for one kind.
macro_rules! of {
    ($kind:ident, $fields:ident => $value:expr) => {
        |observed| match observed {
            Observed::$kind($fields) => Some($value),
            _ => None,
        }
    };
}

/// The same field in several kinds.
macro_rules! of_any {
    ($($kind:ident)|+, $fields:ident => $value:expr) => {
        |observed| match observed {
            $(Observed::$kind($fields) => Some($value),)+
            _ => None,
        }
    };
}

/// One block of all `events`, in their order.
pub fn block(events: &[Event]) -> Result<Block, Error> {
    let mut columns = Columns::new(events);
    envelope(&mut columns)?;
    shared(&mut columns)?;
    boot(&mut columns)?;
    process(&mut columns)?;
    app(&mut columns)?;
    vitals(&mut columns)?;
    inventory(&mut columns)?;
    agent_health(&mut columns)?;
    columns.build()
}

fn envelope(columns: &mut Columns<'_>) -> Result<(), Error> {
    columns.every("device", |event| event.device.0)?;
    columns.every("epoch", |event| event.epoch)?;
    columns.every("seq", |event| event.seq)?;
    columns.every("observed_at", |event| Micros::from(event.observed_at))?;
    columns.every("received_at", |event| Micros::from(event.received_at))?;
    columns.every("simulated", |event| event.simulated)?;
    columns.when("original_times", |event| {
        (!event.original_times.is_empty()).then(|| {
            let pairs = event.original_times.iter().cloned();
            pairs.collect::<std::collections::BTreeMap<_, _>>()
        })
    })?;
    columns.every("outcome", |event| match &event.outcome {
        Outcome::Stored(_) => "stored",
        Outcome::Rejected { .. } => "rejected",
        Outcome::Lost { .. } => "lost",
    })?;
    columns.every("kind", |event| match &event.outcome {
        Outcome::Stored(observed) => observed.kind(),
        _ => "",
    })?;
    columns.every("span", |event| match &event.outcome {
        Outcome::Lost { span, .. } => *span,
        _ => 1,
    })?;
    columns.every("reason", |event| match &event.outcome {
        Outcome::Stored(_) => "",
        Outcome::Rejected { code, .. } => code.as_str(),
        Outcome::Lost { reason, .. } => reason.as_str(),
    })?;
    columns.every("detail", |event| match &event.outcome {
        Outcome::Rejected { detail, .. } => detail.as_str(),
        _ => "",
    })
}

/// Columns with one meaning in several kinds.
fn shared(columns: &mut Columns<'_>) -> Result<(), Error> {
    columns.some(
        "boot_id",
        of_any!(Boot | Resume | Vitals, it => it.boot_id.as_str()),
    )?;
    columns.some(
        "evidence",
        of_any!(Boot | Resume | App, it => it.evidence.clone()),
    )?;
    columns.some("confidence", of_any!(Boot | App, it => it.confidence))?;
    columns.some(
        "os_version",
        of_any!(Boot | Inventory, it => it.os_version.as_str()),
    )?;
    columns.some(
        "cpu_time",
        of_any!(Process | AgentHealth, it => it.cpu_time),
    )?;
    columns.some(
        "memory_usage",
        of_any!(Process | Vitals | AgentHealth, it => it.memory_usage),
    )?;
    columns.some(
        "memory_limit",
        of_any!(Vitals | Inventory, it => it.memory_limit),
    )
}

fn boot(columns: &mut Columns<'_>) -> Result<(), Error> {
    columns.some(
        "started_at",
        of!(Boot, boot => boot.started_at.map(Micros::from)),
    )?;
    columns.some(
        "ended_at",
        of!(Boot, boot => boot.ended_at.map(Micros::from)),
    )?;
    columns.some("boot_end", of!(Boot, boot => boot.end.as_str()))?;
    columns.some("initiator", of!(Boot, boot => boot.initiator.as_str()))?;
    columns.some("stop_code", of!(Boot, boot => boot.stop_code.as_str()))?;
    columns.some("tags", of!(Boot, boot => boot.tags.clone()))?;
    columns.some("resumed_from", of!(Resume, resume => resume.from.as_str()))
}

fn process(columns: &mut Columns<'_>) -> Result<(), Error> {
    columns.some(
        "executable_name",
        of!(Process, process => process.executable_name.as_str()),
    )?;
    columns.some(
        "executable_path",
        of!(Process, process => process.executable_path.as_str()),
    )?;
    columns.some(
        "executable_sha256",
        of!(Process, process => process.executable_sha256.as_str()),
    )?;
    columns.some("package", of!(Process, process => process.package.as_str()))?;
    columns.some("signer", of!(Process, process => process.signer.as_str()))?;
    columns.some(
        "original_file_name",
        of!(Process, process => process.original_file_name.as_str()),
    )?;
    columns.some(
        "parent_executable_name",
        of!(Process, process => process.parent_executable_name.as_str()),
    )?;
    columns.some(
        "parent_package",
        of!(Process, process => process.parent_package.as_str()),
    )?;
    columns.some(
        "user_class",
        of!(Process, process => process.user_class.as_str()),
    )?;
    columns.some("place", of!(Process, process => process.place.as_str()))?;
    columns.some(
        "first_seen",
        of!(Process, process => process.first_seen.map(Micros::from)),
    )?;
    columns.some("starts", of!(Process, process => process.starts))?;
    columns.some("running", of!(Process, process => process.running))?;
    columns.some("disk_io", of!(Process, process => process.disk_io))?;
    columns.some("traits", of!(Process, process => process.traits.clone()))?;
    columns.some("script", of!(Process, process => process.script.as_str()))?;
    columns.some(
        "command_line",
        of!(Process, process => process.command_line.as_str()),
    )?;
    columns.some("pid", of!(Process, process => process.pid))
}

fn app(columns: &mut Columns<'_>) -> Result<(), Error> {
    columns.some("app", of!(App, app => app.app.as_str()))?;
    columns.some("app_name", of!(App, app => app.name.as_str()))?;
    columns.some("category", of!(App, app => app.category.as_str()))?;
    columns.some("state", of!(App, app => app.state.as_str()))?;
    columns.some("flags", of!(App, app => app.flags.clone()))?;
    columns.some("account", of!(App, app => app.account.as_str()))?;
    columns.some(
        "account_domain",
        of!(App, app => app.account_domain.as_str()),
    )?;
    columns.some("app_version", of!(App, app => app.version.as_str()))?;
    columns.some("sync_folders", of!(App, app => app.sync_folders))?;
    columns.some("files_changed", of!(App, app => app.files_changed))?;
    columns.some("bytes_changed", of!(App, app => app.bytes_changed))?;
    columns.some("change_incomplete", of!(App, app => app.change_incomplete))
}

fn vitals(columns: &mut Columns<'_>) -> Result<(), Error> {
    columns.some("sample_window", of!(Vitals, vitals => vitals.window))?;
    columns.some(
        "cpu_utilization",
        of!(Vitals, vitals => vitals.cpu_utilization),
    )?;
    columns.some(
        "cpu_utilization_max",
        of!(Vitals, vitals => vitals.cpu_utilization_max),
    )?;
    columns.some("paging_usage", of!(Vitals, vitals => vitals.paging_usage))?;
    columns.some(
        "memory_pressure",
        of!(Vitals, vitals => vitals.memory_pressure),
    )?;
    columns.some("io_pressure", of!(Vitals, vitals => vitals.io_pressure))?;
    columns.some(
        "filesystems",
        of!(Vitals, vitals => vitals
            .filesystems
            .iter()
            .map(|fs| (fs.mountpoint.as_str(), fs.fstype.as_str(), fs.usage, fs.limit))
            .collect::<Vec<_>>()),
    )?;
    columns.some(
        "temperature_max",
        of!(Vitals, vitals => vitals.temperature_max),
    )?;
    columns.some("throttled", of!(Vitals, vitals => vitals.throttled))?;
    columns.some(
        "battery_charge",
        of!(Vitals, vitals => vitals.battery_charge),
    )?;
    columns.some("on_battery", of!(Vitals, vitals => vitals.on_battery))?;
    columns.some("uptime", of!(Vitals, vitals => vitals.uptime))?;
    columns.some("process_count", of!(Vitals, vitals => vitals.process_count))
}

fn inventory(columns: &mut Columns<'_>) -> Result<(), Error> {
    columns.some(
        "device_manufacturer",
        of!(Inventory, it => it.device_manufacturer.as_str()),
    )?;
    columns.some(
        "device_model_name",
        of!(Inventory, it => it.device_model_name.as_str()),
    )?;
    columns.some(
        "device_model_identifier",
        of!(Inventory, it => it.device_model_identifier.as_str()),
    )?;
    columns.some("host_arch", of!(Inventory, it => it.host_arch.as_str()))?;
    columns.some("host_name", of!(Inventory, it => it.host_name.as_str()))?;
    columns.some("os_type", of!(Inventory, it => it.os_type.as_str()))?;
    columns.some("os_name", of!(Inventory, it => it.os_name.as_str()))?;
    columns.some("os_build_id", of!(Inventory, it => it.os_build_id.as_str()))?;
    columns.some("os_kernel", of!(Inventory, it => it.os_kernel.as_str()))?;
    columns.some(
        "cpu_model_name",
        of!(Inventory, it => it.cpu_model_name.as_str()),
    )?;
    columns.some(
        "cpu_logical_count",
        of!(Inventory, it => it.cpu_logical_count),
    )?;
    columns.some(
        "disks",
        of!(Inventory, it => it
            .disks
            .iter()
            .map(|disk| (
                disk.name.as_str(),
                disk.model.as_str(),
                disk.size,
                disk.disk_type.as_str(),
                disk.endurance_utilization,
                disk.health.as_str(),
            ))
            .collect::<Vec<_>>()),
    )?;
    columns.some(
        "batteries",
        of!(Inventory, it => it
            .batteries
            .iter()
            .map(|battery| (battery.model.as_str(), battery.health, battery.cycles, battery.chemistry.as_str()))
            .collect::<Vec<_>>()),
    )?;
    columns.some(
        "bios_version",
        of!(Inventory, it => it.bios_version.as_str()),
    )?;
    columns.some("components", of!(Inventory, it => it.components.clone()))?;
    columns.some("chassis", of!(Inventory, it => it.chassis.as_str()))
}

fn agent_health(columns: &mut Columns<'_>) -> Result<(), Error> {
    let map = |pairs: &[(String, u64)]| {
        pairs
            .iter()
            .cloned()
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    columns.some(
        "service_version",
        of!(AgentHealth, it => it.service_version.as_str()),
    )?;
    columns.some("spool_usage", of!(AgentHealth, it => it.spool_usage))?;
    columns.some("network_io", of!(AgentHealth, it => it.network_io))?;
    columns.some("dropped", of!(AgentHealth, it => map(&it.dropped)))?;
    columns.some("redacted", of!(AgentHealth, it => map(&it.redacted)))?;
    columns.some("degraded", of!(AgentHealth, it => it.degraded.clone()))?;
    columns.some(
        "blind_spots",
        of!(AgentHealth, it => it.blind_spots.clone()),
    )?;
    columns.some("policy_version", of!(AgentHealth, it => it.policy_version))?;
    columns.some("clock_step", of!(AgentHealth, it => it.clock_step))
}
