//! The numbered Windows cases of the boot research (section 5), and what holds for any input.
//!
//! Invariant: a test's name carries its case's number. Events marked [O] there were seen in real logs in this order.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{WinEvent, judge};
use crate::boot::{BootHistory, BootRecord, End, From};

const T0: i64 = 1_700_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(T0 + second).unwrap()
}

/// Builds a log record by record.
#[derive(Clone)]
struct Log {
    machine: &'static str,
    next: u64,
    events: Vec<WinEvent>,
}

impl Log {
    fn new() -> Self {
        Self {
            machine: "PC",
            next: 1,
            events: Vec::new(),
        }
    }

    fn add(mut self, provider: &str, event_id: u32, second: i64, data: &[(&str, &str)]) -> Self {
        self.events.push(WinEvent {
            machine: self.machine.into(),
            provider: provider.into(),
            event_id,
            record_id: self.next,
            time: at(second),
            data: data
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            strings: Vec::new(),
            binary: Vec::new(),
        });
        self.next += 1;
        self
    }

    fn general(self, event_id: u32, second: i64) -> Self {
        self.add("Microsoft-Windows-Kernel-General", event_id, second, &[])
    }

    fn log_service(self, event_id: u32, second: i64) -> Self {
        self.add("EventLog", event_id, second, &[])
    }

    fn power(self, event_id: u32, second: i64, data: &[(&str, &str)]) -> Self {
        self.add("Microsoft-Windows-Kernel-Power", event_id, second, data)
    }

    fn asked(self, second: i64, process: &str, kind: &str) -> Self {
        self.add(
            "User32",
            1074,
            second,
            &[("param1", process), ("param4", "0x0"), ("param5", kind)],
        )
    }

    fn updated(self, second: i64, process: &str) -> Self {
        let data = [
            ("param1", process),
            ("param3", "Operating System: Recovery (Planned)"),
            ("param4", "0x80020002"),
            ("param5", "restart"),
        ];
        self.add("User32", 1074, second, &data)
    }

    /// 12 20 27(0) 6009 6005.
    fn started(self, second: i64, last_boot_id: u64) -> Self {
        self.kernel_started(second, last_boot_id)
            .log_service(6009, second + 12)
            .log_service(6005, second + 12)
    }

    fn kernel_started(self, second: i64, last_boot_id: u64) -> Self {
        self.general(12, second)
            .add(
                "Microsoft-Windows-Kernel-Boot",
                20,
                second,
                &[
                    ("LastBootId", &last_boot_id.to_string()),
                    ("LastShutdownGood", "true"),
                ],
            )
            .add(
                "Microsoft-Windows-Kernel-Boot",
                27,
                second,
                &[("BootType", "0")],
            )
    }

    /// 12 20 27(0) 6008 6009 6005 41.
    fn started_dirty(self, second: i64, last_boot_id: u64, dirty: &[(&str, &str)]) -> Self {
        self.kernel_started(second, last_boot_id)
            .unclean(second + 12, second - 300)
            .log_service(6009, second + 12)
            .log_service(6005, second + 12)
            .power(41, second + 3, dirty)
    }

    fn unclean(mut self, second: i64, last_alive: i64) -> Self {
        self = self.log_service(6008, second);
        self.events.last_mut().unwrap().binary = binary(at(last_alive));
        self
    }

    /// 6006 109 13.
    fn stopped(self, second: i64, action: &str) -> Self {
        self.log_service(6006, second)
            .power(109, second + 1, &[("ShutdownActionType", action)])
            .general(13, second + 2)
    }

    fn work(self, second: i64) -> Self {
        self.add("Service Control Manager", 7036, second, &[])
    }

    fn history(&self) -> BootHistory {
        let mut machines = judge(&self.events);
        assert_eq!(machines.len(), 1);
        machines.remove(0).history
    }
}

/// 6008's binary part: SYSTEMTIME local (three hours ahead here), then UTC.
fn binary(utc: Timestamp) -> Vec<u8> {
    let local = utc
        .checked_add(jiff::SignedDuration::from_hours(3))
        .unwrap();
    let mut out = Vec::new();
    for time in [local, utc] {
        let civil = jiff::tz::TimeZone::UTC.to_datetime(time);
        for part in [
            civil.year(),
            i16::from(civil.month()),
            0,
            i16::from(civil.day()),
            i16::from(civil.hour()),
            i16::from(civil.minute()),
            i16::from(civil.second()),
            0,
        ] {
            out.extend(part.to_le_bytes());
        }
    }
    out.extend([0; 12]);
    out
}

/// Boots that the log shows the start of.
fn started(history: &BootHistory) -> Vec<&BootRecord> {
    history
        .boots
        .iter()
        .filter(|boot| boot.started_at.is_some())
        .collect()
}

