//! The numbered Linux cases of the boot research (docs: "Boots, ends of boots", section 5), and what holds for any input.
//!
//! Invariant: a test's name carries its case's number.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::journal::{self, Head, Line, State, Tail};
use super::pstore::{Dump, Kind as DumpKind};
use super::wtmp::{self, Towards};
use super::{Current, Records, judge};
use crate::boot::{BootHistory, End, From, KnownBoot};
use crate::host::Host;

const DAY: i64 = 86_400;
const T0: i64 = 1_750_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(T0 + second).unwrap()
}

fn id(n: u8) -> String {
    format!("{n:08x}-0000-4000-8000-000000000000")
}

fn said(identifier: &str, message: &str) -> Line {
    Line {
        identifier: identifier.into(),
        message: message.into(),
        ..Line::default()
    }
}

fn reached(unit: &str) -> Line {
    Line {
        unit: unit.into(),
        ..said("systemd", "Reached target")
    }
}

fn boot(n: u8, first: i64, last: i64, tail: &[Line], head: &[Line]) -> journal::Boot {
    journal::Boot {
        boot_id: id(n),
        first: at(first),
        last: at(last),
        tail: Some(Tail::of(tail)),
        head: Some(Head::of(head)),
    }
}

fn activity() -> Line {
    said("NetworkManager", "state changed")
}

/// A machine whose boot 9 runs since `started`.
fn machine(started: i64) -> Records {
    Records {
        current: Some(Current {
            boot_id: id(9),
            started_at: at(started),
            kernel: "6.8.0".into(),
        }),
        journal_state: State::Persistent,
        ..Records::default()
    }
}

fn running(started: i64, head: &[Line]) -> journal::Boot {
    boot(9, started, started + 60, &[activity()], head)
}

fn wtmp_boot(second: i64) -> wtmp::Entry {
    wtmp::Entry {
        kind: wtmp::Kind::Boot,
        at: at(second),
    }
}

fn wtmp_shutdown(second: i64) -> wtmp::Entry {
    wtmp::Entry {
        kind: wtmp::Kind::Shutdown(Towards::Unsaid),
        at: at(second),
    }
}

fn ends(history: &BootHistory) -> Vec<End> {
    history.boots.iter().map(|boot| boot.end).collect()
}

#[test]
fn case_27_a_restart_is_clean() {
    let stop = [
        said("systemd-logind", "System is rebooting."),
        reached("reboot.target"),
        said("systemd-shutdown", "Syncing filesystems and block devices."),
    ];
    let records = Records {
        journal: vec![boot(1, 0, 1000, &stop, &[]), running(1030, &[])],
        wtmp: Some(vec![wtmp_boot(5), wtmp_shutdown(999), wtmp_boot(1035)]),
        ..machine(1030)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::CleanRestart, End::Running]);
    assert_eq!(history.boots[0].ended_at, Some(at(1000)));
    assert!(history.boots[0].confidence > 0.9);
}

#[test]
fn case_28_a_panic_is_a_crash() {
    let dump = Dump {
        kind: DumpKind::Panic,
        at: at(1025),
        is_own_time: false,
        title: "Kernel panic - not syncing: Fatal exception",
    };
    let records = Records {
        journal: vec![boot(1, 0, 1000, &[activity()], &[]), running(1020, &[])],
        wtmp: Some(vec![wtmp_boot(5), wtmp_boot(1024)]),
        dumps: vec![dump],
        ..machine(1020)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::Crash, End::Running]);
    assert_eq!(
        history.boots[0].stop_code,
        "Kernel panic - not syncing: Fatal exception"
    );
}

#[test]
fn case_29_power_loss_cannot_be_told_from_a_hang() {
    let recovered = [
        said(
            "systemd-journald",
            "File system.journal corrupted or uncleanly shut down, renaming and replacing.",
        ),
        said("kernel", "EXT4-fs (dm-0): recovery complete"),
    ];
    let records = Records {
        journal: vec![
            boot(1, 0, 1000, &[activity()], &[]),
            running(5000, &recovered),
        ],
        wtmp: Some(vec![wtmp_boot(5), wtmp_boot(5004)]),
        ..machine(5000)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::PowerLossOrHang, End::Running]);
    assert_eq!(history.boots[0].ended_at, Some(at(1000)));
    assert!(history.boots[0].confidence > 0.8);
}

#[test]
fn case_30_a_crash_kernel_is_no_boot() {
    let crash_kernel = [said(
        "kernel",
        "Command line: root=/dev/sda1 elfcorehdr=0x2f000000 irqpoll",
    )];
    let image = Dump {
        kind: DumpKind::Image,
        at: at(1015),
        is_own_time: true,
        title: "",
    };
    let records = Records {
        journal: vec![
            boot(1, 0, 1000, &[activity()], &[]),
            boot(2, 1010, 1020, &[activity()], &crash_kernel),
            running(1060, &[]),
        ],
        dumps: vec![image],
        ..machine(1060)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::Crash, End::Running]);
    assert!(history.boots[0].has_tag("vmcore"));
}

