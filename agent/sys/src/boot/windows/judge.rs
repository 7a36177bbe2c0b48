//! From kernel runs to boots and resumes. Pure.
//!
//! Invariant: each start gives one boot. 6006 says that the log service stopped, not that the machine did; 13 says that the
//! kernel did. 41, 6008 and a bugcheck report of one start are one incident. A boot that only the counter knows
//! (LastBootId) is a boot without a story, tagged "missing_from_log".
//!
//! Not here: ordering and grouping of records.

use jiff::{SignedDuration, Timestamp};

use super::order::{self, Machine};
use super::session::{self, Session, boot_type, sessions};
use super::{Kind, MachineHistory, WinEvent};
use crate::boot::{BootHistory, BootRecord, End, From, ResumeRecord};

/// A counter that jumps further is a restored image or a reinstalled system, not a string of boots without records.
const MAX_MISSING: u64 = 64;
/// A restart is over in this time: updates configure for many minutes.
const RESTART_WITHIN: SignedDuration = SignedDuration::from_mins(15);
/// MANUALLY_INITIATED_POWER_BUTTON_HOLD: the stop code of holding the button where firmware lets Windows see it.
const POWER_BUTTON_HOLD: u64 = 0x1C8;

/// The history of each machine in these events, by name.
pub fn judge(events: &[WinEvent]) -> Vec<MachineHistory> {
    order::machines(events)
        .into_iter()
        .map(|machine| MachineHistory {
            machine: machine.name.clone(),
            last_record: last_record(&machine),
            history: history(&machine),
        })
        .collect()
}

/// The newest record's time: until then the log speaks.
fn last_record(machine: &Machine<'_>) -> Option<Timestamp> {
    machine.epochs.last()?.last().map(|event| event.time)
}

fn history(machine: &Machine<'_>) -> BootHistory {
    let mut history = BootHistory::default();
    let last_epoch = machine.epochs.len().saturating_sub(1);
    for (index, epoch) in machine.epochs.iter().enumerate() {
        let mut story = Story {
            machine: &machine.name,
            history: &mut history,
            is_last_epoch: index == last_epoch,
        };
        story.tell(&sessions(epoch));
    }
    if machine.epochs.len() > 1 {
        history.blind_spots.push("boots: the log began anew (a restored snapshot or a new log); ends across the break are unknown".to_owned());
    }
    let is_cleared = machine
        .epochs
        .iter()
        .flatten()
        .any(|event| event.kind() == Kind::LogCleared);
    if is_cleared {
        history
            .blind_spots
            .push("boots: the log was cleared; what it held before is not known".to_owned());
    }
    unique_keys(&mut history);
    history
}

/// Two epochs may count the same BootId twice: the later one gets its start into its key; a replay is dropped.
fn unique_keys(history: &mut BootHistory) {
    let mut seen: std::collections::HashMap<String, Option<Timestamp>> =
        std::collections::HashMap::new();
    let mut by_start: std::collections::HashMap<Timestamp, usize> =
        std::collections::HashMap::new();
    let mut kept: Vec<BootRecord> = Vec::with_capacity(history.boots.len());
    for mut boot in std::mem::take(&mut history.boots) {
        // One start told by two epochs is one boot, and the one that knows its end tells it.
        let twin = boot
            .started_at
            .and_then(|start| by_start.get(&start))
            .and_then(|index: &usize| kept.get_mut(*index));
        if let Some(twin) = twin {
            if matches!(twin.end, End::Unknown | End::Running)
                && !matches!(boot.end, End::Unknown | End::Running)
            {
                boot.boot_id.clone_from(&twin.boot_id);
                *twin = boot;
            }
            continue;
        }
        if let Some(start) = seen.get(&boot.boot_id) {
            if *start == boot.started_at {
                continue;
            }
            let suffix = boot
                .started_at
                .map_or(kept.len() as i64, Timestamp::as_second);
            boot.boot_id = format!("{}@{suffix}", boot.boot_id);
            if seen.contains_key(&boot.boot_id) {
                continue;
            }
        }
        seen.insert(boot.boot_id.clone(), boot.started_at);
        if let Some(start) = boot.started_at {
            by_start.insert(start, kept.len());
        }
        kept.push(boot);
    }
    // Across a break of the log the clocks need not agree either.
    let starts: Vec<Option<Timestamp>> = kept.iter().map(|boot| boot.started_at).collect();
    for (boot, next) in kept.iter_mut().zip(starts.into_iter().skip(1)) {
        boot.end_before(next);
    }
    history.boots = kept;
}

