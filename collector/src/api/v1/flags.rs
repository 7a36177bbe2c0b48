//! Flags: posts that people asked staff to look at.

pub mod close;
pub mod list;
