//! `GET /overview`: the fleet at a glance; for a user, the own laptops at a glance.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use weft_collector_core::{
    anomaly::{Limit, State as AnomalyState},
    authority::{Action, Object, allows},
    books::Books as CoreBooks,
    device::DeviceId,
    finding::{Kind, Severity},
    link::LinkState,
};
use weft_collector_store::control::{anomalies::Wanted, devices::Device};

use crate::{
    api::{
        Api, Caller, guard,
        problem::Problem,
        reads::{AppWeek, BootsOfDay, ModelRow, OsBuild, Who},
        v1::{
            anomalies::{AnomalySummary, summaries},
            devices::books,
            links,
            shape::Books,
        },
    },
    watch,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Days of the chart.
const DAYS: u32 = 60;
/// Weeks of the apps' chart.
const WEEKS: u32 = 12;
const NEWEST: u64 = 8;
/// Anomalies whose links are counted for a user: one person's laptops do not have more.
const OWN_ANOMALIES: u64 = 200;

#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    devices: DeviceCounts,
    observations: ObservationCounts,
    /// Open or acknowledged.
    anomalies: KindCounts,
    /// Alerts that wait because a budget is used up; `null` for those who do not see the fleet, and before the first round.
    #[schema(required)]
    held_back: Option<HeldBack>,
    threads: ThreadCounts,
    links: LinkCounts,
    books: Books,
    /// One per day, oldest first.
    boots_by_day: Vec<BootsOfDay>,
    unexpected_by_model: Vec<ModelRow>,
    apps_by_week: Vec<AppWeek>,
    os_builds: Vec<OsBuild>,
    newest: Vec<AnomalySummary>,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub struct DeviceCounts {
    total: usize,
    real: usize,
    simulated: usize,
    reporting_24h: usize,
    /// Enrolled and never heard of.
    never: usize,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ObservationCounts {
    boot: u64,
    process: u64,
    app: u64,
    vitals: u64,
    inventory: u64,
    resume: u64,
    agent_health: u64,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub struct KindCounts {
    reboot: u64,
    process: u64,
    app: u64,
    capacity: u64,
    compound: u64,
}

/// What the last round of the watch held back, by whose budget of a day was used up.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct HeldBack {
    at: Timestamp,
    /// Causes in all; each is asked again every round and alerts when there is room.
    total: usize,
    device: usize,
    cohort: usize,
    fleet: usize,
    /// The most severe ones that the caller may see.
    worst: Vec<Waiting>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Waiting {
    title: String,
    #[schema(value_type = String)]
    kind: Kind,
    #[schema(value_type = String)]
    severity: Severity,
    reason: String,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ThreadCounts {
    open: u64,
    solved: u64,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub struct LinkCounts {
    suggested: u64,
    automatic: u64,
    confirmed: u64,
}

#[utoipa::path(get, path = "/overview", tag = "overview", responses((status = 200, body = Overview)))]
pub async fn read(State(api): State<Api>, caller: Caller) -> Result<Json<Overview>, Problem> {
    let fleet = allows(&caller.viewer, Action::See, &Object::Fleet).is_allowed();
    // Of apps only those who review see more than their own.
    let review = allows(&caller.viewer, Action::See, &Object::AppReview).is_allowed();
    let own = &caller.viewer.devices;
    let who = if fleet {
        Who::Everybody
    } else {
        Who::These(own)
    };
    let apps_of = if review {
        Who::Everybody
    } else {
        Who::These(own)
    };
    let devices = match fleet {
        true => api.control.devices().list().await?,
        false => api.control.devices().of_owner(caller.account.id).await?,
    };
    let now = api.clock.now();
    // Independent questions, asked at once.
    let (observations, books, boots_by_day, unexpected_by_model, apps_by_week, os_builds) = futures::try_join!(
        async { Ok::<_, Problem>(api.reads.observation_counts(who).await?) },
        books(&api, who),
        async { Ok(api.reads.boots_by_day(who, now, DAYS).await?) },
        async { Ok(api.reads.models(who, now, DAYS).await?) },
        async { Ok(api.reads.apps_by_week(apps_of, now, WEEKS).await?) },
        async { Ok(api.reads.os_builds(who).await?) },
    )?;
    let (open, solved) = api.control.threads().counts(caller.reader()).await?;
    let living = Wanted {
        states: vec![AnomalyState::Open, AnomalyState::Acknowledged],
        ..Wanted::default()
    };
    let scope = guard::scope(&caller);
    let newest = api
        .control
        .anomalies()
        .list(&living, &scope, None, NEWEST)
        .await?;
    Ok(Json(Overview {
        devices: device_counts(&devices, now),
        observations: observation_counts(&observations),
        anomalies: kind_counts(&api.control.anomalies().counts(&living, &scope).await?),
        held_back: match fleet {
            true => held_back(&api, &caller).await?,
            false => None,
        },
        threads: ThreadCounts { open, solved },
        links: link_counts(&api, &caller, fleet).await?,
        books: whole(books).into(),
        boots_by_day,
        unexpected_by_model,
        apps_by_week,
        os_builds,
        newest: summaries(&api, &caller, newest).await?,
    }))
}

async fn held_back(api: &Api, caller: &Caller) -> Result<Option<HeldBack>, Problem> {
    let Some(told) = watch::Waiting::read(&api.control).await? else {
        return Ok(None);
    };
    let of = |limit: Limit| {
        let mut counts = told.counts.iter();
        counts.find(|(one, _)| *one == limit).map_or(0, |(_, n)| *n)
    };
    let may_see =
        |kind: Kind| allows(&caller.viewer, Action::See, &Object::Rule(kind)).is_allowed();
    Ok(Some(HeldBack {
        at: told.at,
        total: told.counts.iter().map(|(_, count)| count).sum(),
        device: of(Limit::Device),
        cohort: of(Limit::Cohort),
        fleet: of(Limit::Fleet),
        worst: told
            .worst
            .into_iter()
            .filter(|held| may_see(held.kind))
            .map(|held| Waiting {
                title: held.title,
                kind: held.kind,
                severity: held.severity,
                reason: held.reason,
            })
            .collect(),
    }))
}

fn device_counts(devices: &[Device], now: Timestamp) -> DeviceCounts {
    let count =
        |keep: &dyn Fn(&Device) -> bool| devices.iter().filter(|device| keep(device)).count();
    DeviceCounts {
        total: devices.len(),
        real: count(&|device| !device.traits.simulated),
        simulated: count(&|device| device.traits.simulated),
        reporting_24h: count(&|device| device.last_report.is_some_and(|last| last > now - DAY)),
        never: count(&|device| device.last_report.is_none()),
    }
}

fn observation_counts(counts: &BTreeMap<String, u64>) -> ObservationCounts {
    let of = |kind: &str| counts.get(kind).copied().unwrap_or(0);
    ObservationCounts {
        boot: of("boot"),
        process: of("process"),
        app: of("app"),
        vitals: of("vitals"),
        inventory: of("inventory"),
        resume: of("resume"),
        agent_health: of("agent_health"),
    }
}

fn kind_counts(counts: &[(Kind, u64)]) -> KindCounts {
    let of = |wanted: Kind| {
        counts
            .iter()
            .find(|(kind, _)| *kind == wanted)
            .map_or(0, |(_, count)| *count)
    };
    KindCounts {
        reboot: of(Kind::Reboot),
        process: of(Kind::Process),
        app: of(Kind::App),
        capacity: of(Kind::Capacity),
        compound: of(Kind::Compound),
    }
}

async fn link_counts(api: &Api, caller: &Caller, fleet: bool) -> Result<LinkCounts, Problem> {
    let mut counts = LinkCounts::default();
    let mut add = |state: LinkState, more: u64| match state {
        LinkState::Suggested => counts.suggested += more,
        LinkState::Automatic => counts.automatic += more,
        LinkState::Confirmed => counts.confirmed += more,
        LinkState::Rejected => {}
    };
    if fleet {
        for (state, count) in api.control.links().counts().await? {
            add(state, count);
        }
        return Ok(counts);
    }
    let scope = guard::scope(caller);
    let own = api
        .control
        .anomalies()
        .list(&Wanted::default(), &scope, None, OWN_ANOMALIES)
        .await?;
    for link in links::of_anomalies(api, caller, &own).await? {
        add(link.state, 1);
    }
    Ok(counts)
}

fn whole(books: BTreeMap<DeviceId, CoreBooks>) -> CoreBooks {
    let mut whole = CoreBooks::default();
    for books in books.values() {
        whole.add(books);
    }
    whole
}
