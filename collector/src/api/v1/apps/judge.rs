//! `PUT /apps/{app}/verdict`: sanctioned, tolerated until, unsanctioned; for everybody or one team.

use axum::{extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use weft_collector_core::{
    authority::{Action, Object},
    verdict::{Judged, Verdict},
};

use super::{check_app, team};
use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
};

const MAX_REASON: usize = 2_000;

#[derive(Deserialize, ToSchema)]
pub struct VerdictRequest {
    /// `sanctioned`, `tolerated`, `unsanctioned`.
    #[schema(value_type = String)]
    verdict: Judged,
    /// Nothing: everybody.
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    until: Option<Timestamp>,
    /// A verdict that nobody can trace helps nobody.
    reason: String,
}

#[utoipa::path(put, path = "/apps/{app}/verdict", tag = "apps", params(("app" = String, Path)), request_body = VerdictRequest, responses(
    (status = 204), (status = 400), (status = 403),
))]
pub async fn judge(
    State(api): State<Api>,
    caller: Caller,
    At(app): At<String>,
    Body(request): Body<VerdictRequest>,
) -> Result<StatusCode, Problem> {
    api.may(&caller, Action::Change, &Object::Verdicts)?;
    check_app(&app)?;
    let reason = request.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        return Err(Problem::invalid(format!(
            "say why, in at most {MAX_REASON} characters"
        )));
    }
    let now = api.clock.now();
    if request.until.is_some_and(|until| until <= now) {
        return Err(Problem::invalid("until has passed already"));
    }
    let verdict = Verdict {
        team: team(request.team)?,
        device: None,
        replace_by: String::new(),
        verdict: request.verdict,
        until: request.until,
        reason,
        app,
    };
    api.control
        .verdicts()
        .put(&verdict, caller.account.id, now)
        .await?;
    let scope = verdict.team.as_deref().unwrap_or("everybody");
    let detail = format!("{:?} for {scope}: {}", verdict.verdict, verdict.reason);
    api.audit(&caller, "verdict.put", &verdict.app, &detail)
        .await;
    Ok(StatusCode::NO_CONTENT)
}
