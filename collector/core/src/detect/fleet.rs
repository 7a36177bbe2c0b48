//! The fleet as detectors see it: who exists, who is alike, how long we have been watching.
//!
//! **Invariant: every answer is the same whatever order the evidence came in.** Not here: any judgement.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::{
    detect::Settings,
    device::{Cohort, CohortBy, DeviceId, Traits},
    evidence::{DeviceEvidence, Evidence},
};

pub const DAY: f64 = 86_400.0;
/// A laptop's clock may run ahead by this much; what lies further in the future is not believed.
const CLOCK_SLACK: f64 = 3_600.0;

/// Seconds from `earlier` to `later`, negative when they are the other way round.
pub fn seconds(earlier: Timestamp, later: Timestamp) -> f64 {
    later.duration_since(earlier).as_secs_f64()
}

pub fn days(earlier: Timestamp, later: Timestamp) -> f64 {
    seconds(earlier, later) / DAY
}

/// `at` minus some days; the beginning of time when that does not exist.
pub fn days_before(at: Timestamp, days: f64) -> Timestamp {
    let back = SignedDuration::from_secs((super::baseline::finite(days) * DAY) as i64);
    at.checked_sub(back).unwrap_or(Timestamp::MIN)
}

/// True for a moment that a round at `now` may use.
pub fn believable(at: Timestamp, now: Timestamp) -> bool {
    seconds(now, at) <= CLOCK_SLACK
}

/// What the first days of a fleet cannot know yet, in words; `None` when it is grown up.
#[derive(Clone, Debug, PartialEq)]
pub struct Learning {
    pub words: String,
}

pub struct Fleet<'a> {
    evidence: &'a Evidence,
    pub learning: Option<Learning>,
}

impl<'a> Fleet<'a> {
    pub fn new(evidence: &'a Evidence, settings: &Settings) -> Self {
        Self {
            evidence,
            learning: learning(evidence, settings),
        }
    }

    pub fn size(&self) -> usize {
        self.evidence.devices.len()
    }

    pub fn get(&self, device: DeviceId) -> Option<&'a DeviceEvidence> {
        self.evidence.devices.get(&device)
    }

    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, &'a DeviceEvidence)> {
        self.evidence
            .devices
            .iter()
            .map(|(id, device)| (*id, device))
    }

    pub fn traits(&self, device: DeviceId) -> Option<&'a Traits> {
        self.get(device).map(|device| &device.traits)
    }

    /// The name that people know; the id's head where there is none.
    pub fn name(&self, device: DeviceId) -> String {
        match self.traits(device) {
            Some(traits) if !traits.name.is_empty() => traits.name.clone(),
            _ => {
                let id = device.to_string();
                format!("device {}", id.get(..8).unwrap_or(&id))
            }
        }
    }

    pub fn names(&self, devices: &[DeviceId]) -> Vec<String> {
        devices.iter().map(|device| self.name(*device)).collect()
    }

    pub fn team(&self, device: DeviceId) -> &'a str {
        self.traits(device)
            .map_or("", |traits| traits.team.as_str())
    }

    /// The cohorts of a device that are worth comparing with: model, OS build, team. Unknown traits make no cohort.
    pub fn cohorts(&self, device: DeviceId) -> Vec<Cohort> {
        let Some(traits) = self.traits(device) else {
            return Vec::new();
        };
        [
            (CohortBy::Model, &traits.model),
            (CohortBy::OsBuild, &traits.os_build),
            (CohortBy::Team, &traits.team),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(by, value)| Cohort {
            by,
            value: value.clone(),
        })
        .collect()
    }

    /// The traits that a set of devices have, lower case, for the linker.
    pub fn facts(&self, devices: impl IntoIterator<Item = DeviceId>) -> crate::finding::Facts {
        let mut facts = crate::finding::Facts::default();
        for traits in devices.into_iter().filter_map(|device| self.traits(device)) {
            facts.models.push(traits.model.to_lowercase());
            facts.os_builds.push(traits.os_build.to_lowercase());
            facts.teams.push(traits.team.to_lowercase());
        }
        facts.tidy();
        facts
    }
}

/// Devices of each app, for cohorts by app.
pub fn devices_by_app(evidence: &Evidence) -> BTreeMap<String, BTreeSet<DeviceId>> {
    let mut by_app: BTreeMap<String, BTreeSet<DeviceId>> = BTreeMap::new();
    for app in &evidence.apps {
        if matches!(
            app.state.as_str(),
            "installed" | "signed_in" | "running_now"
        ) {
            by_app
                .entry(app.app.clone())
                .or_default()
                .insert(app.device);
        }
    }
    by_app
}

fn learning(evidence: &Evidence, settings: &Settings) -> Option<Learning> {
    let size = evidence.devices.len();
    let age = evidence
        .devices
        .values()
        .map(|device| days(device.first_report, evidence.now))
        .fold(0.0, f64::max);
    if age < settings.learning_days {
        return Some(Learning {
            words: format!(
                "This fleet has been watched for {age:.1} days only; until day {:.0} much that is normal looks new.",
                settings.learning_days
            ),
        });
    }
    if size < settings.learning_devices {
        return Some(Learning {
            words: format!(
                "With {} there is hardly anything to compare with, so rare may just mean personal.",
                super::wording::count(size, "device")
            ),
        });
    }
    None
}
