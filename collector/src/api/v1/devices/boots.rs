//! `GET /devices/{id}/boots`: how each run of the kernel ended, newest first.

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
    reads::{Boot, Span},
};

const LIST: &str = "boots";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[utoipa::path(get, path = "/devices/{id}/boots", tag = "devices", params(("id" = Uuid, Path), Query), responses(
    (status = 200, body = Page<Boot>), (status = 403), (status = 404),
))]
pub async fn boots(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(query): Params<Query>,
) -> Result<Json<Page<Boot>>, Problem> {
    let id = DeviceId(id);
    api.look(&caller, &Object::Boots(id), id, "restarts")
        .await?;
    let limit = page::limit(query.limit)?;
    let mut span: Span = span(&api, query.from, query.to)?;
    // The moment of the last boot shown, and how many at that very moment were shown before.
    let after = page::place::<(Timestamp, u64)>(LIST, query.cursor.as_deref())?;
    let mut offset = 0;
    if let Some((at, shown)) = after {
        span.to = at
            .checked_add(jiff::Span::new().microseconds(1))
            .unwrap_or(at);
        offset = shown;
    }
    let found = api.reads.boots(id, span, limit + 1, offset).await?;
    let shown_at = |boot: &Boot, boots: &[Boot]| {
        let here = boots
            .iter()
            .filter(|other| other.started_at == boot.started_at)
            .count();
        let before = after
            .filter(|(at, _)| *at == boot.started_at)
            .map_or(0, |(_, shown)| shown);
        before + u64::try_from(here).unwrap_or(0)
    };
    let page: Vec<Boot> = found
        .iter()
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .cloned()
        .collect();
    Ok(Json(Page::of(
        LIST,
        found,
        limit,
        |boot| (boot.started_at, shown_at(boot, &page)),
        |boot| boot,
    )))
}
