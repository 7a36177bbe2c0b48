//! Every start of the kernel, how each run ended, and what only looked like a restart.
//!
//! Invariant: a boot is known by the operating system's own key (boot_id, BootId, boot session UUID), never by a time:
//! now − uptime jitters, follows NTP, and jumps with the clock. A boot that the records cannot explain ends `unknown`;
//! a stop that was asked for is clean only if the records also show that it finished.
//!
//! Not here: what happened often or is unusual (the collector's detectors decide that), and remembering what was already
//! reported (the agent does: the newest record of a boot_id supersedes the older).
//!
//! Each system has a pure `judge` over recorded facts and a thin reader that collects them: [`linux`], [`windows`],
//! [`macos`]. The judges run, and are tested, on any system.

use std::path::Path;

use jiff::Timestamp;

pub mod linux;
pub mod macos;
pub mod windows;

/// How one run of a kernel ended. The words are the public vocabulary of `weft.v1.Boot.End`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// It has not.
    Running,
    CleanRestart,
    CleanPoweroff,
    /// A restart asked for by a software update.
    Update,
    /// Kernel panic, stop error, watchdog.
    Crash,
    /// The power button was held.
    ForcedOff,
    /// Power lost, battery empty, or a hang ended by the reset switch: the records cannot tell these apart.
    PowerLossOrHang,
    /// A start attempt that died before the system's log came up.
    FailedBoot,
    Unknown,
}

impl End {
    /// The public word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::CleanRestart => "clean_restart",
            Self::CleanPoweroff => "clean_poweroff",
            Self::Update => "update",
            Self::Crash => "crash",
            Self::ForcedOff => "forced_off",
            Self::PowerLossOrHang => "power_loss_or_hang",
            Self::FailedBoot => "failed_boot",
            Self::Unknown => "unknown",
        }
    }

    /// Nobody asked for this end.
    pub fn is_unexpected(self) -> bool {
        matches!(
            self,
            Self::Crash | Self::ForcedOff | Self::PowerLossOrHang | Self::FailedBoot
        )
    }
}

/// One start of the kernel, and how that run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct BootRecord {
    /// The system's own key; see `weft.v1.Boot.boot_id`.
    pub boot_id: String,
    /// `None` when the start lies before the records' horizon or left none.
    pub started_at: Option<Timestamp>,
    /// For an unexpected end a lower bound: the last sign of life.
    pub ended_at: Option<Timestamp>,
    pub end: End,
    /// How sure the cause is, 0..1.
    pub confidence: f64,
    /// What asked for the end: "user", "update", "power_button", "watchdog" or a program's base name; or empty.
    pub initiator: String,
    /// Stop code ("0x00000154") or panic class; or empty.
    pub stop_code: String,
    /// Fixed sentences that name the record; never text of a log.
    pub evidence: Vec<String>,
    pub tags: Vec<String>,
    /// Version of the kernel that ran, where a record has it; or empty.
    pub os_version: String,
}

impl BootRecord {
    /// A boot about whose end nothing is known yet.
    pub fn new(boot_id: impl Into<String>, started_at: Option<Timestamp>) -> Self {
        Self {
            boot_id: boot_id.into(),
            started_at,
            ended_at: None,
            end: End::Unknown,
            confidence: 0.0,
            initiator: String::new(),
            stop_code: String::new(),
            evidence: Vec::new(),
            tags: Vec::new(),
            os_version: String::new(),
        }
    }

    fn because(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.evidence.contains(&sentence) && self.evidence.len() < MAX_EVIDENCE {
            self.evidence.push(sentence);
        }
    }

    fn tag(&mut self, tag: &str) {
        if !self.has_tag(tag) {
            self.tags.push(tag.to_owned());
        }
    }

    /// Carries this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    fn judged(&mut self, end: End, confidence: f64) {
        self.end = end;
        // Two digits: more would pretend a precision that no rule has.
        self.confidence = (confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0;
    }

    /// An end after the next start means that the clock went back in between: the end is unknown, no pause is negative.
    fn end_before(&mut self, next_start: Option<Timestamp>) {
        if let (Some(end), Some(start)) = (self.ended_at, next_start)
            && end > start
        {
            self.ended_at = None;
            self.tag("clock_moved_back");
        }
    }

    /// An unexpected end after a nearly empty battery: names the likely cause, does not change the class (the records
    /// cannot prove it). `charge` is the last sample before the end, 0..1.
    pub fn note_last_battery(&mut self, charge: f64) {
        if self.end.is_unexpected() && charge <= BATTERY_EMPTY {
            self.tag("battery_low");
            self.because("battery: nearly empty at the last sample");
        }
    }

    /// A run never ends before it started: drops an end that says so and tags why.
    fn settle_times(&mut self) {
        if let (Some(start), Some(end)) = (self.started_at, self.ended_at)
            && end < start
        {
            self.ended_at = None;
            self.tag("clock_moved_back");
        }
    }
}

/// Firmware cuts the power between 2 and 5 %.
const BATTERY_EMPTY: f64 = 0.05;

/// Sentences per boot; more would be a story, not evidence.
const MAX_EVIDENCE: usize = 12;

