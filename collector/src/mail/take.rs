//! A message that came in: judged, and made a post, a thread, a refusal, or nothing.
//!
//! **Invariant: a message becomes a post only of the person whom its address names and whose confirmed address sent it**, and it
//! does so once, however often it comes. What a program wrote is never posted and never answered; refusals go only to those
//! who could have had the address, a few in a day.

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use weft_collector_store::control::{
    ControlError,
    accounts::Account,
    attachments::{Attachment, Kept},
    letters::{LetterKind, NewLetter},
    replies::{Arrival, Place, Reply},
};

use super::{
    Mail, MailError, ORIGIN, address,
    reading::{self, File, Incoming, MAX_BYTES},
};
use crate::threads::{ThreadError, Words, files};

/// Tries of a message that made us fail, before it is left alone.
const MOST_TRIES: u32 = 3;
/// Refusals to one address in an hour and in a day: whoever gets them has read the first.
const REFUSALS: [(u64, i64); 2] = [(3, 1), (10, 24)];
/// What is read of a message that is too large: its head says who to tell.
pub const HEAD_BYTES: usize = 64 * 1024;

/// How a message came, as far as a mail server tells.
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    pub recipient: Option<String>,
    /// Empty: the null sender, of whom nothing is expected back.
    pub sender: Option<String>,
    /// Only the head was fetched, because the whole has so many bytes.
    pub cut_from: Option<usize>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Posted {
        thread: Uuid,
        post: Uuid,
    },
    Opened {
        thread: Uuid,
    },
    /// Its sender is told, if enough was not said already.
    Refused {
        why: String,
        told: bool,
    },
    /// A report about a letter of ours.
    Returned {
        done: String,
    },
    Ignored {
        why: String,
    },
    /// It was taken before.
    Known {
        before: String,
    },
}

impl Outcome {
    fn ignored(why: impl Into<String>) -> Self {
        Self::Ignored { why: why.into() }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Posted { .. } => "posted",
            Self::Opened { .. } => "opened",
            Self::Refused { .. } => "refused",
            Self::Returned { .. } => "returned",
            Self::Ignored { .. } => "ignored",
            Self::Known { .. } => "known",
        }
    }
}

/// Why it is not posted, for its sender.
struct Refusal {
    why: String,
    what_to_do: &'static str,
}

impl Refusal {
    fn new(why: impl Into<String>, what_to_do: &'static str) -> Self {
        Self {
            why: why.into(),
            what_to_do,
        }
    }
}

const IN_THE_CONSOLE: &str = "Write in the thread itself, in the console.";

impl Mail {
    /// Takes one message. An error means: not now, try again.
    pub async fn take(&self, raw: &[u8], envelope: &Envelope) -> Result<Outcome, MailError> {
        self.unlocked()?;
        let cut = envelope
            .cut_from
            .or((raw.len() > MAX_BYTES).then_some(raw.len()));
        let raw = match cut {
            Some(_) => &raw[..raw.len().min(HEAD_BYTES)],
            None => raw,
        };
        let owned = raw.to_vec();
        // Seconds of work for a large one, and a parser of strangers' bytes: neither may take the others along.
        let read = tokio::task::spawn_blocking(move || reading::read(&owned)).await;
        let Ok(Some(incoming)) = read else {
            return Ok(Outcome::ignored("it cannot be read as a message"));
        };
        let tokens = self.tokens(&incoming, envelope);
        let key = key(&incoming, &tokens);
        let now = self.clock.now();
        match self.control.replies().arrive(&key, now).await? {
            Arrival::Known { outcome } => return Ok(Outcome::Known { before: outcome }),
            Arrival::New { tries } if tries >= MOST_TRIES => {
                let outcome = Outcome::ignored("it could not be taken several times");
                self.settle(&key, &outcome).await?;
                return Ok(outcome);
            }
            Arrival::New { .. } => {}
        }
        let outcome = self
            .judge_arrival(&incoming, &tokens, envelope, cut, &key)
            .await?;
        self.settle(&key, &outcome).await?;
        tracing::info!(outcome = outcome.word(), "mail came in");
        Ok(outcome)
    }

    async fn settle(&self, key: &str, outcome: &Outcome) -> Result<(), ControlError> {
        let detail = serde_json::to_string(outcome).unwrap_or_default();
        self.control
            .replies()
            .settle(key, outcome.word(), &detail, self.clock.now())
            .await
    }

    /// The tokens of all our addresses to which it went, the envelope's first.
    fn tokens(&self, incoming: &Incoming, envelope: &Envelope) -> Vec<String> {
        let Some(template) = self.settings.as_ref().and_then(|on| on.reply.as_ref()) else {
            return vec![];
        };
        let mut found: Vec<String> = vec![];
        for address in envelope.recipient.iter().chain(&incoming.recipients) {
            if let Some(token) = template.token(address)
                && !found.contains(&token)
            {
                found.push(token);
            }
        }
        found
    }

