//! Accounts, as IT keeps them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::authority::Role;
use weft_collector_store::control::accounts::Account as Stored;

pub mod change;
pub mod list;
pub mod make;

#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    pub id: Uuid,
    pub login: String,
    pub name: String,
    pub team: String,
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<Role>,
    pub disabled: bool,
    pub simulated: bool,
    pub created_at: Timestamp,
}

impl From<Stored> for Account {
    fn from(account: Stored) -> Self {
        Self {
            id: account.id,
            login: account.login,
            name: account.name,
            team: account.team,
            roles: account.roles,
            disabled: account.disabled,
            simulated: account.simulated,
            created_at: account.created_at,
        }
    }
}