fn ends(history: &BootHistory) -> Vec<End> {
    history.boots.iter().map(|boot| boot.end).collect()
}

const ZERO: [(&str, &str); 3] = [
    ("BugcheckCode", "0"),
    ("PowerButtonTimestamp", "0"),
    ("SleepInProgress", "0"),
];

/// A machine that started once and worked.
fn working() -> Log {
    Log::new().started(0, 7).work(500).work(1000)
}

#[test]
fn case_01_a_restart_from_the_start_menu() {
    let log = working()
        .asked(1100, "C:\\Windows\\Explorer.EXE (PC)", "restart")
        .stopped(1101, "5")
        .started(1120, 8);
    let history = log.history();
    assert_eq!(ends(&history), [End::CleanRestart, End::Running]);
    assert_eq!(history.boots[0].initiator, "user");
    assert_eq!(history.boots[0].boot_id, "PC:8");
    // The log may begin just before the stop: the restart is still told, and one start is one boot.
    let late = Log::new()
        .asked(0, "explorer.exe", "restart")
        .stopped(1, "5")
        .started(20, 7);
    let history = late.history();
    assert_eq!(ends(&history), [End::CleanRestart, End::Running]);
    assert_eq!(started(&history).len(), 1);
    assert!(history.boots[0].has_tag("started_before_log"));
}

#[test]
fn case_02_off_over_night() {
    let log = working()
        .asked(1100, "C:\\Windows\\System32\\shutdown.exe", "shutdown")
        .log_service(6006, 1101)
        .power(109, 1102, &[("ShutdownActionType", "6")])
        .power(109, 1102, &[("ShutdownActionType", "6")])
        .general(13, 1103)
        .started(1103 + 9 * 3600, 8);
    let history = log.history();
    assert_eq!(ends(&history), [End::CleanPoweroff, End::Running]);
    let down = history.boots[1]
        .started_at
        .unwrap()
        .duration_since(history.boots[0].ended_at.unwrap());
    assert_eq!(down.as_hours(), 9);
}

#[test]
fn case_03_updates_restart_twice() {
    for process in [
        "C:\\Windows\\servicing\\TrustedInstaller.exe (PC)",
        "C:\\Windows\\System32\\MoUsoCoreWorker.exe (PC)",
        "C:\\WINDOWS\\system32\\svchost.exe (PC)",
    ] {
        let log = working()
            .updated(1100, process)
            .stopped(1101, "5")
            .started(1160, 8)
            .updated(1400, process)
            .stopped(1401, "5")
            .started(1460, 9);
        let history = log.history();
        assert_eq!(
            ends(&history),
            [End::Update, End::Update, End::Running],
            "{process}"
        );
        assert!(
            history
                .boots
                .iter()
                .take(2)
                .all(|boot| boot.initiator == "update")
        );
    }
}

/// 187 42(6) 107 27(type) PT1; 107 carries the time before the power went off [O].
fn slept(log: Log, second: i64, target: &str, boot_type: Option<&str>, wake: i64) -> Log {
    let log = log
        .power(187, second, &[])
        .power(
            42,
            second + 1,
            &[
                ("TargetState", target),
                ("EffectiveState", "5"),
                ("Reason", "4"),
            ],
        )
        .power(107, second + 3, &[("TargetState", target)]);
    let log = match boot_type {
        Some(kind) => log.add(
            "Microsoft-Windows-Kernel-Boot",
            27,
            wake,
            &[("BootType", kind)],
        ),
        None => log,
    };
    log.add("Microsoft-Windows-Power-Troubleshooter", 1, wake + 2, &[])
}

#[test]
fn case_04_fast_startup_is_no_boot() {
    let asked = working().asked(1100, "C:\\Windows\\Explorer.EXE (PC)", "power off");
    let history = slept(asked, 1101, "6", Some("1"), 40_000)
        .work(40_100)
        .history();
    assert_eq!(ends(&history), [End::Running]);
    assert_eq!(history.resumes.len(), 1);
    assert_eq!(history.resumes[0].from, From::HybridBoot);
    assert_eq!(history.resumes[0].at, at(40_000));
    assert_eq!(history.resumes[0].boot_id, "PC:8");
}

#[test]
fn case_05_hibernation_is_no_boot() {
    let history = slept(working(), 1101, "5", Some("0x2"), 40_000).history();
    assert_eq!(ends(&history), [End::Running]);
    let from: Vec<From> = history.resumes.iter().map(|resume| resume.from).collect();
    assert_eq!(from, [From::Hibernate]);
}

