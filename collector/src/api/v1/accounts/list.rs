//! `GET /accounts`: people by login.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use weft_collector_core::authority::{Action, Object};

use super::Account;
use crate::api::{
    Api, Caller,
    input::Params,
    page::{self, Page},
    problem::Problem,
};

const LIST: &str = "accounts";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Part of the login or the name.
    q: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[utoipa::path(get, path = "/accounts", tag = "administration", params(Query), responses(
    (status = 200, body = Page<Account>), (status = 403),
))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<Account>>, Problem> {
    api.may(&caller, Action::See, &Object::Accounts)?;
    let limit = page::limit(query.limit)?;
    let after = page::place::<String>(LIST, query.cursor.as_deref())?;
    let words = query.q.unwrap_or_default();
    let found = api
        .control
        .accounts()
        .list(words.trim(), after.as_deref(), limit + 1)
        .await?;
    Ok(Json(Page::of(
        LIST,
        found,
        limit,
        |account| account.login.clone(),
        Account::from,
    )))
}
