//! What the agent costs, measured from outside: the release binary against a collector double over the real wire, beside the
//! programs that admins compare it with. Every number of a run comes from the same host in the same minutes.
//!
//! Prints JSON lines `name, unit, value, peer, peer_value, ratio, goal, holds`; run by `cargo xtask bench agent`, which builds
//! the binary and installs the peers. A ratio within its goal holds; where the peer is "limit" the peer is a number of ours.
//!
//! Not here: what the collector costs.

#[allow(dead_code, clippy::unwrap_used)]
#[path = "../../tests/it/collector.rs"]
mod collector;
mod cycles;
mod day;
mod folders;
mod host;
mod inventory;
mod laptop;
mod measure;
mod peers;
mod relay;

use std::path::{Path, PathBuf};

/// Whatever keeps a number from being measured; the words reach the terminal.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args_os().skip(1);
    let agent =
        PathBuf::from(arguments.next().ok_or(
            "usage: cost WEFT-AGENT [PART...]; parts: size, inventory, day, cycles, folders",
        )?);
    let wanted: Vec<String> = arguments
        .filter_map(|part| part.into_string().ok())
        .collect();
    let runs = |part: &str| wanted.is_empty() || wanted.iter().any(|one| one == part);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let _host = host::Crowd::gather()?;
    if runs("size") {
        size(&agent)?;
    }
    if runs("inventory") {
        inventory::measure(&agent)?;
    }
    if runs("day") {
        runtime.block_on(day::measure())?;
    }
    if runs("cycles") {
        runtime.block_on(cycles::measure(&agent))?;
    }
    if runs("folders") {
        runtime.block_on(folders::measure(&agent))?;
    }
    // The double's connections need no farewell.
    runtime.shutdown_background();
    Ok(())
}

fn size(agent: &Path) -> Outcome<()> {
    let bytes = std::fs::metadata(agent)?.len();
    Limit::new("agent.binary", "MB", 8.0).tell(bytes as f64 / 1e6);
    Ok(())
}

/// A number of ours that a value must stay below.
pub struct Limit {
    name: &'static str,
    unit: &'static str,
    limit: f64,
}

impl Limit {
    pub fn new(name: &'static str, unit: &'static str, limit: f64) -> Self {
        Self { name, unit, limit }
    }

    pub fn tell(&self, value: f64) {
        tell(self.name, self.unit, value, "limit", self.limit, 1.0);
    }
}

/// One result line.
pub fn tell(name: &str, unit: &str, value: f64, peer: &str, peer_value: f64, goal: f64) {
    let ratio = value / peer_value;
    let line = serde_json::json!({
        "name": name, "unit": unit, "value": rounded(value), "peer": peer, "peer_value": rounded(peer_value),
        "ratio": rounded(ratio), "goal": goal, "holds": ratio <= goal,
    });
    println!("{line}");
}

/// Five digits after the point: more would be noise.
fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

/// The middle one; zero of none.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
