//! From ordered records to kernel runs.
//!
//! A start leaves a cluster of marks (Kernel-General 12, Kernel-Boot 20 and 27, EventLog 6008, 6009, 6005, Kernel-Power
//! 41), in an order that differs between versions: kernel events are flushed when the log service comes up, so they stand
//! before or after its own. A run is what lies between two clusters, plus the stop records that the kernel could only
//! flush in the next start (Kernel-General 13, Kernel-Power 109).
//!
//! Invariant: two marks of one kind are two starts; nothing but a mark of a full start makes one. Fast startup and
//! hibernation leave none of the decisive marks.
//!
//! Not here: why a run ended.

use jiff::{SignedDuration, Timestamp};

use super::{Kind, WinEvent, event};

/// The marks of one start.
#[derive(Debug, Clone, Default)]
pub struct Start<'a> {
    pub kernel_start: Option<&'a WinEvent>,
    pub boot_info: Option<&'a WinEvent>,
    pub boot_type: Option<&'a WinEvent>,
    pub banner: Option<&'a WinEvent>,
    pub log_started: Option<&'a WinEvent>,
    pub unclean: Option<&'a WinEvent>,
    pub dirty: Option<&'a WinEvent>,
    pub bugcheck: Option<&'a WinEvent>,
    /// Positions of the first and last mark.
    first: usize,
    last: usize,
}

/// One kernel run.
#[derive(Debug, Clone, Default)]
pub struct Session<'a> {
    /// `None` for the run that was on when the log begins.
    pub start: Option<Start<'a>>,
    /// Its records in order, late flushes included.
    pub events: Vec<&'a WinEvent>,
    /// The kernel said that it stops (13), and where to (109).
    pub kernel_stop: Option<&'a WinEvent>,
    pub transition: Option<&'a WinEvent>,
}

/// A mark later than this after the last of its kind's cluster belongs to another start, where no kernel start tells.
const SAME_START: SignedDuration = SignedDuration::from_mins(30);
/// Kernel marks carry a time before the log service's own; clocks are corrected in between by seconds.
const START_TO_LOG: SignedDuration = SignedDuration::from_mins(2);
/// A kernel's start is recorded within seconds of it.
const SAME_MOMENT: SignedDuration = SignedDuration::from_mins(5);
/// A clock that is wrong at the start (a firmware clock in local time, an empty battery) is set within this time.
const CLOCK_SET_WITHIN: SignedDuration = SignedDuration::from_mins(15);
/// Smaller corrections are drift.
const CLOCK_STEP: SignedDuration = SignedDuration::from_mins(1);
/// How far back from the next start a last sign of life is looked for.
const MAX_LOOK_BACK: usize = 2_000;

impl<'a> Start<'a> {
    fn slot(&mut self, kind: Kind) -> Option<&mut Option<&'a WinEvent>> {
        Some(match kind {
            Kind::KernelStart => &mut self.kernel_start,
            Kind::BootInfo => &mut self.boot_info,
            Kind::BootType => &mut self.boot_type,
            Kind::Banner => &mut self.banner,
            Kind::LogStarted => &mut self.log_started,
            Kind::Unclean => &mut self.unclean,
            Kind::Dirty => &mut self.dirty,
            Kind::Bugcheck => &mut self.bugcheck,
            _ => return None,
        })
    }

    /// When the kernel started: its own word, else the earliest mark.
    pub fn time(&self) -> Option<Timestamp> {
        if let Some(start) = self.kernel_start {
            let told = start.named_time("StartTime").filter(|told| {
                // Some kernels convert it as if it were local time.
                start.time.duration_since(*told).abs() <= SAME_MOMENT
            });
            return Some(told.unwrap_or(start.time));
        }
        [
            self.boot_info,
            self.boot_type,
            self.banner,
            self.log_started,
            self.dirty,
        ]
        .into_iter()
        .flatten()
        .map(|event| event.time)
        .min()
        .or_else(|| self.unclean.or(self.bugcheck).map(|event| event.time))
    }

    /// LastBootId names the boot before; the kernel counts up by one.
    pub fn boot_id(&self) -> Option<u64> {
        self.boot_info?.number("LastBootId")?.checked_add(1)
    }

    /// The system's version, from the kernel's start or the banner.
    pub fn os_version(&self) -> Option<String> {
        let from_kernel = self.kernel_start.and_then(|start| {
            let part = |name: &str| start.number(name);
            Some(format!(
                "{}.{}.{}",
                part("MajorVersion")?,
                part("MinorVersion")?,
                part("BuildVersion")?
            ))
        });
        from_kernel.or_else(|| {
            let build: u64 = self.banner?.parameter(2)?.parse().ok()?;
            Some(build.to_string())
        })
    }

    /// Time of the kernel's own marks, which it makes all at once.
    fn kernel_mark(&self) -> Option<Timestamp> {
        [self.kernel_start, self.boot_info, self.boot_type]
            .into_iter()
            .flatten()
            .map(|event| event.time)
            .next()
    }

    fn latest_log_mark(&self) -> Option<Timestamp> {
        self.log_started.or(self.banner).map(|event| event.time)
    }
}

