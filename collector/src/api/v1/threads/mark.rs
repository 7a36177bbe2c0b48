//! `POST /threads/{id}/read`: the reader has read up to here; notices about the thread are seen at its end.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
};

#[derive(Deserialize, ToSchema)]
pub struct ReadUpTo {
    /// Left out: to the end.
    #[serde(default)]
    post: Option<Uuid>,
}

#[utoipa::path(post, path = "/threads/{id}/read", tag = "discussion", params(("id" = Uuid, Path)), request_body = ReadUpTo, responses(
    (status = 204), (status = 404),
))]
pub async fn mark(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(read): Body<ReadUpTo>,
) -> Result<StatusCode, Problem> {
    api.threads
        .mark_read(&caller.account, id, read.post)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
