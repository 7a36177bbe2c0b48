//! `GET /tokens`: every token, newest first; never a secret.

use axum::{Json, extract::State};

use weft_collector_core::authority::{Action, Object};

use super::Token;
use crate::api::{Api, Caller, page::Page, problem::Problem};

#[utoipa::path(get, path = "/tokens", tag = "administration", responses((status = 200, body = Page<Token>), (status = 403)))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Page<Token>>, Problem> {
    api.may(&caller, Action::See, &Object::Tokens)?;
    let tokens = api.control.tokens().list().await?;
    Ok(Json(Page::whole(
        tokens.into_iter().map(Token::from).collect(),
    )))
}
