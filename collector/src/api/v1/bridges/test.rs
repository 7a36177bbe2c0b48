//! `POST /bridges/{id}/test`: asks the platform now, and says what it answered and what to do.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object};

use crate::api::{Api, Caller, input::At, problem::Problem};

#[derive(Debug, Serialize, ToSchema)]
pub struct Tried {
    pub works: bool,
    pub words: String,
    /// Empty when it works.
    pub advice: String,
}

#[utoipa::path(post, path = "/bridges/{id}/test", tag = "connections", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Tried), (status = 403), (status = 404),
))]
pub async fn test(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<Json<Tried>, Problem> {
    api.may(&caller, Action::Change, &Object::Bridges)?;
    let tried = api.connect.try_out(id).await?;
    api.audit(&caller, "bridge.test", &id.to_string(), &tried.words)
        .await;
    Ok(Json(Tried {
        works: tried.works,
        words: tried.words,
        advice: tried.advice,
    }))
}
