//! A finding kept: one per cause, with a life and a judgement.
//!
//! **Invariant: at most one living anomaly per cause.** [`reconcile`] turns a round's findings into changes of what is
//! kept; [`rule`] is what people taught. Not here: who may judge ([`crate::authority`]) and where anomalies are stored.

mod reconcile;
mod rule;

pub use reconcile::{
    Budget, Change, HeldBack, Hidden, Limit, RESOLVE_AFTER_HOURS, Reconciled, reconcile,
};
pub use rule::{Preview, Rule, Scope, preview};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::finding::Finding;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open,
    Acknowledged,
    /// By a person, or by itself when the evidence went.
    Resolved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    True,
    False,
    Expected,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    pub id: Uuid,
    pub state: State,
    pub judgement: Option<Judgement>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// How often it came back after it was resolved.
    pub relapses: u32,
    pub finding: Finding,
}
