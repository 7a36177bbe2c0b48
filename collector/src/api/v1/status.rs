//! What runs here.

pub mod read;
