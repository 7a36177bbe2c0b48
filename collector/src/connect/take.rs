//! Arrivals become posts here, in the name of whoever said them.
//!
//! **Invariant: what comes goes through [`Threads`](crate::threads::Threads) as anybody's words do**, and only as posts:
//! nothing that comes from elsewhere opens a whisper, answers an anomaly or keeps order. **What we carried there does not
//! come back**: not under our own name, not under a name of another of our bridges, and not word for word by a bridge
//! that somebody else built.

use jiff::SignedDuration;
use uuid::Uuid;
use weft_collector_store::control::{
    ControlError,
    bridges::{Bridge, ties::Tie},
    threads::Reader,
};

use super::{Connect, Ended, Point, title, words};
use crate::threads::{
    ThreadError, Words,
    connector::{Arrival, Fault, Platform, RemoteAuthor, RemotePost},
    source::{self, MAX_POST},
};

/// How long our own words are known when somebody else's bridge carries them back.
const ECHO: SignedDuration = SignedDuration::from_mins(15);
/// What could not be taken is kept up to here; a bridge that refuses more has one trouble, not a thousand.
const MOST_KEPT: u64 = 1_000;
/// Threads that were merged into one another, at most, before we give up.
const MERGES: usize = 10;
/// What stands in place of a first post that its author took back: the thread stays.
const TAKEN_BACK: &str = "*(its author took this back)*";
const CUT: &str = "\n\n*(the rest is too long to be taken)*";

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Posted,
    Edited,
    Deleted,
    /// Our own, or known already.
    Echo,
    /// A program, an unknown post, words that say nothing.
    Passed,
    /// A code that somebody got here: now we know who they are.
    Linked,
}

/// Why it was not taken.
#[derive(Debug)]
pub enum Untaken {
    /// Trouble of ours: it has to come again.
    Ended(Ended),
    /// The platform has to be asked more about it, and does not answer now.
    Later(Fault),
    /// It cannot be taken as it is; an admin reads why.
    Refused(String),
}

impl From<ControlError> for Untaken {
    fn from(error: ControlError) -> Self {
        Self::Ended(error.into())
    }
}

