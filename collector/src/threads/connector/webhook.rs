//! The generic webhook: whatever speaks signed JSON over HTTP, both ways.
//!
//! Deliveries out and in have one shape and one signature scheme, that of the Standard Webhooks specification
//! (standardwebhooks.com): the headers `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,<base64>` with HMAC-SHA256
//! over `id.timestamp.body`. So a program that reads what we send can answer with what it read, and two houses of Weft can
//! be tied to each other.
//!
//! **Invariant: nothing of a delivery is read before its signature fits**, and one that is older than [`TOLERANCE`] is a
//! replay. A delivery that is repeated carries the same `webhook-id`, so that its reader does the work once.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, Method, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Abilities, Arrival, Delivery, Fault, Field, Form, Line, Outgoing, Platform, Pulled, Received,
    Refusal, RemoteAuthor, RemotePost, RemoteThread, Settings, Unopened, signature,
};
use crate::clock::Clock;

/// How far a delivery's time may be from ours, as the specification recommends.
pub const TOLERANCE: i64 = signature::TOLERANCE.as_secs();
/// Bytes of a key: the specification asks for 24 to 64.
const KEY: std::ops::RangeInclusive<usize> = 24..=64;
/// Letters of an id of theirs that we keep.
const MAX_ID: usize = 255;
/// Signatures in one header: a sender who changes keys sends two.
const MAX_SIGNATURES: usize = 8;

pub const FORM: Form = Form {
    name: "Webhook",
    about: "Signed JSON, both ways: for whatever has no connector of its own.",
    address: Field {
        name: "address",
        label: "address",
        help: "Where posts are sent, e.g. https://bot.example/weft. Only https reaches beyond this network.",
        required: true,
    },
    place: Field {
        name: "place",
        label: "place",
        help: "A word of your own that is sent along, if one receiver serves several bridges.",
        required: false,
    },
    secrets: &[Field {
        name: "secret",
        label: "signing secret",
        help: "whsec_ and 24 to 64 bytes in base64. Signs what goes out and what comes in.",
        required: true,
    }],
};

pub struct Webhook {
    address: String,
    place: String,
    key: Vec<u8>,
    line: Line,
    clock: Clock,
}

/// What goes over the wire, in both directions.
#[derive(Debug, Serialize, Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    timestamp: Timestamp,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    place: String,
    #[serde(default)]
    data: Data,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Data {
    /// Of the post.
    id: String,
    thread: Thread,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Author>,
    #[serde(skip_serializing_if = "String::is_empty")]
    markdown: String,
    /// Only on the way out: who reads it sanitises what comes in anyway.
    #[serde(skip_serializing_if = "String::is_empty")]
    html: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    notice: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Thread {
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Author {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    bot: bool,
}

/// A receiver may name what it made; who says nothing takes our names.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    id: String,
    thread: String,
}

impl Webhook {
    pub fn open(settings: Settings, line: Line, clock: Clock) -> Result<Self, Unopened> {
        Ok(Self {
            key: read_key(settings.secret("secret"))?,
            address: settings.address,
            place: settings.place,
            line,
            clock,
        })
    }

    async fn send(&self, id: &str, kind: &str, data: Data) -> Result<Named, Fault> {
        let now = self.clock.now();
        let message = Message {
            kind: kind.to_owned(),
            timestamp: now,
            place: self.place.clone(),
            data,
        };
        let body = serde_json::to_vec(&message)
            .map_err(|error| Fault::Never(format!("it cannot be written as JSON: {error}")))?;
        let request = self
            .line
            .request(Method::POST, &self.address)?
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.as_second())
            .header(
                "webhook-signature",
                sign(&self.key, id, now.as_second(), &body),
            )
            .body(body);
        let answer = self.line.send(request).await?;
        match answer.fault() {
            Some(fault) => Err(fault),
            None => Ok(serde_json::from_slice(&answer.body).unwrap_or_default()),
        }
    }

    async fn tell(
        &self,
        kind: &str,
        thread: &RemoteThread,
        id: &str,
        words: &Outgoing,
    ) -> Result<RemotePost, Fault> {
        let data = Data {
            id: id.to_owned(),
            thread: Thread {
                id: thread.0.clone(),
                title: words.title.clone(),
                url: words.link.clone(),
            },
            author: Some(Author {
                name: words.author.clone(),
                ..Author::default()
            }),
            markdown: words.markdown.clone(),
            html: words.html.clone(),
            reply_to: words.reply_to.as_ref().map(|post| post.id.clone()),
            notice: words.notice,
        };
        let named = self.send(&words.key, kind, data).await?;
        let or = |theirs: String, ours: &str| match theirs.is_empty() || theirs.len() > MAX_ID {
            true => ours.to_owned(),
            false => theirs,
        };
        Ok(RemotePost {
            thread: RemoteThread(or(named.thread, &thread.0)),
            id: or(named.id, id),
        })
    }
}

