//! Programs as deltas: a new identity at once, what it did since in a summary now and then.
//!
//! Invariant: what is counted is counted once. The counters of an identity are taken back to zero only when the observation
//! that carries them is durable; instances are followed by (pid, start time), so a reused pid is another instance.

mod ledger;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub use linux::{ProcessProbe, RunningProgram, RunningPrograms};