    async fn judge_arrival(
        &self,
        incoming: &Incoming,
        tokens: &[String],
        envelope: &Envelope,
        cut: Option<usize>,
        key: &str,
    ) -> Result<Outcome, MailError> {
        let returned = tokens.iter().find_map(|token| self.letter_of_bounce(token));
        if incoming.report.is_some() || returned.is_some() {
            let done = self.take_report(incoming, returned).await?;
            return Ok(Outcome::Returned {
                done: done.to_owned(),
            });
        }
        if incoming
            .message_id
            .as_ref()
            .is_some_and(|id| self.is_ours(id))
        {
            return Ok(Outcome::ignored("it is a mail of our own"));
        }
        if let Some(why) = incoming.automatic {
            return Ok(Outcome::ignored(why));
        }
        if envelope
            .sender
            .as_ref()
            .is_some_and(|sender| sender.trim_matches(['<', '>', ' ']).is_empty())
        {
            return Ok(Outcome::ignored("it has no sender to answer"));
        }
        let Some(from) = &incoming.from else {
            return Ok(Outcome::ignored("it has no sender, or several"));
        };
        let mut reply = None;
        for token in tokens {
            reply = self.control.replies().find(token).await?;
            if reply.is_some() {
                break;
            }
        }
        let owner = self.control.addresses().owner(from).await?;
        let refusal = match (&reply, owner) {
            // Nobody who ever had an address of ours: an answer would go to a stranger whose name was used.
            (None, None) => {
                return Ok(Outcome::ignored(
                    "neither its sender nor its address is known",
                ));
            }
            (None, Some(_)) => Refusal::new(
                "It went to an address that stands for no thread.",
                "Answer one of our mails about the thread, without changing the address.",
            ),
            (Some(reply), owner) if owner != Some(reply.account) => Refusal::new(
                format!(
                    "It was sent from {from}, and the address that it went to is for somebody else's answers, or for another address of yours."
                ),
                "Answer from the address at which you got our mail, or add this one in the console under Notices, Settings.",
            ),
            (Some(_), _) if cut.is_some() => Refusal::new(
                format!(
                    "It has {} bytes; at most {MAX_BYTES} are taken.",
                    cut.unwrap_or_default()
                ),
                "Put large files where files live, and link to them.",
            ),
            (Some(reply), _) => match self.become_post(incoming, reply).await? {
                Ok(outcome) => return Ok(outcome),
                Err(refusal) => refusal,
            },
        };
        self.refuse(incoming, from, refusal, key).await
    }

    /// The sender is who the address names.
    async fn become_post(
        &self,
        incoming: &Incoming,
        reply: &Reply,
    ) -> Result<Result<Outcome, Refusal>, MailError> {
        let account = self.control.accounts().get(reply.account).await?;
        let Some(account) = account.filter(|account| !account.disabled && !account.system) else {
            return Ok(Ok(Outcome::ignored("its sender's account is closed")));
        };
        let origin_ref = incoming
            .message_id
            .clone()
            .unwrap_or_else(|| format!("sha256:{}", incoming.digest));
        // Known by its id: what was posted before a crash is not posted again, nor its files kept again.
        if let Some(post) = self
            .control
            .posts()
            .from_elsewhere(ORIGIN, &origin_ref)
            .await?
        {
            return Ok(Ok(Outcome::Posted {
                thread: post.thread,
                post: post.id,
            }));
        }
        if incoming.words.trim().is_empty() && incoming.files.is_empty() {
            return Ok(Err(Refusal::new(
                "There are no words of your own in it, only what you answer.",
                "Write above the quoted mail, or between its lines.",
            )));
        }
        if self.pace.check_key(&account.id).is_err() {
            return Ok(Err(Refusal::new(
                "So many mails of yours came within an hour.",
                IN_THE_CONSOLE,
            )));
        }
        let markdown = self.with_files(&account, incoming).await?;
        let words = Words {
            markdown: &markdown,
            whisper: reply.place == Place::Whisper,
            reply_to: None,
            origin: ORIGIN,
            origin_ref: Some(origin_ref),
        };
        let done = match reply.place {
            Place::Thread | Place::Whisper => self
                .threads
                .post(&account, reply.target, words)
                .await
                .map(|post| Outcome::Posted {
                    thread: reply.target,
                    post,
                }),
            Place::Space => {
                let title = title(&incoming.subject);
                let space = reply.target.to_string();
                self.threads
                    .open_from(&account, &space, &title, words)
                    .await
                    .map(|thread| Outcome::Opened { thread })
            }
        };
        match done {
            Ok(outcome) => Ok(Ok(outcome)),
            // The database is not there: the message waits.
            Err(ThreadError::Control(error)) => Err(error.into()),
            Err(error) => Ok(Err(Refusal::new(
                capital(&error.to_string()),
                IN_THE_CONSOLE,
            ))),
        }
    }