/// Tells one epoch into the history.
struct Story<'h> {
    machine: &'h str,
    history: &'h mut BootHistory,
    is_last_epoch: bool,
}

/// What the next start says of this run, and what lies between.
struct Next<'s, 'a> {
    session: &'s Session<'a>,
    /// Boots between the two that left no records; `None` when the counter is not told.
    missing: Option<u64>,
}

impl Story<'_> {
    fn tell(&mut self, sessions: &[Session<'_>]) {
        let ids = boot_ids(sessions);
        for (index, session) in sessions.iter().enumerate() {
            let next = sessions.get(index + 1).map(|next| Next {
                session: next,
                missing: missing(&ids, index),
            });
            let id = ids.get(index).copied().flatten();
            let key = self.key(session, id);
            self.resumes(session, &key);
            let (boot, failed) = self.boot(session, key, next.as_ref());
            self.history.boots.extend(boot);
            if let Some(next) = &next {
                self.unlogged(next, ids.get(index + 1).copied().flatten(), failed);
            }
        }
    }

    fn key(&self, session: &Session<'_>, id: Option<u64>) -> String {
        match (id, session.started_at()) {
            (Some(id), _) => format!("{}:{id}", self.machine),
            (None, Some(start)) => format!("{}:t{}", self.machine, start.as_second()),
            (None, None) => format!("{}:before", self.machine),
        }
    }

    /// This run's record, and that of a failed start after it. A run that began before the log is a boot only if the log
    /// shows its end.
    fn boot(
        &self,
        session: &Session<'_>,
        key: String,
        next: Option<&Next<'_, '_>>,
    ) -> (Option<BootRecord>, Option<BootRecord>) {
        let mut boot = BootRecord::new(key, session.true_start());
        if boot.started_at.or(session.started_at()) != session.started_at() {
            boot.tag("clock_set_at_start");
            boot.because("Kernel-General 1: the clock was wrong at the start and set soon after");
        }
        let failed = match next {
            Some(next) => ended(&mut boot, session, next),
            None => {
                still_running(&mut boot, session, self.is_last_epoch);
                None
            }
        };
        match &session.start {
            Some(start) => {
                boot.os_version = start.os_version().unwrap_or_default();
                note_start(&mut boot, start);
            }
            None => boot.tag("started_before_log"),
        }
        let next_start = next.and_then(|next| next.session.true_start());
        boot.end_before(next_start);
        boot.settle_times();
        let is_told = session.start.is_some() || (next.is_some() && boot.end != End::Unknown);
        (is_told.then_some(boot), failed)
    }

    /// Boots between this run and the next that only the counter knows.
    fn unlogged(&mut self, next: &Next<'_, '_>, next_id: Option<u64>, failed: Option<BootRecord>) {
        let missing = next.missing.unwrap_or(0);
        if missing > MAX_MISSING {
            self.history.blind_spots.push(
                "boots: the boot counter jumped too far to be believed; boots may be missing"
                    .to_owned(),
            );
        }
        let missing = if missing > MAX_MISSING { 0 } else { missing };
        let total = missing.max(u64::from(failed.is_some()));
        let mut failed = failed;
        for back in (1..=total).rev() {
            let key = match next_id.and_then(|id| id.checked_sub(back)) {
                Some(id) => format!("{}:{id}", self.machine),
                None => format!(
                    "{}:before-{}",
                    self.machine,
                    next.session.started_at().map_or(0, Timestamp::as_second)
                ),
            };
            // The last attempt before the start that came up is the one that 41 speaks of.
            let mut boot = match failed.take_if(|_| back == 1) {
                Some(mut failed) => {
                    failed.boot_id = key;
                    failed
                }
                None => {
                    let mut boot = BootRecord::new(key, None);
                    boot.because("Kernel-Boot 20: LastBootId counts a boot that left no records");
                    boot
                }
            };
            if missing > 0 {
                boot.tag("missing_from_log");
            }
            self.history.boots.push(boot);
        }
    }

    fn resumes(&mut self, session: &Session<'_>, key: &str) {
        let mut wakes: Vec<Wake> = Vec::new();
        let mut asleep: Option<&WinEvent> = None;
        for event in &session.events {
            let kind = event.kind();
            match kind {
                Kind::EnterSleep => {
                    asleep = Some(event);
                    if let Some(wake) = wakes.last_mut() {
                        wake.is_over = true;
                    }
                }
                Kind::WakeSummary if is_of_earlier_sleep(event, asleep) && !wakes.is_empty() => {
                    if let Some(wake) = wakes.iter_mut().rev().find(|wake| wake.is_over) {
                        wake.note_summary();
                    }
                }
                Kind::Resumed | Kind::WakeSummary => note_wake(&mut wakes, event, kind, asleep),
                Kind::BootType if boot_type(event).is_some_and(|kind| kind != 0) => {
                    note_wake(&mut wakes, event, kind, asleep)
                }
                _ => {}
            }
        }
        self.history
            .resumes
            .extend(wakes.into_iter().map(|wake| ResumeRecord {
                boot_id: key.to_owned(),
                at: wake.at,
                from: wake.from,
                evidence: wake.evidence,
            }));
    }
}

