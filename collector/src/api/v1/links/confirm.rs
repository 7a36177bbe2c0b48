//! `POST /links/{anomaly}/{thread}/confirm`: a person says yes, they are about the same thing.

use axum::{Json, extract::State};
use uuid::Uuid;
use weft_collector_core::link::LinkState;

use super::{Link, decide};
use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(post, path = "/links/{anomaly}/{thread}/confirm", tag = "links",
    params(("anomaly" = Uuid, Path), ("thread" = Uuid, Path)),
    responses((status = 200, body = Link), (status = 403), (status = 404)),
)]
pub async fn confirm(
    State(api): State<Api>,
    caller: Caller,
    At((anomaly, thread)): At<(Uuid, Uuid)>,
) -> Result<Json<Link>, Problem> {
    Ok(Json(
        decide(&api, &caller, anomaly, thread, LinkState::Confirmed).await?,
    ))
}
