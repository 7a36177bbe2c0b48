//! Whole-system tests: real programs, the real engine, nothing mocked.
#![allow(clippy::unwrap_used)]

mod kill;
mod package;
mod stories;
mod way;
