//! The numbered macOS cases of the boot research (section 5), over recorded inputs.
//!
//! Invariant: a test's name carries its case's number.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use proptest::prelude::*;

use super::{
    Current, Entry, EntryKind, Panic, PanicKind, Records, judge, panic_of, parse_last, parse_log,
};
use crate::boot::{BootHistory, End};

const T0: i64 = 1_745_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(T0 + second).unwrap()
}

fn boot(second: i64) -> Entry {
    Entry {
        at: at(second),
        kind: EntryKind::Boot,
    }
}

fn shutdown(second: i64) -> Entry {
    Entry {
        at: at(second),
        kind: EntryKind::Shutdown,
    }
}

/// A Mac that runs since `started`.
fn mac(started: i64, entries: &[Entry]) -> Records {
    Records {
        current: Some(Current {
            session: "5f3c".into(),
            started_at: at(started),
            os_version: "13.6".into(),
        }),
        entries: entries.to_vec(),
        ..Records::default()
    }
}

fn ends(history: &BootHistory) -> Vec<End> {
    history.boots.iter().map(|boot| boot.end).collect()
}

#[test]
fn case_39_a_restart_from_the_menu() {
    let records = Records {
        causes: vec![(at(10_050), 5)],
        ..mac(10_030, &[boot(0), shutdown(10_000), boot(10_031)])
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::CleanRestart, End::Running]);
    assert_eq!(history.boots[1].boot_id, "5f3c");
}

#[test]
fn case_40_a_panic_is_a_crash_at_its_own_time() {
    // Written two minutes after the start that followed it, and dated by the panic itself.
    for time in [10_120, 9_990] {
        let records = Records {
            panics: vec![Panic {
                at: at(time),
                kind: PanicKind::Report,
            }],
            ..mac(10_000, &[boot(0), boot(10_000)])
        };
        let history = judge(&records);
        assert_eq!(ends(&history), [End::Crash, End::Running]);
        assert_eq!(history.boots[0].ended_at, (time < 10_000).then(|| at(time)));
    }
}

#[test]
fn case_41_the_button_was_held() {
    let records = Records {
        causes: vec![(at(10_050), 3)],
        ..mac(10_000, &[boot(0), boot(10_000)])
    };
    assert_eq!(ends(&judge(&records)), [End::ForcedOff, End::Running]);
}

#[test]
fn case_42_a_battery_that_died_asleep_is_no_crash() {
    let records = Records {
        causes: vec![(at(90_050), 0)],
        ..mac(90_000, &[boot(0), boot(90_000)])
    };
    assert_eq!(ends(&judge(&records)), [End::PowerLossOrHang, End::Running]);
}

#[test]
fn case_43_apple_silicon_has_no_causes() {
    // A number from anywhere is not believed there.
    let records = Records {
        is_apple_silicon: true,
        causes: vec![(at(10_050), 3)],
        ..mac(10_000, &[boot(0), boot(10_000)])
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::PowerLossOrHang, End::Running]);
    assert!(
        !history.boots[0]
            .evidence
            .iter()
            .any(|sentence| sentence.contains("cause"))
    );
    let broken = Records {
        panics: vec![Panic {
            at: at(10_060),
            kind: PanicKind::Breadcrumb,
        }],
        ..records
    };
    assert_eq!(ends(&judge(&broken)), [End::Crash, End::Running]);
}

#[test]
fn case_44_dark_wakes_are_no_boots() {
    // They leave neither utmpx entries nor a new session: two hundred lines of the power log give nothing.
    let mut records = mac(0, &[boot(0)]);
    let log = "2025-04-20 10:11:12 +0200 DarkWake  \tDarkWake from Deep Idle\n".repeat(200);
    parse_log(&log, &mut records);
    records.entries.extend(parse_last(&log, at(100_000)));
    assert_eq!(ends(&judge(&records)), [End::Running]);
}

#[test]
fn recorded_text_is_read() {
    let mut records = Records::default();
    parse_log(
        "2025-04-20 10:11:12.123456+0200  localhost kernel[0]: (AppleSMC) Previous shutdown cause: -60\nApr 20 10:11:12 mac shutdown[1]: SHUTDOWN_TIME: 1745136600 1\nApr 20 10:12:00 localhost bootlog[0]: BOOT_TIME 1745136672 0\n",
        &mut records,
    );
    assert_eq!(
        records.causes,
        [("2025-04-20T08:11:12.123456Z".parse().unwrap(), -60)]
    );
    assert_eq!(records.entries.len(), 2);
    let now: Timestamp = "2025-02-01T00:00:00Z".parse().unwrap();
    let listed = parse_last(
        "reboot    ~                         Sun Jan  5 12:50\nshutdown  ~                         Tue Dec 31 23:10\nreboot    ~    Mon Dec 30 08:00\n\nwtmp begins Mon Dec 30\n",
        now,
    );
    let years: Vec<i16> = listed
        .iter()
        .map(|entry| jiff::tz::TimeZone::UTC.to_datetime(entry.at).year())
        .collect();
    assert_eq!(years, [2025, 2024, 2024]);
    assert_eq!(
        panic_of("panic-full-2025-04-20-101112.0002.ips", at(0))
            .unwrap()
            .kind,
        PanicKind::Report
    );
    assert_eq!(panic_of("Safari_2025.crash", at(0)), None);
}

proptest! {
    #[test]
    fn any_records_give_an_honest_history(
        entries in proptest::collection::vec((0_i64..100_000, any::<bool>()), 0..30),
        causes in proptest::collection::vec((0_i64..100_000, -130_i32..10), 0..10),
        panics in proptest::collection::vec(0_i64..100_000, 0..5),
        text in ".{0,200}",
    ) {
        let records = Records {
            causes: causes.into_iter().map(|(second, cause)| (at(second), cause)).collect(),
            panics: panics.into_iter().map(|second| Panic { at: at(second), kind: PanicKind::Report }).collect(),
            ..mac(100_000, &entries.into_iter().map(|(second, is_boot)| if is_boot { boot(second) } else { shutdown(second) }).collect::<Vec<_>>())
        };
        let history = judge(&records);
        prop_assert_eq!(&history, &judge(&Records { entries: [records.entries.clone(), records.entries.clone()].concat(), ..records }));
        prop_assert_eq!(history.boots.iter().filter(|boot| boot.end == End::Running).count(), 1);
        for (index, boot) in history.boots.iter().enumerate() {
            if let (Some(start), Some(end)) = (boot.started_at, boot.ended_at) {
                prop_assert!(end >= start);
            }
            if let (Some(end), Some(Some(start))) = (boot.ended_at, history.boots.get(index + 1).map(|next| next.started_at)) {
                prop_assert!(end <= start);
            }
        }
        let mut read = Records::default();
        parse_log(&text, &mut read);
        let _ = parse_last(&text, at(0));
        let _ = panic_of(&text, at(0));
    }
}
