//! What admins do with bridges: make, change, try, send again, take away. The API and the command line both come here.
//!
//! **Invariant: a secret goes in and never out**; a bridge on a narrower audience than everybody is made only by somebody
//! who says so, and never on security's.

use std::collections::BTreeMap;

use secrecy::SecretString;
use thiserror::Error;
use uuid::Uuid;
use weft_collector_core::authority::Audience;
use weft_collector_store::control::{
    ControlError,
    bridges::{
        Bridge, Change, MOST, NewBridge,
        letters::{LetterState, Step},
        people::How,
    },
    sealed::Sealed,
    threads::Reader,
};

use super::{Connect, leave, take::Untaken};
use crate::{
    threads::connector::{Fault, Kind, RemoteAuthor, Settings, Unopened},
    vault::{Locked, holdings},
};

/// Characters of a bridge's name.
const MAX_NAME: usize = 60;

#[derive(Debug, Error)]
pub enum DeskError {
    #[error("{0}")]
    Unfit(String),
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("{0}")]
    Conflict(String),
    #[error(transparent)]
    Sealed(#[from] Locked),
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl From<Unopened> for DeskError {
    fn from(unopened: Unopened) -> Self {
        Self::Unfit(unopened.to_string())
    }
}

/// What here is mirrored.
#[derive(Clone, Debug)]
pub enum Target {
    /// By slug or id.
    Space(String),
    Thread(Uuid),
}

/// A bridge as somebody wants it.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub name: String,
    pub kind: Kind,
    pub address: String,
    pub place: String,
    pub secrets: BTreeMap<String, SecretString>,
    pub target: Target,
    pub outward: bool,
    pub inward: bool,
    pub bots: bool,
    pub trusts_mail: bool,
    pub beyond_everyone: bool,
}

/// What somebody wants changed. Secrets stand here, as they were typed, and not in `change`.
#[derive(Clone, Debug, Default)]
pub struct Alteration {
    pub change: Change,
    pub secrets: BTreeMap<String, SecretString>,
}

/// What trying a bridge showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub works: bool,
    pub words: String,
    /// What to do about it; empty when it works.
    pub advice: String,
}

impl Connect {
    pub async fn make(&self, by: Uuid, wanted: Wanted) -> Result<Bridge, DeskError> {
        let name = name(&wanted.name)?;
        let address = wanted.address.trim().trim_end_matches('/').to_owned();
        let secrets: BTreeMap<String, SecretString> = wanted.secrets;
        let settings = Settings {
            address: address.clone(),
            place: wanted.place.trim().to_owned(),
            secrets: secrets.clone(),
        };
        wanted.kind.check(&settings)?;
        if !wanted.outward && !wanted.inward {
            return Err(DeskError::Unfit(
                "say at least one direction: out, in, or both".to_owned(),
            ));
        }
        let (space, thread) = self.target(&wanted.target, wanted.beyond_everyone).await?;
        if self.control.bridges().list().await?.len() >= MOST {
            return Err(DeskError::Conflict(format!(
                "there are {MOST} bridges: remove one that is not needed"
            )));
        }
        let now = self.clock.now();
        let id = self.clock.id();
        let secrets = self.sealed(id, &secrets)?;
        let new = NewBridge {
            id,
            name,
            platform: wanted.kind.word().to_owned(),
            address,
            place: settings.place,
            secrets,
            space,
            thread,
            outward: wanted.outward,
            inward: wanted.inward,
            bots: wanted.bots,
            trusts_mail: wanted.trusts_mail,
            beyond_everyone: wanted.beyond_everyone,
            by,
            at: now,
        };
        let made = self.control.bridges().insert(new).await?;
        let made = made.ok_or_else(|| {
            DeskError::Conflict("this place is bridged already: change that bridge".to_owned())
        })?;
        // What is said from now on is carried, whenever somebody runs the bridge.
        self.control.events().cursor(&made.origin(), now).await?;
        // Opened once, so that what the platform itself finds wrong is said now.
        if let Err(unopened) = self.open(&made) {
            self.control.bridges().remove(made.id).await?;
            return Err(unopened.into());
        }
        Ok(made)
    }

