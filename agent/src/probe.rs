//! Probes: each looks at one topic of the machine and returns what changed.
//!
//! Invariant: a probe never waits for the network and never stores anything by itself. What it returned counts as reported only
//! after [`Probe::kept`]; until then its next look returns the same facts again.

pub mod app;
pub mod boot;
pub mod folders;
pub mod inventory;
pub mod process;
pub mod vitals;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use weft_proto::v1::Observation;

use crate::policy::Effective;

/// The circumstances of one look: clocks, tree and policy are parameters.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// The laptop's wall clock.
    pub wall: Timestamp,
    /// A clock that only runs.
    pub instant: Instant,
    /// The tree to look at, normally "/".
    pub root: &'a Path,
    /// What IT asks.
    pub policy: &'a Effective,
}

/// One topic.
pub trait Probe: Send {
    /// The public word, as in `Policy.disabled_probes`.
    fn name(&self) -> &'static str;

    /// Time between two looks.
    fn cadence(&self, policy: &Effective) -> Duration;

    /// Looks once and returns what changed.
    fn look(&mut self, moment: &Moment<'_>) -> Vec<Observation>;

    /// What the last look returned is durable.
    fn kept(&mut self, _moment: &Moment<'_>) {}

    /// What this probe cannot see here, and why.
    fn blind_spots(&self) -> Vec<String> {
        Vec::new()
    }
}
