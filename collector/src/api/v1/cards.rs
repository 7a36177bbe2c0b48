//! Context cards, by their owner: choose the facts, see them as a peer does, take them back.
//!
//! **Invariant: only the owner of a laptop decides**, and the preview is drawn by the very function that draws the card.

use std::collections::{BTreeSet, HashMap};

use axum::{Json, extract::State, http::StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object, Role, Viewer},
    card::{CardFact, Share},
    device::DeviceId,
};
use weft_collector_store::control::{cards::Shared as Stored, devices::Device};

use super::threads::context::{ContextCard, Shared, draw, shares};
use crate::api::{
    Api, Caller,
    input::{At, Body, Params},
    problem::Problem,
};

/// A share that nobody looks at again should not last for ever.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

#[derive(Debug, Serialize, ToSchema)]
pub struct Card {
    device: Uuid,
    /// Everything that can be chosen, with its words. Programs and apps are not among it and never will be.
    choices: Vec<Choice>,
    /// What is shown now; `null`: nothing.
    #[schema(required)]
    shared: Option<Shared>,
    /// Who sees what whatever is chosen, in words.
    stated: Vec<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Choice {
    #[schema(value_type = String)]
    fact: CardFact,
    label: &'static str,
}

const STATED: [&str; 3] = [
    "Technicians, security and IT see every fact of this list without being asked; each look of theirs stands in your ledger.",
    "Peers see the facts that you choose, in this thread only, until the day that you set; each look stands in your ledger.",
    "What you run, your apps and findings about them are never shown to peers or technicians, whatever you choose.",
];

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choose {
    #[schema(value_type = Vec<String>)]
    facts: BTreeSet<CardFact>,
    /// Nothing: until you take it back.
    #[serde(default)]
    until: Option<Timestamp>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Preview {
    /// Facts to try, separated by commas; nothing: as shared now.
    facts: Option<String>,
}

#[utoipa::path(get, path = "/threads/{id}/cards/{device}", tag = "context",
    params(("id" = Uuid, Path), ("device" = Uuid, Path)), responses(
    (status = 200, body = Card), (status = 403), (status = 404),
))]
pub async fn read(
    State(api): State<Api>,
    caller: Caller,
    At((id, device)): At<(Uuid, Uuid)>,
) -> Result<Json<Card>, Problem> {
    let device = own(&api, &caller, id, device).await?;
    show(&api, id, device.id).await.map(Json)
}

/// Shows these facts of the laptop to whoever reads the thread.
#[utoipa::path(put, path = "/threads/{id}/cards/{device}", tag = "context",
    params(("id" = Uuid, Path), ("device" = Uuid, Path)), request_body = Choose, responses(
    (status = 200, body = Card), (status = 400), (status = 403), (status = 404),
))]
pub async fn share(
    State(api): State<Api>,
    caller: Caller,
    At((id, device)): At<(Uuid, Uuid)>,
    Body(choose): Body<Choose>,
) -> Result<Json<Card>, Problem> {
    let device = own(&api, &caller, id, device).await?;
    let now = api.clock.now();
    if choose.facts.is_empty() {
        return Err(Problem::invalid(
            "choose at least one fact, or take the card back",
        ));
    }
    if choose
        .until
        .is_some_and(|until| until <= now || until.duration_since(now) > LONGEST)
    {
        return Err(Problem::invalid(
            "`until` must lie in the future, and within a year",
        ));
    }
    let shared = Stored {
        thread: id,
        device: device.id,
        share: Share {
            facts: choose.facts,
            until: choose.until,
        },
        by: caller.account.id,
        at: now,
    };
    api.control.cards().put(&shared).await?;
    show(&api, id, device.id).await.map(Json)
}

/// Takes the card back, at once.
#[utoipa::path(delete, path = "/threads/{id}/cards/{device}", tag = "context",
    params(("id" = Uuid, Path), ("device" = Uuid, Path)), responses(
    (status = 204), (status = 403), (status = 404),
))]
pub async fn unshare(
    State(api): State<Api>,
    caller: Caller,
    At((id, device)): At<(Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    // Whoever was shut out of the talk can still take back what is shown there.
    let device = DeviceId(device);
    api.may(&caller, Action::Change, &Object::ContextCard(device))?;
    match api.control.cards().remove(id, device).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::missing("shared card")),
    }
}

