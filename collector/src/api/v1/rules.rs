//! Rules: what people taught the detectors, and taking it back.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Judgement, Scope},
    finding::Kind,
};

use super::shape::Named;

pub mod end;
pub mod list;

#[derive(Debug, Serialize, ToSchema)]
pub struct Rule {
    pub id: Uuid,
    /// The anomaly about which it was said.
    pub anomaly: Uuid,
    pub title: String,
    #[schema(value_type = String)]
    pub kind: Kind,
    /// `true` (hides nothing), `false`, `expected`.
    #[schema(value_type = String)]
    pub judgement: Judgement,
    /// `"fleet"`, `{"device": id}`, `{"cohort": {"by", "value"}}`.
    #[schema(value_type = Object)]
    pub scope: Scope,
    pub from: Timestamp,
    #[schema(required)]
    pub until: Option<Timestamp>,
    pub note: String,
    pub by: Named,
}
