//! The command line: machine output on stdout as JSON, words on stderr, exit code 2 for wrong use (clap's own).
//!
//! Commands that change state open the control database themselves, so they work beside a running server, which notices
//! within a second or two.

mod ca;
mod device;
mod doctor;
mod serve;
mod token;

use std::{env, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use weft_collector_store::control::Control;

use crate::{audit::Auditor, clock::Clock, config::Config};

/// Ties what devices show to what people say: takes reports of laptops, finds what is unusual, links it to threads.
#[derive(Parser, Debug)]
#[command(name = "weft-collector", version, propagate_version = true)]
pub struct Cli {
    /// Configuration file; without one the built-in defaults and the environment are in force
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "WEFT_COLLECTOR_CONFIG"
    )]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the collector until SIGTERM or Ctrl-C
    Serve,
    /// Print the effective configuration, secrets masked
    Check,
    /// Look at everything that a start needs, and say what to do (exit code 0: fine, 1: warnings, 2: it cannot start)
    Doctor,
    /// Enrolment tokens: what lets a laptop in
    #[command(subcommand)]
    Token(token::Command),
    /// Enrolled laptops
    #[command(subcommand)]
    Device(device::Command),
    /// The certificate authority that laptops trust
    #[command(subcommand)]
    Ca(ca::Command),
    /// Run the embedded ClickHouse; the collector starts this itself
    #[command(hide = true)]
    Engine(EngineArguments),
}

#[derive(Args, Debug)]
pub struct EngineArguments {
    /// ClickHouse's own configuration (shadows the collector's option of this name)
    #[arg(id = "engine_config", long = "config", value_name = "FILE")]
    pub config: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub library: PathBuf,
}

impl Cli {
    /// The arguments of the engine child, if this process is one.
    pub fn as_engine(&self) -> Option<&EngineArguments> {
        match &self.command {
            Command::Engine(arguments) => Some(arguments),
            _ => None,
        }
    }
}

/// What a command on the control database works with.
struct Desk {
    control: Control,
    clock: Clock,
    auditor: Auditor,
}

impl Desk {
    async fn open(config: &Config) -> Result<Self> {
        std::fs::create_dir_all(&config.data.dir)?;
        let control = Control::connect(&config.control_url()).await?;
        let clock = Clock::system();
        Ok(Self {
            auditor: Auditor::new(control.clone(), clock.clone()),
            control,
            clock,
        })
    }
}

/// Runs the command that was given.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    if matches!(cli.command, Command::Check) {
        print!("{}", Config::masked(cli.config.as_deref(), env::vars())?);
        return Ok(ExitCode::SUCCESS);
    }
    let config = Config::load(cli.config.as_deref(), env::vars())?;
    match cli.command {
        Command::Serve => serve::run(config).await?,
        Command::Doctor => return doctor::run(config).await,
        Command::Token(command) => token::run(command, Desk::open(&config).await?).await?,
        Command::Device(command) => device::run(command, Desk::open(&config).await?).await?,
        Command::Ca(command) => ca::run(command, &config)?,
        // Done above, and by `main` before there was a runtime.
        Command::Check | Command::Engine(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The error in words on stderr.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("weft-collector: {error:#}");
    ExitCode::FAILURE
}

/// One JSON document on stdout.
fn print_json(value: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
