//! `GET /devices/{id}/looks`: who looked at this laptop. For its owner and admins.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_core::{authority::Object, device::DeviceId};
use weft_collector_store::control::looks::Seen;

use crate::api::{
    Api, Caller,
    input::{At, Params},
    page::{self, Page},
    problem::Problem,
    v1::shape::{Names, Person},
};
use crate::watch::earlier;

const LIST: &str = "looks";
/// How far back the summary reads, and how many entries: half a year of a busy talk.
const SUMMED: SignedDuration = SignedDuration::from_hours(24 * 180);
const MOST: u64 = 5_000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Look {
    at: Timestamp,
    who: Person,
    /// Everything looked at within that hour.
    what: String,
}

#[utoipa::path(get, path = "/devices/{id}/looks", tag = "devices", params(("id" = Uuid, Path), Query), responses(
    (status = 200, body = Page<Look>), (status = 403), (status = 404),
))]
pub async fn looks(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(query): Params<Query>,
) -> Result<Json<Page<Look>>, Problem> {
    let id = DeviceId(id);
    api.look(&caller, &Object::Ledger(id), id, "this ledger")
        .await?;
    let limit = page::limit(query.limit)?;
    let after = page::place::<(Timestamp, Uuid)>(LIST, query.cursor.as_deref())?;
    let found = api.control.looks().of_device(id, after, limit + 1).await?;
    let names = Names::of(&api, found.iter().map(|look| look.viewer)).await?;
    Ok(Json(Page::of(
        LIST,
        found,
        limit,
        |look| (look.at, look.viewer),
        |look| Look {
            at: look.at,
            who: names.person(look.viewer),
            what: look.what,
        },
    )))
}

/// One person's looks, summed up for reading.
#[derive(Debug, Serialize, ToSchema)]
pub struct LooksOf {
    who: Person,
    first: Timestamp,
    last: Timestamp,
    /// Hours with a look; several looks within an hour are one.
    hours: usize,
    /// Everything that was looked at.
    what: BTreeSet<String>,
    /// Facts on cards, and where.
    seen: Vec<SeenIn>,
    /// "Ana (technician) looked in 3 hours between 2 and 9 March: context card, vitals."
    words: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SeenIn {
    /// The talk; `null`: another place.
    #[schema(required)]
    thread: Option<Uuid>,
    /// Its title, as far as the reader may see it; or the place.
    place: String,
    facts: BTreeSet<String>,
    times: u32,
    last: Timestamp,
}

#[utoipa::path(get, path = "/devices/{id}/looks/summary", tag = "devices", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<LooksOf>), (status = 403), (status = 404),
))]
pub async fn summary(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<LooksOf>>, Problem> {
    let id = DeviceId(id);
    api.look(&caller, &Object::Ledger(id), id, "this ledger")
        .await?;
    let since = earlier(api.clock.now(), SUMMED);
    let mut looks = api.control.looks().of_device(id, None, MOST).await?;
    looks.retain(|look| look.at >= since);
    let seen = api.control.looks().seen_of(id, since, MOST).await?;
    let names = Names::of(&api, looks.iter().map(|look| look.viewer)).await?;
    let threads = seen
        .iter()
        .filter_map(|seen| thread_of(&seen.place))
        .collect();
    let threads = api
        .control
        .threads()
        .all_of(threads, caller.reader())
        .await?;
    let titles: BTreeMap<Uuid, String> = threads
        .into_iter()
        .map(|thread| (thread.id, thread.title))
        .collect();
    let mut by_viewer: BTreeMap<Uuid, Vec<_>> = BTreeMap::new();
    for look in looks {
        by_viewer.entry(look.viewer).or_default().push(look);
    }
    let mut summed: Vec<LooksOf> = by_viewer
        .into_iter()
        .filter_map(|(viewer, looks)| {
            let first = looks.iter().map(|look| look.at).min()?;
            let last = looks.iter().map(|look| look.at).max()?;
            let what: BTreeSet<String> = looks
                .iter()
                .flat_map(|look| look.what.split(", ").map(str::to_owned))
                .collect();
            let who = names.person(viewer);
            Some(LooksOf {
                words: words(&who, looks.len(), first, last, &what),
                seen: seen_in(&seen, viewer, &titles),
                who,
                first,
                last,
                hours: looks.len(),
                what,
            })
        })
        .collect();
    summed.sort_by_key(|one| std::cmp::Reverse(one.last));
    Ok(Json(summed))
}

fn thread_of(place: &str) -> Option<Uuid> {
    place.strip_prefix("thread:")?.parse().ok()
}

fn seen_in(seen: &[Seen], viewer: Uuid, titles: &BTreeMap<Uuid, String>) -> Vec<SeenIn> {
    let mut places: BTreeMap<&str, SeenIn> = BTreeMap::new();
    for one in seen.iter().filter(|one| one.viewer == viewer) {
        let thread = thread_of(&one.place);
        let place = places.entry(&one.place).or_insert_with(|| SeenIn {
            thread,
            place: match thread {
                Some(thread) => titles
                    .get(&thread)
                    .cloned()
                    .unwrap_or_else(|| "a thread that you cannot read".to_owned()),
                None => one.place.clone(),
            },
            facts: BTreeSet::new(),
            times: 0,
            last: one.at,
        });
        place.facts.extend(one.facts.iter().cloned());
        place.times = place.times.saturating_add(one.times);
        place.last = place.last.max(one.at);
    }
    places.into_values().collect()
}

fn words(
    who: &Person,
    hours: usize,
    first: Timestamp,
    last: Timestamp,
    what: &BTreeSet<String>,
) -> String {
    let roles: Vec<String> = who
        .roles
        .iter()
        .filter_map(|role| Some(serde_json::to_value(role).ok()?.as_str()?.to_owned()))
        .filter(|role| role != "user")
        .collect();
    let roles = match roles.is_empty() {
        true => "peer".to_owned(),
        false => roles.join(", "),
    };
    let day = |at: Timestamp| at.strftime("%-d %B").to_string();
    let when = match (day(first), day(last)) {
        (first, last) if first == last => format!("on {first}"),
        (first, last) => format!("between {first} and {last}"),
    };
    let times = match hours {
        1 => "once".to_owned(),
        hours => format!("in {hours} different hours"),
    };
    let what: Vec<&str> = what.iter().map(String::as_str).collect();
    format!(
        "{} ({roles}) looked {times} {when}: {}.",
        who.name,
        what.join(", ")
    )
}
