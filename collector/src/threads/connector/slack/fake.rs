//! A workspace with one channel, as "Slack Web API" describes it.

use http::HeaderMap;
use serde_json::{Value, json};

use crate::threads::connector::{
    Settings,
    fake::{Asked, Reply, World, gone, headers},
    signature,
};

pub const TOKEN: &str = "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy";
pub const CHANNEL: &str = "C0LAN2Q65";
pub const SIGNING: &str = "8f742231b10e8888abcd99yyyzzz85a5";
pub const BOT: &str = "B0G9QF9GZ";
pub const BOT_USER: &str = "U0G9QF9C6";
pub const ANA: &str = "U061F7AUR";

#[derive(Default)]
pub struct Workspace {
    pub messages: Vec<Value>,
    made: u32,
}

pub fn settings(address: &str) -> Settings {
    Settings {
        address: format!("{address}/api"),
        place: CHANNEL.to_owned(),
        secrets: [
            ("token".to_owned(), TOKEN.into()),
            ("signing".to_owned(), SIGNING.into()),
        ]
        .into(),
    }
}

/// The headers of a delivery, signed at this second.
pub fn signed(at: i64, body: &str) -> HeaderMap {
    let at = at.to_string();
    let parts: [&[u8]; 4] = [b"v0:", at.as_bytes(), b":", body.as_bytes()];
    let signature = signature::sign(SIGNING.as_bytes(), &parts);
    headers(&[
        (
            "x-slack-signature",
            format!("v0={}", hex::encode(signature)),
        ),
        ("x-slack-request-timestamp", at),
    ])
}

fn error(word: &str) -> Reply {
    Reply::ok(json!({"ok": false, "error": word}))
}

impl Workspace {
    /// No two messages have one, also when the first is gone.
    fn ts(&mut self) -> String {
        self.made += 1;
        format!("1700000000.{:06}", self.made)
    }

    fn post(&mut self, body: &Value) -> Reply {
        if body["channel"] != CHANNEL {
            return error("channel_not_found");
        }
        let text = body["text"].as_str().unwrap_or_default();
        if text.is_empty() {
            return error("no_text");
        }
        if text.chars().count() > 40_000 {
            return error("msg_too_long");
        }
        let ts = self.ts();
        let mut message = json!({
            "type": "message", "ts": ts, "text": text, "user": BOT_USER, "bot_id": BOT, "app_id": "A0G9QF9B5",
            "metadata": body["metadata"],
        });
        if let Some(thread) = body.get("thread_ts") {
            message["thread_ts"] = thread.clone();
        }
        self.messages.push(message.clone());
        Reply::ok(json!({"ok": true, "channel": CHANNEL, "ts": ts, "message": message}))
    }

    /// Somebody says something; gives the message as an event has it.
    pub fn said(&mut self, thread: Option<&str>, text: &str) -> Value {
        let ts = self.ts();
        let mut message =
            json!({"type": "message", "channel": CHANNEL, "user": ANA, "text": text, "ts": ts});
        if let Some(thread) = thread {
            message["thread_ts"] = thread.into();
        }
        self.messages.push(message.clone());
        message
    }

    fn at(&self, ts: &Value) -> Option<usize> {
        self.messages
            .iter()
            .position(|message| message["ts"] == *ts)
    }

    /// Pages of two, so that the next one is asked for; metadata for whoever asks for it.
    fn page(&self, asked: &Asked, mut messages: Vec<Value>) -> Reply {
        if asked.query("include_all_metadata") != Some("true") {
            for message in &mut messages {
                message["metadata"] = Value::Null;
            }
        }
        let from: usize = asked
            .query("cursor")
            .and_then(|cursor| cursor.strip_prefix("at-"))
            .and_then(|from| from.parse().ok())
            .unwrap_or(0);
        let page: Vec<Value> = messages.iter().skip(from).take(2).cloned().collect();
        let next = match messages.len() > from + 2 {
            true => format!("at-{}", from + 2),
            false => String::new(),
        };
        Reply::ok(
            json!({"ok": true, "messages": page, "has_more": !next.is_empty(), "response_metadata": {"next_cursor": next}}),
        )
    }
}

impl World for Workspace {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let bearer = format!("Bearer {TOKEN}");
        if asked
            .headers
            .get("authorization")
            .is_none_or(|given| *given != bearer)
        {
            return Self::locked();
        }
        let body = asked.json();
        match (asked.method.as_str(), asked.parts().as_slice()) {
            ("POST", ["api", "auth.test"]) => Reply::ok(json!({
                "ok": true, "url": "https://example.slack.com/", "team": "Example", "user": "weft", "team_id": "T061EG9R6",
                "user_id": BOT_USER, "bot_id": BOT, "is_enterprise_install": false,
            })),
            ("POST", ["api", "chat.postMessage"]) => self.post(&body),
            ("POST", ["api", "chat.update"]) => match self.at(&body["ts"]) {
                None => error("message_not_found"),
                Some(at) => {
                    self.messages[at]["text"] = body["text"].clone();
                    Reply::ok(
                        json!({"ok": true, "channel": CHANNEL, "ts": body["ts"], "text": body["text"]}),
                    )
                }
            },
            ("POST", ["api", "chat.delete"]) => match self.at(&body["ts"]) {
                None => error("message_not_found"),
                Some(at) => {
                    self.messages.remove(at);
                    Reply::ok(json!({"ok": true, "channel": CHANNEL, "ts": body["ts"]}))
                }
            },
            // Newest first.
            ("GET", ["api", "conversations.history"]) => {
                let roots = self
                    .messages
                    .iter()
                    .rev()
                    .filter(|one| one.get("thread_ts").is_none());
                self.page(asked, roots.cloned().collect())
            }
            // The root, then its replies, oldest first.
            ("GET", ["api", "conversations.replies"]) => {
                let root = asked.query("ts").unwrap_or_default();
                let there = self
                    .messages
                    .iter()
                    .filter(|one| one["ts"] == root || one["thread_ts"] == root);
                match self.at(&root.into()) {
                    None => error("thread_not_found"),
                    Some(_) => self.page(asked, there.cloned().collect()),
                }
            }
            ("GET", ["api", "users.info"]) => match asked.query("user") {
                Some(ANA) => Reply::ok(json!({"ok": true, "user": {
                    "id": ANA, "name": "ana", "real_name": "Ana Ruiz", "is_bot": false, "is_email_confirmed": true,
                    "profile": {"display_name": "Ana Ruiz", "real_name": "Ana Ruiz", "email": "ana@example.org"},
                }})),
                _ => error("user_not_found"),
            },
            _ => gone(),
        }
    }

    fn texts(&self) -> Vec<String> {
        let texts = self.messages.iter().map(|one| one["text"].as_str());
        texts
            .map(|text| text.unwrap_or_default().to_owned())
            .collect()
    }

    fn too_many() -> Reply {
        Reply::status(429, json!({"ok": false, "error": "ratelimited"})).with("retry-after", "7")
    }

    fn locked() -> Reply {
        error("invalid_auth")
    }
}