#[test]
fn case_31_a_soft_reboot_is_no_boot_and_kexec_is_one() {
    let soft = journal::Wake {
        boot_id: id(9),
        at: at(2000),
        from: From::SoftReboot,
    };
    let kexec = [
        said("systemd-logind", "System is rebooting with kexec."),
        reached("kexec.target"),
    ];
    let records = Records {
        journal: vec![boot(1, 0, 1000, &kexec, &[]), running(1005, &[])],
        wakes: vec![soft],
        // The soft reboot writes a shutdown and a start of its own.
        wtmp: Some(vec![
            wtmp_boot(4),
            wtmp_shutdown(999),
            wtmp_boot(1008),
            wtmp_shutdown(1999),
            wtmp_boot(2003),
        ]),
        ..machine(1005)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::CleanRestart, End::Running]);
    assert!(history.boots[0].has_tag("kexec"));
    assert_eq!(history.resumes.len(), 1);
    assert_eq!(history.resumes[0].from, From::SoftReboot);
}

#[test]
fn case_32_hibernation_keeps_the_boot() {
    let wakes = journal::wakes(&[
        Line {
            message_id: "8811e6df2a8e40f58a94cea26f8ebf14".into(),
            sleep: "hibernate".into(),
            boot_id: id(9),
            at: Some(at(9000)),
            ..Line::default()
        },
        Line {
            message_id: "8811e6df2a8e40f58a94cea26f8ebf14".into(),
            sleep: "suspend".into(),
            boot_id: id(9),
            at: Some(at(19_000)),
            ..Line::default()
        },
    ]);
    // now − uptime moved by two minutes over the night.
    let records = Records {
        journal: vec![running(0, &[])],
        wakes,
        ..machine(120)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::Running]);
    let from: Vec<From> = history.resumes.iter().map(|resume| resume.from).collect();
    assert_eq!(from, [From::Hibernate, From::Sleep]);
}

#[test]
fn case_33_slewing_is_no_boot() {
    for shift in [-29, -1, 0, 1] {
        let records = Records {
            journal: vec![running(0, &[])],
            wtmp: Some(vec![wtmp_boot(3)]),
            ..machine(shift)
        };
        assert_eq!(ends(&judge(&records)), [End::Running]);
    }
}

#[test]
fn case_34_a_clock_set_after_start_moves_the_start_once() {
    let unset = |second: i64| Timestamp::from_second(second).unwrap();
    let past = journal::Boot {
        first: unset(12),
        tail: Some(Tail {
            since_boot: Some(Duration::from_secs(500)),
            ..Tail::of(&[reached("reboot.target")])
        }),
        ..boot(1, 0, 1000, &[], &[])
    };
    let now = journal::Boot {
        first: unset(11),
        ..running(1030, &[])
    };
    let entries = vec![
        wtmp::Entry {
            kind: wtmp::Kind::Boot,
            at: unset(14),
        },
        wtmp::Entry {
            kind: wtmp::Kind::OldTime,
            at: unset(20),
        },
        wtmp::Entry {
            kind: wtmp::Kind::NewTime,
            at: at(1040),
        },
    ];
    let records = Records {
        journal: vec![past, now],
        wtmp: Some(entries),
        ..machine(1030)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::CleanRestart, End::Running]);
    assert_eq!(history.boots[0].started_at, Some(at(500)));
    assert_eq!(history.boots[1].started_at, Some(at(1030)));
    assert!(history.boots[0].has_tag("clock_corrected"));
}

#[test]
fn case_35_without_records_only_the_running_boot_is_known() {
    let records = Records {
        journal_state: State::Volatile,
        journal: vec![running(0, &[])],
        ..machine(0)
    };
    assert_eq!(ends(&judge(&records)), [End::Running]);
    // A rotated wtmp that begins with this boot adds nothing.
    let records = Records {
        wtmp: Some(vec![wtmp_boot(4)]),
        ..records
    };
    assert_eq!(ends(&judge(&records)), [End::Running]);
}

#[test]
fn case_36_a_container_reports_no_boots() {
    for host in [Host::Container, Host::Wsl] {
        let records = Records { host, ..machine(0) };
        let history = judge(&records);
        assert!(history.boots.is_empty());
        assert_eq!(history.blind_spots.len(), 1);
    }
}

