//! `GET /notifications`: newest first.

use std::collections::HashMap;

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use weft_collector_store::control::accounts::SYSTEM;

use super::{NoticeThread, Notification};
use crate::api::{
    Api, Caller,
    input::Params,
    page::{self, Page},
    problem::Problem,
    v1::shape::Names,
};

const LIST: &str = "notifications";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `true`: only what was not seen.
    unseen: Option<bool>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[utoipa::path(get, path = "/notifications", tag = "discussion", params(Query), responses(
    (status = 200, body = Page<Notification>), (status = 400),
))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<Notification>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::place::<(Timestamp, Uuid)>(LIST, query.cursor.as_deref())?;
    let found = api
        .control
        .notifications()
        .list(
            caller.reader(),
            query.unseen.unwrap_or(false),
            after,
            limit + 1,
        )
        .await?;
    let actors: Vec<Uuid> = found.iter().filter_map(|notice| notice.actor).collect();
    let names = Names::of(&api, actors).await?;
    let ids = found.iter().map(|notice| notice.thread).collect();
    let threads = api.control.threads().all_of(ids, caller.reader()).await?;
    let titles: HashMap<Uuid, String> = threads
        .into_iter()
        .map(|thread| (thread.id, thread.title))
        .collect();
    let show = |notice: weft_collector_store::control::notifications::Notice| Notification {
        thread: NoticeThread {
            id: notice.thread,
            title: titles.get(&notice.thread).cloned().unwrap_or_default(),
        },
        actor: notice
            .actor
            .filter(|actor| *actor != SYSTEM)
            .map(|actor| names.named(actor)),
        id: notice.id,
        kind: notice.kind,
        post: notice.post,
        anomaly: notice.anomaly,
        words: notice.words,
        count: notice.count,
        at: notice.at,
        seen_at: notice.seen_at,
    };
    Ok(Json(Page::of(
        LIST,
        found,
        limit,
        |notice| (notice.at, notice.id),
        show,
    )))
}
