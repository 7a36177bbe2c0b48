//! `PATCH /posts/{id}`: the author changes the words; what stood there is kept.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
    v1::threads::{Post, show_post},
};

#[derive(Deserialize, ToSchema)]
pub struct Words {
    markdown: String,
}

#[utoipa::path(patch, path = "/posts/{id}", tag = "discussion", params(("id" = Uuid, Path)), request_body = Words, responses(
    (status = 200, body = Post), (status = 400), (status = 403), (status = 404),
))]
pub async fn edit(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(words): Body<Words>,
) -> Result<Json<Post>, Problem> {
    api.threads
        .edit(&caller.account, id, &words.markdown)
        .await?;
    Ok(Json(show_post(&api, &caller, id).await?))
}
