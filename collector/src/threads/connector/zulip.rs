//! Zulip: a channel's topics are threads, their messages are posts.
//!
//! Built from "Zulip REST API" (zulip.com/api: `POST /messages`, `PATCH` and `DELETE /messages/{id}`, `GET /messages`,
//! `POST /register`, `GET /events`, "Construct a narrow", "Error handling", "Message formatting").
//!
//! A topic is a name that people change, so a thread is known by the **number of its first message**, and the topic's name
//! is asked for each time something is said: renamed, resolved and moved topics are followed. **Invariant: only messages
//! of the bridged channel come in**, by the event queue; an outgoing webhook bot hears only what mentions it. What the
//! events say is read in [`events`], the two markups differ by what [`words`] knows.

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, StatusCode, header};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Abilities, Answer, Arrival, Delivery, Fault, Field, Form, Line, Outgoing, Platform, Pulled,
    Received, Refusal, RemoteAuthor, RemotePost, RemoteThread, Settings, Unopened,
    api::{Api, Known},
    line, mark, spoken,
};
use crate::clock::Clock;

pub mod events;
#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod tests;
pub mod words;

use events::{Change, Message, Position};

/// `max_message_length` as a server comes.
const MAX_POST: usize = 10_000;
/// `max_topic_length`.
const MAX_TOPIC: usize = 60;
/// The server sends a heartbeat within 90 seconds; after that the line is dead.
const PATIENCE: Duration = Duration::from_secs(100);
/// Messages that are looked at for a mark.
const LOOKED_AT: &str = "200";
/// Messages fetched at once after a queue was lost, and how often: what comes after that is fetched at the next call.
const CAUGHT_UP: usize = 1_000;
const PAGES: usize = 5;
/// Messages before those that are looked at for edits in the meantime.
const LOOKED_BACK: &str = "200";

pub const FORM: Form = Form {
    name: "Zulip",
    about: "A channel's topics, both ways, with edits and deletions.",
    address: Field {
        name: "address",
        label: "address",
        help: "The organisation, e.g. https://example.zulipchat.com",
        required: true,
    },
    place: Field {
        name: "place",
        label: "channel id",
        help: "The number in the channel's address (#narrow/channel/7-laptops). Subscribe the bot to it.",
        required: true,
    },
    secrets: &[
        Field {
            name: "bot",
            label: "bot e-mail",
            help: "Personal settings, Bots, a generic bot: its e-mail, e.g. weft-bot@example.zulipchat.com",
            required: true,
        },
        Field {
            name: "key",
            label: "API key",
            help: "The bot's API key, in the same place.",
            required: true,
        },
    ],
};

pub struct Zulip {
    api: Api,
    base: String,
    channel: u64,
    people: Known<RemoteAuthor>,
    /// Topic by name: its first message.
    topics: Known<u64>,
    clock: Clock,
}

#[derive(Deserialize)]
struct User {
    user_id: u64,
    #[serde(default)]
    full_name: String,
    /// The real address, for whoever may see it; `email` may be one that the server made up.
    delivery_email: Option<String>,
    #[serde(default)]
    is_bot: bool,
}

