//! Boots on macOS: utmpx, the shutdown cause of Intel machines, panic reports, the boot session's id.
//!
//! Invariant: a shutdown cause is only believed where it is logged (Intel). Apple silicon logs none, and no cause is not
//! cause 0: there an end is judged by the missing shutdown entry and by panic traces alone. The running boot's key is the
//! boot session UUID; `kern.boottime` moves when the clock is set.
//!
//! Not here: sleep and dark wake (`pmset -g log`), which never are boots.
//!
//! [`parse_last`], [`parse_log`] and [`panic_of`] turn recorded text into [`Records`]; [`judge`] is pure.

use jiff::{SignedDuration, Timestamp};

use super::{BootHistory, BootRecord, End};

#[cfg(target_os = "macos")]
mod live;

#[cfg(test)]
mod cases;

#[cfg(target_os = "macos")]
pub use live::history;

/// Keys of boots that only utmpx knows begin with this.
pub const UTMPX_KEY: &str = "utmpx:";

/// Everything that was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Records {
    /// Apple silicon logs no shutdown cause.
    pub is_apple_silicon: bool,
    /// The running boot; `None` for a saved or mounted system.
    pub current: Option<Current>,
    /// From utmpx (`last reboot shutdown`) or the log's BOOT_TIME and SHUTDOWN_TIME, in any order.
    pub entries: Vec<Entry>,
    /// "Previous shutdown cause" lines: when they were logged, and the number.
    pub causes: Vec<(Timestamp, i32)>,
    pub panics: Vec<Panic>,
    pub blind_spots: Vec<String>,
}

/// The kernel that runs now.
#[derive(Debug, Clone, PartialEq)]
pub struct Current {
    /// `kern.bootsessionuuid`.
    pub session: String,
    /// `kern.boottime`.
    pub started_at: Timestamp,
    pub os_version: String,
}

/// A line of utmpx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub at: Timestamp,
    pub kind: EntryKind,
}

/// What it says. A shutdown sorts before a boot of the same second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A stop in order; utmpx does not say whether the machine comes back.
    Shutdown,
    Boot,
}

/// Trace of a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panic {
    /// The panic's own time, or the file's.
    pub at: Timestamp,
    pub kind: PanicKind,
}

/// Where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanicKind {
    /// `panic-full-*.ips`, `Kernel_*.panic`, `*.panic`.
    Report,
    /// `/var/db/com.apple.DumpPanic.panicLogPathBreadcrumb`.
    Breadcrumb,
    /// A forced reset: its report is written like a panic's, and names the button.
    ResetCounter,
}

/// A panic's report is written by the next start, within this time.
const REPORT_WITHIN: SignedDuration = SignedDuration::from_mins(30);
/// utmpx and the kernel agree on a start within this.
const SAME_START: SignedDuration = SignedDuration::from_mins(5);
/// The cause line is logged early in the start after.
const CAUSE_WITHIN: SignedDuration = SignedDuration::from_mins(30);
const RESTART_WITHIN: SignedDuration = SignedDuration::from_mins(5);
/// More entries are no utmpx of a laptop.
const MAX_ENTRIES: usize = 20_000;

struct Run {
    record: BootRecord,
    stopped: Option<Timestamp>,
    is_current: bool,
}

/// The history that these records tell.
pub fn judge(records: &Records) -> BootHistory {
    let mut history = BootHistory {
        blind_spots: records.blind_spots.clone(),
        ..BootHistory::default()
    };
    let runs = runs(records);
    let starts: Vec<Option<Timestamp>> = runs.iter().map(|run| run.record.started_at).collect();
    for (index, run) in runs.into_iter().enumerate() {
        let next = starts.get(index + 1).copied().flatten();
        history.boots.push(decide(run, next, records));
    }
    history
}

fn runs(records: &Records) -> Vec<Run> {
    let mut entries: Vec<Entry> = records.entries.iter().copied().take(MAX_ENTRIES).collect();
    entries.sort();
    entries.dedup();
    let mut runs: Vec<Run> = Vec::new();
    for entry in entries {
        match entry.kind {
            EntryKind::Boot => {
                let is_repeat = runs.last().is_some_and(|run| {
                    run.stopped.is_none()
                        && run.record.started_at.is_some_and(|start| {
                            entry.at.duration_since(start) < SignedDuration::from_secs(5)
                        })
                });
                if !is_repeat {
                    runs.push(run(
                        format!("{UTMPX_KEY}{}", entry.at.as_second()),
                        entry.at,
                    ));
                }
            }
            EntryKind::Shutdown => {
                if let Some(run) = runs.last_mut() {
                    run.stopped.get_or_insert(entry.at);
                }
            }
        }
    }
    if let Some(current) = &records.current {
        // A clock set since then moves boottime: the newest entry without a stop is this boot however far apart.
        let known = runs.last_mut().filter(|run| {
            run.stopped.is_none()
                && run.record.started_at.is_some_and(|start| {
                    start.duration_since(current.started_at).abs() <= SAME_START
                })
        });
        match known {
            Some(run) => run.adopt(current),
            None => {
                let mut own = run(String::new(), current.started_at);
                own.adopt(current);
                runs.push(own);
            }
        }
    }
    runs
}

