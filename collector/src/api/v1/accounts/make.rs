//! `POST /accounts`: IT makes an account.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use weft_collector_core::authority::Role;

use weft_collector_core::authority::{Action, Object};

use super::Account;
use crate::{
    accounts::Described,
    api::{Api, Caller, input::Body, problem::Problem},
};

#[derive(Deserialize, ToSchema)]
pub struct NewAccount {
    login: String,
    name: String,
    #[serde(default)]
    team: String,
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    /// At least 10 characters. Without one nobody can sign in with a password.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

#[utoipa::path(post, path = "/accounts", tag = "administration", request_body = NewAccount, responses(
    (status = 201, body = Account), (status = 400), (status = 403), (status = 409, description = "The login is taken"),
))]
pub async fn make(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<Account>), Problem> {
    api.may(&caller, Action::Change, &Object::Accounts)?;
    let described = Described {
        login: new.login,
        name: new.name,
        team: new.team,
        roles: new.roles,
        password: new.password,
        simulated: false,
    };
    let made = api.accounts.create(described).await?;
    api.audit(
        &caller,
        "account.create",
        &made.login,
        &format!("roles {:?}", made.roles),
    )
    .await;
    Ok((StatusCode::CREATED, Json(made.into())))
}