#[test]
fn case_06_twenty_sleeps_are_twenty_resumes() {
    let mut log = working();
    for n in 0..20 {
        log = log
            .power(42, 2000 + n * 100, &[("TargetState", "4")])
            .power(107, 2050 + n * 100, &[]);
    }
    let history = log.history();
    assert_eq!(ends(&history), [End::Running]);
    assert_eq!(history.resumes.len(), 20);
    assert!(
        history
            .resumes
            .iter()
            .all(|resume| resume.from == From::Sleep)
    );
}

#[test]
fn case_07_modern_standby_is_nothing() {
    let mut log = working();
    for n in 0..40 {
        log = log
            .power(506, 2000 + n * 100, &[])
            .power(507, 2050 + n * 100, &[]);
    }
    let history = log.history();
    assert_eq!(ends(&history), [End::Running]);
    assert!(history.resumes.is_empty());
}

#[test]
fn case_08_a_stop_error_is_one_crash() {
    let log = working()
        .started_dirty(
            1500,
            8,
            &[("BugcheckCode", "340"), ("PowerButtonTimestamp", "0")],
        )
        .add(
            "Microsoft-Windows-WER-SystemErrorReporting",
            1001,
            1530,
            &[
                ("param1", "0x00000154 (0x1, 0x2, 0x3, 0x4)"),
                ("param2", "C:\\WINDOWS\\MEMORY.DMP"),
            ],
        );
    let history = log.history();
    assert_eq!(ends(&history), [End::Crash, End::Running]);
    assert_eq!(history.boots[0].stop_code, "0x00000154");
    // The old name of the source, and no 41 at all.
    let old =
        working()
            .started(1500, 8)
            .add("BugCheck", 1001, 1530, &[("param1", "0x0000007e (0x1)")]);
    assert_eq!(old.history().boots[0].stop_code, "0x0000007E");
}

#[test]
fn case_09_the_power_button_was_held() {
    for field in [
        ("PowerButtonTimestamp", "132000000000000000"),
        ("LongPowerButtonPressDetected", "true"),
    ] {
        let history = working()
            .started_dirty(1500, 8, &[("BugcheckCode", "0"), field])
            .history();
        assert_eq!(ends(&history), [End::ForcedOff, End::Running]);
        assert_eq!(history.boots[0].initiator, "power_button");
    }
}

#[test]
fn case_10_power_lost() {
    let history = working()
        .power(524, 1010, &[])
        .started_dirty(1500, 8, &ZERO)
        .history();
    assert_eq!(ends(&history), [End::PowerLossOrHang, End::Running]);
    assert!(history.boots[0].has_tag("battery_low"));
}

#[test]
fn case_11_a_hang_is_not_called_a_crash() {
    let history = working().started_dirty(1500, 8, &ZERO).history();
    assert_eq!(ends(&history), [End::PowerLossOrHang, End::Running]);
    assert!(history.boots[0].stop_code.is_empty());
    // 6008 says 1200, the last record 1000: the later is the better lower bound.
    assert_eq!(history.boots[0].ended_at, Some(at(1200)));
}

#[test]
fn case_12_died_while_shutting_down() {
    let history = working()
        .asked(1100, "explorer.exe", "restart")
        .log_service(6006, 1101)
        .started_dirty(1500, 8, &ZERO)
        .history();
    assert_eq!(ends(&history), [End::PowerLossOrHang, End::Running]);
    assert!(history.boots[0].has_tag("during_shutdown"));
}

#[test]
fn case_13_a_start_that_failed_is_its_own_boot() {
    let log = working()
        .asked(1100, "explorer.exe", "restart")
        .stopped(1101, "5")
        .started(1500, 9)
        .power(41, 1503, &ZERO);
    let history = log.history();
    assert_eq!(
        ends(&history),
        [End::CleanRestart, End::FailedBoot, End::Running]
    );
    assert_eq!(history.boots[1].boot_id, "PC:9");
    assert_eq!(started(&history).len(), 2);
}

#[test]
fn case_14_died_between_waking_and_sleeping() {
    for value in ["6", "true"] {
        let history = working()
            .started_dirty(
                1500,
                8,
                &[("BugcheckCode", "0"), ("SleepInProgress", value)],
            )
            .history();
        assert!(history.boots[0].end.is_unexpected());
        assert!(history.boots[0].has_tag("during_sleep_transition"));
    }
}

#[test]
fn case_15_the_counter_knows_boots_without_records() {
    let history = working().stopped(1101, "5").started(9000, 10).history();
    assert_eq!(
        ends(&history),
        [End::CleanRestart, End::Unknown, End::Unknown, End::Running]
    );
    let missing: Vec<&str> = history
        .boots
        .iter()
        .filter(|boot| boot.has_tag("missing_from_log"))
        .map(|boot| boot.boot_id.as_str())
        .collect();
    assert_eq!(missing, ["PC:9", "PC:10"]);
}

