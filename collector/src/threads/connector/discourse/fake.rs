//! A forum, as "Discourse API Docs" describes it: topics, posts with numbers, minimum lengths, titles that are taken once.

use http::HeaderMap;
use serde_json::{Value, json};

use crate::threads::connector::{
    Settings,
    fake::{Asked, Reply, World, gone, headers},
    signature,
};

#[derive(Clone, Debug)]
pub struct Post {
    pub id: u64,
    pub topic: u64,
    pub number: u64,
    pub raw: String,
    pub reply_to: Option<u64>,
    pub deleted: bool,
}

#[derive(Clone, Debug)]
pub struct Topic {
    pub id: u64,
    pub title: String,
    pub category: u64,
    pub external_id: String,
}

#[derive(Default)]
pub struct Forum {
    pub topics: Vec<Topic>,
    pub posts: Vec<Post>,
    pub closed: bool,
}

pub const KEY: &str = "d0c5e1f7aa";
pub const HOOK: &str = "forum-hook-secret";
pub const CATEGORY: u64 = 7;
/// The user that speaks for us.
pub const OWN: u64 = 41;

pub fn settings(address: &str) -> Settings {
    Settings {
        address: address.to_owned(),
        place: CATEGORY.to_string(),
        secrets: [
            ("key".to_owned(), KEY.into()),
            ("user".to_owned(), "weft".into()),
            ("hook".to_owned(), HOOK.into()),
        ]
        .into(),
    }
}

/// The headers of a delivery, signed.
pub fn signed(event: &str, body: &str) -> HeaderMap {
    let signature = signature::sign(HOOK.as_bytes(), &[body.as_bytes()]);
    headers(&[
        ("x-discourse-event", event.to_owned()),
        (
            "x-discourse-event-signature",
            format!("sha256={}", hex::encode(signature)),
        ),
    ])
}

fn refuse(status: u16, error: &str) -> Reply {
    Reply::status(status, json!({"action": "create_post", "errors": [error]}))
}

impl Forum {
    fn view(&self, post: &Post) -> Value {
        json!({
            "id": post.id, "name": "Weft", "username": "weft", "topic_id": post.topic, "post_number": post.number,
            "raw": post.raw, "cooked": "<p>…</p>", "user_id": OWN,
        })
    }

    /// Somebody says something in a topic, or opens one; gives the post's name and its topic's.
    pub fn said(&mut self, topic: Option<&str>, raw: &str) -> (String, String) {
        let topic = topic.and_then(|id| id.parse().ok()).unwrap_or_else(|| {
            let id = 70 + self.topics.len() as u64;
            self.topics.push(Topic {
                id,
                title: raw.to_owned(),
                category: CATEGORY,
                external_id: String::new(),
            });
            id
        });
        let number = self.posts.iter().filter(|post| post.topic == topic).count() as u64 + 1;
        self.posts.push(Post {
            id: 1_000 + self.posts.len() as u64,
            topic,
            number,
            raw: raw.to_owned(),
            reply_to: None,
            deleted: false,
        });
        (format!("{topic}/{number}"), topic.to_string())
    }

    /// Somebody edits what they said.
    pub fn change(&mut self, name: &str, raw: &str) {
        let named = |post: &&mut Post| format!("{}/{}", post.topic, post.number) == name;
        if let Some(post) = self.posts.iter_mut().find(named) {
            post.raw = raw.to_owned();
        }
    }

    fn create(&mut self, body: &Value) -> Reply {
        let raw = body["raw"].as_str().unwrap_or_default();
        if raw.chars().filter(|c| !c.is_whitespace()).count() < 20 {
            return refuse(422, "Body is too short (minimum is 20 characters)");
        }
        if raw.chars().count() > 32_000 {
            return refuse(
                422,
                "Body is limited to 32000 characters; you entered more.",
            );
        }
        let topic = match body.get("topic_id") {
            Some(id) => id.as_str().and_then(|id| id.parse().ok()).or(id.as_u64()),
            None => match self.create_topic(body) {
                Ok(topic) => Some(topic),
                Err(refused) => return refused,
            },
        };
        let Some(topic) = topic.filter(|id| self.topics.iter().any(|topic| topic.id == *id)) else {
            return gone();
        };
        if self.closed && body.get("topic_id").is_some() {
            return Reply::status(
                403,
                json!({"errors": ["You are not permitted to view the requested resource."], "error_type": "invalid_access"}),
            );
        }
        let number = self.posts.iter().filter(|post| post.topic == topic).count() as u64 + 1;
        let reply_to = body["reply_to_post_number"].as_u64().or_else(|| {
            body["reply_to_post_number"]
                .as_str()
                .and_then(|n| n.parse().ok())
        });
        let post = Post {
            id: 1_000 + self.posts.len() as u64,
            topic,
            number,
            raw: raw.to_owned(),
            reply_to,
            deleted: false,
        };
        self.posts.push(post.clone());
        Reply::ok(self.view(&post))
    }

