//! Context cards that owners share in talks.
//!
//! **Invariant: taking back is taking away**: the row goes at once, and no reader meets a share that is not in force (the caller asks
//! `core::card` with the time). One share per talk and laptop.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter,
    sea_query::OnConflict,
};
use uuid::Uuid;
use weft_collector_core::{
    card::{CardFact, Share},
    device::DeviceId,
};

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "card_shares")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Uuid,
        pub facts: String,
        pub until: Option<Micros>,
        pub by: Uuid,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// A share, where it is and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    pub thread: Uuid,
    pub device: DeviceId,
    pub share: Share,
    pub by: Uuid,
    pub at: Timestamp,
}

impl Control {
    pub fn cards(&self) -> Cards<'_> {
        Cards { db: self.db() }
    }
}

/// The way to the table.
pub struct Cards<'a> {
    db: &'a DatabaseConnection,
}

impl Cards<'_> {
    pub async fn put(&self, shared: &Shared) -> Result<()> {
        let facts: Vec<CardFact> = shared.share.facts.iter().copied().collect();
        let row = ActiveModel {
            thread: Set(shared.thread),
            device: Set(shared.device.0),
            facts: Set(json::write(&facts)),
            until: Set(shared.share.until.map(Micros::from)),
            by: Set(shared.by),
            at: Set(shared.at.into()),
        };
        let changed = [Column::Facts, Column::Until, Column::By, Column::At];
        Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::Thread, Column::Device])
                    .update_columns(changed)
                    .to_owned(),
            )
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    /// False when nothing was shared.
    pub async fn remove(&self, thread: Uuid, device: DeviceId) -> Result<bool> {
        let done = Entity::delete_by_id((thread, device.0))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn of_thread(&self, thread: Uuid) -> Result<Vec<Shared>> {
        let query = Entity::find().filter(Column::Thread.eq(thread));
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// Everything that is shared of a laptop, for its owner.
    pub async fn of_device(&self, device: DeviceId) -> Result<Vec<Shared>> {
        let query = Entity::find().filter(Column::Device.eq(device.0));
        query.all(self.db).await?.into_iter().map(read).collect()
    }
}

fn read(row: Model) -> Result<Shared> {
    let facts: Vec<CardFact> = json::read("the facts of a card", &row.facts)?;
    Ok(Shared {
        thread: row.thread,
        device: DeviceId(row.device),
        share: Share {
            facts: facts.into_iter().collect(),
            until: row.until.map(Timestamp::from),
        },
        by: row.by,
        at: row.at.into(),
    })
}
