//! `GET /devices`: the fleet by name; a user gets the own laptops.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_collector_core::{
    authority::{Action, Object, allows},
    device::DeviceId,
};
use weft_collector_store::control::devices::Device;

use super::{DeviceSummary, summaries};
use crate::api::{
    Api, Caller,
    input::Params,
    page::{self, Page},
    problem::Problem,
};

const LIST: &str = "devices";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Part of the name, the model or the team.
    q: Option<String>,
    team: Option<String>,
    model: Option<String>,
    /// `linux`, `windows`, `darwin`.
    os: Option<String>,
    simulated: Option<bool>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[utoipa::path(get, path = "/devices", tag = "devices", params(Query), responses(
    (status = 200, body = Page<DeviceSummary>), (status = 400),
))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<DeviceSummary>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::place::<(String, Uuid)>(LIST, query.cursor.as_deref())?;
    // The fleet fits into memory many times over (100,000 rows are 30 MB); what is read of telemetry is one page.
    let mut devices = match allows(&caller.viewer, Action::See, &Object::Fleet).is_allowed() {
        true => api.control.devices().list().await?,
        false => api.control.devices().of_owner(caller.account.id).await?,
    };
    devices.retain(|device| wanted(&query, device));
    devices.sort_by_key(place);
    let found = devices
        .into_iter()
        .filter(|device| after.as_ref().is_none_or(|after| place(device) > *after));
    let found = found
        .take(
            usize::try_from(limit)
                .unwrap_or(usize::MAX)
                .saturating_add(1),
        )
        .collect();
    let page = Page::of(LIST, found, limit, place, |device| device);
    tell(&api, &caller, &page.items).await?;
    Ok(Json(Page {
        items: summaries(&api, &caller, page.items).await?,
        next_cursor: page.next_cursor,
    }))
}

/// A line in a list is a look, too: name, model, state, restarts.
async fn tell(api: &Api, caller: &Caller, devices: &[Device]) -> Result<(), Problem> {
    let shown = ["name", "model", "system", "team", "unexpected restarts"];
    let shown: BTreeSet<String> = shown.into_iter().map(str::to_owned).collect();
    let seen: BTreeMap<DeviceId, BTreeSet<String>> = devices
        .iter()
        .filter(|device| {
            let object = Object::Device(device.id);
            allows(&caller.viewer, Action::See, &object).must_be_logged()
        })
        .map(|device| (device.id, shown.clone()))
        .collect();
    let now = api.clock.now();
    Ok(api
        .control
        .looks()
        .note_seen(
            caller.account.id,
            "list of devices",
            "list of devices",
            &seen,
            now,
        )
        .await?)
}

fn place(device: &Device) -> (String, Uuid) {
    (device.traits.name.to_lowercase(), device.id.0)
}

fn wanted(query: &Query, device: &Device) -> bool {
    let traits = &device.traits;
    let is = |asked: &Option<String>, value: &str| {
        let asked = asked.as_deref().filter(|asked| !asked.is_empty());
        asked.is_none_or(|asked| asked.eq_ignore_ascii_case(value))
    };
    let words = query.q.as_deref().unwrap_or_default().to_lowercase();
    let text = format!(
        "{} {} {} {}",
        traits.name, traits.model, traits.team, traits.os_build
    )
    .to_lowercase();
    is(&query.team, &traits.team)
        && is(&query.model, &traits.model)
        && is(&query.os, &traits.os_type)
        && query
            .simulated
            .is_none_or(|simulated| simulated == traits.simulated)
        && words.split_whitespace().all(|word| text.contains(word))
}
