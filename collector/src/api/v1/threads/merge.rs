//! `POST /threads/{id}/merge`: all posts go into another thread; this one stays as a pointer.

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

#[derive(Deserialize, ToSchema)]
pub struct Merge {
    into: Uuid,
}

#[utoipa::path(post, path = "/threads/{id}/merge", tag = "discussion", params(("id" = Uuid, Path)), request_body = Merge, responses(
    (status = 200, body = Thread, description = "The thread that holds all posts now"), (status = 403), (status = 404), (status = 409),
))]
pub async fn merge(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(merge): Body<Merge>,
) -> Result<Json<Thread>, Problem> {
    api.threads.merge(&caller.account, id, merge.into).await?;
    api.audit(
        &caller,
        "thread.merge",
        &id.to_string(),
        &merge.into.to_string(),
    )
    .await;
    Ok(Json(whole(&api, &caller, merge.into).await?))
}
