//! `POST /anomalies/{id}/resolve`: it is over.

use axum::{Json, extract::State};
use uuid::Uuid;
use weft_collector_core::{
    anomaly::State as AnomalyState,
    authority::{Action, Object},
};

use super::{Anomaly, find, whole};
use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(post, path = "/anomalies/{id}/resolve", tag = "anomalies", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Anomaly), (status = 403), (status = 404),
))]
pub async fn resolve(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Anomaly>, Problem> {
    let kept = find(&api, &caller, id).await?;
    api.may(
        &caller,
        Action::Judge,
        &Object::Anomaly((&kept.anomaly.finding).into()),
    )?;
    api.control
        .anomalies()
        .decide(id, AnomalyState::Resolved, None, api.clock.now())
        .await?;
    api.audit(
        &caller,
        "anomaly.resolve",
        &id.to_string(),
        &kept.anomaly.finding.title,
    )
    .await;
    let kept = find(&api, &caller, id).await?;
    Ok(Json(whole(&api, &caller, kept).await?))
}
