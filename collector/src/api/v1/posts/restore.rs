//! `POST /posts/{id}/restore`: back into sight.

use axum::{Json, extract::State};
use uuid::Uuid;

use crate::api::{
    Api, Caller,
    input::At,
    problem::Problem,
    v1::threads::{Post, show_post},
};

#[utoipa::path(post, path = "/posts/{id}/restore", tag = "discussion", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Post), (status = 404),
))]
pub async fn restore(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Post>, Problem> {
    api.threads.restore(&caller.account, id).await?;
    api.audit(&caller, "post.restore", &id.to_string(), "")
        .await;
    Ok(Json(show_post(&api, &caller, id).await?))
}
