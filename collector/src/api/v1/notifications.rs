//! Notifications: what the reader is told about threads.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_store::control::notifications::NoticeKind;

use super::shape::Named;

pub mod count;
pub mod list;
pub mod see;

#[derive(Debug, Serialize, ToSchema)]
pub struct Notification {
    pub id: Uuid,
    /// `mention`, `reply`, `post`, `accepted`, `solved`, `reopened`, `linked`, `relapsed`, `resolved`, `escalated`,
    /// `invited`, `moderated`.
    #[schema(value_type = String)]
    pub kind: NoticeKind,
    pub thread: NoticeThread,
    /// The newest post of those that are counted.
    #[schema(required)]
    pub post: Option<Uuid>,
    /// The newest of those who did it; `null`: the collector.
    #[schema(required)]
    pub actor: Option<Named>,
    #[schema(required)]
    pub anomaly: Option<Uuid>,
    /// A reason or a title, where there is one.
    pub words: String,
    /// How many happenings this is.
    pub count: u32,
    pub at: Timestamp,
    #[schema(required)]
    pub seen_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeThread {
    pub id: Uuid,
    pub title: String,
}
