//! Microsoft Teams: posts go out as cards through a Workflows address, posts come in when somebody calls the outgoing
//! webhook by its name.
//!
//! Built from "Create incoming webhooks with Workflows for Microsoft Teams" (support.microsoft.com), "Adaptive Cards for Teams"
//! and "Create Outgoing Webhooks" (learn.microsoft.com). Reading deliveries is [`hook`]'s, writing cards [`card`]'s, their
//! HTML [`html`]'s.
//!
//! **What Teams does not let anybody do this way**, and [`Abilities`] says: what was sent cannot be edited, deleted, looked
//! for or answered in its thread (a Workflow tells no message's id), and only messages that mention the webhook come in.
//! Each card therefore names its thread and leads to it. **Invariant: the address is the secret** (its `sig`): it is no
//! setting that anybody reads again, and no fault repeats it.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use url::{Host, Url};

use super::{
    Abilities, Delivery, Fault, Field, Form, Line, Outgoing, Platform, Pulled, Received, Refusal,
    RemoteAuthor, RemotePost, RemoteThread, Settings, Unopened,
};

pub mod card;
#[cfg(test)]
pub mod fake;
pub mod hook;
pub mod html;
#[cfg(test)]
mod tests;

/// Hosts of the connectors that Microsoft turned off in 2026.
const RETIRED: [&str; 2] = ["webhook.office.com", "outlook.office.com"];

pub const FORM: Form = Form {
    name: "Microsoft Teams",
    about: "Posts go to a channel as cards; what people say to the webhook by its name comes back. Teams takes no edits, deletions and replies this way.",
    address: Field {
        name: "address",
        label: "address",
        help: "https://teams.microsoft.com, or the link to the team: it tells one organisation from another and is not asked.",
        required: true,
    },
    place: Field {
        name: "place",
        label: "channel id",
        help: "The channel's id (19:…@thread.tacv2), out of its link. Empty: every channel of the team in which the webhook is called.",
        required: false,
    },
    secrets: &[
        Field {
            name: "workflow",
            label: "Workflows address",
            help: "Channel, Workflows, \"Post to a channel when a webhook request is received\": the whole address. It is the secret.",
            required: true,
        },
        Field {
            name: "token",
            label: "outgoing webhook's security token",
            help: "Manage team, Apps, Create an outgoing webhook that calls this bridge's address. Without it nothing comes in.",
            required: false,
        },
    ],
};

pub struct Teams {
    line: Line,
    workflow: String,
    channel: String,
    /// The token's bytes; empty: nothing comes in.
    token: Vec<u8>,
}

impl Teams {
    pub fn open(settings: Settings, line: Line) -> Result<Self, Unopened> {
        let workflow = settings.secret("workflow").trim().to_owned();
        check_workflow(&workflow)?;
        let token = settings.secret("token").trim();
        let token = STANDARD.decode(token).map_err(|_| {
            Unopened::Unfit(
                "the security token is base64, as Teams showed it once: copy it whole".to_owned(),
            )
        })?;
        Ok(Self {
            line,
            workflow,
            channel: settings.place.trim().to_owned(),
            token,
        })
    }

    async fn send(&self, words: &Outgoing) -> Result<(), Fault> {
        let card = card::of(words);
        let request = self.line.request(Method::POST, &self.workflow)?.json(&card);
        let answer = self.line.send(request).await?;
        match (answer.status, answer.fault()) {
            (_, None) => Ok(()),
            // The card itself.
            (StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE, _) => Err(Fault::Never(
                format!("Teams does not take the card: {}", answer.words()),
            )),
            // The flow was turned off, deleted, or its address made anew.
            (_, Some(Fault::Never(why) | Fault::Locked(why))) => Err(Fault::Locked(format!(
                "the workflow does not answer to its address: {why}"
            ))),
            (_, Some(later)) => Err(later),
        }
    }
}

/// The Workflows address, judged by its shape.
fn check_workflow(workflow: &str) -> Result<(), Unopened> {
    let unfit = |why: &str| Err(Unopened::Unfit(format!("the Workflows address {why}")));
    let Ok(url) = Url::parse(workflow) else {
        return unfit("cannot be read: copy it whole");
    };
    let Some(host) = url.host() else {
        return unfit("names no host");
    };
    let retired = |host: &str| {
        RETIRED
            .iter()
            .any(|old| host == *old || host.ends_with(&format!(".{old}")))
    };
    match host {
        Host::Domain(name) if retired(name) => {
            unfit("is one of the old connectors, which Microsoft turned off: make a workflow")
        }
        _ if !matches!(url.scheme(), "https" | "http") => unfit("must begin with https://"),
        _ => Ok(()),
    }
}

#[async_trait]
impl Platform for Teams {
    fn abilities(&self) -> Abilities {
        Abilities {
            edits: false,
            deletions: false,
            threads: false,
            deliveries: true,
            pulls: false,
            idempotent: false,
            moderated: false,
        }
    }

    /// A workflow has no name and says none: what it posts comes back to nobody.
    async fn whoami(&self) -> Result<RemoteAuthor, Fault> {
        Ok(RemoteAuthor {
            id: String::new(),
            name: "Workflows".to_owned(),
            email: None,
            bot: true,
        })
    }

    async fn test(&self) -> Result<String, Fault> {
        // Whatever a workflow is asked, it posts: so nothing is asked.
        Ok(match self.token.is_empty() {
            true => "the address has the right shape; what it does shows with the first post. \
                     Nothing comes in: no security token is set"
                .to_owned(),
            false => {
                "the address has the right shape; what it does shows with the first post".to_owned()
            }
        })
    }

    async fn open(&self, first: &Outgoing) -> Result<RemotePost, Fault> {
        self.say(&RemoteThread(first.key.clone()), first).await
    }

    async fn say(&self, thread: &RemoteThread, words: &Outgoing) -> Result<RemotePost, Fault> {
        self.send(words).await?;
        // Teams tells no id: ours stands for it.
        Ok(RemotePost {
            thread: thread.clone(),
            id: words.key.clone(),
        })
    }

    async fn edit(&self, _: &RemotePost, _: &Outgoing) -> Result<(), Fault> {
        Err(Fault::Never(
            "a card that a workflow posted cannot be edited".to_owned(),
        ))
    }

    async fn delete(&self, _: &RemotePost, _: &str) -> Result<(), Fault> {
        Err(Fault::Never(
            "a card that a workflow posted cannot be deleted".to_owned(),
        ))
    }

    async fn find(&self, _: Option<&RemoteThread>, _: &str) -> Result<Option<RemotePost>, Fault> {
        Err(Fault::Never(
            "a workflow does not tell what it posted".to_owned(),
        ))
    }

    fn receive(&self, delivery: &Delivery, now: Timestamp) -> Result<Received, Refusal> {
        hook::read(&self.token, &self.channel, delivery, now)
    }

    /// Teams shows an error to whoever spoke unless it hears a message back within five seconds.
    fn receipt(&self) -> Option<(&'static str, String)> {
        let said = json!({"type": "message", "text": "Taken over into Weft."});
        Some(("application/json", said.to_string()))
    }

    async fn pull(&self, _: &str) -> Result<Pulled, Fault> {
        Err(Fault::Never(
            "Teams cannot be asked for messages".to_owned(),
        ))
    }
}
