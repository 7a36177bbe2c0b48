//! `POST /devices/{id}/retire`: the laptop was given back or scrapped; its history stays, its certificates end.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object},
    device::DeviceId,
};
use weft_collector_store::control::devices::State as DeviceState;

use super::{DeviceSummary, summaries};
use crate::{
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
    },
    gate::end_device,
};

const MAX_REASON: usize = 500;

#[derive(Deserialize, ToSchema)]
pub struct Retirement {
    /// For the audit log; may be empty: laptops grow old.
    #[serde(default)]
    reason: String,
}

#[utoipa::path(post, path = "/devices/{id}/retire", tag = "devices", params(("id" = Uuid, Path)), request_body = Retirement, responses(
    (status = 200, body = DeviceSummary), (status = 400), (status = 403), (status = 404),
))]
pub async fn retire(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(retirement): Body<Retirement>,
) -> Result<Json<DeviceSummary>, Problem> {
    let id = DeviceId(id);
    api.may(&caller, Action::Remove, &Object::Device(id))?;
    let reason = retirement.reason.trim();
    if reason.chars().count() > MAX_REASON {
        return Err(Problem::invalid(format!(
            "the reason has more than {MAX_REASON} characters"
        )));
    }
    let now = api.clock.now();
    let (actor, state) = (&caller.account.login, DeviceState::Retired);
    let ended = end_device(&api.control, &api.auditor, actor, id, state, reason, now).await?;
    ended.ok_or_else(|| Problem::missing("device"))?;
    api.revocations
        .replace(api.control.certificates().revoked_serials(now).await?);
    let device = api.control.devices().get(id).await?;
    let device = device.ok_or_else(|| Problem::missing("device"))?;
    let summary = summaries(&api, &caller, vec![device]).await?.pop();
    Ok(Json(summary.ok_or_else(|| Problem::missing("device"))?))
}