/// BootId of each run where its start tells it. The run before the log has the id that its successor calls the last, unless
/// boots are missing between, which nobody can tell.
fn boot_ids(sessions: &[Session<'_>]) -> Vec<Option<u64>> {
    let told = |index: usize| {
        sessions
            .get(index)
            .and_then(|session| session.start.as_ref()?.boot_id())
    };
    (0..sessions.len())
        .map(|index| match index {
            0 => told(1).and_then(|id| id.checked_sub(1)),
            _ => told(index),
        })
        .collect()
}

/// Boots that the counter saw between run `index` and the next. Runs without a told counter lie between told ones and are
/// not missing.
fn missing(ids: &[Option<u64>], index: usize) -> Option<u64> {
    let next = ids.get(index + 1).copied().flatten()?;
    let (steps, last) = ids
        .get(..=index)?
        .iter()
        .rev()
        .enumerate()
        .find_map(|(back, id)| Some((back as u64 + 1, (*id)?)))?;
    // Lower than before: the counter began anew.
    next.checked_sub(last)
        .map(|jump| jump.saturating_sub(steps))
}

fn note_start(boot: &mut BootRecord, start: &session::Start<'_>) {
    if start.kernel_start.is_some() {
        boot.because("Kernel-General 12: the kernel started");
    } else if start.banner.is_some() || start.log_started.is_some() {
        boot.because("EventLog 6009/6005: the log service started with the system");
    } else {
        boot.because("records of a start without the kernel's own");
    }
}

/// The newest run of the log.
fn still_running(boot: &mut BootRecord, session: &Session<'_>, is_last_epoch: bool) {
    let stop = Stop::of(session);
    if stop.is_finished() {
        stop.finish(boot, None);
        return;
    }
    if is_last_epoch {
        boot.because("no later record: it ran when the log ends");
        boot.judged(End::Running, 0.9);
    } else {
        boot.because("the log was replaced during this boot");
        boot.tag("log_replaced");
        boot.judged(End::Unknown, 0.1);
    }
}

/// Judges a run that a start follows. Returns the failed start between them, if the records speak of one.
fn ended(boot: &mut BootRecord, session: &Session<'_>, next: &Next<'_, '_>) -> Option<BootRecord> {
    let stop = Stop::of(session);
    let incident = Incident::of(next.session);
    let next_start = next.session.true_start();
    if session.last(Kind::BatteryCritical).is_some() {
        boot.tag("battery_low");
        boot.because("Kernel-Power 524: the battery was critical");
    }
    let Some(incident) = incident else {
        if stop.is_begun() {
            stop.finish(boot, pause(&stop, session, next_start));
        } else {
            no_stop(boot, session, next, &stop);
        }
        return None;
    };
    if incident.is_of_failed_start(&stop, next.missing) {
        stop.finish(boot, pause(&stop, session, next_start));
        let mut failed = BootRecord::new("", None);
        incident.describe(&mut failed);
        failed.because("the run before it had stopped in order: a start in between died");
        failed.judged(
            End::FailedBoot,
            if next.missing.is_some_and(|missing| missing > 0) {
                0.8
            } else {
                0.5
            },
        );
        return Some(failed);
    }
    let horizon = next_start.min(next.session.started_at());
    boot.ended_at = incident.last_alive.max(session.last_sign(horizon));
    incident.describe(boot);
    if next.session.last(Kind::ReasonGiven).is_some() {
        boot.because("User32 1076: somebody gave a reason for it afterwards");
    }
    if stop.is_begun() {
        boot.tag("during_shutdown");
        boot.because("a stop was begun and did not finish");
        boot.initiator.clone_from(&stop.initiator);
    }
    if stop.is_asleep {
        boot.tag("while_asleep");
        boot.because("Kernel-Power 42: it had gone to sleep and not come back");
    }
    None
}

/// Neither a stop nor an incident: sysprep, a cleared log, a hibernated image that was thrown away.
fn no_stop(boot: &mut BootRecord, session: &Session<'_>, next: &Next<'_, '_>, stop: &Stop<'_>) {
    if session
        .last(Kind::LogCleared)
        .or_else(|| next.session.last(Kind::LogCleared))
        .is_some()
    {
        boot.tag("log_cleared");
        boot.because("Eventlog 104: the log was cleared");
    }
    if stop.is_hybrid_off {
        boot.because("Kernel-Power 42: shut down with fast startup, then a full start");
        boot.tag("hybrid_image_discarded");
        boot.judged(End::CleanPoweroff, 0.6);
        return;
    }
    boot.because("no record of a stop");
    boot.judged(End::Unknown, 0.1);
}

fn pause(
    stop: &Stop<'_>,
    session: &Session<'_>,
    next: Option<Timestamp>,
) -> Option<SignedDuration> {
    let ended = stop.ended_at().or_else(|| session.last_sign(next))?;
    let pause = next?.duration_since(ended);
    (!pause.is_negative()).then_some(pause)
}

/// What a run's own records say of its stop.
struct Stop<'a> {
    /// Kernel-General 13.
    kernel: Option<&'a WinEvent>,
    /// Kernel-Power 109's action.
    action: Option<u64>,
    has_transition: bool,
    /// EventLog 6006.
    log: Option<&'a WinEvent>,
    /// User32 1074, if nothing undid it.
    asked: Option<&'a WinEvent>,
    initiator: String,
    /// Entered sleep and did not come back.
    is_asleep: bool,
    /// That sleep was a shutdown with fast startup.
    is_hybrid_off: bool,
}

