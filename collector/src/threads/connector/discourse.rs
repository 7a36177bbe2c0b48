//! Discourse: a category's topics are threads, its posts are posts.
//!
//! Built from "Discourse API Docs" (docs.discourse.org: `POST /posts.json`, `PUT /posts/{id}.json`, `DELETE /posts/{id}.json`,
//! `GET /t/external_id/{external_id}.json`, `GET /posts/by_number/…`) and "Configure webhooks that trigger on Discourse events"
//! (meta.discourse.org). A post's id is `topic/number`, which is what replies name; topics carry our mark as `external_id`,
//! posts carry it in their first line.
//!
//! **Invariant: only public posts of the bridged category come in**: no private messages, no whispers, no small actions.
//! Reading deliveries is [`hook`]'s.

use async_trait::async_trait;
use http::{HeaderName, Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Abilities, Answer, Arrival, Delivery, Fault, Field, Form, Line, Outgoing, Platform, Pulled,
    Received, Refusal, RemoteAuthor, RemotePost, RemoteThread, Settings, Unopened,
    api::{Api, Known},
    mark, spoken,
};

#[cfg(test)]
pub mod fake;
pub mod hook;
#[cfg(test)]
mod tests;

/// `max_post_length` as a forum comes.
const MAX_POST: usize = 32_000;
/// `min_topic_title_length` and `max_topic_title_length` as a forum comes.
const TITLE: std::ops::RangeInclusive<usize> = 15..=255;
/// Posts of a topic that are looked at for a mark: what was sent before a crash is among the newest.
const LOOKED_AT: usize = 60;

pub const FORM: Form = Form {
    name: "Discourse",
    about: "A category's topics and posts, both ways, with edits and deletions.",
    address: Field {
        name: "address",
        label: "address",
        help: "The forum, e.g. https://forum.example.org",
        required: true,
    },
    place: Field {
        name: "place",
        label: "category id",
        help: "The number at the end of the category's address (/c/laptops/7).",
        required: true,
    },
    secrets: &[
        Field {
            name: "key",
            label: "API key",
            help: "Admin, API, a key for one user: the one that speaks for Weft.",
            required: true,
        },
        Field {
            name: "user",
            label: "API user",
            help: "The name of that user, e.g. weft.",
            required: true,
        },
        Field {
            name: "hook",
            label: "webhook secret",
            help: "Admin, API, Webhooks: a webhook with post events to this bridge's address, with a secret. Without it nothing comes in.",
            required: false,
        },
    ],
};

pub struct Discourse {
    api: Api,
    user: String,
    category: u64,
    hook: String,
    emails: Known<Option<String>>,
}

/// A post as the API gives it back.
#[derive(Deserialize)]
struct Made {
    id: u64,
    topic_id: u64,
    post_number: u64,
    #[serde(default)]
    raw: String,
    #[serde(default)]
    username: String,
}

impl Made {
    fn remote(&self) -> RemotePost {
        remote(self.topic_id, self.post_number)
    }
}

/// A post's name: unique, and what a reply tells of the post that it answers.
pub(super) fn remote(topic: u64, number: u64) -> RemotePost {
    RemotePost {
        thread: RemoteThread(topic.to_string()),
        id: format!("{topic}/{number}"),
    }
}

fn number(post: &RemotePost) -> Result<&str, Fault> {
    post.id
        .split_once('/')
        .map(|(_, number)| number)
        .ok_or_else(|| Fault::Never(format!("{:?} is no post of a forum", post.id)))
}

impl Discourse {
    pub fn open(settings: Settings, line: Line) -> Result<Self, Unopened> {
        let category = settings.place.trim().parse().map_err(|_| {
            Unopened::Unfit("the category id is the number at the end of its address".to_owned())
        })?;
        let api = Api::at(&settings.address, line)?
            .with_secret(
                HeaderName::from_static("api-key"),
                "the API key",
                settings.secret("key"),
            )?
            .with_secret(
                HeaderName::from_static("api-username"),
                "the API user",
                settings.secret("user"),
            )?;
        Ok(Self {
            api,
            user: settings.secret("user").trim().to_owned(),
            category,
            hook: settings.secret("hook").to_owned(),
            emails: Known::default(),
        })
    }

    /// Makes a topic; `None` when the forum refuses its words or its title.
    async fn make_topic(&self, title: &str, words: &Outgoing) -> Result<Made, Fault> {
        let body = json!({
            "title": title,
            "raw": spoken::markdown(words, MAX_POST),
            "category": self.category,
            "external_id": mark::of(&words.key),
        });
        self.write(Method::POST, &["posts.json"], &body)
            .await?
            .json()
    }

    /// A request that changes something. The forum says the same of a key that is bad and of a topic that is closed
    /// (403, `invalid_access`): whether the key still opens the door tells them apart.
    async fn write(&self, method: Method, path: &[&str], body: &Value) -> Result<Answer, Fault> {
        let answer = self.api.json(method, path, body).await?;
        match fault(&answer) {
            None => Ok(answer),
            Some(Fault::Locked(why)) if answer.status == StatusCode::FORBIDDEN => {
                self.whoami().await?;
                Err(Fault::Never(why))
            }
            Some(fault) => Err(fault),
        }
    }

