//! `GET /apps`: every app seen or judged, the most common first. For those who review.

use std::collections::{BTreeMap, HashMap};

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object},
    device::DeviceId,
    verdict::Judged,
};
use weft_collector_store::control::verdicts::Given;
use weft_proto_catalog::{Catalog, Category};

use crate::api::{Api, Caller, page::Page, problem::Problem, reads::FleetApp, v1::shape::Names};

#[derive(Debug, Serialize, ToSchema)]
pub struct AppRow {
    app: String,
    name: String,
    category: String,
    /// Where it is now.
    devices: usize,
    teams: Vec<TeamCount>,
    #[schema(required)]
    first_seen: Option<Timestamp>,
    #[schema(required)]
    last_seen: Option<Timestamp>,
    bytes_changed_30d: u64,
    /// On how many laptops it runs, by their newest word.
    running: u64,
    verdicts: Vec<AppVerdict>,
    /// Per week (its Monday), oldest first.
    trend: Vec<WeekCount>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TeamCount {
    team: String,
    devices: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WeekCount {
    week: String,
    devices: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AppVerdict {
    /// `null`: everybody.
    #[schema(required)]
    team: Option<String>,
    #[schema(value_type = String)]
    verdict: Judged,
    #[schema(required)]
    until: Option<Timestamp>,
    reason: String,
    /// What to use instead; empty when nothing was named.
    replace_by: String,
    /// For this laptop alone; then `team` is `null`.
    #[schema(required)]
    device: Option<Uuid>,
    by: String,
    at: Timestamp,
}

#[utoipa::path(get, path = "/apps", tag = "apps", responses((status = 200, body = Page<AppRow>), (status = 403)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Page<AppRow>>, Problem> {
    api.may(&caller, Action::See, &Object::AppReview)?;
    let seen = api.reads.apps(api.clock.now()).await?;
    let given = api.control.verdicts().list().await?;
    let names = Names::of(&api, given.iter().map(|given| given.by)).await?;
    let devices = api.control.devices().list().await?;
    let teams: HashMap<DeviceId, String> = devices
        .into_iter()
        .map(|device| (device.id, device.traits.team))
        .collect();

    let mut verdicts: BTreeMap<String, Vec<AppVerdict>> = BTreeMap::new();
    for given in given {
        verdicts
            .entry(given.verdict.app.clone())
            .or_default()
            .push(show(given, &names));
    }
    let mut rows: Vec<AppRow> = seen
        .into_iter()
        .map(|app| row(verdicts.remove(&app.app).unwrap_or_default(), app, &teams))
        .collect();
    // What is judged and nowhere: a decision is shown even when it has nothing to do yet.
    rows.extend(
        verdicts
            .into_iter()
            .map(|(app, verdicts)| unseen(app, verdicts)),
    );
    Ok(Json(Page::whole(rows)))
}

fn row(verdicts: Vec<AppVerdict>, app: FleetApp, teams: &HashMap<DeviceId, String>) -> AppRow {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for device in &app.devices {
        *counts
            .entry(teams.get(device).map_or("", String::as_str))
            .or_default() += 1;
    }
    let mut counts: Vec<TeamCount> = counts
        .into_iter()
        .map(|(team, devices)| TeamCount {
            team: team.to_owned(),
            devices,
        })
        .collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.devices));
    AppRow {
        devices: app.devices.len(),
        teams: counts,
        verdicts,
        trend: app
            .trend
            .into_iter()
            .map(|(week, devices)| WeekCount { week, devices })
            .collect(),
        app: app.app,
        name: app.name,
        category: app.category,
        first_seen: Some(app.first_seen),
        last_seen: Some(app.last_seen),
        bytes_changed_30d: app.bytes_changed_30d,
        running: app.running,
    }
}

fn unseen(app: String, verdicts: Vec<AppVerdict>) -> AppRow {
    let known = Catalog::builtin().app(&app);
    AppRow {
        name: known.map_or_else(|| app.clone(), |known| known.name.to_string()),
        category: known
            .map_or("", |known| category(known.category))
            .to_owned(),
        app,
        devices: 0,
        teams: vec![],
        first_seen: None,
        last_seen: None,
        bytes_changed_30d: 0,
        running: 0,
        verdicts,
        trend: vec![],
    }
}

fn category(category: Category) -> &'static str {
    match category {
        Category::CloudSync => "cloud_sync",
        Category::FileTransfer => "file_transfer",
        Category::Messaging => "messaging",
        Category::RemoteAccess => "remote_access",
    }
}

fn show(given: Given, names: &Names) -> AppVerdict {
    AppVerdict {
        team: given.verdict.team,
        verdict: given.verdict.verdict,
        until: given.verdict.until,
        reason: given.verdict.reason,
        replace_by: given.verdict.replace_by,
        device: given.verdict.device.map(|device| device.0),
        by: names.name(given.by),
        at: given.at,
    }
}
