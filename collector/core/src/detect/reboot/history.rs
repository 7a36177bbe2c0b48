//! One device's ends as the detectors read them: each once, in order, at their own time, only those that may count.
//!
//! **Invariant: a duplicate, a shuffle or a second delivery of the same ends gives the same history.**

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    detect::{
        Settings,
        baseline::{Exposure, finite},
        fleet::{believable, days, seconds},
        wording,
    },
    device::DeviceId,
    event::BootEnd,
    evidence::{BootEnded, Evidence},
};

/// One end that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub at: Timestamp,
    pub started_at: Timestamp,
    /// Days before the round's `now`.
    pub age: f64,
    pub end: BootEnd,
    pub confidence: f64,
    pub initiator: String,
    pub stop_code: String,
    pub os_version: String,
    pub battery_low: bool,
}

impl End {
    pub fn unexpected(&self) -> bool {
        self.end.is_unexpected()
    }

    /// Power lost while the battery was known to be nearly empty.
    pub fn on_battery_end(&self) -> bool {
        self.battery_low && self.end == BootEnd::PowerLossOrHang
    }

    /// Seconds that the run lasted; `None` when the record cannot say.
    pub fn uptime(&self) -> Option<f64> {
        let uptime = seconds(self.started_at, self.at);
        (uptime > 0.0).then_some(uptime)
    }

    pub fn words(&self) -> String {
        let mut words = match self.end {
            BootEnd::Crash => "crash".to_owned(),
            BootEnd::ForcedOff => "power button held".to_owned(),
            BootEnd::PowerLossOrHang if self.battery_low => "battery ran empty".to_owned(),
            BootEnd::PowerLossOrHang => "power lost, or a hang ended by reset".to_owned(),
            BootEnd::FailedBoot => "a start that failed".to_owned(),
            BootEnd::Unknown => "an end of which the records tell nothing".to_owned(),
            other => format!(
                "{}, asked for by {}",
                other.as_str().replace('_', " "),
                named(&self.initiator)
            ),
        };
        if !self.stop_code.is_empty() {
            words.push_str(&format!(", stop code {}", self.stop_code));
        }
        if let Some(uptime) = self.uptime() {
            words.push_str(&format!(", after {}", wording::duration(uptime)));
        }
        words.push_str(&format!(", confidence {:.1}", self.confidence));
        words
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub device: DeviceId,
    pub now: Timestamp,
    /// Oldest first.
    pub ends: Vec<End>,
    /// Days of which ends would be known.
    pub known_days: f64,
}

impl History {
    pub fn unexpected(&self) -> impl Iterator<Item = &End> {
        self.ends.iter().filter(|end| end.unexpected())
    }

    pub fn unexpected_within(&self, days: f64) -> u32 {
        self.unexpected().filter(|end| end.age <= days).count() as u32
    }

    /// Ends and days of the last `days`.
    pub fn last(&self, days: f64) -> Exposure {
        Exposure {
            ends: self.unexpected_within(days),
            days: self.known_days.min(days),
        }
    }

    /// Ends and days before the last `days`.
    pub fn before(&self, days: f64) -> Exposure {
        Exposure {
            ends: self.unexpected().filter(|end| end.age > days).count() as u32,
            days: (self.known_days - days).max(0.0),
        }
    }

    pub fn hours_since_last(&self) -> Option<f64> {
        self.unexpected()
            .map(|end| end.age * 24.0)
            .fold(None, |least: Option<f64>, age| {
                Some(least.map_or(age, |l| l.min(age)))
            })
    }

    /// The newest run of unexpected ends that fits into an hour, as positions among the unexpected ends.
    pub fn loop_of(&self, least: u32, recent_days: f64) -> Option<std::ops::Range<usize>> {
        const HOUR: f64 = 3_600.0;
        let ends: Vec<&End> = self.unexpected().collect();
        let least = (least as usize).max(2);
        let newest = (least..=ends.len()).rev().find(|stop| {
            let (first, last) = (ends[stop - least], ends[stop - 1]);
            last.age <= recent_days
                    && seconds(first.at, last.at) <= HOUR
                    // Three batteries run empty in an hour are a charger, not a loop.
                    && !ends[stop - least..*stop].iter().all(|end| end.on_battery_end())
        })?;
        let mut start = newest - least;
        while start > 0
            && seconds(ends[start - 1].at, ends[start].at) <= HOUR / f64::from(least as u32)
        {
            start -= 1;
        }
        Some(start..newest)
    }

