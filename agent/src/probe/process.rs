//! Programs as deltas: a new identity at once, what it did since in a summary now and then.
//!
//! Invariant: what is counted is counted once. The counters of an identity are taken back to zero only when the observation
//! that carries them is durable; instances are followed by (pid, start time), so a reused pid is another instance.

mod ledger;
mod look;

use std::sync::{Arc, Mutex};

pub use look::{ProcessProbe, running};

/// A running program as the app probe needs it. Unredacted; stays in this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunningProgram {
    /// The executable's name.
    pub name: String,
    /// Its full path.
    pub path: String,
    /// Its control group.
    pub cgroup: String,
    /// Owning package, "manager:name@version".
    pub package: String,
    /// Who signed it, where the system has signatures.
    pub signer: String,
    /// Windows: its name when it was built.
    pub original_file_name: String,
    /// Windows: its description.
    pub description: String,
    /// macOS: its bundle id.
    pub bundle_id: String,
}

/// Shared with the app probe.
pub type RunningPrograms = Arc<Mutex<Vec<RunningProgram>>>;
