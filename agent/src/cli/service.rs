//! `service install|uninstall|run`.
//!
//! Invariant: install and uninstall can be repeated; `run` is for the service manager alone.

use clap::Subcommand;

use super::output;
use crate::service::{self, ServiceError};

/// `service ...`
#[derive(Debug, Subcommand)]
pub(super) enum Service {
    /// Makes this program a service that starts with the system, and starts it
    Install,
    /// Stops the service and takes it away; certificate, spool and settings stay
    Uninstall,
    /// What the service manager of Windows starts
    Run,
}

pub(super) fn run(arguments: &Service) -> u8 {
    let done = match arguments {
        Service::Install => std::env::current_exe()
            .map_err(|source| ServiceError::Write {
                path: "the service's path".to_owned(),
                source,
            })
            .and_then(|program| service::install(&program)),
        Service::Uninstall => service::uninstall(),
        Service::Run => service::run(),
    };
    match done {
        Ok(()) => {
            match arguments {
                Service::Install => {
                    eprintln!(
                        "the service is in place; `weft-agent enroll` makes it a device of a collector"
                    )
                }
                Service::Uninstall => {
                    eprintln!("the service is gone; `weft-agent unenroll` removes what it kept")
                }
                Service::Run => {}
            }
            0
        }
        Err(error) => output::failed(&error, error.exit_code()),
    }
}

/// The agent under the service manager: its words go to `weft-agent.log` in the state directory, until `stopped` speaks.
#[cfg(windows)]
pub(crate) fn serve(stopped: std::sync::mpsc::Receiver<()>) -> u8 {
    use crate::{
        agent,
        config::{Config, Overrides, environment},
        sdnotify::Manager,
        state,
    };

    let Ok(config) = Config::load(&Overrides::default(), environment) else {
        return 78;
    };
    if state::prepare(&config.state).is_err() {
        return 1;
    }
    output::trace_to_file(&config.log, &config.state.join("weft-agent.log"));
    let runtime = match output::runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let told = async move {
        // The channel blocks, so it waits on a thread of its own; a manager that went away is a stop too.
        let _ = tokio::task::spawn_blocking(move || stopped.recv()).await;
    };
    let outcome = runtime.block_on(agent::run_until(
        &config,
        &Manager::default(),
        jiff::Timestamp::now,
        told,
    ));
    runtime.shutdown_background();
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(%error, "the agent did not start");
            error.exit_code()
        }
    }
}
