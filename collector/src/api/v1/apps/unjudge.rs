//! `DELETE /apps/{app}/verdict`: nothing is decided any more, for everybody or one team.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use weft_collector_core::authority::{Action, Object};

use super::{check_app, team};
use crate::api::{
    Api, Caller,
    input::{At, Params},
    problem::Problem,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Nothing: the verdict for everybody.
    team: Option<String>,
}

#[utoipa::path(delete, path = "/apps/{app}/verdict", tag = "apps", params(("app" = String, Path), Query), responses(
    (status = 204), (status = 403), (status = 404),
))]
pub async fn unjudge(
    State(api): State<Api>,
    caller: Caller,
    At(app): At<String>,
    Params(query): Params<Query>,
) -> Result<StatusCode, Problem> {
    api.may(&caller, Action::Remove, &Object::Verdicts)?;
    check_app(&app)?;
    let team = team(query.team)?;
    if !api.control.verdicts().remove(&app, team.as_deref()).await? {
        return Err(Problem::missing("verdict"));
    }
    api.audit(
        &caller,
        "verdict.remove",
        &app,
        team.as_deref().unwrap_or("everybody"),
    )
    .await;
    Ok(StatusCode::NO_CONTENT)
}
