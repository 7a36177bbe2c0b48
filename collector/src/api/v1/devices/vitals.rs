//! `GET /devices/{id}/vitals`: columns for a chart.

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_collector_core::{authority::Object, device::DeviceId};

use super::span;
use crate::api::{
    Api, Caller,
    input::{At, Params},
    problem::Problem,
    reads::VitalsSeries,
};

/// What is shown when nobody asks for a time.
const DAYS: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

#[utoipa::path(get, path = "/devices/{id}/vitals", tag = "devices", params(("id" = Uuid, Path), Query), responses(
    (status = 200, body = VitalsSeries), (status = 403), (status = 404),
))]
pub async fn vitals(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(query): Params<Query>,
) -> Result<Json<VitalsSeries>, Problem> {
    let id = DeviceId(id);
    api.look(&caller, &Object::Vitals(id), id, "vitals").await?;
    let from = query
        .from
        .unwrap_or_else(|| query.to.unwrap_or_else(|| api.clock.now()) - DAYS);
    Ok(Json(
        api.reads
            .vitals(id, span(&api, Some(from), query.to)?)
            .await?,
    ))
}
