//! Private threads: talks of a few people and security, whatever the space they lie in.
//!
//! **Invariant: a private thread has at least one row here from its first moment on** (`threads` writes both at once), so that no
//! reader ever meets it in between. Who sees it is decided in `threads::visible`, which all reading goes through.

use std::collections::BTreeSet;

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, SimpleExpr},
};
use uuid::Uuid;

use super::{Result, accounts, like};

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "private_threads")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

pub(super) async fn insert(
    on: &impl ConnectionTrait,
    thread: Uuid,
    people: &[Uuid],
) -> Result<(), DbErr> {
    let people: BTreeSet<Uuid> = people.iter().copied().collect();
    for account in people {
        let row = ActiveModel {
            thread: Set(thread),
            account: Set(account),
        };
        Entity::insert(row).exec_without_returning(on).await?;
    }
    Ok(())
}

pub(super) fn all() -> Select<Entity> {
    Entity::find().select_only().column(Column::Thread)
}

pub(super) fn of(account: Uuid) -> Select<Entity> {
    all().filter(Column::Account.eq(account))
}

/// True for accounts with the role `security`. The role stands in the account's JSON list.
pub(super) fn reads_all(account: Uuid) -> SimpleExpr {
    let security = accounts::entity::Entity::find()
        .select_only()
        .column(accounts::entity::Column::Id)
        .filter(accounts::entity::Column::Id.eq(account))
        .filter(like::contains(
            accounts::entity::Column::Roles,
            "\"security\"",
        ));
    Expr::value(account).in_subquery(security.into_query())
}

pub(super) async fn among(db: &DatabaseConnection, ids: Vec<Uuid>) -> Result<BTreeSet<Uuid>> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let found: Vec<Uuid> = all()
        .filter(Column::Thread.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}
