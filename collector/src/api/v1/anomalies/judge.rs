//! `POST /anomalies/{id}/judgement`: a person teaches: true, false, or expected here.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Anomaly as CoreAnomaly, Judgement, Rule, Scope, State as AnomalyState},
    authority::{Action, Object},
    device::{Cohort, CohortBy},
    finding::Subject,
};
use weft_collector_store::control::judgements::Said;

use super::{Anomaly, find, whole};
use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
};

const MAX_NOTE: usize = 2_000;

/// How far a judgement reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The same thing on this laptop.
    Device,
    /// The same thing on laptops like it.
    Cohort,
    /// The same thing anywhere.
    Fleet,
}

#[derive(Deserialize, ToSchema)]
pub struct JudgementRequest {
    /// `true`, `false`, `expected`.
    #[schema(value_type = String)]
    judgement: Judgement,
    scope: Reach,
    #[serde(default)]
    until: Option<Timestamp>,
    #[serde(default)]
    note: String,
}

#[utoipa::path(post, path = "/anomalies/{id}/judgement", tag = "anomalies", params(("id" = Uuid, Path)), request_body = JudgementRequest, responses(
    (status = 200, body = Anomaly), (status = 400), (status = 403), (status = 404),
))]
pub async fn judge(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(request): Body<JudgementRequest>,
) -> Result<Json<Anomaly>, Problem> {
    let kept = find(&api, &caller, id).await?;
    may(&api, &caller, &kept.anomaly, request.scope)?;
    let now = api.clock.now();
    not_over(request.until, now)?;
    if request.note.chars().count() > MAX_NOTE {
        return Err(Problem::invalid(format!(
            "the note is longer than {MAX_NOTE} characters"
        )));
    }
    let scope = scope(&api, &kept.anomaly, request.scope).await?;
    let rule = Rule::of(
        api.clock.id(),
        &kept.anomaly,
        request.judgement,
        scope,
        now,
        request.until,
        request.note,
    );
    let said = Said {
        rule,
        anomaly: id,
        by: caller.account.id,
    };
    api.control.judgements().add(&said).await?;
    // What is false or expected is done with; what is true is in somebody's hands.
    let state = match (request.judgement, kept.anomaly.state) {
        (Judgement::False | Judgement::Expected, _) => AnomalyState::Resolved,
        (Judgement::True, AnomalyState::Open) => AnomalyState::Acknowledged,
        (Judgement::True, state) => state,
    };
    api.control
        .anomalies()
        .decide(id, state, Some(request.judgement), now)
        .await?;
    let detail = format!(
        "{:?} for {:?}: {}",
        request.judgement, request.scope, kept.anomaly.finding.title
    );
    api.audit(&caller, "anomaly.judge", &id.to_string(), &detail)
        .await;
    let kept = find(&api, &caller, id).await?;
    Ok(Json(whole(&api, &caller, kept).await?))
}

pub(super) fn not_over(until: Option<Timestamp>, now: Timestamp) -> Result<(), Problem> {
    if until.is_some_and(|until| until <= now) {
        return Err(Problem::invalid("until has passed already"));
    }
    Ok(())
}

/// Judging this one anomaly is one thing, a rule for other laptops another.
pub(super) fn may(
    api: &Api,
    caller: &Caller,
    anomaly: &CoreAnomaly,
    reach: Reach,
) -> Result<(), Problem> {
    let finding = &anomaly.finding;
    api.may(caller, Action::Judge, &Object::Anomaly(finding.into()))?;
    if reach != Reach::Device || matches!(finding.subject, Subject::Cohort(_)) {
        api.may(caller, Action::Judge, &Object::Rule(finding.kind))?;
    }
    Ok(())
}

pub(super) async fn scope(
    api: &Api,
    anomaly: &CoreAnomaly,
    reach: Reach,
) -> Result<Scope, Problem> {
    match (reach, &anomaly.finding.subject) {
        (Reach::Fleet, _) => Ok(Scope::Fleet),
        (Reach::Device, Subject::Device(device)) => Ok(Scope::Device(*device)),
        (Reach::Device, Subject::Cohort(_)) => Err(Problem::invalid(
            "this anomaly is about a group of laptops: judge it for the cohort or the fleet",
        )),
        (Reach::Cohort, Subject::Cohort(cohort)) => Ok(Scope::Cohort(cohort.clone())),
        (Reach::Cohort, Subject::Device(device)) => {
            let device = api.control.devices().get(*device).await?;
            let model = device
                .map(|device| device.traits.model)
                .filter(|model| !model.is_empty());
            let value = model.ok_or_else(|| {
                Problem::invalid("this laptop's model is not known: judge it for the device")
            })?;
            Ok(Scope::Cohort(Cohort {
                by: CohortBy::Model,
                value,
            }))
        }
    }
}
