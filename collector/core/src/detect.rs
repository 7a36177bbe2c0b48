//! Detectors: from evidence to findings. Pure: the same evidence and settings give the same findings in the same order.
//!
//! **Invariant: order, duplicates and gaps of the evidence never change more than they mean.** Every detector sorts
//! and de-duplicates what it reads, ignores what lies in the future, and never lets a number that is not finite leave.
//! What a finding becomes (an anomaly, or nothing because a person said so) is decided in [`crate::anomaly`].
//!
//! Reading order: [`reboot`] (the maths is in [`baseline`]), [`process`], [`app`], [`capacity`], [`compound`].

pub mod app;
pub mod baseline;
pub mod capacity;
pub mod compound;
pub mod fleet;
pub mod process;
pub mod reboot;
mod settings;
pub mod wording;

pub use settings::Settings;

use crate::{
    evidence::Evidence,
    finding::{Finding, Severity},
};

/// A person opens a handful of rows; 50 keeps an anomaly a page, not a log.
pub const EVIDENCE_LIMIT: usize = 50;
/// A list of devices longer than this is a query, not a list.
pub const DEVICES_LIMIT: usize = 1_000;
/// More sentences than this are not read.
pub const WHY_LIMIT: usize = 12;

/// Runs every detector. Findings come most severe first, at most one per cause.
pub fn run(evidence: &Evidence, settings: &Settings) -> Vec<Finding> {
    run_on(evidence, Vec::new(), settings)
}

/// As [`run`], with findings that were made before from evidence that is no longer in memory: a detector that looks at
/// each device alone ([`capacity`]) can be given a large fleet in parts.
pub fn run_on(evidence: &Evidence, before: Vec<Finding>, settings: &Settings) -> Vec<Finding> {
    let mut findings = before;
    findings.extend(reboot::detect(evidence, settings));
    findings.extend(process::detect(evidence, settings));
    findings.extend(app::detect(evidence, settings));
    findings.extend(capacity::detect(evidence, settings));
    let findings = compound::detect(evidence, findings, settings);
    tidy(findings)
}

/// Holds the promises of [`Finding`]: bounded lists, finite numbers, one per cause, a stable order.
pub fn tidy(mut findings: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut findings {
        finding.confidence = baseline::finite(finding.confidence).clamp(0.0, 1.0);
        finding.score = baseline::finite(finding.score).max(0.0);
        finding.evidence.truncate(EVIDENCE_LIMIT);
        finding.devices.sort();
        finding.devices.dedup();
        finding.devices.truncate(DEVICES_LIMIT);
        finding.at_risk.sort();
        finding.at_risk.dedup();
        finding.at_risk.truncate(DEVICES_LIMIT);
        finding.why.truncate(WHY_LIMIT);
        if finding.to < finding.from {
            finding.to = finding.from;
        }
        finding.facts.tidy();
    }
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| b.score.total_cmp(&a.score))
            .then_with(|| a.cause.cmp(&b.cause))
    });
    let mut causes = std::collections::HashSet::new();
    findings.retain(|finding| causes.insert(finding.cause.clone()));
    findings
}

/// The cap that a fleet in its first days puts on a finding that rests on "never seen before".
pub(crate) fn cap(severity: Severity, learning: bool) -> Severity {
    if learning {
        severity.min(Severity::Low)
    } else {
        severity
    }
}
