//! `GET /anomalies/{id}`: an anomaly with its why.

use axum::{Json, extract::State};
use uuid::Uuid;
use weft_collector_core::finding::Subject;

use super::{Anomaly, find, note_named, whole};
use crate::api::{Api, Caller, input::At, problem::Problem};

/// As the owner reads it in the ledger: "In the page of an anomaly: saw ...".
const PLACE: &str = "the page of an anomaly";

#[utoipa::path(get, path = "/anomalies/{id}", tag = "anomalies", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Anomaly), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Anomaly>, Problem> {
    let kept = find(&api, &caller, id).await?;
    let finding = &kept.anomaly.finding;
    match finding.subject {
        Subject::Device(device) => {
            note_named(&api, &caller, PLACE, [device].into_iter()).await?;
        }
        Subject::Cohort(_) => {
            note_named(&api, &caller, PLACE, finding.devices.iter().copied()).await?;
        }
    }
    Ok(Json(whole(&api, &caller, kept).await?))
}
