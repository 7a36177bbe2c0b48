//! `DELETE /drafts/{slot}`: it was sent, or given up.

use axum::{extract::State, http::StatusCode};

use super::slot;
use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(delete, path = "/drafts/{slot}", tag = "discussion", params(("slot" = String, Path)), responses((status = 204), (status = 404)))]
pub async fn drop(
    State(api): State<Api>,
    caller: Caller,
    At(word): At<String>,
) -> Result<StatusCode, Problem> {
    api.control
        .drafts()
        .drop(caller.account.id, &slot(&word)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
