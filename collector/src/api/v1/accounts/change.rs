//! `PATCH /accounts/{id}`: IT changes a name, team, roles, password, or closes an account.

use axum::{Json, extract::State};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::{Action, Object, Role};

use super::Account;
use crate::{
    accounts::Change,
    api::{
        Api, Caller,
        input::{At, Body},
        problem::Problem,
    },
};

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    name: Option<String>,
    team: Option<String>,
    #[schema(value_type = Option<Vec<String>>)]
    roles: Option<Vec<Role>>,
    /// A disabled account cannot sign in; its sessions end, its posts stay.
    disabled: Option<bool>,
    /// At least 10 characters; all sessions of the account end.
    #[schema(value_type = Option<String>, format = Password)]
    #[serde(default)]
    password: Option<SecretString>,
}

#[utoipa::path(patch, path = "/accounts/{id}", tag = "administration", params(("id" = Uuid, Path)), request_body = AccountChange, responses(
    (status = 200, body = Account), (status = 400), (status = 403), (status = 404),
    (status = 409, description = "It would leave nobody who may do this"),
))]
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<Uuid>,
    Body(asked): Body<AccountChange>,
) -> Result<Json<Account>, Problem> {
    api.may(&caller, Action::Change, &Object::Accounts)?;
    let mut said = Vec::new();
    if asked.name.is_some() {
        said.push("name".to_owned());
    }
    if let Some(team) = &asked.team {
        said.push(format!("team {team:?}"));
    }
    if let Some(roles) = &asked.roles {
        said.push(format!("roles {roles:?}"));
    }
    if let Some(disabled) = asked.disabled {
        said.push(format!("disabled {disabled}"));
    }
    if asked.password.is_some() {
        said.push("password".to_owned());
    }
    if said.is_empty() {
        return Err(Problem::invalid(
            "name at least one of name, team, roles, disabled, password",
        ));
    }
    let change = Change {
        name: asked.name,
        team: asked.team,
        roles: asked.roles,
        disabled: asked.disabled,
        password: asked.password,
    };
    let changed = api.accounts.change(id, change).await?;
    let changed = changed.ok_or_else(|| Problem::missing("account"))?;
    api.audit(&caller, "account.change", &changed.login, &said.join(", "))
        .await;
    Ok(Json(changed.into()))
}
