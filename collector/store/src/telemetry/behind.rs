//! What stands behind a finding, as rows: the SQL that a person could run, and its answer.
//!
//! **Invariant: only the laptops that were named.** Who may see which is decided by the caller.

use jiff::SignedDuration;
use serde_json::{Map, Value};
use weft_collector_core::{
    device::DeviceId,
    finding::{Finding, Kind},
};
use weft_dashboards::queries;

use super::{Error, Telemetry};

/// Rows of one answer: what a person scrolls through.
const MAX_ROWS: u32 = 500;

/// A finding speaks of moments; what lies just around them belongs to it.
const AROUND: SignedDuration = SignedDuration::from_hours(1);

/// A question and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind {
    /// ClickHouse SQL with `{name:Type}` parameters, as in `dashboards/queries`.
    pub sql: &'static str,
    /// The values of its parameters, times in microseconds since 1970.
    pub parameters: Map<String, Value>,
    pub rows: Vec<Map<String, Value>>,
}

impl Telemetry {
    /// The observations behind `finding` on `devices`.
    pub async fn behind(&self, finding: &Finding, devices: &[DeviceId]) -> Result<Behind, Error> {
        let (sql, names) = match finding.kind {
            Kind::Reboot => (queries::BEHIND_REBOOT, None),
            Kind::Process => (queries::BEHIND_PROCESS, Some(&finding.facts.processes)),
            Kind::App => (queries::BEHIND_APP, Some(&finding.facts.apps)),
            Kind::Capacity => (queries::BEHIND_CAPACITY, None),
            Kind::Compound => (queries::BEHIND_COMPOUND, Some(&finding.facts.processes)),
        };
        let from = finding.from.saturating_sub(AROUND).unwrap_or(finding.from);
        let to = finding.to.saturating_add(AROUND).unwrap_or(finding.to);
        let ids: Vec<Value> = devices
            .iter()
            .map(|id| Value::from(id.to_string()))
            .collect();
        let mut parameters = Map::from_iter([
            ("devices".to_owned(), Value::from(ids)),
            ("from".to_owned(), Value::from(from.as_microsecond())),
            ("to".to_owned(), Value::from(to.as_microsecond())),
            ("limit".to_owned(), Value::from(MAX_ROWS)),
        ]);
        let mut asked = self
            .select(sql)
            .with("devices", devices)
            .at("from", from)
            .at("to", to)
            .with("limit", MAX_ROWS);
        if let Some(names) = names {
            parameters.insert("names".to_owned(), Value::from(names.clone()));
            asked = asked.with("names", names);
        }
        Ok(Behind {
            sql,
            parameters,
            rows: asked.all().await?,
        })
    }
}
