//! Programs too ordinary to be a finding alone, and the only new thing on a laptop whose restarts began then.
//!
//! **Invariant: a tie in time counts only where such newcomers are seldom.** A developer's laptop gets a program of nobody's
//! every day, so one of them beside a crash says nothing; on a laptop that had none for a month it does. What is found
//! here never stands alone: it becomes part of a compound finding, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{SEEN_LATE_DAYS, identity_of};
use crate::{
    detect::{
        Settings,
        fleet::{Fleet, believable, days},
        wording,
    },
    device::DeviceId,
    evidence::{Evidence, ProcessIdentity},
    finding::{Finding, Kind, Severity, Subject, cause},
};

/// How far back newcomers are counted, and how many others a laptop may have had in that time.
const LOOK_BACK_DAYS: f64 = 30.0;
const MOST_OTHERS: usize = 1;
/// A device must have been watched this long before anything on it is called new.
const WATCHED_DAYS: f64 = 7.0;
/// Whatever more of the fleet has is no stranger.
const MOST_SHARE: f64 = 0.05;
const MOST_DEVICES: u32 = 3;

/// Parts for compounds: newcomers on devices with a beat, a loop or daily restarts (`troubled`).
pub fn parts(
    evidence: &Evidence,
    troubled: &BTreeSet<DeviceId>,
    restarts: &BTreeMap<DeviceId, Vec<Timestamp>>,
    fleet: &Fleet<'_>,
    settings: &Settings,
) -> Vec<Finding> {
    if fleet.learning.is_some() || troubled.is_empty() || !provenance(evidence) {
        return Vec::new();
    }
    let strangers: Vec<&ProcessIdentity> = evidence
        .processes
        .iter()
        .filter(|process| is_stranger(process))
        .collect();
    let mut came: BTreeMap<DeviceId, BTreeMap<String, Timestamp>> = BTreeMap::new();
    for process in &strangers {
        let key = identity_of(process);
        for seen in process
            .seen
            .iter()
            .filter(|seen| troubled.contains(&seen.device) && believable(seen.first, evidence.now))
        {
            let of_device = came.entry(seen.device).or_default();
            let first = of_device.entry(key.clone()).or_insert(seen.first);
            *first = (*first).min(seen.first);
        }
    }
    let most = (MOST_SHARE * fleet.size() as f64).max(f64::from(MOST_DEVICES));
    let mut found: BTreeMap<String, Finding> = BTreeMap::new();
    for (device, programs) in &came {
        let Some(first_restart) = restarts.get(device).and_then(|times| times.first()) else {
            continue;
        };
        let watched = |at: Timestamp| {
            fleet
                .get(*device)
                .is_some_and(|about| days(about.first_report, at) >= WATCHED_DAYS)
        };
        for (key, at) in programs {
            let lead = days(*at, *first_restart);
            let others = programs
                .iter()
                .filter(|(other, came)| *other != key && days(**came, *at).abs() <= LOOK_BACK_DAYS)
                .count();
            let tied = (-SEEN_LATE_DAYS..=settings.compound_days).contains(&lead);
            let Some(process) = strangers
                .iter()
                .find(|process| identity_of(process) == *key)
                .filter(|process| f64::from(process.devices) <= most)
            else {
                continue;
            };
            if tied && others <= MOST_OTHERS && watched(*at) {
                found
                    .entry(key.clone())
                    .or_insert_with(|| part(process, key, fleet, others));
            }
        }
    }
    found.into_values().collect()
}

fn part(process: &ProcessIdentity, key: &str, fleet: &Fleet<'_>, others: usize) -> Finding {
    let name = &process.executable_name;
    let devices: Vec<DeviceId> = {
        let all: BTreeSet<DeviceId> = process.seen.iter().map(|seen| seen.device).collect();
        all.into_iter().collect()
    };
    let first = process.seen.iter().map(|seen| seen.first).min();
    let last = process.seen.iter().map(|seen| seen.last).max();
    let (from, to) = (first.unwrap_or_default(), last.unwrap_or_default());
    let mut facts = fleet.facts(devices.iter().copied());
    facts.processes = vec![name.clone()];
    Finding {
        kind: Kind::Process,
        detector: "process.newcomer".to_owned(),
        subject: Subject::Device(devices.first().copied().unwrap_or_default()),
        cause: cause(Kind::Process, &format!("program:{key}"), "fleet"),
        severity: Severity::Info,
        confidence: 0.4,
        score: 3.0,
        from,
        to,
        title: format!("\"{name}\" is new, and nobody's"),
        why: vec![
            format!(
                "No package owns \"{name}\" and nobody signed it; {} in the fleet had it, first on {}.",
                wording::count(devices.len(), "device"),
                wording::day(from)
            ),
            if others == 0 {
                format!(
                    "It is the only such newcomer of {LOOK_BACK_DAYS:.0} days there, so the two are unlikely to meet by chance."
                )
            } else {
                format!(
                    "Such newcomers are seldom there: {others} other in {LOOK_BACK_DAYS:.0} days."
                )
            },
        ],
        evidence: Vec::new(),
        devices,
        at_risk: Vec::new(),
        facts,
    }
}

/// Nobody's file, where a person can put it, and not a work in progress.
fn is_stranger(process: &ProcessIdentity) -> bool {
    process.package.is_empty()
        && process.signer.is_empty()
        && !process.executable_name.is_empty()
        && matches!(
            process.place.as_str(),
            "home" | "temp" | "removable" | "network" | "other_place" | "deleted"
        )
        && !identity_of(process).starts_with("built:")
}

/// The fleet's agents can tell owners at all; without that "nobody's" means nothing.
fn provenance(evidence: &Evidence) -> bool {
    let owned = evidence
        .processes
        .iter()
        .filter(|process| !process.package.is_empty() || !process.signer.is_empty())
        .count();
    owned > 0 && owned * 5 >= evidence.processes.len()
}
