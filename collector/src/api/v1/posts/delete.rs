//! `DELETE /posts/{id}`: out of sight, not out of the database.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::api::{
    Api, Caller,
    input::{At, Params},
    problem::Problem,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Staff say why: the author is told.
    #[serde(default)]
    reason: String,
}

#[utoipa::path(delete, path = "/posts/{id}", tag = "discussion", params(("id" = Uuid, Path), Query), responses(
    (status = 204), (status = 400), (status = 403), (status = 404),
))]
pub async fn delete(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Params(query): Params<Query>,
) -> Result<StatusCode, Problem> {
    api.threads
        .delete(&caller.account, id, &query.reason)
        .await?;
    api.audit(&caller, "post.delete", &id.to_string(), &query.reason)
        .await;
    Ok(StatusCode::NO_CONTENT)
}
