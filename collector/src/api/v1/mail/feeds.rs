//! `GET|POST|DELETE /me/feeds`: one's private feed addresses; a new one ends the old.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Api, Caller, problem::Problem};

#[derive(Debug, Serialize, ToSchema)]
pub struct MyFeeds {
    /// Everything; below the same beginning are `/space/{slug}.atom` and `/thread/{id}.atom`. `null`: there are none.
    #[schema(required)]
    all: Option<String>,
    /// Where the others begin.
    #[schema(required)]
    base: Option<String>,
}

impl MyFeeds {
    fn at(base: Option<String>) -> Self {
        Self {
            all: base.as_ref().map(|base| format!("{base}/all.atom")),
            base,
        }
    }
}

#[utoipa::path(get, path = "/me/feeds", tag = "mail", responses((status = 200, body = MyFeeds)))]
pub async fn read(State(api): State<Api>, caller: Caller) -> Result<Json<MyFeeds>, Problem> {
    let base = api.mail.feed_address(caller.account.id).await?;
    Ok(Json(MyFeeds::at(base)))
}

#[utoipa::path(post, path = "/me/feeds", tag = "mail", responses((status = 201, body = MyFeeds)))]
pub async fn renew(
    State(api): State<Api>,
    caller: Caller,
) -> Result<(StatusCode, Json<MyFeeds>), Problem> {
    let me = caller.account.id;
    api.mail.unlocked()?;
    api.control.feeds().renew(me, api.clock.now()).await?;
    let base = api.mail.feed_address(me).await?;
    Ok((StatusCode::CREATED, Json(MyFeeds::at(base))))
}

#[utoipa::path(delete, path = "/me/feeds", tag = "mail", responses((status = 204)))]
pub async fn close(State(api): State<Api>, caller: Caller) -> Result<StatusCode, Problem> {
    let me = caller.account.id;
    api.control.feeds().close(me, api.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
