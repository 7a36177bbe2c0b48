//! `GET /rules`: what is in force, newest first, as far as the reader may see its kind.

use std::collections::HashMap;

use axum::{Json, extract::State};
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object, allows};

use super::Rule;
use crate::api::{Api, Caller, problem::Problem, v1::shape::Names};

#[utoipa::path(get, path = "/rules", tag = "anomalies", responses((status = 200, body = Vec<Rule>)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Vec<Rule>>, Problem> {
    let mut said = api
        .control
        .judgements()
        .all_in_force(api.clock.now())
        .await?;
    said.reverse();
    let anomalies = api
        .control
        .anomalies()
        .all_of(said.iter().map(|one| one.anomaly).collect())
        .await?;
    let anomalies: HashMap<Uuid, _> = anomalies
        .into_iter()
        .map(|kept| (kept.anomaly.id, kept.anomaly))
        .collect();
    let names = Names::of(&api, said.iter().map(|one| one.by)).await?;
    let shown = said.into_iter().filter_map(|one| {
        let anomaly = anomalies.get(&one.anomaly)?;
        let kind = anomaly.finding.kind;
        let sees = allows(&caller.viewer, Action::See, &Object::Rule(kind)).is_allowed();
        sees.then(|| Rule {
            id: one.rule.id,
            anomaly: one.anomaly,
            title: anomaly.finding.title.clone(),
            kind,
            judgement: one.rule.judgement,
            scope: one.rule.scope,
            from: one.rule.from,
            until: one.rule.until,
            note: one.rule.note,
            by: names.named(one.by),
        })
    });
    Ok(Json(shown.collect()))
}
