//! `GET /demand` and `GET /demand.csv`: what unapproved apps are wanted for, the strongest wish first.
//!
//! **Invariant: reasons are told without names**, and only to those who review apps.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object},
    demand::{self, Answered, Demand as CoreDemand, WEEKS},
    device::DeviceId,
    review::Purpose,
    symptoms::{AppWords, Vocabulary},
    verdict::{Judged, Verdict},
};

use crate::{
    api::{Api, Caller, page::Page, problem::Problem},
    correlate::threads::{Owners, Texts},
    error::Fault,
    watch::earlier,
};

/// Apps last seen longer ago are history.
const SEEN: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Answers read: as many as a person could weigh.
const MOST_ANSWERS: u64 = 5_000;

#[derive(Debug, Serialize, ToSchema)]
pub struct Demand {
    app: String,
    name: String,
    category: String,
    devices: usize,
    /// Devices at the end of each of the last 12 weeks, oldest first.
    curve: Vec<usize>,
    teams: Vec<TeamCurve>,
    /// For everybody; `null`: nobody decided.
    #[schema(required, value_type = Option<String>)]
    verdict: Option<Judged>,
    reasons: Vec<GivenReason>,
    reasons_found: usize,
    purposes: Vec<PurposeCount>,
    #[schema(required)]
    forecast: Option<Forecast>,
    score: f64,
    /// The score with its numbers.
    formula: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TeamCurve {
    team: String,
    devices: usize,
    curve: Vec<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct GivenReason {
    thread: Uuid,
    sentence: String,
    /// Of an answer to a review.
    #[schema(required, value_type = Option<String>)]
    purpose: Option<Purpose>,
    /// What the approved tool lacks.
    missing: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PurposeCount {
    #[schema(value_type = String)]
    purpose: Purpose,
    words: &'static str,
    answers: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Forecast {
    /// In four weeks.
    devices: usize,
    low: usize,
    high: usize,
    words: String,
}

#[utoipa::path(get, path = "/demand", tag = "apps", responses((status = 200, body = Page<Demand>), (status = 403)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Page<Demand>>, Problem> {
    let register = register(&api, &caller).await?;
    Ok(Json(Page::whole(
        register.into_iter().map(Demand::from).collect(),
    )))
}

/// One line per app and team, for a spreadsheet.
#[utoipa::path(get, path = "/demand.csv", tag = "apps", responses(
    (status = 200, body = String, content_type = "text/csv"), (status = 403),
))]
pub async fn csv(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    let register = register(&api, &caller).await?;
    api.audit(&caller, "demand.export", "csv", "").await;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"demand.csv\"",
        ),
    ];
    Ok((headers, table(&register)).into_response())
}

async fn register(api: &Api, caller: &Caller) -> Result<Vec<CoreDemand>, Problem> {
    api.may(caller, Action::See, &Object::AppReview)?;
    let now = api.clock.now();
    let devices = api.control.devices().list().await?;
    let teams: BTreeMap<DeviceId, String> = devices
        .iter()
        .map(|device| (device.id, device.traits.team.clone()))
        .collect();
    let mut uses = api.reads.app_uses(earlier(now, SEEN), now).await?;
    uses.retain(|one| teams.contains_key(&one.device));
    let given = api.control.verdicts().list().await?;
    let verdicts: Vec<Verdict> = given.into_iter().map(|given| given.verdict).collect();
    let texts = Texts::read(&api.control, &Owners::of(&devices), now).await?;
    let answered = api.control.reviews().answered(MOST_ANSWERS).await?;
    let answers: Vec<Answered> = answered
        .into_iter()
        .filter_map(|review| {
            let (reason, at) = review.reason?;
            Some(Answered {
                app: review.app,
                thread: review.thread,
                at,
                reason,
            })
        })
        .collect();
    // Names of apps are looked for in every sentence of every recent talk: not on the threads that answer.
    let read = tokio::task::spawn_blocking(move || {
        let words: BTreeMap<&str, &str> = uses
            .iter()
            .map(|one| (one.app.as_str(), one.name.as_str()))
            .collect();
        let words: Vec<AppWords> = words
            .into_iter()
            .map(|(app, name)| AppWords {
                words: vec![name.to_lowercase(), app.to_owned()],
                id: app.to_owned(),
            })
            .collect();
        let vocabulary = Vocabulary::with(&words, &[], &[]);
        demand::register(
            &uses,
            &teams,
            &verdicts,
            &texts.threads,
            &answers,
            &vocabulary,
            now,
        )
    });
    read.await.map_err(|error| Fault::internal(error).into())
}

impl From<CoreDemand> for Demand {
    fn from(demand: CoreDemand) -> Self {
        Self {
            app: demand.app,
            name: demand.name,
            category: demand.category,
            devices: demand.devices,
            curve: demand.curve,
            teams: demand
                .teams
                .into_iter()
                .map(|team| TeamCurve {
                    team: team.team,
                    devices: team.devices,
                    curve: team.curve,
                })
                .collect(),
            verdict: demand.verdict,
            reasons: demand
                .reasons
                .into_iter()
                .map(|reason| GivenReason {
                    thread: reason.thread,
                    sentence: reason.sentence,
                    purpose: reason.purpose,
                    missing: reason.missing,
                })
                .collect(),
            reasons_found: demand.reasons_found,
            purposes: demand
                .purposes
                .into_iter()
                .map(|(purpose, answers)| PurposeCount {
                    purpose,
                    words: purpose.words(),
                    answers,
                })
                .collect(),
            forecast: demand.forecast.map(|forecast| Forecast {
                devices: forecast.devices,
                low: forecast.low,
                high: forecast.high,
                words: forecast.words,
            }),
            score: demand.score,
            formula: demand.formula,
        }
    }
}

/// RFC 4180.
fn table(register: &[CoreDemand]) -> String {
    let mut head: Vec<String> = [
        "rank", "app", "name", "category", "verdict", "score", "formula", "forecast", "reasons",
        "team", "devices",
    ]
    .map(str::to_owned)
    .to_vec();
    head.extend((0..WEEKS).rev().map(|back| format!("week-{back}")));
    let mut lines = vec![line(&head)];
    for (rank, demand) in (1_usize..).zip(register) {
        let forecast = demand.forecast.as_ref();
        for team in &demand.teams {
            let mut cells = vec![
                rank.to_string(),
                demand.app.clone(),
                demand.name.clone(),
                demand.category.clone(),
                demand
                    .verdict
                    .map(Judged::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                format!("{:.2}", demand.score),
                demand.formula.clone(),
                forecast
                    .map(|forecast| forecast.devices.to_string())
                    .unwrap_or_default(),
                demand
                    .reasons
                    .iter()
                    .map(|reason| reason.sentence.as_str())
                    .collect::<Vec<_>>()
                    .join(" | "),
                team.team.clone(),
                team.devices.to_string(),
            ];
            cells.extend(team.curve.iter().map(usize::to_string));
            lines.push(line(&cells));
        }
    }
    lines.concat()
}

fn line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell that a spreadsheet would read as a formula is made text: names and reasons are other people's words.
fn quoted(cell: &str) -> String {
    let guard = match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => "'",
        _ => "",
    };
    let one_line = cell.replace(['\r', '\n'], " ").replace('"', "\"\"");
    format!("\"{guard}{one_line}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text() {
        for (cell, expect) in [
            ("a", "\"a\""),
            ("a, \"b\"\nc", "\"a, \"\"b\"\" c\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("@x", "\"'@x\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(cell), expect);
        }
    }
}
