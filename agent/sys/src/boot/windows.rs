//! Boots on Windows, from events of the System log.
//!
//! Invariant: everything here is pure over [`WinEvent`]s and runs on any system; where the events come from (a saved
//! `.evtx`, JSON lines, later the live log) changes nothing. One kernel start is one boot, whatever number of events it
//! left; fast startup, hibernation and sleep are resumes.
//!
//! Not here: a subscription to the live log. The running system's log is exported by its own tool and read as a saved one.
//!
//! Reading order: [`event`] (what a record says), [`saved`] (where records come from), `order` (which came first, when
//! clocks and record numbers disagree), `session` (from events to kernel runs), `judge` (how each run ended).

mod event;
mod judge;
mod live;
mod order;
mod saved;
mod session;

#[cfg(test)]
mod cases;

pub use event::{Kind, WinEvent};
pub use judge::judge;
pub use live::{history, log_below};
pub use saved::{Saved, parse_jsonl, read_evtx, read_jsonl};

use super::BootHistory;

/// What one machine's events say.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineHistory {
    /// The machine's newest name in the log.
    pub machine: String,
    /// The newest record's time: of what came later the log cannot know.
    pub last_record: Option<jiff::Timestamp>,
    pub history: BootHistory,
}
