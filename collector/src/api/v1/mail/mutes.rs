//! `PUT|DELETE /me/mail/mutes/{thread}`: no mail about one thread, and mail about it again. The console goes on telling.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(put, path = "/me/mail/mutes/{thread}", tag = "mail", params(("thread" = Uuid, Path)), responses(
    (status = 204), (status = 404),
))]
pub async fn mute(
    State(api): State<Api>,
    caller: Caller,
    At(thread): At<Uuid>,
) -> Result<StatusCode, Problem> {
    let thread = api.threads.thread(&caller.account, thread).await?;
    let now = api.clock.now();
    api.control
        .wishes()
        .mute(caller.account.id, thread.id, now)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(delete, path = "/me/mail/mutes/{thread}", tag = "mail", params(("thread" = Uuid, Path)), responses(
    (status = 204),
))]
pub async fn unmute(
    State(api): State<Api>,
    caller: Caller,
    At(thread): At<Uuid>,
) -> Result<StatusCode, Problem> {
    api.control
        .wishes()
        .unmute(caller.account.id, thread)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
