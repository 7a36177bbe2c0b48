//! `GET /drafts/{slot}`: one of the reader's own.

use axum::{Json, extract::State};

use super::{Draft, slot};
use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(get, path = "/drafts/{slot}", tag = "discussion", params(("slot" = String, Path)), responses(
    (status = 200, body = Draft), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(word): At<String>,
) -> Result<Json<Draft>, Problem> {
    let found = api
        .control
        .drafts()
        .get(caller.account.id, &slot(&word)?)
        .await?;
    Ok(Json(found.ok_or_else(|| Problem::missing("draft"))?.into()))
}
