//! From records to boots. Pure: same records, same history.
//!
//! Invariant: every boot_id gives exactly one boot; a time-keyed wtmp start gives one only where no boot_id covers it; the
//! end of a boot is decided by the strongest trace, in the order of [`end_of`].
//!
//! Not here: reading anything.

use jiff::{SignedDuration, Timestamp};

use super::super::{BootHistory, BootRecord, End, ResumeRecord};
use super::journal::{Head, Reset, State, Stop, Tail};
use super::pstore::{Dump, Kind as DumpKind};
use super::wtmp::{self, Towards};
use super::{Records, WTMP_KEY};

/// wtmp writes a start when user space comes up, the journal begins with the kernel: firmware and disk checks lie between.
const START_SLACK: SignedDuration = SignedDuration::from_secs(300);
/// A clock below this has not been set since the battery died: no laptop of today existed.
const CLOCK_UNSET_BEFORE: i64 = 978_307_200; // 2001-01-01
/// A restart is over in this time; a longer pause after a clean stop of unknown kind was a power-off.
const RESTART_WITHIN: SignedDuration = SignedDuration::from_secs(300);

/// A boot and what belongs to it, before its end is decided.
#[derive(Debug, Default)]
struct Draft<'a> {
    record: Option<BootRecord>,
    is_current: bool,
    tail: Option<&'a Tail>,
    head: Option<&'a Head>,
    last_sign: Option<Timestamp>,
    /// wtmp knows this start.
    in_wtmp: bool,
    shutdown: Option<(Timestamp, Towards)>,
    dump: Option<&'a Dump>,
    /// A crash kernel followed it.
    crash_kernel_followed: bool,
}

impl Draft<'_> {
    fn start(&self) -> Option<Timestamp> {
        self.record.as_ref()?.started_at
    }
}

/// The history that these records tell.
pub fn judge(records: &Records) -> BootHistory {
    let mut history = BootHistory {
        blind_spots: records.blind_spots.clone(),
        ..BootHistory::default()
    };
    if let Some(sentence) = records.host.blind_spot() {
        history.blind_spots.push(sentence.to_owned());
        return history;
    }
    let mut drafts = drafts_of_journal(records);
    add_current(records, &mut drafts);
    if let Some(entries) = &records.wtmp {
        add_wtmp(entries, &mut drafts);
    }
    for dump in &records.dumps {
        place_dump(dump, &mut drafts);
    }
    let ends: Vec<BootRecord> = (0..drafts.len())
        .filter_map(|index| decide(&drafts, index, records))
        .collect();
    history.boots = ends;
    history.resumes = resumes(records, &history.boots);
    history
}

fn is_set(time: Timestamp) -> bool {
    time.as_second() >= CLOCK_UNSET_BEFORE
}

fn drafts_of_journal(records: &Records) -> Vec<Draft<'_>> {
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for boot in &records.journal {
        if boot.head.as_ref().is_some_and(|head| head.is_crash_kernel) {
            if let Some(before) = drafts.last_mut() {
                before.crash_kernel_followed = true;
            }
            continue;
        }
        if drafts.iter().any(|draft| {
            draft
                .record
                .as_ref()
                .is_some_and(|record| record.boot_id == boot.boot_id)
        }) {
            continue;
        }
        let mut record = BootRecord::new(boot.boot_id.clone(), Some(boot.first));
        if !is_set(boot.first) {
            record.started_at = corrected_start(boot.last, boot.tail.as_ref());
            record.tag("clock_corrected");
        }
        if let Some(head) = &boot.head {
            record.os_version.clone_from(&head.kernel);
        }
        drafts.push(Draft {
            record: Some(record),
            tail: boot.tail.as_ref(),
            head: boot.head.as_ref(),
            last_sign: Some(boot.last).filter(|time| is_set(*time)),
            ..Draft::default()
        });
    }
    drafts
}

/// The clock was set during this boot: count back from its last line by the clock that only runs.
fn corrected_start(last: Timestamp, tail: Option<&Tail>) -> Option<Timestamp> {
    let since = SignedDuration::try_from(tail?.since_boot?).ok()?;
    is_set(last).then(|| last.checked_sub(since).ok()).flatten()
}

