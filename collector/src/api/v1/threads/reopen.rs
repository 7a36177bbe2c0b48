//! `POST /threads/{id}/reopen`: it is not solved after all.

use axum::{Json, extract::State};
use uuid::Uuid;

use super::{Thread, whole};
use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(post, path = "/threads/{id}/reopen", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Thread), (status = 403), (status = 404),
))]
pub async fn reopen(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Thread>, Problem> {
    api.threads.reopen(&caller.account, id).await?;
    Ok(Json(whole(&api, &caller, id).await?))
}
