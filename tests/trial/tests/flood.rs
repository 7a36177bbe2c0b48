//! Everything at once: what the alert budget promises, it keeps, and what it refused is known by name.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use weft_collector_core::{anomaly::Budget, detect::Settings, finding::Subject};
use weft_trial::{fleets, rounds};

#[test]
fn a_flood_stays_inside_every_budget_and_says_what_waits() {
    let world = fleets::flood(77, 120);
    let broken = world.cast.len();
    assert!(broken > 75, "{broken} of 120 laptops have a part");
    // A tenth of the usual: one anomaly per cause leaves even a broken fleet below forty a day.
    let budget = Budget {
        per_device_day: 1,
        per_cohort_day: 2,
        per_fleet_day: 4,
        reserved: 1,
    };
    let log = rounds::run_within(&world, (23.0, 32.0), 2, &Settings::default(), &budget);

    let alerts: Vec<_> = log.voices.iter().filter(|voice| voice.alert).collect();
    // Any 24 hours, counted back from each alert.
    for last in &alerts {
        let day = || {
            alerts
                .iter()
                .filter(|voice| voice.day <= last.day && voice.day > last.day - 1.0)
        };
        assert!(
            day().count() <= budget.per_fleet_day as usize,
            "day {}",
            last.day
        );
        let mut of_device: BTreeMap<_, u32> = BTreeMap::new();
        let mut of_cohort: BTreeMap<_, u32> = BTreeMap::new();
        for voice in day() {
            match (&voice.finding.subject, voice.finding.devices.as_slice()) {
                (Subject::Device(device), _) | (_, [device]) => {
                    *of_device.entry(*device).or_default() += 1;
                }
                (Subject::Cohort(cohort), _) => {
                    *of_cohort.entry(format!("{cohort:?}")).or_default() += 1;
                }
            }
        }
        assert!(
            of_device
                .values()
                .all(|count| *count <= budget.per_device_day)
        );
        assert!(
            of_cohort
                .values()
                .all(|count| *count <= budget.per_cohort_day)
        );
    }

    // It was a flood: more wanted to speak than might, and none of them is lost.
    assert!(log.most_waiting > 0, "{} alerts", alerts.len());
    let spoken: BTreeSet<&str> = log
        .voices
        .iter()
        .map(|voice| voice.finding.cause.as_str())
        .collect();
    let later = log
        .waited
        .iter()
        .filter(|cause| spoken.contains(cause.as_str()))
        .count();
    assert!(later > 0, "what waited spoke when there was room");
    eprintln!(
        "{broken} laptops with a part: {} alerts in nine days, {} causes waited, at most {} at once, {later} of them spoke later",
        alerts.len(),
        log.waited.len(),
        log.most_waiting
    );
}