#[test]
fn case_16_a_cleared_log_hides_ends_not_boots() {
    let log = working()
        .add("Microsoft-Windows-Eventlog", 104, 2000, &[])
        .started(9000, 10);
    let history = log.history();
    // Boot 8 before the clearing, 9 and 10 unseen, 11 now: three since boot 8.
    assert_eq!(
        ends(&history),
        [End::Unknown, End::Unknown, End::Unknown, End::Running]
    );
    assert!(history.boots[0].has_tag("log_cleared"));
}

#[test]
fn case_17_the_clock_goes_back_over_a_restart() {
    // 13 at 2500, the next 12 at 1000; 109 and 13 are flushed after 6005 [O].
    let log = working()
        .asked(2490, "explorer.exe", "restart")
        .log_service(6006, 2495)
        .kernel_started(1000, 8)
        .log_service(6009, 1012)
        .log_service(6005, 1012)
        .power(109, 2498, &[("ShutdownActionType", "5")])
        .general(13, 2500)
        .work(1020)
        .work(1060);
    let history = log.history();
    assert_eq!(ends(&history), [End::CleanRestart, End::Running]);
    assert_eq!(history.boots[0].ended_at, None);
    assert!(history.boots[0].has_tag("clock_moved_back"));
    assert!(history.boots[0].confidence > 0.9);
}

#[test]
fn case_18_a_year_forth_and_back_is_no_boot() {
    let year = 365 * 86_400;
    let history = working()
        .general(1, 1000 + year)
        .work(1010 + year)
        .general(1, 1020)
        .work(1030)
        .history();
    assert_eq!(ends(&history), [End::Running]);
}

#[test]
fn case_19_and_20_the_moment_comes_from_the_binary_part() {
    for strings in [
        ["12:50:29 PM", "\u{200e}8/\u{200e}7/\u{200e}2020"],
        ["02:30:00", "25.\u{200e}10.\u{200e}2020"],
        ["١٢:٥٠:٢٩", "٠٧/٠٨/٢٠٢٠"],
    ] {
        let mut log = working().started_dirty(1500, 8, &ZERO);
        for event in log.events.iter_mut().filter(|event| event.event_id == 6008) {
            event.strings = strings.iter().map(|text| (*text).to_owned()).collect();
        }
        assert_eq!(log.history().boots[0].ended_at, Some(at(1200)));
    }
}

#[test]
fn case_21_a_setup_name_is_the_same_machine() {
    let mut log = Log::new()
        .started(0, 0)
        .work(100)
        .asked(200, "C:\\Windows\\System32\\oobe\\msoobe.exe", "restart")
        .stopped(201, "5");
    for event in &mut log.events {
        event.machine = Arc::from("MINWINPC");
    }
    log.machine = "LAPTOP-7";
    let log = log.started(240, 1).work(300);
    let machines = judge(&log.events);
    assert_eq!(machines.len(), 1);
    assert_eq!(machines[0].machine, "LAPTOP-7");
    assert_eq!(
        ends(&machines[0].history),
        [End::CleanRestart, End::Running]
    );
}

#[test]
fn case_22_a_reverted_snapshot_counts_nothing_twice() {
    let common = working().stopped(1101, "5").started(1200, 8).work(1300);
    let lost = common
        .clone()
        .stopped(1400, "5")
        .started(1500, 9)
        .work(1600);
    let again = common
        .clone()
        .work(5000)
        .stopped(5100, "5")
        .started(5200, 9)
        .work(5300);
    let both = [lost.events.clone(), again.events.clone()].concat();
    let machines = judge(&both);
    let history = &machines[0].history;
    // Boots 8, 9, 10 of the first life, and boot 10 of the second.
    assert_eq!(started(history).len(), 4);
    assert!(history.boots.iter().all(|boot| !boot.end.is_unexpected()));
    let mut ids: Vec<&str> = history
        .boots
        .iter()
        .map(|boot| boot.boot_id.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), history.boots.len());
}

#[test]
fn case_23_history_carries_its_own_times() {
    let mut log = Log::new();
    for day in 0..90_i64 {
        log = log
            .started(day * 86_400, 6 + u64::try_from(day).unwrap())
            .work(day * 86_400 + 4000)
            .stopped(day * 86_400 + 30_000, "6");
    }
    let history = log.history();
    assert_eq!(history.boots.len(), 90);
    for (day, boot) in (0_i64..).zip(&history.boots) {
        assert_eq!(boot.started_at, Some(at(day * 86_400)));
        assert_eq!(boot.end, End::CleanPoweroff);
    }
}

#[test]
fn case_24_the_same_batch_twice_is_the_same_history() {
    let log = working().started_dirty(1500, 8, &ZERO).work(1600);
    let twice = [log.events.clone(), log.events.clone()].concat();
    assert_eq!(judge(&twice), judge(&log.events));
}

