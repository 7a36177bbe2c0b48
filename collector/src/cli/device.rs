//! `device list | revoke | retire`.

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::json;
use weft_collector_core::device::DeviceId;
use weft_collector_store::control::devices::State;

use super::{Desk, print_json};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Every device, oldest enrolment first
    List,
    /// End all its certificates, now: a live stream ends within a second
    Revoke {
        id: DeviceId,
        /// Why; shown to IT and in the audit log
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// The laptop was given back: like revoke, and its history stays without being counted as lost
    Retire {
        id: DeviceId,
        #[arg(long, default_value = "")]
        reason: String,
    },
}

pub async fn run(command: Command, desk: Desk) -> Result<()> {
    match command {
        Command::List => print_json(&desk.control.devices().list().await?),
        Command::Revoke { id, reason } => end(&desk, id, State::Revoked, &reason).await,
        Command::Retire { id, reason } => end(&desk, id, State::Retired, &reason).await,
    }
}

async fn end(desk: &Desk, id: DeviceId, state: State, reason: &str) -> Result<()> {
    let Some(certificates) = crate::gate::end_device(
        &desk.control,
        &desk.auditor,
        "cli",
        id,
        state,
        reason,
        desk.clock.now(),
    )
    .await?
    else {
        bail!("there is no device {id}: `weft-collector device list`");
    };
    print_json(&json!({"id": id, "state": state, "certificates_revoked": certificates}))
}
