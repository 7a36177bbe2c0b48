//! Connectors: talk that also lives somewhere else (a forum, a chat) and is mirrored both ways.
//!
//! **Invariant: a connector brings and takes posts and can change nothing else.** Whatever it brings goes through
//! [`Threads`](super::Threads) as a person's words do; whatever it takes is read from the stream of events, without
//! whispers and without what did not happen in a bridged space. **Loops are impossible**: a post that came from a
//! connector carries its `origin`, and no connector takes what it brought; what it sent is known by its id over there,
//! so that its echo is known as its own.
//!
//! A platform is a [`Platform`]: how its requests are made, how its deliveries are checked and read. Checking and reading
//! are pure, so that a vendor's documented payloads are the tests. Who is asked when, what was sent already, and what
//! waits for a rate limit is not a platform's business ([`crate::connect`] does that).
//!
//! Table of contents: [`kind`] which platforms there are and what each wants to know, [`line`] the way out of the house;
//! what several platforms share: [`api`] requests below one address, [`signature`] who made a delivery, [`spoken`] a post's
//! words under their speaker's name, [`length`] nothing too long, [`mark`] a key that can be found again; then one room per
//! platform.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub mod kind;
pub mod line;

pub mod api;
pub mod length;
pub mod mark;
pub mod signature;
pub mod spoken;

pub mod discourse;
pub mod matrix;
pub mod mattermost;
pub mod slack;
pub mod teams;
pub mod webhook;
pub mod zulip;

#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod tests;

pub use kind::{Field, Form, Kind, Settings, Unopened};
pub use line::{Answer, Line, Reach};

/// A thread over there: a topic's id, a root message's id, a room's thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RemoteThread(pub String);

/// A post over there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RemotePost {
    pub thread: RemoteThread,
    pub id: String,
}

/// What one platform can do; what it cannot is told to people in words, never silently left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Takes edits of what we sent.
    pub edits: bool,
    /// Takes deletions of what we sent.
    pub deletions: bool,
    /// Knows threads; otherwise each post names its thread.
    pub threads: bool,
    /// Brings posts by deliveries to our door ([`Platform::receive`]).
    pub deliveries: bool,
    /// Brings posts when asked ([`Platform::pull`]).
    pub pulls: bool,
    /// A request that is made twice with one key does its work once.
    pub idempotent: bool,
    /// Others than its author may edit a post over there, and the platform vouches that they were allowed to. Otherwise
    /// an edit counts only when it comes from the author.
    pub moderated: bool,
}

/// Words on their way out. `key` is the same at every try, so that a platform that knows idempotency does the work once.
///
/// Words, title and author were made harmless already: no `@` in them calls anybody, addresses are whole, and the author's
/// name is one line. What a platform adds (its own escaping, its length) is the platform's.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    pub key: String,
    /// The thread's title, for platforms without threads and for the first post.
    pub title: String,
    /// Who speaks, as people know them.
    pub author: String,
    pub markdown: String,
    /// The sanitised HTML of the same words.
    pub html: String,
    /// Where the thread is read here.
    pub link: String,
    pub reply_to: Option<RemotePost>,
    /// The collector's own words, and no person's: shown as a notice where the platform knows such.
    pub notice: bool,
}

/// Who speaks over there. `id` is what the platform never gives to anybody else; `name` is for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteAuthor {
    pub id: String,
    pub name: String,
    /// A verified address, where the platform tells one: how people are mapped by themselves.
    pub email: Option<String>,
    /// A program, and not a person: mirrored only if the bridge says so.
    pub bot: bool,
}

/// What happened over there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    Posted {
        post: RemotePost,
        /// The title of a thread that begins with this post; empty: its first words are.
        opens: Option<String>,
        author: RemoteAuthor,
        markdown: String,
        reply_to: Option<RemotePost>,
        at: Timestamp,
    },
    Edited {
        post: RemotePost,
        author: RemoteAuthor,
        markdown: String,
        at: Timestamp,
    },
    Deleted {
        post: RemotePost,
        at: Timestamp,
    },
}

