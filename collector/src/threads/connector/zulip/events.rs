//! What the event queue tells, and where it was read to.
//!
//! **Invariant: pure; what is no message, an edit of words, a deletion or a new name of a topic is nothing.** A queue lives
//! ten minutes without its reader; what happened meanwhile is read from the messages themselves ([`missed`]): new ones and
//! edited ones. Deletions of that time leave no trace over there and are not followed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::threads::connector::{Fault, RemoteAuthor};

/// Seconds by which an edit may lie before the last event and still be unknown here.
const OVERLAP: i64 = 60;

/// "Message" of the API documentation, as the queue and `GET /messages` give it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Message {
    pub id: u64,
    pub sender_id: u64,
    pub sender_full_name: String,
    pub stream_id: Option<u64>,
    /// The topic's name.
    pub subject: String,
    /// As it was typed: the queue is asked for no HTML.
    pub content: String,
    pub timestamp: i64,
    pub last_edit_timestamp: Option<i64>,
}

impl Message {
    pub fn is_in(&self, channel: u64) -> bool {
        self.stream_id == Some(channel)
    }

    /// Who spoke, as far as the message itself says.
    pub fn author(&self) -> RemoteAuthor {
        RemoteAuthor {
            id: self.sender_id.to_string(),
            name: match self.sender_full_name.is_empty() {
                true => "Somebody".to_owned(),
                false => self.sender_full_name.clone(),
            },
            email: None,
            bot: false,
        }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Change {
    Posted(Message),
    Edited {
        message: u64,
        by: u64,
        content: String,
        at: Timestamp,
    },
    Deleted {
        message: u64,
        channel: Option<u64>,
        topic: String,
    },
    Renamed {
        from: String,
        to: String,
    },
}

/// Where the channel was read to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Position {
    /// Empty: there is none.
    pub queue: String,
    pub event: i64,
    /// The newest message that was seen. 0: none was looked for yet.
    pub message: u64,
    /// The newest moment that was seen, in seconds.
    pub at: i64,
}

impl Position {
    pub fn read(written: &str) -> Result<Self, Fault> {
        match written.is_empty() {
            true => Ok(Self::default()),
            false => serde_json::from_str(written)
                .map_err(|error| Fault::Never(format!("the position cannot be read: {error}"))),
        }
    }

    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("a position has string keys only")
    }

    /// The event was read.
    pub fn pass(&mut self, event: &Value) {
        self.event = self.event.max(event["id"].as_i64().unwrap_or(self.event));
        let at = event["edit_timestamp"].as_i64().unwrap_or(0);
        self.at = self.at.max(at);
    }

    /// The messages were read.
    pub fn see(&mut self, messages: &[Message]) {
        for message in messages {
            self.message = self.message.max(message.id);
            let at = message.last_edit_timestamp.unwrap_or(message.timestamp);
            self.at = self.at.max(at);
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    Message {
        message: Message,
    },
    UpdateMessage(Update),
    DeleteMessage(Delete),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Update {
    message_id: u64,
    /// Nobody: the server made a preview.
    user_id: Option<u64>,
    #[serde(default)]
    rendering_only: bool,
    content: Option<String>,
    #[serde(default)]
    edit_timestamp: i64,
    /// The topic's names, where it changed.
    subject: Option<String>,
    orig_subject: Option<String>,
}

#[derive(Deserialize)]
struct Delete {
    message_id: Option<u64>,
    #[serde(default)]
    message_ids: Vec<u64>,
    stream_id: Option<u64>,
    #[serde(default)]
    topic: String,
}

/// What an event says happened. What cannot be read is nothing that we know.
pub fn changes(event: Value) -> Vec<Change> {
    match serde_json::from_value(event) {
        Ok(Event::Message { message }) => vec![Change::Posted(message)],
        Ok(Event::UpdateMessage(update)) => updated(update),
        Ok(Event::DeleteMessage(delete)) => deleted(delete),
        Ok(Event::Other) | Err(_) => vec![],
    }
}

fn updated(update: Update) -> Vec<Change> {
    let mut changes = Vec::new();
    if let (Some(from), Some(to)) = (update.orig_subject, update.subject) {
        changes.push(Change::Renamed { from, to });
    }
    if let (Some(content), Some(by), false) =
        (update.content, update.user_id, update.rendering_only)
    {
        changes.push(Change::Edited {
            message: update.message_id,
            by,
            content,
            at: time(update.edit_timestamp),
        });
    }
    changes
}

fn deleted(delete: Delete) -> Vec<Change> {
    let one = delete.message_id.into_iter();
    one.chain(delete.message_ids)
        .map(|message| Change::Deleted {
            message,
            channel: delete.stream_id,
            topic: delete.topic.clone(),
        })
        .collect()
}

/// What happened to these messages since this position.
pub fn missed(messages: &[Message], since: &Position) -> Vec<Change> {
    messages
        .iter()
        .filter_map(|message| match message.last_edit_timestamp {
            _ if message.id > since.message => Some(Change::Posted(message.clone())),
            Some(at) if at >= since.at - OVERLAP => Some(Change::Edited {
                message: message.id,
                by: message.sender_id,
                content: message.content.clone(),
                at: time(at),
            }),
            _ => None,
        })
        .collect()
}

pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
