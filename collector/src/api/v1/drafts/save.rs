//! `PUT /drafts/{slot}`: keeps it as it is typed, nothing cleaned: what is sent goes through the door of posts.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use weft_collector_store::control::drafts::{Draft as Stored, Saved};

use super::{Draft, slot};
use crate::{
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
    },
    error::Code,
    threads::source::MAX_POST,
};

/// Characters of what is not the text.
const MAX_LINE: usize = 1_000;

#[derive(Deserialize, ToSchema)]
pub struct DraftText {
    /// At most 64 KiB.
    #[serde(default)]
    markdown: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    space: String,
    #[serde(default)]
    whisper: bool,
    /// `updated_at` of the draft that this goes on from; left out when there was none.
    #[serde(default)]
    going_on_from: Option<Timestamp>,
}

#[utoipa::path(put, path = "/drafts/{slot}", tag = "discussion", params(("slot" = String, Path)), request_body = DraftText, responses(
    (status = 200, body = Draft), (status = 400),
    (status = 409, description = "Another window saved in between (`draft_newer`), or there are 50 (`no_room`)"),
))]
pub async fn save(
    State(api): State<Api>,
    caller: Caller,
    At(word): At<String>,
    Body(text): Body<DraftText>,
) -> Result<Json<Draft>, Problem> {
    if text.markdown.len() > MAX_POST {
        return Err(Problem::invalid(format!(
            "a draft holds at most {MAX_POST} bytes, like a post"
        )));
    }
    if text.title.chars().count() > MAX_LINE || text.space.chars().count() > MAX_LINE {
        return Err(Problem::invalid("the title or the space is too long"));
    }
    // PostgreSQL keeps no NUL in a text, and nobody types one.
    let clean = |text: String| text.replace('\0', "");
    let draft = Stored {
        slot: slot(&word)?,
        space: clean(text.space),
        title: clean(text.title),
        markdown: clean(text.markdown),
        whisper: text.whisper,
        updated_at: microseconds(api.clock.now()),
    };
    let saved = api
        .control
        .drafts()
        .save(caller.account.id, draft.clone(), text.going_on_from)
        .await?;
    match saved {
        Saved::Yes => Ok(Json(draft.into())),
        Saved::Newer(_) => Err(Problem::new(
            Code::Conflict,
            "another window saved this draft in between: read it, then say which one stays",
        )
        .coded("draft_newer")),
        Saved::TooMany => Err(Problem::new(
            Code::Conflict,
            "there are 50 drafts: send or drop one",
        )
        .coded("no_room")),
    }
}

/// As it will be read back.
fn microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
