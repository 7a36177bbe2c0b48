//! An organisation with one channel, as "Zulip REST API" describes it.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::threads::connector::{
    Settings,
    fake::{Asked, Reply, World, gone},
};

pub const BOT: &str = "weft-bot@zulip.example";
pub const KEY: &str = "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5";
pub const CHANNEL: u64 = 7;
pub const OWN: u64 = 41;
pub const ANA: u64 = 12;

#[derive(Default)]
pub struct Realm {
    pub messages: Vec<Value>,
    pub events: Vec<Value>,
    /// Which queue is the living one.
    pub queue: u64,
    pub now: i64,
    pub may_delete: bool,
    pub made: u64,
}

pub fn settings(address: &str) -> Settings {
    Settings {
        address: address.to_owned(),
        place: CHANNEL.to_string(),
        secrets: [
            ("bot".to_owned(), BOT.into()),
            ("key".to_owned(), KEY.into()),
        ]
        .into(),
    }
}

fn ok(mut body: Value) -> Reply {
    body["result"] = "success".into();
    body["msg"] = "".into();
    Reply::ok(body)
}

fn error(code: &str, msg: &str) -> Reply {
    Reply::status(400, json!({"result": "error", "code": code, "msg": msg}))
}

impl Realm {
    fn tick(&mut self) -> i64 {
        self.now += 1;
        1_700_000_000 + self.now
    }

    fn happens(&mut self, mut event: Value) {
        event["id"] = self.events.len().into();
        self.events.push(event);
    }

    /// Somebody says something; gives its number.
    pub fn say(&mut self, sender: u64, topic: &str, content: &str) -> u64 {
        let at = self.tick();
        let id = 500 + self.made;
        self.made += 1;
        let message = json!({
            "id": id, "type": "stream", "stream_id": CHANNEL, "display_recipient": "laptops", "subject": topic, "content": content,
            "content_type": "text/x-markdown", "sender_id": sender, "sender_full_name": "Ana Ruiz",
            "sender_email": format!("user{sender}@zulip.example"), "timestamp": at, "client": "website", "flags": [],
        });
        self.messages.push(message.clone());
        self.happens(json!({"type": "message", "flags": [], "message": message}));
        id
    }

    pub fn edit(&mut self, id: u64, content: &str) {
        let at = self.tick();
        let Some(message) = self.messages.iter_mut().find(|message| message["id"] == id) else {
            return;
        };
        message["content"] = content.into();
        message["last_edit_timestamp"] = at.into();
        let by = message["sender_id"].clone();
        self.happens(json!({
            "type": "update_message", "message_id": id, "message_ids": [id], "user_id": by, "rendering_only": false, "flags": [],
            "stream_id": CHANNEL, "content": content, "rendered_content": "<p>…</p>", "edit_timestamp": at, "is_me_message": false,
        }));
    }

    /// The server adds a preview.
    pub fn render(&mut self, id: u64) {
        let at = self.tick();
        self.happens(json!({
            "type": "update_message", "message_id": id, "message_ids": [id], "user_id": null, "rendering_only": true, "flags": [],
            "stream_id": CHANNEL, "content": "x", "rendered_content": "<p>x</p>", "edit_timestamp": at,
        }));
    }

    pub fn rename(&mut self, from: &str, to: &str) {
        let at = self.tick();
        let mut moved = Vec::new();
        for message in self
            .messages
            .iter_mut()
            .filter(|message| message["subject"] == from)
        {
            message["subject"] = to.into();
            moved.push(message["id"].clone());
        }
        self.happens(json!({
            "type": "update_message", "message_id": moved[0], "message_ids": moved, "user_id": ANA, "rendering_only": false,
            "flags": [], "stream_id": CHANNEL, "orig_subject": from, "subject": to, "propagate_mode": "change_all",
            "topic_links": [], "edit_timestamp": at,
        }));
    }

    pub fn delete(&mut self, id: u64) {
        let Some(at) = self.messages.iter().position(|message| message["id"] == id) else {
            return;
        };
        let gone = self.messages.remove(at);
        self.happens(json!({
            "type": "delete_message", "message_id": id, "message_type": "stream", "stream_id": CHANNEL, "topic": gone["subject"],
        }));
    }

    /// The topic of a message.
    pub fn topic(&self, message: &str) -> String {
        let found = self
            .messages
            .iter()
            .find(|one| one["id"].as_u64() == message.parse().ok());
        found.unwrap()["subject"].as_str().unwrap().to_owned()
    }

    fn get(&self, asked: &Asked) -> Reply {
        let narrow: Value =
            serde_json::from_str(asked.query("narrow").unwrap_or("[]")).unwrap_or_default();
        let operand = |name: &str| {
            let terms = narrow.as_array()?;
            let term = terms.iter().find(|term| term["operator"] == name)?;
            Some(term["operand"].clone())
        };
        let kept: Vec<&Value> = self
            .messages
            .iter()
            .filter(|one| operand("stream").is_none_or(|stream| one["stream_id"] == stream))
            .filter(|one| operand("topic").is_none_or(|topic| one["subject"] == topic))
            .collect();
        let count =
            |name: &str| -> usize { asked.query(name).and_then(|n| n.parse().ok()).unwrap_or(0) };
        let (before, after) = (count("num_before"), count("num_after"));
        let anchor = match asked.query("anchor") {
            Some("oldest") => 0,
            Some("newest") => u64::MAX,
            number => number.and_then(|id| id.parse().ok()).unwrap_or(0),
        };
        let split = kept
            .iter()
            .filter(|one| one["id"].as_u64() <= Some(anchor))
            .count();
        let (from, to) = (split.saturating_sub(before), kept.len().min(split + after));
        ok(
            json!({"messages": kept[from..to], "found_newest": to == kept.len(), "found_oldest": from == 0}),
        )
    }
}

