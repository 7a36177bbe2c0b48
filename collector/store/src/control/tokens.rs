//! Enrolment tokens: who may become a device, how often, until when.
//!
//! **Invariant:** the secret itself is never here, only its hash; a token's uses never fall below zero.

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, ExprTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use serde::Serialize;
use uuid::Uuid;

use super::{Control, Result, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub secret_hash: String,
        pub team: String,
        pub owner: Option<Uuid>,
        pub device_name: String,
        pub simulated: bool,
        pub uses: i32,
        pub uses_left: i32,
        pub created_by: String,
        pub created_at: Micros,
        pub expires_at: Micros,
        pub revoked_at: Option<Micros>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Token {
    pub id: Uuid,
    pub name: String,
    /// Team, owner and name that a device gets from it. Empty: none given.
    pub team: String,
    pub owner: Option<Uuid>,
    pub device_name: String,
    /// Devices of this token are marked as simulated, wherever they are shown.
    pub simulated: bool,
    pub uses: u32,
    pub uses_left: u32,
    pub created_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked: bool,
}

#[derive(Clone, Debug)]
pub struct NewToken {
    pub id: Uuid,
    pub name: String,
    pub secret_hash: String,
    pub team: String,
    pub owner: Option<Uuid>,
    pub device_name: String,
    pub simulated: bool,
    pub uses: u32,
    pub created_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Control {
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { db: self.db() }
    }
}

pub struct Tokens<'a> {
    db: &'a DatabaseConnection,
}

impl Tokens<'_> {
    pub async fn insert(&self, new: NewToken) -> Result<Token> {
        let uses = i32::try_from(new.uses).unwrap_or(i32::MAX);
        let model = ActiveModel {
            id: Set(new.id),
            name: Set(new.name),
            secret_hash: Set(new.secret_hash),
            team: Set(new.team),
            owner: Set(new.owner),
            device_name: Set(new.device_name),
            simulated: Set(new.simulated),
            uses: Set(uses),
            uses_left: Set(uses),
            created_by: Set(new.created_by),
            created_at: Set(new.created_at.into()),
            expires_at: Set(new.expires_at.into()),
            revoked_at: Set(None),
        };
        Ok(read(model.insert(self.db).await?))
    }

    /// Newest first.
    pub async fn list(&self) -> Result<Vec<Token>> {
        let query = Entity::find().order_by_desc(Column::CreatedAt);
        Ok(query.all(self.db).await?.into_iter().map(read).collect())
    }

    pub async fn of_secret(
        &self,
        on: &impl ConnectionTrait,
        secret_hash: &str,
    ) -> Result<Option<Token>> {
        let query = Entity::find().filter(Column::SecretHash.eq(secret_hash));
        Ok(query.one(on).await?.map(read))
    }

    /// Takes one use; false when none was left. The condition stands in the statement, so two enrolments at the same
    /// moment cannot both take the last one.
    pub async fn take_use(&self, on: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::UsesLeft, Expr::col(Column::UsesLeft).sub(1))
            .filter(Column::Id.eq(id))
            .filter(Column::UsesLeft.gt(0))
            .exec(on)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// False when there is no such token, or it was revoked before.
    pub async fn revoke(&self, id: Uuid, at: Timestamp) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::value(Micros::from(at)))
            .filter(Column::Id.eq(id))
            .filter(Column::RevokedAt.is_null())
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }
}

fn read(row: Model) -> Token {
    let count = |value: i32| u32::try_from(value).unwrap_or(0);
    Token {
        id: row.id,
        name: row.name,
        team: row.team,
        owner: row.owner,
        device_name: row.device_name,
        simulated: row.simulated,
        uses: count(row.uses),
        uses_left: count(row.uses_left),
        created_by: row.created_by,
        created_at: row.created_at.into(),
        expires_at: row.expires_at.into(),
        revoked: row.revoked_at.is_some(),
    }
}