fn run(boot_id: String, started_at: Timestamp) -> Run {
    Run {
        record: BootRecord::new(boot_id, Some(started_at)),
        stopped: None,
        is_current: false,
    }
}

impl Run {
    fn adopt(&mut self, current: &Current) {
        self.record.boot_id.clone_from(&current.session);
        self.record.os_version.clone_from(&current.os_version);
        self.is_current = true;
    }
}

fn decide(run: Run, next: Option<Timestamp>, records: &Records) -> BootRecord {
    let mut record = run.record;
    if run.is_current {
        record.judged(End::Running, 1.0);
        record.because("kern.bootsessionuuid: the running kernel's");
        return record;
    }
    record.ended_at = run.stopped;
    let Some(next) = next else {
        match run.stopped {
            Some(_) => {
                record.because("utmpx: a shutdown record");
                record.judged(End::CleanPoweroff, 0.6);
            }
            None => record.judged(End::Unknown, 0.2),
        }
        record.settle_times();
        return record;
    };
    let panic = records
        .panics
        .iter()
        .find(|panic| belongs(panic, record.started_at, next));
    let cause = cause_after(next, records);
    judge_end(&mut record, run.stopped, panic, cause, next);
    record.end_before(Some(next));
    record.settle_times();
    record
}

/// A panic within the run, or a report that the next start wrote.
fn belongs(panic: &Panic, start: Option<Timestamp>, next: Timestamp) -> bool {
    let after_start = start.is_none_or(|start| {
        panic.at.duration_since(start) > REPORT_WITHIN || panic.kind == PanicKind::ResetCounter
    });
    let before = panic.at <= next && after_start;
    let written_by_next = panic.at > next && panic.at.duration_since(next) <= REPORT_WITHIN;
    before || written_by_next
}

fn cause_after(next: Timestamp, records: &Records) -> Option<i32> {
    if records.is_apple_silicon {
        return None;
    }
    records
        .causes
        .iter()
        .filter(|(at, _)| {
            *at >= next.checked_sub(SAME_START).unwrap_or(next)
                && at.duration_since(next) <= CAUSE_WITHIN
        })
        .min_by_key(|(at, _)| at.duration_since(next).abs())
        .map(|(_, cause)| *cause)
}

fn judge_end(
    record: &mut BootRecord,
    stopped: Option<Timestamp>,
    panic: Option<&Panic>,
    cause: Option<i32>,
    next: Timestamp,
) {
    if let Some(panic) = panic {
        record.because(match panic.kind {
            PanicKind::Report => "panic report: written for this boot",
            PanicKind::Breadcrumb => "panic breadcrumb: set by this boot",
            PanicKind::ResetCounter => "reset-counter report: the machine was reset",
        });
        if panic.kind == PanicKind::ResetCounter {
            return record.judged(End::ForcedOff, 0.6);
        }
        "Kernel panic".clone_into(&mut record.stop_code);
        if panic.at <= next {
            record.ended_at = Some(panic.at);
        }
        return record.judged(End::Crash, 0.95);
    }
    if let Some(cause) = cause {
        record.because(cause_sentence(cause));
    }
    match (stopped, cause) {
        (_, Some(3)) => {
            "power_button".clone_into(&mut record.initiator);
            record.judged(End::ForcedOff, if stopped.is_some() { 0.7 } else { 0.9 });
        }
        (_, Some(cause)) if cause < 0 => {
            record.tag(if cause == -3 {
                "overheated"
            } else {
                "hardware_fault"
            });
            record.judged(End::PowerLossOrHang, 0.7);
        }
        (Some(stop), _) => {
            record.because("utmpx: a shutdown record");
            let pause = next.duration_since(stop);
            let sure: f64 = if cause == Some(5) { 0.9 } else { 0.75 };
            let end = if pause <= RESTART_WITHIN {
                End::CleanRestart
            } else {
                End::CleanPoweroff
            };
            record.judged(end, sure);
        }
        // Cause 5 without an entry: the log is believed, a little less.
        (None, Some(5)) => record.judged(End::CleanRestart, 0.6),
        (None, Some(0)) => {
            record.because("utmpx: the next start without a shutdown before it");
            record.judged(End::PowerLossOrHang, 0.85);
        }
        (None, _) => {
            record.because("utmpx: the next start without a shutdown before it");
            record.judged(End::PowerLossOrHang, 0.55);
        }
    }
}

fn cause_sentence(cause: i32) -> &'static str {
    match cause {
        5 => "shutdown cause 5: in order",
        3 => "shutdown cause 3: the power button was held",
        0 => "shutdown cause 0: power was lost",
        -3 => "shutdown cause -3: temperature sensors",
        -60 => "shutdown cause -60: disk",
        -128 => "shutdown cause -128: hardware",
        cause if cause < 0 => "a negative shutdown cause: hardware",
        _ => "a shutdown cause of unknown meaning",
    }
}