    /// Which space or thread is meant, if its talk may leave.
    async fn target(
        &self,
        target: &Target,
        beyond_everyone: bool,
    ) -> Result<(Option<Uuid>, Option<Uuid>), DeskError> {
        let (space, ids) = match target {
            Target::Space(word) => {
                let space = self.control.spaces().find(word).await?;
                let space = space.ok_or(DeskError::Missing("space"))?;
                let id = space.id;
                (space, (Some(id), None))
            }
            Target::Thread(id) => {
                let thread = self.control.threads().get(*id, Reader::COLLECTOR).await?;
                let thread = thread.ok_or(DeskError::Missing("thread"))?;
                let space = self
                    .control
                    .spaces()
                    .find(&thread.space.to_string())
                    .await?;
                (space.ok_or(DeskError::Missing("space"))?, (None, Some(*id)))
            }
        };
        match leave::may_bridge(space.audience, beyond_everyone) {
            true => Ok(ids),
            false if space.audience == Audience::Security => Err(DeskError::Unfit(
                "talk about what people run stays in the house: security's spaces are never bridged".to_owned(),
            )),
            false => Err(DeskError::Unfit(format!(
                "{:?} is read by staff only, and over there others may read it: say `beyond_everyone` if that is meant",
                space.name
            ))),
        }
    }

    pub async fn alter(&self, id: Uuid, alteration: Alteration) -> Result<Bridge, DeskError> {
        let bridges = self.control.bridges();
        let before = bridges.get(id).await?.ok_or(DeskError::Missing("bridge"))?;
        let Alteration { change, secrets } = alteration;
        let change = Change {
            name: change.name.as_deref().map(name).transpose()?,
            secrets: self.sealed(id, &secrets)?,
            ..change
        };
        let (outward, inward) = (
            change.outward.unwrap_or(before.outward),
            change.inward.unwrap_or(before.inward),
        );
        if !outward && !inward {
            return Err(DeskError::Unfit(
                "say at least one direction, or pause the bridge".to_owned(),
            ));
        }
        // A bridge that cannot be opened can be paused and renamed all the same.
        if change.enabled == Some(true) || !secrets.is_empty() {
            self.check_altered(&before, &change)?;
        }
        bridges.change(id, change, self.clock.now()).await?;
        bridges.get(id).await?.ok_or(DeskError::Missing("bridge"))
    }

    /// Says now what its platform would find wrong with the bridge as it is to be.
    fn check_altered(&self, before: &Bridge, change: &Change) -> Result<(), DeskError> {
        let mut after = before.clone();
        after.secrets.extend(change.secrets.clone());
        let kind = Kind::from_word(&before.platform).ok_or(DeskError::Missing("platform"))?;
        kind.check(&self.settings(&after)?)?;
        self.open(&after)?;
        Ok(())
    }

    /// The secrets as they may lie in the database.
    fn sealed(
        &self,
        bridge: Uuid,
        secrets: &BTreeMap<String, SecretString>,
    ) -> Result<BTreeMap<String, Sealed>, DeskError> {
        let seal = |(name, secret): (&String, &SecretString)| {
            let place = holdings::place_of(bridge, name);
            Ok((name.clone(), self.vault.seal(&place, secret)?))
        };
        secrets.iter().map(seal).collect()
    }

    pub async fn remove(&self, id: Uuid) -> Result<Bridge, DeskError> {
        let bridges = self.control.bridges();
        let bridge = bridges.get(id).await?.ok_or(DeskError::Missing("bridge"))?;
        bridges.remove(id).await?;
        Ok(bridge)
    }

    /// Asks the platform now, in the bridge's name.
    pub async fn try_out(&self, id: Uuid) -> Result<Tried, DeskError> {
        let bridge = self.control.bridges().get(id).await?;
        let bridge = bridge.ok_or(DeskError::Missing("bridge"))?;
        let platform = self.open(&bridge)?;
        Ok(match platform.test().await {
            Ok(words) => Tried {
                works: true,
                words,
                advice: String::new(),
            },
            Err(fault) => Tried {
                works: false,
                advice: advice(&fault).to_owned(),
                words: fault.to_string(),
            },
        })
    }

