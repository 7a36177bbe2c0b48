//! A chat server, as "Mattermost API Reference" describes it: one channel, one bot, one clock that the test moves.

use serde_json::{Map, Value, json};

use crate::threads::connector::{
    Settings,
    fake::{Asked, Reply, World, gone},
};

pub const TOKEN: &str = "9xbyyjtzaqbf3d3m1wq4tzxb7h";
pub const CHANNEL: &str = "4yyzxntyiw8jup6hpsyn4zbnbq";
pub const OWN: &str = "b0t8zzntyiw8jup6hpsyn4zbnb";
pub const ANA: &str = "ana8zzntyiw8jup6hpsyn4zbnb";

#[derive(Default)]
pub struct Chat {
    pub posts: Vec<Value>,
    /// Milliseconds; each change takes one.
    pub now: i64,
}

pub fn settings(address: &str) -> Settings {
    Settings {
        address: address.to_owned(),
        place: CHANNEL.to_owned(),
        secrets: [("token".to_owned(), TOKEN.into())].into(),
    }
}

fn error(status: u16, id: &str, message: &str) -> Reply {
    Reply::status(
        status,
        json!({"id": id, "message": message, "request_id": "", "status_code": status}),
    )
}

impl Chat {
    pub fn tick(&mut self) -> i64 {
        self.now += 1;
        1_700_000_000_000 + self.now
    }

    /// Somebody says something; gives its id.
    pub fn say(&mut self, user: &str, root: &str, message: &str, props: Value) -> String {
        let at = self.tick();
        let id = format!("post{:022}", self.posts.len());
        if let Some(root) = self.posts.iter_mut().find(|post| post["id"] == root) {
            // So that clients see the count of replies.
            root["update_at"] = at.into();
        }
        self.posts.push(json!({
            "id": id, "create_at": at, "update_at": at, "edit_at": 0, "delete_at": 0, "is_pinned": false, "user_id": user,
            "channel_id": CHANNEL, "root_id": root, "original_id": "", "message": message, "type": "", "props": props,
            "hashtags": "", "pending_post_id": "", "reply_count": 0,
        }));
        id
    }

    pub fn edit(&mut self, id: &str, message: &str) {
        let at = self.tick();
        if let Some(post) = self.posts.iter_mut().find(|post| post["id"] == id) {
            post["message"] = message.into();
            post["edit_at"] = at.into();
            post["update_at"] = at.into();
        }
    }

    /// A pin, a reaction: the post changes and its words do not.
    pub fn touch(&mut self, id: &str) {
        let at = self.tick();
        if let Some(post) = self.posts.iter_mut().find(|post| post["id"] == id) {
            post["update_at"] = at.into();
        }
    }

    pub fn delete(&mut self, id: &str) {
        let at = self.tick();
        for post in &mut self.posts {
            if post["id"] == id || post["root_id"] == id {
                post["delete_at"] = at.into();
                post["update_at"] = at.into();
            }
        }
    }

    fn list(&self, keep: impl Fn(&Value) -> bool) -> Reply {
        let kept: Vec<&Value> = self.posts.iter().filter(|post| keep(post)).collect();
        let order: Vec<&Value> = kept.iter().rev().map(|post| &post["id"]).collect();
        let posts: Map<String, Value> = kept
            .iter()
            .map(|post| {
                (
                    post["id"].as_str().unwrap_or_default().to_owned(),
                    (*post).clone(),
                )
            })
            .collect();
        Reply::ok(json!({"order": order, "posts": posts, "next_post_id": "", "prev_post_id": ""}))
    }

    fn create(&mut self, body: &Value) -> Reply {
        let word = |name: &str| body[name].as_str().unwrap_or_default();
        if word("channel_id") != CHANNEL {
            return error(
                403,
                "api.context.permissions.app_error",
                "You do not have the appropriate permissions.",
            );
        }
        if word("message").chars().count() > 16_383 {
            return error(400, "model.post.is_valid.msg.app_error", "Invalid message.");
        }
        let root = word("root_id");
        if !root.is_empty()
            && !self
                .posts
                .iter()
                .any(|post| post["id"] == root && post["delete_at"] == 0)
        {
            return error(
                400,
                "api.post.create_post.root_id.app_error",
                "Invalid RootId parameter.",
            );
        }
        let id = self.say(OWN, root, word("message"), body["props"].clone());
        let made = self.posts.iter().find(|post| post["id"] == id);
        Reply::status(201, made.cloned().unwrap_or_default())
    }
}

