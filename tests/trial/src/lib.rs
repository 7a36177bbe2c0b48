//! Trials of the detectors: invented fleets with labelled stories, judged round by round as a collector would.
//!
//! **Invariant: pure and seeded, and neither protocol nor store is known here.** The same seed gives the same world and the
//! same figures on every machine. What is measured is `core`'s judgement; how observations travel and how the store
//! sums them up is the whole-system tests' matter.
//!
//! Reading order: [`world`] (what was seen, and when it became known), [`life`] (a healthy fleet with everything
//! that must not cry), [`story`] (what must be found), [`rounds`] (the collector's days), [`peer`] (fixed thresholds,
//! judged beside), [`score`] (the figures), [`beat`] (how many restarts a beat takes).

pub mod beat;
pub mod fleets;
pub mod life;
pub mod peer;
pub mod rounds;
pub mod score;
pub mod story;
pub mod world;

/// Seeds on which thresholds may be tuned.
pub const TUNING: std::ops::Range<u64> = 100..108;
/// Seeds that only report. Whoever looks at a single miss of these and changes a threshold must choose new ones.
pub const REPORTING: std::ops::Range<u64> = 52_000..52_008;
