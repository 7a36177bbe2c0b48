//! `GET /threads/{id}/cohort`: what the laptops of a talk share.
//!
//! **Invariant: who is not staff hears what `core::anonymity` lets through, and it is remembered before it is told.**

use std::collections::{BTreeSet, HashMap};

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    anonymity::{FLOOR, RULE},
    authority::{Action, Object, allows},
    cohort::{self, Audience, Part as CorePart, Report, Silence, Told},
    detect::wording,
    device::{CohortBy, DeviceId},
};
use weft_collector_store::control::{devices::Device, groups::Sort};

use super::threads::participants;
use crate::{
    api::{Api, Caller, input::At, problem::Problem},
    cohorts,
    groups::REMEMBERED,
    watch::earlier,
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Cohort {
    /// Who wrote here.
    people: usize,
    /// Their laptops; `null` where fewer than the floor, for those who are not staff.
    #[schema(required)]
    devices: Option<usize>,
    /// `peer`, `technician`, `reviewer`: by whose rules it is told.
    audience: &'static str,
    /// The rule, to stand beside the figures.
    rule: &'static str,
    /// The whole as sentences.
    words: Vec<String>,
    parts: Vec<Part>,
    withheld: Vec<Withheld>,
}

/// Laptops here that share something, compared with the rest of the fleet over 30 days.
#[derive(Debug, Serialize, ToSchema)]
pub struct Part {
    /// `fleet` (everybody here), `model`, `os_build`, `component`; for staff `team`, for security `app`.
    #[schema(value_type = String)]
    by: CohortBy,
    value: String,
    here: usize,
    /// Unexpected ends per day, times the rest of the fleet's, with its 95 % interval.
    #[schema(required)]
    ratio: Option<f64>,
    #[schema(required)]
    low: Option<f64>,
    #[schema(required)]
    high: Option<f64>,
    /// For staff: the counts behind it.
    #[schema(required)]
    ends: Option<u32>,
    #[schema(required)]
    days: Option<f64>,
    /// 0..1.
    share_here: f64,
    /// For staff.
    #[schema(required)]
    share_elsewhere: Option<f64>,
    words: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Withheld {
    #[schema(value_type = String)]
    by: CohortBy,
    why: String,
}

#[utoipa::path(get, path = "/threads/{id}/cohort", tag = "context", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Cohort), (status = 404),
))]
pub async fn cohort(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Cohort>, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let people = participants(&api, &thread).await?;
    let devices = api.control.devices().list().await?;
    let here: BTreeSet<DeviceId> = devices
        .iter()
        .filter(|device| device.state.may_report())
        .filter(|device| device.owner.is_some_and(|owner| people.contains(&owner)))
        .map(|device| device.id)
        .collect();
    let audience = audience(&caller);
    let report = report(&api, id, &here, &devices, &audience).await?;
    Ok(Json(show(people.len(), here.len(), &audience, report)))
}

fn audience(caller: &Caller) -> Audience {
    let sees = |object: Object<'_>| allows(&caller.viewer, Action::See, &object).is_allowed();
    if sees(Object::AppReview) {
        Audience::Reviewer
    } else if sees(Object::Fleet) {
        Audience::Technician
    } else {
        Audience::Peer {
            own: caller.viewer.devices.clone(),
        }
    }
}

async fn report(
    api: &Api,
    thread: Uuid,
    here: &BTreeSet<DeviceId>,
    devices: &[Device],
    audience: &Audience,
) -> Result<Report, Problem> {
    let now = api.clock.now();
    let from = cohorts::since(now);
    let restarts = api
        .reads
        .restarts(cohorts::traits(devices), from, now)
        .await?;
    let mut apps: HashMap<DeviceId, Vec<String>> = HashMap::new();
    if *audience == Audience::Reviewer {
        for app in api.reads.apps(now).await? {
            for device in app.devices {
                apps.entry(device).or_default().push(app.app.clone());
            }
        }
    }
    let members = cohorts::members(&restarts, &apps, from, now);
    let _one_at_a_time = api.telling().await;
    let told = match audience {
        Audience::Peer { .. } => {
            let since = earlier(now, REMEMBERED);
            let mut told = api.control.cohorts().told(thread, since).await?;
            let others = api.control.groups().told(Sort::Counts, since).await?;
            told.extend(others.into_iter().map(Told::elsewhere));
            told
        }
        _ => vec![],
    };
    let report = cohort::about(here, &members, audience, &told);
    let is_new = report
        .parts
        .iter()
        .any(|(part, _)| !told.iter().any(|one| one.here.as_ref() == Some(part)));
    if matches!(audience, Audience::Peer { .. }) && is_new {
        let parts: Vec<_> = report
            .parts
            .iter()
            .map(|(part, devices)| (api.clock.id(), part.clone(), devices.clone()))
            .collect();
        api.control.cohorts().keep(thread, &parts, now).await?;
    }
    Ok(report)
}

fn show(people: usize, here: usize, audience: &Audience, report: Report) -> Cohort {
    let is_peer = matches!(audience, Audience::Peer { .. });
    let devices = (!is_peer || here >= FLOOR).then_some(here);
    let who = match people {
        1 => "1 person".to_owned(),
        people => format!("{people} people"),
    };
    let mut words = vec![match devices {
        Some(devices) => format!("{who} here, with {}.", wording::count(devices, "laptop")),
        None => format!("{who} here."),
    }];
    words.extend(report.parts.iter().map(|(part, _)| part.words.clone()));
    Cohort {
        people,
        devices,
        audience: match audience {
            Audience::Peer { .. } => "peer",
            Audience::Technician => "technician",
            Audience::Reviewer => "reviewer",
        },
        rule: RULE,
        words,
        parts: report
            .parts
            .into_iter()
            .map(|(part, _)| part.into())
            .collect(),
        withheld: report
            .silences
            .into_iter()
            .map(|Silence { by, why }| Withheld { by, why })
            .collect(),
    }
}

impl From<CorePart> for Part {
    fn from(part: CorePart) -> Self {
        Self {
            by: part.by,
            value: part.value,
            here: part.here,
            ratio: part.ratio,
            low: part.low,
            high: part.high,
            ends: part.ends,
            days: part.days,
            share_here: part.share_here,
            share_elsewhere: part.share_elsewhere,
            words: part.words,
        }
    }
}