impl<'a> Stop<'a> {
    fn of(session: &Session<'a>) -> Self {
        let mut log = None;
        let mut asked = None;
        let mut asleep: Option<&WinEvent> = None;
        for event in &session.events {
            match event.kind() {
                Kind::LogStopped => log = Some(*event),
                Kind::StopAsked => asked = Some(*event),
                Kind::EnterSleep => asleep = Some(event),
                Kind::Resumed | Kind::WakeSummary => {
                    asleep = None;
                }
                // Fast startup: what was asked for has happened, and the kernel lives on.
                Kind::BootType if boot_type(event).is_some_and(|kind| kind != 0) => {
                    asleep = None;
                    asked = None;
                    log = None;
                }
                // The log service was stopped and started by hand.
                Kind::LogStarted if log.is_some() => log = None,
                _ => {}
            }
        }
        let is_hybrid_off =
            asleep.is_some_and(|event| event.number("TargetState") == Some(SHUTDOWN_STATE));
        Self {
            kernel: session.kernel_stop,
            action: session
                .transition
                .and_then(|event| event.number("ShutdownActionType")),
            has_transition: session.transition.is_some(),
            log,
            asked,
            initiator: asked.map(initiator).unwrap_or_default(),
            is_asleep: asleep.is_some(),
            is_hybrid_off,
        }
    }

