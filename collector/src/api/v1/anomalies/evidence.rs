//! `GET /anomalies/{id}/evidence`: the observations behind an anomaly as rows, with the SQL that shows them.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Decision, Object, allows},
    device::DeviceId,
    finding::Subject,
};

use super::find;
use crate::api::{Api, Caller, guard, input::At, problem::Problem};

/// Laptops of one answer: their rows are what a person reads, and each look is written down.
const MOST_DEVICES: usize = 50;

#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceRows {
    /// ClickHouse SQL, with `{name:Type}` parameters.
    sql: String,
    /// The values that stood for them here; times in microseconds since 1970.
    #[schema(value_type = Object)]
    parameters: serde_json::Map<String, serde_json::Value>,
    /// At most 500, of at most 50 laptops.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<serde_json::Map<String, serde_json::Value>>,
}

#[utoipa::path(get, path = "/anomalies/{id}/evidence", tag = "anomalies", params(("id" = Uuid, Path)), responses(
    (status = 200, body = EvidenceRows), (status = 404),
))]
pub async fn evidence(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<EvidenceRows>, Problem> {
    let kept = find(&api, &caller, id).await?;
    let everything = guard::sees(&caller, &kept.anomaly) != Decision::AllowWithoutOthers;
    let finding = &kept.anomaly.finding;
    let about = match finding.subject {
        Subject::Device(device) => Some(device),
        Subject::Cohort(_) => None,
    };
    let mut devices: Vec<DeviceId> = about
        .into_iter()
        .chain(finding.devices.iter().copied())
        .filter(|device| everything || caller.viewer.owns(*device))
        .collect();
    devices.dedup();
    devices.truncate(MOST_DEVICES);
    let now = api.clock.now();
    for device in &devices {
        if allows(&caller.viewer, Action::See, &Object::Device(*device)).must_be_logged() {
            let looks = api.control.looks();
            looks
                .note(caller.account.id, *device, "anomaly", now)
                .await?;
        }
    }
    let behind = api.reads.behind(finding, &devices).await?;
    Ok(Json(EvidenceRows {
        sql: behind.sql.to_owned(),
        parameters: behind.parameters,
        rows: behind.rows,
    }))
}
