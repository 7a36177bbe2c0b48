//! Figures about cohorts that were told to people who are not staff.
//!
//! **Invariant: what was told is remembered before it is told**, so that no later answer can be subtracted from it
//! (`core::anonymity`); each group of a talk once, so that telling the same again pushes nothing out of memory. Single groups of
//! other topics are in [`super::groups`].

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use std::collections::BTreeSet;
use uuid::Uuid;

use weft_collector_core::{
    cohort::{Part, Told},
    device::DeviceId,
};

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "cohorts_told")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub thread: Uuid,
        pub by: String,
        pub value: String,
        pub devices: String,
        pub part: String,
        pub current: bool,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// Told figures that are compared with: the newest of all talks. Groups of years ago are no danger to those of today.
const MOST: u64 = 5_000;

impl Control {
    pub fn cohorts(&self) -> Cohorts<'_> {
        Cohorts {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Cohorts<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Cohorts<'_> {
    /// What was told since, in all talks; that of `thread` which stands there now with its words.
    pub async fn told(&self, thread: Uuid, since: Timestamp) -> Result<Vec<Told>> {
        let found = Entity::find()
            .filter(Column::At.gte(Micros::from(since)))
            .order_by_desc(Column::At)
            .limit(MOST)
            .all(self.db)
            .await?;
        found.into_iter().map(|row| read(thread, row)).collect()
    }

    /// The groups behind everything that was told since.
    pub async fn groups(&self, since: Timestamp) -> Result<Vec<BTreeSet<DeviceId>>> {
        // No talk has the nil id.
        let told = self.told(Uuid::nil(), since).await?;
        Ok(told.into_iter().map(|one| one.devices).collect())
    }

    /// Remembers an answer as the one that stands in the talk now.
    pub async fn keep(
        &self,
        thread: Uuid,
        parts: &[(Uuid, Part, BTreeSet<DeviceId>)],
        at: Timestamp,
    ) -> Result<()> {
        let on = self.control.begin().await?;
        Entity::update_many()
            .col_expr(Column::Current, Expr::value(false))
            .filter(Column::Thread.eq(thread))
            .filter(Column::Current.eq(true))
            .exec(&on)
            .await?;
        for (id, part, devices) in parts {
            Entity::delete_many()
                .filter(Column::Thread.eq(thread))
                .filter(Column::By.eq(json::word(&part.by)))
                .filter(Column::Value.eq(&part.value))
                .filter(Column::Devices.eq(json::write(devices)))
                .exec(&on)
                .await?;
            let row = ActiveModel {
                id: Set(*id),
                thread: Set(thread),
                by: Set(json::word(&part.by)),
                value: Set(part.value.clone()),
                devices: Set(json::write(devices)),
                part: Set(json::write(part)),
                current: Set(true),
                at: Set(at.into()),
            };
            Entity::insert(row).exec_without_returning(&on).await?;
        }
        on.commit().await?;
        Ok(())
    }
}

fn read(thread: Uuid, row: Model) -> Result<Told> {
    let stands_here = row.thread == thread && row.current;
    Ok(Told {
        by: json::from_word("what a cohort shares", &row.by)?,
        value: row.value,
        devices: json::read("the devices of a cohort", &row.devices)?,
        here: match stands_here {
            true => Some(json::read("a figure about a cohort", &row.part)?),
            false => None,
        },
    })
}
