//! What is judged beside Weft: the fixed thresholds that monitoring tools ship with, on the very same evidence.
//!
//! **Invariant: a fair peer.** It reads what a round reads, says a thing once until its condition has cleared, and its
//! limits are the usual ones, chosen without a look at the stories. It knows neither a device's past nor its like.

use std::collections::BTreeSet;

use jiff::Timestamp;
use weft_collector_core::{device::DeviceId, evidence::Evidence, verdict::Judged};

/// Unexpected ends within a week.
const ENDS: usize = 3;
const WEEK: f64 = 7.0;
const DISK: f64 = 0.9;
const BATTERY: f64 = 0.6;
/// Share of yesterday.
const THROTTLED: f64 = 0.15;
const MEMORY: f64 = 0.2;
/// A figure or a sighting older than this is not of today, days.
const TODAY: f64 = 1.5;

/// The families of rules that such thresholds have.
pub const FAMILIES: [&str; 4] = ["reboot", "capacity", "app", "process"];

/// Something was said about these devices.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    pub day: f64,
    pub family: &'static str,
    pub devices: Vec<DeviceId>,
}

/// Conditions that hold: (family, device, what).
type Conditions = BTreeSet<(&'static str, DeviceId, String)>;

/// The thresholds, and what they said that still holds.
#[derive(Debug, Default)]
pub struct Fixed {
    holds: Conditions,
}

impl Fixed {
    /// What is said in this round, and was not yet.
    pub fn round(&mut self, evidence: &Evidence, day: f64) -> Vec<Alert> {
        let holds = conditions(evidence);
        let news = holds.difference(&self.holds);
        let alerts = news
            .map(|(family, device, _)| Alert {
                day,
                family,
                devices: vec![*device],
            })
            .collect();
        self.holds = holds;
        alerts
    }
}

fn conditions(evidence: &Evidence) -> Conditions {
    let now = evidence.now;
    let mut holds = Conditions::new();
    for boots in &evidence.reboots {
        let ends: BTreeSet<&str> = boots
            .ends
            .iter()
            .filter(|end| end.end.is_unexpected() && is_within(end.ended_at, now, WEEK))
            .map(|end| end.boot_id.as_str())
            .collect();
        if ends.len() >= ENDS {
            holds.insert(("reboot", boots.device, "restarts".to_owned()));
        }
    }
    for capacity in &evidence.capacity {
        let mut hold = |what: &str| {
            holds.insert(("capacity", capacity.device, what.to_owned()));
        };
        let disk = capacity.filesystems.iter().any(|filesystem| {
            let last = filesystem.usage.last();
            last.is_some_and(|(_, used)| *used as f64 > DISK * filesystem.limit as f64)
        });
        if disk {
            hold("disk");
        }
        if capacity
            .battery
            .last()
            .is_some_and(|(_, health, _)| *health < BATTERY)
        {
            hold("battery");
        }
        let high = |figures: &[(Timestamp, f64)], limit: f64| {
            figures
                .last()
                .is_some_and(|(at, share)| *share > limit && is_within(*at, now, TODAY))
        };
        if high(&capacity.throttled, THROTTLED) {
            hold("throttled");
        }
        if high(&capacity.memory_pressure, MEMORY) {
            hold("memory");
        }
    }
    // A list of what is allowed, and everything else is told.
    for one in evidence.apps.iter().filter(|one| one.state != "removed") {
        let allowed = evidence
            .verdicts
            .iter()
            .any(|given| given.app == one.app && given.verdict == Judged::Sanctioned);
        if !allowed {
            holds.insert(("app", one.device, one.app.clone()));
        }
    }
    // A program that nobody signed or packaged and that this device did not have last week.
    let strangers = evidence
        .processes
        .iter()
        .filter(|program| program.signer.is_empty() && program.package.is_empty());
    for program in strangers {
        for seen in program
            .seen
            .iter()
            .filter(|seen| is_within(seen.first, now, WEEK))
        {
            holds.insert(("process", seen.device, program.key.clone()));
        }
    }
    holds
}

fn is_within(at: Timestamp, now: Timestamp, days: f64) -> bool {
    let age = now.duration_since(at).as_secs_f64() / 86_400.0;
    (0.0..=days).contains(&age)
}
