//! Escalations: what asks for a role, and how far it is.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::Role;
use weft_collector_store::control::escalations::{Escalation as Stored, EscalationState};

use super::shape::{Named, Names};
use crate::api::{Api, problem::Problem};

pub mod close;
pub mod list;
pub mod take;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Escalation {
    pub id: Uuid,
    pub thread: Uuid,
    #[schema(value_type = String)]
    pub to: Role,
    pub reason: String,
    pub by: Named,
    pub at: Timestamp,
    /// `open`, `taken`, `closed`.
    #[schema(value_type = String)]
    pub state: EscalationState,
    #[schema(required)]
    pub taken_by: Option<Named>,
    pub updated_at: Timestamp,
    pub note: String,
}

pub(super) async fn of_thread(api: &Api, thread: Uuid) -> Result<Vec<Escalation>, Problem> {
    let found = api.control.escalations().of_thread(thread).await?;
    show(api, found).await
}

pub(super) async fn show(api: &Api, found: Vec<Stored>) -> Result<Vec<Escalation>, Problem> {
    let mut people: Vec<Uuid> = found.iter().map(|one| one.by).collect();
    people.extend(found.iter().filter_map(|one| one.taken_by));
    let names = Names::of(api, people).await?;
    Ok(found
        .into_iter()
        .map(|one| Escalation {
            id: one.id,
            thread: one.thread,
            to: one.to,
            reason: one.reason,
            by: names.named(one.by),
            at: one.at,
            state: one.state,
            taken_by: one.taken_by.map(|by| names.named(by)),
            updated_at: one.updated_at,
            note: one.note,
        })
        .collect())
}

async fn one(api: &Api, stored: Stored) -> Result<Escalation, Problem> {
    let shown = show(api, vec![stored]).await?.pop();
    shown.ok_or_else(|| Problem::missing("escalation"))
}