#[test]
fn case_37_days_off_are_one_clean_power_off() {
    let stop = [
        said("systemd-logind", "System is powering down."),
        reached("poweroff.target"),
    ];
    let records = Records {
        journal: vec![boot(1, 0, 1000, &stop, &[]), running(3 * DAY, &[])],
        ..machine(3 * DAY)
    };
    assert_eq!(ends(&judge(&records)), [End::CleanPoweroff, End::Running]);
}

#[test]
fn case_38_a_resume_that_fails_is_one_unexpected_end() {
    let asleep = [said("kernel", "PM: suspend entry (deep)")];
    let told = [said(
        "kernel",
        "x86/amd: Previous system reset reason [0x00000002]: power button was pressed for 4 seconds",
    )];
    let records = Records {
        journal: vec![boot(1, 0, 1000, &asleep, &[]), running(1200, &told)],
        ..machine(1200)
    };
    let history = judge(&records);
    assert!(history.boots[0].end.is_unexpected());
    assert_eq!(ends(&history), [End::ForcedOff, End::Running]);
    assert!(history.boots[0].has_tag("during_sleep_transition"));
    assert!(history.boots[0].has_tag("reset_power_button"));
}

#[test]
fn an_update_asks_for_its_restart() {
    let stop = [
        said(
            "systemd",
            "Reboot requested from client PID 812 ('shutdown') (unit apt-daily-upgrade.service)...",
        ),
        reached("reboot.target"),
    ];
    let records = Records {
        journal: vec![boot(1, 0, 1000, &stop, &[]), running(1030, &[])],
        ..machine(1030)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::Update, End::Running]);
    assert_eq!(history.boots[0].initiator, "update");
}

/// Only the newest boots of the journal are looked into; the older ones still count, and wtmp tells how they ended.
#[test]
fn a_long_history_counts_every_boot() {
    const BOOTS: i64 = 400;
    let listed = |n: i64| journal::Boot {
        boot_id: format!("{n:08x}-1111-4000-8000-000000000000"),
        first: at(n * DAY),
        last: at(n * DAY + 3600),
        tail: None,
        head: None,
    };
    let mut journal: Vec<journal::Boot> = (0..BOOTS).map(listed).collect();
    journal.push(running(BOOTS * DAY, &[]));
    // Every tenth died; the others stopped.
    let wtmp = (0..=BOOTS)
        .flat_map(|n| {
            let stop = (n % 10 != 0 && n < BOOTS).then(|| wtmp_shutdown(n * DAY + 3599));
            [Some(wtmp_boot(n * DAY + 5)), stop]
        })
        .flatten()
        .collect();
    let records = Records {
        journal,
        wtmp: Some(wtmp),
        ..machine(BOOTS * DAY)
    };
    let history = judge(&records);
    assert_eq!(history.boots.len(), BOOTS as usize + 1);
    let count = |end: End| history.boots.iter().filter(|boot| boot.end == end).count();
    assert_eq!(count(End::CleanPoweroff) + count(End::CleanRestart), 360);
    assert_eq!(count(End::PowerLossOrHang) + count(End::Unknown), 40);
    assert!(
        history
            .boots
            .windows(2)
            .all(|pair| pair[0].started_at < pair[1].started_at)
    );
    // Without wtmp nobody knows, and none is called unexpected.
    let alone = judge(&Records {
        wtmp: None,
        ..records
    });
    assert_eq!(alone.boots.len(), BOOTS as usize + 1);
    assert!(alone.boots.iter().all(|boot| !boot.end.is_unexpected()));
}

#[test]
fn wtmp_alone_counts_boots_and_adopts_known_names() {
    let records = Records {
        journal_state: State::Absent,
        wtmp: Some(vec![
            wtmp_boot(0),
            wtmp_shutdown(900),
            wtmp_boot(1000),
            wtmp_boot(5000),
            wtmp_boot(9003),
        ]),
        ..machine(9000)
    };
    let mut history = judge(&records);
    assert_eq!(
        ends(&history),
        [
            End::CleanRestart,
            End::PowerLossOrHang,
            End::PowerLossOrHang,
            End::Running
        ]
    );
    history.adopt_known(&[KnownBoot {
        boot_id: "known".into(),
        started_at: at(4990),
    }]);
    assert_eq!(history.boots[2].boot_id, "known");
    assert!(history.boots[1].boot_id.starts_with("wtmp:"));
}

#[test]
fn a_stop_that_hung_is_not_clean() {
    let begun = [said("systemd-logind", "The system will reboot now!")];
    let dirty = [said("kernel", "EXT4-fs (sda1): recovery complete")];
    let records = Records {
        journal: vec![boot(1, 0, 1000, &begun, &[]), running(1300, &dirty)],
        ..machine(1300)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::PowerLossOrHang, End::Running]);
    assert!(history.boots[0].has_tag("during_shutdown"));
}

