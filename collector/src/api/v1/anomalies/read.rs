//! `GET /anomalies/{id}`: an anomaly with its why.

use axum::{Json, extract::State};
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object, allows},
    device::DeviceId,
    finding::Subject,
};

use super::{Anomaly, find, whole};
use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(get, path = "/anomalies/{id}", tag = "anomalies", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Anomaly), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Anomaly>, Problem> {
    let kept = find(&api, &caller, id).await?;
    // Reading what is unusual about one laptop is a look at that laptop.
    if let Subject::Device(device) = kept.anomaly.finding.subject {
        tell(&api, &caller, device).await?;
    }
    Ok(Json(whole(&api, &caller, kept).await?))
}

async fn tell(api: &Api, caller: &Caller, device: DeviceId) -> Result<(), Problem> {
    if allows(&caller.viewer, Action::See, &Object::Device(device)).must_be_logged() {
        let now = api.clock.now();
        api.control
            .looks()
            .note(caller.account.id, device, "anomaly", now)
            .await?;
    }
    Ok(())
}