    fn create_topic(&mut self, body: &Value) -> Result<u64, Reply> {
        let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (title, external_id) = (word("title"), word("external_id"));
        if title.chars().count() < 15 {
            return Err(refuse(422, "Title is too short (minimum is 15 characters)"));
        }
        if title.chars().count() > 255 {
            return Err(refuse(422, "Title is too long (maximum is 255 characters)"));
        }
        if external_id.len() > 50 {
            return Err(refuse(422, "External is invalid"));
        }
        if self
            .topics
            .iter()
            .any(|topic| topic.external_id == external_id)
        {
            return Err(refuse(422, "External has already been taken"));
        }
        if self.topics.iter().any(|topic| topic.title == title) {
            return Err(refuse(422, "Title has already been used"));
        }
        let id = 70 + self.topics.len() as u64;
        self.topics.push(Topic {
            id,
            title,
            category: body["category"].as_u64().unwrap_or(0),
            external_id,
        });
        Ok(id)
    }

    fn post(&self, id: &str) -> Option<usize> {
        let id = id.trim_end_matches(".json");
        self.posts
            .iter()
            .position(|post| post.id.to_string() == id && !post.deleted)
    }

    fn topic(&self, asked: &Asked, id: &str) -> Reply {
        let id = id.trim_end_matches(".json");
        let posts: Vec<&Post> = self
            .posts
            .iter()
            .filter(|post| post.topic.to_string() == id && !post.deleted)
            .collect();
        if posts.is_empty() {
            return gone();
        }
        let stream: Vec<u64> = posts.iter().map(|post| post.id).collect();
        let named: Vec<String> = asked
            .query
            .iter()
            .filter(|(name, _)| name == "post_ids[]")
            .map(|(_, id)| id.clone())
            .collect();
        let shown = posts
            .iter()
            .filter(|post| named.contains(&post.id.to_string()));
        let shown: Vec<Value> = shown
            .map(|post| {
                let mut view = self.view(post);
                if asked.query("include_raw") != Some("true") {
                    view["raw"] = Value::Null;
                }
                view
            })
            .collect();
        Reply::ok(json!({"id": posts[0].topic, "post_stream": {"posts": shown, "stream": stream}}))
    }
}

impl World for Forum {
    fn answer(&mut self, asked: &Asked) -> Reply {
        if asked.headers.get("api-key").is_none_or(|key| key != KEY)
            || asked
                .headers
                .get("api-username")
                .is_none_or(|user| user != "weft")
        {
            return Self::locked();
        }
        match (asked.method.as_str(), asked.parts().as_slice()) {
            ("GET", ["u", "weft.json"]) => {
                Reply::ok(json!({"user": {"id": OWN, "username": "weft", "name": "Weft"}}))
            }
            ("GET", ["u", "ana", "emails.json"]) => Reply::ok(
                json!({"email": "ana@example.org", "secondary_emails": [], "unconfirmed_emails": ["other@example.org"]}),
            ),
            ("POST", ["posts.json"]) => self.create(&asked.json()),
            ("GET", ["posts", "by_number", topic, number]) => {
                let found = self.posts.iter().find(|post| {
                    post.topic.to_string() == *topic
                        && format!("{}.json", post.number) == *number
                        && !post.deleted
                });
                found.map_or_else(gone, |post| Reply::ok(self.view(post)))
            }
            ("PUT", ["posts", id]) => match self.post(id) {
                None => gone(),
                Some(at) => {
                    let body = asked.json();
                    self.posts[at].raw =
                        body["post"]["raw"].as_str().unwrap_or_default().to_owned();
                    Reply::ok(json!({"post": self.view(&self.posts[at])}))
                }
            },
            ("DELETE", ["posts", id]) => match self.post(id) {
                None => gone(),
                Some(at) => {
                    self.posts[at].deleted = true;
                    Reply::ok(Value::Null)
                }
            },
            ("GET", ["t", "external_id", name]) => {
                let name = name.trim_end_matches(".json");
                match self.topics.iter().find(|topic| topic.external_id == name) {
                    None => gone(),
                    Some(topic) => Reply::status(301, Value::Null)
                        .with("location", &format!("/t/its-title-2/{}.json", topic.id)),
                }
            }
            ("GET", ["t", id, "posts.json"] | ["t", id]) => self.topic(asked, id),
            _ => gone(),
        }
    }

    fn texts(&self) -> Vec<String> {
        let kept = self.posts.iter().filter(|post| !post.deleted);
        kept.map(|post| post.raw.clone()).collect()
    }

    fn too_many() -> Reply {
        Reply::status(
            429,
            json!({"errors": ["You’ve performed this action too many times, please try again later."],
                   "error_type": "rate_limit", "extras": {"wait_seconds": 7, "time_left": "7 seconds"}}),
        )
    }

    fn locked() -> Reply {
        Reply::status(
            403,
            json!({"errors": ["You are not permitted to view the requested resource. The API username or key is invalid."],
                   "error_type": "invalid_access"}),
        )
    }
}