    /// The topic that carries this key's mark.
    async fn topic_of(&self, key: &str) -> Result<Option<RemotePost>, Fault> {
        let name = format!("{}.json", mark::of(key));
        let answer = self.api.get(&["t", "external_id", &name], &[]).await?;
        // The forum answers with where the topic is: /t/its-title/77.json
        let topic = match answer.status {
            StatusCode::NOT_FOUND => None,
            moved if moved.is_redirection() => topic_in(&answer),
            _ => match fault(&answer) {
                Some(fault) => return Err(fault),
                None => answer.json::<Topic>()?.id,
            },
        };
        Ok(topic.map(|topic| remote(topic, 1)))
    }

    /// The post itself; `None` when it is gone.
    async fn look_up(&self, post: &RemotePost) -> Result<Option<Made>, Fault> {
        let number = format!("{}.json", number(post)?);
        let path = ["posts", "by_number", &post.thread.0, &number];
        let answer = self.api.get(&path, &[]).await?;
        match (answer.status, fault(&answer)) {
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) => Ok(None),
            (_, Some(fault)) => Err(fault),
            (_, None) => answer.json().map(Some),
        }
    }

    /// The post with the mark among the newest of the topic.
    async fn post_in(&self, topic: &str, key: &str) -> Result<Option<RemotePost>, Fault> {
        let name = format!("{topic}.json");
        let answer = self.api.get(&["t", &name], &[]).await?;
        match (answer.status, fault(&answer)) {
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) => return Ok(None),
            (_, Some(fault)) => return Err(fault),
            (_, None) => {}
        }
        let stream = answer.json::<Topic>()?.post_stream.stream;
        let newest: Vec<String> = stream
            .iter()
            .rev()
            .take(LOOKED_AT)
            .map(u64::to_string)
            .collect();
        let mut query: Vec<(&str, &str)> = newest.iter().map(|id| ("post_ids[]", &**id)).collect();
        query.push(("include_raw", "true"));
        let answer = self.api.get(&["t", topic, "posts.json"], &query).await?;
        if let Some(fault) = fault(&answer) {
            return Err(fault);
        }
        let posts = answer.json::<Topic>()?.post_stream.posts;
        let found = posts.iter().find(|post| mark::is_in(&post.raw, key));
        Ok(found.map(Made::remote))
    }

    /// An address that the forum knows to be the person's, for whoever may ask (an administrator's key).
    async fn email_of(&self, author: &str, post: &RemotePost) -> Result<Option<String>, Fault> {
        if let Some(known) = self.emails.get(author) {
            return Ok(known);
        }
        // The delivery has the name for people only.
        let Some(there) = self.look_up(post).await? else {
            return Ok(None);
        };
        let user = &there.username;
        let answer = self.api.get(&["u", user, "emails.json"], &[]).await?;
        let email = match fault(&answer) {
            Some(passing @ Fault::Later { .. }) => return Err(passing),
            // Not for this key to know: then people link themselves.
            Some(_) => None,
            None => answer.json::<Emails>()?.email.filter(|at| !at.is_empty()),
        };
        self.emails.learn(author, email.clone());
        Ok(email)
    }
}

#[derive(Deserialize)]
struct Topic {
    id: Option<u64>,
    #[serde(default)]
    post_stream: Stream,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stream {
    posts: Vec<Made>,
    /// The ids of all posts, in order.
    stream: Vec<u64>,
}

#[derive(Deserialize)]
struct Emails {
    email: Option<String>,
}

#[async_trait]
impl Platform for Discourse {
    fn abilities(&self) -> Abilities {
        Abilities {
            edits: true,
            deletions: true,
            threads: true,
            deliveries: true,
            pulls: false,
            idempotent: false,
            // Staff and wiki posts: the webhook does not say who edited, but the forum let them.
            moderated: true,
        }
    }

    async fn whoami(&self) -> Result<RemoteAuthor, Fault> {
        let name = format!("{}.json", self.user);
        let answer = self.api.get(&["u", &name], &[]).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(Fault::Locked(format!(
                "the forum knows no user {:?}, or the API key is not theirs",
                self.user
            )));
        }
        if let Some(fault) = fault(&answer) {
            return Err(fault);
        }
        let answer: Value = answer.json()?;
        let id = answer["user"]["id"].as_i64().ok_or_else(|| {
            Fault::Locked("the address answers, but not as a forum does".to_owned())
        })?;
        Ok(RemoteAuthor {
            id: id.to_string(),
            name: self.user.clone(),
            email: None,
            bot: true,
        })
    }