#[test]
fn case_25_setup_leaves_no_stops_and_no_alarms() {
    let log = Log::new()
        .started(0, 0)
        .work(50)
        .started(100, 1)
        .work(150)
        .started(200, 2)
        .stopped(260, "5")
        .started(300, 3);
    let history = log.history();
    assert_eq!(
        ends(&history),
        [End::Unknown, End::Unknown, End::CleanRestart, End::Running]
    );
}

#[test]
fn marks_may_stand_in_either_order() {
    // 6009 6005 109 13 12 20 27, as Windows 10 writes them [O].
    let log = Log::new()
        .log_service(6009, 12)
        .log_service(6005, 12)
        .kernel_started(0, 7)
        .work(500)
        .log_service(6006, 1001)
        .asked(1000, "explorer.exe", "restart")
        .log_service(6009, 1032)
        .log_service(6005, 1032)
        .power(109, 1002, &[("ShutdownActionType", "5")])
        .general(13, 1003)
        .kernel_started(1020, 8)
        .work(1100)
        .unclean(3012, 2000)
        .log_service(6009, 3012)
        .log_service(6005, 3012)
        .kernel_started(3000, 9)
        .power(41, 3003, &ZERO);
    let history = log.history();
    assert_eq!(
        ends(&history),
        [End::CleanRestart, End::PowerLossOrHang, End::Running]
    );
    assert_eq!(history.boots[0].ended_at, Some(at(1003)));
    assert_eq!(history.boots[1].ended_at, Some(at(2000)));
}

#[test]
fn a_log_that_begins_after_the_kernels_own_record() {
    // The ring has eaten the first 12; the second start has one. Two starts.
    let log = Log::new()
        .log_service(6009, 12)
        .log_service(6005, 12)
        .work(500)
        .started_dirty(90_000, 8, &ZERO);
    assert_eq!(ends(&log.history()), [End::PowerLossOrHang, End::Running]);
}

#[test]
fn a_41_before_every_other_mark_is_of_the_start_that_follows() {
    let log = working()
        .started(5_000, 8)
        .work(5_500)
        .power(41, 90_003, &[("BugcheckCode", "159")])
        .unclean(90_012, 80_000)
        .log_service(6009, 90_012)
        .log_service(6005, 90_012)
        .kernel_started(90_000, 9);
    let history = log.history();
    assert_eq!(ends(&history), [End::Unknown, End::Crash, End::Running]);
}

#[test]
fn files_with_only_some_kinds_still_count() {
    let only_log = Log::new()
        .log_service(6005, 0)
        .log_service(6006, 1000)
        .log_service(6005, 1030)
        .log_service(6008, 5000)
        .log_service(6005, 5000);
    assert_eq!(
        ends(&only_log.history()),
        [End::CleanRestart, End::PowerLossOrHang, End::Running]
    );
    let only_power = Log::new()
        .power(41, 0, &[("BugcheckCode", "0x9f")])
        .power(41, 90_000, &ZERO);
    assert_eq!(
        ends(&only_power.history()),
        [End::Crash, End::PowerLossOrHang, End::Running]
    );
    let only_kernel = Log::new()
        .general(12, 0)
        .general(13, 1000)
        .general(12, 1030)
        .general(12, 4000);
    assert_eq!(
        ends(&only_kernel.history()),
        [End::CleanRestart, End::Unknown, End::Running]
    );
}

#[test]
fn a_log_service_restarted_by_hand_is_no_boot() {
    let history = working()
        .log_service(6006, 2000)
        .log_service(6005, 2003)
        .work(2100)
        .history();
    assert_eq!(ends(&history), [End::Running]);
}

#[test]
fn newest_first_is_the_same_log() {
    let log = working()
        .asked(1100, "explorer.exe", "restart")
        .stopped(1101, "5")
        .started_dirty(1500, 8, &ZERO)
        .work(1600);
    let mut reversed = log.events.clone();
    reversed.reverse();
    assert_eq!(judge(&reversed), judge(&log.events));
}

#[test]
fn two_machines_are_two_histories() {
    let mut events = working().events;
    let mut other = working().started_dirty(1500, 8, &ZERO).events;
    for event in &mut other {
        event.machine = Arc::from("OTHER");
    }
    events.extend(other);
    let machines = judge(&events);
    let names: Vec<&str> = machines.iter().map(|one| one.machine.as_str()).collect();
    assert_eq!(names, ["OTHER", "PC"]);
    assert_eq!(machines[0].history.boots.len(), 2);
    assert_eq!(machines[1].history.boots.len(), 1);
}

/// The records of a domain controller's saved log that matter here, from log2timeline/plaso's test data (Apache-2.0):
/// System.evtx of DC1, 5009 records. Its firmware clock ran in local time, it was set up under two other names, and its
/// power button was held once.
const REAL_LOG: &str = include_str!("cases/dc1.jsonl");

