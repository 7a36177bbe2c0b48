//! What an accepted answer did: who applied it, and the measured effect.
//!
//! **Invariant: below the anonymity floor only staff see figures**, and a device is marked by its owner or by staff, whose look is in
//! the ledger.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    anonymity::FLOOR,
    authority::{Action, Object, allows},
    device::DeviceId,
    effect::{CAVEATS, Effect as CoreEffect},
};
use weft_collector_store::control::{
    applied::{Applied, How, Measured},
    threads::Thread,
};

use super::{
    links,
    shape::{Named, Names},
};
use crate::{
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
    },
    effects,
    error::Fault,
};

/// Further back nobody remembers the day.
const FURTHEST: SignedDuration = SignedDuration::from_hours(24 * 90);
/// A list to tick; a larger roll-out is marked over the API.
const WAITING_LIMIT: usize = 200;
/// A mark by an owner measures again; this is how often the same answer is measured at most.
const FRESH: SignedDuration = SignedDuration::from_mins(1);

#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerEffect {
    /// The accepted answer; `null`: none is accepted.
    #[schema(required)]
    post: Option<Uuid>,
    /// The reader's own laptops: the question "did you apply it?".
    mine: Vec<MyDevice>,
    /// Which laptops applied it: all for staff, the own ones for others.
    applied: Vec<AppliedDevice>,
    /// For staff: laptops with the trouble that the thread is surely about, of which nobody has said that they have it.
    waiting: Vec<Waiting>,
    /// `null`: nobody said yet that it was applied, or fewer than the floor and the reader is not staff (then `words` says so).
    #[schema(required)]
    effect: Option<Effect>,
    #[schema(required)]
    measured_at: Option<Timestamp>,
    /// One sentence, always.
    words: String,
    /// What no measurement here can rule out.
    caveats: Vec<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MyDevice {
    id: Uuid,
    name: String,
    #[schema(required)]
    applied_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Waiting {
    id: Uuid,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AppliedDevice {
    id: Uuid,
    name: String,
    applied_at: Timestamp,
    /// `owner` or `staff`.
    #[schema(value_type = String)]
    how: How,
    by: Named,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Effect {
    /// False: not yet enough, and `missing` says what.
    enough: bool,
    /// Laptops that applied it and could be measured; laptops they are compared with.
    devices: usize,
    controls: usize,
    /// Ends with the fix over ends without: below 1 it helped. 95 % interval.
    #[schema(required)]
    ratio: Option<f64>,
    #[schema(required)]
    low: Option<f64>,
    #[schema(required)]
    high: Option<f64>,
    /// The same as unexpected restarts per laptop and month: negative is fewer.
    #[schema(required)]
    difference: Option<f64>,
    #[schema(required)]
    difference_low: Option<f64>,
    #[schema(required)]
    difference_high: Option<f64>,
    /// Unexpected restarts per laptop and month: treated before, treated after, compared before, compared after.
    #[schema(required, value_type = Option<Vec<f64>>)]
    rates: Option<[f64; 4]>,
    missing: Vec<String>,
    words: String,
}

impl From<CoreEffect> for Effect {
    fn from(effect: CoreEffect) -> Self {
        Self {
            enough: effect.enough,
            devices: effect.devices,
            controls: effect.controls,
            ratio: effect.ratio,
            low: effect.low,
            high: effect.high,
            difference: effect.difference,
            difference_low: effect.difference_low,
            difference_high: effect.difference_high,
            rates: effect.rates,
            missing: effect.missing,
            words: effect.words,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    device: Uuid,
    /// When; nothing: now. At most 90 days ago.
    #[serde(default)]
    at: Option<Timestamp>,
}

#[utoipa::path(get, path = "/threads/{id}/effect", tag = "context", params(("id" = Uuid, Path)), responses(
    (status = 200, body = AnswerEffect), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<AnswerEffect>, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    show(&api, &caller, &thread).await.map(Json)
}

/// "I applied it", by the owner of the laptop; or a technician marks it.
#[utoipa::path(post, path = "/threads/{id}/applied", tag = "context", params(("id" = Uuid, Path)), request_body = Mark, responses(
    (status = 200, body = AnswerEffect), (status = 400), (status = 403), (status = 404),
))]
pub async fn mark(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(mark): Body<Mark>,
) -> Result<Json<AnswerEffect>, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let post = answer(&thread)?;
    let device = DeviceId(mark.device);
    let how = how(&api, &caller, device).await?;
    let now = api.clock.now();
    let applied_at = mark.at.unwrap_or(now);
    if applied_at > now || now.duration_since(applied_at) > FURTHEST {
        return Err(Problem::invalid(
            "`at` must be a moment of the last 90 days, not in the future",
        ));
    }
    let applied = Applied {
        post,
        device,
        thread: thread.id,
        applied_at,
        how,
        by: caller.account.id,
        at: now,
    };
    api.control.applied().put(&applied).await?;
    measure(&api, post).await?;
    show(&api, &caller, &thread).await.map(Json)
}