    /// The kernel or at least the log service stopped in order.
    fn is_finished(&self) -> bool {
        self.kernel.is_some() || self.log.is_some()
    }

    fn is_begun(&self) -> bool {
        self.is_finished() || self.has_transition || (self.asked.is_some() && !self.is_asleep)
    }

    fn ended_at(&self) -> Option<Timestamp> {
        self.kernel
            .map(|event| event.named_time("StopTime").unwrap_or(event.time))
            .or_else(|| self.log.map(|event| event.time))
    }

    /// A stop in order: which, and how sure.
    fn finish(&self, boot: &mut BootRecord, pause: Option<SignedDuration>) {
        boot.ended_at = self
            .ended_at()
            .or_else(|| self.asked.map(|event| event.time));
        boot.initiator.clone_from(&self.initiator);
        let mut sure: f64 = 0.5;
        if self.asked.is_some() {
            boot.because("User32 1074: a stop was asked for");
            sure += 0.1;
        }
        if self.log.is_some() {
            boot.because("EventLog 6006: the log service stopped");
            sure += 0.15;
        }
        if self.has_transition {
            boot.because("Kernel-Power 109: the kernel began to stop");
            sure += 0.1;
        }
        if self.kernel.is_some() {
            boot.because("Kernel-General 13: the kernel stopped");
            sure += 0.2;
        }
        let sure = sure.min(0.97);
        match self.is_restart() {
            Some(true) => boot.judged(End::CleanRestart, sure),
            Some(false) => boot.judged(End::CleanPoweroff, sure),
            None => match pause {
                Some(pause) if pause <= RESTART_WITHIN => {
                    boot.judged(End::CleanRestart, (sure - 0.15).max(0.4))
                }
                Some(_) => boot.judged(End::CleanPoweroff, (sure - 0.2).max(0.4)),
                None => boot.judged(End::CleanRestart, (sure - 0.3).max(0.3)),
            },
        }
        if boot.end == End::CleanRestart && self.initiator == UPDATE {
            boot.because("User32 1074: asked for by an update");
            boot.end = End::Update;
        }
    }

    fn is_restart(&self) -> Option<bool> {
        match self.action {
            // POWER_ACTION: ShutdownReset; Shutdown and ShutdownOff.
            Some(5) => return Some(true),
            Some(4 | 6) => return Some(false),
            _ => {}
        }
        shutdown_type(self.asked?.parameter(5)?)
    }
}

/// SYSTEM_POWER_STATE PowerSystemShutdown, and PowerSystemHibernate.
const SHUTDOWN_STATE: u64 = 6;
const HIBERNATE_STATE: u64 = 5;

const UPDATE: &str = "update";

/// 1074's shutdown type is localised: word beginnings of the languages that Windows is most used in.
fn shutdown_type(text: &str) -> Option<bool> {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&[
        "restart",
        "reboot",
        "neu start",
        "neustart",
        "redémarr",
        "reinici",
        "riavvi",
        "opnieuw",
        "перезагр",
        "再起動",
        "重新启动",
        "重启",
        "重新啟動",
        "다시 시작",
        "omstart",
        "starta om",
        "genstart",
        "uruchom",
        "yeniden",
        "إعادة",
        "επανεκκίνηση",
        "újraind",
        "käynnistä uud",
    ]) {
        return Some(true);
    }
    says(&[
        "power off",
        "poweroff",
        "shutdown",
        "shut down",
        "herunterfahren",
        "ausschalten",
        "arrêt",
        "apag",
        "deslig",
        "encerr",
        "arrest",
        "spegn",
        "afsluit",
        "uitschakel",
        "выключ",
        "завершен",
        "シャットダウン",
        "電源",
        "关机",
        "关闭",
        "關機",
        "시스템 종료",
        "전원",
        "stäng",
        "lukk",
        "zamkn",
        "wyłącz",
        "kapat",
        "إيقاف",
        "leáll",
    ])
    .then_some(false)
}

