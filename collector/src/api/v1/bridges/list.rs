//! `GET /bridges`: every bridge by name, with where it stands.

use axum::{Json, extract::State};
use weft_collector_core::authority::{Action, Object};

use super::{Bridge, show};
use crate::api::{Api, Caller, page::Page, problem::Problem, v1::shape::Names};

#[utoipa::path(get, path = "/bridges", tag = "connections", responses((status = 200, body = Page<Bridge>), (status = 403)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Page<Bridge>>, Problem> {
    api.may(&caller, Action::See, &Object::Bridges)?;
    let bridges = api.control.bridges().list().await?;
    let names = Names::of(&api, bridges.iter().map(|bridge| bridge.made_by)).await?;
    let mut shown = Vec::with_capacity(bridges.len());
    for bridge in bridges {
        let by = names.named(bridge.made_by);
        shown.push(show(&api, bridge, by).await?);
    }
    Ok(Json(Page::whole(shown)))
}
