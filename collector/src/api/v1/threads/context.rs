//! `GET /threads/{id}/context`: what the talk may know of its people's laptops.
//!
//! **Invariant: a card never holds a program or an app**, for nobody; and a number about a group is told only when the
//! group has at least [`ANONYMITY_FLOOR`] laptops. Which facts a reader sees is asked of `core::card`, and [`draw`] is the only
//! way to a card, for the talk and for the owner's preview alike. Every card of somebody else's laptop that is shown is entered
//! into its owner's ledger with its facts and the talk.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::{ANONYMITY_FLOOR, Viewer},
    card::{self, CardFact, Share},
    device::DeviceId,
};
use weft_collector_store::control::{devices::Device, threads::Thread};

use super::participants;
use crate::{
    api::{
        Api, Caller,
        input::At,
        problem::Problem,
        reads::{DeviceDay, Inventory, Span, Who},
        v1::{
            anomalies::DeviceRef,
            shape::{Named, Names},
        },
    },
    groups,
};

/// Days that a card looks back.
const DAYS: u32 = 30;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Cards of one thread: more is a list of devices, not a context.
const MOST: usize = 12;
/// Laptops of one talk among which cards are looked for: those of a hundred people.
const MOST_LOOKED_AT: usize = 200;
/// Vitals older than this say nothing about now.
const FRESH: SignedDuration = SignedDuration::from_hours(7 * 24);
/// From this use on a disk gets in the way; beyond the second, updates fail.
const DISK_WARN: f64 = 0.85;
const DISK_BAD: f64 = 0.95;
/// Below these shares of its design a battery is worn; makers replace at 60 to 80 %.
const BATTERY_WARN: f64 = 0.8;
const BATTERY_BAD: f64 = 0.6;
/// One unexpected restart a month happens; one a week does not.
const RESTARTS_BAD: u64 = 4;
/// Stands for the name of a laptop whose owner does not show it.
const NO_NAME: &str = "a laptop";

#[derive(Debug, Serialize, ToSchema)]
pub struct ContextCard {
    device: DeviceRef,
    owner: Named,
    /// Who sees this card, in words.
    audience: String,
    facts: Vec<Fact>,
    /// Last 30 days, oldest first.
    boots_by_day: Vec<CardDay>,
    /// Laptops of the same model; `null` below the anonymity floor.
    #[schema(required)]
    peers: Option<Peers>,
    /// The reader's own laptop.
    mine: bool,
    /// For its owner: what peers see of it here; `null`: nothing.
    #[schema(required)]
    shared: Option<Shared>,
}

/// What an owner shows of a laptop in a talk.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Shared {
    /// Words of `core::card`: `model`, `system`, `restarts`, ...
    #[schema(value_type = Vec<String>)]
    pub facts: BTreeSet<CardFact>,
    #[schema(required)]
    pub until: Option<Timestamp>,
}

