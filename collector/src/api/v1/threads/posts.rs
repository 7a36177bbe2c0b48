//! `GET /threads/{id}/posts`: a long thread, page by page.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Post, show_posts};
use crate::api::{
    Api, Caller,
    input::{At, Params},
    page::{self, Page},
    problem::Problem,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    #[default]
    Oldest,
    Newest,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `oldest` first (default) or `newest` first.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    order: Order,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// The name of the list that a cursor is for.
pub(super) fn list_of(thread: Uuid, newest_first: bool) -> String {
    format!("posts:{thread}:{newest_first}")
}

#[utoipa::path(get, path = "/threads/{id}/posts", tag = "discussion", params(("id" = Uuid, Path), Query), responses(
    (status = 200, body = Page<Post>), (status = 400), (status = 404),
))]
pub async fn posts(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(query): Params<Query>,
) -> Result<Json<Page<Post>>, Problem> {
    let thread = api.threads.thread(&caller.account, id).await?;
    let newest_first = query.order == Order::Newest;
    let list = list_of(id, newest_first);
    let limit = page::limit(query.limit)?;
    let after = page::place::<(Timestamp, Uuid)>(&list, query.cursor.as_deref())?;
    let found = api
        .control
        .posts()
        .page(id, caller.reader(), after, newest_first, limit + 1)
        .await?;
    let place = |post: &weft_collector_store::control::posts::Post| (post.posted_at, post.id);
    let page = Page::of(&list, found, limit, place, |post| post);
    Ok(Json(Page {
        items: show_posts(&api, &caller, thread.accepted_post, page.items).await?,
        next_cursor: page.next_cursor,
    }))
}
