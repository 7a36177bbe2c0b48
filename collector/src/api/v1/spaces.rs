//! Spaces: where threads are opened.

pub mod list;
