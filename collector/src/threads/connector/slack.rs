//! Slack: a channel's messages are threads, their replies are posts.
//!
//! Built from "Slack Web API" (docs.slack.dev: `chat.postMessage`, `chat.update`, `chat.delete`, `conversations.replies`,
//! `conversations.history`, `users.info`, `auth.test`, "Message metadata", "Formatting message text", "Rate limits") and
//! "Events API" ("Verifying requests from Slack", the `message` event and its subtypes). Reading deliveries is [`hook`]'s,
//! the two markups are [`mrkdwn`]'s.
//!
//! **Invariant: nothing that we send is parsed for names by Slack** (`parse: none`, `link_names: false`), and every `&`,
//! `<` and `>` of a person's words is escaped, so that `<!channel>` is text.

use std::time::Duration;

use async_trait::async_trait;
use http::{Method, header};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Abilities, Arrival, Delivery, Fault, Field, Form, Line, Outgoing, Platform, Pulled, Received,
    Refusal, RemoteAuthor, RemotePost, RemoteThread, Settings, Unopened,
    api::{Api, Known},
    length, mark,
};

#[cfg(test)]
pub mod fake;
pub mod hook;
pub mod mrkdwn;
#[cfg(test)]
mod tests;

/// Slack cuts at 40,000 characters ("Truncating really long messages") and folds long before; nobody reads more in a chat.
const MAX_TEXT: usize = 12_000;
/// Messages of a page; the documents ask for at most 200.
const PAGE: u32 = 200;
/// Pages of the channel that are looked through for a mark, newest first: what was sent before a crash is on the first.
const CHANNEL_PAGES: usize = 5;
/// Pages of a thread, which Slack gives oldest first: half as many replies as a thread here can have, and half as many
/// requests as Slack allows in a minute.
const THREAD_PAGES: usize = 25;
/// Names of people mentioned in one message that are asked for; further ones stay as they are.
const MAX_MENTIONED: usize = 10;
/// What our messages carry for us to find them ("Message metadata").
const METADATA: &str = "weft_post";

pub const FORM: Form = Form {
    name: "Slack",
    about: "A channel's threads, both ways, with edits and deletions.",
    address: Field {
        name: "address",
        label: "API address",
        help: "https://slack.com/api (https://slack-gov.com/api for GovSlack)",
        required: true,
    },
    place: Field {
        name: "place",
        label: "channel id",
        help: "At the foot of the channel's details: C and digits. Invite the app to the channel.",
        required: true,
    },
    secrets: &[
        Field {
            name: "token",
            label: "bot token",
            help: "xoxb-…: OAuth & Permissions, with chat:write, channels:history (groups:history for a private channel), users:read and, to know people by their address, users:read.email.",
            required: true,
        },
        Field {
            name: "signing",
            label: "signing secret",
            help: "Basic Information, App Credentials. Event Subscriptions lead to this bridge's address, with message.channels (message.groups). Without it nothing comes in.",
            required: false,
        },
    ],
};

pub struct Slack {
    api: Api,
    channel: String,
    signing: String,
    people: Known<Person>,
}

/// What is known of somebody.
#[derive(Clone, Debug)]
struct Person {
    name: String,
    email: Option<String>,
    bot: bool,
}

