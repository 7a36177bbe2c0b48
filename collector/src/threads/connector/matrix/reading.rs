//! What a room's event says. Pure.
//!
//! **Invariant: an event that is not fit says nothing**; it is never a reason to stop. HTML becomes Markdown here, and goes
//! through `threads::source` and the sanitiser like everything that is said.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::super::{Arrival, RemoteAuthor, RemotePost, RemoteThread};

/// What the room's timeline is asked for.
pub const TYPES: [&str; 5] = [
    "m.room.message",
    "m.room.redaction",
    "m.room.member",
    "m.room.encryption",
    "m.room.encrypted",
];

/// HTML with more tags, or tags within tags, than people write is a trap for parsers: then the plain words are taken.
const MOST_TAGS: usize = 1_500;
const DEEPEST: usize = 40;
/// Bytes of an event's HTML; an event has at most 64 KiB.
const MOST_HTML: usize = 64 * 1024;

/// What an event is to us.
#[derive(Debug, PartialEq)]
pub enum Read {
    Nothing,
    /// The room is (now) encrypted.
    Encrypted,
    /// Somebody is called so from now on.
    Renamed {
        user: String,
        name: String,
    },
    /// Somebody said or edited something; how they are called is asked elsewhere.
    Said {
        by: String,
        said: Said,
    },
    Gone(Arrival),
}

/// Something said, up to its author's name.
#[derive(Debug, PartialEq)]
pub struct Said {
    arrival: Arrival,
}