impl World for Realm {
    fn answer(&mut self, asked: &Asked) -> Reply {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let basic = format!("Basic {}", STANDARD.encode(format!("{BOT}:{KEY}")));
        if asked
            .headers
            .get("authorization")
            .is_none_or(|given| *given != basic)
        {
            return Self::locked();
        }
        let known = |id: &str| {
            self.messages
                .iter()
                .position(|one| one["id"].as_u64() == id.parse().ok())
        };
        match (asked.method.as_str(), asked.parts().as_slice()) {
            ("GET", ["api", "v1", "users", "me"]) => {
                ok(json!({"user_id": OWN, "full_name": "Weft", "email": BOT, "is_bot": true}))
            }
            ("GET", ["api", "v1", "users", "me", "subscriptions"]) => {
                ok(json!({"subscriptions": [{"stream_id": CHANNEL, "name": "laptops"}]}))
            }
            ("GET", ["api", "v1", "users", id]) if *id == ANA.to_string() => ok(json!({"user": {
                "user_id": ANA, "full_name": "Ana Ruiz", "email": "user12@zulip.example", "delivery_email": "ana@example.org",
                "is_bot": false,
            }})),
            ("POST", ["api", "v1", "messages"]) => {
                let (topic, content) = (
                    asked.form("topic").unwrap_or_default(),
                    asked.form("content").unwrap_or_default(),
                );
                if asked.form("to") != Some(CHANNEL.to_string()) {
                    return error("STREAM_DOES_NOT_EXIST", "Channel 'x' does not exist");
                }
                if content.chars().count() > 10_000 || topic.chars().count() > 60 {
                    return error("BAD_REQUEST", "Message too long");
                }
                ok(json!({"id": self.say(OWN, &topic, &content)}))
            }
            ("GET", ["api", "v1", "messages"]) => self.get(asked),
            ("GET", ["api", "v1", "messages", id]) => match known(id) {
                Some(at) => ok(json!({"message": self.messages[at]})),
                None => error("BAD_REQUEST", "Invalid message(s)"),
            },
            ("PATCH", ["api", "v1", "messages", id]) => match known(id) {
                Some(_) => {
                    self.edit(
                        id.parse().unwrap(),
                        &asked.form("content").unwrap_or_default(),
                    );
                    ok(json!({}))
                }
                None => error("BAD_REQUEST", "Invalid message(s)"),
            },
            ("DELETE", ["api", "v1", "messages", id]) => match known(id) {
                Some(_) if !self.may_delete => error(
                    "BAD_REQUEST",
                    "You don't have permission to delete this message",
                ),
                Some(_) => {
                    self.delete(id.parse().unwrap());
                    ok(json!({}))
                }
                None => error("BAD_REQUEST", "Invalid message(s)"),
            },
            ("POST", ["api", "v1", "register"]) => {
                self.queue += 1;
                ok(
                    json!({"queue_id": format!("1375801870:{}", self.queue), "last_event_id": self.events.len() as i64 - 1,
                          "max_message_id": 0, "zulip_version": "10.0", "zulip_feature_level": 400}),
                )
            }
            ("GET", ["api", "v1", "events"]) => {
                let queue = format!("1375801870:{}", self.queue);
                if asked.query("queue_id") != Some(queue.as_str()) {
                    return Reply::status(
                        400,
                        json!({
                            "result": "error", "code": "BAD_EVENT_QUEUE_ID", "msg": "Bad event queue ID: x", "queue_id": "x",
                        }),
                    );
                }
                let last: i64 = asked
                    .query("last_event_id")
                    .and_then(|id| id.parse().ok())
                    .unwrap_or(-1);
                let new = self
                    .events
                    .iter()
                    .filter(|event| event["id"].as_i64() > Some(last));
                let new: Vec<Value> = new.cloned().collect();
                let held = new.is_empty();
                Reply {
                    held,
                    ..ok(json!({"events": new, "queue_id": queue}))
                }
            }
            _ => gone(),
        }
    }

    fn texts(&self) -> Vec<String> {
        let texts = self.messages.iter().map(|one| one["content"].as_str());
        texts
            .map(|text| text.unwrap_or_default().to_owned())
            .collect()
    }

    fn too_many() -> Reply {
        Reply::status(429, json!({"code": "RATE_LIMIT_HIT", "msg": "API usage exceeded rate limit", "result": "error", "retry-after": 7.0}))
            .with("retry-after", "7.0")
    }

    fn locked() -> Reply {
        Reply::status(
            401,
            json!({"code": "INVALID_API_KEY", "msg": "Invalid API key", "result": "error"}),
        )
    }
}
