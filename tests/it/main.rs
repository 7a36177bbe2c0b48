//! Whole-system tests: real programs, the real engine, nothing mocked.
#![allow(clippy::unwrap_used)]

mod kill;
mod outage;
mod package;
mod stories;
mod way;
