//! The fleet as comparisons read it: who was watched how long, how often it ended unexpectedly, what it is made of.
//!
//! **Invariant: judging is `core::cohort`'s**; here evidence is only put into its shape. Not here: who may hear a figure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use weft_collector_core::{
    cohort::{DAYS, Member},
    detect::{
        baseline::Exposure,
        fleet::{believable, days},
    },
    device::{DeviceId, Traits},
    effect::Watched,
};
use weft_collector_store::{control::devices::Device, telemetry::Restarts};

/// Where the window of a comparison begins.
pub fn since(now: Timestamp) -> Timestamp {
    crate::watch::earlier(now, SignedDuration::from_hours(24 * i64::from(DAYS)))
}

/// Devices that belong to the fleet, as telemetry asks for them.
pub fn traits(devices: &[Device]) -> BTreeMap<DeviceId, Traits> {
    devices
        .iter()
        .filter(|device| device.state.may_report())
        .map(|device| (device.id, device.traits.clone()))
        .collect()
}

/// Every laptop in the window; `apps` says what is where, and is empty for readers who may not know.
pub fn members(
    restarts: &Restarts,
    apps: &HashMap<DeviceId, Vec<String>>,
    from: Timestamp,
    now: Timestamp,
) -> Vec<Member> {
    let mut members: Vec<Member> = watched(restarts, now)
        .into_iter()
        .map(|one| {
            let begin = one.from.max(from);
            let ends = one.ends.iter().filter(|end| **end >= begin && **end <= now);
            let components = restarts
                .devices
                .get(&one.device)
                .map(|known| known.components.as_slice())
                .unwrap_or_default();
            Member {
                device: one.device,
                traits: one.traits.clone(),
                exposure: Exposure {
                    ends: u32::try_from(ends.count()).unwrap_or(u32::MAX),
                    days: days(begin, one.to.min(now)).max(0.0),
                },
                components: components
                    .iter()
                    .map(|part| format!("{} {}", part.name, part.version).trim().to_owned())
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect(),
                apps: apps.get(&one.device).cloned().unwrap_or_default(),
            }
        })
        .collect();
    members.sort_by_key(|member| member.device);
    members
}

/// The same for effects, which look around a moment.
pub fn watched(restarts: &Restarts, now: Timestamp) -> Vec<Watched<'_>> {
    let mut ends: HashMap<DeviceId, Vec<Timestamp>> = HashMap::new();
    for boots in &restarts.boots {
        let unexpected = boots.ends.iter().filter(|end| end.end.is_unexpected());
        ends.entry(boots.device).or_default().extend(
            unexpected
                .map(|end| end.ended_at)
                .filter(|at| believable(*at, now)),
        );
    }
    restarts
        .devices
        .iter()
        .map(|(device, known)| Watched {
            device: *device,
            traits: &known.traits,
            from: known.history_from,
            to: known.last_report,
            ends: ends.remove(device).unwrap_or_default(),
        })
        .collect()
}
