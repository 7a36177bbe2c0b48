//! Links between anomalies and threads, as people see them and decide about them.
//!
//! **Invariant: a link is shown only to those who may see both of its ends.**

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::State,
    authority::{Action, Object, allows},
    finding::{Kind, Severity},
    link::{Link as CoreLink, LinkState, Reason as CoreReason},
};
use weft_collector_store::control::{anomalies::Kept, threads::Thread};

use crate::{
    api::{Api, Caller, guard, problem::Problem},
    threads::voice::News,
};

pub mod confirm;
pub mod make;
pub mod reject;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Link {
    pub anomaly: LinkedAnomaly,
    pub thread: LinkedThread,
    /// Probability that they are about the same thing, 0..1.
    pub score: f64,
    #[schema(value_type = String)]
    pub state: LinkState,
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LinkedAnomaly {
    pub id: Uuid,
    pub title: String,
    #[schema(value_type = String)]
    pub kind: Kind,
    #[schema(value_type = String)]
    pub severity: Severity,
    #[schema(value_type = String)]
    pub state: State,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LinkedThread {
    pub id: Uuid,
    pub title: String,
    /// Name of its space.
    pub space: String,
}

/// One reason with its share of the score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reason {
    pub feature: String,
    pub weight: f64,
    pub text: String,
}

impl From<CoreReason> for Reason {
    fn from(reason: CoreReason) -> Self {
        Self {
            feature: reason.feature,
            weight: reason.weight,
            text: reason.text,
        }
    }
}

/// The links of these threads whose anomalies the caller may see, strongest first. Rejected ones are for staff, who may
/// think again.
pub async fn of_threads(
    api: &Api,
    caller: &Caller,
    threads: &[Thread],
) -> Result<Vec<Link>, Problem> {
    let links = api
        .control
        .links()
        .of_threads(threads.iter().map(|thread| thread.id).collect())
        .await?;
    show(api, caller, links, vec![]).await
}

/// The anomalies that the thread is surely about (confirmed or automatic) and that the caller may see.
pub async fn surely_of(api: &Api, caller: &Caller, thread: &Thread) -> Result<Vec<Kept>, Problem> {
    let links = api.control.links().of_threads(vec![thread.id]).await?;
    let sure = links
        .into_iter()
        .filter(|link| matches!(link.state, LinkState::Confirmed | LinkState::Automatic))
        .map(|link| link.anomaly)
        .collect();
    let mut found = api.control.anomalies().all_of(sure).await?;
    found.retain(|kept| guard::sees(caller, &kept.anomaly).is_allowed());
    Ok(found)
}

/// The links of these anomalies whose threads the caller may see, strongest first.
pub async fn of_anomalies(
    api: &Api,
    caller: &Caller,
    anomalies: &[Kept],
) -> Result<Vec<Link>, Problem> {
    let ids = anomalies.iter().map(|kept| kept.anomaly.id).collect();
    let links = api.control.links().of_anomalies(ids).await?;
    show(api, caller, links, anomalies.to_vec()).await
}

/// Joins links with both of their ends, dropping what the caller may not see. `known` saves reading again.
async fn show(
    api: &Api,
    caller: &Caller,
    links: Vec<CoreLink>,
    known: Vec<Kept>,
) -> Result<Vec<Link>, Problem> {
    let links: Vec<_> = links
        .into_iter()
        .filter(|link| link.state != LinkState::Rejected || caller.viewer.is_staff())
        .collect();
    if links.is_empty() {
        return Ok(vec![]);
    }
    let mut anomalies: HashMap<Uuid, Kept> = known
        .into_iter()
        .map(|kept| (kept.anomaly.id, kept))
        .collect();
    let unknown: BTreeSet<Uuid> = links
        .iter()
        .map(|link| link.anomaly)
        .filter(|id| !anomalies.contains_key(id))
        .collect();
    let read = api
        .control
        .anomalies()
        .all_of(unknown.into_iter().collect())
        .await?;
    anomalies.extend(read.into_iter().map(|kept| (kept.anomaly.id, kept)));
    let ids: BTreeSet<Uuid> = links.iter().map(|link| link.thread).collect();
    let threads = api
        .control
        .threads()
        .all_of(ids.into_iter().collect(), caller.reader())
        .await?;
    let threads: HashMap<Uuid, Thread> = threads
        .into_iter()
        .map(|thread| (thread.id, thread))
        .collect();
    let spaces = api.control.spaces().list().await?;
    let names: HashMap<Uuid, String> = spaces
        .into_iter()
        .map(|space| (space.id, space.name))
        .collect();

    let both = links.into_iter().filter_map(|link| {
        let anomaly = &anomalies.get(&link.anomaly)?.anomaly;
        let thread = threads.get(&link.thread)?;
        let object = Object::Link((&anomaly.finding).into());
        allows(&caller.viewer, Action::See, &object)
            .is_allowed()
            .then(|| Link {
                anomaly: LinkedAnomaly {
                    id: anomaly.id,
                    title: anomaly.finding.title.clone(),
                    kind: anomaly.finding.kind,
                    severity: anomaly.finding.severity,
                    state: anomaly.state,
                },
                thread: LinkedThread {
                    id: thread.id,
                    title: thread.title.clone(),
                    space: names.get(&thread.space).cloned().unwrap_or_default(),
                },
                score: link.score,
                state: link.state,
                reasons: link.reasons.into_iter().map(Reason::from).collect(),
            })
    });
    Ok(both.collect())
}

/// Both ends of a link, when the caller may see them and do this about their tie.
async fn ends(
    api: &Api,
    caller: &Caller,
    action: Action,
    anomaly: Uuid,
    thread: Uuid,
) -> Result<(Kept, Thread), Problem> {
    let kept = super::anomalies::find(api, caller, anomaly).await?;
    let thread = api.threads.thread(&caller.account, thread).await?;
    api.may(
        caller,
        action,
        &Object::Link((&kept.anomaly.finding).into()),
    )?;
    Ok((kept, thread))
}

/// A person's word about a pair that the linker proposed.
async fn decide(
    api: &Api,
    caller: &Caller,
    anomaly: Uuid,
    thread: Uuid,
    state: LinkState,
) -> Result<Link, Problem> {
    let (kept, thread) = ends(api, caller, Action::Judge, anomaly, thread).await?;
    let Some(link) = api.control.links().get(anomaly, thread.id).await? else {
        return Err(Problem::missing("link"));
    };
    keep(api, caller, &kept, &thread, CoreLink { state, ..link }).await
}

/// Keeps a person's decision and shows it.
async fn keep(
    api: &Api,
    caller: &Caller,
    kept: &Kept,
    thread: &Thread,
    link: CoreLink,
) -> Result<Link, Problem> {
    let (anomaly, state) = (kept.anomaly.id, link.state);
    api.control
        .links()
        .decide(&link, caller.account.id, api.clock.now())
        .await?;
    if state == LinkState::Confirmed {
        api.voice
            .try_to_say(thread.id, &kept.anomaly, News::Linked)
            .await;
    }
    let action = match state {
        LinkState::Rejected => "link.reject",
        _ => "link.confirm",
    };
    api.audit(
        caller,
        action,
        &anomaly.to_string(),
        &format!("thread {}", thread.id),
    )
    .await;
    let spaces = api.control.spaces().find(&thread.space.to_string()).await?;
    Ok(Link {
        anomaly: LinkedAnomaly {
            id: anomaly,
            title: kept.anomaly.finding.title.clone(),
            kind: kept.anomaly.finding.kind,
            severity: kept.anomaly.finding.severity,
            state: kept.anomaly.state,
        },
        thread: LinkedThread {
            id: thread.id,
            title: thread.title.clone(),
            space: spaces.map(|space| space.name).unwrap_or_default(),
        },
        score: link.score,
        state,
        reasons: link.reasons.into_iter().map(Reason::from).collect(),
    })
}
