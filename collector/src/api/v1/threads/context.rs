//! `GET /threads/{id}/context`: what the talk may know of its people's laptops.
//!
//! **Invariant: a card never holds a program or an app**, for nobody; and a number about a group is told only when the
//! group has at least [`ANONYMITY_FLOOR`] laptops. Owners do not share cards with peers yet, so a card is shown to its
//! owner and to staff, whose look is entered into the ledger.

use std::collections::{BTreeMap, HashMap};

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    authority::{ANONYMITY_FLOOR, Action, Object, allows},
    device::DeviceId,
};
use weft_collector_store::control::devices::Device;

use super::participants;
use crate::api::{
    Api, Caller,
    input::At,
    problem::Problem,
    reads::{DeviceDay, Inventory, Span, Who},
    v1::{
        anomalies::DeviceRef,
        shape::{Named, Names},
    },
};

/// Days that a card looks back.
const DAYS: u32 = 30;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Cards of one thread: more is a list of devices, not a context.
const MOST: usize = 12;
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
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Fact {
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
    let people = participants(&api, &thread).await?;
    // Whoever opened the thread comes first: it is their trouble.
    let order = std::iter::once(thread.author).chain(
        people
            .iter()
            .copied()
            .filter(|person| *person != thread.author),
    );
    let mut devices: Vec<Device> = Vec::new();
    for person in order {
        let owned = api.control.devices().of_owner(person).await?;
        devices.extend(
            owned
                .into_iter()
                .filter(|device| device.state.may_report() && shows(&caller, device.id)),
        );
        if devices.len() >= MOST {
            break;
        }
    }
    devices.truncate(MOST);
    cards(&api, &caller, devices).await.map(Json)
}

/// Until owners share cards, a card is for whoever may see the device anyway.
fn shows(caller: &Caller, device: DeviceId) -> bool {
    let sees = |object: Object<'_>| allows(&caller.viewer, Action::See, &object).is_allowed();
    sees(Object::ContextCard(device)) && sees(Object::Device(device))
}

async fn cards(
    api: &Api,
    caller: &Caller,
    devices: Vec<Device>,
) -> Result<Vec<ContextCard>, Problem> {
    if devices.is_empty() {
        return Ok(vec![]);
    }
    let now = api.clock.now();
    let ids: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
    let mut days: HashMap<DeviceId, Vec<DeviceDay>> = HashMap::new();
    for day in api.reads.boots_by_device_day(&ids, now, DAYS).await? {
        days.entry(day.device).or_default().push(day);
    }
    let names = Names::of(api, devices.iter().filter_map(|device| device.owner)).await?;
    let peers = PeerNumbers::of(api, &devices, now).await?;
    let mut cards = Vec::with_capacity(devices.len());
    for device in devices {
        let own = caller.viewer.owns(device.id);
        if !own {
            api.control
                .looks()
                .note(caller.account.id, device.id, "context card", now)
                .await?;
        }
        let boots = calendar(days.remove(&device.id).unwrap_or_default(), now);
        let unexpected = boots.iter().map(|day| day.unexpected).sum();
        cards.push(ContextCard {
            facts: facts(api, &device, unexpected, now).await?,
            owner: device
                .owner
                .map(|owner| names.named(owner))
                .unwrap_or(Named {
                    id: Uuid::nil(),
                    name: String::new(),
                }),
            audience: match own {
                true => "shown to you and to staff; peers see no card".to_owned(),
                false => "shown to technicians, security and IT; its owner sees that you looked"
                    .to_owned(),
            },
            boots_by_day: boots,
            peers: peers.about(&device),
            device: DeviceRef {
                id: device.id.0,
                name: device.traits.name,
                simulated: device.traits.simulated,
            },
        });
    }
    Ok(cards)
}

async fn facts(
    api: &Api,
    device: &Device,
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
    let mut add = |label, value: String, tone| {
        if !value.is_empty() {
            facts.push(Fact { label, value, tone });
        }
    };
    add("Model", device.traits.model.clone(), Tone::Plain);
    add(
        "System",
        system(inventory.as_ref(), &device.traits.os_build),
        Tone::Plain,
    );
    // A boot that has ended says how long the laptop has been off, which is nobody's business here.
    if let Some(running) = boots
        .first()
        .filter(|boot| boot.end == "running" && boot.started_at < now)
    {
        add(
            "Up for",
            lasting(now.duration_since(running.started_at)),
            Tone::Plain,
        );
    }
    add(
        "Unexpected restarts, 30 days",
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
        add("Fullest disk", format!("{:.0} % used", used * 100.0), tone);
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
            "Battery",
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

/// What is told about laptops of the same model.
struct PeerNumbers {
    by_model: HashMap<String, Vec<DeviceId>>,
    unexpected: BTreeMap<DeviceId, u64>,
}

impl PeerNumbers {
    async fn of(api: &Api, devices: &[Device], now: Timestamp) -> Result<Self, Problem> {
        let mut by_model: HashMap<String, Vec<DeviceId>> = HashMap::new();
        for other in api.control.devices().list().await? {
            let model = &other.traits.model;
            if !model.is_empty() && devices.iter().any(|device| device.traits.model == *model) {
                by_model.entry(model.clone()).or_default().push(other.id);
            }
        }
        let ids: Vec<DeviceId> = by_model.values().flatten().copied().collect();
        let unexpected = api.reads.unexpected(Who::These(&ids), now, DAYS).await?;
        Ok(Self {
            by_model,
            unexpected,
        })
    }

    /// `None` when so few share the model that a number would be a person.
    fn about(&self, device: &Device) -> Option<Peers> {
        let others: Vec<DeviceId> = self
            .by_model
            .get(&device.traits.model)?
            .iter()
            .copied()
            .filter(|other| *other != device.id)
            .collect();
        if others.len() < ANONYMITY_FLOOR {
            return None;
        }
        let hit = others
            .iter()
            .filter(|other| self.unexpected.get(other).is_some_and(|count| *count > 0))
            .count();
        Some(Peers {
            model: device.traits.model.clone(),
            devices: others.len(),
            unexpected_ratio: Some(hit as f64 / others.len() as f64),
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
