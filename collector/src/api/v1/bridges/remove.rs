//! `DELETE /bridges/{id}`: the bridge goes with what waited on it; what it brought stays.

use axum::{extract::State, http::StatusCode};
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object};

use crate::api::{Api, Caller, input::At, problem::Problem};

#[utoipa::path(delete, path = "/bridges/{id}", tag = "connections", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 403), (status = 404),
))]
pub async fn remove(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
) -> Result<StatusCode, Problem> {
    api.may(&caller, Action::Remove, &Object::Bridges)?;
    let gone = api.connect.remove(id).await?;
    api.audit(&caller, "bridge.remove", &id.to_string(), &gone.name)
        .await;
    Ok(StatusCode::NO_CONTENT)
}