impl Slack {
    pub fn open(settings: Settings, line: Line) -> Result<Self, Unopened> {
        let token = settings.secret("token").trim();
        if !token.starts_with("xoxb-") {
            return Err(Unopened::Unfit(
                "the bot token begins with xoxb-: take the bot's, not a person's".to_owned(),
            ));
        }
        let channel = settings.place.trim().to_owned();
        if !channel.starts_with(['C', 'G']) || !channel.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(Unopened::Unfit(
                "the channel id is like C024BE91L, as the channel's details show".to_owned(),
            ));
        }
        // People copy the workspace's address; the methods are below /api.
        let address = match settings.address.strip_suffix("/api") {
            Some(_) => settings.address.clone(),
            None => format!("{}/api", settings.address),
        };
        let api = Api::at(&address, line)?.with_secret(
            header::AUTHORIZATION,
            "the bot token",
            &format!("Bearer {token}"),
        )?;
        Ok(Self {
            api,
            channel,
            signing: settings.secret("signing").trim().to_owned(),
            people: Known::default(),
        })
    }

    /// Calls a method; Slack answers 200 and says in the body whether it worked.
    async fn call(&self, method: &str, body: &Value) -> Result<Value, Fault> {
        let answer = self.api.json(Method::POST, &[method], body).await?;
        read(&answer)
    }

    /// The same for methods that read: they take no JSON.
    async fn look(&self, method: &str, query: &[(&str, &str)]) -> Result<Value, Fault> {
        read(&self.api.get(&[method], query).await?)
    }

    async fn post(
        &self,
        words: &Outgoing,
        title: &str,
        thread: Option<&str>,
    ) -> Result<RemotePost, Fault> {
        let mut body = json!({
            "channel": self.channel,
            "text": text(words, title),
            "parse": "none",
            "link_names": false,
            "mrkdwn": true,
            "unfurl_links": false,
            "unfurl_media": false,
            "metadata": metadata(&words.key),
        });
        if let Some(thread) = thread {
            body["thread_ts"] = thread.into();
        }
        let answer = self.call("chat.postMessage", &body).await?;
        let ts = answer["ts"]
            .as_str()
            .ok_or_else(|| Fault::later("Slack said nothing of the message that it made"))?;
        Ok(RemotePost {
            thread: RemoteThread(thread.unwrap_or(ts).to_owned()),
            id: ts.to_owned(),
        })
    }

    /// A person, asked for once; `None`: Slack will not say.
    async fn person(&self, id: &str) -> Result<Option<Person>, Fault> {
        if let Some(known) = self.people.get(id) {
            return Ok(Some(known));
        }
        let user = match self.look("users.info", &[("user", id)]).await {
            Ok(answer) => answer["user"].clone(),
            Err(passing @ Fault::Later { .. }) => return Err(passing),
            Err(_) => return Ok(None),
        };
        let word = |value: &Value| value.as_str().map(str::trim).unwrap_or_default().to_owned();
        let name = [
            &user["profile"]["display_name"],
            &user["profile"]["real_name"],
            &user["real_name"],
            &user["name"],
        ]
        .into_iter()
        .map(word)
        .find(|name| !name.is_empty());
        let confirmed = user["is_email_confirmed"].as_bool() == Some(true);
        let email = word(&user["profile"]["email"]);
        let person = Person {
            name: name.unwrap_or_else(|| id.to_owned()),
            email: Some(email).filter(|at| confirmed && !at.is_empty()),
            bot: user["is_bot"].as_bool() == Some(true),
        };
        self.people.learn(id, person.clone());
        Ok(Some(person))
    }

    /// The words with the names of those that they mention.
    async fn with_names(&self, markdown: String) -> Result<String, Fault> {
        let mut named = markdown;
        for id in mrkdwn::mentioned(&named, MAX_MENTIONED) {
            if let Some(person) = self.person(&id).await? {
                named = mrkdwn::name(&named, &id, &person.name);
            }
        }
        Ok(named)
    }
}

#[async_trait]
impl Platform for Slack {
    fn abilities(&self) -> Abilities {
        Abilities {
            edits: true,
            deletions: true,
            threads: true,
            deliveries: true,
            pulls: false,
            idempotent: false,
            moderated: false,
        }
    }

    /// By the bot's own id: its messages carry it whatever name they are shown under.
    async fn whoami(&self) -> Result<RemoteAuthor, Fault> {
        let answer = self.call("auth.test", &json!({})).await?;
        let word = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        match answer["bot_id"].as_str() {
            Some(bot) => Ok(RemoteAuthor {
                id: bot.to_owned(),
                name: format!("{} in {}", word("user"), word("team")),
                email: None,
                bot: true,
            }),
            None => Err(Fault::Locked(
                "the token is a person's: take the bot token (xoxb-…)".to_owned(),
            )),
        }
    }

    async fn open(&self, first: &Outgoing) -> Result<RemotePost, Fault> {
        self.post(first, &first.title, None).await
    }

    async fn say(&self, thread: &RemoteThread, words: &Outgoing) -> Result<RemotePost, Fault> {
        self.post(words, "", Some(&thread.0)).await
    }

    async fn edit(&self, post: &RemotePost, words: &Outgoing) -> Result<(), Fault> {
        let title = match post.thread.0 == post.id {
            true => words.title.as_str(),
            false => "",
        };
        let body = json!({
            "channel": self.channel,
            "ts": post.id,
            "text": text(words, title),
            "parse": "none",
            "link_names": false,
        });
        self.call("chat.update", &body).await.map(drop)
    }

    async fn delete(&self, post: &RemotePost, _: &str) -> Result<(), Fault> {
        let body = json!({"channel": self.channel, "ts": post.id});
        match self.call("chat.delete", &body).await {
            Err(Fault::Never(why)) if why == "message_not_found" => Ok(()),
            done => done.map(drop),
        }
    }

