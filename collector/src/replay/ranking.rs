//! The most unusual runs of each device and day, asked of the store day by day and judged in `core`.
//!
//! **Invariant: as a day was known at its end.** See [`weft_collector_core::detect::process::daily`].

use anyhow::Result;
use jiff::Timestamp;
use weft_collector_core::{
    detect::process::daily::{Daily, Line},
    finding::{Finding, Kind},
};
use weft_collector_store::telemetry::Telemetry;

/// Points below which a line is dropped at once unless it is asked for: memory, on a long history.
const LEAST: f64 = 1.0;

/// The lines that are shown, by day, device and rank: see [`Daily::show`].
pub async fn lines(
    telemetry: &Telemetry,
    until: Timestamp,
    top: Option<usize>,
) -> Result<Vec<Line>> {
    let mut daily = Daily::default();
    let mut all = Vec::new();
    for day in telemetry.process_days(until).await? {
        let mut lines = daily.day(telemetry.process_runs(day, until).await?);
        lines.retain(|line| line.points >= LEAST || top.is_some_and(|top| line.rank <= top));
        all.append(&mut lines);
    }
    daily.show(&mut all, top);
    Ok(all)
}

/// A program that is odd by itself stands in the ranking of its day; what a day cannot show (a spread, a sudden cost,
/// a compound) stays a finding of its own.
pub fn is_in_ranking(finding: &Finding) -> bool {
    finding.kind == Kind::Process
        && matches!(
            finding.detector.as_str(),
            "process.rare" | "process.lineage" | "process.masquerade"
        )
}