/// The card exactly as a peer sees it; `null`: a peer sees none.
#[utoipa::path(get, path = "/threads/{id}/cards/{device}/preview", tag = "context",
    params(("id" = Uuid, Path), ("device" = Uuid, Path), Preview), responses(
    (status = 200, body = Option<ContextCard>), (status = 400), (status = 403), (status = 404),
))]
pub async fn preview(
    State(api): State<Api>,
    caller: Caller,
    At((id, device)): At<(Uuid, Uuid)>,
    Params(preview): Params<Preview>,
) -> Result<Json<Option<ContextCard>>, Problem> {
    let device = own(&api, &caller, id, device).await?;
    let mut shares = shares(&api, id).await?;
    if let Some(facts) = &preview.facts {
        let share = Share {
            facts: chosen(facts)?,
            until: None,
        };
        shares = HashMap::from([(device.id, share)]);
    }
    // Somebody with an account, no role and no laptop.
    let peer = Viewer {
        account: Uuid::nil(),
        roles: vec![Role::User],
        ..Viewer::default()
    };
    let drawn = draw(&api, &peer, vec![device], &shares).await?;
    Ok(Json(drawn.into_iter().next().map(|drawn| drawn.card)))
}

/// Everything that is shown of a laptop anywhere, for its owner.
#[derive(Debug, Serialize, ToSchema)]
pub struct SharedIn {
    thread: Uuid,
    title: String,
    #[serde(flatten)]
    shared: Shared,
}

#[utoipa::path(get, path = "/devices/{id}/shared", tag = "devices", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<SharedIn>), (status = 403),
))]
pub async fn of_device(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<SharedIn>>, Problem> {
    let device = DeviceId(id);
    api.may(&caller, Action::Change, &Object::ContextCard(device))?;
    let now = api.clock.now();
    let shared = api.control.cards().of_device(device).await?;
    let ids = shared.iter().map(|shared| shared.thread).collect();
    let threads = api.control.threads().all_of(ids, caller.reader()).await?;
    Ok(Json(
        shared
            .into_iter()
            .filter(|shared| shared.share.in_force(now))
            .map(|shared| SharedIn {
                title: threads
                    .iter()
                    .find(|thread| thread.id == shared.thread)
                    .map(|thread| thread.title.clone())
                    .unwrap_or_default(),
                thread: shared.thread,
                shared: shared.share.into(),
            })
            .collect(),
    ))
}

/// The laptop, when it is the caller's and the talk is theirs to read.
async fn own(api: &Api, caller: &Caller, thread: Uuid, device: Uuid) -> Result<Device, Problem> {
    let device = DeviceId(device);
    api.may(caller, Action::Change, &Object::ContextCard(device))?;
    api.threads.thread(&caller.account, thread).await?;
    let found = api.control.devices().get(device).await?;
    found.ok_or_else(|| Problem::missing("device"))
}

async fn show(api: &Api, thread: Uuid, device: DeviceId) -> Result<Card, Problem> {
    let now = api.clock.now();
    let share = shares(api, thread).await?.remove(&device);
    Ok(Card {
        device: device.0,
        choices: CardFact::ALL
            .into_iter()
            .map(|fact| Choice {
                fact,
                label: fact.label(),
            })
            .collect(),
        shared: share.filter(|share| share.in_force(now)).map(Shared::from),
        stated: STATED.to_vec(),
    })
}

fn chosen(facts: &str) -> Result<BTreeSet<CardFact>, Problem> {
    let words = facts
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    words
        .map(|word| {
            serde_json::from_value(word.into()).map_err(|_| {
                let known: Vec<String> = CardFact::ALL
                    .iter()
                    .filter_map(|fact| Some(serde_json::to_value(fact).ok()?.as_str()?.to_owned()))
                    .collect();
                Problem::invalid(format!(
                    "{word:?} is no fact of a card: choose among {}",
                    known.join(", ")
                ))
            })
        })
        .collect()
}
