//! Mail: what happens in threads reaches people's mailboxes, and their answers become posts.
//!
//! **Invariant: a letter tells what its reader may read when it is sent**, and an answer is a post of the person whom its
//! address names *and* who sent it. Nothing is lost: what is to be told is written with the notice ([`store::letters`]), and is a
//! letter until a server took it; nothing is doubled: a letter's Message-ID and an answer's are known for ever. Loops are
//! impossible: nothing automatic is answered, and nobody is told of their own words.
//!
//! Out: [`compose`] makes letters of what waits, [`digest`] of what is new, [`told`] reads what may be told, [`face`] says how it
//! looks, [`write`] gives it its headers, [`send`] hands it over. In: [`postbox`] asks a mailbox, [`take`] judges a message,
//! [`reading`] finds its words ([`flowed`], [`quoted`]), [`bounce`] hears what came back. Ground: [`settings`], [`address`],
//! [`seal`], [`tls`]. People steer it in the console (`api/v1/mail`) and by the links below each letter ([`pages`]).
//!
//! [`store::letters`]: weft_collector_store::control::letters

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use lettre::{AsyncSmtpTransport, Tokio1Executor, transport::smtp::PoolConfig};
use secrecy::ExposeSecret as _;
use thiserror::Error;
use uuid::Uuid;
use weft_collector_core::telling::{About, Preferences};
use weft_collector_store::control::{
    Control, ControlError,
    letters::{LetterKind, NewLetter},
    notifications::NoticeKind,
};

use crate::{
    clock::Clock,
    threads::Threads,
    vault::{Locked, Vault},
};

pub mod address;
pub mod bounce;
pub mod compose;
pub mod digest;
pub mod face;
pub mod flowed;
pub mod pages;
pub mod postbox;
pub mod quoted;
pub mod reading;
pub mod seal;
pub mod send;
pub mod service;
pub mod settings;
pub mod take;
pub mod tls;
pub mod told;
pub mod write;

use self::{seal::Seal, settings::Settings};

/// What a connector is called that brings posts by mail.
pub const ORIGIN: &str = "mail";
/// A server that does not answer within this time does not answer.
const SMTP_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections kept open to the server: letters go out one after the other.
const SMTP_CONNECTIONS: u32 = 2;
/// Mails that ask "is this address yours" for one person in an hour, and to one address in a day: enough for slips, useless
/// for annoying somebody.
const CONFIRMATIONS: u64 = 5;
/// A mailbox that was not asked for a day may hold a lively day of one person at once; a program writes more.
const POSTS_PER_HOUR: NonZeroU32 = NonZeroU32::new(120).expect("120 is not zero");

