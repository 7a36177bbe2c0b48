//! `DELETE /threads/{id}/members/{account}`: takes an invitation back; anybody may leave.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(delete, path = "/threads/{id}/members/{account}", tag = "discussion",
    params(("id" = Uuid, Path), ("account" = Uuid, Path)),
    responses((status = 204), (status = 403), (status = 404)),
)]
pub async fn uninvite(
    State(api): State<Api>,
    caller: Caller,
    At((id, account)): At<(Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    api.threads.uninvite(&caller.account, id, account).await?;
    api.audit(
        &caller,
        "thread.uninvite",
        &id.to_string(),
        &account.to_string(),
    )
    .await;
    Ok(StatusCode::NO_CONTENT)
}
