//! `GET /me`: who is signed in, and with which laptops.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::Role;

use crate::api::{Api, Caller, problem::Problem, v1::shape::Named};

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    id: Uuid,
    login: String,
    name: String,
    team: String,
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    devices: Vec<Named>,
}

#[utoipa::path(get, path = "/me", tag = "session", responses((status = 200, body = Me), (status = 401)))]
pub async fn me(State(api): State<Api>, caller: Caller) -> Result<Json<Me>, Problem> {
    Ok(Json(describe(&api, &caller).await?))
}

pub(super) async fn describe(api: &Api, caller: &Caller) -> Result<Me, Problem> {
    let devices = api.control.devices().of_owner(caller.account.id).await?;
    let account = &caller.account;
    Ok(Me {
        id: account.id,
        login: account.login.clone(),
        name: account.name.clone(),
        team: account.team.clone(),
        roles: account.roles.clone(),
        devices: devices
            .into_iter()
            .map(|device| Named {
                id: device.id.0,
                name: device.traits.name,
            })
            .collect(),
    })
}