impl Said {
    pub fn by(self, called: String) -> Arrival {
        let mut arrival = self.arrival;
        if let Arrival::Posted { author, .. } | Arrival::Edited { author, .. } = &mut arrival {
            author.name = called;
        }
        arrival
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    event_id: String,
    sender: String,
    #[serde(default)]
    origin_server_ts: i64,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    redacts: Option<String>,
    #[serde(default)]
    state_key: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    msgtype: String,
    body: String,
    format: String,
    formatted_body: String,
    filename: Option<String>,
    #[serde(rename = "m.relates_to")]
    relates: Relates,
    #[serde(rename = "m.new_content")]
    new_content: Option<Box<Content>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Relates {
    rel_type: String,
    event_id: String,
    is_falling_back: bool,
    #[serde(rename = "m.in_reply_to")]
    in_reply_to: Option<InReplyTo>,
}

#[derive(Deserialize)]
struct InReplyTo {
    event_id: String,
}

pub fn event(event: &Value, own: &str, now: Timestamp) -> Read {
    let Ok(event) = Event::deserialize(event) else {
        return Read::Nothing;
    };
    match event.kind.as_str() {
        "m.room.encryption" | "m.room.encrypted" => Read::Encrypted,
        "m.room.member" => renamed(&event),
        // Our own: known already.
        _ if event.sender == own => Read::Nothing,
        "m.room.redaction" => gone(&event, now),
        // A message with a state key is none.
        "m.room.message" if event.state_key.is_none() => said(event, now),
        _ => Read::Nothing,
    }
}

/// The name in a user's id: `@name:server`.
pub fn local_part(user: &str) -> &str {
    let name = user.strip_prefix('@').unwrap_or(user);
    name.split(':').next().unwrap_or(name)
}

fn renamed(event: &Event) -> Read {
    let Some(user) = event.state_key.clone() else {
        return Read::Nothing;
    };
    let name = event.content["displayname"].as_str();
    let name = name.filter(|name| !name.trim().is_empty());
    let name = name.unwrap_or_else(|| local_part(&user)).to_owned();
    Read::Renamed { user, name }
}

fn gone(event: &Event, now: Timestamp) -> Read {
    // In the content since room version 11, beside it before.
    let inside = event.content["redacts"].as_str().map(str::to_owned);
    match inside.or_else(|| event.redacts.clone()) {
        None => Read::Nothing,
        Some(id) => Read::Gone(Arrival::Deleted {
            post: in_thread(String::new(), id),
            at: at(event, now),
        }),
    }
}

fn said(event: Event, now: Timestamp) -> Read {
    let at = at(&event, now);
    // A redacted message has no content left.
    let Ok(content) = Content::deserialize(event.content) else {
        return Read::Nothing;
    };
    let author = RemoteAuthor {
        id: event.sender.clone(),
        name: String::new(),
        email: None,
        // Programs speak in notices (client-server API, "m.notice").
        bot: content.msgtype == "m.notice",
    };
    let arrival = match content.relates.rel_type.as_str() {
        "m.replace" => {
            let Some(markdown) = content.new_content.as_deref().and_then(words) else {
                return Read::Nothing;
            };
            Arrival::Edited {
                post: in_thread(String::new(), content.relates.event_id),
                author,
                markdown,
                at,
            }
        }
        relation => {
            let Some(markdown) = words(&content) else {
                return Read::Nothing;
            };
            let threaded = relation == "m.thread" && !content.relates.event_id.is_empty();
            let thread = match threaded {
                true => content.relates.event_id.clone(),
                false => event.event_id.clone(),
            };
            let answered = content
                .relates
                .in_reply_to
                .filter(|_| !(threaded && content.relates.is_falling_back));
            Arrival::Posted {
                opens: (!threaded && answered.is_none()).then(String::new),
                reply_to: answered.map(|answered| in_thread(thread.clone(), answered.event_id)),
                post: in_thread(thread, event.event_id),
                author,
                markdown,
                at,
            }
        }
    };
    Read::Said {
        by: event.sender,
        said: Said { arrival },
    }
}

/// The words of a message as Markdown. `None`: it says nothing that could be mirrored.
fn words(content: &Content) -> Option<String> {
    let text = match content.msgtype.as_str() {
        "m.text" | "m.notice" => text(content),
        "m.emote" => format!("*{}*", text(content).trim()),
        "m.image" | "m.file" | "m.audio" | "m.video" => {
            let name = content.filename.as_deref().unwrap_or(&content.body);
            let name: String = name
                .chars()
                .filter(|c| !c.is_control() && !"[]()*_`<>".contains(*c))
                .take(100)
                .collect();
            let file = format!("*(a file in Matrix: {})*", name.trim());
            // What stands beside a file name is said about it.
            match content
                .filename
                .as_ref()
                .is_some_and(|name| *name != content.body)
            {
                true => format!("{}\n\n{file}", text(content)),
                false => file,
            }
        }
        _ => return None,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn text(content: &Content) -> String {
    let html = (content.format == "org.matrix.custom.html")
        .then(|| without_quote(&content.formatted_body))
        .filter(|html| is_tame(html));
    let converted = html.and_then(|html| htmd::convert(&html).ok());
    match converted.filter(|markdown| !markdown.trim().is_empty()) {
        Some(markdown) => markdown,
        None => plain(content),
    }
}

/// Older clients quote what is answered above the answer.
fn plain(content: &Content) -> String {
    let body = content.body.as_str();
    if content.relates.in_reply_to.is_none() || !body.starts_with("> ") {
        return body.to_owned();
    }
    let behind = body.lines().skip_while(|line| line.starts_with('>'));
    let answer: Vec<&str> = behind.collect();
    answer.join("\n").trim_start().to_owned()
}

fn without_quote(html: &str) -> String {
    match (html.find("<mx-reply>"), html.find("</mx-reply>")) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{}", &html[..from], &html[to + "</mx-reply>".len()..])
        }
        _ => html.to_owned(),
    }
}

/// Is it HTML as clients write it?
fn is_tame(html: &str) -> bool {
    if html.len() > MOST_HTML {
        return false;
    }
    let (mut tags, mut depth, mut deepest) = (0_usize, 0_usize, 0_usize);
    for (at, _) in html.match_indices('<') {
        tags += 1;
        let behind = &html[at + 1..];
        match behind.as_bytes().first() {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(first) if first.is_ascii_alphabetic() => {
                let alone = ["br", "hr", "img"];
                let is_alone = alone.iter().any(|tag| {
                    behind
                        .get(..tag.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(tag))
                });
                depth += usize::from(!is_alone);
                deepest = deepest.max(depth);
            }
            _ => {}
        }
    }
    tags <= MOST_TAGS && deepest <= DEEPEST
}

fn in_thread(thread: String, id: String) -> RemotePost {
    RemotePost {
        thread: RemoteThread(thread),
        id,
    }
}

/// The homeserver's time; what cannot be one is now.
fn at(event: &Event, now: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(event.origin_server_ts)
        .ok()
        .filter(|at| *at > Timestamp::UNIX_EPOCH)
        .unwrap_or(now)
}