impl From<Ended> for Untaken {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

impl From<ThreadError> for Untaken {
    fn from(error: ThreadError) -> Self {
        match error {
            ThreadError::Control(error) => error.into(),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl Connect {
    pub async fn take(
        &self,
        bridge: &Bridge,
        platform: &dyn Platform,
        arrival: &Arrival,
    ) -> Result<Taken, Untaken> {
        let complete = platform.complete(arrival.clone()).await;
        match &complete.or_else(|fault| match fault {
            Fault::Later { .. } => Err(Untaken::Later(fault)),
            // What cannot be learned stays as it came.
            Fault::Never(_) | Fault::Locked(_) => Ok(arrival.clone()),
        })? {
            Arrival::Posted {
                post,
                opens,
                author,
                markdown,
                reply_to,
                ..
            } => {
                let said = Said {
                    post,
                    opens: opens.as_deref(),
                    author,
                    markdown,
                    reply_to: reply_to.as_ref(),
                };
                self.take_post(bridge, said).await
            }
            Arrival::Edited {
                post,
                author,
                markdown,
                ..
            } => {
                let moderated = platform.abilities().moderated;
                self.take_edit(bridge, moderated, post, author, markdown)
                    .await
            }
            Arrival::Deleted { post, .. } => self.take_deletion(bridge, post).await,
        }
    }

    async fn take_post(&self, bridge: &Bridge, said: Said<'_>) -> Result<Taken, Untaken> {
        if self.is_echo(bridge, &said).await? {
            return Ok(Taken::Echo);
        }
        if said.author.bot && !bridge.bots {
            return Ok(Taken::Passed);
        }
        if self.takes_code(bridge, said.author, said.markdown).await? {
            return Ok(Taken::Linked);
        }
        let Some(markdown) = fit(said.markdown) else {
            return Ok(Taken::Passed);
        };
        let by = match self.who(bridge, said.author).await? {
            Some(account) => account,
            // An admin closed their account: they are not heard here.
            None => return Ok(Taken::Passed),
        };
        let origin = bridge.origin();
        let words = Words {
            markdown: &markdown,
            origin: &origin,
            origin_ref: Some(said.post.id.clone()),
            ..Words::default()
        };
        let (thread, post) = match self.place(bridge, &said).await? {
            Some(thread) => {
                let reply_to = self.answered(bridge, thread, said.reply_to).await?;
                let words = Words { reply_to, ..words };
                (thread, self.threads.post(&by, thread, words).await?)
            }
            None => {
                let space = bridge.space.ok_or_else(|| {
                    Untaken::Refused("the thread that this bridge mirrors is no more".to_owned())
                })?;
                let title = title::of(said.opens.unwrap_or_default(), &markdown);
                let thread = self
                    .threads
                    .open_from(&by, &space.to_string(), &title, words)
                    .await?;
                let known = self
                    .control
                    .posts()
                    .from_elsewhere(&origin, &said.post.id)
                    .await?;
                let post = known.ok_or_else(|| {
                    Untaken::Refused("the thread was opened and is not there".to_owned())
                })?;
                (thread, post.id)
            }
        };
        self.survives(Point::Posted)?;
        let bridges = self.control.bridges();
        bridges
            .ties(bridge.id)
            .took(Tie {
                bridge: bridge.id,
                post,
                thread,
                remote_thread: said.post.thread.0.clone(),
                remote: said.post.id.clone(),
                author: said.author.id.clone(),
                ours: false,
                words: words::hash("", &markdown),
                exact: words::exact(&markdown),
                at: self.clock.now(),
            })
            .await?;
        Ok(Taken::Posted)
    }

    async fn is_echo(&self, bridge: &Bridge, said: &Said<'_>) -> Result<bool, ControlError> {
        let author = &said.author.id;
        if !author.is_empty() && *author == bridge.own_id {
            return Ok(true);
        }
        let bridges = self.control.bridges();
        if bridges
            .is_own(&bridge.platform, &bridge.address, author)
            .await?
        {
            return Ok(true);
        }
        if bridges
            .ties(bridge.id)
            .of_remote(&said.post.id)
            .await?
            .is_some()
        {
            return Ok(true);
        }
        let now = self.clock.now();
        let since = now.checked_sub(ECHO).unwrap_or(now);
        bridges
            .was_said(&words::hash("", said.markdown), since)
            .await
    }

    async fn take_edit(
        &self,
        bridge: &Bridge,
        moderated: bool,
        post: &RemotePost,
        author: &RemoteAuthor,
        markdown: &str,
    ) -> Result<Taken, Untaken> {
        let bridges = self.control.bridges();
        let ties = bridges.ties(bridge.id);
        // What we carried is edited here and nowhere else.
        let Some(tie) = ties.of_remote(&post.id).await?.filter(|tie| !tie.ours) else {
            return Ok(Taken::Passed);
        };
        if !moderated && tie.author != author.id {
            return Ok(Taken::Passed);
        }
        let Some(markdown) = fit(markdown) else {
            return Ok(Taken::Passed);
        };
        let Some((by, _)) = self.author_here(tie.post).await? else {
            return Ok(Taken::Passed);
        };
        self.threads
            .edit_from(&by, tie.post, &markdown, &bridge.origin())
            .await?;
        ties.set_words(
            tie.post,
            &words::hash("", &markdown),
            &words::exact(&markdown),
        )
        .await?;
        Ok(Taken::Edited)
    }

    async fn take_deletion(&self, bridge: &Bridge, post: &RemotePost) -> Result<Taken, Untaken> {
        let bridges = self.control.bridges();
        let ties = bridges.ties(bridge.id);
        let Some(tie) = ties.of_remote(&post.id).await? else {
            return Ok(Taken::Passed);
        };
        // Somebody over there took our copy away; what was said here stays here.
        if tie.ours {
            ties.cut(tie.post).await?;
            return Ok(Taken::Passed);
        }
        let Some((by, is_first)) = self.author_here(tie.post).await? else {
            return Ok(Taken::Passed);
        };
        let origin = bridge.origin();
        match is_first {
            true => {
                self.threads
                    .edit_from(&by, tie.post, TAKEN_BACK, &origin)
                    .await?;
                self.threads.forget_edits(&by, tie.post).await?;
            }
            false => {
                self.threads.delete_from(&by, tie.post, "", &origin).await?;
            }
        }
        Ok(Taken::Deleted)
    }

    /// In whose name a post stands here, and whether it is the first of its thread. `None`: it is gone already.
    async fn author_here(
        &self,
        post: Uuid,
    ) -> Result<Option<(weft_collector_store::control::accounts::Account, bool)>, ControlError>
    {
        let Some(post) = self.control.posts().get(post, Reader::COLLECTOR).await? else {
            return Ok(None);
        };
        let first = self
            .control
            .posts()
            .of_thread(post.thread, Reader::COLLECTOR, 1)
            .await?;
        let is_first = first.first().is_some_and(|first| first.id == post.id);
        let account = self.control.accounts().get(post.author).await?;
        Ok(account.map(|account| (account, is_first)))
    }

    /// The thread here in which it goes on: that of its thread over there, or that of what it answers where people reply
    /// without threads; after a merge, the one that it became.
    async fn place(&self, bridge: &Bridge, said: &Said<'_>) -> Result<Option<Uuid>, ControlError> {
        if bridge.thread.is_some() {
            return Ok(bridge.thread);
        }
        let bridges = self.control.bridges();
        let ties = bridges.ties(bridge.id);
        let known = match (ties.thread_here(&said.post.thread.0).await?, said.reply_to) {
            (Some(thread), _) => Some(thread),
            (None, Some(answered)) => ties.of_remote(&answered.id).await?.map(|tie| tie.thread),
            (None, None) => None,
        };
        let Some(mut thread) = known else {
            return Ok(None);
        };
        for _ in 0..MERGES {
            let known = self
                .control
                .threads()
                .get(thread, Reader::COLLECTOR)
                .await?;
            match known.and_then(|known| known.merged_into) {
                Some(into) => thread = into,
                None => break,
            }
        }
        Ok(Some(thread))
    }

    /// The post here that is answered, if it stands in the same thread.
    async fn answered(
        &self,
        bridge: &Bridge,
        thread: Uuid,
        reply_to: Option<&RemotePost>,
    ) -> Result<Option<Uuid>, ControlError> {
        let Some(reply_to) = reply_to else {
            return Ok(None);
        };
        let bridges = self.control.bridges();
        let Some(tie) = bridges.ties(bridge.id).of_remote(&reply_to.id).await? else {
            return Ok(None);
        };
        let post = self
            .control
            .posts()
            .get(tie.post, Reader::COLLECTOR)
            .await?;
        Ok(post
            .filter(|post| post.thread == thread && !post.whisper)
            .map(|post| post.id))
    }

    /// Keeps what could not be taken, for an admin to read and to take again.
    pub async fn keep(
        &self,
        bridge: &Bridge,
        arrival: &Arrival,
        why: &str,
    ) -> Result<(), ControlError> {
        let bridges = self.control.bridges();
        let letters = bridges.letters(bridge.id);
        if letters.tally().await?.dead >= MOST_KEPT {
            tracing::warn!(bridge = %bridge.id, "not kept, {MOST_KEPT} wait for an admin already: {why}");
            return Ok(());
        }
        let arrival = serde_json::to_string(arrival).unwrap_or_default();
        letters
            .keep_arrival(self.clock.id(), arrival, why, self.clock.now())
            .await
    }
}

/// A post over there.
struct Said<'a> {
    post: &'a RemotePost,
    opens: Option<&'a str>,
    author: &'a RemoteAuthor,
    markdown: &'a str,
    reply_to: Option<&'a RemotePost>,
}

/// What fits into a post here. `None`: it says nothing (a reaction, a picture without words).
fn fit(markdown: &str) -> Option<String> {
    let room = MAX_POST - CUT.len();
    let fits = match markdown.len() <= MAX_POST {
        true => markdown.to_owned(),
        false => format!("{}{CUT}", &markdown[..markdown.floor_char_boundary(room)]),
    };
    source::markdown(&fits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_cut_between_letters_and_empty_ones_are_nothing() {
        let long = "é".repeat(MAX_POST);
        let kept = fit(&long).unwrap_or_default();
        assert!(kept.len() <= MAX_POST && kept.ends_with("be taken)*"));
        assert_eq!(fit(" \u{200b}\n"), None);
    }
}