#[test]
fn a_real_log_with_a_firmware_clock_in_local_time() {
    let saved = super::parse_jsonl(REAL_LOG.as_bytes());
    assert_eq!(saved.skipped, 0);
    let machines = judge(&saved.events);
    assert_eq!(machines.len(), 1, "renamed twice, one machine");
    let history = &machines[0].history;
    assert_eq!(
        ends(history),
        [
            End::CleanRestart,
            End::Update,
            End::PowerLossOrHang,
            End::CleanRestart,
            End::CleanRestart,
            End::CleanRestart,
            End::CleanPoweroff,
            End::ForcedOff,
            End::CleanPoweroff,
        ]
    );
    assert_eq!(started(history).len(), 8);
    let held = &history.boots[7];
    assert!(held.has_tag("clock_set_at_start"));
    assert!(held.started_at < held.ended_at);
    assert!(held.evidence.iter().any(|line| line.contains("1076")));
    for pair in history.boots.windows(2) {
        let [one, next] = pair else { continue };
        assert!(one.ended_at <= next.started_at, "{one:?} {next:?}");
    }
    // The same from the newest record to the oldest.
    let mut backwards = saved.events.clone();
    backwards.reverse();
    assert_eq!(&judge(&backwards)[0].history, history);
}

#[test]
fn a_clock_that_jumps_between_the_kernels_start_and_the_log_is_one_boot() {
    let two_hours = 7200;
    let mut log = working()
        .general(12, 5000 + two_hours)
        .unclean(5060, 4000)
        .log_service(6009, 5060)
        .log_service(6005, 5060)
        .power(
            41,
            5010 + two_hours,
            &[("PowerButtonTimestamp", "130849833260468750")],
        );
    log = log.add(
        "Microsoft-Windows-Kernel-General",
        1,
        5059,
        &[
            ("OldTime", &at(5058 + two_hours).to_string()),
            ("NewTime", &at(5058).to_string()),
        ],
    );
    let history = log.work(6000).history();
    assert_eq!(ends(&history), [End::ForcedOff, End::Running]);
    assert_eq!(history.boots[1].started_at, Some(at(5000)));
    assert!(history.boots[1].has_tag("clock_set_at_start"));
}

#[test]
fn a_machine_paused_after_its_start_keeps_its_start() {
    let history = Log::new()
        .started(0, 7)
        .add(
            "Microsoft-Windows-Kernel-General",
            1,
            100_000,
            &[
                ("OldTime", &at(300).to_string()),
                ("NewTime", &at(100_000).to_string()),
            ],
        )
        .work(100_100)
        .history();
    assert_eq!(history.boots[0].started_at, Some(at(0)));
}

/// [O]: woken only to go from sleep into hibernation, the summary of the short awakening stands after the next 42.
#[test]
fn a_summary_that_comes_late_is_no_second_awakening() {
    let wake = |second: i64| at(second).to_string();
    let history = working()
        .power(42, 1000, &[("TargetState", "4")])
        .power(107, 1001, &[])
        .power(42, 2010, &[("TargetState", "5")])
        .add(
            "Microsoft-Windows-Power-Troubleshooter",
            1,
            2011,
            &[("WakeTime", &wake(2009))],
        )
        .power(107, 2012, &[])
        .add(
            "Microsoft-Windows-Power-Troubleshooter",
            1,
            90_000,
            &[("WakeTime", &wake(89_990))],
        )
        .history();
    assert_eq!(history.resumes.len(), 2);
    assert_eq!(history.resumes[1].at, at(89_990));
}

#[test]
fn a_renamed_machine_is_one_where_the_stop_tells() {
    let mut old = working().asked(1100, "C:\\Windows\\Explorer.EXE (PC)", "restart");
    old = old.log_service(6006, 1101);
    let next = old.next;
    let mut new = Log::new();
    new.machine = "OFFICE-7";
    new.next = next;
    let new = new
        .kernel_started(1120, 8)
        .log_service(6009, 1125)
        .log_service(6005, 1125)
        .power(109, 1102, &[("ShutdownActionType", "5")])
        .general(13, 1103)
        .work(1200);
    let mut events = old.events;
    events.extend(new.events);
    let machines = judge(&events);
    assert_eq!(machines.len(), 1);
    assert_eq!(machines[0].machine, "OFFICE-7");
    assert_eq!(
        ends(&machines[0].history),
        [End::CleanRestart, End::Running]
    );
}

#[test]
fn one_damaged_number_breaks_no_log() {
    let mut log = working()
        .asked(1100, "C:\\Windows\\Explorer.EXE (PC)", "restart")
        .stopped(1101, "5")
        .started(1120, 8);
    for second in 0..40 {
        log = log.work(2000 + second);
    }
    let expected = log.history();
    log.events[5].record_id = 1 << 40;
    assert_eq!(log.history().boots.len(), expected.boots.len());
    assert!(log.history().blind_spots.is_empty());
}