#[derive(Debug, Error)]
pub enum MailError {
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("a letter could not be written: {0}")]
    Write(String),
    #[error("{0}")]
    Invalid(&'static str),
    #[error("mail is not set up: [mail] smtp is empty")]
    Off,
    /// The words of addresses and links cannot be made or read.
    #[error("mail waits: {0}")]
    Sealed(#[from] Locked),
    #[error("enough mails of this kind for now: try again in an hour")]
    TooMany,
}

/// The room. Cloning shares it.
#[derive(Clone)]
pub struct Mail {
    pub control: Control,
    pub clock: Clock,
    pub threads: Threads,
    pub seal: Seal,
    /// `None`: mail is off; what is to be told still waits a while, and links still work.
    pub settings: Option<Arc<Settings>>,
    /// Where the console is.
    pub public_url: String,
    /// Why mail waits although it is set up: its key is sealed, and the vault cannot open it. Then [`Mail::seal`] is of no
    /// use, and every door asks [`Mail::unlocked`] first.
    locked: Option<Locked>,
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
    /// Mails of one person that become posts.
    pace: Arc<DefaultKeyedRateLimiter<Uuid>>,
}

impl Mail {
    /// `fresh` becomes the key of this database's words where it has none.
    pub async fn open(
        settings: Option<Settings>,
        public_url: String,
        control: Control,
        clock: Clock,
        threads: Threads,
        vault: &Vault,
        fresh: [u8; 32],
    ) -> Result<Self, MailError> {
        let (seal, locked) = match Seal::open(&control, vault, fresh, clock.now()).await {
            Ok(seal) => (seal, None),
            Err(MailError::Sealed(why)) => {
                tracing::error!("mail waits: {why}");
                (Seal::new(fresh), Some(why))
            }
            Err(other) => return Err(other),
        };
        let settings = settings.filter(|_| locked.is_none());
        let transport = settings.as_ref().map(transport).transpose()?;
        Ok(Self {
            control,
            clock,
            threads,
            seal,
            settings: settings.map(Arc::new),
            public_url,
            locked,
            transport,
            pace: Arc::new(RateLimiter::keyed(Quota::per_hour(POSTS_PER_HOUR))),
        })
    }

    /// The settings, when mail is on.
    pub fn on(&self) -> Result<&Settings, MailError> {
        self.unlocked()?;
        self.settings.as_deref().ok_or(MailError::Off)
    }

    /// Fails while the words of addresses, links and feeds can neither be made nor read.
    pub fn unlocked(&self) -> Result<(), MailError> {
        match &self.locked {
            Some(why) => Err(why.clone().into()),
            None => Ok(()),
        }
    }

    /// Asks whether an address is this person's, by a letter to it.
    pub async fn ask_to_confirm(&self, account: Uuid, address: &str) -> Result<(), MailError> {
        self.on()?;
        let now = self.clock.now();
        let kinds = [LetterKind::Confirm];
        let letters = self.control.letters();
        let hour = now - SignedDuration::from_hours(1);
        let day = now - SignedDuration::from_hours(24);
        if letters.count_since(account, &kinds, hour).await? >= CONFIRMATIONS
            || letters.count_to(address, &kinds, day).await? >= CONFIRMATIONS
        {
            return Err(MailError::TooMany);
        }
        self.add_service(
            Some(account),
            LetterKind::Confirm,
            address,
            serde_json::Value::Null,
        )
        .await
    }

    /// A letter that shows that mail works.
    pub async fn test(&self, account: Option<Uuid>, address: &str) -> Result<Uuid, MailError> {
        self.on()?;
        let id = self.clock.id();
        if let Some(account) = account {
            let hour = self.clock.now() - SignedDuration::from_hours(1);
            let kinds = [LetterKind::Test];
            let made = self
                .control
                .letters()
                .count_since(account, &kinds, hour)
                .await?;
            if made >= CONFIRMATIONS {
                return Err(MailError::TooMany);
            }
        }
        let letter = self.service(
            id,
            account,
            LetterKind::Test,
            address,
            serde_json::Value::Null,
        );
        self.control.letters().add(letter).await?;
        Ok(id)
    }

    async fn add_service(
        &self,
        account: Option<Uuid>,
        kind: LetterKind,
        address: &str,
        content: serde_json::Value,
    ) -> Result<(), MailError> {
        let letter = self.service(self.clock.id(), account, kind, address, content);
        self.control.letters().add(letter).await?;
        Ok(())
    }

    fn service(
        &self,
        id: Uuid,
        account: Option<Uuid>,
        kind: LetterKind,
        address: &str,
        content: serde_json::Value,
    ) -> NewLetter {
        NewLetter {
            id,
            account,
            kind,
            key: format!("letter:{id}"),
            address: address.to_owned(),
            content,
            message_id: self.message_id(&format!("letter.{}", id.simple())),
            at: self.clock.now(),
        }
    }

    /// A Message-ID of ours.
    fn message_id(&self, name: &str) -> String {
        let domain = self
            .settings
            .as_ref()
            .map_or("weft.invalid", |on| on.domain());
        format!("<{name}@{domain}>")
    }

    /// Did we write the mail with this Message-ID?
    fn is_ours(&self, message_id: &str) -> bool {
        let id = message_id.trim_matches(['<', '>']).to_ascii_lowercase();
        let ours = ["letter.", "post.", "item.", "thread.", "digest.", "bundle."];
        self.settings.as_ref().is_some_and(|on| {
            id.ends_with(&format!("@{}", on.domain()))
                && ours.iter().any(|word| id.starts_with(word))
        })
    }
}

/// How people are to be told: their wishes with the rules of their time zone.
pub struct Wishes {
    pub preferences: Preferences,
    pub zone: TimeZone,
}

impl Wishes {
    pub async fn of(control: &Control, account: Uuid) -> Result<Self, ControlError> {
        Ok(Self::new(control.wishes().of(account).await?))
    }

    pub fn new(preferences: Preferences) -> Self {
        // Checked when it was saved; a zone that the world gave up reads as UTC.
        let zone = zone(&preferences.zone).unwrap_or(TimeZone::UTC);
        Self { preferences, zone }
    }

    /// `now`, or when the quiet hours end.
    pub fn opens(&self, now: Timestamp) -> Timestamp {
        self.preferences.opens(&self.zone, now)
    }

    pub fn digest_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.preferences.digest_after(&self.zone, after)
    }
}

/// The rules of a time zone of the IANA database.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// What a notice is about, as far as wishes tell kinds apart.
pub fn about(kind: NoticeKind) -> About {
    match kind {
        NoticeKind::Mention
        | NoticeKind::Reply
        | NoticeKind::Accepted
        | NoticeKind::Invited
        | NoticeKind::Moderated => About::Direct,
        NoticeKind::Post => About::Talk,
        NoticeKind::Solved | NoticeKind::Reopened => About::Outcome,
        NoticeKind::Linked | NoticeKind::Relapsed | NoticeKind::Resolved => About::Machines,
        NoticeKind::Escalated => About::Staff,
    }
}

/// The way to the server; nothing is connected yet.
pub fn transport(settings: &Settings) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.smtp.expose_secret())
        .map_err(|error| MailError::Write(format!("mail.smtp: {error}")))?;
    let tls = settings
        .authorities
        .smtp(&settings.host, settings.encryption)
        .map_err(|error| MailError::Write(format!("mail.smtp: {error}")))?;
    Ok(builder
        .tls(tls)
        .timeout(Some(SMTP_TIMEOUT))
        .pool_config(PoolConfig::new().max_size(SMTP_CONNECTIONS))
        .build())
}
