//! Evidence as it comes from a bad month: parts missing, told twice, out of order, against each other. Every story of the
//! trials stands in it, so that every detector has something to say and something to be confused by.
//!
//! **Invariant: whatever is torn, a detector answers with finite numbers, the same in any order, and never about a device
//! of which nothing is known.** Not here: whether the answer is right (`floors.rs`, the bench).
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};
use weft_collector_core::{
    detect::{self, Settings},
    event::BootEnd,
    evidence::{DeviceCapacity, Evidence},
    finding::{Finding, Severity},
};
use weft_trial::fleets;

/// Months of a fleet with every story in it; the days are those on which most of them are under way.
const SEED: u64 = 707;
const DAYS: [f64; 5] = [30.5, 38.5, 46.5, 54.5, 62.5];

fn months() -> Vec<Evidence> {
    let world = fleets::crowded(SEED, 150, 1);
    DAYS.iter().map(|day| world.evidence(*day)).collect()
}

fn judge(evidence: &Evidence) -> Vec<Finding> {
    detect::run(evidence, &Settings::default())
}

#[test]
fn the_months_make_most_detectors_speak() {
    let rules: BTreeSet<String> = months()
        .iter()
        .flat_map(judge)
        .map(|finding| finding.detector)
        .collect();
    assert!(rules.len() >= 15, "{rules:?}");
}

#[test]
fn torn_evidence_is_survived_and_read_the_same_in_any_order() {
    for (month, whole) in months().into_iter().enumerate() {
        for seed in 0..6 {
            let mut random = SmallRng::seed_from_u64(seed * 31 + month as u64);
            let torn = tear(whole.clone(), &mut random);
            let findings = judge(&torn);
            for finding in &findings {
                is_sound(finding, &torn);
            }
            let mut mixed = torn.clone();
            shuffle(&mut mixed, &mut random);
            assert_eq!(findings, judge(&mixed), "month {month}, seed {seed}");
        }
    }
}

/// The same facts once more are no news, whichever detector reads them.
#[test]
fn told_twice_is_told_once() {
    for whole in months() {
        let mut twice = whole.clone();
        for boots in &mut twice.reboots {
            let again = boots.ends.clone();
            boots.ends.extend(again);
        }
        for process in &mut twice.processes {
            let again = process.seen.clone();
            process.seen.extend(again);
        }
        twice.apps.extend(whole.apps.clone());
        twice.capacity.extend(whole.capacity.clone());
        assert_eq!(judge(&whole), judge(&twice));
    }
}

/// A fleet that is known and silent, and a fleet of which only the names are known, give nothing to say.
#[test]
fn nothing_follows_from_nothing() {
    for whole in months() {
        let silent = Evidence {
            reboots: Vec::new(),
            processes: Vec::new(),
            apps: Vec::new(),
            capacity: Vec::new(),
            ..whole.clone()
        };
        assert_eq!(judge(&silent), []);
        let unknown = Evidence {
            devices: Default::default(),
            ..whole
        };
        assert_eq!(judge(&unknown), []);
    }
    assert_eq!(judge(&Evidence::default()), []);
}

/// Less is known of the same trouble: nobody becomes surer of it.
#[test]
fn less_evidence_is_never_more_certain() {
    let mut compared = 0;
    for whole in months() {
        let all = judge(&whole);
        let mut fewer = whole.clone();
        // Every third end of each device is lost on the way.
        for boots in &mut fewer.reboots {
            let mut index = 0;
            boots.ends.retain(|_| {
                index += 1;
                index % 3 != 0
            });
        }
        for less in judge(&fewer) {
            let same = all
                .iter()
                .find(|more| more.cause == less.cause && more.detector == less.detector);
            let Some(more) = same.filter(|more| more.detector == "reboot.rate") else {
                continue;
            };
            compared += 1;
            assert!(
                less.score <= more.score + 1e-9 && less.severity <= more.severity,
                "{} became {}",
                more.title,
                less.title
            );
        }
    }
    assert!(compared >= 3, "{compared} to compare");
}

fn is_sound(finding: &Finding, evidence: &Evidence) {
    let text = format!("{} {}", finding.title, finding.why.join(" "));
    assert!(
        (0.0..=1.0).contains(&finding.confidence) && finding.score.is_finite(),
        "{finding:?}"
    );
    assert!(finding.score >= 0.0 && finding.from <= finding.to, "{text}");
    assert!(!finding.title.is_empty() && !finding.why.is_empty());
    assert!(
        text.split([' ', '(', ',', '.'])
            .all(|word| !["NaN", "inf", "-inf", "-0"].contains(&word)),
        "{text}"
    );
    assert!(!finding.devices.is_empty(), "{text}");
    for device in &finding.devices {
        assert!(evidence.devices.contains_key(device), "unknown in: {text}");
    }
    // What cannot be known yet is not shouted.
    assert!(
        finding.severity < Severity::Critical || finding.devices.len() > 1,
        "{text}"
    );
}

