//! `cargo xtask bench`: runs the measuring programs and collects `name, unit, value, peer, peer_value, ratio`.

mod agent;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{
    fetch,
    step::{cargo, output, show, step},
};

#[derive(Args)]
pub struct Options {
    /// Which to run (default: all): spool, detect, threads, store, agent
    names: Vec<String>,
    /// Write the results as a JSON array
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A measuring program: an example that prints one JSON result a line, the package that holds it, and the profile. What is
/// a matter of milliseconds is measured as it ships; what is a matter of right and wrong need not wait for the linker.
const BENCHES: [(&str, &str, &str); 4] = [
    ("spool", "weft-agent-spool", "release"),
    ("detect", "weft-trial", "measure"),
    (THREADS, COLLECTOR, "release"),
    ("store", COLLECTOR, "release"),
];
const COLLECTOR: &str = "weft-collector";

/// Runs twice: on SQLite and on PostgreSQL.
const THREADS: &str = "threads";

/// Needs more than an example: peers, and the binary as it is packed.
const AGENT: &str = "agent";

pub fn run(options: &Options) -> Result<()> {
    let known = || BENCHES.iter().map(|(name, _, _)| *name).chain([AGENT]);
    if let Some(unknown) = options
        .names
        .iter()
        .find(|name| known().all(|known| known != name.as_str()))
    {
        let list: Vec<&str> = known().collect();
        bail!(
            "no benchmark is called {unknown}; there are: {}",
            list.join(", ")
        );
    }
    let wanted =
        |name: &str| options.names.is_empty() || options.names.iter().any(|one| one == name);
    if BENCHES.iter().any(|(name, _, _)| wanted(name)) {
        // The store's bench runs on the real engine.
        fetch::engine::ensure()?;
    }
    // A release of the collector embeds the console and does not build without it.
    if BENCHES
        .iter()
        .any(|(name, package, _)| *package == COLLECTOR && wanted(name))
    {
        fetch::console::build()?;
    }
    let mut results = Vec::new();
    for (name, package, profile) in BENCHES {
        if !wanted(name) {
            continue;
        }
        let example = [
            "--quiet",
            "--locked",
            "--profile",
            profile,
            "-p",
            package,
            "--example",
            name,
        ];
        step(&format!("{name}: build"), || {
            show(cargo().arg("build").args(example))
        })?;
        let lines = step(name, || output(cargo().arg("run").args(example)))?;
        take(&lines, &mut results)?;
        if name == THREADS {
            let postgres = fetch::postgres::Postgres::start()?;
            let lines = step("threads on PostgreSQL", || {
                let mut run = cargo();
                run.arg("run").args(example);
                output(run.env("WEFT_BENCH_POSTGRES", &postgres.url))
            })?;
            take(&lines, &mut results)?;
        }
    }
    if wanted(AGENT) {
        take(&agent::run()?, &mut results)?;
    }
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&results)?)?;
    }
    Ok(())
}

fn take(lines: &str, results: &mut Vec<serde_json::Value>) -> Result<()> {
    for line in lines.lines().filter(|line| line.starts_with('{')) {
        println!("{line}");
        results.push(serde_json::from_str(line).context("a benchmark printed a broken line")?);
    }
    Ok(())
}