impl From<Share> for Shared {
    fn from(share: Share) -> Self {
        Self {
            facts: share.facts,
            until: share.until,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Fact {
    /// Which of the facts that an owner chooses from.
    #[schema(value_type = String)]
    fact: CardFact,
    label: &'static str,
    value: String,
    tone: Tone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CardDay {
    day: String,
    expected: u64,
    unexpected: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Peers {
    model: String,
    /// The other laptops of this model.
    devices: usize,
    /// Share of them with at least one unexpected restart in 30 days.
    #[schema(required)]
    unexpected_ratio: Option<f64>,
}

#[utoipa::path(get, path = "/threads/{id}/context", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<ContextCard>), (status = 404),
))]
pub async fn context(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<ContextCard>>, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let shares = shares(&api, id).await?;
    let devices = of_talk(&api, &thread).await?;
    let drawn = draw(&api, &caller.viewer, devices, &shares).await?;
    tell(&api, &caller, id, &drawn).await?;
    Ok(Json(drawn.into_iter().map(|drawn| drawn.card).collect()))
}

/// Laptops of the people here; whoever opened the talk comes first: it is their trouble.
async fn of_talk(api: &Api, thread: &Thread) -> Result<Vec<Device>, Problem> {
    let people = participants(api, thread).await?;
    let others = people.iter().filter(|person| **person != thread.author);
    let mut devices: Vec<Device> = Vec::new();
    for person in std::iter::once(&thread.author).chain(others) {
        let owned = api.control.devices().of_owner(*person).await?;
        devices.extend(owned.into_iter().filter(|device| device.state.may_report()));
        if devices.len() >= MOST_LOOKED_AT {
            break;
        }
    }
    Ok(devices)
}

/// What owners show in a talk.
pub(in crate::api::v1) async fn shares(
    api: &Api,
    thread: Uuid,
) -> Result<HashMap<DeviceId, Share>, Problem> {
    let shared = api.control.cards().of_thread(thread).await?;
    Ok(shared
        .into_iter()
        .map(|shared| (shared.device, shared.share))
        .collect())
}

/// A card, and the facts that it shows.
pub(in crate::api::v1) struct Drawn {
    pub device: DeviceId,
    pub facts: BTreeSet<CardFact>,
    pub card: ContextCard,
}

/// The cards of these laptops as `viewer` sees them; a laptop of which nothing is shown has none.
pub(in crate::api::v1) async fn draw(
    api: &Api,
    viewer: &Viewer,
    devices: Vec<Device>,
    shares: &HashMap<DeviceId, Share>,
) -> Result<Vec<Drawn>, Problem> {
    let now = api.clock.now();
    let mut shown: Vec<(Device, BTreeSet<CardFact>)> = devices
        .into_iter()
        .map(|device| {
            let facts = card::shown(viewer, device.id, shares.get(&device.id), now);
            (device, facts)
        })
        .filter(|(_, facts)| !facts.is_empty())
        .collect();
    shown.truncate(MOST);
    if shown.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<DeviceId> = shown.iter().map(|(device, _)| device.id).collect();
    let mut days: HashMap<DeviceId, Vec<DeviceDay>> = HashMap::new();
    for day in api.reads.boots_by_device_day(&ids, now, DAYS).await? {
        days.entry(day.device).or_default().push(day);
    }
    let names = Names::of(api, shown.iter().filter_map(|(device, _)| device.owner)).await?;
    let of_model: Vec<&Device> = shown
        .iter()
        .filter(|(_, facts)| facts.contains(&CardFact::SameModel))
        .map(|(device, _)| device)
        .collect();
    let peers = PeerNumbers::of(api, viewer, &of_model, now).await?;
    let mut cards = Vec::with_capacity(shown.len());
    for (device, chosen) in shown {
        let mine = viewer.owns(device.id);
        let boots = calendar(days.remove(&device.id).unwrap_or_default(), now);
        let unexpected = boots.iter().map(|day| day.unexpected).sum();
        let has = |fact: CardFact| chosen.contains(&fact);
        let share = shares.get(&device.id).filter(|share| share.in_force(now));
        let card = ContextCard {
            facts: facts(api, &device, &chosen, unexpected, now).await?,
            owner: device
                .owner
                .map(|owner| names.named(owner))
                .unwrap_or(Named {
                    id: Uuid::nil(),
                    name: String::new(),
                }),
            audience: audience(viewer, mine, share),
            boots_by_day: if has(CardFact::RestartsByDay) {
                boots
            } else {
                vec![]
            },
            peers: match has(CardFact::SameModel) {
                true => peers.about(&device),
                false => None,
            },
            mine,
            shared: share.filter(|_| mine).cloned().map(Shared::from),
            device: DeviceRef {
                id: device.id.0,
                name: match has(CardFact::Name) {
                    true => device.traits.name.clone(),
                    false => NO_NAME.to_owned(),
                },
                simulated: device.traits.simulated,
            },
        };
        cards.push(Drawn {
            device: device.id,
            facts: chosen,
            card,
        });
    }
    Ok(cards)
}

fn audience(viewer: &Viewer, mine: bool, share: Option<&Share>) -> String {
    match (mine, viewer.is_staff(), share) {
        (true, _, None) => {
            "shown to you and to technicians, security and IT, whose looks stand in your ledger; peers see no card".to_owned()
        }
        (true, _, Some(share)) => format!(
            "shown in full to you and to technicians, security and IT, whose looks stand in your ledger; peers see {} facts that you chose",
            share.facts.len()
        ),
        (false, true, _) => {
            "shown to technicians, security and IT; its owner sees that you looked".to_owned()
        }
        (false, false, _) => {
            "what its owner shows here; its owner sees that you looked".to_owned()
        }
    }
}

/// Every card of somebody else's laptop stands in its owner's ledger: who, when, which facts, in which talk.
async fn tell(api: &Api, caller: &Caller, thread: Uuid, drawn: &[Drawn]) -> Result<(), Problem> {
    let seen: BTreeMap<DeviceId, BTreeSet<String>> = drawn
        .iter()
        .filter(|drawn| !caller.viewer.owns(drawn.device))
        .map(|drawn| {
            let facts = drawn.facts.iter().map(|fact| fact.label().to_owned());
            (drawn.device, facts.collect())
        })
        .collect();
    let (place, now) = (format!("thread:{thread}"), api.clock.now());
    Ok(api
        .control
        .looks()
        .note_seen(caller.account.id, &place, "context card", &seen, now)
        .await?)
}

async fn facts(
    api: &Api,
    device: &Device,
    chosen: &BTreeSet<CardFact>,
    unexpected: u64,
    now: Timestamp,
) -> Result<Vec<Fact>, Problem> {
    let recent = Span {
        from: now - FRESH,
        to: now + DAY,
    };
    let ever = Span {
        from: Timestamp::UNIX_EPOCH,
        to: now + DAY,
    };
    let (inventory, vitals, boots) = futures::try_join!(
        api.reads.inventory(device.id),
        api.reads.vitals(device.id, recent),
        api.reads.boots(device.id, ever, 1, 0),
    )?;
    let mut facts = Vec::new();
    // What was not chosen is not even put together.
    let mut add = |fact: CardFact, value: String, tone| {
        if !value.is_empty() && chosen.contains(&fact) {
            facts.push(Fact {
                fact,
                label: fact.label(),
                value,
                tone,
            });
        }
    };
    add(CardFact::Model, device.traits.model.clone(), Tone::Plain);
    add(
        CardFact::System,
        system(inventory.as_ref(), &device.traits.os_build),
        Tone::Plain,
    );
    // A boot that has ended says how long the laptop has been off, which is nobody's business here.
    if let Some(running) = boots
        .first()
        .filter(|boot| boot.end == "running" && boot.started_at < now)
    {
        add(
            CardFact::Uptime,
            lasting(now.duration_since(running.started_at)),
            Tone::Plain,
        );
    }
    add(
        CardFact::Restarts,
        unexpected.to_string(),
        match unexpected {
            0 => Tone::Good,
            few if few < RESTARTS_BAD => Tone::Warn,
            _ => Tone::Bad,
        },
    );
    if let Some(used) = vitals.disk_usage_ratio.last().copied().flatten() {
        let tone = match used {
            full if full >= DISK_BAD => Tone::Bad,
            much if much >= DISK_WARN => Tone::Warn,
            _ => Tone::Plain,
        };
        add(CardFact::Disk, format!("{:.0} % used", used * 100.0), tone);
    }
    let battery = inventory
        .as_ref()
        .and_then(|inventory| inventory.batteries.first());
    // 0 stands for "not told".
    if let Some(battery) = battery.filter(|battery| battery.health > 0.0) {
        let tone = match battery.health {
            worn if worn < BATTERY_BAD => Tone::Bad,
            tired if tired < BATTERY_WARN => Tone::Warn,
            _ => Tone::Plain,
        };
        let cycles = battery
            .cycles
            .map(|cycles| format!(", {cycles} cycles"))
            .unwrap_or_default();
        add(
            CardFact::Battery,
            format!("{:.0} % of new{cycles}", battery.health * 100.0),
            tone,
        );
    }
    Ok(facts)
}

fn system(inventory: Option<&Inventory>, os_build: &str) -> String {
    let Some(inventory) = inventory else {
        return os_build.to_owned();
    };
    let build = if inventory.os_build_id.is_empty() {
        os_build
    } else {
        &inventory.os_build_id
    };
    let mut words = vec![inventory.os_name.as_str(), inventory.os_version.as_str()];
    if build != inventory.os_version {
        words.push(build);
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// "3 days", "5 h", "12 min".
fn lasting(time: SignedDuration) -> String {
    match (time.as_hours() / 24, time.as_hours(), time.as_mins()) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, _) => format!("{hours} h"),
        (1, ..) => "1 day".to_owned(),
        (days, ..) => format!("{days} days"),
    }
}

/// Every day of the window, oldest first, days without a restart included.
fn calendar(found: Vec<DeviceDay>, now: Timestamp) -> Vec<CardDay> {
    let found: BTreeMap<String, DeviceDay> = found
        .into_iter()
        .map(|day| (day.day.clone(), day))
        .collect();
    let today: Date = now.to_zoned(TimeZone::UTC).date();
    (0..DAYS)
        .rev()
        .filter_map(|back| {
            today
                .checked_sub(jiff::Span::new().days(i64::from(back)))
                .ok()
        })
        .map(|date| {
            let day = date.to_string();
            let known = found.get(&day);
            CardDay {
                expected: known.map_or(0, |known| known.expected),
                unexpected: known.map_or(0, |known| known.unexpected),
                day,
            }
        })
        .collect()
}

/// What is told about laptops of the same model: of all of them, the one of the card included, because figures without it on one
/// card and without another on the next would differ by those two.
struct PeerNumbers {
    by_model: HashMap<String, BTreeSet<DeviceId>>,
    unexpected: BTreeMap<DeviceId, u64>,
}

impl PeerNumbers {
    async fn of(
        api: &Api,
        viewer: &Viewer,
        devices: &[&Device],
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let mut groups: BTreeMap<String, BTreeSet<DeviceId>> = BTreeMap::new();
        for other in api.control.devices().list().await? {
            let model = &other.traits.model;
            if !model.is_empty() && devices.iter().any(|device| device.traits.model == *model) {
                groups.entry(model.clone()).or_default().insert(other.id);
            }
        }
        let mut by_model = HashMap::new();
        for (model, group) in groups {
            let topic = groups::topic_of_model(&model);
            if let Some(told) = api.tellable(viewer, topic, group).await? {
                by_model.insert(model, told);
            }
        }
        let ids: Vec<DeviceId> = by_model.values().flatten().copied().collect();
        if ids.is_empty() {
            return Ok(Self {
                by_model,
                unexpected: BTreeMap::new(),
            });
        }
        let unexpected = api.reads.unexpected(Who::These(&ids), now, DAYS).await?;
        Ok(Self {
            by_model,
            unexpected,
        })
    }

    /// `None` when so few share the model that a number would be a person.
    fn about(&self, device: &Device) -> Option<Peers> {
        let group = self.by_model.get(&device.traits.model)?;
        if group.len() < ANONYMITY_FLOOR {
            return None;
        }
        let hit = group
            .iter()
            .filter(|one| self.unexpected.get(one).is_some_and(|count| *count > 0))
            .count();
        Some(Peers {
            model: device.traits.model.clone(),
            devices: group.len(),
            unexpected_ratio: Some(hit as f64 / group.len() as f64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_do() {
        for (minutes, words) in [
            (0, "0 min"),
            (59, "59 min"),
            (60, "1 h"),
            (1_439, "23 h"),
            (1_440, "1 day"),
            (4_400, "3 days"),
        ] {
            assert_eq!(lasting(SignedDuration::from_mins(minutes)), words);
        }
    }

    #[test]
    fn a_calendar_has_every_day_once() {
        let now: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap_or_default();
        let days = calendar(
            vec![DeviceDay {
                device: DeviceId::default(),
                day: "2026-02-28".to_owned(),
                expected: 1,
                unexpected: 2,
            }],
            now,
        );
        assert_eq!(days.len(), 30);
        assert_eq!(
            (days[0].day.as_str(), days[29].day.as_str()),
            ("2026-02-01", "2026-03-02")
        );
        assert_eq!(
            (days[27].day.as_str(), days[27].unexpected),
            ("2026-02-28", 2)
        );
        assert_eq!(days.iter().map(|day| day.unexpected).sum::<u64>(), 2);
    }
}
