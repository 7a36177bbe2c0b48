//! `POST /threads`: opens a thread.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Thread, whole};
use crate::api::{Api, Caller, input::Body, problem::Problem};

#[derive(Deserialize, ToSchema)]
pub struct NewThread {
    /// Slug or id.
    space: String,
    title: String,
    /// At most 64 KiB.
    markdown: String,
}

#[utoipa::path(post, path = "/threads", tag = "discussion", request_body = NewThread, responses(
    (status = 201, body = Thread), (status = 400), (status = 404, description = "No such space"), (status = 429),
))]
pub async fn open(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<NewThread>,
) -> Result<(StatusCode, Json<Thread>), Problem> {
    let id = api
        .threads
        .open(&caller.account, &new.space, &new.title, &new.markdown)
        .await?;
    Ok((StatusCode::CREATED, Json(whole(&api, &caller, id).await?)))
}
