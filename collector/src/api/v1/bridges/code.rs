//! `POST /me/bridge-code`: a code to be said in a bridged room; whoever says it there is the caller here.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use rand::RngCore as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{Api, Caller, problem::Problem},
    connect::who::{CODE, CODE_LASTS, CODE_LETTERS, code_hash},
};

#[derive(Debug, Serialize, ToSchema)]
pub struct BridgeCode {
    /// To be said over there, alone in a message. Shown now and never again.
    pub say: String,
    pub until: Timestamp,
}

#[utoipa::path(post, path = "/me/bridge-code", tag = "connections", responses((status = 201, body = BridgeCode)))]
pub async fn code(
    State(api): State<Api>,
    caller: Caller,
) -> Result<(StatusCode, Json<BridgeCode>), Problem> {
    let mut random = [0_u8; CODE_LETTERS / 2];
    rand::rng().fill_bytes(&mut random);
    let code = hex::encode(random);
    let now = api.clock.now();
    let until = now.checked_add(CODE_LASTS).unwrap_or(now);
    api.control
        .bridges()
        .give_code(&code_hash(&code), caller.account.id, until)
        .await?;
    let say = format!("{CODE}{code}");
    Ok((StatusCode::CREATED, Json(BridgeCode { say, until })))
}
