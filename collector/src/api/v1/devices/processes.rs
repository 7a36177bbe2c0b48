//! `GET /devices/{id}/processes`: what ran there, the newest first. For its owner and those who review.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_collector_core::{authority::Object, device::DeviceId};

use crate::api::{
    Api, Caller,
    input::{At, Params},
    page::{self, Page},
    problem::Problem,
    reads::Process,
};

const LIST: &str = "processes";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    limit: Option<u64>,
    cursor: Option<String>,
}

#[utoipa::path(get, path = "/devices/{id}/processes", tag = "devices", params(("id" = Uuid, Path), Query), responses(
    (status = 200, body = Page<Process>), (status = 403), (status = 404),
))]
pub async fn processes(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(query): Params<Query>,
) -> Result<Json<Page<Process>>, Problem> {
    let id = DeviceId(id);
    api.look(&caller, &Object::Processes(id), id, "processes")
        .await?;
    let limit = page::limit(query.limit)?;
    // Groups have no lasting place: a program that appears while somebody pages moves the rest by one.
    let offset = page::place::<u64>(LIST, query.cursor.as_deref())?.unwrap_or(0);
    let found = api.reads.processes(id, limit + 1, offset).await?;
    Ok(Json(Page::of(
        LIST,
        found,
        limit,
        |_| offset.saturating_add(limit),
        |process| process,
    )))
}
