//! `POST /threads/{id}/escalations`: this needs a technician, security, an admin.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::Role;

use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
    v1::escalations::{Escalation, show},
};

#[derive(Deserialize, ToSchema)]
pub struct NewEscalation {
    /// `technician`, `security`, `admin`.
    #[schema(value_type = String)]
    to: Role,
    reason: String,
}

#[utoipa::path(post, path = "/threads/{id}/escalations", tag = "discussion", params(("id" = Uuid, Path)), request_body = NewEscalation, responses(
    (status = 201, body = Escalation), (status = 400), (status = 403), (status = 404), (status = 409, description = "Asked already, not done yet"),
))]
pub async fn escalate(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(new): Body<NewEscalation>,
) -> Result<(StatusCode, Json<Escalation>), Problem> {
    let made = api
        .threads
        .escalate(&caller.account, id, new.to, &new.reason)
        .await?;
    api.audit(
        &caller,
        "thread.escalate",
        &id.to_string(),
        &format!("{:?}: {}", made.to, made.reason),
    )
    .await;
    let mut shown = show(&api, vec![made]).await?;
    let shown = shown.pop().ok_or_else(|| Problem::missing("escalation"))?;
    Ok((StatusCode::CREATED, Json(shown)))
}