#[test]
fn a_clock_that_goes_back_gives_no_negative_pause() {
    let records = Records {
        journal: vec![
            boot(1, 0, 9000, &[reached("reboot.target")], &[]),
            running(8000, &[]),
        ],
        ..machine(8000)
    };
    let history = judge(&records);
    assert_eq!(ends(&history), [End::CleanRestart, End::Running]);
    assert_eq!(history.boots[0].ended_at, None);
    assert!(history.boots[0].has_tag("clock_moved_back"));
}

#[test]
fn a_disk_taken_out_is_read_without_its_kernel() {
    let records = Records {
        current: None,
        ..Records {
            journal: vec![
                boot(1, 0, 1000, &[activity()], &[]),
                boot(2, 2000, 3000, &[reached("poweroff.target")], &[]),
            ],
            ..machine(0)
        }
    };
    assert_eq!(
        ends(&judge(&records)),
        [End::PowerLossOrHang, End::CleanPoweroff]
    );
}

#[test]
fn a_journal_that_lost_its_first_lines_is_one_boot() {
    let records = Records {
        journal: vec![
            boot(
                1,
                50_000,
                60_000,
                &[reached("reboot.target")],
                &[activity()],
            ),
            running(60_030, &[]),
        ],
        wtmp: Some(vec![
            wtmp_boot(-9_000),
            wtmp_shutdown(-10),
            wtmp_boot(0),
            wtmp_shutdown(59_999),
            wtmp_boot(60_034),
        ]),
        ..machine(60_030)
    };
    let history = judge(&records);
    assert_eq!(
        ends(&history),
        [End::CleanRestart, End::CleanRestart, End::Running]
    );
    assert_eq!(history.boots[1].boot_id, id(1));
    assert_eq!(history.boots[1].started_at, Some(at(0)));
}

fn any_entry() -> impl Strategy<Value = wtmp::Entry> {
    let kind = prop_oneof![
        Just(wtmp::Kind::Boot),
        Just(wtmp::Kind::Shutdown(Towards::Restart)),
        Just(wtmp::Kind::Shutdown(Towards::Unsaid)),
        Just(wtmp::Kind::OldTime),
        Just(wtmp::Kind::NewTime),
    ];
    (kind, -T0..10_000_i64).prop_map(|(kind, second)| wtmp::Entry {
        kind,
        at: at(second),
    })
}

fn any_boot() -> impl Strategy<Value = journal::Boot> {
    (0_u8..12, -T0..10_000_i64, 0_i64..5_000, any::<[bool; 6]>()).prop_map(
        |(n, first, length, marks)| {
            let tail = Tail {
                has_lines: marks[0],
                finished: marks[1],
                asked: marks[2].then_some(journal::Stop::Restart),
                entering_sleep: marks[3],
                since_boot: Some(Duration::from_secs(100)),
                ..Tail::default()
            };
            let head = Head {
                journal_unclean: marks[4],
                is_crash_kernel: marks[5] && n == 3,
                ..Head::default()
            };
            journal::Boot {
                boot_id: id(n),
                first: at(first),
                last: at(first + length),
                tail: Some(tail),
                head: Some(head),
            }
        },
    )
}

proptest! {
    #[test]
    fn any_records_give_an_honest_history(
        boots in proptest::collection::vec(any_boot(), 0..12),
        entries in proptest::collection::vec(any_entry(), 0..20),
        dumps in proptest::collection::vec((-100_i64..10_000, any::<bool>()), 0..4),
    ) {
        let records = Records {
            journal: boots,
            wtmp: Some(entries),
            dumps: dumps.into_iter().map(|(second, own)| Dump { kind: DumpKind::Panic, at: at(second), is_own_time: own, title: "Kernel panic" }).collect(),
            ..machine(9_000)
        };
        let history = judge(&records);
        prop_assert_eq!(&history, &judge(&records));
        let mut ids: Vec<&str> = history.boots.iter().map(|boot| boot.boot_id.as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), count, "a boot counted twice");
        prop_assert_eq!(history.boots.iter().filter(|boot| boot.end == End::Running).count(), 1);
        prop_assert_eq!(history.boots.last().unwrap().end, End::Running);
        for (index, boot) in history.boots.iter().enumerate() {
            prop_assert!((0.0..=1.0).contains(&boot.confidence));
            if let (Some(start), Some(end)) = (boot.started_at, boot.ended_at) {
                prop_assert!(end >= start);
            }
            if let (Some(end), Some(Some(start))) = (boot.ended_at, history.boots.get(index + 1).map(|next| next.started_at)) {
                prop_assert!(end <= start);
            }
        }
        // What is judged again together with itself stays the same.
        let twice = Records { journal: [records.journal.clone(), records.journal.clone()].concat(), ..records };
        prop_assert_eq!(judge(&twice).boots.len(), count);
    }
}
