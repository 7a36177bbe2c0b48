//! How programs ran, day by day, for the ranking of each device-day. Asked one day at a time, so that memory holds one.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use weft_collector_core::{detect::process::daily::Run, device::DeviceId};
use weft_dashboards::queries;

use crate::telemetry::{Error, Telemetry};

/// Rows of one day: 10,000 laptops that run 100 things in two ways each.
const MAX_RUNS: u32 = 2_000_000;

#[derive(Deserialize)]
struct Day {
    day: i64,
}

#[derive(Deserialize)]
struct Row {
    device: DeviceId,
    day: i64,
    name: String,
    path: String,
    sha256: String,
    package: String,
    signer: String,
    original_file_name: String,
    parent: String,
    user_class: String,
    lies: String,
    marks: Vec<String>,
    first: Timestamp,
    last: Timestamp,
    started: u32,
    newest_pid: u32,
}

impl Telemetry {
    /// Starts of the UTC days on which any program was seen up to `until`, oldest first.
    pub async fn process_days(&self, until: Timestamp) -> Result<Vec<Timestamp>, Error> {
        let days: Vec<Day> = self
            .select(queries::PROCESS_DAYS)
            .at("until", until)
            .all()
            .await?;
        Ok(days.iter().map(|day| second(day.day)).collect())
    }

    /// What ran in the 24 hours from `day`, and no later than `until`, by device.
    pub async fn process_runs(&self, day: Timestamp, until: Timestamp) -> Result<Vec<Run>, Error> {
        let end = day.checked_add(SignedDuration::from_hours(24));
        // The query's end is exclusive.
        let after = until.checked_add(SignedDuration::from_micros(1));
        let until = end
            .unwrap_or(Timestamp::MAX)
            .min(after.unwrap_or(Timestamp::MAX));
        let asked = self
            .select(queries::EVIDENCE_PROCESS_RUNS)
            .at("from", day)
            .at("until", until);
        let rows: Vec<Row> = asked.with("limit", MAX_RUNS).all().await?;
        if rows.len() >= MAX_RUNS as usize {
            tracing::warn!(
                limit = MAX_RUNS,
                "more program runs in a day than are read; the rest is not ranked"
            );
        }
        Ok(rows.into_iter().map(Row::run).collect())
    }
}

impl Row {
    fn run(self) -> Run {
        Run {
            device: self.device,
            day: second(self.day),
            executable_name: self.name,
            executable_path: self.path,
            executable_sha256: self.sha256,
            package: self.package,
            signer: self.signer,
            original_file_name: self.original_file_name,
            parent_executable_name: self.parent,
            user_class: self.user_class,
            place: self.lies,
            traits: self.marks,
            first: self.first,
            last: self.last,
            starts: self.started,
            pid: self.newest_pid,
        }
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}
