//! Drafts: what somebody is writing, kept on the server until it is sent. A slot is a thread's id, or `new`.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_store::control::drafts::Draft as Stored;

use crate::api::problem::Problem;

pub mod drop;
pub mod list;
pub mod read;
pub mod save;

#[derive(Debug, Serialize, ToSchema)]
pub struct Draft {
    /// A thread's id, or `new`.
    pub slot: String,
    pub space: String,
    pub title: String,
    pub markdown: String,
    pub whisper: bool,
    /// Name it in the next save.
    pub updated_at: Timestamp,
}

impl From<Stored> for Draft {
    fn from(draft: Stored) -> Self {
        Self {
            slot: draft.slot,
            space: draft.space,
            title: draft.title,
            markdown: draft.markdown,
            whisper: draft.whisper,
            updated_at: draft.updated_at,
        }
    }
}

/// One spelling per slot, so that a thread has one draft.
fn slot(word: &str) -> Result<String, Problem> {
    match word {
        "new" => Ok(word.to_owned()),
        word => word
            .parse::<Uuid>()
            .map(|id| id.to_string())
            .map_err(|_| Problem::invalid("a draft's slot is \"new\" or the id of a thread")),
    }
}
