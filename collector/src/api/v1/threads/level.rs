//! `PUT /threads/{id}/level`: how much the reader wants to hear of it.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_store::control::follows::Level;

use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
};

#[derive(Deserialize, ToSchema)]
pub struct Following {
    /// `muted`: nothing. `normal`: mentions and replies. `tracking`: these, and unread counts. `watching`: every post.
    #[schema(value_type = String)]
    level: Level,
}

#[utoipa::path(put, path = "/threads/{id}/level", tag = "discussion", params(("id" = Uuid, Path)), request_body = Following, responses(
    (status = 204), (status = 404),
))]
pub async fn level(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(following): Body<Following>,
) -> Result<StatusCode, Problem> {
    api.threads
        .set_level(&caller.account, id, following.level)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
