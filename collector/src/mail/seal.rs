//! Words that nobody can guess: reply addresses, unsubscribe and confirmation links, feed addresses, all under one key.
//!
//! **Invariant: a word opens only for the purpose it was made for**, and a changed letter opens nothing. Words are lower case
//! letters and digits, because mail servers do not keep the case of an address. Which of them were taken back is not known
//! here. The key itself lies sealed in the control database ([`crate::vault`]).

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;
use weft_collector_store::control::{Control, ControlError, sealed::Sealed};

use super::MailError;
use crate::vault::{Locked, Vault};

/// The document in SQL, so that all collectors of one database open each other's words.
const DOCUMENT: &str = "mail.seal";
/// What the sealed key is bound to.
pub const PLACE: &str = "setting mail.seal";
/// Bytes of a token: 120 bits in 24 letters, so that an address stays below the 64 letters of a local part.
const TOKEN: usize = 15;
/// Bytes that guard a sealed word: 80 bits, each guess a request.
const GUARD: usize = 10;

/// What a word is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Answers to a thread.
    Thread,
    /// Answers to whispers.
    Whisper,
    /// Opens threads in a space.
    Space,
    /// Where a mail that came back came back to.
    Bounce,
    /// Ends mail about a thread, or all.
    Stop,
    /// Shows that an address is somebody's.
    Confirm,
    Feed,
    /// A person within a Message-ID.
    Person,
}

impl Purpose {
    fn word(self) -> &'static [u8] {
        match self {
            Self::Thread => b"thread",
            Self::Whisper => b"whisper",
            Self::Space => b"space",
            Self::Bounce => b"bounce",
            Self::Stop => b"stop",
            Self::Confirm => b"confirm",
            Self::Feed => b"feed",
            Self::Person => b"person",
        }
    }
}

/// The key. Cloning shares it.
#[derive(Clone)]
pub struct Seal([u8; 32]);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(***)")
    }
}

impl Seal {
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key of this database; `fresh` becomes it where there is none.
    pub async fn open(
        control: &Control,
        vault: &Vault,
        fresh: [u8; 32],
        now: Timestamp,
    ) -> Result<Self, MailError> {
        let sealed = match stored(control).await? {
            Some(sealed) => sealed,
            None => {
                let fresh = vault.seal(PLACE, &hex::encode(fresh).into())?;
                keep(control, fresh, now).await?
            }
        };
        let key = vault.open(PLACE, &sealed)?;
        let bytes = hex::decode(key.expose_secret()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(MailError::Sealed(Locked::Damaged))
    }

    /// A word for a person and a place, always the same.
    pub fn token(&self, purpose: Purpose, account: Uuid, target: Uuid) -> String {
        let mac = self.mac(purpose, &[account.as_bytes(), target.as_bytes()]);
        letters(&mac[..TOKEN])
    }

    /// A word that carries these bytes.
    pub fn seal(&self, purpose: Purpose, carried: &[u8]) -> String {
        let mac = self.mac(purpose, &[carried]);
        letters(&[carried, &mac[..GUARD]].concat())
    }

    /// The bytes that the word carries, if it was sealed here for this purpose.
    pub fn unseal(&self, purpose: Purpose, word: &str) -> Option<Vec<u8>> {
        let bytes = BASE32_NOPAD
            .decode(word.to_ascii_uppercase().as_bytes())
            .ok()?;
        let carried = bytes.len().checked_sub(GUARD)?;
        let (carried, guard) = bytes.split_at(carried);
        let mut mac = self.hmac(purpose);
        mac.update(carried);
        // Compares in constant time.
        mac.verify_truncated_left(guard).ok()?;
        Some(carried.to_vec())
    }

    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.hmac(purpose);
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn hmac(&self, purpose: Purpose) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.word());
        mac.update(&[0]);
        mac
    }
}

/// The key as it lies in the database; `None`: there is none yet.
pub async fn stored(control: &Control) -> Result<Option<Sealed>, ControlError> {
    let kept = control.settings().get(DOCUMENT).await?;
    Ok(kept.as_ref().and_then(|kept| read(&kept.value)))
}

/// Puts the same key there, sealed otherwise.
pub async fn store(control: &Control, sealed: &Sealed, now: Timestamp) -> Result<(), ControlError> {
    let settings = control.settings();
    settings
        .set(DOCUMENT, &document(sealed), "system", now)
        .await
        .map(drop)
}

/// The next to open mail makes a new key; every address and link made so far ends.
pub async fn forget(control: &Control, now: Timestamp) -> Result<(), ControlError> {
    let settings = control.settings();
    settings
        .set(DOCUMENT, &Value::Null, "system", now)
        .await
        .map(drop)
}

/// Keeps this key if there is none, and gives the one that is there then.
async fn keep(control: &Control, fresh: Sealed, now: Timestamp) -> Result<Sealed, ControlError> {
    let first = |known: Option<Value>| match known.as_ref().and_then(read) {
        Some(_) => known.unwrap_or_default(),
        None => document(&fresh),
    };
    let settings = control.settings();
    settings.change(DOCUMENT, first, "system", now).await?;
    Ok(stored(control).await?.unwrap_or(fresh))
}

fn document(sealed: &Sealed) -> Value {
    json!({"key": sealed.as_text()})
}

fn read(value: &Value) -> Option<Sealed> {
    let text = value.get("key")?.as_str()?;
    Some(Sealed::from_text(text.to_owned()))
}

fn letters(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_word_opens_only_what_it_was_sealed_for() {
        let seal = Seal::new([7; 32]);
        let word = seal.seal(Purpose::Stop, b"carried");
        assert_eq!(seal.unseal(Purpose::Stop, &word).unwrap(), b"carried");
        // Mail programs and servers change the case.
        let upper = word.to_uppercase();
        assert_eq!(seal.unseal(Purpose::Stop, &upper).unwrap(), b"carried");
        assert_eq!(seal.unseal(Purpose::Confirm, &word), None);
        assert_eq!(Seal::new([8; 32]).unseal(Purpose::Stop, &word), None);
        for at in 0..word.len() {
            let mut forged = word.clone().into_bytes();
            forged[at] = if forged[at] == b'a' { b'b' } else { b'a' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(seal.unseal(Purpose::Stop, &forged), None, "{at}");
        }
        for nonsense in ["", "a", "ü", "0189", &"a".repeat(5000)] {
            assert_eq!(seal.unseal(Purpose::Stop, nonsense), None);
        }
    }

    #[test]
    fn tokens_tell_people_and_places_apart() {
        let seal = Seal::new([7; 32]);
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let token = seal.token(Purpose::Thread, a, b);
        assert_eq!(token.len(), 24);
        assert_eq!(token, seal.token(Purpose::Thread, a, b));
        assert_ne!(token, seal.token(Purpose::Thread, b, a));
        assert_ne!(token, seal.token(Purpose::Space, a, b));
    }

    #[tokio::test]
    async fn all_collectors_of_a_database_share_the_key() {
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let vault = crate::vault::tests::vault();
        let first = Seal::open(&control, &vault, [1; 32], now).await.unwrap();
        let second = Seal::open(&control, &vault, [2; 32], now).await.unwrap();
        assert_eq!(first.0, second.0);
        assert_eq!(first.0, [1; 32]);
    }
}