#[test]
fn a_log_without_numbers_is_ordered_by_time() {
    let log = working()
        .asked(1100, "C:\\Windows\\Explorer.EXE (PC)", "restart")
        .stopped(1101, "5")
        .started(1120, 8);
    let mut plain = log.clone();
    for event in &mut plain.events {
        event.record_id = 0;
    }
    assert_eq!(ends(&plain.history()), ends(&log.history()));
    plain.events.reverse();
    assert_eq!(ends(&plain.history()), ends(&log.history()));
}

fn any_event() -> impl Strategy<Value = WinEvent> {
    let kinds = prop_oneof![
        Just(("User32", 1074_u32)),
        Just(("EventLog", 6005)),
        Just(("EventLog", 6006)),
        Just(("EventLog", 6008)),
        Just(("EventLog", 6009)),
        Just(("Kernel-General", 12)),
        Just(("Kernel-General", 13)),
        Just(("Kernel-Power", 41)),
        Just(("Kernel-Power", 42)),
        Just(("Kernel-Power", 107)),
        Just(("Kernel-Power", 109)),
        Just(("Kernel-Boot", 20)),
        Just(("Kernel-Boot", 27)),
        Just(("BugCheck", 1001)),
        Just(("Other", 1)),
    ];
    (
        kinds,
        0_u64..60,
        -1_000_000_i64..1_000_000,
        0_u64..20,
        proptest::collection::vec(any::<u8>(), 0..40),
    )
        .prop_map(|((provider, event_id), record_id, second, value, binary)| {
            let names = [
                "LastBootId",
                "BootType",
                "BugcheckCode",
                "PowerButtonTimestamp",
                "ShutdownActionType",
                "TargetState",
                "param1",
                "param5",
            ];
            let data: BTreeMap<String, String> = names
                .iter()
                .map(|name| ((*name).to_owned(), (value % 7).to_string()))
                .collect();
            WinEvent {
                machine: "PC".into(),
                provider: provider.into(),
                event_id,
                record_id,
                time: at(second),
                data,
                strings: Vec::new(),
                binary,
            }
        })
}

