//! `DELETE /threads/{id}/follow`: no more news.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(delete, path = "/threads/{id}/follow", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404),
))]
pub async fn unfollow(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<StatusCode, Problem> {
    api.threads.unfollow(&caller.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
