//! Members: people who were asked into a thread, beyond those whose space it is.
//!
//! **Invariant: membership opens one thread, never a space.** It is how security talks with one owner alone: a thread in
//! the security space with that owner as its member.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, Select, sea_query::OnConflict,
};
use uuid::Uuid;

use super::{Control, Result};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "thread_members")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        pub invited_by: Uuid,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

/// People asked into one thread: beyond, it wants a space.
pub const MOST: usize = 50;

impl Control {
    pub fn members(&self) -> Members<'_> {
        Members { db: self.db() }
    }
}

/// The way to the table.
pub struct Members<'a> {
    db: &'a DatabaseConnection,
}

impl Members<'_> {
    pub async fn add(&self, thread: Uuid, account: Uuid, by: Uuid, at: Timestamp) -> Result<bool> {
        Ok(insert(self.db, thread, account, by, at).await?)
    }

    pub async fn remove(&self, thread: Uuid, account: Uuid) -> Result<bool> {
        let done = Entity::delete_by_id((thread, account))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn of_thread(&self, thread: Uuid) -> Result<Vec<Uuid>> {
        Ok(Entity::find()
            .select_only()
            .column(Column::Account)
            .filter(Column::Thread.eq(thread))
            .order_by_asc(Column::At)
            .into_tuple()
            .all(self.db)
            .await?)
    }

    pub async fn is_member(&self, thread: Uuid, account: Uuid) -> Result<bool> {
        Ok(Entity::find_by_id((thread, account))
            .one(self.db)
            .await?
            .is_some())
    }
}

pub(super) async fn insert(
    on: &impl ConnectionTrait,
    thread: Uuid,
    account: Uuid,
    by: Uuid,
    at: Timestamp,
) -> Result<bool, DbErr> {
    let row = ActiveModel {
        thread: Set(thread),
        account: Set(account),
        invited_by: Set(by),
        at: Set(at.into()),
    };
    let once = OnConflict::columns([Column::Thread, Column::Account])
        .do_nothing()
        .to_owned();
    match Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(on)
        .await
    {
        Ok(rows) => Ok(rows > 0),
        Err(DbErr::RecordNotInserted) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) async fn among(
    db: &DatabaseConnection,
    threads: Vec<Uuid>,
) -> Result<std::collections::BTreeSet<Uuid>> {
    if threads.is_empty() {
        return Ok(std::collections::BTreeSet::new());
    }
    let found: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Thread)
        .filter(Column::Thread.is_in(threads))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

/// Ids of the threads into which the account was asked.
pub(super) fn threads_of(account: Uuid) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Thread)
        .filter(Column::Account.eq(account))
}
