//! The store against the real engine. Needs `libchdb.so`: fails with the instruction where it is missing, never skips.
#![allow(clippy::unwrap_used)]

#[path = "it/events.rs"]
mod events;
#[path = "it/evidence.rs"]
mod evidence;
#[path = "it/grafana.rs"]
mod grafana;
#[path = "it/insert.rs"]
mod insert;
#[path = "it/retention.rs"]
mod retention;
#[path = "it/sandbox.rs"]
mod sandbox;
#[path = "it/scale.rs"]
mod scale;
#[path = "it/screens.rs"]
mod screens;

/// Not a test of its own: the engines of the other tests are this binary again, told to run this function.
#[test]
fn engine_child() {
    sandbox::become_engine_when_asked();
}