impl<'a> Session<'a> {
    /// When it started, by the clock of that moment.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.start.as_ref()?.time()
    }

    /// When it started by the clock as it was set soon after: Kernel-General 1 tells by how much it was wrong.
    pub fn true_start(&self) -> Option<Timestamp> {
        let start = self.started_at()?;
        // Marks of the log service alone may come after the correction already.
        if self
            .start
            .as_ref()
            .is_none_or(|start| start.kernel_start.is_none())
        {
            return Some(start);
        }
        let mut corrected = start;
        for event in &self.events {
            if event.kind() != Kind::ClockChanged {
                continue;
            }
            let (Some(old), Some(new)) = (event.named_time("OldTime"), event.named_time("NewTime"))
            else {
                continue;
            };
            let age = old.duration_since(corrected);
            let step = new.duration_since(old);
            if age.is_negative() || age > CLOCK_SET_WITHIN || !is_correction(step) {
                continue;
            }
            corrected = corrected.checked_add(step).unwrap_or(corrected);
        }
        Some(corrected)
    }

    /// The last record of a kind.
    pub fn last(&self, kind: Kind) -> Option<&'a WinEvent> {
        self.events
            .iter()
            .rev()
            .find(|event| event.kind() == kind)
            .copied()
    }

    /// Time of the last record that is not later than the next start (flushes of the next start may stand before its
    /// first mark).
    pub fn last_sign(&self, next: Option<Timestamp>) -> Option<Timestamp> {
        self.events
            .iter()
            .rev()
            .take(MAX_LOOK_BACK)
            .map(|event| event.time)
            .find(|time| next.is_none_or(|next| *time <= next))
    }
}

/// Which marks this log has at all: a filtered file may have only some.
#[derive(Debug, Clone, Copy)]
struct Vocabulary {
    kernel_start: bool,
    log_service: bool,
}

/// The runs of one epoch, oldest first; the first is the run that the log begins in.
pub fn sessions<'a>(events: &[&'a WinEvent]) -> Vec<Session<'a>> {
    let kinds: Vec<Kind> = events.iter().map(|event| event.kind()).collect();
    let vocabulary = Vocabulary {
        kernel_start: kinds.contains(&Kind::KernelStart),
        log_service: kinds.contains(&Kind::Banner) || kinds.contains(&Kind::LogStarted),
    };
    let starts = starts(events, &kinds, vocabulary);
    let mut out: Vec<Session<'a>> = Vec::with_capacity(starts.len() + 1);
    let mut begin = 0;
    let mut pending: Option<Start<'a>> = None;
    for start in starts {
        out.push(Session {
            start: pending.take(),
            events: slice(events, begin, start.first),
            ..Session::default()
        });
        begin = start.first;
        pending = Some(start);
    }
    out.push(Session {
        start: pending,
        events: slice(events, begin, events.len()),
        ..Session::default()
    });
    let clusters = begin_positions(&out);
    place_stops(&mut out, &clusters);
    out
}

fn slice<'a>(events: &[&'a WinEvent], from: usize, to: usize) -> Vec<&'a WinEvent> {
    events.get(from..to).unwrap_or_default().to_vec()
}

