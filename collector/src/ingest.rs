//! The way of a report: a device's stream in, one insert for many devices, the word back.
//!
//! ```text
//! stream (one task per device) ──Report──> numbers ──> convert ──> queue ──> writer ──one insert──> ClickHouse
//!        <────────────────────────────── Ack ──────────────────────────────────┘
//! ```
//!
//! **Invariants:** an Ack is sent only after the insert that holds its rows has returned. Numbers reach ClickHouse
//! without holes: a stream checks them, a newer stream of the same device ends the older one before it reads how far
//! things are durable, and the writer inserts in order. A device is known by its certificate alone.

pub mod convert;
pub mod notices;
pub mod numbers;
pub mod writer;

mod bookkeeper;
mod service;
mod sessions;
mod stream;

pub use bookkeeper::Bookkeeper;
pub use notices::{Notices, NotifyOwner};
pub use service::Ingest;
pub use sessions::Sessions;
pub use stream::Inbound;

use std::time::Duration;

/// What bounds a stream; from `[limits]`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Reports in flight per stream.
    pub window: u32,
    /// Observations per report.
    pub observations: usize,
    /// The first message must come within this time.
    pub hello: Duration,
    /// How long a new stream waits for ClickHouse before it is told to come back.
    pub open: Duration,
}
