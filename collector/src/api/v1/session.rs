//! Signing in and out, and who is signed in.

pub mod close;
pub mod me;
pub mod open;
pub mod password;
