//! `GET /impact`: time lost by restarts and crashes, time saved by answers that helped, with the formula in sight.
//!
//! Staff see the fleet; everybody else sees the own laptops.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object, allows},
    device::DeviceId,
    impact::{self, CLASSES, Events, Impact as CoreImpact},
};
use weft_collector_store::control::{devices::Device, threads::Reader};

use crate::api::{Api, Caller, input::Params, problem::Problem};

/// Longest look back: partitions are months, and a year is what budgets are made of.
const MOST_MONTHS: u32 = 24;
const MONTHS: u32 = 6;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// 1 to 24; 6 when nothing is asked.
    months: Option<u32>,
    /// Only this team.
    team: Option<String>,
    /// Only this model.
    model: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Impact {
    /// `fleet` for staff, `own` for everybody else.
    of: &'static str,
    /// What one event costs, and why. From `[impact]` in the collector's configuration.
    assumptions: Vec<Assumption>,
    lost: Sum,
    /// Oldest first.
    by_month: Vec<Row>,
    /// Most first.
    by_model: Vec<Row>,
    by_team: Vec<Row>,
    /// Answers whose effect was measured and shown. For staff.
    saved: Vec<Saved>,
    saved_minutes: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Assumption {
    class: &'static str,
    words: &'static str,
    minutes: f64,
    /// What the built-in number is made of.
    source: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Sum {
    minutes: f64,
    /// "4 x 20 min (crash) + ... = 7 h 51 min".
    formula: String,
}

impl From<CoreImpact> for Sum {
    fn from(impact: CoreImpact) -> Self {
        Self {
            minutes: impact.minutes,
            formula: impact.formula,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Row {
    /// `2026-03`, a model, a team; empty: not known.
    name: String,
    devices: usize,
    #[serde(flatten)]
    sum: Sum,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Saved {
    thread: Uuid,
    title: String,
    /// The measured effect in words.
    words: String,
    #[serde(flatten)]
    sum: Sum,
}

#[utoipa::path(get, path = "/impact", tag = "impact", params(Query), responses((status = 200, body = Impact), (status = 400)))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Impact>, Problem> {
    let months = query.months.unwrap_or(MONTHS);
    if !(1..=MOST_MONTHS).contains(&months) {
        return Err(
            Problem::invalid(format!("months must be between 1 and {MOST_MONTHS}"))
                .coded("invalid_query"),
        );
    }
    let fleet = allows(&caller.viewer, Action::See, &Object::Fleet).is_allowed();
    let devices = match fleet {
        true => api.control.devices().list().await?,
        false => api.control.devices().of_owner(caller.account.id).await?,
    };
    let is = |asked: &Option<String>, value: &str| {
        let asked = asked.as_deref().filter(|asked| !asked.is_empty());
        asked.is_none_or(|asked| asked.eq_ignore_ascii_case(value))
    };
    let wanted: BTreeMap<DeviceId, Device> = devices
        .into_iter()
        .filter(|one| is(&query.team, &one.traits.team) && is(&query.model, &one.traits.model))
        .map(|device| (device.id, device))
        .collect();
    let mut sums = Sums::default();
    let now = api.clock.now();
    let from = crate::watch::earlier(now, SignedDuration::from_hours(24 * 31 * i64::from(months)));
    for ends in api.reads.ends_by_month(from, now).await? {
        if let Some(device) = wanted.get(&ends.device) {
            sums.add(device, &ends.month, |events| {
                events.add(ends.end, ends.count)
            });
        }
    }
    let saved = match fleet && query.team.is_none() && query.model.is_none() {
        true => saved(&api, &caller).await?,
        false => vec![],
    };
    let lost = |events: &Events| Sum::from(impact::lost(events, &api.minutes));
    Ok(Json(Impact {
        of: if fleet { "fleet" } else { "own" },
        assumptions: CLASSES
            .iter()
            .map(|(class, words, source)| Assumption {
                class: class.as_str(),
                words,
                minutes: api.minutes.of(*class),
                source,
            })
            .collect(),
        lost: lost(&sums.all.events),
        by_month: rows(sums.months, &lost),
        by_model: most_first(rows(sums.models, &lost)),
        by_team: most_first(rows(sums.teams, &lost)),
        saved_minutes: saved.iter().map(|one| one.sum.minutes).sum(),
        saved,
    }))
}

#[derive(Default)]
struct Group {
    devices: std::collections::BTreeSet<DeviceId>,
    events: Events,
}

#[derive(Default)]
struct Sums {
    all: Group,
    months: BTreeMap<String, Group>,
    models: BTreeMap<String, Group>,
    teams: BTreeMap<String, Group>,
}

impl Sums {
    fn add(&mut self, device: &Device, month: &str, note: impl Fn(&mut Events)) {
        let traits = &device.traits;
        let groups = [
            &mut self.all,
            self.months.entry(month.to_owned()).or_default(),
            self.models.entry(traits.model.clone()).or_default(),
            self.teams.entry(traits.team.clone()).or_default(),
        ];
        for group in groups {
            group.devices.insert(device.id);
            note(&mut group.events);
        }
    }
}

fn rows(groups: BTreeMap<String, Group>, lost: &impl Fn(&Events) -> Sum) -> Vec<Row> {
    groups
        .into_iter()
        .map(|(name, group)| Row {
            name,
            devices: group.devices.len(),
            sum: lost(&group.events),
        })
        .collect()
}

fn most_first(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|a, b| b.sum.minutes.total_cmp(&a.sum.minutes));
    rows
}

async fn saved(api: &Api, caller: &Caller) -> Result<Vec<Saved>, Problem> {
    let measured = api.control.applied().effects().await?;
    let ids = measured.iter().map(|one| one.thread).collect();
    let reader: Reader = caller.reader();
    let threads = api.control.threads().all_of(ids, reader).await?;
    Ok(measured
        .into_iter()
        .filter_map(|one| {
            let thread = threads.iter().find(|thread| thread.id == one.thread)?;
            Some(Saved {
                thread: thread.id,
                title: thread.title.clone(),
                words: one.effect.words,
                sum: one.saved?.into(),
            })
        })
        .collect())
}