    /// Sends a dead letter again, or takes again what could not be taken.
    pub async fn again(&self, id: Uuid, letter: Uuid) -> Result<(), DeskError> {
        let bridges = self.control.bridges();
        let bridge = bridges.get(id).await?.ok_or(DeskError::Missing("bridge"))?;
        let letters = bridges.letters(id);
        let found = letters.get(letter).await?;
        let found = found
            .filter(|letter| letter.state == LetterState::Dead)
            .ok_or(DeskError::Missing("letter that did not get through"))?;
        if found.step != Step::Take {
            letters.revive(letter, self.clock.now()).await?;
            return Ok(());
        }
        let arrival = serde_json::from_str(&found.arrival)
            .map_err(|_| DeskError::Conflict("what came cannot be read any more".to_owned()))?;
        let platform = self.open(&bridge)?;
        match self.take(&bridge, platform.as_ref(), &arrival).await {
            Ok(_) => Ok(letters.done(letter).await?),
            Err(untaken) => Err(conflict(untaken)),
        }
    }

    /// Where deliveries of this bridge come in; empty where the platform is asked, or nothing is taken.
    pub fn hook(&self, bridge: &Bridge) -> String {
        let delivers = bridge.inward
            && self
                .open(bridge)
                .is_ok_and(|platform| platform.abilities().deliveries);
        match delivers {
            true => format!("{}/hooks/{}", self.console_url, bridge.id),
            false => String::new(),
        }
    }

    /// Makes somebody over there a guest whom no address ties again; a code or an admin does.
    pub async fn unlink(&self, id: Uuid, remote: &str) -> Result<(), DeskError> {
        let bridges = self.control.bridges();
        let bridge = bridges.get(id).await?.ok_or(DeskError::Missing("bridge"))?;
        let known = bridges.person(&bridge.realm(), remote).await?;
        let known = known
            .filter(|known| known.how != How::Unlinked)
            .ok_or(DeskError::Missing("person over there"))?;
        let author = RemoteAuthor {
            id: known.remote,
            name: known.name,
            email: None,
            bot: false,
        };
        let guest = self.guest(&bridge, &author).await.map_err(conflict)?;
        // A guest who was silenced stays silent, whatever account stands here.
        let account = guest.map_or(known.account, |guest| guest.id);
        Ok(self.know(&bridge, &author, account, How::Unlinked).await?)
    }

    /// Lets it be.
    pub async fn drop_letter(&self, id: Uuid, letter: Uuid) -> Result<(), DeskError> {
        let bridges = self.control.bridges();
        let letters = bridges.letters(id);
        let found = letters.get(letter).await?;
        found
            .filter(|letter| letter.state == LetterState::Dead)
            .ok_or(DeskError::Missing("letter that did not get through"))?;
        Ok(letters.done(letter).await?)
    }
}

/// What to do about a fault, in words.
pub fn advice(fault: &Fault) -> &'static str {
    match fault {
        Fault::Locked(why) if why.contains("[connect] private") => {
            "Whoever runs the collector names this host or network under [connect] private in its configuration."
        }
        Fault::Locked(_) => {
            "Look at the credentials and at the rights of the bridge's account over there, then change the bridge or try again."
        }
        Fault::Later { .. } => "Nothing: it is tried again by itself.",
        Fault::Never(_) => "Look at the address and at the place that is bridged.",
    }
}

/// Why it does not work just now, for the admin who asked.
fn conflict(untaken: Untaken) -> DeskError {
    DeskError::Conflict(match untaken {
        Untaken::Refused(why) => why,
        Untaken::Later(fault) => fault.to_string(),
        Untaken::Ended(ended) => ended.to_string(),
    })
}

fn name(given: &str) -> Result<String, DeskError> {
    let name = given.trim();
    let fits = (1..=MAX_NAME).contains(&name.chars().count());
    match fits && !name.chars().any(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(DeskError::Unfit(format!(
            "a bridge needs a name of one line and at most {MAX_NAME} characters"
        ))),
    }
}
