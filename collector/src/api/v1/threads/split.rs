//! `POST /threads/{id}/split`: these posts become a thread of their own.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Thread, whole};
use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
};

/// Posts in one step: more is another thread altogether.
const MOST: usize = 500;

#[derive(Deserialize, ToSchema)]
pub struct Split {
    posts: Vec<Uuid>,
    title: String,
}

#[utoipa::path(post, path = "/threads/{id}/split", tag = "discussion", params(("id" = Uuid, Path)), request_body = Split, responses(
    (status = 201, body = Thread), (status = 400), (status = 403), (status = 404), (status = 409),
))]
pub async fn split(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(split): Body<Split>,
) -> Result<(StatusCode, Json<Thread>), Problem> {
    if split.posts.len() > MOST {
        return Err(Problem::invalid("at most 500 posts in one step"));
    }
    let made = api
        .threads
        .split(&caller.account, id, &split.posts, &split.title)
        .await?;
    api.audit(&caller, "thread.split", &id.to_string(), &made.to_string())
        .await;
    Ok((StatusCode::CREATED, Json(whole(&api, &caller, made).await?)))
}
