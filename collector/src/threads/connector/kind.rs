//! Which platforms there are, what each wants to know from whoever sets a bridge up, and how it is opened.
//!
//! **Invariant: a platform is added here and nowhere else**: the command line, the API and the console ask [`Kind::form`],
//! the runner and the door ask [`Kind::open`]. Not here: what is done with an opened platform.

use std::{collections::BTreeMap, sync::Arc};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Line, Platform, discourse, matrix, mattermost, slack, teams, webhook, zulip};
use crate::{clock::Clock, vault::Locked};

/// Letters of an address, a place or a secret: an access token of the largest platforms has 2 KB.
const MAX_FIELD: usize = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Discourse,
    Matrix,
    Mattermost,
    Slack,
    Teams,
    Webhook,
    Zulip,
}

/// Something to fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name in the API and on the command line.
    pub name: &'static str,
    /// For people.
    pub label: &'static str,
    /// Where it is found and what it looks like.
    pub help: &'static str,
    pub required: bool,
}

/// What a platform wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Form {
    /// The platform's name for people.
    pub name: &'static str,
    /// One sentence: what is mirrored, and what this platform cannot do.
    pub about: &'static str,
    /// How the platform is reached; its `name` is `address`.
    pub address: Field,
    /// What over there is mirrored (a room, a channel, a category); its `name` is `place`.
    pub place: Field,
    pub secrets: &'static [Field],
}

/// What one bridge was set up with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Without a slash at its end.
    pub address: String,
    pub place: String,
    pub secrets: BTreeMap<String, SecretString>,
}

/// Why a bridge cannot be opened as it is set up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unopened {
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is longer than {MAX_FIELD} letters")]
    Long(&'static str),
    #[error("there is no setting {0:?} for this platform")]
    Unknown(String),
    #[error("{0}")]
    Unfit(String),
    /// Its secret lies sealed, and cannot be opened.
    #[error("its {0} cannot be read: {1}")]
    Sealed(String, Locked),
}

impl Settings {
    /// The secret, or empty where none was given.
    pub fn secret(&self, name: &str) -> &str {
        self.secrets
            .get(name)
            .map_or("", |secret| secret.expose_secret())
    }
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Discourse,
        Self::Matrix,
        Self::Mattermost,
        Self::Slack,
        Self::Teams,
        Self::Webhook,
        Self::Zulip,
    ];

    /// The word for it, as in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Discourse => "discourse",
            Self::Matrix => "matrix",
            Self::Mattermost => "mattermost",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Webhook => "webhook",
            Self::Zulip => "zulip",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    pub fn form(self) -> Form {
        match self {
            Self::Discourse => discourse::FORM,
            Self::Matrix => matrix::FORM,
            Self::Mattermost => mattermost::FORM,
            Self::Slack => slack::FORM,
            Self::Teams => teams::FORM,
            Self::Webhook => webhook::FORM,
            Self::Zulip => zulip::FORM,
        }
    }

    /// Opens the platform with what the bridge was set up with; asks nothing over there.
    pub fn open(
        self,
        settings: Settings,
        line: Line,
        clock: Clock,
    ) -> Result<Arc<dyn Platform>, Unopened> {
        self.check(&settings)?;
        Ok(match self {
            Self::Discourse => Arc::new(discourse::Discourse::open(settings, line)?),
            Self::Matrix => Arc::new(matrix::Matrix::open(settings, line, clock)?),
            Self::Mattermost => Arc::new(mattermost::Mattermost::open(settings, line)?),
            Self::Slack => Arc::new(slack::Slack::open(settings, line)?),
            Self::Teams => Arc::new(teams::Teams::open(settings, line)?),
            Self::Webhook => Arc::new(webhook::Webhook::open(settings, line, clock)?),
            Self::Zulip => Arc::new(zulip::Zulip::open(settings, line, clock)?),
        })
    }

    /// Everything required is there, nothing is too long, nothing is for another platform.
    pub fn check(self, settings: &Settings) -> Result<(), Unopened> {
        let form = self.form();
        let one = |field: Field, value: &str| match value {
            "" if field.required => Err(Unopened::Missing(field.label)),
            value if value.len() > MAX_FIELD => Err(Unopened::Long(field.label)),
            _ => Ok(()),
        };
        one(form.address, &settings.address)?;
        one(form.place, &settings.place)?;
        for field in form.secrets {
            one(*field, settings.secret(field.name))?;
        }
        let known = |name: &String| form.secrets.iter().any(|field| field.name == name);
        match settings.secrets.keys().find(|name| !known(name)) {
            Some(name) => Err(Unopened::Unknown(name.clone())),
            None => Ok(()),
        }
    }
}