/// Takes a mark back.
#[utoipa::path(delete, path = "/threads/{id}/applied/{device}", tag = "context",
    params(("id" = Uuid, Path), ("device" = Uuid, Path)), responses(
    (status = 200, body = AnswerEffect), (status = 403), (status = 404),
))]
pub async fn unmark(
    State(api): State<Api>,
    caller: Caller,
    At((id, device)): At<(Uuid, Uuid)>,
) -> Result<Json<AnswerEffect>, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let post = answer(&thread)?;
    let device = DeviceId(device);
    how(&api, &caller, device).await?;
    if !api.control.applied().remove(post, device).await? {
        return Err(Problem::missing("mark"));
    }
    measure(&api, post).await?;
    show(&api, &caller, &thread).await.map(Json)
}

fn answer(thread: &Thread) -> Result<Uuid, Problem> {
    thread.accepted_post.ok_or_else(|| {
        Problem::invalid("no answer is accepted in this thread yet").coded("no_answer")
    })
}

/// May the caller speak for this laptop? Staff's look is entered into the ledger.
async fn how(api: &Api, caller: &Caller, device: DeviceId) -> Result<How, Problem> {
    api.look(
        caller,
        &Object::Device(device),
        device,
        "mark of an applied fix",
    )
    .await?;
    Ok(match caller.viewer.owns(device) {
        true => How::Owner,
        false => How::Staff,
    })
}

async fn measure(api: &Api, post: Uuid) -> Result<(), Problem> {
    let applied = api.control.applied().of_post(post).await?;
    effects::measure(&api.control, &*api.reads, api.minutes, &applied, &api.clock).await?;
    Ok(())
}

impl From<effects::Error> for Problem {
    fn from(error: effects::Error) -> Self {
        match error {
            effects::Error::Control(error) => error.into(),
            effects::Error::Telemetry(error) => error.into(),
            effects::Error::Measurement => Fault::internal(error).into(),
        }
    }
}

async fn show(api: &Api, caller: &Caller, thread: &Thread) -> Result<AnswerEffect, Problem> {
    let all = match thread.accepted_post {
        Some(post) => api.control.applied().of_post(post).await?,
        None => vec![],
    };
    let own = api
        .control
        .devices()
        .all_of(caller.viewer.devices.iter().copied())
        .await?;
    let mine = own
        .into_iter()
        .filter(|device| device.state.may_report())
        .map(|device| MyDevice {
            applied_at: all
                .iter()
                .find(|one| one.device == device.id)
                .map(|one| one.applied_at),
            id: device.id.0,
            name: device.traits.name,
        })
        .collect();
    let staff = caller.viewer.is_staff();
    let measured = kept(api, thread, &all).await?;
    let shown = match (staff, &measured) {
        (false, Some(measured)) => heard(api, caller, measured).await?,
        _ => measured.clone(),
    };
    let words = match (&thread.accepted_post, &measured, &shown) {
        (None, _, _) => "No answer is accepted yet.".to_owned(),
        (Some(_), None, _) => {
            "Not yet enough to say whether it helped: nobody has said yet that it was applied."
                .to_owned()
        }
        (Some(_), Some(_), None) => format!(
            "Not yet enough to say whether it helped: an effect is shown to everybody from {FLOOR} laptops of others on, and anew when {FLOOR} more applied it."
        ),
        (Some(_), Some(_), Some(measured)) => measured.effect.words.clone(),
    };
    Ok(AnswerEffect {
        post: thread.accepted_post,
        mine,
        waiting: waiting(api, caller, thread, &all).await?,
        applied: applied(api, caller, &all).await?,
        measured_at: shown.as_ref().map(|measured| measured.at),
        effect: shown.map(|measured| measured.effect.into()),
        words,
        caveats: CAVEATS.to_vec(),
    })
}

