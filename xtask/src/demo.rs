//! `cargo xtask demo`: fetch, build, and hand over to `weft-collector demo`, which runs the show.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{build, step::root};

#[derive(Args)]
pub struct Options {
    /// Do not open a browser; needed where nobody looks
    #[arg(long)]
    headless: bool,
    /// Stop by itself after so many seconds (0: run until Ctrl-C)
    #[arg(long = "for", value_name = "SECS", default_value_t = 0)]
    seconds: u64,
    /// Write the summary as JSON at the end
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Simulated laptops
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    devices: u32,
    /// Days of history of the simulated laptops
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// Port of the console; the agents' port is chosen freely
    #[arg(long, default_value_t = 7480)]
    port: u16,
    /// Where the data lives; a second start with the same folder reuses it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub fn run(options: &Options) -> Result<()> {
    let bin = build::programs()?;
    let data = options
        .data
        .clone()
        .unwrap_or_else(|| root().join(".weft/demo"));
    let mut command = Command::new(bin.join("weft-collector"));
    command.arg("demo");
    command.args([
        "--devices",
        &options.devices.to_string(),
        "--days",
        &options.days.to_string(),
    ]);
    command.args([
        "--port",
        &options.port.to_string(),
        "--for",
        &options.seconds.to_string(),
    ]);
    command.arg("--data").arg(&data);
    if options.headless {
        command.arg("--headless");
    }
    if let Some(file) = &options.json {
        command.arg("--json").arg(std::path::absolute(file)?);
    }
    // The demo takes this process's place, so that Ctrl-C and the exit code are its own: it stops its parts in order.
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        Err(command.exec()).context("cannot start weft-collector")
    }
    #[cfg(not(unix))]
    {
        let status = command.status().context("cannot start weft-collector")?;
        anyhow::ensure!(status.success(), "the demo stopped early ({status})");
        Ok(())
    }
}
