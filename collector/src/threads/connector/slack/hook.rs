//! What Slack's Events API brings.
//!
//! **Invariant: nothing is read before the signature fits and is fresh** ("Verifying requests from Slack": HMAC-SHA256 over
//! `v0:timestamp:body`, at most five minutes old). Slack sends an event again until it hears 200; `event_id` stays the same.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{METADATA, mrkdwn};
use crate::threads::connector::{
    Arrival, Delivery, Received, Refusal, RemoteAuthor, RemotePost, RemoteThread, signature,
};

/// A challenge is a short word; it goes back as it came.
const MAX_CHALLENGE: usize = 500;
/// Files of one message that are named.
const MAX_FILES: usize = 10;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Envelope {
    UrlVerification {
        challenge: String,
    },
    EventCallback {
        event_id: String,
        event: Value,
    },
    #[serde(other)]
    Other,
}

/// A message, or what happened to one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    subtype: Option<String>,
    channel: String,
    ts: String,
    thread_ts: Option<String>,
    user: Option<String>,
    bot_id: Option<String>,
    username: Option<String>,
    text: String,
    files: Vec<File>,
    edited: Option<Edited>,
    metadata: Option<Value>,
    /// Of `message_changed`.
    message: Option<Box<Message>>,
    /// Of `message_changed` and `message_deleted`.
    previous_message: Option<Box<Message>>,
    deleted_ts: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    name: Option<String>,
    title: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Edited {
    user: String,
    ts: String,
}

