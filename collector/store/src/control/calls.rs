//! Call links: one room per talk, made when somebody first asks for it.
//!
//! **Invariant: a room's name is kept as it was made**; who reads it has read the thread.

use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait, sea_query::OnConflict};
use uuid::Uuid;

use super::{Control, Result};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "calls")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        pub url: String,
        pub by: Uuid,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub thread: Uuid,
    pub url: String,
    pub by: Uuid,
    pub at: Timestamp,
}

impl Control {
    pub fn calls(&self) -> Calls<'_> {
        Calls { db: self.db() }
    }
}

/// The way to the table.
pub struct Calls<'a> {
    db: &'a DatabaseConnection,
}

impl Calls<'_> {
    pub async fn get(&self, thread: Uuid) -> Result<Option<Call>> {
        Ok(Entity::find_by_id(thread).one(self.db).await?.map(read))
    }

    /// A new room in place of an old one.
    pub async fn put(&self, call: &Call) -> Result<()> {
        let row = ActiveModel {
            thread: Set(call.thread),
            url: Set(call.url.clone()),
            by: Set(call.by),
            at: Set(call.at.into()),
        };
        Entity::insert(row)
            .on_conflict(
                OnConflict::column(Column::Thread)
                    .update_columns([Column::Url, Column::By, Column::At])
                    .to_owned(),
            )
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }
}

fn read(row: Model) -> Call {
    Call {
        thread: row.thread,
        url: row.url,
        by: row.by,
        at: row.at.into(),
    }
}
