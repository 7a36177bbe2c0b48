//! The command line: thin shells around the library.
//!
//! Invariant: data goes to stdout as JSON lines or as plain text for people, words go to stderr. Exit codes: 0 done, 1 failed,
//! 2 wrong use, 69 the collector cannot be reached or trusted, 77 refused (token, certificate, rights), 78 not enrolled or
//! wrong settings. `doctor` answers 0 all well, 1 warnings, 2 critical.

mod catalog;
mod enroll;
mod notice;
mod output;
mod owner;
mod probe;
mod service;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;

#[cfg(windows)]
pub(crate) use service::serve;

use crate::{
    agent,
    config::{Config, ConfigError, Overrides},
    sdnotify::Manager,
};

/// Sends facts about this laptop (restarts, programs, sharing apps, health) to your collector, and shows you each of them.
#[derive(Debug, Parser)]
#[command(name = "weft-agent", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong use, 69 collector not reachable or not trusted,\n\
    77 refused (token, certificate, rights), 78 not enrolled or wrong settings.";

/// Where the agent keeps its things.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// Directory of spool, certificate and journals [env: WEFT_STATE] [default: by operating system and account]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Settings file (annotated default: agent.toml) [env: WEFT_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    place: Place,
    /// The tree to look at. For measurements: a laptop has one
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes this laptop a device of a collector: makes a key here and asks for its certificate
    Enroll(enroll::Enroll),
    /// Looks, stores and sends until it is stopped (SIGTERM sends what is left, for at most 5 s)
    Run(Run),
    /// Says how the agent is, what it cost, and what IT asks
    Status(owner::Status),
    /// Checks settings, clock, network, TLS, certificate and spool, each with what to do. Exits 0 well, 1 warnings, 2 critical
    Doctor(owner::Doctor),
    /// Shows the literal records that left this laptop, one JSON object per line
    Sent(owner::SentArgs),
    /// Runs one probe once and prints its observations as JSON lines; sends nothing
    Probe(probe::ProbeArgs),
    /// Recognises apps from evidence, or lists what can be recognised
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    /// Runs the agent as a service of the system (Windows and macOS; on Linux the package brings it)
    #[command(subcommand)]
    Service(service::Service),
    /// Notices on your desktop: on, off, a test
    #[command(subcommand)]
    Notice(notice::Notice),
    /// Removes this laptop's certificate, key, spool and journals
    Unenroll(Place),
}

/// Runs a command and gives its exit code.
pub fn main(cli: Cli, env: impl Fn(&str) -> Option<String>, clock: fn() -> Timestamp) -> u8 {
    match cli.command {
        Command::Enroll(arguments) => enroll::run(arguments, &env, clock),
        Command::Run(arguments) => run(arguments, &env, clock),
        Command::Status(arguments) => owner::status(&arguments, &env, clock),
        Command::Doctor(arguments) => owner::doctor(&arguments, &env, clock),
        Command::Sent(arguments) => owner::sent(&arguments, &env, clock),
        Command::Probe(arguments) => probe::run(arguments, clock),
        Command::Catalog(arguments) => catalog::run(arguments),
        Command::Service(arguments) => service::run(&arguments),
        Command::Notice(what) => notice::run(what, &env),
        Command::Unenroll(place) => enroll::unenroll(&place, &env, clock),
    }
}

impl Place {
    fn load(&self, env: impl Fn(&str) -> Option<String>) -> Result<Config, u8> {
        self.try_load(env)
            .map_err(|error| output::failed(&error, 78))
    }

    fn try_load(&self, env: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let overrides = Overrides {
            state: self.state.clone(),
            file: self.config.clone(),
        };
        Config::load(&overrides, env)
    }
}

fn run(arguments: Run, env: impl Fn(&str) -> Option<String>, clock: fn() -> Timestamp) -> u8 {
    let config = match arguments.place.load(&env) {
        Ok(config) => Config {
            root: arguments.root,
            ..config
        },
        Err(code) => return code,
    };
    output::trace(&config.log);
    let runtime = match output::runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let manager = Manager::from_env(&env);
    let outcome = runtime.block_on(agent::run(&config, &manager, clock));
    // A look or a name resolution that hangs must not hold the process.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => 0,
        Err(error) => output::failed(&error, error.exit_code()),
    }
}
