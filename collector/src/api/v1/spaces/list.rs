//! `GET /spaces`: the spaces that the caller may enter, in order.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::Audience;

use crate::{
    api::{Api, Caller, problem::Problem},
    threads::may_enter,
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Space {
    id: Uuid,
    slug: String,
    name: String,
    description: String,
    threads: u64,
    /// Not everybody's.
    staff_only: bool,
    /// `everyone`, `staff`, `security`.
    #[schema(value_type = String)]
    audience: Audience,
}

#[utoipa::path(get, path = "/spaces", tag = "discussion", responses((status = 200, body = Vec<Space>)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Vec<Space>>, Problem> {
    let sizes = api.control.spaces().sizes().await?;
    let spaces = api.control.spaces().list().await?;
    let seen = spaces
        .into_iter()
        .filter(|space| may_enter(&caller.account, space.audience));
    Ok(Json(
        seen.map(|space| Space {
            threads: sizes.get(&space.id).copied().unwrap_or(0),
            id: space.id,
            slug: space.slug,
            name: space.name,
            description: space.description,
            staff_only: space.audience != Audience::Everyone,
            audience: space.audience,
        })
        .collect(),
    ))
}
