//! `PATCH /bridges/{id}`: what is left out stays; a pause is `enabled: false`, and what is said meanwhile is carried after it.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object};
use weft_collector_store::control::bridges::Change;

use super::{Bridge, Secrets, show};
use crate::{
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
        v1::shape::Names,
    },
    connect::desk::Alteration,
};

#[derive(Deserialize, ToSchema)]
pub struct BridgeChange {
    name: Option<String>,
    /// Each secret given replaces the one of its name.
    #[serde(default)]
    secrets: Secrets,
    outward: Option<bool>,
    inward: Option<bool>,
    bots: Option<bool>,
    trusts_mail: Option<bool>,
    enabled: Option<bool>,
}

#[utoipa::path(patch, path = "/bridges/{id}", tag = "connections", params(("id" = Uuid, Path)), request_body = BridgeChange, responses(
    (status = 200, body = Bridge), (status = 400), (status = 403), (status = 404),
))]
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(request): Body<BridgeChange>,
) -> Result<Json<Bridge>, Problem> {
    api.may(&caller, Action::Change, &Object::Bridges)?;
    let action = match request.enabled {
        Some(false) => "bridge.pause",
        Some(true) => "bridge.resume",
        None => "bridge.change",
    };
    let change = Change {
        name: request.name,
        outward: request.outward,
        inward: request.inward,
        bots: request.bots,
        trusts_mail: request.trusts_mail,
        enabled: request.enabled,
        ..Change::default()
    };
    let alteration = Alteration {
        change,
        secrets: request.secrets.into(),
    };
    let changed = api.connect.alter(id, alteration).await?;
    api.audit(&caller, action, &id.to_string(), &changed.name)
        .await;
    let names = Names::of(&api, [changed.made_by]).await?;
    let by = names.named(changed.made_by);
    Ok(Json(show(&api, changed, by).await?))
}
