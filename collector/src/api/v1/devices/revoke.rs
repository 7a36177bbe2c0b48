//! `POST /devices/{id}/revoke`: this laptop may not speak any more; a live stream ends at once.

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
pub struct Revocation {
    /// For the audit log.
    reason: String,
}

#[utoipa::path(post, path = "/devices/{id}/revoke", tag = "devices", params(("id" = Uuid, Path)), request_body = Revocation, responses(
    (status = 200, body = DeviceSummary), (status = 400), (status = 403), (status = 404),
))]
pub async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(revocation): Body<Revocation>,
) -> Result<Json<DeviceSummary>, Problem> {
    let id = DeviceId(id);
    api.may(&caller, Action::Remove, &Object::Device(id))?;
    let reason = revocation.reason.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        return Err(Problem::invalid(format!(
            "say why, in at most {MAX_REASON} characters"
        )));
    }
    let now = api.clock.now();
    let (actor, state) = (&caller.account.login, DeviceState::Revoked);
    let ended = end_device(&api.control, &api.auditor, actor, id, state, reason, now).await?;
    ended.ok_or_else(|| Problem::missing("device"))?;
    // This collector's streams end now; others read the table within a second.
    api.revocations
        .replace(api.control.certificates().revoked_serials(now).await?);
    let device = api
        .control
        .devices()
        .get(id)
        .await?
        .ok_or_else(|| Problem::missing("device"))?;
    let summary = summaries(&api, &caller, vec![device]).await?.pop();
    Ok(Json(summary.ok_or_else(|| Problem::missing("device"))?))
}