/// Loses, doubles, moves and contradicts about one fact in six.
fn tear(mut evidence: Evidence, random: &mut SmallRng) -> Evidence {
    let now = evidence.now;
    let ids: Vec<_> = evidence.devices.keys().copied().collect();
    for id in ids {
        match random.random_range(0..24) {
            0 => {
                evidence.devices.remove(&id);
            }
            1 => {
                evidence.devices.get_mut(&id).unwrap().traits = Default::default();
            }
            2 => {
                let device = evidence.devices.get_mut(&id).unwrap();
                (device.first_report, device.last_report) =
                    (device.last_report, device.first_report);
                device.history_from = moved(now, random);
            }
            _ => {}
        }
    }
    for boots in &mut evidence.reboots {
        let mut told = Vec::new();
        for end in &boots.ends {
            match random.random_range(0..12) {
                0 => continue,
                1 => {
                    // The same boot, ended otherwise and at another time.
                    let mut other = end.clone();
                    other.end = [BootEnd::Update, BootEnd::Crash, BootEnd::Unknown]
                        [random.random_range(0..3)];
                    other.ended_at = moved(end.ended_at, random);
                    told.push(other);
                }
                2 => {
                    let mut odd = end.clone();
                    odd.started_at = odd.ended_at + SignedDuration::from_hours(5);
                    odd.confidence = [f64::NAN, f64::INFINITY, -1.0][random.random_range(0..3)];
                    told.push(odd);
                    continue;
                }
                3 => {
                    let mut nameless = end.clone();
                    nameless.boot_id = String::new();
                    told.push(nameless);
                }
                _ => {}
            }
            told.push(end.clone());
        }
        boots.ends = told;
    }
    for process in &mut evidence.processes {
        if random.random_bool(0.05) {
            process.key = String::new();
        }
        if random.random_bool(0.05) {
            process.devices = random.random();
        }
        for seen in &mut process.seen {
            match random.random_range(0..18) {
                0 => (seen.first, seen.last) = (seen.last, seen.first),
                1 => seen.first = moved(seen.first, random),
                2 => seen.cpu_last_day = f64::NAN,
                3 => seen.starts = u32::MAX,
                _ => {}
            }
        }
        process.seen.retain(|_| random.random_range(0..20) > 0);
    }
    let more: Vec<_> = evidence
        .apps
        .iter()
        .filter(|_| random.random_range(0..8) == 0)
        .cloned()
        .collect();
    for mut app in more {
        app.state = ["removed", "installed", "", "running_now"][random.random_range(0..4)].into();
        app.first = moved(app.first, random);
        app.confidence = [0.1, 2.0, f64::NAN][random.random_range(0..3)];
        evidence.apps.push(app);
    }
    for capacity in &mut evidence.capacity {
        spoil(capacity, random);
    }
    evidence
}

fn spoil(capacity: &mut DeviceCapacity, random: &mut SmallRng) {
    for filesystem in &mut capacity.filesystems {
        if random.random_bool(0.1) {
            filesystem.limit = [0, 1, u64::MAX][random.random_range(0..3)];
        }
        for (at, used) in &mut filesystem.usage {
            match random.random_range(0..30) {
                0 => *at = moved(*at, random),
                1 => *used = u64::MAX,
                _ => {}
            }
        }
        filesystem.usage.retain(|_| random.random_range(0..6) > 0);
    }
    for figures in [&mut capacity.throttled, &mut capacity.memory_pressure] {
        for (at, share) in figures.iter_mut() {
            match random.random_range(0..30) {
                0 => *at = moved(*at, random),
                1 => *share = [f64::NAN, -3.0, 40.0][random.random_range(0..3)],
                _ => {}
            }
        }
    }
    for (at, health, _) in &mut capacity.battery {
        match random.random_range(0..30) {
            0 => *at = moved(*at, random),
            1 => *health = [f64::NAN, 0.0, 9.0][random.random_range(0..3)],
            _ => {}
        }
    }
}

/// A clock that was wrong by days, by a year, or by everything.
fn moved(at: Timestamp, random: &mut SmallRng) -> Timestamp {
    let hours = [-9_000, -72, 7, 60, 9_000][random.random_range(0..5)];
    match random.random_range(0..8) {
        0 => Timestamp::MIN,
        1 => Timestamp::MAX,
        _ => at
            .checked_add(SignedDuration::from_hours(hours))
            .unwrap_or(at),
    }
}

fn shuffle(evidence: &mut Evidence, random: &mut SmallRng) {
    for boots in &mut evidence.reboots {
        boots.ends.shuffle(random);
    }
    for process in &mut evidence.processes {
        process.seen.shuffle(random);
    }
    for capacity in &mut evidence.capacity {
        for filesystem in &mut capacity.filesystems {
            filesystem.usage.shuffle(random);
        }
        capacity.filesystems.shuffle(random);
        capacity.throttled.shuffle(random);
        capacity.memory_pressure.shuffle(random);
        capacity.battery.shuffle(random);
    }
    evidence.reboots.shuffle(random);
    evidence.processes.shuffle(random);
    evidence.apps.shuffle(random);
    evidence.capacity.shuffle(random);
    evidence.verdicts.shuffle(random);
}