/// Lines of `last reboot shutdown` (macOS prints no year): "reboot    ~    Fri Aug  7 12:50", newest first. `now` gives
/// the year: a month ahead of it is last year's.
pub fn parse_last(text: &str, now: Timestamp) -> Vec<Entry> {
    let today = jiff::tz::TimeZone::UTC.to_datetime(now);
    let mut year = today.year();
    let mut previous = today;
    let mut out = Vec::new();
    for line in text.lines().take(MAX_ENTRIES) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let kind = match words.first() {
            Some(&"reboot") => EntryKind::Boot,
            Some(&"shutdown") => EntryKind::Shutdown,
            _ => continue,
        };
        let Some(at) = words.windows(3).find_map(|window| {
            let [month, day, clock] = window else {
                return None;
            };
            let month = month_of(month)?;
            let day: i8 = day.parse().ok()?;
            let (hour, minute) = clock.split_once(':')?;
            Some((
                month,
                day,
                hour.parse::<i8>().ok()?,
                minute.get(..2)?.parse::<i8>().ok()?,
            ))
        }) else {
            continue;
        };
        let (month, day, hour, minute) = at;
        let Ok(mut civil) = jiff::civil::DateTime::new(year, month, day, hour, minute, 0, 0) else {
            continue;
        };
        // Going down the list time goes back; a later date means that a year's end was passed.
        if civil > previous {
            year -= 1;
            let Ok(earlier) = jiff::civil::DateTime::new(year, month, day, hour, minute, 0, 0)
            else {
                continue;
            };
            civil = earlier;
        }
        previous = civil;
        if let Ok(zoned) = civil.to_zoned(jiff::tz::TimeZone::UTC) {
            out.push(Entry {
                at: zoned.timestamp(),
                kind,
            });
        }
    }
    out
}

fn month_of(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let index = MONTHS.iter().position(|month| *month == word)?;
    i8::try_from(index + 1).ok()
}

/// Lines of `log show --style syslog` or /var/log/system.log: adds causes, BOOT_TIME and SHUTDOWN_TIME to `records`.
pub fn parse_log(text: &str, records: &mut Records) {
    for line in text.lines().take(MAX_ENTRIES) {
        if let Some((_, rest)) = line.split_once("Previous shutdown cause: ") {
            if let (Some(at), Some(cause)) = (line_time(line), leading_number(rest)) {
                records
                    .causes
                    .push((at, i32::try_from(cause).unwrap_or(i32::MIN)));
            }
        } else if let Some((_, rest)) = line.split_once("SHUTDOWN_TIME") {
            push_epoch(rest, EntryKind::Shutdown, records);
        } else if let Some((_, rest)) = line.split_once("BOOT_TIME") {
            push_epoch(rest, EntryKind::Boot, records);
        }
    }
}

fn push_epoch(rest: &str, kind: EntryKind, records: &mut Records) {
    let at = leading_number(rest.trim_start_matches([':', ' ']))
        .and_then(|second| Timestamp::from_second(second).ok());
    if let Some(at) = at {
        records.entries.push(Entry { at, kind });
    }
}

fn leading_number(text: &str) -> Option<i64> {
    let end = text
        .char_indices()
        .find(|(index, c)| !(c.is_ascii_digit() || (*index == 0 && *c == '-')))
        .map_or(text.len(), |(index, _)| index);
    text.get(..end)?.parse().ok()
}

/// "2025-04-20 10:11:12.123456+0200  localhost kernel[0]: ...".
fn line_time(line: &str) -> Option<Timestamp> {
    let mut words = line.split_ascii_whitespace();
    let (date, clock) = (words.next()?, words.next()?);
    let (zone_at, _) = clock
        .char_indices()
        .find(|(_, c)| matches!(c, '+' | '-' | 'Z'))?;
    let (clock, zone) = clock.split_at(zone_at);
    let zone = match zone.len() {
        5 => format!("{}:{}", zone.get(..3)?, zone.get(3..)?),
        _ => zone.to_owned(),
    };
    format!("{date}T{clock}{zone}").parse().ok()
}

/// A file of /Library/Logs/DiagnosticReports or /var/db/PanicReporter as a panic's trace. The name's own time is the
/// panic's ("panic-full-2025-04-20-101112.0002.ips"), in local time: `modified` is used where it cannot be placed.
pub fn panic_of(name: &str, modified: Timestamp) -> Option<Panic> {
    let kind = if name.starts_with("ResetCounter") {
        PanicKind::ResetCounter
    } else if name == "com.apple.DumpPanic.panicLogPathBreadcrumb" {
        PanicKind::Breadcrumb
    } else if name.starts_with("panic-full-")
        || (name.starts_with("Kernel") && name.contains(".panic"))
        || name.ends_with(".panic")
    {
        PanicKind::Report
    } else {
        return None;
    };
    Some(Panic { at: modified, kind })
}
