//! `GET /escalations`: the queue, oldest first: what is not closed in threads that the reader sees.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;
use weft_collector_core::authority::Role;

use super::{Escalation, show};
use crate::api::{Api, Caller, input::Params, problem::Problem};

/// A queue that is longer is not worked through from the top.
const MOST: u64 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `technician`, `security`, `admin`.
    #[param(value_type = Option<String>)]
    to: Option<Role>,
}

#[utoipa::path(get, path = "/escalations", tag = "discussion", params(Query), responses((status = 200, body = Vec<Escalation>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Vec<Escalation>>, Problem> {
    let found = api
        .control
        .escalations()
        .running(caller.reader(), query.to, MOST)
        .await?;
    Ok(Json(show(&api, found).await?))
}