    async fn find(
        &self,
        thread: Option<&RemoteThread>,
        key: &str,
    ) -> Result<Option<RemotePost>, Fault> {
        let (mark, limit) = (mark::of(key), PAGE.to_string());
        let mut cursor = String::new();
        let pages = match thread {
            None => CHANNEL_PAGES,
            Some(_) => THREAD_PAGES,
        };
        for _ in 0..pages {
            let mut query = vec![
                ("channel", self.channel.as_str()),
                ("include_all_metadata", "true"),
                ("limit", &limit),
            ];
            let method = match thread {
                None => "conversations.history",
                Some(thread) => {
                    query.push(("ts", &thread.0));
                    "conversations.replies"
                }
            };
            if !cursor.is_empty() {
                query.push(("cursor", &cursor));
            }
            let answer = match self.look(method, &query).await {
                Err(Fault::Never(why)) if why == "thread_not_found" => return Ok(None),
                answer => answer?,
            };
            if let Some(found) = hook::marked(&answer["messages"], &mark) {
                return Ok(Some(found));
            }
            let next = answer["response_metadata"]["next_cursor"].as_str();
            match next.filter(|next| !next.is_empty()) {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        Ok(None)
    }

    fn receive(&self, delivery: &Delivery, now: Timestamp) -> Result<Received, Refusal> {
        hook::read(&self.signing, &self.channel, delivery, now)
    }

    async fn complete(&self, arrival: Arrival) -> Result<Arrival, Fault> {
        let mut arrival = arrival;
        if let Arrival::Posted {
            author, markdown, ..
        }
        | Arrival::Edited {
            author, markdown, ..
        } = &mut arrival
        {
            if !author.bot
                && let Some(person) = self.person(&author.id).await?
            {
                author.name = person.name;
                author.email = person.email;
                author.bot = person.bot;
            }
            *markdown = self.with_names(std::mem::take(markdown)).await?;
        }
        Ok(arrival)
    }

    async fn pull(&self, _: &str) -> Result<Pulled, Fault> {
        Err(Fault::Never(
            "Slack's messages come by its events".to_owned(),
        ))
    }
}

/// The whole message: who speaks, the title of what begins, the words.
pub(super) fn text(words: &Outgoing, title: &str) -> String {
    let link = mark::link(&words.link, &words.key);
    let name = mrkdwn::escaped(&words.author);
    let head = match link.is_empty() {
        true => format!("*{name}*"),
        false => format!("*{name}* · <{}|Weft>", mrkdwn::escaped(&link)),
    };
    let title = match title.is_empty() {
        true => String::new(),
        false => format!("*{}*\n", mrkdwn::escaped(title)),
    };
    // Escaping makes text longer: what does not fit is cut before it is written, until it does.
    let mut room = MAX_TEXT;
    loop {
        let written = mrkdwn::from_markdown(&length::cut(&words.markdown, room, &link));
        let whole = format!("{head}\n{title}{written}");
        if whole.chars().count() <= MAX_TEXT {
            return whole;
        }
        room /= 2;
    }
}

fn metadata(key: &str) -> Value {
    json!({"event_type": METADATA, "event_payload": {"mark": mark::of(key)}})
}

#[derive(Deserialize)]
struct Verdict {
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    needed: String,
}

/// The body, when Slack says that it worked.
fn read(answer: &super::Answer) -> Result<Value, Fault> {
    if let Some(fault) = answer.fault() {
        return Err(fault);
    }
    let body: Value = answer.json()?;
    let verdict: Verdict = serde_json::from_value(body.clone())
        .map_err(|_| Fault::Locked("the address answers, but not as Slack does".to_owned()))?;
    match verdict.ok {
        true => Ok(body),
        false => Err(fault(verdict, answer.retry_after())),
    }
}

/// What an error word means ("Errors" of each method).
fn fault(verdict: Verdict, after: Option<Duration>) -> Fault {
    let why = verdict.error;
    match why.as_str() {
        "ratelimited" | "rate_limited" => Fault::Later {
            why,
            // "Rate limits": one message per second and channel.
            after: after.or(Some(Duration::from_secs(1))),
        },
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org"
        | "accesslimited" => Fault::Later { why, after },
        "missing_scope" => Fault::Locked(format!("the app lacks the scope {}", verdict.needed)),
        "not_in_channel" => Fault::Locked("the app is not in the channel: invite it".to_owned()),
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "no_permission"
        | "org_login_required"
        | "ekm_access_denied"
        | "access_denied"
        | "not_allowed_token_type"
        | "channel_not_found"
        | "is_archived"
        | "invalid_auth_test"
        | "enterprise_is_restricted"
        | "team_access_not_granted"
        | "two_factor_setup_required" => Fault::Locked(why),
        restricted if restricted.starts_with("restricted_action") => Fault::Locked(why),
        _ => Fault::Never(why),
    }
}
