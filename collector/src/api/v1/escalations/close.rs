//! `POST /escalations/{id}/close`: done, with a note.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Escalation, one};
use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
};

#[derive(Deserialize, ToSchema)]
pub struct Closing {
    #[serde(default)]
    note: String,
}

#[utoipa::path(post, path = "/escalations/{id}/close", tag = "discussion", params(("id" = Uuid, Path)), request_body = Closing, responses(
    (status = 200, body = Escalation), (status = 403), (status = 404), (status = 409),
))]
pub async fn close(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(closing): Body<Closing>,
) -> Result<Json<Escalation>, Problem> {
    let closed = api
        .threads
        .close_escalation(&caller.account, id, &closing.note)
        .await?;
    api.audit(
        &caller,
        "escalation.close",
        &closed.thread.to_string(),
        &closed.note,
    )
    .await;
    Ok(Json(one(&api, closed).await?))
}