/// Full starts only: BootType 1 is fast startup, 2 is hibernation.
fn is_mark(kind: Kind, event: &WinEvent) -> bool {
    match kind {
        Kind::BootType => boot_type(event).is_none_or(|kind| kind == 0),
        _ => matches!(
            kind,
            Kind::KernelStart
                | Kind::BootInfo
                | Kind::Banner
                | Kind::LogStarted
                | Kind::Unclean
                | Kind::Dirty
                | Kind::Bugcheck
        ),
    }
}

/// Kernel-Boot 27's BootType.
pub fn boot_type(event: &WinEvent) -> Option<u64> {
    event
        .number("BootType")
        .or_else(|| event::number(event.parameter(1)?))
}

/// The user's or the system's doings: after them, a mark belongs to another start.
fn closes(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::LogStopped | Kind::StopAsked | Kind::EnterSleep | Kind::Resumed | Kind::WakeSummary
    )
}

fn starts<'a>(events: &[&'a WinEvent], kinds: &[Kind], vocabulary: Vocabulary) -> Vec<Start<'a>> {
    let mut out: Vec<Start<'a>> = Vec::new();
    let mut closed = true;
    for (index, (event, kind)) in events.iter().zip(kinds).enumerate() {
        if closes(*kind) {
            closed = true;
        }
        if !is_mark(*kind, event) {
            continue;
        }
        let opens = match out.last_mut() {
            None => true,
            Some(current)
                if *kind == Kind::Dirty
                    && is_ahead_of_its_start(current, event, events, kinds, index) =>
            {
                true
            }
            Some(current) => match relation(current, event, *kind, closed, vocabulary) {
                Relation::NearestKernel => {
                    let rest = events.get(index + 1..).unwrap_or_default();
                    let rest_kinds = kinds.get(index + 1..).unwrap_or_default();
                    is_nearer_to_next_kernel(current, event, rest, rest_kinds)
                }
                Relation::Twin => continue,
                Relation::Part => false,
                Relation::New => true,
                Relation::Nearest => {
                    let rest = events.get(index + 1..).unwrap_or_default();
                    let rest_kinds = kinds.get(index + 1..).unwrap_or_default();
                    is_nearer_to_next(current, event, rest, rest_kinds)
                }
            },
        };
        if opens {
            out.push(Start {
                first: index,
                last: index,
                ..Start::default()
            });
            closed = false;
        }
        if let Some(start) = out.last_mut() {
            if let Some(slot) = start.slot(*kind) {
                *slot = Some(event);
            }
            // A late crash report or 41 does not stretch the cluster: stops before it are this run's own.
            if !matches!(kind, Kind::Bugcheck | Kind::Dirty) {
                start.last = index;
            }
        }
    }
    out.retain(|start| is_full(start, vocabulary));
    out
}

enum Relation {
    /// The same record flushed twice.
    Twin,
    Part,
    New,
    /// A kernel start after the log service's start: of this start (flushed late) or of the next.
    Nearest,
    /// A log service's mark some time after a kernel start: of it, unless another kernel start that follows is nearer.
    NearestKernel,
}

