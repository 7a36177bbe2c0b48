//! Peers: agreeing to be found, finding, inviting, thanking.
//!
//! **Invariant: only who agreed is found, only who was found (or is a technician) is invited**, a few times at most; a no is not
//! told on. Thanks are read by two people, and by others only where both agree. Nothing here counts helpers.

pub mod invite;
pub mod thank;

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    card::CardFact,
    finding::{Finding, Kind, Subject},
    peers::{self, Candidate, Findable, Match, Wanted, problem},
};
use weft_collector_store::control::{devices::Device, peers::Agreed, threads::Thread};

use super::{
    links,
    shape::{Names, Person},
    threads::{context, participants},
};
use crate::{
    api::{
        Api, Caller, guard,
        input::{At, Body},
        problem::Problem,
    },
    watch::earlier,
};

/// Trouble of longer ago is forgotten.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 90);
const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);

/// What I agreed to. Nothing is on until I say so.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MyPeers {
    /// People with the same laptop model may find me.
    #[serde(default)]
    by_model: bool,
    /// People whose laptop has the same trouble may find me: they learn that mine has or had it.
    #[serde(default)]
    by_problem: bool,
    /// Thanks to me may be shown beside my answer, where the giver agrees too.
    #[serde(default)]
    show_thanks: bool,
}

#[utoipa::path(get, path = "/me/peers", tag = "peers", responses((status = 200, body = MyPeers)))]
pub async fn read(State(api): State<Api>, caller: Caller) -> Result<Json<MyPeers>, Problem> {
    let agreed = api.control.peers().get(caller.account.id).await?;
    Ok(Json(MyPeers {
        by_model: agreed.findable.by_model,
        by_problem: agreed.findable.by_problem,
        show_thanks: agreed.show_thanks,
    }))
}

#[utoipa::path(put, path = "/me/peers", tag = "peers", request_body = MyPeers, responses((status = 200, body = MyPeers)))]
pub async fn set(
    State(api): State<Api>,
    caller: Caller,
    Body(mine): Body<MyPeers>,
) -> Result<Json<MyPeers>, Problem> {
    let agreed = Agreed {
        findable: Findable {
            by_model: mine.by_model,
            by_problem: mine.by_problem,
        },
        show_thanks: mine.show_thanks,
    };
    let now = api.clock.now();
    api.control
        .peers()
        .set(caller.account.id, agreed, now)
        .await?;
    Ok(Json(mine))
}

/// Somebody who agreed to be found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Peer {
    person: Person,
    same_model: bool,
    same_problem: bool,
    /// "has the same laptop (ThinkPad T14)".
    reasons: Vec<String>,
}

#[utoipa::path(get, path = "/threads/{id}/peers", tag = "peers", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<Peer>), (status = 404),
))]
pub async fn of_thread(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<Peer>>, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let found = find(&api, &caller, &thread).await?;
    show(&api, found).await.map(Json)
}

#[utoipa::path(get, path = "/anomalies/{id}/peers", tag = "peers", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<Peer>), (status = 404),
))]
pub async fn of_anomaly(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<Peer>>, Problem> {
    let kept = api.control.anomalies().get(id).await?;
    let Some(kept) = kept.filter(|kept| guard::sees(&caller, &kept.anomaly).is_allowed()) else {
        return Err(Problem::missing("anomaly"));
    };
    let devices = api.control.devices().list().await?;
    let finding = &kept.anomaly.finding;
    let concerned = |device: &&Device| match finding.subject {
        Subject::Device(subject) => subject == device.id,
        Subject::Cohort(_) => caller.viewer.owns(device.id) && finding.devices.contains(&device.id),
    };
    let wanted = Wanted {
        models: models(devices.iter().filter(concerned)),
        problems: problem(finding).into_iter().collect(),
        but: BTreeSet::from([caller.account.id]),
        turn: id,
    };
    let candidates = candidates(&api, &devices).await?;
    show(&api, peers::find(&wanted, &candidates))
        .await
        .map(Json)
}

/// Who fits this talk: by the caller's own laptops, by what its author shows or staff may know, by linked trouble.
pub(super) async fn find(
    api: &Api,
    caller: &Caller,
    thread: &Thread,
) -> Result<Vec<Match>, Problem> {
    let devices = api.control.devices().list().await?;
    let now = api.clock.now();
    let shares = context::shares(api, thread.id).await?;
    let shows_model = |device: &Device| {
        let share = shares.get(&device.id).filter(|share| share.in_force(now));
        share.is_some_and(|share| share.facts.contains(&CardFact::Model))
    };
    let known = |device: &&Device| {
        let of_author = device.owner == Some(thread.author);
        caller.viewer.owns(device.id)
            || (of_author && caller.viewer.is_staff())
            || shows_model(device)
    };
    let mut but = participants(api, thread).await?;
    but.insert(caller.account.id);
    let invited = api.control.invitations().of_thread(thread.id).await?;
    but.extend(invited.into_iter().map(|one| one.invitee));
    let wanted = Wanted {
        models: models(devices.iter().filter(known)),
        problems: problems(api, caller, thread).await?,
        but,
        turn: thread.id,
    };
    Ok(peers::find(&wanted, &candidates(api, &devices).await?))
}

fn models<'a>(devices: impl Iterator<Item = &'a Device>) -> BTreeSet<String> {
    devices
        .map(|device| device.traits.model.clone())
        .filter(|model| !model.is_empty())
        .collect()
}

