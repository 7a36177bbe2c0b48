//! `POST /threads/{id}/members`: asks somebody in.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{
    Api, Caller,
    input::{At, Body},
    problem::Problem,
    v1::shape::{Named, Names},
};

#[derive(Deserialize, ToSchema)]
pub struct Invitation {
    login: String,
}

#[utoipa::path(post, path = "/threads/{id}/members", tag = "discussion", params(("id" = Uuid, Path)), request_body = Invitation, responses(
    (status = 201, body = Named), (status = 403), (status = 404), (status = 409), (status = 429),
))]
pub async fn invite(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(invitation): Body<Invitation>,
) -> Result<(StatusCode, Json<Named>), Problem> {
    let account = api
        .threads
        .invite(&caller.account, id, &invitation.login)
        .await?;
    let names = Names::of(&api, [account]).await?;
    api.audit(&caller, "thread.invite", &id.to_string(), &invitation.login)
        .await;
    Ok((StatusCode::CREATED, Json(names.named(account))))
}
