//! `POST /threads/{id}/posts`: writes in a thread.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Post, show_post};
use crate::{
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
    },
    threads::Words,
};

#[derive(Deserialize, ToSchema)]
pub struct NewPost {
    /// At most 64 KiB.
    markdown: String,
    /// For staff only: read by staff only.
    #[serde(default)]
    whisper: bool,
    /// The post that it answers; its author is told.
    #[serde(default)]
    reply_to: Option<Uuid>,
}

#[utoipa::path(post, path = "/threads/{id}/posts", tag = "discussion", params(("id" = Uuid, Path)), request_body = NewPost, responses(
    (status = 201, body = Post), (status = 400), (status = 403), (status = 404), (status = 409, description = "The thread is full, hidden or locked"), (status = 429),
))]
pub async fn post(
    State(api): State<Api>,
    caller: Caller,
    At(thread): At<Uuid>,
    Body(new): Body<NewPost>,
) -> Result<(StatusCode, Json<Post>), Problem> {
    let words = Words {
        markdown: &new.markdown,
        whisper: new.whisper,
        reply_to: new.reply_to,
        ..Words::default()
    };
    let id = api.threads.post(&caller.account, thread, words).await?;
    Ok((
        StatusCode::CREATED,
        Json(show_post(&api, &caller, id).await?),
    ))
}
