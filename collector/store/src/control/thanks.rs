//! Thanks: what the helped say to their helpers.
//!
//! **Invariant: nothing here is counted, summed or ranked.** There is no function that says how many; a thank-you is read, or not.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::OnConflict,
};
use uuid::Uuid;

use super::{Control, Result};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "thanks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub post: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub giver: Uuid,
        pub thread: Uuid,
        pub receiver: Uuid,
        pub words: String,
        pub shown: bool,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thank {
    pub post: Uuid,
    pub giver: Uuid,
    pub thread: Uuid,
    pub receiver: Uuid,
    pub words: String,
    /// The giver lets others see it.
    pub shown: bool,
    pub at: Timestamp,
}

impl Control {
    pub fn thanks(&self) -> Thanks<'_> {
        Thanks { db: self.db() }
    }
}

/// The way to the table.
pub struct Thanks<'a> {
    db: &'a DatabaseConnection,
}

impl Thanks<'_> {
    /// One per post and giver; a second one changes the first.
    pub async fn put(&self, thank: &Thank) -> Result<()> {
        let row = ActiveModel {
            post: Set(thank.post),
            giver: Set(thank.giver),
            thread: Set(thank.thread),
            receiver: Set(thank.receiver),
            words: Set(thank.words.clone()),
            shown: Set(thank.shown),
            at: Set(thank.at.into()),
        };
        Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::Post, Column::Giver])
                    .update_columns([Column::Words, Column::Shown, Column::At])
                    .to_owned(),
            )
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    pub async fn remove(&self, post: Uuid, giver: Uuid) -> Result<bool> {
        let done = Entity::delete_by_id((post, giver)).exec(self.db).await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn of_thread(&self, thread: Uuid) -> Result<Vec<Thank>> {
        let query = Entity::find()
            .filter(Column::Thread.eq(thread))
            .order_by_asc(Column::At);
        Ok(query.all(self.db).await?.into_iter().map(read).collect())
    }

    /// What somebody gave or got, newest first.
    pub async fn of_account(&self, account: Uuid, limit: u64) -> Result<Vec<Thank>> {
        let query = Entity::find()
            .filter(
                Condition::any()
                    .add(Column::Receiver.eq(account))
                    .add(Column::Giver.eq(account)),
            )
            .order_by_desc(Column::At)
            .limit(limit);
        Ok(query.all(self.db).await?.into_iter().map(read).collect())
    }
}

fn read(row: Model) -> Thank {
    Thank {
        post: row.post,
        giver: row.giver,
        thread: row.thread,
        receiver: row.receiver,
        words: row.words,
        shown: row.shown,
        at: row.at.into(),
    }
}