/// Checks and reads a delivery.
pub fn read(
    signing: &str,
    channel: &str,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Received, Refusal> {
    check(signing, delivery, now)?;
    let envelope: Envelope = serde_json::from_slice(&delivery.body)
        .map_err(|error| Refusal::Unreadable(error.to_string()))?;
    let (id, event) = match envelope {
        Envelope::UrlVerification { challenge } => return answer(challenge),
        Envelope::EventCallback { event_id, event } => (event_id, event),
        // The app was removed, a limit was hit: nobody spoke.
        Envelope::Other => {
            return Ok(Received::Arrivals {
                id: None,
                arrivals: vec![],
            });
        }
    };
    // What is no message need not look like one.
    let arrivals = match event["type"] == "message" {
        false => vec![],
        true => {
            let message: Message = serde_json::from_value(event)
                .map_err(|error| Refusal::Unreadable(error.to_string()))?;
            arrival(message, channel).into_iter().collect()
        }
    };
    Ok(Received::Arrivals {
        id: Some(id),
        arrivals,
    })
}

fn check(signing: &str, delivery: &Delivery, now: Timestamp) -> Result<(), Refusal> {
    if signing.is_empty() {
        return Err(Refusal::Unreadable(
            "this bridge has no signing secret: set the app's".to_owned(),
        ));
    }
    let at = signature::header(&delivery.headers, "x-slack-request-timestamp")?;
    let given = signature::header(&delivery.headers, "x-slack-signature")?;
    let given = given.strip_prefix("v0=").ok_or(Refusal::Forged)?;
    let parts: [&[u8]; 4] = [b"v0:", at.as_bytes(), b":", &delivery.body];
    signature::check_hex(signing.as_bytes(), &parts, given)?;
    let seconds = at.parse().map_err(|_| Refusal::Forged)?;
    let signed = Timestamp::from_second(seconds).map_err(|_| Refusal::Forged)?;
    signature::check_age(signed, now)
}

fn answer(challenge: String) -> Result<Received, Refusal> {
    match challenge.len() > MAX_CHALLENGE {
        true => Err(Refusal::Unreadable("the challenge is too long".to_owned())),
        false => Ok(Received::Answer {
            content_type: "text/plain; charset=utf-8",
            body: challenge,
        }),
    }
}

fn arrival(event: Message, channel: &str) -> Option<Arrival> {
    if event.kind != "message" || event.channel != channel {
        return None;
    }
    match event.subtype.as_deref() {
        None | Some("bot_message" | "file_share" | "me_message" | "thread_broadcast") => {
            posted(event)
        }
        Some("message_changed") => changed(event),
        Some("message_deleted") => {
            let previous = event.previous_message.unwrap_or_default();
            let id = event.deleted_ts.unwrap_or(previous.ts);
            let thread = previous.thread_ts.unwrap_or_else(|| id.clone());
            deleted(thread, id, &event.ts)
        }
        // Somebody came or left, a topic changed, a message was pinned.
        Some(_) => None,
    }
}

fn posted(message: Message) -> Option<Arrival> {
    let post = message.remote();
    let author = message.author()?;
    let markdown = message.words();
    Some(Arrival::Posted {
        opens: (post.thread.0 == post.id).then(String::new),
        at: time(&message.ts),
        post,
        author,
        markdown,
        reply_to: None,
    })
}

/// An edit, or the mark that a deleted root leaves above its replies; a preview that Slack added is neither.
fn changed(event: Message) -> Option<Arrival> {
    let message = event.message?;
    if message.subtype.as_deref() == Some("tombstone") {
        let thread = message.thread_ts.unwrap_or_else(|| message.ts.clone());
        return deleted(thread, message.ts, &event.ts);
    }
    let before = event.previous_message.unwrap_or_default();
    let edited = message.edited.clone()?;
    if before.text == message.text {
        return None;
    }
    let mut author = message.author()?;
    // Only its author edits a message over there; should that change, the author here is not made to say it.
    if !author.bot && !edited.user.is_empty() {
        author.id.clone_from(&edited.user);
        author.name = edited.user;
    }
    Some(Arrival::Edited {
        post: message.remote(),
        author,
        markdown: message.words(),
        at: time(&edited.ts),
    })
}

fn deleted(thread: String, id: String, at: &str) -> Option<Arrival> {
    (!id.is_empty()).then(|| Arrival::Deleted {
        post: RemotePost {
            thread: RemoteThread(thread),
            id,
        },
        at: time(at),
    })
}

impl Message {
    fn remote(&self) -> RemotePost {
        let thread = self.thread_ts.as_ref().unwrap_or(&self.ts);
        RemotePost {
            thread: RemoteThread(thread.clone()),
            id: self.ts.clone(),
        }
    }

    fn mark(&self) -> Option<&str> {
        let metadata = self.metadata.as_ref()?;
        (metadata["event_type"] == METADATA).then(|| metadata["event_payload"]["mark"].as_str())?
    }

    /// A bot by its own id, so that its name does not matter; a person by theirs.
    fn author(&self) -> Option<RemoteAuthor> {
        let (id, bot) = match (&self.bot_id, &self.user) {
            (Some(bot), _) => (bot, true),
            (None, Some(user)) => (user, self.subtype.as_deref() == Some("bot_message")),
            (None, None) => return None,
        };
        let name = self.username.as_deref().filter(|name| !name.is_empty());
        Some(RemoteAuthor {
            id: id.clone(),
            name: name.unwrap_or(id).to_owned(),
            email: None,
            bot,
        })
    }

    /// The words in Markdown; files stay over there and are named.
    fn words(&self) -> String {
        let mut words = mrkdwn::to_markdown(&self.text);
        if self.subtype.as_deref() == Some("me_message") {
            words = format!("_{words}_");
        }
        let files: Vec<String> = self.files.iter().take(MAX_FILES).map(File::words).collect();
        match (files.is_empty(), words.trim().is_empty()) {
            (true, _) => words,
            (false, true) => files.join("\n"),
            (false, false) => format!("{words}\n\n{}", files.join("\n")),
        }
    }
}

impl File {
    fn words(&self) -> String {
        let name = self.name.as_deref().or(self.title.as_deref());
        let name: String = name.unwrap_or("a file").chars().take(120).collect();
        format!("*(in Slack: {})*", mrkdwn::as_text(&name))
    }
}

/// The message that carries this mark, among those of a page.
pub fn marked(messages: &Value, mark: &str) -> Option<RemotePost> {
    let messages = messages.as_array()?;
    messages
        .iter()
        .filter_map(|message| serde_json::from_value::<Message>(message.clone()).ok())
        .find(|message| message.mark() == Some(mark))
        .map(|message| message.remote())
}

/// A message's id is its time: seconds, a dot, and a number that keeps it apart.
fn time(ts: &str) -> Timestamp {
    let (seconds, rest) = ts.split_once('.').unwrap_or((ts, ""));
    let micros: i32 = rest
        .get(..6)
        .and_then(|micros| micros.parse().ok())
        .unwrap_or(0);
    seconds
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::new(seconds, micros * 1_000).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
