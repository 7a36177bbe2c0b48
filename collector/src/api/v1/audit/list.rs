//! `GET /audit`: who did what, newest first.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_collector_store::control::audit::Outcome;

use weft_collector_core::authority::{Action, Object};

use crate::api::{
    Api, Caller,
    input::Params,
    page::{self, Page},
    problem::Problem,
};

const LIST: &str = "audit";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    id: Uuid,
    at: Timestamp,
    /// A login, `device:<id>`, `peer:<address>`, `system`, `cli`.
    actor: String,
    action: String,
    object: String,
    detail: String,
    #[schema(value_type = String)]
    outcome: Outcome,
}

#[utoipa::path(get, path = "/audit", tag = "administration", params(Query), responses(
    (status = 200, body = Page<AuditEntry>), (status = 403),
))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    api.may(&caller, Action::See, &Object::Audit)?;
    let limit = page::limit(query.limit)?;
    let before = page::place::<(Timestamp, Uuid)>(LIST, query.cursor.as_deref())?;
    let found = api.control.audit().page(before, limit + 1).await?;
    let show = |entry: weft_collector_store::control::audit::Entry| AuditEntry {
        id: entry.id,
        at: entry.at,
        actor: entry.actor,
        action: entry.action,
        object: entry.object,
        detail: entry.detail,
        outcome: entry.outcome,
    };
    Ok(Json(Page::of(
        LIST,
        found,
        limit,
        |entry| (entry.at, entry.id),
        show,
    )))
}