/// The troubles that the talk is surely about, as far as the caller may see them.
async fn problems(
    api: &Api,
    caller: &Caller,
    thread: &Thread,
) -> Result<BTreeSet<String>, Problem> {
    let found = links::surely_of(api, caller, thread).await?;
    Ok(found
        .iter()
        .filter_map(|kept| problem(&kept.anomaly.finding))
        .collect())
}

async fn candidates(api: &Api, devices: &[Device]) -> Result<Vec<Candidate>, Problem> {
    let now = api.clock.now();
    let findable = api.control.peers().findable().await?;
    if findable.is_empty() {
        return Ok(vec![]);
    }
    let asked = api
        .control
        .invitations()
        .got_since(earlier(now, WEEK))
        .await?;
    let asked: BTreeMap<Uuid, u64> = asked.into_iter().collect();
    let mut owned: BTreeMap<Uuid, Vec<&Device>> = BTreeMap::new();
    for device in devices.iter().filter(|device| device.state.may_report()) {
        if let Some(owner) = device.owner {
            owned.entry(owner).or_default().push(device);
        }
    }
    let known = api
        .control
        .anomalies()
        .known(earlier(now, REMEMBERED))
        .await?;
    let accounts = api
        .control
        .accounts()
        .all_of(findable.iter().map(|(account, _)| *account))
        .await?;
    let lives = |account: Uuid| {
        accounts
            .iter()
            .any(|one| one.id == account && !one.disabled)
    };
    Ok(findable
        .into_iter()
        .filter(|(account, _)| lives(*account))
        .map(|(account, findable)| {
            let own = owned.remove(&account).unwrap_or_default();
            let has = |finding: &Finding| {
                own.iter().any(|device| match &finding.subject {
                    Subject::Device(subject) => *subject == device.id,
                    Subject::Cohort(_) => finding.devices.contains(&device.id),
                })
            };
            Candidate {
                account,
                findable,
                models: models(own.iter().copied()),
                problems: known
                    .iter()
                    .map(|kept| &kept.anomaly.finding)
                    .filter(|finding| has(finding))
                    .filter_map(|finding| Some((problem(finding)?, trouble(finding.kind))))
                    .collect(),
                asked: asked
                    .get(&account)
                    .map_or(0, |count| u32::try_from(*count).unwrap_or(u32::MAX)),
            }
        })
        .collect())
}

/// In words that name no laptop.
fn trouble(kind: Kind) -> String {
    match kind {
        Kind::Reboot => "unexpected restarts",
        Kind::Capacity => "disk, memory, heat or battery",
        // Never asked for: `problem` gives none.
        Kind::Process | Kind::App | Kind::Compound => "",
    }
    .to_owned()
}

async fn show(api: &Api, found: Vec<Match>) -> Result<Vec<Peer>, Problem> {
    let names = Names::of(api, found.iter().map(|one| one.account)).await?;
    Ok(found
        .into_iter()
        .map(|one| Peer {
            person: names.person(one.account),
            same_model: one.same_model,
            same_problem: one.same_problem,
            reasons: one.reasons,
        })
        .collect())
}