#[async_trait]
impl Platform for Webhook {
    fn abilities(&self) -> Abilities {
        Abilities {
            edits: true,
            deletions: true,
            threads: true,
            deliveries: true,
            pulls: false,
            // By `webhook-id`: whoever receives knows a delivery that comes twice.
            idempotent: true,
            moderated: true,
        }
    }

    /// Nobody: a receiver has no account for us, and sends back nothing that we said.
    async fn whoami(&self) -> Result<RemoteAuthor, Fault> {
        Ok(RemoteAuthor {
            id: String::new(),
            name: "Webhook".to_owned(),
            email: None,
            bot: true,
        })
    }

    async fn test(&self) -> Result<String, Fault> {
        let id = format!("ping_{}", self.clock.id().simple());
        self.send(&id, "ping", Data::default()).await?;
        Ok("the receiver took a signed ping".to_owned())
    }

    async fn open(&self, first: &Outgoing) -> Result<RemotePost, Fault> {
        let thread = RemoteThread(first.key.clone());
        self.tell("post.created", &thread, &first.key, first).await
    }

    async fn say(&self, thread: &RemoteThread, words: &Outgoing) -> Result<RemotePost, Fault> {
        self.tell("post.created", thread, &words.key, words).await
    }

    async fn edit(&self, post: &RemotePost, words: &Outgoing) -> Result<(), Fault> {
        self.tell("post.edited", &post.thread, &post.id, words)
            .await
            .map(drop)
    }

    async fn delete(&self, post: &RemotePost, key: &str) -> Result<(), Fault> {
        let data = Data {
            id: post.id.clone(),
            thread: Thread {
                id: post.thread.0.clone(),
                ..Thread::default()
            },
            ..Data::default()
        };
        self.send(key, "post.deleted", data).await.map(drop)
    }

    async fn find(&self, _: Option<&RemoteThread>, _: &str) -> Result<Option<RemotePost>, Fault> {
        Err(Fault::Never(
            "a receiver of webhooks cannot be searched".to_owned(),
        ))
    }

    fn receive(&self, delivery: &Delivery, now: Timestamp) -> Result<Received, Refusal> {
        let id = checked(&self.key, &delivery.headers, &delivery.body, now)?;
        let message: Message = serde_json::from_slice(&delivery.body)
            .map_err(|error| Refusal::Unreadable(error.to_string()))?;
        let arrivals = match message.kind.as_str() {
            "ping" => vec![],
            _ => vec![arrival(message, &id)?],
        };
        Ok(Received::Arrivals {
            id: Some(id),
            arrivals,
        })
    }

    async fn pull(&self, _: &str) -> Result<Pulled, Fault> {
        Err(Fault::Never("webhooks come by themselves".to_owned()))
    }
}

