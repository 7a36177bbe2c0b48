//! `POST /notifications/seen`: these, those of a thread, or all.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_store::control::notifications::Seen as Which;

use crate::api::{Api, Caller, input::Body, problem::Problem};

/// Ids in one request: a page of them.
const MOST: usize = 500;

/// One of the three.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeenNotices {
    All(bool),
    Ids(Vec<Uuid>),
    Thread(Uuid),
}

#[utoipa::path(post, path = "/notifications/seen", tag = "discussion", request_body = SeenNotices, responses((status = 204), (status = 400)))]
pub async fn see(
    State(api): State<Api>,
    caller: Caller,
    Body(seen): Body<SeenNotices>,
) -> Result<StatusCode, Problem> {
    let which = match seen {
        SeenNotices::All(true) => Which::All,
        SeenNotices::All(false) => {
            return Err(Problem::invalid("say {\"all\": true}, or name some"));
        }
        SeenNotices::Ids(ids) if ids.len() > MOST => {
            return Err(Problem::invalid("at most 500 at once, or {\"all\": true}"));
        }
        SeenNotices::Ids(ids) => Which::These(ids),
        SeenNotices::Thread(thread) => Which::OfThread(thread),
    };
    api.control
        .notifications()
        .see(caller.account.id, which, api.clock.now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
