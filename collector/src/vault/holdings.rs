//! Everything in the control database that lies sealed, and where: the secrets of bridges, the key of mail's words.
//!
//! **Invariant:** whatever is sealed has a line here, so that a change of keys leaves nothing behind.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;
use weft_collector_store::control::{Control, ControlError, bridges::Bridge, sealed::Sealed};

use super::{Locked, Vault};
use crate::mail::seal;

/// One sealed secret.
#[derive(Clone, Debug)]
pub struct Held {
    pub owner: Owner,
    pub sealed: Sealed,
}

/// Whose secret it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Bridge {
        id: Uuid,
        name: String,
        secret: String,
    },
    /// The key of reply addresses, links and feeds.
    Mail,
}

impl Owner {
    /// What a text is bound to: it opens nowhere else.
    pub fn place(&self) -> String {
        match self {
            Self::Bridge { id, secret, .. } => place_of(*id, secret),
            Self::Mail => seal::PLACE.to_owned(),
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bridge { name, secret, .. } => write!(f, "{secret} of the bridge {name:?}"),
            Self::Mail => f.write_str("the key of mail addresses, links and feeds"),
        }
    }
}

/// The place of a bridge's secret.
pub fn place_of(bridge: Uuid, secret: &str) -> String {
    format!("bridge {bridge} {secret}")
}

pub async fn all(control: &Control) -> Result<Vec<Held>, ControlError> {
    let mut held: Vec<Held> = vec![];
    for bridge in control.bridges().list().await? {
        held.extend(bridge.secrets.iter().map(|(secret, sealed)| Held {
            owner: Owner::Bridge {
                id: bridge.id,
                name: bridge.name.clone(),
                secret: secret.clone(),
            },
            sealed: sealed.clone(),
        }));
    }
    held.extend(seal::stored(control).await?.map(|sealed| Held {
        owner: Owner::Mail,
        sealed,
    }));
    Ok(held)
}

/// Seals what is plain or under an old key with the newest one, and gives how many were. What no key opens stays as it is.
pub async fn reseal(
    vault: &Vault,
    control: &Control,
    now: Timestamp,
) -> Result<usize, ControlError> {
    let mut changed = 0;
    for bridge in control.bridges().list().await? {
        let (after, new) = renewed(vault, &bridge);
        // Somebody who changed them meanwhile sealed them by the newest key.
        let bridges = control.bridges();
        if new > 0 && bridges.reseal(bridge.id, &bridge.secrets, &after).await? {
            changed += new;
        }
    }
    if let Some(stored) = seal::stored(control).await?
        && !vault.is_current(&stored)
        && let Ok(sealed) = again(vault, seal::PLACE, &stored)
    {
        seal::store(control, &sealed, now).await?;
        changed += 1;
    }
    Ok(changed)
}

fn renewed(vault: &Vault, bridge: &Bridge) -> (BTreeMap<String, Sealed>, usize) {
    let mut after = bridge.secrets.clone();
    let mut new = 0;
    for (name, sealed) in &mut after {
        if vault.is_current(sealed) {
            continue;
        }
        match again(vault, &place_of(bridge.id, name), sealed) {
            Ok(fresh) => {
                *sealed = fresh;
                new += 1;
            }
            Err(why) => tracing::warn!("{name} of the bridge {:?}: {why}", bridge.name),
        }
    }
    (after, new)
}

fn again(vault: &Vault, place: &str, sealed: &Sealed) -> Result<Sealed, Locked> {
    vault.seal(place, &vault.open(place, sealed)?)
}

/// Takes away what no key opens, and names it: its bridge wants the secret anew, mail makes a new key.
pub async fn forget_locked(
    vault: &Vault,
    control: &Control,
    now: Timestamp,
) -> Result<Vec<Owner>, ControlError> {
    let mut gone = vec![];
    for held in all(control).await? {
        if vault.open(&held.owner.place(), &held.sealed).is_ok() {
            continue;
        }
        match &held.owner {
            Owner::Bridge { id, secret, .. } => forget_of_bridge(control, *id, secret).await?,
            Owner::Mail => seal::forget(control, now).await?,
        }
        gone.push(held.owner);
    }
    Ok(gone)
}

async fn forget_of_bridge(control: &Control, id: Uuid, secret: &str) -> Result<(), ControlError> {
    let Some(bridge) = control.bridges().get(id).await? else {
        return Ok(());
    };
    let mut after = bridge.secrets.clone();
    after.remove(secret);
    control
        .bridges()
        .reseal(id, &bridge.secrets, &after)
        .await
        .map(drop)
}
