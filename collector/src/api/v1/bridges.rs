//! Bridges: spaces and threads whose talk also lives in a forum or a chat.
//!
//! **Invariant: a secret comes in and never goes out**; what is shown is only which secrets are set.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_store::control::{
    ControlError,
    bridges::{Bridge as Stored, BridgeState},
};

use super::shape::Named;
use crate::{
    api::{Api, problem::Problem},
    connect::desk::DeskError,
    error::Code,
};

pub mod change;
pub mod code;
pub mod letters;
pub mod list;
pub mod make;
pub mod people;
pub mod platforms;
pub mod remove;
pub mod test;

#[derive(Debug, Serialize, ToSchema)]
pub struct Bridge {
    pub id: Uuid,
    pub name: String,
    pub platform: String,
    pub address: String,
    /// What over there is mirrored.
    pub place: String,
    /// Which secrets are set.
    pub secrets: Vec<String>,
    /// What here is mirrored: a space,
    #[schema(required)]
    pub space: Option<Uuid>,
    /// or one thread.
    #[schema(required)]
    pub thread: Option<Uuid>,
    pub outward: bool,
    pub inward: bool,
    pub bots: bool,
    pub trusts_mail: bool,
    pub beyond_everyone: bool,
    pub enabled: bool,
    /// `new`, `running`, `waiting` (it is tried again), `locked` (somebody has to mend it), `paused`.
    pub state: String,
    /// The last fault in words; empty when it works.
    pub fault: String,
    /// What to do about it.
    pub advice: String,
    pub state_at: Timestamp,
    /// Who we are over there.
    pub own_name: String,
    /// Posts carried and taken.
    pub sent: u64,
    pub taken: u64,
    /// Letters on their way, and letters that did not get through.
    pub waiting: u64,
    pub dead: u64,
    /// Where the platform delivers; empty where it is asked instead.
    pub hook: String,
    pub made_by: Named,
    pub made_at: Timestamp,
}

/// What the state and its fault ask of people.
pub fn advice(stored: &Stored) -> &'static str {
    match stored.state {
        BridgeState::Locked if stored.fault.contains("sealed") => {
            "Whoever runs the collector puts the key back (`weft-collector doctor` says which); it is noticed within seconds. If it is lost, give the secrets anew."
        }
        BridgeState::Locked if stored.fault.contains("[connect] private") => {
            "Whoever runs the collector names this host or network under [connect] private in its configuration."
        }
        BridgeState::Locked => {
            "Look at the credentials and at the rights of the bridge's account over there, then change the bridge. It also tries again every five minutes."
        }
        BridgeState::Waiting => {
            "Nothing: it is tried again by itself, and nothing is lost meanwhile."
        }
        BridgeState::New | BridgeState::Running | BridgeState::Paused => "",
    }
}

pub async fn show(api: &Api, stored: Stored, made_by: Named) -> Result<Bridge, ControlError> {
    let bridges = api.control.bridges();
    let tally = bridges.letters(stored.id).tally().await?;
    Ok(Bridge {
        advice: advice(&stored).to_owned(),
        hook: api.connect.hook(&stored),
        id: stored.id,
        name: stored.name,
        platform: stored.platform,
        address: stored.address,
        place: stored.place,
        secrets: stored.secrets.into_keys().collect(),
        space: stored.space,
        thread: stored.thread,
        outward: stored.outward,
        inward: stored.inward,
        bots: stored.bots,
        trusts_mail: stored.trusts_mail,
        beyond_everyone: stored.beyond_everyone,
        enabled: stored.enabled,
        state: state(stored.state).to_owned(),
        fault: stored.fault,
        state_at: stored.state_at,
        own_name: stored.own_name,
        sent: stored.sent,
        taken: stored.taken,
        waiting: tally.waiting,
        dead: tally.dead,
        made_by,
        made_at: stored.made_at,
    })
}

fn state(state: BridgeState) -> &'static str {
    match state {
        BridgeState::New => "new",
        BridgeState::Running => "running",
        BridgeState::Waiting => "waiting",
        BridgeState::Locked => "locked",
        BridgeState::Paused => "paused",
    }
}

/// Secrets as they come in.
#[derive(Default, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Secrets(BTreeMap<String, String>);

impl From<Secrets> for BTreeMap<String, SecretString> {
    fn from(secrets: Secrets) -> Self {
        let set = secrets
            .0
            .into_iter()
            .filter(|(_, secret)| !secret.is_empty());
        set.map(|(name, secret)| (name, secret.into())).collect()
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Unfit(why) => Self::invalid(why).coded("unfit_bridge"),
            DeskError::Missing(what) => Self::missing(what),
            DeskError::Conflict(why) => Self::new(Code::Conflict, why),
            // Only admins come here, and they are who mends it.
            DeskError::Sealed(error) => {
                Self::new(Code::Unavailable, error.to_string()).coded("sealed")
            }
            DeskError::Control(error) => error.into(),
        }
    }
}