fn add_current<'a>(records: &'a Records, drafts: &mut Vec<Draft<'a>>) {
    let Some(current) = &records.current else {
        return;
    };
    let known = drafts.iter().position(|draft| {
        draft
            .record
            .as_ref()
            .is_some_and(|record| record.boot_id.eq_ignore_ascii_case(&current.boot_id))
    });
    let index = known.unwrap_or_else(|| {
        drafts.push(Draft {
            record: Some(BootRecord::new(current.boot_id.clone(), None)),
            ..Draft::default()
        });
        drafts.len() - 1
    });
    // Whatever the list's order says, the running boot is the newest.
    let mut draft = drafts.remove(index);
    draft.is_current = true;
    if let Some(record) = &mut draft.record {
        record.boot_id.clone_from(&current.boot_id);
        record.started_at = is_set(current.started_at).then_some(current.started_at);
        record.os_version.clone_from(&current.kernel);
    }
    drafts.push(draft);
}

/// One start in wtmp with what follows it.
struct Run {
    start: Timestamp,
    shutdown: Option<(Timestamp, Towards)>,
}

fn runs(entries: &[wtmp::Entry]) -> Vec<Run> {
    let mut out: Vec<Run> = Vec::new();
    let mut old = None;
    for entry in entries {
        match entry.kind {
            wtmp::Kind::Boot => out.push(Run {
                start: entry.at,
                shutdown: None,
            }),
            wtmp::Kind::Shutdown(towards) => {
                if let Some(run) = out.last_mut() {
                    // sysvinit and systemd may both write; the one that says where it goes wins.
                    let known = run.shutdown.map_or(Towards::Unsaid, |(_, known)| known);
                    let best = if towards == Towards::Unsaid {
                        known
                    } else {
                        towards
                    };
                    run.shutdown = Some((entry.at, best));
                }
            }
            wtmp::Kind::OldTime => old = Some(entry.at),
            wtmp::Kind::NewTime => {
                // A start under an unset clock moves with the clock's correction.
                if let (Some(old), Some(run)) = (old.take(), out.last_mut())
                    && !is_set(run.start)
                    && let Ok(start) = entry.at.checked_sub(old.duration_since(run.start))
                {
                    run.start = start;
                }
            }
        }
    }
    out
}

fn add_wtmp(entries: &[wtmp::Entry], drafts: &mut Vec<Draft<'_>>) {
    let runs = runs(entries);
    for (index, run) in runs.iter().enumerate() {
        if !is_set(run.start) {
            continue;
        }
        let next = runs.get(index + 1).map(|next| next.start);
        if let Some(draft) = owner_of(run, next, drafts) {
            // A soft reboot writes a second start into the same boot; its last shutdown record counts.
            draft.in_wtmp = true;
            draft.shutdown = run.shutdown.or(draft.shutdown);
            continue;
        }
        let mut record = BootRecord::new(
            format!("{WTMP_KEY}{}", run.start.as_second()),
            Some(run.start),
        );
        record.because("wtmp: a start that no journal covers");
        let at = drafts
            .iter()
            .position(|draft| draft.start().is_some_and(|start| start > run.start))
            .unwrap_or(drafts.len());
        let draft = Draft {
            record: Some(record),
            in_wtmp: true,
            shutdown: run.shutdown,
            ..Draft::default()
        };
        // Never behind the running boot, whatever a wrong clock says.
        let at = if drafts.last().is_some_and(|last| last.is_current) {
            at.min(drafts.len() - 1)
        } else {
            at
        };
        drafts.insert(at, draft);
    }
}

/// The boot whose span covers this start.
fn owner_of<'d, 'a>(
    run: &Run,
    next: Option<Timestamp>,
    drafts: &'d mut [Draft<'a>],
) -> Option<&'d mut Draft<'a>> {
    let covering = drafts.iter().rposition(|draft| covers(draft, run.start));
    let index = covering.or_else(|| beheaded(run, next, drafts))?;
    let draft = drafts.get_mut(index)?;
    if covering.is_none()
        && let Some(record) = &mut draft.record
    {
        record.started_at = Some(run.start);
        record.because("wtmp: the start of a boot whose first journal lines are gone");
    }
    Some(draft)
}

