//! `POST /rules/{id}/end`: it is not so any more; from the next round on the detectors speak again.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object};

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(post, path = "/rules/{id}/end", tag = "anomalies", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 403), (status = 404),
))]
pub async fn end(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::missing("rule in force");
    let now = api.clock.now();
    let said = api.control.judgements().all_in_force(now).await?;
    let said = said
        .into_iter()
        .find(|one| one.rule.id == id)
        .ok_or_else(missing)?;
    let kept = api
        .control
        .anomalies()
        .get(said.anomaly)
        .await?
        .ok_or_else(missing)?;
    let rule = Object::Rule(kept.anomaly.finding.kind);
    if api.may(&caller, Action::See, &rule).is_err() {
        return Err(missing());
    }
    api.may(&caller, Action::Remove, &rule)?;
    if !api.control.judgements().end(id, now).await? {
        return Err(missing());
    }
    api.audit(
        &caller,
        "rule.end",
        &said.anomaly.to_string(),
        &kept.anomaly.finding.title,
    )
    .await;
    Ok(StatusCode::NO_CONTENT)
}
