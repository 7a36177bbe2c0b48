//! Matrix: one room of a homeserver, by the client-server API (spec.matrix.org, version 1.11 and before), with an access token.
//!
//! A thread here is a thread there (`m.thread`): its first post is the root. What somebody says in the room outside any
//! thread opens one here; a plain reply goes where the answered message went.
//!
//! **Invariant: a send carries the letter's key as its transaction id**, so that the homeserver does it once however often
//! it is asked; what is new is asked from a saved position, and a gap that the homeserver tells (`limited`) is filled before
//! anything behind it is taken. Rooms that are encrypted are refused in words: nobody here could read them. Pure are
//! [`reading`] (events) and [`telling`] (what is sent); here are the requests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use url::Url;

use super::{
    Abilities, Answer, Delivery, Fault, Field, Form, Line, Outgoing, Platform, Pulled, Received,
    Refusal, RemoteAuthor, RemotePost, RemoteThread, Settings, Unopened,
};
use crate::clock::Clock;

mod reading;
mod telling;

/// How long the homeserver waits for news before it answers that there is none. Proxies cut idle requests after a minute.
const LONG_POLL: Duration = Duration::from_secs(25);
/// Beyond that, the line is dead and not merely quiet.
const LONG_POLL_ENDS: Duration = Duration::from_secs(55);
/// Events of one answer.
const PAGE: usize = 100;
/// Pages of a gap: 20,000 events are a week of a loud room.
const GAP_PAGES: usize = 200;
/// Names remembered; beyond, they are asked anew.
const NAMES: usize = 10_000;
/// Where a homeserver says "slow down" without saying how long.
const SLOW_DOWN: Duration = Duration::from_secs(5);

pub const FORM: Form = Form {
    name: "Matrix",
    about: "One unencrypted room: threads, replies, edits and deletions both ways.",
    address: Field {
        name: "address",
        label: "homeserver",
        help: "Its client address, e.g. https://matrix.example.org (not the server name behind the colon of user ids).",
        required: true,
    },
    place: Field {
        name: "place",
        label: "room",
        help: "The room's id (!abc:example.org) or its alias (#help:example.org). The bridge's account is invited there, or the room is public.",
        required: true,
    },
    secrets: &[Field {
        name: "access_token",
        label: "access token",
        help: "Of an account of its own that nobody else uses. It is what POST /_matrix/client/v3/login answers.",
        required: true,
    }],
};

pub struct Matrix {
    base: Url,
    place: String,
    token: String,
    line: Line,
    clock: Clock,
    /// Who we are and which room it is, once the homeserver said so.
    here: OnceCell<Here>,
    /// Display names by user id.
    names: Mutex<HashMap<String, String>>,
}

struct Here {
    own: String,
    room: String,
}

#[derive(Deserialize)]
struct Whoami {
    user_id: String,
}

#[derive(Deserialize)]
struct Joined {
    room_id: String,
}

