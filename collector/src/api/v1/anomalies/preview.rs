//! `GET /anomalies/{id}/judgement/preview`: what a judgement would have hidden in the last month.

use axum::{Json, extract::State};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_core::anomaly::{Judgement, Rule, preview as core_preview};
use weft_collector_store::control::anomalies::{Scope, Wanted};

use super::{
    find,
    judge::{Reach, may, scope},
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
}

#[derive(Debug, Serialize, ToSchema)]
pub struct JudgementPreview {
    would_hide: usize,
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
    let scope = scope(&api, &kept.anomaly, query.scope).await?;
    let rule = Rule::of(
        api.clock.id(),
        &kept.anomaly,
        query.judgement,
        scope,
        now,
        None,
        String::new(),
    );
    let found = api
        .control
        .anomalies()
        .list(&Wanted::default(), &Scope::everything(), None, MOST)
        .await?;
    let anomalies: Vec<_> = found.into_iter().map(|kept| kept.anomaly).collect();
    let preview = core_preview(&anomalies, &rule, now - WINDOW, now);
    Ok(Json(JudgementPreview {
        would_hide: preview.would_hide,
    }))
}
