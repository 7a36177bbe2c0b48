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
use weft_collector_store::control::devices::{Device, Wanted};

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
    /// Words, each a part of the name, the model, the team or the system's build.
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
    let fleet = allows(&caller.viewer, Action::See, &Object::Fleet).is_allowed();
    let asked = |value: Option<String>| value.filter(|value| !value.is_empty());
    let wanted = Wanted {
        owner: (!fleet).then_some(caller.account.id),
        team: asked(query.team),
        model: asked(query.model),
        os_type: asked(query.os),
        simulated: query.simulated,
        words: query.q.unwrap_or_default(),
    };
    let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
    let found = api
        .control
        .devices()
        .page(&wanted, after, limit.saturating_add(1))
        .await?;
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
    (device.traits.name.clone(), device.id.0)
}