/// Where the kernel woke from. Never a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum From {
    Sleep,
    Hibernate,
    /// Windows fast startup.
    HybridBoot,
    /// User space restarted, kernel kept.
    SoftReboot,
}

impl From {
    /// The public word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sleep => "sleep",
            Self::Hibernate => "hibernate",
            Self::HybridBoot => "hybrid_boot",
            Self::SoftReboot => "soft_reboot",
        }
    }
}

/// Waking up.
#[derive(Debug, Clone, PartialEq)]
pub struct ResumeRecord {
    pub boot_id: String,
    /// When it woke.
    pub at: Timestamp,
    pub from: From,
    pub evidence: Vec<String>,
}

/// What the records of one machine say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BootHistory {
    /// Oldest first; the running boot, if any, is last.
    pub boots: Vec<BootRecord>,
    pub resumes: Vec<ResumeRecord>,
    /// What could not be seen, and why.
    pub blind_spots: Vec<String>,
}

/// A boot that the agent has already reported under its own key.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownBoot {
    pub boot_id: String,
    pub started_at: Timestamp,
}

/// Two records of one start differ by firmware and start-up time, and by an NTP step soon after start.
const SAME_START_TOLERANCE_SECONDS: i64 = 180;

impl BootHistory {
    /// Gives boots that only a time-keyed record (wtmp, utmpx) knows the key under which the agent reported them while they
    /// ran, so that a boot is not counted under two names.
    pub fn adopt_known(&mut self, known: &[KnownBoot]) {
        for index in 0..self.boots.len() {
            let Some(boot) = self.boots.get(index) else {
                continue;
            };
            let Some(start) = boot.started_at else {
                continue;
            };
            if ![linux::WTMP_KEY, macos::UTMPX_KEY]
                .iter()
                .any(|key| boot.boot_id.starts_with(key))
            {
                continue;
            }
            let nearest = known
                .iter()
                .map(|one| (start.duration_since(one.started_at).as_secs().abs(), one))
                .filter(|(distance, _)| *distance <= SAME_START_TOLERANCE_SECONDS)
                .min_by_key(|(distance, _)| *distance);
            let Some((_, nearest)) = nearest else {
                continue;
            };
            let taken = self
                .boots
                .iter()
                .any(|boot| boot.boot_id == nearest.boot_id);
            if !taken && let Some(boot) = self.boots.get_mut(index) {
                boot.boot_id.clone_from(&nearest.boot_id);
            }
        }
    }

    /// Keeps what ended, or may have ended, at or after `since`.
    fn keep_since(&mut self, since: Timestamp) {
        self.boots.retain(|boot| {
            boot.end == End::Running
                || boot
                    .ended_at
                    .or(boot.started_at)
                    .is_none_or(|time| time >= since)
        });
        self.resumes.retain(|resume| resume.at >= since);
    }
}

/// Why there is no history at all. Partial sight is no error: see [`BootHistory::blind_spots`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    Read {
        path: String,
        source: std::io::Error,
    },
    #[error("{path}: not a Windows event log: {reason}")]
    NotAnEventLog { path: String, reason: String },
    #[error("the boot history of this system cannot be read; saved records of another can")]
    NoReader,
}

/// The boot history of the system whose tree is at `root`.
///
/// `live`: the tree is the running system's, so ask its kernel too. `since`: leave out what ended before.
///
/// # Errors
/// This system has no reader.
pub fn history(root: &Path, live: bool, since: Option<Timestamp>) -> Result<BootHistory, Error> {
    let mut history = read(root, live, since)?;
    if let Some(since) = since {
        history.keep_since(since);
    }
    Ok(history)
}

#[cfg(target_os = "linux")]
fn read(root: &Path, live: bool, since: Option<Timestamp>) -> Result<BootHistory, Error> {
    // A Windows disk mounted here.
    if !live && windows::log_below(root).is_some() {
        return windows::history(root, live);
    }
    Ok(linux::history(root, live, since))
}

#[cfg(target_os = "macos")]
fn read(root: &Path, live: bool, since: Option<Timestamp>) -> Result<BootHistory, Error> {
    Ok(macos::history(root, live, since))
}

#[cfg(windows)]
fn read(root: &Path, live: bool, _since: Option<Timestamp>) -> Result<BootHistory, Error> {
    windows::history(root, live)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn read(_root: &Path, _live: bool, _since: Option<Timestamp>) -> Result<BootHistory, Error> {
    Err(Error::NoReader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_10_an_empty_battery_is_a_hint_not_a_class() {
        let mut boot = BootRecord::new("x", None);
        boot.judged(End::PowerLossOrHang, 0.8);
        boot.note_last_battery(0.6);
        assert!(boot.tags.is_empty());
        boot.note_last_battery(0.03);
        assert!(boot.has_tag("battery_low"));
        assert_eq!(boot.end, End::PowerLossOrHang);
        let mut clean = BootRecord::new("x", None);
        clean.judged(End::CleanPoweroff, 0.9);
        clean.note_last_battery(0.01);
        assert!(clean.tags.is_empty());
    }
}
