//! `GET /drafts`: the reader's own, newest first.

use axum::{Json, extract::State};

use super::Draft;
use crate::api::{Api, Caller, problem::Problem};

#[utoipa::path(get, path = "/drafts", tag = "discussion", responses((status = 200, body = Vec<Draft>)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Vec<Draft>>, Problem> {
    let found = api.control.drafts().list(caller.account.id).await?;
    Ok(Json(found.into_iter().map(Draft::from).collect()))
}
