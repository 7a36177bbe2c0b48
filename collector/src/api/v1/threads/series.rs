//! `GET /threads/{id}/series`: what the laptops that this talk is about do, day by day.
//!
//! **Invariant: numbers of a group are told to those who may see it, and to others only as [`crate::groups`] lets them**: about
//! at least five laptops of others, which stay the same ones while few come and go; of their own laptops people see everything. Links that a reader may not see take no part.
//! What people run is in no series.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{authority::is_private, device::DeviceId, link::LinkState};

use super::links;
use crate::api::{Api, Caller, input::At, problem::Problem};

/// Days that a series looks back: the trouble, and some time before it to compare with.
const DAYS: u32 = 30;
/// Laptops of one series; a larger group is read off the overview.
const MOST: usize = 2_000;

/// A linked anomaly in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Series {
    anomaly: Uuid,
    title: String,
    #[schema(value_type = String)]
    state: weft_collector_core::anomaly::State,
    /// Laptops that are counted.
    devices: usize,
    /// `all` of them, or `own`: only the reader's, because the others are too few to stay unknown.
    counted: &'static str,
    /// Oldest first; days without any restart are left out.
    restarts: Vec<SeriesDay>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesDay {
    day: String,
    expected: u64,
    unexpected: u64,
}

#[utoipa::path(get, path = "/threads/{id}/series", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<Series>), (status = 404),
))]
pub async fn series(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<Series>>, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let tied = links::of_threads(&api, &caller, std::slice::from_ref(&thread)).await?;
    let sure = tied
        .iter()
        .filter(|link| matches!(link.state, LinkState::Confirmed | LinkState::Automatic))
        .map(|link| link.anomaly.id)
        .collect();
    let now = api.clock.now();
    let mut all = Vec::new();
    for kept in api.control.anomalies().all_of(sure).await? {
        let finding = &kept.anomaly.finding;
        if is_private(finding.kind) && !caller.viewer.reviews() {
            continue;
        }
        let concerned: BTreeSet<DeviceId> = finding.devices.iter().copied().collect();
        let own: BTreeSet<DeviceId> = concerned
            .iter()
            .copied()
            .filter(|device| caller.viewer.owns(*device))
            .collect();
        let (devices, counted) = match api
            .tellable(&caller.viewer, kept.anomaly.id, concerned)
            .await?
        {
            Some(told) => (told, "all"),
            None => (own, "own"),
        };
        let devices: Vec<DeviceId> = devices.into_iter().take(MOST).collect();
        if devices.is_empty() {
            continue;
        }
        let mut days: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for day in api.reads.boots_by_device_day(&devices, now, DAYS).await? {
            let sum = days.entry(day.day).or_default();
            sum.0 += day.expected;
            sum.1 += day.unexpected;
        }
        all.push(Series {
            anomaly: kept.anomaly.id,
            title: finding.title.clone(),
            state: kept.anomaly.state,
            devices: devices.len(),
            counted,
            restarts: days
                .into_iter()
                .map(|(day, (expected, unexpected))| SeriesDay {
                    day,
                    expected,
                    unexpected,
                })
                .collect(),
        });
    }
    Ok(Json(all))
}
