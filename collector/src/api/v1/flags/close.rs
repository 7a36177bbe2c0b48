//! `POST /posts/{id}/flags/close`: staff looked. Deleting the post closes its flags as well.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_store::control::flags::FlagState;

use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
};

#[derive(Deserialize, ToSchema)]
pub struct Outcome {
    /// `dismissed`: the post is fine. `acted`: something was done.
    #[schema(value_type = String)]
    outcome: FlagState,
}

#[utoipa::path(post, path = "/posts/{id}/flags/close", tag = "discussion", params(("id" = Uuid, Path)), request_body = Outcome, responses(
    (status = 204), (status = 400), (status = 403), (status = 404),
))]
pub async fn close(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(outcome): Body<Outcome>,
) -> Result<StatusCode, Problem> {
    api.threads
        .close_flags(&caller.account, id, outcome.outcome)
        .await?;
    api.audit(
        &caller,
        "flag.close",
        &id.to_string(),
        &format!("{:?}", outcome.outcome),
    )
    .await;
    Ok(StatusCode::NO_CONTENT)
}