/// What somebody who is not staff hears of it.
async fn heard(
    api: &Api,
    caller: &Caller,
    measured: &Measured,
) -> Result<Option<Measured>, Problem> {
    let _one_at_a_time = api.telling().await;
    let own = &caller.viewer.devices;
    let told = effects::tell_to(&api.control, &api.clock, measured, own).await?;
    Ok(told.map(|effect| Measured {
        effect,
        ..measured.clone()
    }))
}

/// The last measurement; made anew when somebody asks for one that is missing.
async fn kept(api: &Api, thread: &Thread, all: &[Applied]) -> Result<Option<Measured>, Problem> {
    let (Some(post), false) = (thread.accepted_post, all.is_empty()) else {
        return Ok(None);
    };
    let now = api.clock.now();
    let found = api.control.applied().effect_of(post).await?;
    let is_old =
        |measured: &Measured| !measured.effect.enough && now.duration_since(measured.at) > FRESH;
    match found {
        Some(measured) if !is_old(&measured) => Ok(Some(measured)),
        _ => Ok(effects::measure(&api.control, &*api.reads, api.minutes, all, &api.clock).await?),
    }
}

fn may_open(caller: &Caller, device: DeviceId) -> bool {
    allows(&caller.viewer, Action::See, &Object::Device(device)).is_allowed()
}

async fn waiting(
    api: &Api,
    caller: &Caller,
    thread: &Thread,
    all: &[Applied],
) -> Result<Vec<Waiting>, Problem> {
    if !caller.viewer.is_staff() || thread.accepted_post.is_none() {
        return Ok(vec![]);
    }
    let anomalies = links::surely_of(api, caller, thread).await?;
    let affected: BTreeSet<DeviceId> = anomalies
        .iter()
        .flat_map(|kept| kept.anomaly.finding.devices.iter().copied())
        .filter(|device| all.iter().all(|one| one.device != *device))
        .take(WAITING_LIMIT)
        .collect();
    let mut devices = api.control.devices().all_of(affected).await?;
    devices.retain(|device| device.state.may_report() && may_open(caller, device.id));
    devices.sort_by(|a, b| a.traits.name.cmp(&b.traits.name));
    Ok(devices
        .into_iter()
        .map(|device| Waiting {
            id: device.id.0,
            name: device.traits.name,
        })
        .collect())
}

async fn applied(
    api: &Api,
    caller: &Caller,
    all: &[Applied],
) -> Result<Vec<AppliedDevice>, Problem> {
    let shown: Vec<&Applied> = all
        .iter()
        .filter(|one| caller.viewer.is_staff() || caller.viewer.owns(one.device))
        .collect();
    let devices = api
        .control
        .devices()
        .all_of(shown.iter().map(|one| one.device))
        .await?;
    let names = Names::of(api, shown.iter().map(|one| one.by)).await?;
    Ok(shown
        .into_iter()
        .map(|one| AppliedDevice {
            id: one.device.0,
            name: devices
                .iter()
                .find(|device| device.id == one.device)
                .map(|device| device.traits.name.clone())
                .unwrap_or_default(),
            applied_at: one.applied_at,
            how: one.how,
            by: names.named(one.by),
        })
        .collect())
}
