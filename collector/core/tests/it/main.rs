//! Stories for detectors, reconcile, linker and symptom reader. One invariant: everything here is deterministic; chance
//! comes from a small generator with a written seed.
#![allow(clippy::unwrap_used)]

mod capacity;
mod life;
mod links;
mod numbers;
mod processes;
mod properties;
mod reboots;
mod shadow;
mod sim;
mod titles;
