//! `GET /status`: versions, and where detection stands.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Api, Caller, Rounds, problem::Problem};

#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    /// Of the collector.
    version: &'static str,
    /// ClickHouse's own; empty while it does not answer.
    engine: String,
    /// `sqlite` or `postgres`.
    control: &'static str,
    detect: Rounds,
}

#[utoipa::path(get, path = "/status", tag = "session", responses((status = 200, body = Status)))]
pub async fn read(State(api): State<Api>, _caller: Caller) -> Result<Json<Status>, Problem> {
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        engine: api.reads.engine().await.unwrap_or_default(),
        control: api.control_kind,
        detect: (api.rounds)(),
    }))
}
