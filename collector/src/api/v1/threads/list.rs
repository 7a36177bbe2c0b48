//! `GET /threads`: talk, newest first; also the search.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_collector_store::control::threads::Wanted;

use super::{ThreadSummary, summaries};
use crate::{
    api::{
        Api, Caller,
        input::Params,
        page::{self, Page},
        problem::Problem,
    },
    threads::may_enter,
};

const LIST: &str = "threads";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Slug or id of a space.
    space: Option<String>,
    /// Words that must all occur in the title or in one post, newest talk first. `GET /search` ranks.
    q: Option<String>,
    /// `open` or `solved`.
    state: Option<String>,
    /// `true`: only what I opened, wrote in or follow.
    mine: Option<bool>,
    /// `true`: only pinned ones; `false`: only others.
    pinned: Option<bool>,
    /// `true`: what staff took out of sight, for staff.
    hidden: Option<bool>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[utoipa::path(get, path = "/threads", tag = "discussion", params(Query), responses(
    (status = 200, body = Page<ThreadSummary>), (status = 400),
))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<ThreadSummary>>, Problem> {
    if query.hidden == Some(true) && !caller.viewer.is_staff() {
        return Err(Problem::forbidden("only staff see what was hidden"));
    }
    let limit = page::limit(query.limit)?;
    let after = page::place::<(Timestamp, Uuid)>(LIST, query.cursor.as_deref())?;
    let space = match query.space.as_deref().filter(|space| !space.is_empty()) {
        None => None,
        Some(word) => {
            let space = api.control.spaces().find(word).await?;
            let seen = space.filter(|space| may_enter(&caller.account, space.audience));
            Some(seen.ok_or_else(|| Problem::missing("space"))?.id)
        }
    };
    let solved = match query.state.as_deref() {
        None | Some("") => None,
        Some("open") => Some(false),
        Some("solved") => Some(true),
        Some(_) => return Err(Problem::invalid("state is open or solved").coded("invalid_query")),
    };
    let wanted = Wanted {
        space,
        solved,
        words: query.q.unwrap_or_default(),
        mine: query.mine.unwrap_or(false).then_some(caller.account.id),
        since: None,
        pinned: query.pinned,
        author: None,
        hidden: query.hidden.unwrap_or(false),
    };
    let found = api
        .control
        .threads()
        .list(&wanted, caller.reader(), after, limit + 1)
        .await?;
    let page = Page::of(
        LIST,
        found,
        limit,
        |thread| (thread.last_post_at, thread.id),
        |thread| thread,
    );
    Ok(Json(Page {
        items: summaries(&api, &caller, page.items).await?,
        next_cursor: page.next_cursor,
    }))
}