/// A request to our door, whole.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What a delivery was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// `id` names the delivery: the same one a second time is a replay and does nothing. Only what the signature covers
    /// may be an id (a header that it leaves out could be changed by whoever replays); `None`: the body itself is.
    Arrivals {
        id: Option<String>,
        arrivals: Vec<Arrival>,
    },
    /// The platform wants these words back (URL verification).
    Answer {
        content_type: &'static str,
        body: String,
    },
}

/// Why a delivery was turned away; nothing of it was read further.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the signature is missing")]
    Unsigned,
    #[error("the signature does not fit")]
    Forged,
    #[error("it was signed {0} s away from now: a replay, or a clock that is wrong")]
    Stale(i64),
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// Why a request to a platform did not work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Later it may work: a rate limit, a gateway, a line that broke.
    #[error("not now: {why}")]
    Later {
        why: String,
        /// When to come again, as the platform itself said it: then the request surely did nothing. `None`: it may have
        /// been done and only its answer was lost.
        after: Option<Duration>,
    },
    /// The same request never works (too long, the topic is closed, deleted over there).
    #[error("refused: {0}")]
    Never(String),
    /// Nothing works until somebody mends the credentials or the rights.
    #[error("not let in: {0}")]
    Locked(String),
}

impl Fault {
    /// Come again; nobody knows whether it was done.
    pub fn later(why: impl Into<String>) -> Self {
        Self::Later {
            why: why.into(),
            after: None,
        }
    }
}

/// What came by asking, and where to ask on.
#[derive(Clone, Debug, Default)]
pub struct Pulled {
    pub arrivals: Vec<Arrival>,
    pub next: String,
}

/// One platform, opened with one bridge's address and credentials.
#[async_trait]
pub trait Platform: Send + Sync {
    fn abilities(&self) -> Abilities;

    /// Who we are over there: what this author says is our own echo.
    async fn whoami(&self) -> Result<RemoteAuthor, Fault>;

    /// What the button "Test" asks: does it work, and as whom? Says it in words, and says nothing that people over there
    /// read.
    async fn test(&self) -> Result<String, Fault> {
        let own = self.whoami().await?;
        Ok(format!("signed in as {}", own.name))
    }

    /// Opens a thread with its first post.
    async fn open(&self, first: &Outgoing) -> Result<RemotePost, Fault>;

    /// Says something in a thread.
    async fn say(&self, thread: &RemoteThread, words: &Outgoing) -> Result<RemotePost, Fault>;

    /// Only where [`Abilities::edits`].
    async fn edit(&self, post: &RemotePost, words: &Outgoing) -> Result<(), Fault>;

    /// Only where [`Abilities::deletions`]. What is gone already is no fault.
    async fn delete(&self, post: &RemotePost, key: &str) -> Result<(), Fault>;

    /// Was this said already? Asked after a crash where the platform is not [`Abilities::idempotent`]; `None` when it is
    /// not there. A platform that cannot look says [`Fault::Never`].
    async fn find(
        &self,
        thread: Option<&RemoteThread>,
        key: &str,
    ) -> Result<Option<RemotePost>, Fault>;

    /// Checks and reads a delivery. Pure: no network, no clock but `now`.
    fn receive(&self, delivery: &Delivery, now: Timestamp) -> Result<Received, Refusal>;

    /// What a delivery that was taken is answered with (content type, body), where the platform shows that to people.
    fn receipt(&self) -> Option<(&'static str, String)> {
        None
    }

    /// Fills in what a delivery does not carry, by asking: the author's name and address, the names of those mentioned.
    /// What cannot be learned stays as it came; only a fault that may pass is told.
    async fn complete(&self, arrival: Arrival) -> Result<Arrival, Fault> {
        Ok(arrival)
    }

    /// Asks what is new since `since` (empty: from now on), waiting a while for something to come. Only where
    /// [`Abilities::pulls`].
    async fn pull(&self, since: &str) -> Result<Pulled, Fault>;
}
