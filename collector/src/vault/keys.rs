//! The keys themselves and their file: one key in a line, 64 hex digits, oldest first; the last one seals, all of them open.
//!
//! **Invariant:** a key file is its owner's only, whole or not there, and never written over by whoever comes second.
//! A key's name is made of the key, so that two files never mean different keys by one name.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

/// More keys than anybody rotates through before the old ones are retired.
const MOST_KEYS: usize = 16;
/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a name: tells a house's few keys apart, and tells nothing of the key.
const NAME: usize = 4;
/// The file for people who open it.
const HEAD: &str = "# Weft: keys that seal secrets in the control database. The last one seals, all of them open.\n\
    # Keep a copy apart from the database: without it bridges and mail must be set up anew.\n";

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error(
        "{path} is missing: put it back from the backup of pki/, or, if it is lost for good, run `weft-collector secrets forget` and give the secrets anew"
    )]
    Missing { path: PathBuf },
    #[error("{path}: {why}")]
    File { path: PathBuf, why: String },
    #[error(
        "{place}: line {line} is no key. A key is 64 hex digits, e.g. of `openssl rand -hex 32`"
    )]
    NoKey { place: String, line: usize },
    #[error("{place} holds no key")]
    Empty { place: String },
    #[error("{place} holds more than {MOST_KEYS} keys: retire the old ones")]
    TooMany { place: String },
}

/// Keys, oldest first. Never empty.
pub struct KeyRing(Vec<Key>);

pub struct Key {
    name: String,
    cipher: LessSafeKey,
}

impl KeyRing {
    /// `place` is named in errors.
    pub fn parse(text: &str, place: &str) -> Result<Self, Unusable> {
        let place = place.to_owned();
        let mut keys = vec![];
        for (at, line) in text.lines().enumerate() {
            let words = line.split('#').next().unwrap_or_default();
            for word in words.split_whitespace() {
                let key = Key::from_hex(word).ok_or_else(|| Unusable::NoKey {
                    place: place.clone(),
                    line: at + 1,
                })?;
                keys.push(key);
            }
        }
        match keys.len() {
            0 => Err(Unusable::Empty { place }),
            1..=MOST_KEYS => Ok(Self(keys)),
            _ => Err(Unusable::TooMany { place }),
        }
    }

    pub fn newest(&self) -> &Key {
        // `parse` refuses an empty list.
        &self.0[self.0.len() - 1]
    }

    pub fn named(&self, name: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.name == name)
    }

    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|key| key.name.clone()).collect()
    }
}

impl Key {
    fn from_hex(text: &str) -> Option<Self> {
        let bytes: [u8; KEY] = hex::decode(text).ok()?.try_into().ok()?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).ok()?;
        let named = Sha256::new()
            .chain_update(b"weft vault key")
            .chain_update(bytes)
            .finalize();
        Some(Self {
            name: hex::encode(&named[..NAME]),
            cipher: LessSafeKey::new(key),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Nonce, ciphertext and tag. The nonce is drawn here and is no parameter: one that came twice would betray both
    /// texts. At random it may be used far more often (2^32 times) than anybody changes a bridge.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut body = plain.to_vec();
        self.cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut body,
            )
            .expect("a secret is far shorter than AES-GCM's limit of 64 GiB");
        [nonce.as_slice(), &body].concat()
    }

    /// `None`: changed, or sealed for another place.
    pub fn open(&self, place: &str, sealed: Vec<u8>) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let mut body = body.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self
            .cipher
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut body)
            .ok()?;
        Some(plain.to_vec())
    }
}

pub fn read(path: &Path) -> Result<KeyRing, Unusable> {
    KeyRing::parse(&text_of(path)?, &path.display().to_string())
}

/// Makes the file with a first key. One that is there already stays.
pub fn make(path: &Path) -> Result<(), Unusable> {
    let file = write_beside(path, &format!("{HEAD}{}\n", fresh()))?;
    match file.persist_noclobber(path) {
        Err(refused) if refused.error.kind() != io::ErrorKind::AlreadyExists => {
            Err(failed(path)(refused.error))
        }
        _ => Ok(()),
    }
}

/// Adds a key, which seals from now on.
pub fn add(path: &Path) -> Result<(), Unusable> {
    let mut text = text_of(path)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    replace(path, &format!("{text}{}\n", fresh()))
}

/// Leaves only the newest key.
pub fn keep_newest(path: &Path) -> Result<(), Unusable> {
    let text = text_of(path)?;
    read(path)?;
    let newest = text
        .lines()
        .filter_map(|line| line.split('#').next()?.split_whitespace().last())
        .next_back()
        .unwrap_or_default();
    replace(path, &format!("{HEAD}{newest}\n"))
}

fn replace(path: &Path, text: &str) -> Result<(), Unusable> {
    KeyRing::parse(text, &path.display().to_string())?;
    write_beside(path, text)?
        .persist(path)
        .map(drop)
        .map_err(|refused| failed(path)(refused.error))
}

/// A file that only its owner may read, synced, not yet at its place.
fn write_beside(path: &Path, text: &str) -> Result<NamedTempFile, Unusable> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(dir).and_then(|()| {
        let mut file = NamedTempFile::new_in(dir)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file)
    });
    written.map_err(failed(path))
}

fn text_of(path: &Path) -> Result<String, Unusable> {
    fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unusable::Missing {
            path: path.to_owned(),
        },
        _ => failed(path)(error),
    })
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Unusable + '_ {
    |error| Unusable::File {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

fn fresh() -> String {
    hex::encode(rand::random::<[u8; KEY]>())
}
