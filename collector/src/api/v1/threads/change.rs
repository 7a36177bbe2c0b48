//! `PATCH /threads/{id}`: its title, its space, and whether it is locked, pinned or hidden.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Thread, whole};
use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
};

/// What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ThreadChange {
    /// By whoever opened it, or staff.
    title: Option<String>,
    /// The rest is for staff. Slug or id of a space that they may enter.
    space: Option<String>,
    locked: Option<bool>,
    pinned: Option<bool>,
    /// Out of sight of everybody but staff; nothing is lost.
    hidden: Option<bool>,
    /// Why it is hidden, locked or moved: for the audit log. Must be given to hide.
    reason: String,
}

#[utoipa::path(patch, path = "/threads/{id}", tag = "discussion", params(("id" = Uuid, Path)), request_body = ThreadChange, responses(
    (status = 200, body = Thread), (status = 400), (status = 403), (status = 404),
))]
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(change): Body<ThreadChange>,
) -> Result<Json<Thread>, Problem> {
    let (by, threads) = (&caller.account, &api.threads);
    let mut done = Vec::new();
    if let Some(title) = &change.title {
        threads.retitle(by, id, title).await?;
        done.push("thread.rename");
    }
    if let Some(locked) = change.locked {
        match locked {
            true => threads.lock(by, id).await?,
            false => threads.unlock(by, id).await?,
        }
        done.push(if locked {
            "thread.lock"
        } else {
            "thread.unlock"
        });
    }
    if let Some(pinned) = change.pinned {
        match pinned {
            true => threads.pin(by, id).await?,
            false => threads.unpin(by, id).await?,
        }
        done.push(if pinned { "thread.pin" } else { "thread.unpin" });
    }
    if let Some(space) = &change.space {
        threads.relocate(by, id, space).await?;
        done.push("thread.move");
    }
    if let Some(hidden) = change.hidden {
        match hidden {
            true => threads.hide(by, id, &change.reason).await?,
            false => threads.show(by, id).await?,
        }
        done.push(if hidden { "thread.hide" } else { "thread.show" });
    }
    if done.is_empty() {
        return Err(Problem::invalid(
            "name at least one of title, space, locked, pinned, hidden",
        ));
    }
    for action in done {
        api.audit(&caller, action, &id.to_string(), &change.reason)
            .await;
    }
    Ok(Json(whole(&api, &caller, id).await?))
}