fn relation(
    current: &mut Start<'_>,
    event: &WinEvent,
    kind: Kind,
    closed: bool,
    vocabulary: Vocabulary,
) -> Relation {
    let known = current.slot(kind).and_then(|slot| *slot);
    let has_log_mark = current.banner.is_some() || current.log_started.is_some();
    let distance = |other: Timestamp| event.time.duration_since(other).abs();
    match (kind, known) {
        // 41 and 1001 are written some time into the run.
        (Kind::Dirty | Kind::Bugcheck, None)
            if vocabulary.kernel_start || vocabulary.log_service =>
        {
            Relation::Part
        }
        (Kind::Dirty | Kind::Bugcheck, Some(_))
            if vocabulary.kernel_start || vocabulary.log_service =>
        {
            Relation::Twin
        }
        (_, Some(known)) if known.time == event.time => Relation::Twin,
        (_, Some(_)) => Relation::New,
        (Kind::KernelStart | Kind::BootInfo | Kind::BootType, None)
            if current
                .kernel_mark()
                .is_some_and(|time| distance(time) > SAME_MOMENT) =>
        {
            Relation::New
        }
        // Found ahead of the log service's marks: the clock was set between, whatever it then said.
        (Kind::Unclean, None) if current.kernel_start.is_some() && !has_log_mark && !closed => {
            Relation::NearestKernel
        }
        _ if closed => Relation::New,
        // 6008 is written before 6009 and 6005.
        (Kind::Unclean, None) if has_log_mark => Relation::New,
        (Kind::KernelStart, None) if has_log_mark => Relation::Nearest,
        (Kind::BootInfo | Kind::BootType, None)
            if has_log_mark
                && current.kernel_mark().is_none()
                && current
                    .latest_log_mark()
                    .is_some_and(|time| distance(time) > SAME_START) =>
        {
            Relation::Nearest
        }
        (Kind::Dirty | Kind::Bugcheck | Kind::Unclean, None)
            if current
                .time()
                .is_some_and(|time| distance(time) > SAME_START) =>
        {
            Relation::New
        }
        _ => Relation::Part,
    }
}

/// A 41 that was flushed before every other mark of its start: far from the start seen last, close to marks that follow.
fn is_ahead_of_its_start(
    current: &Start<'_>,
    event: &WinEvent,
    events: &[&WinEvent],
    kinds: &[Kind],
    index: usize,
) -> bool {
    const LOOK_AHEAD: usize = 100;
    let is_near =
        |time: Timestamp| event.time.duration_since(time).abs() <= SignedDuration::from_mins(5);
    if current.time().is_none_or(is_near) {
        return false;
    }
    let marks = [
        Kind::KernelStart,
        Kind::Unclean,
        Kind::Banner,
        Kind::LogStarted,
    ];
    events
        .iter()
        .zip(kinds)
        .skip(index + 1)
        .take(LOOK_AHEAD)
        .find(|(_, kind)| marks.contains(kind))
        .is_some_and(|(next, _)| is_near(next.time))
}

/// Is this kernel start's log service the next one in the file rather than the one just seen?
fn is_nearer_to_next(
    current: &Start<'_>,
    event: &WinEvent,
    rest: &[&WinEvent],
    rest_kinds: &[Kind],
) -> bool {
    let Some(before) = current.latest_log_mark() else {
        return false;
    };
    let behind = event.time.duration_since(before);
    if behind <= START_TO_LOG {
        return false;
    }
    rest.iter()
        .zip(rest_kinds)
        .take_while(|(_, kind)| **kind != Kind::KernelStart && !closes(**kind))
        .find(|(_, kind)| matches!(kind, Kind::Banner | Kind::LogStarted | Kind::Unclean))
        .is_some_and(|(next, _)| next.time.duration_since(event.time).abs() < behind)
}

/// Does the kernel start that follows, before anything else happens, fit better than the one just seen?
fn is_nearer_to_next_kernel(
    current: &Start<'_>,
    event: &WinEvent,
    rest: &[&WinEvent],
    rest_kinds: &[Kind],
) -> bool {
    let Some(before) = current.time() else {
        return true;
    };
    let behind = event.time.duration_since(before).abs();
    if behind <= START_TO_LOG {
        return false;
    }
    rest.iter()
        .zip(rest_kinds)
        .take_while(|(_, kind)| !closes(**kind))
        .find(|(_, kind)| **kind == Kind::KernelStart)
        .is_some_and(|(next, _)| {
            let ahead = event.time.duration_since(next.time).abs();
            ahead < behind && ahead <= SAME_START
        })
}

/// Marks that a full start would not leave alone: the log service can be restarted by hand (6005 without 6009), Kernel-Boot
/// 20 comes with fast startup too.
fn is_full(start: &Start<'_>, vocabulary: Vocabulary) -> bool {
    if start.kernel_start.is_some() || start.banner.is_some() || start.unclean.is_some() {
        return true;
    }
    if start.log_started.is_some() {
        return !vocabulary.kernel_start;
    }
    if start.dirty.is_some() || start.bugcheck.is_some() {
        return !vocabulary.kernel_start && !vocabulary.log_service;
    }
    !vocabulary.kernel_start && !vocabulary.log_service && start.boot_type.is_some()
}

