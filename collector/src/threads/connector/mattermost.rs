//! Mattermost: a channel's root posts are threads, their replies are posts.
//!
//! Built from "Mattermost API Reference" (version 4: `POST /posts`, `PUT /posts/{id}/patch`, `DELETE /posts/{id}`,
//! `GET /channels/{id}/posts?since=`, `POST /users/ids`). What we sent carries our mark in its `props`.
//!
//! **Invariant: posts come by asking, never by an outgoing webhook**: that one's payload names neither the thread of a post
//! nor its edits and deletions, and it knows public channels only. What to take of a page, and what was taken already, is
//! decided in [`page`], without network.

use async_trait::async_trait;
use http::{Method, StatusCode, header};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{
    Abilities, Answer, Delivery, Fault, Field, Form, Line, Outgoing, Platform, Pulled, Received,
    Refusal, RemoteAuthor, RemotePost, RemoteThread, Settings, Unopened,
    api::{Api, Known},
    mark, spoken,
};

#[cfg(test)]
pub mod fake;
pub mod page;
#[cfg(test)]
mod tests;

use page::{Page, Position, Post};

/// `MaxPostSize` of a server whose database was made since 2018.
const MAX_POST: usize = 16_383;
/// Posts of a page when something is looked for: as many as the API gives at once.
const LOOKED_AT: &str = "200";
/// How often a quiet channel is asked: people do not notice five seconds, and a server does not notice twelve requests a
/// minute.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(5);

pub const FORM: Form = Form {
    name: "Mattermost",
    about: "A channel's threads, both ways, with edits and deletions.",
    address: Field {
        name: "address",
        label: "address",
        help: "The server, e.g. https://chat.example.org",
        required: true,
    },
    place: Field {
        name: "place",
        label: "channel id",
        help: "Channel menu, View info: 26 letters and digits. The bot must be a member.",
        required: true,
    },
    secrets: &[Field {
        name: "token",
        label: "bot token",
        help: "Integrations, Bot Accounts: the access token of a bot.",
        required: true,
    }],
};

pub struct Mattermost {
    api: Api,
    channel: String,
    pause: std::time::Duration,
    people: Known<RemoteAuthor>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    nickname: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    is_bot: bool,
}

impl From<User> for RemoteAuthor {
    fn from(user: User) -> Self {
        let whole = format!("{} {}", user.first_name, user.last_name);
        let name = [user.nickname.trim(), whole.trim(), user.username.trim()]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or("Somebody")
            .to_owned();
        Self {
            id: user.id,
            name,
            email: Some(user.email).filter(|at| user.email_verified && !at.is_empty()),
            bot: user.is_bot,
        }
    }
}

impl Mattermost {
    pub fn open(settings: Settings, line: Line) -> Result<Self, Unopened> {
        let token = format!("Bearer {}", settings.secret("token").trim());
        let api = Api::at(&settings.address, line)?.with_secret(
            header::AUTHORIZATION,
            "the bot token",
            &token,
        )?;
        let channel = settings.place.trim().to_owned();
        // "Id" in the API reference: 26 characters of a base-32 alphabet.
        if channel.len() != 26 || !channel.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(Unopened::Unfit(
                "the channel id has 26 letters and digits, as the channel's info shows".to_owned(),
            ));
        }
        Ok(Self {
            api,
            channel,
            pause: PAUSE,
            people: Known::default(),
        })
    }

    /// Tests are less patient.
    #[cfg(test)]
    pub fn with_pause(self, pause: std::time::Duration) -> Self {
        Self { pause, ..self }
    }

    async fn create(&self, words: &Outgoing, root: &str) -> Result<RemotePost, Fault> {
        let mark = mark::of(&words.key);
        let body = json!({
            "channel_id": self.channel,
            "root_id": root,
            "message": spoken::markdown(words, MAX_POST),
            "props": {page::PROP: mark},
            // The server answers a repeated one with the post that it made, for as long as it remembers.
            "pending_post_id": format!("weft:{mark}"),
        });
        let path = ["api", "v4", "posts"];
        let answer = self.api.json(Method::POST, &path, &body).await?;
        Ok(read::<Post>(&answer)?.remote())
    }

    async fn posts(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Page, Fault> {
        let mut whole = vec!["api", "v4"];
        whole.extend(path);
        read(&self.api.get(&whole, query).await?)
    }

    /// Tells who these people are, asking for those that are not known yet.
    async fn meet(&self, ids: Vec<String>) -> Result<(), Fault> {
        let mut strangers: Vec<String> = ids
            .into_iter()
            .filter(|id| self.people.get(id).is_none())
            .collect();
        strangers.sort_unstable();
        strangers.dedup();
        if strangers.is_empty() {
            return Ok(());
        }
        let path = ["api", "v4", "users", "ids"];
        let answer = self.api.json(Method::POST, &path, &strangers).await?;
        for user in read::<Vec<User>>(&answer)? {
            self.people.learn(&user.id.clone(), user.into());
        }
        Ok(())
    }
}

#[async_trait]
impl Platform for Mattermost {
    fn abilities(&self) -> Abilities {
        Abilities {
            edits: true,
            deletions: true,
            threads: true,
            deliveries: false,
            pulls: true,
            idempotent: false,
            // Administrators may be allowed to edit others' posts; the page does not say who did.
            moderated: true,
        }
    }

