#![allow(clippy::unwrap_used)]
use weft_collector_core::event::BootEnd;

use super::*;

fn place() -> Place {
    Place {
        device: DeviceId(Uuid::from_u128(1)),
        epoch: Uuid::from_u128(2),
        received_at: "2026-11-22T12:00:00Z".parse().unwrap(),
        simulated: false,
    }
}

fn at(seconds: i64, nanos: i32) -> Option<weft_proto::Timestamp> {
    Some(weft_proto::Timestamp { seconds, nanos })
}

fn observation(kind: Option<Kind>) -> v1::Observation {
    v1::Observation {
        observed_at: at(1_700_000_000, 0),
        kind,
    }
}

fn outcome_of(kind: Option<Kind>) -> Outcome {
    event(&place(), 7, observation(kind)).0.outcome
}

fn rejection(kind: Option<Kind>) -> String {
    match outcome_of(kind) {
        Outcome::Rejected { code, .. } => code,
        other => panic!("not rejected: {other:?}"),
    }
}

#[test]
fn what_cannot_be_kept_is_rejected_with_a_reason() {
    assert_eq!(rejection(None), "no_kind");
    let large = v1::Boot {
        initiator: "x".repeat(MAX_OBSERVATION_BYTES),
        ..Default::default()
    };
    assert_eq!(rejection(Some(Kind::Boot(large))), "too_large");
    for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let vitals = v1::Vitals {
            temperature_max: Some(poison),
            ..Default::default()
        };
        assert_eq!(rejection(Some(Kind::Vitals(vitals))), "invalid_field");
    }
}

#[test]
fn enum_values_of_a_newer_agent_become_unknown() {
    let process = v1::Process {
        user_class: 99,
        place: -1,
        ..Default::default()
    };
    let Outcome::Stored(observed) = outcome_of(Some(Kind::Process(process))) else {
        panic!("not stored");
    };
    let Observed::Process(process) = *observed else {
        panic!("another kind");
    };
    assert_eq!(
        (process.user_class.as_str(), process.place.as_str()),
        ("unknown", "unknown")
    );
    let boot = v1::Boot {
        end: 99,
        ..Default::default()
    };
    let Outcome::Stored(observed) = outcome_of(Some(Kind::Boot(boot))) else {
        panic!("not stored");
    };
    assert!(matches!(*observed, Observed::Boot(boot) if boot.end == BootEnd::Unknown));
}

#[test]
fn every_boot_end_keeps_its_word() {
    for end in 1..=9 {
        let word = v1::boot::End::try_from(end).unwrap().as_str_name();
        assert_eq!(BootEnd::from_word(word).as_str(), word);
    }
}

#[test]
fn times_are_kept_if_they_can_be_kept() {
    let time_of = |observed_at| {
        let observation = v1::Observation {
            observed_at,
            kind: Some(Kind::Boot(v1::Boot::default())),
        };
        let (event, time) = event(&place(), 1, observation);
        (event.observed_at.as_second(), time)
    };
    assert_eq!(time_of(at(1_700_000_000, 5)), (1_700_000_000, Time::Kept));
    assert_eq!(time_of(at(0, 0)), (0, Time::Kept));
    assert_eq!(
        time_of(None),
        (place().received_at.as_second(), Time::Missing)
    );
    assert_eq!(time_of(at(i64::MAX, 0)), (LATEST, Time::Clamped));
    assert_eq!(time_of(at(i64::MIN, i32::MIN)), (EARLIEST, Time::Clamped));
}

#[test]
fn a_time_that_cannot_be_kept_is_kept_in_words() {
    let observation = v1::Observation {
        observed_at: at(-11_644_473_600, 0),
        kind: Some(Kind::Boot(v1::Boot {
            started_at: at(i64::MAX, 7),
            ended_at: at(1_700_000_000, 0),
            ..v1::Boot::default()
        })),
    };
    let told = event(&place(), 1, observation).0.original_times;
    let expect = [
        ("observed_at", "1601-01-01T00:00:00Z"),
        ("started_at", "9223372036854775807 s and 7 ns after 1970"),
    ];
    assert_eq!(
        told,
        expect.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
}

#[test]
fn the_skew_is_the_laptops_clock_minus_ours() {
    let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    assert_eq!(clock_skew(at(now.as_second() - 60, 0), now), Some(-60_000));
    assert_eq!(clock_skew(None, now), None);
    assert!(clock_skew(at(i64::MAX, 0), now).is_some());
}

#[test]
fn a_gap_keeps_reason_and_span() {
    let lost = gap(&place(), 5, 10, Reason::SpoolFull as i32);
    assert_eq!(
        lost.outcome,
        Outcome::Lost {
            reason: "spool_full".to_owned(),
            span: 10
        }
    );
    let newer = gap(&place(), 5, 1, 99);
    assert_eq!(
        newer.outcome,
        Outcome::Lost {
            reason: "unknown".to_owned(),
            span: 1
        }
    );
}
