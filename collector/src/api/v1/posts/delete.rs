//! `DELETE /posts/{id}`: out of sight, not out of the database.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(delete, path = "/posts/{id}", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 403), (status = 404),
))]
pub async fn delete(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<StatusCode, Problem> {
    api.threads.delete(&caller.account, id).await?;
    api.audit(&caller, "post.delete", &id.to_string(), "").await;
    Ok(StatusCode::NO_CONTENT)
}
