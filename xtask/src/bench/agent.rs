//! `cargo xtask bench agent`: what the agent costs, beside what admins already run.
//!
//! Invariant: the agent is the binary alone, as it is packed; the measuring program is built apart from it, because its
//! own needs would otherwise be compiled into the agent.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{
    build,
    dist::AGENT_PROFILE,
    fetch::debian,
    step::{cargo, output, show, step},
};

/// Program and Debian package of each peer.
const PEERS: [(&str, &str); 3] = [
    ("prometheus-node-exporter", "prometheus-node-exporter"),
    ("atop", "atop"),
    ("fusioninventory-agent", "fusioninventory-agent"),
];

const PROGRAM: [&str; 5] = ["--quiet", "--locked", "-p", "weft-agent", "--example"];

/// The lines of the measuring program.
pub fn run() -> Result<String> {
    debian::ensure("the agent's bench", &PEERS)?;
    step("agent: build as it is packed", || {
        show(cargo().args([
            "build",
            "--quiet",
            "--locked",
            "--profile",
            AGENT_PROFILE,
            "-p",
            "weft-agent",
        ]))
    })?;
    step("agent: build the measuring program", || {
        show(cargo().arg("build").args(PROGRAM).arg("cost"))
    })?;
    let agent = build::target().join(AGENT_PROFILE).join("weft-agent");
    let lines = step("agent: measure (about ten minutes)", || {
        output(
            cargo()
                .arg("run")
                .args(PROGRAM)
                .args(["cost", "--"])
                .arg(&agent),
        )
    })?;
    judge(&lines)?;
    Ok(lines)
}

/// Says in words which goal holds.
fn judge(lines: &str) -> Result<()> {
    let mut missed = 0;
    for line in lines.lines().filter(|line| line.starts_with('{')) {
        let result: Value =
            serde_json::from_str(line).context("a benchmark printed a broken line")?;
        let number = |name: &str| result.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let word = |name: &str| {
            result
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let holds = result
            .get("holds")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        missed += usize::from(!holds);
        eprintln!(
            "  {} {}: {:.2} {}, {} {:.2}: ratio {:.2}, goal {:.2}",
            if holds { "✔" } else { "✘" },
            word("name"),
            number("value"),
            word("unit"),
            word("peer"),
            number("peer_value"),
            number("ratio"),
            number("goal"),
        );
    }
    match missed {
        0 => eprintln!("  every goal holds"),
        _ => eprintln!("  {missed} goals do not hold"),
    }
    Ok(())
}
