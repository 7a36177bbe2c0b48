//! `serve`: the collector itself.

use std::{env, io::IsTerminal as _, path::PathBuf};

use anyhow::{Result, anyhow};
use clap::Args;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, fmt};
use weft_collector_engine::Places;

use crate::{
    app::{App, Surroundings},
    clock::Clock,
    config::{Config, LogFormat},
};

#[derive(Args, Debug)]
pub struct Options {
    /// Live so many seconds ago. For tests and rehearsals: a second start without it shows what time has done
    #[arg(long, value_name = "SECONDS", default_value_t = 0, hide = true)]
    ago: u32,
}

pub async fn run(config: Config, options: &Options) -> Result<()> {
    start_log(&config)?;
    let mut around = surroundings(&config)?;
    if options.ago > 0 {
        tracing::warn!(
            seconds = options.ago,
            "the clock is set back: this is a rehearsal"
        );
        around.clock = Clock::behind(SignedDuration::from_secs(options.ago.into()));
    }
    let app = App::build(config, around).await?;
    app.run(CancellationToken::new()).await
}

/// The clock, this program and the engine's library: what a process takes from outside.
pub fn surroundings(config: &Config) -> Result<Surroundings> {
    Ok(Surroundings {
        clock: Clock::system(),
        program: env::current_exe()?,
        library: library(config),
    })
}

/// Where the engine's library may lie, by configuration and environment.
pub fn library(config: &Config) -> Places {
    let configured = Some(config.engine.library.as_str()).filter(|path| !path.is_empty());
    Places::from_environment(configured.map(PathBuf::from), config.engine.version.clone())
}

fn start_log(config: &Config) -> Result<()> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| anyhow!("[log] filter = {:?}: {error}", config.log.filter))?;
    let log = fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