    /// The words with the files that were kept, and a note about those that were not.
    async fn with_files(
        &self,
        account: &Account,
        incoming: &Incoming,
    ) -> Result<String, MailError> {
        let mut markdown = incoming.words.clone();
        let mut left_out: Vec<String> = vec![];
        for (at, file) in incoming.files.iter().enumerate() {
            if at >= files::MAX_FILES {
                left_out.push(format!("{} more files", incoming.files.len() - at));
                break;
            }
            match self.keep_file(account, file).await? {
                Ok(line) => {
                    markdown.push_str("\n\n");
                    markdown.push_str(&line);
                }
                Err(why) => {
                    let name = crate::threads::about::literal(&address::shown(&file.name));
                    left_out.push(format!("{name} ({why})"));
                }
            }
        }
        if !left_out.is_empty() {
            markdown.push_str(&format!(
                "\n\n*Not taken from the mail: {}*",
                left_out.join(", ")
            ));
        }
        Ok(markdown)
    }

    async fn keep_file(
        &self,
        account: &Account,
        file: &File,
    ) -> Result<Result<String, String>, MailError> {
        let looked = match files::look(&file.bytes, &file.name) {
            Ok(looked) => looked,
            Err(unfit) => return Ok(Err(unfit.to_string())),
        };
        let kept = Attachment {
            id: self.clock.id(),
            sha256: looked.sha256,
            name: looked.name,
            media: looked.media.to_owned(),
            size: file.bytes.len() as u64,
            uploader: account.id,
            at: self.clock.now(),
            post: None,
        };
        let (id, name, picture) = (kept.id, kept.name.clone(), files::is_picture(&kept.media));
        let done = self
            .control
            .attachments()
            .keep(kept, file.bytes.clone(), files::QUOTA)
            .await?;
        if done != Kept::Yes {
            return Ok(Err("there is no room for it".to_owned()));
        }
        let mark = if picture { "!" } else { "" };
        let name = name.replace(['(', ')', '[', ']'], "");
        Ok(Ok(format!("{mark}[{name}]({}{id})", files::SCHEME)))
    }

    /// Tells the sender why, once per message, and not more often than somebody reads it.
    async fn refuse(
        &self,
        incoming: &Incoming,
        from: &str,
        refusal: Refusal,
        key: &str,
    ) -> Result<Outcome, MailError> {
        let now = self.clock.now();
        let letters = self.control.letters();
        let mut told = true;
        for (most, hours) in REFUSALS {
            let since = now - SignedDuration::from_hours(hours);
            let made = letters
                .count_to(from, &[LetterKind::Refusal], since)
                .await?;
            told &= made < most;
        }
        if told {
            let id = self.clock.id();
            let letter = NewLetter {
                id,
                account: None,
                kind: LetterKind::Refusal,
                key: format!("refusal:{key}"),
                address: from.to_owned(),
                content: json!({
                    "subject": address::shown(&incoming.subject),
                    "why": refusal.why,
                    "what_to_do": refusal.what_to_do,
                    "message_id": incoming.message_id,
                }),
                message_id: self.message_id(&format!("letter.{}", id.simple())),
                at: now,
            };
            letters.add(letter).await?;
        }
        Ok(Outcome::Refused {
            why: refusal.why,
            told,
        })
    }
}

/// Names the message and where it went: the same mail to two addresses of ours is two arrivals with one post.
fn key(incoming: &Incoming, tokens: &[String]) -> String {
    let mut hash = Sha256::new();
    let id = incoming.message_id.as_deref().unwrap_or(&incoming.digest);
    for part in [id, incoming.from.as_deref().unwrap_or_default()]
        .into_iter()
        .chain(tokens.iter().map(String::as_str))
    {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

/// The subject without what programs put before it.
fn title(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some((head, tail)) = rest.split_once(':') {
        let marks = [
            "re", "aw", "fwd", "fw", "wg", "tr", "rv", "sv", "vs", "antw", "res", "enc", "r", "i",
        ];
        if !marks.contains(&head.trim().to_lowercase().as_str()) {
            break;
        }
        rest = tail.trim();
    }
    let title = match rest.is_empty() {
        true => "A question by mail",
        false => rest,
    };
    title
        .chars()
        .take(crate::threads::source::MAX_TITLE)
        .collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_loses_what_programs_put_before_it() {
        for (subject, kept) in [
            ("Re: AW: Fwd: Laptop restarts", "Laptop restarts"),
            ("Error 7: what now?", "Error 7: what now?"),
            ("RE:", "A question by mail"),
            ("", "A question by mail"),
        ] {
            assert_eq!(title(subject), kept, "{subject}");
        }
        assert_eq!(title(&"é".repeat(999)).chars().count(), 200);
    }
}
