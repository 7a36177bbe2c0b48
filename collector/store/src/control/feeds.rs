//! Feeds: whose feed addresses are good.
//!
//! **Invariant: renewing ends every older address at once**: an address carries its generation, and only the newest opens.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use uuid::Uuid;

use super::{Control, Result};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "feeds")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        pub generation: i32,
        pub open: bool,
        pub changed_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

impl Control {
    pub fn feeds(&self) -> Feeds<'_> {
        Feeds { db: self.db() }
    }
}

/// The way to the table.
pub struct Feeds<'a> {
    db: &'a DatabaseConnection,
}

impl Feeds<'_> {
    /// The generation that opens; `None`: the person has no feeds.
    pub async fn generation(&self, account: Uuid) -> Result<Option<u32>> {
        let row = Entity::find_by_id(account)
            .filter(Column::Open.eq(true))
            .one(self.db)
            .await?;
        Ok(row.map(|row| u32::try_from(row.generation).unwrap_or(0)))
    }

    /// Opens the feeds under a new generation.
    pub async fn renew(&self, account: Uuid, at: Timestamp) -> Result<u32> {
        let row = ActiveModel {
            account: Set(account),
            generation: Set(1),
            open: Set(true),
            changed_at: Set(at.into()),
        };
        let next = OnConflict::column(Column::Account)
            .value(
                Column::Generation,
                Expr::col((Entity, Column::Generation)).add(1),
            )
            .update_columns([Column::Open, Column::ChangedAt])
            .to_owned();
        Entity::insert(row)
            .on_conflict(next)
            .exec_without_returning(self.db)
            .await?;
        Ok(self.generation(account).await?.unwrap_or(0))
    }

    /// No feeds any more; what was renewed later has another generation.
    pub async fn close(&self, account: Uuid, at: Timestamp) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Open, Expr::value(false))
            .col_expr(Column::ChangedAt, Expr::value(at.as_microsecond()))
            .filter(Column::Account.eq(account))
            .exec(self.db)
            .await?;
        Ok(())
    }
}
