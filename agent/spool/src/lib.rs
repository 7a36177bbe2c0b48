//! A durable queue of bytes that numbers what it holds and never hides what it lost.
//!
//! **Invariant: numbers have no holes that are not declared.** Every number from 1 up to the head is either a record that
//! [`Spool::read`] returns, a declared [`Gap`], or acknowledged. This crate knows nothing of observations, of the network
//! or of the time of day: it stores bytes, and takes the clock and the file system as parameters.
//!
//! # Files
//! ```text
//! <dir>/lock                             held with flock while a process uses the spool
//! <dir>/cursor                           the header: epoch, acknowledged number, head, age, declared gaps (replaced by rename)
//! <dir>/<epoch>-<first number>.segment   records; <epoch> is its first 8 bytes in hex, the number 16 hex digits
//! ```
//! All integers are little endian; every CRC is CRC-32 (IEEE).
//!
//! ## Segment
//! ```text
//! header    0   8  magic "WEFTSEG1"
//!           8  16  epoch
//!          24   8  first number
//!          32   8  born: the spool's age when the segment was begun, ms
//!          40   4  CRC of bytes 0..40
//! frame     0   4  len: length of the payload, at most 262144
//!           4   4  CRC of len, seq, kind and payload
//!           8   8  seq
//!          16   1  kind: the caller's tag; 0 is a seal
//!          17 len  payload
//! ```
//! One append writes its frames and a seal (kind 0, no payload, seq = the number that comes next) with one write, then one
//! `fdatasync`. The seal is why a bit flip in the last record is told from a write that a power cut tore: where a seal
//! says that a number was given and its record cannot be read, the number is declared lost; where nothing valid follows,
//! the append never returned to its caller, and its numbers are given again.
//!
//! ## Cursor
//! ```text
//!  0   8  magic "WEFTCUR1"
//!  8  16  epoch
//! 24   8  acknowledged: every number up to it is settled
//! 32   8  head: the next number (a lower bound; the segments may know better)
//! 40   8  age, ms (below)
//! 48   8  wall clock when this was written, Unix ms
//! 56  24  numbers lost in this epoch: full, expired, corrupt (three u64)
//! 80   4  gaps: count
//! 84  17  each: first u64, last u64, reason u8 (1 full, 2 expired, 3 corrupt)
//!      4  CRC of everything before
//! ```
//! Acknowledging writes it at most once a minute: a cursor that lags costs nothing because the receiver's own number
//! decides where sending resumes. It is always written before a file that it speaks for is removed.
//!
//! # Numbers
//! An epoch is one life of a spool. Numbers within it start at 1. An unreadable cursor is rebuilt from the segments; when
//! nothing readable is left, a new epoch begins. A spool that was restored from a backup would give numbers twice: its
//! receiver notices ([`Spool::renew`]).
//!
//! # What is dropped, in this order
//! 1. segments in which everything is acknowledged (no loss);
//! 2. the oldest segments once they are older than [`Limits::max_age_ms`]: gaps `expired`;
//! 3. the oldest segments while a new append would pass [`Limits::max_bytes`]: gaps `full`.
//!
//! A full disk refuses the append before numbers are given ([`Error::NoSpace`]), so the caller counts it and nothing here is
//! lost; opening, reading and acknowledging go on, also on a disk that has become read-only. Dropping goes by whole segments: one unlink, no rewriting, least wear.
//!
//! # Age
//! The spool's age is its own clock: it advances with the wall clock between two calls, but never backwards and at most
//! [`LARGEST_STEP_MS`] at a time. A wall clock that leaps ten years ahead therefore expires nothing at once.
//!
//! # Sizes
//! Segments are closed at 4 MiB: large enough that a day at rest fits in one, small enough that dropping one loses little and
//! that the quota of 64 MiB still has 16 steps.

mod cursor;
mod error;
mod frame;
mod fs;
mod gap;
mod opening;
mod segment;
mod spool;
mod stats;

pub use error::Error;
pub use fs::{Disk, Fs};
pub use gap::{Gap, Reason};
pub use opening::{Begun, Opening};
pub use spool::{Batch, Limits, Record, Spool};
pub use stats::Stats;

/// Bytes of an epoch.
pub const EPOCH_BYTES: usize = 16;

/// 16 random bytes, given by the caller.
pub type Epoch = [u8; EPOCH_BYTES];

/// A segment is closed when it would grow beyond this.
pub const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// Largest payload: four times the largest observation that the protocol admits, so the limit bites there first.
pub const MAX_PAYLOAD: usize = 256 * 1024;

/// Largest step of the spool's age between two calls: one day, so that a clock error of years expires a day's worth at most.
pub const LARGEST_STEP_MS: u64 = 24 * 60 * 60 * 1000;

/// Most gaps in one batch: keeps a report small even after a disk that rots everywhere.
pub const MAX_BATCH_GAPS: usize = 64;
