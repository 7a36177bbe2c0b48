//! `cargo xtask`: all set-up in one place. Each subcommand fetches what it needs, says what it is doing and how long
//! it took, and stops at the first failure with what to do about it.

mod bench;
mod build;
mod cross;
mod demo;
mod dist;
mod fetch;
mod step;
mod suite;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Set up, run, test and package Weft",
    version
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and run Weft on this laptop: collector, embedded ClickHouse, the real agent, a simulated fleet
    Demo(demo::Options),
    /// Run the whole suite: fmt, lints, unit, integration, whole-system and browser tests
    Test(suite::Options),
    /// Measure; each result is a ratio to a peer measured in the same run
    Bench(bench::Options),
    /// Build release packages into target/dist
    Dist(dist::Options),
    /// Fetch the engine library and the console's packages without running anything
    Fetch,
}

fn main() -> std::process::ExitCode {
    let done = match Cli::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => suite::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Dist(options) => dist::run(&options),
        Command::Fetch => fetch::all(),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
