//! `GET /threads/{id}/removed`: posts that were taken out of sight, for staff, who may bring them back.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::Action;

use crate::api::{
    Api, Caller,
    input::At,
    problem::Problem,
    v1::shape::{Named, Names},
};

/// Removed posts that are shown; more is a thread to hide.
const MOST: u64 = 200;

#[derive(Debug, Serialize, ToSchema)]
pub struct RemovedPost {
    id: Uuid,
    author: Named,
    posted_at: Timestamp,
    markdown: String,
    whisper: bool,
    removed_at: Timestamp,
    #[schema(required)]
    removed_by: Option<Named>,
    reason: String,
}

#[utoipa::path(get, path = "/threads/{id}/removed", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<RemovedPost>), (status = 403), (status = 404),
))]
pub async fn removed(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<RemovedPost>>, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let space = api.control.spaces().find(&thread.space.to_string()).await?;
    let space = space.ok_or_else(|| Problem::missing("thread"))?;
    let invited = api
        .control
        .members()
        .is_member(id, caller.account.id)
        .await?;
    let object = weft_collector_core::authority::Object::Thread {
        audience: space.audience,
        invited,
    };
    api.may(&caller, Action::Moderate, &object)?;
    let removed = api.control.posts().removed(id, MOST).await?;
    let mut people: Vec<Uuid> = removed.iter().map(|one| one.post.author).collect();
    people.extend(removed.iter().filter_map(|one| one.by));
    let names = Names::of(&api, people).await?;
    let shown = removed.into_iter().map(|one| RemovedPost {
        id: one.post.id,
        author: names.named(one.post.author),
        posted_at: one.post.posted_at,
        markdown: one.post.markdown,
        whisper: one.post.whisper,
        removed_at: one.at,
        removed_by: one.by.map(|by| names.named(by)),
        reason: one.reason,
    });
    Ok(Json(shown.collect()))
}
