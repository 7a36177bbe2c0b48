//! `GET /threads/{id}`: the thread with its first page of posts; the rest is `GET /threads/{id}/posts`.

use axum::{Json, extract::State};
use uuid::Uuid;

use super::{Thread, whole};
use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(get, path = "/threads/{id}", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Thread), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Thread>, Problem> {
    Ok(Json(whole(&api, &caller, id).await?))
}
