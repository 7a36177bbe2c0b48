//! Boots on Windows, from events of the System log.
//!
//! Invariant: everything here is pure over [`WinEvent`]s and runs on any system; where the events come from (a saved
//! `.evtx`, JSON lines, later the live log) changes nothing. One kernel start is one boot, whatever number of events it
//! left; fast startup, hibernation and sleep are resumes.
//!
//! Not here: the live log. A thin reader over `EvtQuery` that yields `WinEvent`s is all that is missing for it.
//!
//! Reading order: [`event`] (what a record says), [`saved`] (where records come from), `order` (which came first, when
//! clocks and record numbers disagree), `session` (from events to kernel runs), `judge` (how each run ended).

mod event;
mod judge;
mod order;
mod saved;
mod session;

#[cfg(test)]
mod cases;

pub use event::{Kind, WinEvent};
pub use judge::judge;
pub use saved::{Saved, parse_jsonl, read_evtx, read_jsonl};

use super::BootHistory;

/// What one machine's events say.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineHistory {
    /// The machine's newest name in the log.
    pub machine: String,
    pub history: BootHistory,
}

/// The running system's history.
///
/// # Errors
/// Always, until the live reader exists.
#[cfg(windows)]
pub fn history() -> Result<BootHistory, super::Error> {
    Err(super::Error::NotBuilt("Windows"))
}
