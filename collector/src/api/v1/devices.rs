//! Devices: what each part of a laptop's page shows.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::State as AnomalyState, books::Books as CoreBooks, device::DeviceId,
};
use weft_collector_store::control::{
    anomalies::Wanted,
    devices::{Device as Stored, State},
};

use super::shape::{Named, Names};
use crate::api::{
    Api, Caller, guard,
    problem::Problem,
    reads::{Span, Who},
};

pub mod apps;
pub mod boots;
pub mod list;
pub mod looks;
pub mod observations;
pub mod processes;
pub mod read;
pub mod retire;
pub mod revoke;
pub mod vitals;

/// The window of "unexpected restarts": a month is what people remember.
const MONTH_DAYS: u32 = 30;
/// Furthest back that a page of a device reaches unless it is asked for more.
const DEFAULT_SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeviceSummary {
    pub id: Uuid,
    pub name: String,
    pub model: String,
    pub os_type: String,
    pub os_build: String,
    pub team: String,
    #[schema(required)]
    pub owner: Option<Named>,
    pub simulated: bool,
    #[schema(value_type = String)]
    pub state: State,
    pub enrolled_at: Timestamp,
    #[schema(required)]
    pub last_report: Option<Timestamp>,
    pub agent_version: String,
    /// That the reader may see.
    pub open_anomalies: u64,
    pub unexpected_30d: u64,
}

/// Devices as a list shows them, in the order given.
pub(super) async fn summaries(
    api: &Api,
    caller: &Caller,
    devices: Vec<Stored>,
) -> Result<Vec<DeviceSummary>, Problem> {
    let ids: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
    let names = Names::of(api, devices.iter().filter_map(|device| device.owner)).await?;
    let now = api.clock.now();
    let unexpected = api
        .reads
        .unexpected(Who::These(&ids), now, MONTH_DAYS)
        .await?;
    let open = open_anomalies(api, caller, &ids).await?;
    Ok(devices
        .into_iter()
        .map(|device| DeviceSummary {
            owner: device.owner.map(|owner| names.named(owner)),
            open_anomalies: open.get(&device.id).copied().unwrap_or(0),
            unexpected_30d: unexpected.get(&device.id).copied().unwrap_or(0),
            id: device.id.0,
            name: device.traits.name,
            model: device.traits.model,
            os_type: device.traits.os_type,
            os_build: device.traits.os_build,
            team: device.traits.team,
            simulated: device.traits.simulated,
            state: device.state,
            enrolled_at: device.enrolled_at,
            last_report: device.last_report,
            agent_version: device.agent_version,
        })
        .collect())
}

/// Unresolved anomalies per device that the caller may see.
async fn open_anomalies(
    api: &Api,
    caller: &Caller,
    devices: &[DeviceId],
) -> Result<HashMap<DeviceId, u64>, Problem> {
    let scope = guard::scope(caller);
    if !scope.kinds.is_empty() {
        let counts = api.control.anomalies().open_by_device(&scope.kinds).await?;
        return Ok(counts.into_iter().collect());
    }
    // A user sees few devices, the own ones.
    let mut open = HashMap::new();
    for device in devices {
        let wanted = Wanted {
            states: vec![AnomalyState::Open, AnomalyState::Acknowledged],
            device: Some(*device),
            ..Wanted::default()
        };
        let counts = api.control.anomalies().counts(&wanted, &scope).await?;
        open.insert(*device, counts.into_iter().map(|(_, count)| count).sum());
    }
    Ok(open)
}

/// The books with what the agents said they sent.
pub(super) async fn books(
    api: &Api,
    who: Who<'_>,
) -> Result<BTreeMap<DeviceId, CoreBooks>, Problem> {
    let mut books = api.reads.books(who).await?;
    let sent = api.control.streams().sent().await?;
    for (device, sent) in sent {
        let asked = match who {
            Who::Everybody => true,
            Who::These(devices) => devices.contains(&device),
        };
        if asked {
            books.entry(device).or_default().sent = sent;
        }
    }
    Ok(books)
}

/// The span that a query asks for.
fn span(api: &Api, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Span, Problem> {
    let to = to.unwrap_or_else(|| api.clock.now() + SignedDuration::from_hours(24));
    let from = from.unwrap_or_else(|| to - DEFAULT_SPAN);
    match from < to {
        true => Ok(Span { from, to }),
        false => Err(Problem::invalid("from must be before to").coded("invalid_query")),
    }
}
