//! Follows: who wants to hear of a thread. Writing in it is following it, until the person says otherwise.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    QueryFilter, QuerySelect, Select, sea_query::OnConflict,
};
use uuid::Uuid;

use super::{Control, Result};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "follows")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        pub since: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

impl Control {
    pub fn follows(&self) -> Follows<'_> {
        Follows { db: self.db() }
    }
}

/// The way to the table.
pub struct Follows<'a> {
    db: &'a DatabaseConnection,
}

impl Follows<'_> {
    pub async fn follow(&self, account: Uuid, thread: Uuid, at: Timestamp) -> Result<()> {
        Ok(insert(self.db, account, thread, at).await?)
    }

    pub async fn unfollow(&self, account: Uuid, thread: Uuid) -> Result<()> {
        Entity::delete_by_id((account, thread))
            .exec(self.db)
            .await?;
        Ok(())
    }

    pub async fn is_following(&self, account: Uuid, thread: Uuid) -> Result<bool> {
        Ok(Entity::find_by_id((account, thread))
            .one(self.db)
            .await?
            .is_some())
    }

    pub async fn followers(&self, thread: Uuid) -> Result<Vec<Uuid>> {
        Ok(Entity::find()
            .select_only()
            .column(Column::Account)
            .filter(Column::Thread.eq(thread))
            .into_tuple()
            .all(self.db)
            .await?)
    }
}

pub(super) async fn insert(
    on: &impl ConnectionTrait,
    account: Uuid,
    thread: Uuid,
    at: Timestamp,
) -> Result<(), DbErr> {
    let follow = ActiveModel {
        account: Set(account),
        thread: Set(thread),
        since: Set(at.into()),
    };
    let once = OnConflict::columns([Column::Account, Column::Thread])
        .do_nothing()
        .to_owned();
    match Entity::insert(follow)
        .on_conflict(once)
        .exec_without_returning(on)
        .await
    {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Ids of the threads that the account follows.
pub(super) fn threads_followed(account: Uuid) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Thread)
        .filter(Column::Account.eq(account))
}
