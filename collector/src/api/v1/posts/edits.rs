//! `GET /posts/{id}/edits`: every text that the post had, oldest first; the last is the one that shows.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{
    Api, Caller,
    input::At,
    problem::Problem,
    v1::shape::{Named, Names},
};

#[derive(Debug, Serialize, ToSchema)]
pub struct Revision {
    /// From 1.
    number: usize,
    at: Timestamp,
    by: Named,
    /// As typed; empty where it was forgotten on purpose.
    markdown: String,
    /// Its text was forgotten on purpose.
    forgotten: bool,
}

#[utoipa::path(get, path = "/posts/{id}/edits", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Vec<Revision>), (status = 404),
))]
pub async fn edits(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Vec<Revision>>, Problem> {
    let post = api.threads.find_post(&caller.account, id).await?;
    let edits = api.control.posts().edits(id).await?;
    let mut people: Vec<Uuid> = edits.iter().map(|edit| edit.by).collect();
    people.push(post.author);
    let names = Names::of(&api, people).await?;
    // An edit keeps what stood before it: texts and steps are shifted by one.
    let texts = edits
        .iter()
        .map(|edit| edit.markdown.clone())
        .chain([post.markdown]);
    let steps = [(post.posted_at, post.author)]
        .into_iter()
        .chain(edits.iter().map(|edit| (edit.at, edit.by)));
    let revisions = (1..)
        .zip(texts.zip(steps))
        .map(|(number, (markdown, (at, by)))| Revision {
            number,
            at,
            by: names.named(by),
            forgotten: markdown.is_empty(),
            markdown,
        });
    Ok(Json(revisions.collect()))
}
