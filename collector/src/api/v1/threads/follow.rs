//! `PUT /threads/{id}/follow`: tell me when something is new.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(put, path = "/threads/{id}/follow", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404),
))]
pub async fn follow(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<StatusCode, Problem> {
    api.threads.follow(&caller.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
