//! `GET /anomalies/{id}/judgement/preview`: what a judgement would have hidden in the last month.

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_core::anomaly::{Judgement, Rule, preview as core_preview};
use weft_collector_store::control::anomalies::{Scope, Wanted};

use super::{
    find,
    judge::{Reach, may, not_over, scope},
};
use crate::api::{
    Api, Caller,
    input::{At, Params},
    problem::Problem,
};

const WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);
/// At the budget of 40 a day a month has 1,200.
const MOST: u64 = 5_000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `true`, `false`, `expected`.
    #[param(value_type = String)]
    judgement: Judgement,
    /// `device`, `cohort`, `fleet`.
    #[param(value_type = String)]
    scope: Reach,
    /// When the rule would end; nothing: when somebody takes it back.
    until: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct JudgementPreview {
    /// Anomalies of the last 30 days.
    would_hide: usize,
    /// How many of them lie in a stretch as long as the rule would hold: what to expect of it until its end.
    until_end: usize,
}

#[utoipa::path(get, path = "/anomalies/{id}/judgement/preview", tag = "anomalies", params(("id" = Uuid, Path), Query), responses(
    (status = 200, body = JudgementPreview), (status = 400), (status = 403), (status = 404),
))]
pub async fn preview(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(query): Params<Query>,
) -> Result<Json<JudgementPreview>, Problem> {
    let kept = find(&api, &caller, id).await?;
    may(&api, &caller, &kept.anomaly, query.scope)?;
    let now = api.clock.now();
    not_over(query.until, now)?;
    let scope = scope(&api, &kept.anomaly, query.scope).await?;
    let rule = Rule::of(
        api.clock.id(),
        &kept.anomaly,
        query.judgement,
        scope,
        now,
        query.until,
        String::new(),
    );
    let found = api
        .control
        .anomalies()
        .list(&Wanted::default(), &Scope::everything(), None, MOST)
        .await?;
    let anomalies: Vec<_> = found.into_iter().map(|kept| kept.anomaly).collect();
    let lasting = query
        .until
        .map_or(WINDOW, |until| until.duration_since(now).min(WINDOW));
    let hidden = |window| core_preview(&anomalies, &rule, now - window, now).would_hide;
    Ok(Json(JudgementPreview {
        would_hide: hidden(WINDOW),
        until_end: hidden(lasting),
    }))
}
