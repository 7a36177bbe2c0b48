//! `DELETE /posts/{id}/edits`: forgets earlier texts (a password that was pasted), not that there were some.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(delete, path = "/posts/{id}/edits", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 403), (status = 404),
))]
pub async fn forget_edits(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<StatusCode, Problem> {
    api.threads.forget_edits(&caller.account, id).await?;
    api.audit(&caller, "post.forget_edits", &id.to_string(), "")
        .await;
    Ok(StatusCode::NO_CONTENT)
}
