//! `POST /escalations/{id}/take`: somebody of the role is on it.

use axum::{Json, extract::State};
use uuid::Uuid;

use super::{Escalation, one};
use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(post, path = "/escalations/{id}/take", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Escalation), (status = 403), (status = 404), (status = 409),
))]
pub async fn take(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Escalation>, Problem> {
    let taken = api.threads.take_up(&caller.account, id).await?;
    api.audit(&caller, "escalation.take", &taken.thread.to_string(), "")
        .await;
    Ok(Json(one(&api, taken).await?))
}
