//! `GET /bridges/{id}/letters`, `POST …/{letter}/again`, `DELETE …/{letter}`: what did not get through.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object};
use weft_collector_store::control::{
    bridges::letters::{Letter as Stored, Step},
    threads::Reader,
};

use crate::{
    api::{Api, Caller, input::At, page::Page, problem::Problem},
    threads::connector::Arrival,
};

/// What an admin reads through at once; the rest comes when these are dealt with.
const MOST: u64 = 100;
/// Characters of what somebody said over there.
const EXCERPT: usize = 200;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BridgeLetter)]
pub struct Letter {
    pub id: Uuid,
    /// `say`, `edit`, `delete`, `solved`, `reopened`: on its way out; `take`: on its way in.
    pub step: String,
    #[schema(required)]
    pub thread: Option<Uuid>,
    #[schema(required)]
    pub post: Option<Uuid>,
    /// The thread's title, or what was said over there.
    pub about: String,
    pub fault: String,
    pub attempts: u32,
    pub made_at: Timestamp,
    pub tried_at: Timestamp,
}

#[utoipa::path(get, path = "/bridges/{id}/letters", tag = "connections", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Page<Letter>), (status = 403),
))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Page<Letter>>, Problem> {
    api.may(&caller, Action::See, &Object::Bridges)?;
    let bridges = api.control.bridges();
    let mut shown = Vec::new();
    for letter in bridges.letters(id).dead(MOST).await? {
        shown.push(show(&api, letter).await?);
    }
    Ok(Json(Page::whole(shown)))
}

#[utoipa::path(post, path = "/bridges/{id}/letters/{letter}/again", tag = "connections",
    params(("id" = Uuid, Path), ("letter" = Uuid, Path)), responses(
    (status = 204), (status = 403), (status = 404), (status = 409),
))]
pub async fn again(
    State(api): State<Api>,
    caller: Caller,
    At((id, letter)): At<(Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    api.may(&caller, Action::Change, &Object::Bridges)?;
    api.connect.again(id, letter).await?;
    let detail = letter.to_string();
    api.audit(&caller, "bridge.resend", &id.to_string(), &detail)
        .await;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(delete, path = "/bridges/{id}/letters/{letter}", tag = "connections",
    params(("id" = Uuid, Path), ("letter" = Uuid, Path)), responses(
    (status = 204), (status = 403), (status = 404),
))]
pub async fn drop(
    State(api): State<Api>,
    caller: Caller,
    At((id, letter)): At<(Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    api.may(&caller, Action::Change, &Object::Bridges)?;
    api.connect.drop_letter(id, letter).await?;
    let detail = letter.to_string();
    api.audit(&caller, "bridge.drop", &id.to_string(), &detail)
        .await;
    Ok(StatusCode::NO_CONTENT)
}

async fn show(api: &Api, letter: Stored) -> Result<Letter, Problem> {
    let about = match letter.thread {
        Some(thread) => {
            let thread = api.control.threads().get(thread, Reader::COLLECTOR).await?;
            thread.map_or(String::new(), |thread| thread.title)
        }
        None => excerpt(&letter.arrival),
    };
    Ok(Letter {
        id: letter.id,
        step: step(letter.step).to_owned(),
        thread: letter.thread,
        post: letter.post,
        about,
        fault: letter.fault,
        attempts: letter.attempts,
        made_at: letter.made_at,
        tried_at: letter.due_at,
    })
}

/// Who said what over there.
fn excerpt(arrival: &str) -> String {
    match serde_json::from_str(arrival) {
        Ok(
            Arrival::Posted {
                author, markdown, ..
            }
            | Arrival::Edited {
                author, markdown, ..
            },
        ) => {
            let words: String = markdown.chars().take(EXCERPT).collect();
            format!("{}: {words}", author.name)
        }
        Ok(Arrival::Deleted { post, .. }) => format!("{} was deleted", post.id),
        Err(_) => String::new(),
    }
}

fn step(step: Step) -> &'static str {
    match step {
        Step::Say => "say",
        Step::Edit => "edit",
        Step::Delete => "delete",
        Step::Solved => "solved",
        Step::Reopened => "reopened",
        Step::Take => "take",
    }
}