#[derive(Deserialize)]
struct Sent {
    event_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Member {
    displayname: Option<String>,
}

/// What the homeserver says when it does not do something.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Errors {
    errcode: String,
    error: String,
    retry_after_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Sync {
    next_batch: String,
    #[serde(default)]
    rooms: Rooms,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rooms {
    join: HashMap<String, Room>,
    leave: HashMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Room {
    timeline: Timeline,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Timeline {
    events: Vec<Value>,
    limited: bool,
    prev_batch: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Messages {
    chunk: Vec<Value>,
    end: Option<String>,
}

impl Matrix {
    pub fn open(settings: Settings, line: Line, clock: Clock) -> Result<Self, Unopened> {
        let unfit = |why: &str| Unopened::Unfit(why.to_owned());
        let base = Url::parse(&settings.address).map_err(|_| {
            unfit("the homeserver must be an address like https://matrix.example.org")
        })?;
        if base.cannot_be_a_base() {
            return Err(unfit("the homeserver must begin with https://"));
        }
        if !settings.place.starts_with(['!', '#']) {
            return Err(unfit(
                "the room must begin with ! (its id) or # (its alias)",
            ));
        }
        Ok(Self {
            token: settings.secret("access_token").to_owned(),
            place: settings.place,
            base,
            line,
            clock,
            here: OnceCell::new(),
            names: Mutex::default(),
        })
    }

    /// `…/_matrix/client/v3/` and these parts, each escaped.
    fn address(&self, parts: &[&str]) -> Result<Url, Fault> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Fault::Locked("the homeserver's address has no path".to_owned()))?
            .pop_if_empty()
            .extend(["_matrix", "client", "v3"])
            .extend(parts);
        Ok(url)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<Value>,
    ) -> Result<T, Fault> {
        let mut request = self
            .line
            .request(method, url.as_str())?
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(&self.line.send(request).await?)
    }

    async fn get<T: DeserializeOwned>(&self, parts: &[&str]) -> Result<T, Fault> {
        self.ask(Method::GET, self.address(parts)?, None).await
    }

    /// Who we are, in a room that we joined and that can be read.
    async fn here(&self) -> Result<&Here, Fault> {
        self.here.get_or_try_init(|| self.enter()).await
    }

    async fn enter(&self) -> Result<Here, Fault> {
        let whoami: Whoami = self.get(&["account", "whoami"]).await?;
        let url = self.address(&["join", &self.place])?;
        let joined: Joined =
            self.ask(Method::POST, url, Some(json!({})))
                .await
                .map_err(|fault| match fault {
                    Fault::Never(why) | Fault::Locked(why) => Fault::Locked(format!(
                        "the room cannot be entered ({why}): invite {} to it",
                        whoami.user_id
                    )),
                    later => later,
                })?;
        let encrypted: Result<Value, Fault> = self
            .get(&["rooms", &joined.room_id, "state", "m.room.encryption", ""])
            .await;
        match encrypted {
            Ok(_) => Err(encrypted_room()),
            Err(Fault::Never(_)) => Ok(Here {
                own: whoami.user_id,
                room: joined.room_id,
            }),
            Err(fault) => Err(fault),
        }
    }

    async fn put(&self, kind: &str, key: &str, content: Value) -> Result<String, Fault> {
        let here = self.here().await?;
        let url = self.address(&["rooms", &here.room, "send", kind, key])?;
        let sent: Sent = self.ask(Method::PUT, url, Some(content)).await?;
        Ok(sent.event_id)
    }

    async fn sync(&self, since: &str, wait: Duration) -> Result<Sync, Fault> {
        let here = self.here().await?;
        let mut url = self.address(&["sync"])?;
        url.query_pairs_mut()
            .append_pair("filter", &filter(&here.room).to_string())
            .append_pair("timeout", &wait.as_millis().to_string())
            .append_pair("set_presence", "offline");
        if !since.is_empty() {
            url.query_pairs_mut().append_pair("since", since);
        }
        let request = self
            .line
            .request(Method::GET, url.as_str())?
            .bearer_auth(&self.token)
            .timeout(LONG_POLL_ENDS);
        read(&self.line.send(request).await?)
    }

    /// What stands between the position and the first event that was told, oldest first.
    async fn gap(&self, room: &str, from: &str, to: &str) -> Result<Vec<Value>, Fault> {
        let (mut behind, mut from) = (Vec::new(), from.to_owned());
        for _ in 0..GAP_PAGES {
            let mut url = self.address(&["rooms", room, "messages"])?;
            url.query_pairs_mut()
                .append_pair("dir", "b")
                .append_pair("from", &from)
                .append_pair("to", to)
                .append_pair("limit", &PAGE.to_string());
            let page: Messages = self.ask(Method::GET, url, None).await?;
            behind.extend(page.chunk);
            match page.end {
                Some(end) if end != from => from = end,
                _ => {
                    behind.reverse();
                    return Ok(behind);
                }
            }
        }
        tracing::warn!(
            "a Matrix room moved on by more than {} events",
            behind.len()
        );
        behind.reverse();
        Ok(behind)
    }

    /// How somebody is called in the room.
    async fn name(&self, room: &str, user: &str) -> Result<String, Fault> {
        let known = |names: &Mutex<HashMap<String, String>>| {
            let names = names.lock().unwrap_or_else(PoisonError::into_inner);
            names.get(user).cloned()
        };
        if let Some(name) = known(&self.names) {
            return Ok(name);
        }
        let member: Result<Member, Fault> = self
            .get(&["rooms", room, "state", "m.room.member", user])
            .await;
        let name = match member {
            Ok(member) => member.displayname,
            Err(Fault::Never(_) | Fault::Locked(_)) => None,
            Err(later) => return Err(later),
        };
        let name = name
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| reading::local_part(user).to_owned());
        self.remember(user, &name);
        Ok(name)
    }

    fn remember(&self, user: &str, name: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES {
            names.clear();
        }
        names.insert(user.to_owned(), name.to_owned());
    }
}

#[async_trait]
impl Platform for Matrix {
    fn abilities(&self) -> Abilities {
        Abilities {
            edits: true,
            deletions: true,
            threads: true,
            deliveries: false,
            pulls: true,
            idempotent: true,
            moderated: false,
        }
    }

    async fn whoami(&self) -> Result<RemoteAuthor, Fault> {
        let here = self.here().await?;
        Ok(RemoteAuthor {
            id: here.own.clone(),
            name: here.own.clone(),
            email: None,
            bot: true,
        })
    }

    async fn test(&self) -> Result<String, Fault> {
        let here = self.here().await?;
        let name: Result<Value, Fault> = self
            .get(&["rooms", &here.room, "state", "m.room.name", ""])
            .await;
        let name = name
            .ok()
            .and_then(|state| state["name"].as_str().map(str::to_owned));
        let room = name.unwrap_or_else(|| self.place.clone());
        Ok(format!("signed in as {}, in the room {room}", here.own))
    }

    async fn open(&self, first: &Outgoing) -> Result<RemotePost, Fault> {
        let content = telling::opening(first);
        let id = self.put("m.room.message", &first.key, content).await?;
        Ok(RemotePost {
            thread: RemoteThread(id.clone()),
            id,
        })
    }

    async fn say(&self, thread: &RemoteThread, words: &Outgoing) -> Result<RemotePost, Fault> {
        let content = telling::saying(thread, words);
        let id = self.put("m.room.message", &words.key, content).await?;
        Ok(RemotePost {
            thread: thread.clone(),
            id,
        })
    }

    async fn edit(&self, post: &RemotePost, words: &Outgoing) -> Result<(), Fault> {
        let content = telling::editing(post, words);
        self.put("m.room.message", &words.key, content)
            .await
            .map(drop)
    }

    async fn delete(&self, post: &RemotePost, key: &str) -> Result<(), Fault> {
        let here = self.here().await?;
        let url = self.address(&["rooms", &here.room, "redact", &post.id, key])?;
        let redacted: Result<Sent, Fault> = self.ask(Method::PUT, url, Some(json!({}))).await;
        match redacted {
            // What is gone is gone.
            Ok(_) | Err(Fault::Never(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    async fn find(&self, _: Option<&RemoteThread>, _: &str) -> Result<Option<RemotePost>, Fault> {
        // Never asked: a transaction id is taken once.
        Err(Fault::Never("Matrix is not searched".to_owned()))
    }

    fn receive(&self, _: &Delivery, _: Timestamp) -> Result<Received, Refusal> {
        Err(Refusal::Unsigned)
    }

    async fn pull(&self, since: &str) -> Result<Pulled, Fault> {
        let here = self.here().await?;
        if since.is_empty() {
            let now = self.sync("", Duration::ZERO).await?;
            return Ok(Pulled {
                arrivals: vec![],
                next: now.next_batch,
            });
        }
        let mut sync = self.sync(since, LONG_POLL).await?;
        if sync.rooms.leave.contains_key(&here.room) {
            return Err(Fault::Locked(format!(
                "{} was put out of the room: invite it again",
                here.own
            )));
        }
        let timeline = sync
            .rooms
            .join
            .remove(&here.room)
            .unwrap_or_default()
            .timeline;
        let mut events = match (timeline.limited, &timeline.prev_batch) {
            (true, Some(from)) => self.gap(&here.room, from, since).await?,
            _ => vec![],
        };
        events.extend(timeline.events);
        let mut arrivals = Vec::with_capacity(events.len());
        for event in &events {
            match reading::event(event, &here.own, self.clock.now()) {
                reading::Read::Nothing => {}
                reading::Read::Encrypted => return Err(encrypted_room()),
                reading::Read::Renamed { user, name } => self.remember(&user, &name),
                reading::Read::Said { by, said } => {
                    let name = self.name(&here.room, &by).await?;
                    arrivals.push(said.by(name));
                }
                reading::Read::Gone(arrival) => arrivals.push(arrival),
            }
        }
        Ok(Pulled {
            arrivals,
            next: sync.next_batch,
        })
    }
}

/// Only this room, only what is said in it, and what changes who is called how.
fn filter(room: &str) -> Value {
    let nothing = json!({"types": []});
    json!({
        "presence": nothing,
        "account_data": nothing,
        "room": {
            "rooms": [room],
            "account_data": nothing,
            "ephemeral": nothing,
            "state": nothing,
            "timeline": {"limit": PAGE, "types": reading::TYPES},
        },
    })
}

fn encrypted_room() -> Fault {
    Fault::Locked(
        "the room is encrypted, and the bridge has no keys: bridge a room without encryption"
            .to_owned(),
    )
}

/// The answer, or what the homeserver's error code means for us.
fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    let Some(by_status) = answer.fault() else {
        return answer.json();
    };
    let errors: Errors = serde_json::from_slice(&answer.body).unwrap_or_default();
    if errors.errcode.is_empty() {
        // Not a homeserver's words: a proxy in between, which knows nothing of credentials.
        return Err(match answer.status {
            StatusCode::NOT_FOUND => Fault::Locked(format!(
                "{by_status}: no homeserver answers at this address"
            )),
            _ => by_status,
        });
    }
    let why = format!("{}: {}", errors.errcode, errors.error);
    Err(match errors.errcode.as_str() {
        "M_LIMIT_EXCEEDED" => Fault::Later {
            why,
            after: Some(
                errors
                    .retry_after_ms
                    .map(Duration::from_millis)
                    .or_else(|| answer.retry_after())
                    .unwrap_or(SLOW_DOWN)
                    .min(super::line::LONGEST_WAIT),
            ),
        },
        "M_UNKNOWN_TOKEN"
        | "M_MISSING_TOKEN"
        | "M_USER_DEACTIVATED"
        | "M_USER_LOCKED"
        | "M_USER_SUSPENDED"
        | "M_FORBIDDEN"
        | "M_GUEST_ACCESS_FORBIDDEN"
        | "M_CONSENT_NOT_GIVEN" => Fault::Locked(why),
        _ if answer.status.is_server_error() => Fault::later(why),
        _ => Fault::Never(why),
    })
}

#[cfg(test)]
mod tests;
