//! The command line: machine output on stdout as JSON, words on stderr, exit code 2 for wrong use (clap's own).
//!
//! Commands that change state open the control database themselves, so they work beside a running server, which notices
//! within a second or two.

mod account;
mod bridge;
mod ca;
mod device;
mod doctor;
mod import;
mod link;
mod mail;
mod policy;
mod secrets;
mod serve;
mod symptoms;
mod token;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use weft_collector_store::control::Control;

use crate::{audit::Auditor, clock::Clock, config::Config, connect, demo, replay, vault::Vault};

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
    Serve(serve::Options),
    /// Print the effective configuration, secrets masked
    Check,
    /// The whole house on this laptop: collector, embedded engine, the real agent, a simulated fleet
    Demo(demo::Options),
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
    /// The keys that seal tokens of bridges and mail in the control database
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// What agents are asked to do: how often to look, what may leave a laptop, which probes are off
    #[command(subcommand)]
    Policy(policy::Command),
    Replay(replay::Arguments),
    /// People who sign in
    #[command(subcommand)]
    Account(account::Command),
    /// Talk that also lives in a forum or a chat
    #[command(subcommand)]
    Bridge(bridge::Command),
    /// Bring accounts and threads of another forum
    Import {
        /// JSON lines (the format: docs/operating.md)
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Mail: take a message, try the way out, say whose an address is
    #[command(subcommand)]
    Mail(mail::Command),
    /// What texts complain of: one text per line on stdin, one JSON object per line on stdout
    Symptoms,
    /// The linker between anomalies and threads
    #[command(subcommand)]
    Link(link::Command),
    /// Run the embedded ClickHouse; the collector starts this itself
    #[command(hide = true)]
    Engine(EngineArguments),
}

#[derive(Args, Debug)]
struct EngineArguments {
    /// libchdb.so. Here `--config` is ClickHouse's own configuration, which the collector wrote
    #[arg(long, value_name = "FILE")]
    library: PathBuf,
}

impl Cli {
    /// Configuration and library of the engine, if this process is to be the engine child.
    pub fn as_engine(&self) -> Option<(&Path, &Path)> {
        match (&self.command, &self.config) {
            (Command::Engine(arguments), Some(config)) => Some((config, &arguments.library)),
            _ => None,
        }
    }
}

/// What a command on the control database works with.
struct Desk {
    control: Control,
    clock: Clock,
    auditor: Auditor,
    /// Where people reach the console.
    console_url: String,
}

impl Desk {
    async fn open(config: &Config) -> Result<Self> {
        std::fs::create_dir_all(&config.data.dir)?;
        let control = Control::connect(&config.control_url()).await?;
        let clock = Clock::system();
        Ok(Self {
            auditor: Auditor::new(control.clone(), clock.clone()),
            console_url: config.public_url(),
            control,
            clock,
        })
    }
}

/// Runs the command that was given.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    let config = || Config::load(cli.config.as_deref(), env::vars());
    let desk = async || Desk::open(&config()?).await;
    match cli.command {
        Command::Serve(options) => serve::run(config()?, &options).await?,
        Command::Demo(options) => demo::run(options).await?,
        Command::Check => print!("{}", Config::masked(cli.config.as_deref(), env::vars())?),
        Command::Doctor => return doctor::run(config()?).await,
        Command::Token(command) => token::run(command, desk().await?).await?,
        Command::Device(command) => device::run(command, desk().await?).await?,
        Command::Ca(command) => ca::run(command, &config()?)?,
        Command::Policy(command) => policy::run(command, desk().await?).await?,
        Command::Account(command) => account::run(command, desk().await?).await?,
        Command::Bridge(command) => {
            let config = config()?;
            let desk = Desk::open(&config).await?;
            let (control, clock) = (desk.control.clone(), desk.clock.clone());
            let vault = Vault::of_house(&config, &control, clock.now()).await?;
            let connect = connect::house(&config, control, vault, clock)?;
            return bridge::run(command, desk, connect).await;
        }
        Command::Mail(command) => {
            let config = config()?;
            let desk = Desk::open(&config).await?;
            return mail::run(command, &config, desk).await;
        }
        Command::Secrets(command) => {
            let config = config()?;
            return secrets::run(command, &config, Desk::open(&config).await?).await;
        }
        Command::Import { file } => return import::run(&file, desk().await?).await,
        Command::Symptoms => symptoms::run(std::io::stdin().lock(), std::io::stdout().lock())?,
        Command::Link(command) => link::run(command)?,
        Command::Replay(arguments) => {
            return replay::run(arguments, serve::surroundings(&config()?)?).await;
        }
        // `main` runs it before there is a runtime, if it names its configuration.
        Command::Engine(_) => {
            bail!("`engine` is for the collector itself, with --config and --library")
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_engine_child_is_recognised() {
        let words = [
            "weft-collector",
            "engine",
            "--config",
            "c.xml",
            "--library",
            "l.so",
        ];
        let cli = Cli::try_parse_from(words).unwrap();
        assert_eq!(
            cli.as_engine(),
            Some((Path::new("c.xml"), Path::new("l.so")))
        );
        assert!(
            Cli::try_parse_from(["weft-collector", "check"])
                .unwrap()
                .as_engine()
                .is_none()
        );
    }
}
