//! What a detector concludes. A finding explains itself: what was seen, what was expected, from whom, how sure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::device::{Cohort, DeviceId};

/// The five families of anomalies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Reboot,
    Process,
    App,
    Capacity,
    Compound,
}

impl Kind {
    pub const ALL: [Self; 5] = [
        Self::Reboot,
        Self::Process,
        Self::App,
        Self::Capacity,
        Self::Compound,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::Process => "process",
            Self::App => "app",
            Self::Capacity => "capacity",
            Self::Compound => "compound",
        }
    }
}

/// What to do about it, in the words shown to people.
/// `Info`: worth knowing. `Low`: look this month. `Medium`: look this week. `High`: look today. `Critical`: look now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Whom a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Device(DeviceId),
    Cohort(Cohort),
}

/// One row behind a finding that a person can open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// Kind of the observation behind it: `boot`, `process`, `app`, `vitals`, `inventory`.
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    pub at: Timestamp,
    /// In words: "crash, stop code 0x154, confidence 0.9".
    pub text: String,
}

/// What a finding is about in the words that people use, for the linker. Lower case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Names of `symptoms`: `unexpected_restart`, `crash`, ...
    pub symptoms: Vec<String>,
    pub apps: Vec<String>,
    pub processes: Vec<String>,
    pub models: Vec<String>,
    /// Stop codes, error codes.
    pub codes: Vec<String>,
    pub os_builds: Vec<String>,
    /// Teams of the devices concerned.
    pub teams: Vec<String>,
}

impl Facts {
    /// Lower case, sorted, each once, no empty words, at most 50 of a kind.
    pub fn tidy(&mut self) {
        const MOST: usize = 50;
        for words in [
            &mut self.symptoms,
            &mut self.apps,
            &mut self.processes,
            &mut self.models,
            &mut self.codes,
            &mut self.os_builds,
            &mut self.teams,
        ] {
            for word in words.iter_mut() {
                *word = word.trim().to_lowercase();
            }
            words.retain(|word| !word.is_empty());
            words.sort();
            words.dedup();
            words.truncate(MOST);
        }
    }
}

/// Builds a cause: `what` happened (kind, rule, thing) and `place` (device, team, fleet). The part before the last
/// slash is what a judgement speaks about, see [`what_of`].
pub fn cause(kind: Kind, what: &str, place: &str) -> String {
    let place: String = place
        .chars()
        .map(|c| if c == '/' { '|' } else { c })
        .collect();
    format!("{}/{what}/{}", kind.as_str(), place.to_lowercase())
}

/// What a cause is about, without where: the same for every device that has it.
pub fn what_of(cause: &str) -> &str {
    cause.rsplit_once('/').map_or(cause, |(what, _)| what)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub kind: Kind,
    /// Machine word of the rule, e.g. `reboot.rate`, `reboot.periodic`, `reboot.outbreak`, `process.rare`,
    /// `process.spread`, `process.masquerade`, `app.unsanctioned`, `app.growth`, `capacity.disk`, `compound.malware`.
    pub detector: String,
    pub subject: Subject,
    /// Stable name of the cause: the same cause gives the same key in every round, so one anomaly per cause.
    pub cause: String,
    pub severity: Severity,
    /// 0..1, how sure.
    pub confidence: f64,
    /// For ranking: larger is more surprising. Comparable inside one kind only.
    pub score: f64,
    /// First and last moment of the evidence, by the devices' clocks.
    pub from: Timestamp,
    pub to: Timestamp,
    /// One line: "LT-0042 restarts every 2 h 03 min (± 4 min), 23 times since Tuesday".
    pub title: String,
    /// Sentences with numbers, most telling first, as a colleague would say them.
    pub why: Vec<String>,
    /// At most 50 rows.
    pub evidence: Vec<EvidenceRow>,
    /// Devices concerned, at most 1,000.
    pub devices: Vec<DeviceId>,
    /// Devices that share the cause but are not hit yet, at most 1,000.
    pub at_risk: Vec<DeviceId>,
    pub facts: Facts,
}
