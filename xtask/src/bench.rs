//! `cargo xtask bench`: runs the measuring programs and collects `name, unit, value, peer, peer_value, ratio`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{
    fetch,
    step::{cargo, output, show, step},
};

#[derive(Args)]
pub struct Options {
    /// Which to run (default: all): spool, detect
    names: Vec<String>,
    /// Write the results as a JSON array
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Examples of `weft-tests` that print one JSON result a line.
const BENCHES: [&str; 2] = ["spool", "detect"];

pub fn run(options: &Options) -> Result<()> {
    if let Some(unknown) = options
        .names
        .iter()
        .find(|name| !BENCHES.contains(&name.as_str()))
    {
        bail!(
            "no benchmark is called {unknown}; there are: {}",
            BENCHES.join(", ")
        );
    }
    fetch::engine::ensure()?;
    step("measuring programs", || {
        show(cargo().args([
            "build",
            "--locked",
            "--release",
            "-p",
            "weft-tests",
            "--examples",
        ]))
    })?;
    let mut results = Vec::new();
    for name in BENCHES {
        if !options.names.is_empty() && !options.names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let lines = step(name, || {
            output(cargo().args([
                "run",
                "--quiet",
                "--locked",
                "--release",
                "-p",
                "weft-tests",
                "--example",
                name,
            ]))
        })?;
        for line in lines.lines().filter(|line| line.starts_with('{')) {
            println!("{line}");
            results.push(
                serde_json::from_str::<serde_json::Value>(line)
                    .context("a benchmark printed a broken line")?,
            );
        }
    }
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&results)?)?;
    }
    Ok(())
}
