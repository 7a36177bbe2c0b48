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