    async fn whoami(&self) -> Result<RemoteAuthor, Fault> {
        let answer = self.api.get(&["api", "v4", "users", "me"], &[]).await?;
        let user = read::<User>(&answer)?;
        // The channel too: a bot that is no member hears nothing, and nobody would be told.
        let channel = ["api", "v4", "channels", &self.channel];
        let answer = self.api.get(&channel, &[]).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(Fault::Locked(format!(
                "there is no channel {}, or the bot is no member of its team",
                self.channel
            ))),
            _ => fault(&answer).map_or(Ok(user.into()), Err),
        }
    }

    async fn open(&self, first: &Outgoing) -> Result<RemotePost, Fault> {
        self.create(&entitled(first), "").await
    }

    async fn say(&self, thread: &RemoteThread, words: &Outgoing) -> Result<RemotePost, Fault> {
        self.create(words, &thread.0).await
    }

    async fn edit(&self, post: &RemotePost, words: &Outgoing) -> Result<(), Fault> {
        let words = match post.thread.0 == post.id {
            true => entitled(words),
            false => words.clone(),
        };
        let body = json!({"message": spoken::markdown(&words, MAX_POST)});
        let path = ["api", "v4", "posts", &post.id, "patch"];
        let answer = self.api.json(Method::PUT, &path, &body).await?;
        fault(&answer).map_or(Ok(()), Err)
    }

    async fn delete(&self, post: &RemotePost, _: &str) -> Result<(), Fault> {
        let path = ["api", "v4", "posts", &post.id];
        let request = self.api.request(Method::DELETE, &path, &[])?;
        let answer = self.api.send(request).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
            _ => fault(&answer).map_or(Ok(()), Err),
        }
    }

    async fn find(
        &self,
        thread: Option<&RemoteThread>,
        key: &str,
    ) -> Result<Option<RemotePost>, Fault> {
        let page = match thread {
            // Newest first: what was sent before a crash is among them.
            None => {
                let path = ["channels", &self.channel, "posts"];
                self.posts(&path, &[("per_page", LOOKED_AT)]).await?
            }
            Some(thread) => {
                let query = [("perPage", LOOKED_AT), ("direction", "up")];
                match self.posts(&["posts", &thread.0, "thread"], &query).await {
                    Err(Fault::Never(_)) => return Ok(None),
                    page => page?,
                }
            }
        };
        Ok(page.marked(&mark::of(key)).map(Post::remote))
    }

    fn receive(&self, _: &Delivery, _: Timestamp) -> Result<Received, Refusal> {
        Err(Refusal::Unreadable(
            "Mattermost is asked for its posts; take the outgoing webhook away".to_owned(),
        ))
    }

    async fn pull(&self, since: &str) -> Result<Pulled, Fault> {
        let path = ["channels", &self.channel, "posts"];
        if since.is_empty() {
            let newest = self.posts(&path, &[("per_page", "1")]).await?;
            return Ok(Pulled {
                arrivals: vec![],
                next: Position::after(&newest).write(),
            });
        }
        let position = Position::read(since)?;
        let from = position.ask_from().to_string();
        let page = self.posts(&path, &[("since", &from)]).await?;
        let (taken, next) = page::take(page, position);
        if taken.is_empty() {
            tokio::time::sleep(self.pause).await;
        }
        self.meet(taken.iter().map(|(_, post)| post.user_id.clone()).collect())
            .await?;
        let arrivals = taken.into_iter().map(|(step, post)| {
            let author = self.people.get(&post.user_id);
            page::arrival(step, post, author)
        });
        Ok(Pulled {
            arrivals: arrivals.collect(),
            next: next.write(),
        })
    }
}

/// A chat's threads have no title: the first post begins with it.
fn entitled(words: &Outgoing) -> Outgoing {
    Outgoing {
        markdown: format!(
            "**{}**\n\n{}",
            spoken::escaped(&words.title),
            words.markdown
        ),
        ..words.clone()
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    match fault(answer) {
        Some(fault) => Err(fault),
        None => answer.json(),
    }
}

/// "Error response" of the API reference.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    id: String,
    message: String,
}

/// `None`: it worked. A limit is told by the seconds until it is lifted (`X-RateLimit-Reset`).
fn fault(answer: &Answer) -> Option<Fault> {
    let plain = answer.fault()?;
    let complaint: Complaint = serde_json::from_slice(&answer.body).unwrap_or_default();
    Some(match plain {
        Fault::Later { why, .. } if answer.status == StatusCode::TOO_MANY_REQUESTS => {
            Fault::Later {
                why,
                after: reset(answer)
                    .or_else(|| answer.retry_after())
                    .or(Some(PAUSE)),
            }
        }
        // Rights for one post are no lost token.
        Fault::Locked(_) if complaint.id.starts_with("api.post.") => {
            Fault::Never(complaint.message)
        }
        Fault::Never(_) if !complaint.message.is_empty() => Fault::Never(complaint.message),
        plain => plain,
    })
}

fn reset(answer: &Answer) -> Option<std::time::Duration> {
    let value = answer.headers.get("x-ratelimit-reset")?.to_str().ok()?;
    let seconds = value.parse::<f64>().ok()?;
    std::time::Duration::try_from_secs_f64(seconds)
        .ok()
        .map(|wait| wait.min(super::line::LONGEST_WAIT))
}
