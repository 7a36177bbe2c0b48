//! Beats that are there, and habits that are none, on bare ends without a fleet.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::event::BootEnd;

/// Ends at these hours, each run lasting as given.
fn ends(at_hours: &[(f64, f64)]) -> Vec<End> {
    let zero: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let moment = |hours: f64| zero + SignedDuration::from_secs((hours * 3_600.0) as i64);
    at_hours
        .iter()
        .map(|(at, uptime)| End {
            at: moment(*at),
            started_at: moment(at - uptime),
            age: 1.0,
            end: BootEnd::Crash,
            confidence: 0.9,
            initiator: String::new(),
            stop_code: String::new(),
            os_version: String::new(),
            battery_low: false,
        })
        .collect()
}

fn found(at_hours: &[(f64, f64)]) -> Option<Beat> {
    let ends = ends(at_hours);
    beat(&ends.iter().collect::<Vec<_>>(), &Settings::default())
}

#[test]
fn six_restarts_state_the_interval_between_restarts() {
    let beat = found(&[
        (2.0, 1.9),
        (4.07, 1.9),
        (6.0, 1.85),
        (8.05, 1.95),
        (10.1, 1.9),
        (12.05, 1.9),
    ])
    .unwrap();
    assert!(
        (beat.period / 3_600.0 - 2.0).abs() < 0.1,
        "{}",
        beat.stated()
    );
    assert_ne!(beat.measure, Measure::Uptime);
    assert!(beat.stated().starts_with("2 h 0"), "{}", beat.stated());
}

#[test]
fn nights_do_not_hide_a_beat() {
    let days = [
        (9.0, 1.0),
        (11.0, 1.95),
        (13.0, 1.95),
        (33.0, 2.0),
        (35.1, 1.95),
        (57.0, 2.0),
        (59.0, 1.95),
    ];
    assert!(found(&days).is_some());
}

#[test]
fn five_are_not_enough_and_disorder_is_no_beat() {
    assert_eq!(
        found(&[(2.0, 1.9), (4.0, 1.9), (6.0, 1.9), (8.0, 1.9), (10.0, 1.9)]),
        None
    );
    assert_eq!(
        found(&[
            (1.0, 0.9),
            (4.3, 3.0),
            (5.1, 0.7),
            (11.9, 6.0),
            (12.4, 0.4),
            (19.0, 6.0),
            (20.8, 1.2)
        ]),
        None
    );
}

#[test]
fn a_working_day_is_a_habit() {
    let evenings: Vec<(f64, f64)> = (0..10)
        .map(|day| (f64::from(day) * 24.0 + 17.5 + 0.1 * f64::from(day % 3), 9.0))
        .collect();
    assert_eq!(found(&evenings), None);
}

fn of_kind(kind: BootEnd, at_hours: &[(f64, f64)]) -> Option<Beat> {
    let mut ends = ends(at_hours);
    for end in &mut ends {
        end.end = kind;
    }
    let now = ends.last().unwrap().at;
    of_device(
        &History {
            device: crate::device::DeviceId::default(),
            now,
            ends,
            known_days: 30.0,
        },
        &Settings::default(),
    )
}

#[test]
fn restarts_that_nobody_is_named_for_have_a_beat_too() {
    let every_two_hours: Vec<(f64, f64)> = (1..=9)
        .map(|number| (f64::from(number) * 2.05, 2.0))
        .collect();
    for kind in [BootEnd::CleanRestart, BootEnd::Unknown] {
        let beat = of_kind(kind, &every_two_hours).unwrap();
        assert!((beat.period / 3_600.0 - 2.05).abs() < 0.05, "{beat:?}");
    }
}

#[test]
fn noon_and_night_of_unknown_ends_are_a_persons_day() {
    // Off at 12 and at 17, on at 8 and at 13, for three weeks, nearly to the minute.
    let days: Vec<(f64, f64)> = (0..21)
        .flat_map(|day| {
            let start = f64::from(day) * 24.0;
            let minutes = f64::from(day % 5) / 60.0;
            [
                (start + 12.0 + minutes, 4.0 + minutes),
                (start + 17.0 + minutes, 4.0 + minutes),
            ]
        })
        .collect();
    assert_eq!(of_kind(BootEnd::Unknown, &days), None);
}

#[test]
fn a_clock_that_steps_back_does_not_halve_the_beat() {
    // Ten runs of two hours; after the fifth the clock goes back by five, so that later runs lie between earlier ones.
    let runs: Vec<(f64, f64)> = (1..=10)
        .map(|number| {
            let at = f64::from(number) * 2.05;
            (if number > 5 { at - 5.0 } else { at }, 2.0)
        })
        .collect();
    let mut sorted = runs;
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let beat = found(&sorted).unwrap();
    assert_eq!(beat.measure, Measure::Uptime);
    assert!((beat.period / 3_600.0 - 2.0).abs() < 0.1, "{beat:?}");
}