fn covers(draft: &Draft<'_>, time: Timestamp) -> bool {
    let Some(start) = draft.start() else {
        return false;
    };
    let is_wtmp_only = draft.tail.is_none() && draft.last_sign.is_none() && !draft.is_current;
    if is_wtmp_only {
        return start == time;
    }
    let early = start.checked_sub(START_SLACK).unwrap_or(start);
    let late = if draft.is_current {
        None
    } else {
        draft.last_sign
    };
    time >= early && late.is_none_or(|late| time <= late)
}

/// The journal drops its oldest lines, so its oldest boot may begin long after its kernel did: the first boot after this
/// start, if no other start lies between, this one was not shut down before it, and its lines do not begin with a kernel.
fn beheaded(run: &Run, next: Option<Timestamp>, drafts: &[Draft<'_>]) -> Option<usize> {
    let index = drafts
        .iter()
        .position(|draft| draft.start().is_some_and(|start| start > run.start))?;
    let draft = drafts.get(index)?;
    let start = draft.start()?;
    let is_oldest = drafts
        .iter()
        .take(index)
        .all(|draft| draft.last_sign.is_none());
    let lacks_kernel = draft.head.is_some_and(|head| head.kernel.is_empty());
    let went_on = run.shutdown.is_none_or(|(stop, _)| stop >= start);
    let is_alone = next.is_none_or(|next| next > start);
    (is_oldest && lacks_kernel && !draft.is_current && went_on && is_alone).then_some(index)
}

fn place_dump<'a>(dump: &'a Dump, drafts: &mut [Draft<'a>]) {
    let Some(containing) = drafts
        .iter()
        .rposition(|draft| draft.start().is_some_and(|start| start <= dump.at))
    else {
        return;
    };
    let runs_now = drafts.get(containing).is_some_and(|draft| draft.is_current);
    // A copy with the storing boot's time belongs to the boot before; so does a death that the running boot cannot have
    // died.
    let index = if !dump.is_own_time || (runs_now && dump.kind != DumpKind::Oops) {
        containing.checked_sub(1)
    } else {
        Some(containing)
    };
    if let Some(draft) = index.and_then(|index| drafts.get_mut(index))
        && draft
            .dump
            .is_none_or(|known| (known.kind, known.title.len()) < (dump.kind, dump.title.len()))
    {
        draft.dump = Some(dump);
    }
}

fn decide(drafts: &[Draft<'_>], index: usize, records: &Records) -> Option<BootRecord> {
    let draft = drafts.get(index)?;
    let mut record = draft.record.clone()?;
    if draft.is_current {
        record.judged(End::Running, 1.0);
        record.because("boot_id: the running kernel's");
        return Some(record);
    }
    let next = drafts.get(index + 1);
    record.ended_at = draft.shutdown.map(|(at, _)| at).max(draft.last_sign);
    end_of(&mut record, draft, next, records);
    record.end_before(next.and_then(Draft::start));
    record.settle_times();
    Some(record)
}

/// Strongest trace first: a crash left by the dying kernel, a stop that finished, the reset reason, a cut.
fn end_of(record: &mut BootRecord, draft: &Draft<'_>, next: Option<&Draft<'_>>, records: &Records) {
    let head = next.and_then(|next| next.head);
    let reset = head.and_then(|head| head.reset);
    if let Some(reset) = reset {
        note_reset(record, reset);
    }
    if let Some(tail) = draft.tail {
        note_tail(record, tail);
    }
    if crash(record, draft) || clean(record, draft, next) {
        return;
    }
    unclean(record, draft, next, reset, records);
}

fn crash(record: &mut BootRecord, draft: &Draft<'_>) -> bool {
    let panic = draft.tail.and_then(|tail| tail.panic);
    let fatal_dump = draft.dump.filter(|dump| dump.kind != DumpKind::Oops);
    if fatal_dump.is_none() && panic.is_none() && !draft.crash_kernel_followed {
        return false;
    }
    record.judged(End::Crash, 0.97);
    if let Some(dump) = fatal_dump {
        record.because(match dump.kind {
            DumpKind::Image => "kdump: a memory image of this boot",
            _ => "pstore: a panic dump of this boot",
        });
        if dump.kind == DumpKind::Image {
            record.tag("vmcore");
        }
        dump.title.clone_into(&mut record.stop_code);
        if dump.is_own_time {
            record.ended_at = record.ended_at.max(Some(dump.at));
        }
    }
    if let Some(title) = panic {
        record.because("journal: the kernel's panic line");
        title.clone_into(&mut record.stop_code);
    }
    if draft.crash_kernel_followed {
        record.because("journal: a crash kernel (kdump) started after it");
    }
    if record.stop_code.is_empty() {
        "Kernel panic".clone_into(&mut record.stop_code);
    }
    true
}

fn clean(record: &mut BootRecord, draft: &Draft<'_>, next: Option<&Draft<'_>>) -> bool {
    let tail = draft.tail;
    let finished = tail.is_some_and(|tail| tail.finished);
    let asked = tail.and_then(|tail| tail.asked);
    let cut = next
        .and_then(|next| next.head)
        .is_some_and(|head| head.journal_unclean || head.filesystem_recovered);
    if !finished {
        if asked.is_none() && draft.shutdown.is_none() {
            return false;
        }
        // A stop was begun. Its end is not shown; dirty files in the next boot say that it had none.
        if cut {
            return false;
        }
    }
    if finished {
        record.because("journal: user space ended in order");
    } else if asked.is_some() {
        record.because("journal: a stop was asked for");
    }
    if draft.shutdown.is_some() {
        record.because("wtmp: a shutdown record");
    }
    let towards = asked.or(match draft.shutdown {
        Some((_, Towards::Restart)) => Some(Stop::Restart),
        Some((_, Towards::Poweroff)) => Some(Stop::Poweroff),
        _ => None,
    });
    let sure: f64 = if finished { 0.95 } else { 0.75 };
    match towards {
        Some(Stop::Poweroff) => record.judged(End::CleanPoweroff, sure),
        Some(Stop::Kexec) => {
            record.tag("kexec");
            record.judged(End::CleanRestart, sure);
        }
        Some(Stop::Restart) => record.judged(End::CleanRestart, sure),
        None => by_pause(record, draft, next, sure.min(0.8)),
    }
    if record.end == End::CleanRestart
        && (record.initiator == "update" || tail.is_some_and(|tail| tail.is_update_boot))
    {
        "update".clone_into(&mut record.initiator);
        record.because("journal: an update asked for the restart");
        record.end = End::Update;
    }
    true
}

/// A clean stop that does not say where it went: the pause tells, less surely.
fn by_pause(record: &mut BootRecord, draft: &Draft<'_>, next: Option<&Draft<'_>>, sure: f64) {
    let stopped = draft.shutdown.map(|(at, _)| at).or(draft.last_sign);
    let pause = stopped
        .zip(next.and_then(Draft::start))
        .map(|(stop, start)| start.duration_since(stop));
    match pause {
        Some(pause) if pause <= RESTART_WITHIN => record.judged(End::CleanRestart, sure - 0.1),
        Some(_) => record.judged(End::CleanPoweroff, sure - 0.2),
        None => record.judged(End::CleanPoweroff, sure - 0.3),
    }
}

fn unclean(
    record: &mut BootRecord,
    draft: &Draft<'_>,
    next: Option<&Draft<'_>>,
    reset: Option<Reset>,
    records: &Records,
) {
    let was_stopping =
        draft.shutdown.is_some() || draft.tail.is_some_and(|tail| tail.asked.is_some());
    if was_stopping {
        record.tag("during_shutdown");
        record.because("a stop was begun and did not finish");
    }
    match reset {
        Some(Reset::PowerButtonHeld) => return record.judged(End::ForcedOff, 0.9),
        Some(Reset::Watchdog) => {
            "watchdog".clone_into(&mut record.initiator);
            return record.judged(End::Crash, 0.85);
        }
        Some(Reset::Hardware) => return record.judged(End::Crash, 0.85),
        Some(Reset::Thermal | Reset::Pin) => return record.judged(End::PowerLossOrHang, 0.85),
        Some(Reset::BootTimer) => return record.judged(End::FailedBoot, 0.7),
        Some(Reset::Software) | None => {}
    }
    if draft.dump.is_some() {
        record.because("pstore: an oops of this boot, and no clean end");
        "Oops".clone_into(&mut record.stop_code);
        return record.judged(End::Crash, 0.7);
    }
    if draft.tail.is_some_and(|tail| tail.long_power_key) {
        record.because("journal: the power key was held");
        return record.judged(End::ForcedOff, 0.75);
    }
    // Which source would have shown a clean end? Without one nothing is known.
    let journal_shows =
        records.journal_state == State::Persistent && draft.tail.is_some_and(|tail| tail.has_lines);
    let wtmp_shows = draft.in_wtmp && next.is_some_and(|next| next.in_wtmp);
    if next.is_none() {
        // A disk that was taken out, or copied while it ran.
        record.because("the records end within this boot");
        return record.judged(End::Unknown, 0.3);
    }
    if !journal_shows && !wtmp_shows {
        record.because("no record that would show a clean end");
        return record.judged(End::Unknown, 0.2);
    }
    let mut sure: f64 = 0.45;
    if journal_shows {
        record.because("journal: cut without a shutdown");
        sure += 0.15;
    }
    if wtmp_shows {
        record.because("wtmp: the next start without a shutdown before it");
        sure += 0.1;
    }
    if let Some(head) = next.and_then(|next| next.head) {
        if head.journal_unclean {
            record.because("journal: found not closed by the next boot");
            sure += 0.1;
        }
        if head.filesystem_recovered {
            record.because("kernel: a file system was recovered by the next boot");
            sure += 0.1;
        }
    }
    record.judged(End::PowerLossOrHang, sure.min(0.9));
}

fn note_reset(record: &mut BootRecord, reset: Reset) {
    let (tag, sentence) = match reset {
        Reset::PowerButtonHeld => ("reset_power_button", "firmware: the power button was held"),
        Reset::Thermal => ("reset_thermal", "firmware: reset for heat"),
        Reset::Watchdog => ("reset_watchdog", "firmware: the hardware watchdog expired"),
        Reset::Hardware => ("reset_hardware", "firmware: reset by a hardware error"),
        Reset::Pin => ("reset_pin", "firmware: reset or shutdown pin"),
        Reset::BootTimer => (
            "reset_boot_timer",
            "firmware: the boot did not come up in time",
        ),
        Reset::Software => return,
    };
    record.tag(tag);
    record.because(sentence);
}

fn note_tail(record: &mut BootRecord, tail: &Tail) {
    record.initiator.clone_from(&tail.initiator);
    if tail.entering_sleep && !tail.finished {
        record.tag("during_sleep_transition");
        record.because("journal: ends while entering sleep");
    }
    if tail.battery_critical {
        record.tag("battery_low");
        record.because("journal: the battery was critical");
    }
    if tail.overheated {
        record.tag("overheated");
        record.because("kernel: critical temperature");
    }
}

fn resumes(records: &Records, boots: &[BootRecord]) -> Vec<ResumeRecord> {
    records
        .wakes
        .iter()
        .filter(|wake| {
            boots
                .iter()
                .any(|boot| boot.boot_id.eq_ignore_ascii_case(&wake.boot_id))
        })
        .map(|wake| ResumeRecord {
            boot_id: wake.boot_id.clone(),
            at: wake.at,
            from: wake.from,
            evidence: vec![
                match wake.from {
                    super::super::From::SoftReboot => "journal: soft-reboot.target reached",
                    _ => "journal: systemd-sleep returned",
                }
                .to_owned(),
            ],
        })
        .collect()
}
