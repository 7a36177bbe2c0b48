//! `GET /spaces`: the spaces that the caller may enter, in order.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{Api, Caller, problem::Problem};

#[derive(Debug, Serialize, ToSchema)]
pub struct Space {
    id: Uuid,
    slug: String,
    name: String,
    description: String,
    threads: u64,
    staff_only: bool,
}

#[utoipa::path(get, path = "/spaces", tag = "discussion", responses((status = 200, body = Vec<Space>)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Vec<Space>>, Problem> {
    let sizes = api.control.spaces().sizes().await?;
    let spaces = api.control.spaces().list().await?;
    let seen = spaces
        .into_iter()
        .filter(|space| !space.staff_only || caller.viewer.is_staff());
    Ok(Json(
        seen.map(|space| Space {
            threads: sizes.get(&space.id).copied().unwrap_or(0),
            id: space.id,
            slug: space.slug,
            name: space.name,
            description: space.description,
            staff_only: space.staff_only,
        })
        .collect(),
    ))
}
