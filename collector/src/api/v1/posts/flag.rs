//! `POST /posts/{id}/flag`: staff should look at this. Once per person.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
};

#[derive(Deserialize, ToSchema)]
pub struct NewFlag {
    reason: String,
}

#[utoipa::path(post, path = "/posts/{id}/flag", tag = "discussion", params(("id" = Uuid, Path)), request_body = NewFlag, responses(
    (status = 204), (status = 400), (status = 404), (status = 409, description = "Flagged by you before"), (status = 429),
))]
pub async fn flag(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(new): Body<NewFlag>,
) -> Result<StatusCode, Problem> {
    api.threads.flag(&caller.account, id, &new.reason).await?;
    api.audit(&caller, "post.flag", &id.to_string(), &new.reason)
        .await;
    Ok(StatusCode::NO_CONTENT)
}
