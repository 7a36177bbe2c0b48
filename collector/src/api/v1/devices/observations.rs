//! `GET /devices/{id}/observations`: the literal records that a laptop sent. For its owner and admins.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_collector_core::{authority::Object, device::DeviceId};

use super::span;
use crate::api::{
    Api, Caller,
    input::{At, Params},
    page::{self, Page},
    problem::Problem,
    reads::{ObservationPlace, SentRecord},
};

const LIST: &str = "observations";
const KINDS: [&str; 8] = [
    "",
    "boot",
    "resume",
    "process",
    "app",
    "vitals",
    "inventory",
    "agent_health",
];

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `boot`, `resume`, `process`, `app`, `vitals`, `inventory`, `agent_health`.
    kind: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[utoipa::path(get, path = "/devices/{id}/observations", tag = "devices", params(("id" = Uuid, Path), Query), responses(
    (status = 200, body = Page<SentRecord>), (status = 403), (status = 404),
))]
pub async fn observations(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(query): Params<Query>,
) -> Result<Json<Page<SentRecord>>, Problem> {
    let id = DeviceId(id);
    api.look(&caller, &Object::Observations(id), id, "literal records")
        .await?;
    let limit = page::limit(query.limit)?;
    let after = page::place::<ObservationPlace>(LIST, query.cursor.as_deref())?;
    let kind = query.kind.unwrap_or_default();
    if !KINDS.contains(&kind.as_str()) {
        return Err(
            Problem::invalid(format!("kind is one of {}", KINDS[1..].join(", ")))
                .coded("invalid_query"),
        );
    }
    // Back-filled history may be as old as the laptop.
    let from = query.from.unwrap_or(Timestamp::UNIX_EPOCH);
    let found = api
        .reads
        .observations(
            id,
            &kind,
            span(&api, Some(from), query.to)?,
            after,
            limit + 1,
        )
        .await?;
    let place = |record: &SentRecord| (record.observed_at, record.epoch, record.seq);
    Ok(Json(Page::of(LIST, found, limit, place, |record| record)))
}