/// A clock that was wrong, not a machine that was paused: a paused one wakes with its clock behind by any time. Backwards
/// goes only a wrong clock; forwards it goes by a time zone, or by years after the battery died.
fn is_correction(step: SignedDuration) -> bool {
    const ZONE: i64 = 15 * 60;
    const FARTHEST_ZONE: i64 = 14 * 3600;
    const DEAD_BATTERY: i64 = 180 * 86_400;
    const DRIFT: i64 = 60;
    let seconds = step.as_secs();
    if seconds <= -CLOCK_STEP.as_secs() || seconds >= DEAD_BATTERY {
        return true;
    }
    let off_zone = (seconds + DRIFT).rem_euclid(ZONE);
    seconds > DRIFT && seconds <= FARTHEST_ZONE + DRIFT && off_zone <= 2 * DRIFT
}

/// Per session: index (in its own events) of the cluster's last mark.
fn begin_positions(sessions: &[Session<'_>]) -> Vec<usize> {
    sessions
        .iter()
        .map(|session| {
            session
                .start
                .as_ref()
                .map_or(0, |start| start.last - start.first)
        })
        .collect()
}

/// Gives each 13 and 109 to the run that it ended: this one, or, flushed in the next start, the one before.
fn place_stops(sessions: &mut [Session<'_>], clusters: &[usize]) {
    for index in 0..sessions.len() {
        let Some(session) = sessions.get(index) else {
            continue;
        };
        let cluster = clusters.get(index).copied().unwrap_or(0);
        let before_has_stop = index
            .checked_sub(1)
            .and_then(|before| sessions.get(before))
            .is_some_and(|before| before.kernel_stop.is_some());
        let mut own: Vec<&WinEvent> = Vec::new();
        let mut earlier: Vec<&WinEvent> = Vec::new();
        let mut is_stopping = false;
        for (position, event) in session.events.iter().enumerate() {
            match event.kind() {
                Kind::LogStopped | Kind::StopAsked => is_stopping = true,
                Kind::KernelStop | Kind::StopTransition => {
                    let inside = session.start.is_some() && position < cluster;
                    let is_older = session.started_at().is_some_and(|start| event.time < start);
                    // The clock went back over the start: its time looks later than all that follows.
                    let is_ahead = session.start.is_some()
                        && !is_stopping
                        && !before_has_stop
                        && session.events.iter().skip(position + 1).any(|later| {
                            !matches!(later.kind(), Kind::KernelStop | Kind::StopTransition)
                                && event.time.duration_since(later.time)
                                    > SignedDuration::from_mins(1)
                        });
                    if inside || is_older || is_ahead {
                        earlier.push(event);
                    } else {
                        own.push(event);
                    }
                }
                _ => {}
            }
        }
        let own: Vec<(Kind, u64, usize)> = own
            .iter()
            .map(|event| (event.kind(), event.record_id, 0))
            .collect();
        let earlier: Vec<(Kind, u64, usize)> = earlier
            .iter()
            .map(|event| (event.kind(), event.record_id, 1))
            .collect();
        for (kind, record_id, back) in own.into_iter().chain(earlier) {
            give(sessions, index, back, kind, record_id);
        }
    }
}

/// Puts the record of session `index` into the stop slots of the session `back` before it.
fn give(sessions: &mut [Session<'_>], index: usize, back: usize, kind: Kind, record_id: u64) {
    let found = sessions.get(index).and_then(|session| {
        session
            .events
            .iter()
            .find(|event| event.record_id == record_id && event.kind() == kind)
            .copied()
    });
    let Some(target) = index
        .checked_sub(back)
        .and_then(|target| sessions.get_mut(target))
    else {
        return;
    };
    let slot = if kind == Kind::KernelStop {
        &mut target.kernel_stop
    } else {
        &mut target.transition
    };
    if slot.is_none() || kind == Kind::KernelStop {
        *slot = found;
    }
}
