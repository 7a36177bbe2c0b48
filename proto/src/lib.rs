//! The wire: what agent and collector say to each other, and nothing else.
//!
//! The words are in `weft/v1/*.proto`; this crate is their Rust form (prost messages, tonic services, canonical JSON by
//! pbjson) plus the numbers that both sides must agree on. It holds no behaviour.

/// Protocol v1. Additive changes only; see `observation.proto` for what readers must tolerate.
#[allow(clippy::all, missing_docs)]
pub mod v1 {
    tonic::include_proto!("weft.v1");
    include!(concat!(env!("OUT_DIR"), "/weft.v1.serde.rs"));
}

/// Google's well-known types, in the form that also speaks canonical JSON.
pub use pbjson_types::{Duration, Timestamp};

/// The protocol version that this crate speaks.
pub const PROTOCOL: u32 = 1;

/// Largest message, uncompressed. A report of 1,000 observations is about 300 kB; 4 MiB leaves room and bounds memory.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Most observations in one report when the collector said nothing else.
pub const MAX_OBSERVATIONS: usize = 1_000;

/// Largest single observation, encoded. The biggest honest one (an inventory with 64 components) is under 8 kB.
pub const MAX_OBSERVATION_BYTES: usize = 64 * 1024;

/// Bytes of an epoch and of an installation id.
pub const ID_BYTES: usize = 16;

/// The encoded file descriptor set, for reflection and schema tools.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/weft.v1.descriptors"));
