//! `device list | revoke | retire`.

use anyhow::{Result, bail};
use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use weft_collector_core::device::DeviceId;
use weft_collector_store::control::{
    Control,
    devices::{Device, State},
};

use super::{Desk, print_json};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Every device, oldest enrolment first, with its newest certificate
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
        Command::List => print_json(&listed(&desk.control).await?),
        Command::Revoke { id, reason } => end(&desk, id, State::Revoked, &reason).await,
        Command::Retire { id, reason } => end(&desk, id, State::Retired, &reason).await,
    }
}

/// A device, and how it stands with its certificate.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    device: Device,
    certificate: Option<Shown>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Shown {
    serial: String,
    /// Generation of the authority that wrote it; null when it is older than this being noted.
    authority: Option<u32>,
    not_after: Timestamp,
    renew_after: Timestamp,
}

async fn listed(control: &Control) -> Result<Vec<Listed>> {
    let mut newest = control.certificates().newest_of_all().await?;
    let devices = control.devices().list().await?;
    let listed = devices.into_iter().map(|device| {
        let certificate = newest.remove(&device.id).map(|certificate| Shown {
            serial: certificate.serial,
            authority: certificate.authority,
            not_after: certificate.not_after,
            renew_after: certificate.renew_after,
        });
        Listed {
            device,
            certificate,
        }
    });
    Ok(listed.collect())
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