fn arrival(message: Message, delivery: &str) -> Result<Arrival, Refusal> {
    let Message {
        kind,
        timestamp: at,
        data,
        ..
    } = message;
    let unreadable = |why: &str| Err(Refusal::Unreadable(why.to_owned()));
    let author = data.author.unwrap_or_default();
    let author = RemoteAuthor {
        // Who gives no id for a person is known by the name.
        id: match author.id.is_empty() {
            true => author.name.clone(),
            false => author.id,
        },
        name: author.name,
        email: author.email,
        bot: author.bot,
    };
    if [&data.id, &data.thread.id, &author.id]
        .iter()
        .any(|id| id.len() > MAX_ID)
    {
        return unreadable("an id is longer than 255 letters");
    }
    // A post without an id is its delivery.
    let id = match (data.id.is_empty(), kind.as_str()) {
        (false, _) => data.id,
        (true, "post.created") => delivery.to_owned(),
        (true, _) => return unreadable("data.id is missing: which post?"),
    };
    // A post without a thread opens one.
    let (thread, opens) = match data.thread.id.is_empty() {
        true => (id.clone(), true),
        false => (data.thread.id, false),
    };
    let title = data.thread.title;
    let post = RemotePost {
        thread: RemoteThread(thread),
        id,
    };
    match kind.as_str() {
        "post.created" | "post.edited" if author.name.trim().is_empty() => {
            unreadable("data.author.name is missing: who speaks?")
        }
        "post.created" | "post.edited" if data.markdown.trim().is_empty() => {
            unreadable("data.markdown is missing: what is said?")
        }
        "post.created" => Ok(Arrival::Posted {
            reply_to: data.reply_to.map(|id| RemotePost {
                thread: post.thread.clone(),
                id,
            }),
            post,
            opens: (opens || !title.is_empty()).then_some(title),
            author,
            markdown: data.markdown,
            at,
        }),
        "post.edited" => Ok(Arrival::Edited {
            post,
            author,
            markdown: data.markdown,
            at,
        }),
        "post.deleted" => Ok(Arrival::Deleted { post, at }),
        other => unreadable(&format!(
            "type {other:?}: known are post.created, post.edited, post.deleted and ping"
        )),
    }
}

/// The key's bytes. `whsec_` and base64 as the specification has it; anything else is taken letter by letter.
fn read_key(secret: &str) -> Result<Vec<u8>, Unopened> {
    let unfit = |why: &str| Unopened::Unfit(format!("the signing secret {why}"));
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map_err(|_| unfit("is not base64 behind whsec_"))?,
        None => secret.as_bytes().to_vec(),
    };
    match KEY.contains(&key.len()) {
        true => Ok(key),
        false => Err(unfit("must have 24 to 64 bytes")),
    }
}

/// The header's value.
fn sign(key: &[u8], id: &str, at: i64, body: &[u8]) -> String {
    let head = format!("{id}.{at}.");
    let code = signature::sign(key, &[head.as_bytes(), body]);
    format!("v1,{}", STANDARD.encode(code))
}

/// The delivery's id, when one of its signatures fits.
fn checked(
    key: &[u8],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<String, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(id), Some(at), Some(signatures)) = (
        header("webhook-id"),
        header("webhook-timestamp"),
        header("webhook-signature"),
    ) else {
        return Err(Refusal::Unsigned);
    };
    if id.is_empty() || id.len() > MAX_ID {
        return Err(Refusal::Unsigned);
    }
    let at: i64 = at.parse().map_err(|_| Refusal::Forged)?;
    let head = format!("{id}.{at}.");
    let fits = signatures
        .split(' ')
        .take(MAX_SIGNATURES)
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .any(|code| signature::check(key, &[head.as_bytes(), body], &code).is_ok());
    if !fits {
        return Err(Refusal::Forged);
    }
    let signed = Timestamp::from_second(at).map_err(|_| Refusal::Forged)?;
    signature::check_age(signed, now)?;
    Ok(id.to_owned())
}

#[cfg(test)]
mod tests;