    /// What the records say about the reason, in sentences.
    pub fn cause_words(&self) -> Vec<String> {
        let recent: Vec<&End> = self.unexpected().filter(|end| end.age <= 30.0).collect();
        let mut words = Vec::new();
        let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
        for end in recent.iter().filter(|end| !end.stop_code.is_empty()) {
            *codes.entry(end.stop_code.as_str()).or_default() += 1;
        }
        if let Some((code, count)) = codes
            .iter()
            .max_by_key(|(code, count)| (**count, std::cmp::Reverse(**code)))
        {
            words.push(if *count == recent.len() && *count > 1 {
                format!("All of the last {count} name the stop code {code}.")
            } else {
                format!(
                    "{count} of the last {} name the stop code {code}.",
                    recent.len()
                )
            });
        }
        let battery = recent.iter().filter(|end| end.on_battery_end()).count();
        if battery > 0 {
            words.push(format!(
                "{battery} of them came with an almost empty battery, which explains those without a fault."
            ));
        }
        words
    }

    pub fn codes(&self) -> Vec<String> {
        let codes: BTreeSet<String> = self
            .unexpected()
            .filter(|end| end.age <= 30.0 && !end.stop_code.is_empty())
            .map(|end| end.stop_code.to_lowercase())
            .collect();
        codes.into_iter().collect()
    }
}

/// Histories of all known devices, by device id. A device that reported no end has an empty one: it teaches health.
pub fn of_fleet(evidence: &Evidence, settings: &Settings) -> Vec<History> {
    let mut ends: BTreeMap<DeviceId, Vec<&BootEnded>> = BTreeMap::new();
    for boots in &evidence.reboots {
        ends.entry(boots.device).or_default().extend(&boots.ends);
    }
    evidence
        .devices
        .iter()
        .map(|(device, about)| {
            let of_device = ends.remove(device).unwrap_or_default();
            let ends = counted(of_device, evidence.now, settings);
            let oldest = ends.first().map_or(0.0, |end| end.age);
            let known = days(about.history_from, evidence.now).max(oldest);
            let silent = days(about.last_report, evidence.now).max(0.0);
            let newest = ends.last().map_or(f64::INFINITY, |end| end.age);
            let known_days = finite(known.min(settings.history_days) - silent.min(newest)).max(0.0);
            History {
                device: *device,
                now: evidence.now,
                ends,
                known_days,
            }
        })
        .collect()
}

/// Names of those who asked for clean restarts.
pub fn initiators(ends: &[&End]) -> Vec<String> {
    let names: BTreeSet<String> = ends
        .iter()
        .filter(|end| end.end == BootEnd::CleanRestart)
        .map(|end| named(&end.initiator))
        .collect();
    names.into_iter().collect()
}

pub fn mean_confidence(ends: &[&End]) -> f64 {
    if ends.is_empty() {
        return 0.0;
    }
    finite(ends.iter().map(|end| end.confidence).sum::<f64>() / ends.len() as f64)
}

fn counted(of_device: Vec<&BootEnded>, now: Timestamp, settings: &Settings) -> Vec<End> {
    let mut by_boot: BTreeMap<(&str, Timestamp), &BootEnded> = BTreeMap::new();
    for end in of_device {
        // Without an id the moment is the identity.
        let moment = if end.boot_id.is_empty() {
            end.ended_at
        } else {
            Timestamp::MIN
        };
        let kept = by_boot.entry((end.boot_id.as_str(), moment)).or_insert(end);
        if order(end).gt(&order(kept)) {
            *kept = end;
        }
    }
    let mut ends: Vec<End> = by_boot
        .into_values()
        .filter(|end| believable(end.ended_at, now))
        .filter(|end| end.ended_at > crate::detect::fleet::days_before(now, settings.history_days))
        .filter(|end| {
            end.end.is_unexpected() || matches!(end.end, BootEnd::CleanRestart | BootEnd::Unknown)
        })
        .filter(|end| finite(end.confidence) >= settings.least_confidence)
        .map(|end| End {
            at: end.ended_at,
            started_at: end.started_at,
            age: days(end.ended_at, now).max(0.0),
            end: end.end,
            confidence: finite(end.confidence).clamp(0.0, 1.0),
            initiator: end.initiator.clone(),
            stop_code: end.stop_code.clone(),
            os_version: end.os_version.clone(),
            battery_low: end.tags.iter().any(|tag| tag == "battery_low"),
        })
        .collect();
    ends.sort_by(|a, b| {
        a.at.cmp(&b.at)
            .then_with(|| a.started_at.cmp(&b.started_at))
            .then_with(|| a.end.as_str().cmp(b.end.as_str()))
    });
    // One run under two ids (an agent that was installed again) is one run.
    ends.dedup_by(|next, kept| next.at == kept.at && next.started_at == kept.started_at);
    ends
}

/// Two tellings of one boot: the surer one counts; equal ones are told apart by their content, never by their place.
fn order(end: &BootEnded) -> (u64, Timestamp, &'static str, &str, &str) {
    let confidence = (finite(end.confidence).clamp(0.0, 1.0) * 1e9) as u64;
    (
        confidence,
        end.ended_at,
        end.end.as_str(),
        &end.initiator,
        &end.stop_code,
    )
}

fn named(initiator: &str) -> String {
    if initiator.is_empty() {
        "nobody that the records name".to_owned()
    } else {
        initiator.to_owned()
    }
}