proptest! {
    #[test]
    fn any_events_give_an_honest_history(events in proptest::collection::vec(any_event(), 0..60)) {
        let machines = judge(&events);
        prop_assert_eq!(&machines, &judge(&events));
        prop_assert!(machines.len() <= 1);
        for machine in &machines {
            let history = &machine.history;
            let mut ids: Vec<&str> = history.boots.iter().map(|boot| boot.boot_id.as_str()).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), count, "a boot counted twice");
            prop_assert!(history.boots.iter().filter(|boot| boot.end == End::Running).count() <= 1);
            for (index, boot) in history.boots.iter().enumerate() {
                prop_assert!((0.0..=1.0).contains(&boot.confidence));
                if let (Some(start), Some(end)) = (boot.started_at, boot.ended_at) {
                    prop_assert!(end >= start);
                }
                if let (Some(end), Some(Some(start))) = (boot.ended_at, history.boots.get(index + 1).map(|next| next.started_at)) {
                    prop_assert!(end <= start);
                }
            }
        }
    }

    /// However many boots of whatever end, each start is one boot, and uploading it all again changes nothing.
    #[test]
    fn every_start_is_one_boot(plan in proptest::collection::vec(0_u8..6, 1..20), flushed_first in any::<bool>()) {
        let mut log = Log::new();
        let mut second = 0;
        let mut expected = Vec::new();
        let mut dirty: Option<Vec<(&str, &str)>> = None;
        for (count, kind) in (1_u64..).zip(&plan) {
            if flushed_first && dirty.is_none() {
                log = log.log_service(6009, second + 12).log_service(6005, second + 12).kernel_started(second, count);
            } else {
                log = match dirty.take() {
                    Some(fields) => log.started_dirty(second, count, &fields),
                    None => log.started(second, count),
                };
            }
            log = log.work(second + 600);
            let (next, end): (Log, End) = match kind {
                0 => (log.asked(second + 700, "explorer.exe", "restart").stopped(second + 701, "5"), End::CleanRestart),
                1 => (log.stopped(second + 701, "6"), End::CleanPoweroff),
                2 => { dirty = Some(vec![("BugcheckCode", "159")]); (log, End::Crash) }
                3 => { dirty = Some(vec![("PowerButtonTimestamp", "17")]); (log, End::ForcedOff) }
                4 => { dirty = Some(ZERO.to_vec()); (log, End::PowerLossOrHang) }
                _ => (slept(log, second + 610, "6", Some("1"), second + 650).stopped(second + 701, "5"), End::CleanRestart),
            };
            log = next;
            expected.push(end);
            second += 5_000;
        }
        log = match dirty.take() {
            Some(fields) => log.started_dirty(second, plan.len() as u64 + 1, &fields),
            None => log.started(second, plan.len() as u64 + 1),
        };
        expected.push(End::Running);
        let history = log.history();
        prop_assert_eq!(ends(&history), expected);
        let again = [log.events.clone(), log.events.clone()].concat();
        prop_assert_eq!(&judge(&again)[0].history, &history);
    }

    /// In whatever order the lines come, however often, and with other machines' between: the same boots.
    #[test]
    fn order_and_repetition_change_nothing(
        boots in 1_u64..12,
        order in proptest::collection::vec(any::<u32>(), 400),
        twice in proptest::collection::vec(any::<bool>(), 400),
    ) {
        let mut log = Log::new();
        for count in 0..boots {
            let second = count as i64 * 5_000;
            log = log.started(second, count).work(second + 60).asked(second + 700, "explorer.exe", "restart").stopped(second + 701, "5");
        }
        let expected = log.history();
        prop_assert_eq!(expected.boots.len() as u64, boots);
        let mut lines: Vec<(u32, WinEvent)> = Vec::new();
        for (index, event) in log.events.iter().enumerate() {
            let place = order.get(index % order.len()).copied().unwrap_or(0);
            lines.push((place, event.clone()));
            if twice.get(index % twice.len()).copied().unwrap_or(false) {
                lines.push((place.rotate_left(9), event.clone()));
            }
        }
        lines.sort_by_key(|(place, _)| *place);
        let shuffled: Vec<WinEvent> = lines.into_iter().map(|(_, event)| event).collect();
        let history = &judge(&shuffled)[0].history;
        let keys = |history: &BootHistory| {
            let mut keys: Vec<(Option<Timestamp>, End)> = history.boots.iter().map(|boot| (boot.started_at, boot.end)).collect();
            keys.sort_unstable();
            keys
        };
        // A few swapped lines look like another epoch of the log; a real shuffle does not.
        if history.blind_spots.is_empty() {
            prop_assert_eq!(keys(history), keys(&expected));
        }
        let mut starts: Vec<Option<Timestamp>> = history.boots.iter().map(|boot| boot.started_at).collect();
        let count = starts.len();
        starts.sort_unstable();
        starts.dedup();
        prop_assert_eq!(starts.len(), count, "a boot counted twice");
    }

    /// Blocks of records that are lost lose knowledge, never invent boots; the boots come in the order of the log.
    #[test]
    fn lost_blocks_invent_nothing(boots in 1_u64..12, lost in proptest::collection::vec((0_usize..120, 1_usize..30), 0..3)) {
        let mut log = Log::new();
        for count in 0..boots {
            let second = count as i64 * 5_000;
            log = log.started(second, count).work(second + 60).asked(second + 700, "explorer.exe", "restart").stopped(second + 701, "5");
        }
        let events: Vec<WinEvent> = log
            .events
            .iter()
            .enumerate()
            .filter(|(index, _)| !lost.iter().any(|(begin, length)| (*begin..begin + length).contains(index)))
            .map(|(_, event)| event.clone())
            .collect();
        for machine in judge(&events) {
            let told = machine.history.boots;
            prop_assert!(told.len() as u64 <= boots, "{told:?}");
            let starts: Vec<Timestamp> = told.iter().filter_map(|boot| boot.started_at).collect();
            prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1]), "{starts:?}");
            prop_assert!(told.iter().all(|boot| !boot.end.is_unexpected()), "{told:?}");
        }
    }

    /// Single lost records may leave half a boot that looks like one, but no alarm, and no boot twice.
    #[test]
    fn lost_records_raise_no_alarm(boots in 1_u64..12, kept in proptest::collection::vec(any::<bool>(), 200)) {
        let mut log = Log::new();
        for count in 0..boots {
            let second = count as i64 * 5_000;
            log = log.started(second, count).work(second + 60).asked(second + 700, "explorer.exe", "restart").stopped(second + 701, "5");
        }
        let events: Vec<WinEvent> = log
            .events
            .iter()
            .enumerate()
            .filter(|(index, _)| kept.get(index % kept.len()).copied().unwrap_or(true))
            .map(|(_, event)| event.clone())
            .collect();
        for machine in judge(&events) {
            let told = machine.history.boots;
            prop_assert!(told.len() as u64 <= boots + 1, "{told:?}");
            let starts: Vec<Timestamp> = told.iter().filter_map(|boot| boot.started_at).collect();
            prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1]), "{starts:?}");
            prop_assert!(told.iter().all(|boot| !boot.end.is_unexpected()), "{told:?}");
        }
    }
}
