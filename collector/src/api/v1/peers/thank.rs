//! Thanking whoever helped: between two people, and shown to others only where both agree.

use std::collections::BTreeSet;

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_store::control::{accounts::SYSTEM, posts::Post, thanks::Thank as Stored};

use crate::{
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
        v1::shape::{Named, Names},
    },
    threads::source,
};

const MOST_WORDS: usize = 500;
const SHOWN: u64 = 100;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewThanks {
    #[serde(default)]
    words: String,
    /// Others may see it, too, if whoever is thanked agrees (`PUT /me/peers`).
    #[serde(default)]
    show: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Thanks {
    post: Uuid,
    thread: Uuid,
    from: Named,
    to: Named,
    words: String,
    /// Everybody who reads the thread sees it.
    shown: bool,
    at: Timestamp,
}

/// A second one changes the first.
#[utoipa::path(put, path = "/posts/{id}/thanks", tag = "peers", params(("id" = Uuid, Path)), request_body = NewThanks, responses(
    (status = 200, body = Thanks), (status = 400), (status = 404),
))]
pub async fn thank(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(new): Body<NewThanks>,
) -> Result<Json<Thanks>, Problem> {
    let post = find(&api, &caller, id).await?;
    if post.author == caller.account.id || post.author == SYSTEM {
        return Err(Problem::invalid(
            "thank another person: this is your own post, or the collector's",
        ));
    }
    if new.words.chars().count() > MOST_WORDS {
        return Err(Problem::invalid(format!("at most {MOST_WORDS} characters")));
    }
    let words = match new.words.trim().is_empty() {
        true => String::new(),
        false => source::markdown(&new.words)
            .map_err(|unfit| Problem::invalid(unfit.to_string()).coded("unfit_text"))?,
    };
    let thank = Stored {
        post: post.id,
        giver: caller.account.id,
        thread: post.thread,
        receiver: post.author,
        words,
        shown: new.show,
        at: api.clock.now(),
    };
    api.control.thanks().put(&thank).await?;
    let shown = show(&api, vec![thank]).await?.into_iter().next();
    Ok(Json(shown.ok_or_else(|| Problem::missing("thanks"))?))
}

#[utoipa::path(delete, path = "/posts/{id}/thanks", tag = "peers", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404),
))]
pub async fn unthank(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<StatusCode, Problem> {
    match api.control.thanks().remove(id, caller.account.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::missing("thanks")),
    }
}

/// What I gave and what I got, newest first. No sums: they would make it a race.
#[utoipa::path(get, path = "/me/thanks", tag = "peers", responses((status = 200, body = Vec<Thanks>)))]
pub async fn mine(State(api): State<Api>, caller: Caller) -> Result<Json<Vec<Thanks>>, Problem> {
    let found = api
        .control
        .thanks()
        .of_account(caller.account.id, SHOWN)
        .await?;
    show(&api, found).await.map(Json)
}

/// Thanks in a talk: those that both sides show, and one's own.
#[utoipa::path(get, path = "/threads/{id}/thanks", tag = "peers", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<Thanks>), (status = 404),
))]
pub async fn of_thread(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<Thanks>>, Problem> {
    api.threads.thread(&caller.account, id).await?;
    let found = api.control.thanks().of_thread(id).await?;
    let me = caller.account.id;
    let mut shown = show(&api, found).await?;
    shown.retain(|one| one.shown || one.from.id == me || one.to.id == me);
    Ok(Json(shown))
}

async fn find(api: &Api, caller: &Caller, id: Uuid) -> Result<Post, Problem> {
    let found = api.control.posts().get(id, caller.reader()).await?;
    let Some(post) = found.filter(|post| !post.whisper) else {
        return Err(Problem::missing("post"));
    };
    api.threads.thread(&caller.account, post.thread).await?;
    Ok(post)
}

async fn show(api: &Api, found: Vec<Stored>) -> Result<Vec<Thanks>, Problem> {
    let names = Names::of(api, found.iter().flat_map(|one| [one.giver, one.receiver])).await?;
    let receivers: BTreeSet<Uuid> = found.iter().map(|one| one.receiver).collect();
    let showing = api
        .control
        .peers()
        .showing(receivers.into_iter().collect())
        .await?;
    Ok(found
        .into_iter()
        .map(|one| Thanks {
            post: one.post,
            thread: one.thread,
            from: names.named(one.giver),
            to: names.named(one.receiver),
            shown: one.shown && showing.contains(&one.receiver),
            words: one.words,
            at: one.at,
        })
        .collect())
}