/// Who asked, as a word: "update", "user", or a program's base name.
fn initiator(event: &WinEvent) -> String {
    let process = event.parameter(1).unwrap_or_default();
    // "C:\WINDOWS\servicing\TrustedInstaller.exe (PC)"
    let path = process.split(" (").next().unwrap_or_default();
    let name: String = path
        .rsplit(['\\', '/'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .take(40)
        .collect();
    if UPDATERS.contains(&name.as_str()) || is_update_reason(event, &name) {
        return UPDATE.to_owned();
    }
    if PEOPLE.contains(&name.as_str()) {
        return "user".to_owned();
    }
    name.trim_end_matches(".exe").to_owned()
}

const UPDATERS: [&str; 12] = [
    "trustedinstaller.exe",
    "mousocoreworker.exe",
    "usocoreworker.exe",
    "usoclient.exe",
    "musnotification.exe",
    "musnotificationux.exe",
    "musnotifyicon.exe",
    "tiworker.exe",
    "wuauclt.exe",
    "setuphost.exe",
    "setupprep.exe",
    "windowsupdatebox.exe",
];

/// The programs behind the start menu's and the welcome screen's buttons.
const PEOPLE: [&str; 6] = [
    "explorer.exe",
    "startmenuexperiencehost.exe",
    "runtimebroker.exe",
    "logonui.exe",
    "winlogon.exe",
    "shellexperiencehost.exe",
];

/// Reason codes (SHTDN_REASON): planned flag 0x80000000, major 2 operating system, minors of servicing: upgrade, service
/// pack, hotfix, security fix, and their removals.
fn is_update_reason(event: &WinEvent, process: &str) -> bool {
    const PLANNED: u64 = 0x8000_0000;
    let text_says_planned = event
        .parameter(3)
        .is_some_and(|text| text.contains("(Planned)"));
    let Some(code) = event.parameter(4).and_then(super::event::number) else {
        return process == "svchost.exe" && text_says_planned;
    };
    let is_planned = code & PLANNED != 0 || text_says_planned;
    let is_system = (code >> 16) & 0xff == 2;
    let is_servicing = matches!(code & 0xff, 0x03 | 0x10 | 0x11 | 0x12 | 0x16 | 0x17 | 0x18);
    is_planned && is_system && (is_servicing || process == "svchost.exe")
}

/// 41, 6008 and a bugcheck report of one start: one incident.
struct Incident<'a> {
    dirty: Option<&'a WinEvent>,
    is_unclean: bool,
    stop_code: Option<u64>,
    has_report: bool,
    last_alive: Option<Timestamp>,
}

impl<'a> Incident<'a> {
    fn of(next: &Session<'a>) -> Option<Self> {
        let start = next.start.as_ref()?;
        if start.dirty.is_none() && start.unclean.is_none() && start.bugcheck.is_none() {
            return None;
        }
        let from_dirty = start
            .dirty
            .and_then(|event| event.number("BugcheckCode"))
            .filter(|code| *code != 0);
        let from_report = start.bugcheck.and_then(reported_code);
        Some(Self {
            dirty: start.dirty,
            is_unclean: start.unclean.is_some(),
            stop_code: from_dirty.or(from_report),
            has_report: start.bugcheck.is_some(),
            last_alive: start.unclean.and_then(WinEvent::last_alive),
        })
    }

    /// The run before had stopped, so this speaks of a start between them that died before its log came up.
    fn is_of_failed_start(&self, stop: &Stop<'_>, missing: Option<u64>) -> bool {
        let has_gap = missing.is_some_and(|missing| missing > 0);
        if stop.kernel.is_some() {
            return has_gap || (missing.is_none() && !self.is_unclean);
        }
        stop.log.is_some() && !self.is_unclean && (has_gap || missing.is_none())
    }

    fn says(&self, field: &str) -> bool {
        self.dirty
            .and_then(|event| event.number(field))
            .is_some_and(|value| value != 0)
    }

    /// Class, code, tags and evidence of the unexpected end.
    fn describe(&self, boot: &mut BootRecord) {
        if self.dirty.is_some() {
            boot.because("Kernel-Power 41: started without a clean stop before");
        }
        if self.is_unclean {
            boot.because("EventLog 6008: the stop before was unexpected");
        }
        if self.has_report {
            boot.because("WER-SystemErrorReporting 1001: a stop error was reported");
        }
        if self.says("SleepInProgress") {
            boot.tag("during_sleep_transition");
        }
        if self.says("ConnectedStandbyInProgress") {
            boot.tag("during_standby");
        }
        let held = self.says("PowerButtonTimestamp") || self.says("LongPowerButtonPressDetected");
        if let Some(code) = self.stop_code {
            boot.stop_code = format!("0x{code:08X}");
            boot.because("a stop code was recorded");
        }
        match self.stop_code {
            Some(POWER_BUTTON_HOLD) => self.forced(boot),
            Some(_) => boot.judged(End::Crash, 0.95),
            None if self.has_report => boot.judged(End::Crash, 0.9),
            None if held => self.forced(boot),
            None => {
                let both = self.dirty.is_some() && self.is_unclean;
                boot.judged(End::PowerLossOrHang, if both { 0.85 } else { 0.7 });
            }
        }
    }

    fn forced(&self, boot: &mut BootRecord) {
        boot.because("Kernel-Power 41: the power button was held");
        "power_button".clone_into(&mut boot.initiator);
        boot.judged(End::ForcedOff, 0.9);
    }
}

/// "0x00000154 (0x..., ...)", the first parameter of 1001.
fn reported_code(event: &WinEvent) -> Option<u64> {
    let text = event.parameter(1)?;
    let word = text
        .split(|c: char| c.is_whitespace() || c == '(')
        .find(|word| word.starts_with("0x"))?;
    super::event::number(word)
}

/// One awakening, told by up to three records: each kind once, and none after the next falling asleep. Their times differ
/// by the whole sleep: 107 of a hibernation carries the moment before the power went off.
struct Wake {
    at: Timestamp,
    from: From,
    kinds: Vec<Kind>,
    evidence: Vec<String>,
    is_over: bool,
}

impl Wake {
    fn note_summary(&mut self) {
        if !self.kinds.contains(&Kind::WakeSummary) {
            self.kinds.push(Kind::WakeSummary);
            self.evidence
                .push("Power-Troubleshooter 1: woke".to_owned());
        }
    }
}

/// Windows sums up a short awakening only when it has gone on to hibernate: the summary then stands after the next 42, and
/// tells a time before it.
fn is_of_earlier_sleep(summary: &WinEvent, asleep: Option<&WinEvent>) -> bool {
    match (summary.named_time("WakeTime"), asleep) {
        (Some(woke), Some(asleep)) => woke < asleep.time,
        _ => false,
    }
}

fn note_wake(wakes: &mut Vec<Wake>, event: &WinEvent, kind: Kind, asleep: Option<&WinEvent>) {
    let is_same = wakes
        .last()
        .is_some_and(|wake| !wake.is_over && !wake.kinds.contains(&kind));
    if !is_same {
        wakes.push(Wake {
            at: event.time,
            from: slept_as(asleep),
            kinds: Vec::new(),
            evidence: Vec::new(),
            is_over: false,
        });
    }
    let Some(wake) = wakes.last_mut() else { return };
    match (kind, boot_type(event)) {
        (Kind::BootType, Some(1)) => {
            wake.at = event.time;
            wake.from = From::HybridBoot;
            wake.evidence
                .push("Kernel-Boot 27: BootType 1 (fast startup)".to_owned());
        }
        (Kind::BootType, _) => {
            wake.at = event.time;
            wake.from = From::Hibernate;
            wake.evidence
                .push("Kernel-Boot 27: BootType 2 (hibernation)".to_owned());
        }
        (Kind::Resumed, _) => wake.evidence.push("Kernel-Power 107: resumed".to_owned()),
        _ => {
            if !wake.kinds.contains(&Kind::BootType) {
                wake.at = event.named_time("WakeTime").unwrap_or(event.time);
            }
            wake.evidence
                .push("Power-Troubleshooter 1: woke".to_owned());
        }
    }
    wake.kinds.push(kind);
}

/// From Kernel-Power 42's target, where no boot type tells.
fn slept_as(asleep: Option<&WinEvent>) -> From {
    match asleep.and_then(|event| event.number("TargetState")) {
        Some(SHUTDOWN_STATE) => From::HybridBoot,
        Some(HIBERNATE_STATE) => From::Hibernate,
        _ => From::Sleep,
    }
}
