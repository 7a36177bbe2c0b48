//! `DELETE /attachments/{id}`: an upload that is in no post yet, by its sender.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(delete, path = "/attachments/{id}", tag = "discussion", params(("id" = Uuid, Path)), responses((status = 204), (status = 404)))]
pub async fn drop(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<StatusCode, Problem> {
    match api
        .control
        .attachments()
        .drop(id, caller.account.id)
        .await?
    {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::missing("file that is in no post")),
    }
}