impl From<User> for RemoteAuthor {
    fn from(user: User) -> Self {
        Self {
            id: user.user_id.to_string(),
            name: user.full_name,
            email: user.delivery_email.filter(|at| !at.is_empty()),
            bot: user.is_bot,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Messages {
    messages: Vec<Message>,
    found_newest: bool,
}

impl Zulip {
    pub fn open(settings: Settings, line: Line, clock: Clock) -> Result<Self, Unopened> {
        let channel = settings.place.trim().parse().map_err(|_| {
            Unopened::Unfit("the channel id is the number in its address".to_owned())
        })?;
        let (bot, key) = (settings.secret("bot").trim(), settings.secret("key").trim());
        if bot.contains(':') {
            return Err(Unopened::Unfit("the bot's e-mail has a colon".to_owned()));
        }
        let basic = format!("Basic {}", STANDARD.encode(format!("{bot}:{key}")));
        let api = Api::at(&settings.address, line)?.with_secret(
            header::AUTHORIZATION,
            "the API key",
            &basic,
        )?;
        Ok(Self {
            api,
            base: settings.address,
            channel,
            people: Known::default(),
            topics: Known::default(),
            clock,
        })
    }

    async fn get<T: serde::de::DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Fault> {
        read(&self.api.get(&whole(path), query).await?)
    }

    async fn form<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        pairs: &[(&str, &str)],
    ) -> Result<T, Fault> {
        read(&self.api.form(method, &whole(path), pairs).await?)
    }

    /// Messages of the channel, or of one topic of it.
    async fn messages(
        &self,
        topic: Option<&str>,
        anchor: &str,
        before: &str,
        after: &str,
    ) -> Result<Messages, Fault> {
        let mut narrow = vec![json!({"operator": "stream", "operand": self.channel})];
        if let Some(topic) = topic {
            narrow.push(json!({"operator": "topic", "operand": topic}));
        }
        let narrow = Value::from(narrow).to_string();
        let query = [
            ("narrow", narrow.as_str()),
            ("anchor", anchor),
            ("num_before", before),
            ("num_after", after),
            ("apply_markdown", "false"),
        ];
        self.get(&["messages"], &query).await
    }

    /// The message; `None`: it is gone.
    async fn message(&self, id: &str) -> Result<Option<Message>, Fault> {
        #[derive(Deserialize)]
        struct One {
            message: Message,
        }
        let query = [("apply_markdown", "false")];
        match self.get::<One>(&["messages", id], &query).await {
            Ok(one) => Ok(Some(one.message)),
            Err(Fault::Never(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The first message of a topic.
    async fn first_of(&self, topic: &str) -> Result<Option<Message>, Fault> {
        let oldest = self.messages(Some(topic), "oldest", "0", "1").await?;
        Ok(oldest.messages.into_iter().next())
    }

    /// The thread that a message of this topic belongs to.
    async fn thread_of(&self, topic: &str, message: u64) -> Result<u64, Fault> {
        if let Some(known) = self.topics.get(topic) {
            return Ok(known);
        }
        let first = self
            .first_of(topic)
            .await?
            .map_or(message, |first| first.id);
        self.topics.learn(topic, first);
        Ok(first)
    }

    /// What the thread's topic is called now.
    async fn topic_of(&self, thread: &RemoteThread) -> Result<String, Fault> {
        let gone = |why: &str| Err(Fault::Never(format!("the topic's first message {why}")));
        match self.message(&thread.0).await? {
            None => gone("was deleted over there"),
            Some(first) if first.stream_id != Some(self.channel) => {
                gone("was moved out of the channel")
            }
            Some(first) => Ok(first.subject),
        }
    }

    async fn send(&self, topic: &str, words: &Outgoing) -> Result<u64, Fault> {
        #[derive(Deserialize)]
        struct Sent {
            id: u64,
        }
        let (channel, content) = (self.channel.to_string(), spoken::markdown(words, MAX_POST));
        let pairs = [
            ("type", "stream"),
            ("to", channel.as_str()),
            ("topic", topic),
            ("content", &content),
            ("read_by_sender", "true"),
        ];
        let sent: Sent = self.form(Method::POST, &["messages"], &pairs).await?;
        Ok(sent.id)
    }

    async fn person(&self, id: u64) -> Result<Option<RemoteAuthor>, Fault> {
        let id = id.to_string();
        if let Some(known) = self.people.get(&id) {
            return Ok(Some(known));
        }
        #[derive(Deserialize)]
        struct One {
            user: User,
        }
        match self.get::<One>(&["users", &id], &[]).await {
            Ok(one) => {
                let person = RemoteAuthor::from(one.user);
                self.people.learn(&id, person.clone());
                Ok(Some(person))
            }
            Err(Fault::Never(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn posted(&self, message: &Message) -> Result<Arrival, Fault> {
        let thread = self.thread_of(&message.subject, message.id).await?;
        let author = match self.person(message.sender_id).await? {
            Some(person) => person,
            None => message.author(),
        };
        Ok(Arrival::Posted {
            post: remote(thread, message.id),
            opens: (thread == message.id).then(|| message.subject.clone()),
            author,
            markdown: words::to_markdown(&message.content, &self.base),
            reply_to: None,
            at: events::time(message.timestamp),
        })
    }

    /// A change of a message as it arrives here.
    async fn arrival(&self, change: Change) -> Result<Option<Arrival>, Fault> {
        match change {
            Change::Posted(message) if message.is_in(self.channel) => {
                self.posted(&message).await.map(Some)
            }
            Change::Edited {
                message,
                by,
                content,
                at,
            } => self.edited(message, by, &content, at).await,
            Change::Deleted {
                message,
                channel,
                topic,
            } if channel == Some(self.channel) => {
                // The topic may have gone with it.
                let thread = self.topics.get(&topic).unwrap_or(message);
                if thread == message {
                    self.topics.forget(&topic);
                }
                Ok(Some(Arrival::Deleted {
                    post: remote(thread, message),
                    // The event has no time: it is of now.
                    at: self.clock.now(),
                }))
            }
            Change::Renamed { from, to } => {
                self.topics.forget(&from);
                self.topics.forget(&to);
                Ok(None)
            }
            Change::Posted(_) | Change::Deleted { .. } => Ok(None),
        }
    }

    async fn edited(
        &self,
        id: u64,
        by: u64,
        content: &str,
        at: Timestamp,
    ) -> Result<Option<Arrival>, Fault> {
        let Some(message) = self.message(&id.to_string()).await? else {
            return Ok(None);
        };
        if !message.is_in(self.channel) {
            return Ok(None);
        }
        let thread = self.thread_of(&message.subject, id).await?;
        let author = match self.person(by).await? {
            Some(person) => person,
            None => message.author(),
        };
        Ok(Some(Arrival::Edited {
            post: remote(thread, id),
            author,
            markdown: words::to_markdown(content, &self.base),
            at,
        }))
    }

    /// A new queue, and what happened since the old one was lost.
    async fn catch_up(&self, before: Position) -> Result<Pulled, Fault> {
        #[derive(Deserialize)]
        struct Queue {
            queue_id: String,
            last_event_id: i64,
        }
        let pairs = [
            (
                "event_types",
                "[\"message\",\"update_message\",\"delete_message\"]",
            ),
            ("apply_markdown", "false"),
        ];
        let queue: Queue = self.form(Method::POST, &["register"], &pairs).await?;
        let mut next = Position {
            queue: queue.queue_id,
            event: queue.last_event_id,
            ..before
        };
        let mut arrivals = Vec::new();
        if next.message == 0 {
            // From now on.
            let newest = self.messages(None, "newest", "1", "0").await?;
            next.message = newest.messages.last().map_or(1, |message| message.id);
            return Ok(Pulled {
                arrivals,
                next: next.write(),
            });
        }
        let mut looked_back = LOOKED_BACK;
        for _ in 0..PAGES {
            let (anchor, most) = (next.message.to_string(), CAUGHT_UP.to_string());
            let page = self.messages(None, &anchor, looked_back, &most).await?;
            for change in events::missed(&page.messages, &before) {
                arrivals.extend(self.arrival(change).await?);
            }
            next.see(&page.messages);
            if page.found_newest || page.messages.is_empty() {
                return Ok(Pulled {
                    arrivals,
                    next: next.write(),
                });
            }
            looked_back = "0";
        }
        // More than a few thousand: the rest at the next call, which begins anew from here.
        next.queue.clear();
        Ok(Pulled {
            arrivals,
            next: next.write(),
        })
    }
}

pub(super) fn remote(thread: u64, message: u64) -> RemotePost {
    RemotePost {
        thread: RemoteThread(thread.to_string()),
        id: message.to_string(),
    }
}

#[async_trait]
impl Platform for Zulip {
    fn abilities(&self) -> Abilities {
        Abilities {
            edits: true,
            deletions: true,
            threads: true,
            deliveries: false,
            pulls: true,
            idempotent: false,
            // Nobody edits another's words in Zulip.
            moderated: false,
        }
    }

    async fn whoami(&self) -> Result<RemoteAuthor, Fault> {
        #[derive(Deserialize)]
        struct Subscriptions {
            subscriptions: Vec<Subscription>,
        }
        #[derive(Deserialize)]
        struct Subscription {
            stream_id: u64,
        }
        let own: User = self.get(&["users", "me"], &[]).await?;
        let known: Subscriptions = self.get(&["users", "me", "subscriptions"], &[]).await?;
        let hears = |one: &Subscription| one.stream_id == self.channel;
        match known.subscriptions.iter().any(hears) {
            true => Ok(own.into()),
            false => Err(Fault::Locked(format!(
                "the bot is not subscribed to channel {}: subscribe it, or it hears nothing",
                self.channel
            ))),
        }
    }

    async fn open(&self, first: &Outgoing) -> Result<RemotePost, Fault> {
        let mut topic = fit_topic(&first.title, "");
        if let Some(there) = self.first_of(&topic).await? {
            if mark::is_in(&there.content, &first.key) {
                return Ok(remote(there.id, there.id));
            }
            // Another thread of this name: a topic of its own for each.
            topic = fit_topic(&first.title, &mark::of(&first.key)[..6]);
        }
        let id = self.send(&topic, first).await?;
        Ok(remote(id, id))
    }

    async fn say(&self, thread: &RemoteThread, words: &Outgoing) -> Result<RemotePost, Fault> {
        let topic = self.topic_of(thread).await?;
        let id = self.send(&topic, words).await?;
        Ok(RemotePost {
            thread: thread.clone(),
            id: id.to_string(),
        })
    }

    async fn edit(&self, post: &RemotePost, words: &Outgoing) -> Result<(), Fault> {
        let content = spoken::markdown(words, MAX_POST);
        let pairs = [("content", content.as_str())];
        self.form::<Value>(Method::PATCH, &["messages", &post.id], &pairs)
            .await
            .map(drop)
    }

    async fn delete(&self, post: &RemotePost, _: &str) -> Result<(), Fault> {
        let path = ["messages", post.id.as_str()];
        let refused = match self.form::<Value>(Method::DELETE, &path, &[]).await {
            Err(Fault::Never(why)) => why,
            done => return done.map(drop),
        };
        // "Invalid message(s)" is said in the bot's language: whether it is gone tells.
        match self.message(&post.id).await? {
            None => Ok(()),
            Some(_) => Err(Fault::Never(refused)),
        }
    }

    async fn find(
        &self,
        thread: Option<&RemoteThread>,
        key: &str,
    ) -> Result<Option<RemotePost>, Fault> {
        let topic = match thread {
            None => None,
            Some(thread) => match self.topic_of(thread).await {
                Err(Fault::Never(_)) => return Ok(None),
                topic => Some(topic?),
            },
        };
        let newest = self
            .messages(topic.as_deref(), "newest", LOOKED_AT, "0")
            .await?;
        let found = newest
            .messages
            .iter()
            .find(|message| mark::is_in(&message.content, key));
        Ok(found.map(|message| RemotePost {
            thread: thread
                .cloned()
                .unwrap_or_else(|| RemoteThread(message.id.to_string())),
            id: message.id.to_string(),
        }))
    }

    fn receive(&self, _: &Delivery, _: Timestamp) -> Result<Received, Refusal> {
        Err(Refusal::Unreadable(
            "Zulip is asked for its messages; an outgoing webhook hears only what mentions it"
                .to_owned(),
        ))
    }

    async fn pull(&self, since: &str) -> Result<Pulled, Fault> {
        #[derive(Deserialize)]
        struct Events {
            events: Vec<Value>,
        }
        let position = Position::read(since)?;
        if position.queue.is_empty() {
            return self.catch_up(position).await;
        }
        let last = position.event.to_string();
        let query = [("queue_id", &*position.queue), ("last_event_id", &last)];
        let request = self
            .api
            .request(Method::GET, &whole(&["events"]), &query)?
            .timeout(PATIENCE);
        let answer = self.api.send(request).await?;
        if complaint(&answer).code == "BAD_EVENT_QUEUE_ID" {
            return self.catch_up(position).await;
        }
        let events = read::<Events>(&answer)?.events;
        let mut next = position;
        let mut arrivals = Vec::new();
        for event in events {
            next.pass(&event);
            for change in events::changes(event) {
                if let Change::Posted(message) = &change {
                    next.see(std::slice::from_ref(message));
                }
                arrivals.extend(self.arrival(change).await?);
            }
        }
        Ok(Pulled {
            arrivals,
            next: next.write(),
        })
    }
}

fn whole<'a>(path: &[&'a str]) -> Vec<&'a str> {
    let mut whole = vec!["api", "v1"];
    whole.extend(path);
    whole
}

/// A topic's name, short enough, and with `apart` told from others of its name.
fn fit_topic(title: &str, apart: &str) -> String {
    let tail = match apart {
        "" => String::new(),
        apart => format!(" ({apart})"),
    };
    let clean = title.chars().filter(|c| !c.is_control());
    let kept: String = clean.take(MAX_TOPIC - tail.chars().count()).collect();
    match kept.trim() {
        "" => format!("Weft{tail}"),
        kept => format!("{kept}{tail}"),
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    match fault(answer) {
        Some(fault) => Err(fault),
        None => answer.json(),
    }
}

/// "Error handling" of the API documentation.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    code: String,
    msg: String,
    #[serde(rename = "retry-after")]
    retry_after: Option<f64>,
}

fn complaint(answer: &Answer) -> Complaint {
    match answer.status.is_success() {
        true => Complaint::default(),
        false => serde_json::from_slice(&answer.body).unwrap_or_default(),
    }
}

/// `None`: it worked.
fn fault(answer: &Answer) -> Option<Fault> {
    let plain = answer.fault()?;
    let Complaint {
        code,
        msg,
        retry_after,
    } = complaint(answer);
    Some(match (plain, code.as_str()) {
        (Fault::Later { why, after }, _) => Fault::Later {
            why,
            after: retry_after
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .map(|wait| wait.min(line::LONGEST_WAIT))
                .or(after),
        },
        (
            _,
            "STREAM_DOES_NOT_EXIST"
            | "USER_DEACTIVATED"
            | "REALM_DEACTIVATED"
            | "INVALID_API_KEY"
            | "UNAUTHORIZED",
        ) => Fault::Locked(msg),
        (Fault::Never(_), _) if !msg.is_empty() => Fault::Never(msg),
        (plain, _) if answer.status == StatusCode::UNAUTHORIZED && !msg.is_empty() => {
            drop(plain);
            Fault::Locked(msg)
        }
        (plain, _) => plain,
    })
}
