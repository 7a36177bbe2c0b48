//! The vault: what this collector must be able to say again (a chat's token, the key of mail's words) lies sealed in the
//! control database, and the key lies elsewhere.
//!
//! **Invariant: a copy of the database opens nothing.** A sealed text names its form, its key and its place
//! (`weft-sealed:1:<key>:<nonce and ciphertext>`, AES-256-GCM, the place as associated data), so that keys can change, and a text
//! that was carried to another row does not open there. Passwords and tokens that need only be recognised are not here: of
//! those the tables keep hashes.
//!
//! **A key that is missing stops what needs it and nothing else**: each use gives [`Locked`], whose words say which key is
//! wanted and where it was looked for. A new key is made only where nothing is sealed yet, so that a file that was lost is
//! not replaced in silence.
//!
//! [`keys`] is the key file, [`holdings`] everything that lies sealed. Not here: the secrets of the configuration, which its
//! file or the environment holds.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use weft_collector_store::control::{Control, ControlError, sealed::Sealed};

use crate::config::Config;

pub mod holdings;
pub mod keys;

use keys::{KeyRing, Unusable};

/// Before every sealed text; what has it not was left plain by an older collector.
const FORM: &str = "weft-sealed:1:";

/// Where the keys are.
#[derive(Clone, Debug)]
pub enum Source {
    /// `[control] secrets_key`.
    Given(SecretString),
    /// `[control] secrets_key_file`.
    File(PathBuf),
}

/// Why a secret cannot be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Locked {
    #[error("the key of sealed secrets cannot be used: {0}")]
    NoKey(#[from] Unusable),
    #[error(
        "it is sealed with the key {wanted}, which is not in {place}: put that key back (from the backup of pki/), or give the secret anew"
    )]
    OtherKey { wanted: String, place: String },
    #[error("what is sealed was changed or belongs elsewhere: give the secret anew")]
    Damaged,
}

/// The keys in force. Cloning shares them.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    source: Source,
    keys: ArcSwap<Result<KeyRing, Unusable>>,
}

/// The parts of a sealed text.
struct Parts<'a> {
    key: &'a str,
    bytes: Vec<u8>,
}

impl Vault {
    /// Reads the keys; that there are none is said when one is needed.
    pub fn at(source: Source) -> Self {
        let keys = ArcSwap::from_pointee(source.read());
        Self(Arc::new(Inner { source, keys }))
    }

    /// The vault of a house: with a first key where nothing is sealed yet, and with nothing left plain or under an old key.
    pub async fn of_house(
        config: &Config,
        control: &Control,
        now: Timestamp,
    ) -> Result<Self, ControlError> {
        let vault = Self::at(config.secrets_key());
        let held = holdings::all(control).await?;
        if !held.iter().any(|held| is_sealed(&held.sealed)) {
            vault.make_first_key();
        }
        if let Err(why) = vault.fault() {
            tracing::error!("{}; bridges and mail wait for it", Locked::from(why));
            return Ok(vault);
        }
        let sealed = holdings::reseal(&vault, control, now).await?;
        if sealed > 0 {
            tracing::info!("{sealed} secrets in the control database were sealed");
        }
        Ok(vault)
    }

    /// What is wrong with the keys themselves.
    pub fn fault(&self) -> Result<(), Unusable> {
        (**self.0.keys.load())
            .as_ref()
            .map(drop)
            .map_err(Clone::clone)
    }

    /// Where the keys are, for people.
    pub fn place(&self) -> String {
        self.0.source.place()
    }

    /// The names of the keys, oldest first; the last one seals.
    pub fn key_names(&self) -> Vec<String> {
        match &**self.0.keys.load() {
            Ok(keys) => keys.names(),
            Err(_) => vec![],
        }
    }

    /// Seals a secret for one place, with the newest key, which another process may just have made.
    pub fn seal(&self, place: &str, secret: &SecretString) -> Result<Sealed, Locked> {
        self.look_again();
        let keys = self.0.keys.load();
        let newest = (**keys).as_ref().map_err(Clone::clone)?.newest();
        let bytes = newest.seal(place, secret.expose_secret().as_bytes());
        let text = format!(
            "{FORM}{}:{}",
            newest.name(),
            BASE64_URL_SAFE_NO_PAD.encode(bytes)
        );
        Ok(Sealed::from_text(text))
    }

    /// The secret that was sealed for this place.
    pub fn open(&self, place: &str, sealed: &Sealed) -> Result<SecretString, Locked> {
        let Some(parts) = parts(sealed)? else {
            return Ok(sealed.as_text().into());
        };
        if !self.key_names().iter().any(|name| name == parts.key) {
            self.look_again();
        }
        let keys = self.0.keys.load();
        let keys = (**keys).as_ref().map_err(Clone::clone)?;
        let key = keys.named(parts.key).ok_or_else(|| Locked::OtherKey {
            wanted: parts.key.to_owned(),
            place: self.place(),
        })?;
        let plain = key.open(place, parts.bytes).ok_or(Locked::Damaged)?;
        let plain = String::from_utf8(plain).map_err(|_| Locked::Damaged)?;
        Ok(plain.into())
    }

    /// Is it sealed with the key that seals now?
    pub fn is_current(&self, sealed: &Sealed) -> bool {
        let newest = self.key_names().pop();
        newest.is_some() && newest.as_deref() == key_of(sealed)
    }

    /// Another process may have changed the file. Keys that worked are kept while it cannot be read.
    pub fn look_again(&self) {
        let read = self.0.source.read();
        if read.is_ok() || self.fault().is_err() {
            self.0.keys.store(Arc::new(read));
        }
    }

    /// Makes the file with a first key, if there is none; whoever comes second takes what is there.
    fn make_first_key(&self) {
        if let Source::File(path) = &self.0.source
            && !path.exists()
            && let Err(why) = keys::make(path)
        {
            self.0.keys.store(Arc::new(Err(why)));
            return;
        }
        self.look_again();
    }
}

impl Source {
    fn read(&self) -> Result<KeyRing, Unusable> {
        match self {
            Self::Given(text) => KeyRing::parse(text.expose_secret(), &self.place()),
            Self::File(path) => keys::read(path),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Given(_) => "[control] secrets_key".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// False: an older collector left it plain.
pub fn is_sealed(sealed: &Sealed) -> bool {
    sealed.as_text().starts_with(FORM)
}

/// The name of the key that it is sealed with.
pub fn key_of(sealed: &Sealed) -> Option<&str> {
    let rest = sealed.as_text().strip_prefix(FORM)?;
    rest.split_once(':').map(|(key, _)| key)
}

fn parts(sealed: &Sealed) -> Result<Option<Parts<'_>>, Locked> {
    let Some(rest) = sealed.as_text().strip_prefix(FORM) else {
        return Ok(None);
    };
    let (key, body) = rest.split_once(':').ok_or(Locked::Damaged)?;
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(body)
        .map_err(|_| Locked::Damaged)?;
    Ok(Some(Parts { key, bytes }))
}

#[cfg(test)]
pub mod tests;
