//! `GET /flags`: open flags, oldest first, for staff; of threads that they read.

use std::collections::HashMap;

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::{Action, Audience, Object};
use weft_collector_store::control::flags::FlagState;

use crate::api::{
    Api, Caller,
    problem::Problem,
    v1::shape::{Named, Names},
};

/// A queue that is longer is not worked through from the top.
const MOST: u64 = 200;

#[derive(Debug, Serialize, ToSchema)]
pub struct Flag {
    id: Uuid,
    post: Uuid,
    thread: Uuid,
    thread_title: String,
    author: Named,
    /// The flagged text.
    markdown: String,
    by: Named,
    reason: String,
    at: Timestamp,
}

#[utoipa::path(get, path = "/flags", tag = "discussion", responses((status = 200, body = Vec<Flag>), (status = 403)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Vec<Flag>>, Problem> {
    let staff = Object::Thread {
        audience: Audience::Everyone,
        invited: false,
    };
    api.may(&caller, Action::Moderate, &staff)?;
    let flags = api.control.flags().list(FlagState::Open, MOST).await?;
    let posts = api
        .control
        .posts()
        .all_of(
            flags.iter().map(|flag| flag.post).collect(),
            caller.reader(),
        )
        .await?;
    let threads = api
        .control
        .threads()
        .all_of(
            posts.iter().map(|post| post.thread).collect(),
            caller.reader(),
        )
        .await?;
    let titles: HashMap<Uuid, String> = threads
        .into_iter()
        .map(|thread| (thread.id, thread.title))
        .collect();
    let mut people: Vec<Uuid> = flags.iter().map(|flag| flag.by).collect();
    people.extend(posts.iter().map(|post| post.author));
    let names = Names::of(&api, people).await?;
    let posts: HashMap<Uuid, _> = posts.into_iter().map(|post| (post.id, post)).collect();
    let shown = flags.into_iter().filter_map(|flag| {
        let post = posts.get(&flag.post)?;
        Some(Flag {
            id: flag.id,
            post: post.id,
            thread: post.thread,
            thread_title: titles.get(&post.thread)?.clone(),
            author: names.named(post.author),
            markdown: post.markdown.clone(),
            by: names.named(flag.by),
            reason: flag.reason,
            at: flag.at,
        })
    });
    Ok(Json(shown.collect()))
}
