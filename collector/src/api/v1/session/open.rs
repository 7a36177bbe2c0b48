//! `POST /session`: signs in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    Extension, Json,
    extract::{ConnectInfo, State},
    http::header,
    response::IntoResponse,
};
use rand::RngCore as _;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::me::{Me, describe};
use crate::api::{Api, Caller, caller, input::Body, problem::Problem};

#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    login: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Signs in; the cookie is the session.
#[utoipa::path(post, path = "/session", tag = "session", request_body = Credentials, responses(
    (status = 200, body = Me), (status = 401, description = "Login or password is wrong"),
    (status = 429, description = "Too many tries"),
))]
pub async fn open(
    State(api): State<Api>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    Body(credentials): Body<Credentials>,
) -> Result<impl IntoResponse, Problem> {
    // Behind a proxy all have the proxy's address; then the limit per login is what holds.
    let peer = peer.map_or(
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        |Extension(ConnectInfo(address))| address.ip(),
    );
    let verified = api
        .accounts
        .verify(&credentials.login, credentials.password, peer)
        .await;
    let account = match verified {
        Ok(account) => account,
        Err(error) => {
            let login: String = credentials
                .login
                .chars()
                .take(crate::accounts::MAX_LOGIN)
                .collect();
            api.auditor
                .refused(
                    &format!("peer:{peer}"),
                    "sign_in",
                    &login,
                    &error.to_string(),
                )
                .await;
            return Err(error.into());
        }
    };
    let mut secret = [0_u8; 32];
    rand::rng().fill_bytes(&mut secret);
    let secret = hex::encode(secret);
    let now = api.clock.now();
    api.control
        .sessions()
        .open(&caller::hash(&secret), account.id, now)
        .await?;
    let caller = Caller::of(&api, account).await?;
    api.audit(
        &caller,
        "sign_in",
        &caller.account.login,
        &format!("from {peer}"),
    )
    .await;
    let me: Json<Me> = Json(describe(&api, &caller).await?);
    Ok((
        [(header::SET_COOKIE, caller::give(&secret, api.secure))],
        me,
    ))
}
