//! What the spool can say about itself.

use crate::Epoch;

/// A snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// This life of the spool.
    pub epoch: Epoch,
    /// The number that the next record will get.
    pub head: u64,
    /// Everything up to here is settled.
    pub acknowledged: u64,
    /// Records that wait for an acknowledgement.
    pub waiting: u64,
    /// Bytes of all segment files.
    pub bytes: u64,
    /// Age of the oldest segment by the spool's own clock, ms.
    pub oldest_ms: u64,
    /// Lost in this epoch because the spool was full.
    pub lost_full: u64,
    /// Lost in this epoch because they were too old.
    pub lost_expired: u64,
    /// Lost in this epoch because they could not be read back.
    pub lost_corrupt: u64,
}
