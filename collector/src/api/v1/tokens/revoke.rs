//! `DELETE /tokens/{id}`: nobody enrols with it any more; laptops that did stay.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;

use weft_collector_core::authority::{Action, Object};

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(delete, path = "/tokens/{id}", tag = "administration", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 403), (status = 404),
))]
pub async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<StatusCode, Problem> {
    api.may(&caller, Action::Remove, &Object::Tokens)?;
    if !api.control.tokens().revoke(id, api.clock.now()).await? {
        return Err(Problem::missing("token"));
    }
    api.audit(&caller, "token.revoke", &id.to_string(), "")
        .await;
    Ok(StatusCode::NO_CONTENT)
}