    async fn open(&self, first: &Outgoing) -> Result<RemotePost, Fault> {
        let title = fit_title(&first.title, "");
        let refused = match self.make_topic(&title, first).await {
            Ok(made) => return Ok(made.remote()),
            Err(refused @ Fault::Never(_)) => refused,
            Err(fault) => return Err(fault),
        };
        // Why, the forum says in its own language. Either we made the topic at an earlier try,
        if let Some(made) = self.topic_of(&first.key).await? {
            return Ok(made);
        }
        // or another topic has this title, and a forum takes each once.
        let other = fit_title(&first.title, &mark::of(&first.key)[..6]);
        match self.make_topic(&other, first).await {
            Ok(made) => Ok(made.remote()),
            Err(Fault::Never(_)) => Err(refused),
            Err(fault) => Err(fault),
        }
    }

    async fn say(&self, thread: &RemoteThread, words: &Outgoing) -> Result<RemotePost, Fault> {
        let mut body = json!({
            "topic_id": thread.0,
            "raw": spoken::markdown(words, MAX_POST),
        });
        if let Some(answered) = &words.reply_to
            && answered.thread == *thread
        {
            body["reply_to_post_number"] = number(answered)?.into();
        }
        let answer = self.write(Method::POST, &["posts.json"], &body).await?;
        Ok(answer.json::<Made>()?.remote())
    }

    async fn edit(&self, post: &RemotePost, words: &Outgoing) -> Result<(), Fault> {
        let Some(there) = self.look_up(post).await? else {
            return Err(Fault::Never("the post was deleted over there".to_owned()));
        };
        let body = json!({"post": {"raw": spoken::markdown(words, MAX_POST)}});
        let name = format!("{}.json", there.id);
        self.write(Method::PUT, &["posts", &name], &body)
            .await
            .map(drop)
    }

    async fn delete(&self, post: &RemotePost, _: &str) -> Result<(), Fault> {
        let Some(there) = self.look_up(post).await? else {
            return Ok(());
        };
        let name = format!("{}.json", there.id);
        self.write(Method::DELETE, &["posts", &name], &json!({}))
            .await
            .map(drop)
    }

    async fn find(
        &self,
        thread: Option<&RemoteThread>,
        key: &str,
    ) -> Result<Option<RemotePost>, Fault> {
        match thread {
            None => self.topic_of(key).await,
            Some(thread) => self.post_in(&thread.0, key).await,
        }
    }

    fn receive(&self, delivery: &Delivery, _: Timestamp) -> Result<Received, Refusal> {
        hook::read(&self.hook, self.category, delivery)
    }

    async fn complete(&self, mut arrival: Arrival) -> Result<Arrival, Fault> {
        if let Arrival::Posted { author, post, .. } = &mut arrival {
            // A forum brings a post once: its words do not wait for an address, which the next one asks for again.
            author.email = self.email_of(&author.id, post).await.unwrap_or_default();
        }
        Ok(arrival)
    }

    async fn pull(&self, _: &str) -> Result<Pulled, Fault> {
        Err(Fault::Never(
            "a forum's posts come by its webhook".to_owned(),
        ))
    }
}

/// A title that the forum takes: long enough, short enough, and with `apart` told from others of its name.
fn fit_title(title: &str, apart: &str) -> String {
    let tail = match apart {
        "" => String::new(),
        apart => format!(" ({apart})"),
    };
    let room = TITLE.end() - tail.chars().count();
    let kept: String = title.chars().take(room).collect();
    let whole = format!("{}{tail}", kept.trim());
    match whole.chars().count() < *TITLE.start() {
        true => format!("{whole} (opened in Weft)"),
        false => whole,
    }
}

/// What the forum says of a request that did not work.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    errors: Vec<String>,
    error_type: String,
    extras: Extras,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Extras {
    wait_seconds: Option<f64>,
}

/// `None`: it worked. A forum that is too busy tells the seconds in its words.
fn fault(answer: &Answer) -> Option<Fault> {
    let plain = answer.fault()?;
    let complaint: Complaint = serde_json::from_slice(&answer.body).unwrap_or_default();
    let words = complaint.errors.join(" ");
    match (plain, complaint.error_type.as_str()) {
        (Fault::Later { why, after }, "rate_limit") => Some(Fault::Later {
            why,
            after: longer(after, complaint.extras.wait_seconds),
        }),
        (Fault::Locked(_), _) if !words.is_empty() => Some(Fault::Locked(short(&words))),
        (Fault::Never(_), _) if !words.is_empty() => Some(Fault::Never(short(&words))),
        (plain, _) => Some(plain),
    }
}

/// The longer of the two waits that a forum names.
fn longer(after: Option<std::time::Duration>, seconds: Option<f64>) -> Option<std::time::Duration> {
    let named = seconds
        .and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok())
        .map(|wait| wait.min(super::line::LONGEST_WAIT));
    after.max(named)
}

fn short(words: &str) -> String {
    words.chars().take(300).collect()
}

/// The topic in an address like `/t/its-title/77.json`.
fn topic_in(answer: &Answer) -> Option<u64> {
    let place = answer.headers.get(http::header::LOCATION)?.to_str().ok()?;
    let path = place.split(['?', '#']).next()?;
    path.rsplit('/')
        .map(|part| part.trim_end_matches(".json"))
        .find_map(|part| part.parse().ok())
}
