//! Enrolment tokens: who may become a device.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_store::control::tokens::Token as Stored;

pub mod list;
pub mod make;
pub mod revoke;

#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    pub id: Uuid,
    pub name: String,
    pub team: String,
    pub uses_left: u32,
    pub uses: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked: bool,
    pub simulated: bool,
}

impl From<Stored> for Token {
    fn from(token: Stored) -> Self {
        Self {
            id: token.id,
            name: token.name,
            team: token.team,
            uses_left: token.uses_left,
            uses: token.uses,
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked: token.revoked,
            simulated: token.simulated,
        }
    }
}
