//! `POST /me/password`: somebody changes their own password; their other sessions end.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, State},
    http::StatusCode,
};
use axum_extra::extract::cookie::CookieJar;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::{Api, Caller, caller, input::Body, problem::Problem};

#[derive(Deserialize, ToSchema)]
pub struct NewPassword {
    #[schema(value_type = String, format = Password)]
    old: SecretString,
    /// At least 10 characters.
    #[schema(value_type = String, format = Password)]
    new: SecretString,
}

#[utoipa::path(post, path = "/me/password", tag = "session", request_body = NewPassword, responses(
    (status = 204), (status = 400), (status = 401, description = "The old one is wrong"), (status = 429),
))]
pub async fn password(
    State(api): State<Api>,
    caller: Caller,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    jar: CookieJar,
    Body(asked): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let peer = peer.map_or(std::net::IpAddr::from([127, 0, 0, 1]), |peer| peer.0.0.ip());
    let this = caller::session_hash(&jar);
    api.accounts
        .change_own(&caller.account, asked.old, asked.new, peer, this.as_deref())
        .await?;
    api.audit(&caller, "account.password", &caller.account.login, "")
        .await;
    Ok(StatusCode::NO_CONTENT)
}
