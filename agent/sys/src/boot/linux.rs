//! Boots on Linux: the journal, wtmp, the kernel's crash stores and the running kernel itself.
//!
//! Invariant: a boot is a boot_id. wtmp, which knows only times, adds a boot only where no boot_id covers that time, and
//! a boot is called unclean only by a source that would have shown a clean end.
//!
//! Not here: keeping what was reported; wtmp-only boots have keys of their own that `BootHistory::adopt_known` replaces.
//!
//! [`collect`] reads (bounded, below any root), [`judge`] decides (pure).

use std::path::Path;

use jiff::Timestamp;

use super::BootHistory;
use crate::{clock, files, host};

pub mod journal;
mod judge;
pub mod pstore;
pub mod wtmp;

#[cfg(test)]
mod cases;

pub use judge::judge;

/// Keys of boots that only wtmp knows begin with this.
pub const WTMP_KEY: &str = "wtmp:";

/// The kernel that runs now.
#[derive(Debug, Clone, PartialEq)]
pub struct Current {
    pub boot_id: String,
    /// Wall clock minus time since boot.
    pub started_at: Timestamp,
    pub kernel: String,
}

/// Everything that was read, before any judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// Whose kernel we would speak for.
    pub host: host::Host,
    pub current: Option<Current>,
    /// Oldest first, as the journal lists them.
    pub journal: Vec<journal::Boot>,
    pub journal_state: journal::State,
    /// Wake-ups and soft reboots that the journal tells.
    pub wakes: Vec<journal::Wake>,
    /// In file order; `None` when there is no wtmp.
    pub wtmp: Option<Vec<wtmp::Entry>>,
    pub dumps: Vec<pstore::Dump>,
    /// Sentences of the readers.
    pub blind_spots: Vec<String>,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            host: host::Host::Own,
            current: None,
            journal: Vec::new(),
            journal_state: journal::State::Absent,
            wakes: Vec::new(),
            wtmp: None,
            dumps: Vec::new(),
            blind_spots: Vec::new(),
        }
    }
}

/// The history of the tree at `root`.
pub fn history(root: &Path, live: bool, since: Option<Timestamp>) -> BootHistory {
    judge(&collect(root, live, since))
}

/// Reads the records below `root`; with `live`, of the running kernel too.
pub fn collect(root: &Path, live: bool, since: Option<Timestamp>) -> Records {
    let host = if live {
        host::detect(root)
    } else {
        host::Host::Own
    };
    if !host.speaks_for_the_machine() {
        return Records {
            host,
            ..Records::default()
        };
    }
    let read = journal::read(root, live, since);
    let (entries, wtmp_blind_spot) = match wtmp::read(root) {
        Ok(entries) => (Some(entries), None),
        Err(sentence) => (None, Some(sentence)),
    };
    let (dumps, pstore_blind_spot) = pstore::read(root);
    Records {
        host,
        current: if live { current(root) } else { None },
        journal: read.boots,
        journal_state: read.state,
        wakes: read.wakes,
        wtmp: entries,
        dumps,
        blind_spots: read
            .blind_spot
            .into_iter()
            .chain(wtmp_blind_spot)
            .chain(pstore_blind_spot)
            .collect(),
    }
}

fn current(root: &Path) -> Option<Current> {
    let boot_id = files::value(&files::under(root, "/proc/sys/kernel/random/boot_id"))?;
    let started_at = if files::is_own_tree(root) {
        clock::boot_time(&clock::read())?
    } else {
        btime(&files::text(
            &files::under(root, "/proc/stat"),
            1024 * 1024,
        )?)?
    };
    Some(Current {
        boot_id,
        started_at,
        kernel: files::value(&files::under(root, "/proc/sys/kernel/osrelease")).unwrap_or_default(),
    })
}

fn btime(stat: &str) -> Option<Timestamp> {
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    Timestamp::from_second(seconds.trim().parse().ok()?).ok()
}
