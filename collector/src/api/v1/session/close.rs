//! `DELETE /session`: signs out.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use axum_extra::extract::cookie::CookieJar;

use crate::api::{Api, caller, problem::Problem};

/// Signs out. Also good when nobody was signed in.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub async fn close(State(api): State<Api>, jar: CookieJar) -> Result<impl IntoResponse, Problem> {
    if let Some(hash) = caller::session_hash(&jar) {
        api.control.sessions().close(&hash).await?;
    }
    Ok((
        StatusCode::NO_CONTENT,
        [(header::SET_COOKIE, caller::take())],
    ))
}
