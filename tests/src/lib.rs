//! Whole-system tests and what they stand on. Nobody depends on this crate.
//!
//! [`fleet`] invents laptops, their months and their stories, and sends them through the real door: enrolment, mTLS,
//! gRPC. [`sandbox`] starts real programs on free ports in a temporary folder and takes them down again.

pub mod fleet;
pub mod sandbox;