impl World for Chat {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let bearer = format!("Bearer {TOKEN}");
        if asked
            .headers
            .get("authorization")
            .is_none_or(|given| *given != bearer)
        {
            return Self::locked();
        }
        let since: Option<i64> = asked.query("since").and_then(|since| since.parse().ok());
        let person = |id: &str| {
            json!({"id": id, "username": "ana.ruiz", "first_name": "Ana", "last_name": "Ruiz", "nickname": "",
                   "email": "ana@example.org", "email_verified": true})
        };
        match (asked.method.as_str(), asked.parts().as_slice()) {
            ("GET", ["api", "v4", "users", "me"]) => {
                Reply::ok(json!({"id": OWN, "username": "weft", "is_bot": true}))
            }
            ("GET", ["api", "v4", "channels", CHANNEL]) => Reply::ok(json!({"id": CHANNEL})),
            ("POST", ["api", "v4", "users", "ids"]) => {
                let ids = asked.json();
                let ids = ids.as_array().cloned().unwrap_or_default();
                let known = ids.iter().filter_map(Value::as_str).filter(|id| *id == ANA);
                Reply::ok(known.map(person).collect())
            }
            ("POST", ["api", "v4", "posts"]) => self.create(&asked.json()),
            ("PUT", ["api", "v4", "posts", id, "patch"]) => {
                let (id, body) = ((*id).to_owned(), asked.json());
                if !self
                    .posts
                    .iter()
                    .any(|post| post["id"] == id && post["delete_at"] == 0)
                {
                    return error(404, "app.post.get.app_error", "Unable to get the post.");
                }
                self.edit(&id, body["message"].as_str().unwrap_or_default());
                Reply::ok(json!({"id": id}))
            }
            ("DELETE", ["api", "v4", "posts", id]) => {
                let id = (*id).to_owned();
                if !self
                    .posts
                    .iter()
                    .any(|post| post["id"] == id && post["delete_at"] == 0)
                {
                    return error(404, "app.post.get.app_error", "Unable to get the post.");
                }
                self.delete(&id);
                Reply::ok(json!({"status": "OK"}))
            }
            ("GET", ["api", "v4", "posts", root, "thread"]) => {
                let there = |post: &Value| {
                    (post["id"] == *root || post["root_id"] == *root) && post["delete_at"] == 0
                };
                match self.posts.iter().any(there) {
                    true => self.list(there),
                    false => error(404, "app.post.get.app_error", "Unable to get the post."),
                }
            }
            ("GET", ["api", "v4", "channels", CHANNEL, "posts"]) => match since {
                None if asked.query("per_page") == Some("1") => {
                    let newest = self
                        .posts
                        .iter()
                        .filter_map(|post| post["update_at"].as_i64())
                        .max();
                    self.list(|post| post["update_at"].as_i64() == newest)
                }
                None => self.list(|post| post["delete_at"] == 0),
                Some(since) => {
                    let changed = |post: &Value| post["update_at"].as_i64() > Some(since);
                    let roots: Vec<Value> = self
                        .posts
                        .iter()
                        .filter(|post| changed(post))
                        .map(|post| post["root_id"].clone())
                        .collect();
                    self.list(|post| changed(post) || roots.contains(&post["id"]))
                }
            },
            _ => gone(),
        }
    }

    fn texts(&self) -> Vec<String> {
        let kept = self.posts.iter().filter(|post| post["delete_at"] == 0);
        kept.map(|post| post["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// "Rate Limiting": `X-RateLimit-Reset` has the seconds until the limit is lifted; the body is plain text.
    fn too_many() -> Reply {
        Reply::status(429, json!("limit exceeded"))
            .with("x-ratelimit-limit", "10")
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-reset", "7")
    }

    fn locked() -> Reply {
        error(
            401,
            "api.context.session_expired.app_error",
            "Invalid or expired session, please login again.",
        )
    }
}
