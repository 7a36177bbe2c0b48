//! Groups of laptops about which figures were told to people who are not staff.
//!
//! **Invariant: what was told is remembered before it is told**, so that no later answer can be subtracted from it
//! (`core::anonymity`); each group once per topic, so that telling the same again pushes nothing out of memory. A topic is a talk
//! with its cohorts, or a single group: of an anomaly, a model, an answer that was applied.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

use weft_collector_core::{
    cohort::{Part, Told},
    device::{CohortBy, DeviceId},
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

/// Figures of one sort can be subtracted from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Restarts of a time that is the same for all: cohorts, series, comparisons with a model.
    Counts,
    /// What an answer did, each laptop around its own moment.
    Effect,
}

/// In the column of a group's value where the topic is a single group.
const EFFECT: &str = "effect";
const COUNTS: &str = "counts";

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Self::Counts => COUNTS,
            Self::Effect => EFFECT,
        }
    }
}

/// The group that figures on a topic are about now.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub topic: Uuid,
    pub sort: Sort,
    pub devices: BTreeSet<DeviceId>,
    /// What was told, where it is not made anew each time.
    pub figures: Value,
}

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
        let found = self.newest(Sort::Counts, since).await?;
        found.into_iter().map(|row| read(thread, row)).collect()
    }

    /// The groups behind them.
    pub async fn groups(&self, sort: Sort, since: Timestamp) -> Result<Vec<BTreeSet<DeviceId>>> {
        let found = self.newest(sort, since).await?;
        let groups = found.into_iter().map(|row| devices(&row));
        groups.collect()
    }

    async fn newest(&self, sort: Sort, since: Timestamp) -> Result<Vec<Model>> {
        let of_sort = match sort {
            Sort::Effect => Column::Value.eq(EFFECT),
            Sort::Counts => Column::Value.ne(EFFECT),
        };
        Ok(Entity::find()
            .filter(Column::At.gte(Micros::from(since)))
            .filter(of_sort)
            .order_by_desc(Column::At)
            .limit(MOST)
            .all(self.db)
            .await?)
    }

    /// The group of a topic that is a single one.
    pub async fn standing(&self, topic: Uuid) -> Result<Option<Standing>> {
        let found = Entity::find()
            .filter(Column::Thread.eq(topic))
            .filter(Column::Current.eq(true))
            .filter(Column::Value.is_in([COUNTS, EFFECT]))
            .one(self.db)
            .await?;
        let Some(row) = found else {
            return Ok(None);
        };
        Ok(Some(Standing {
            topic,
            sort: match row.value == EFFECT {
                true => Sort::Effect,
                false => Sort::Counts,
            },
            devices: devices(&row)?,
            figures: json::read("figures about a group", &row.part)?,
        }))
    }

    /// Makes this the group of its topic.
    pub async fn stand(&self, id: Uuid, standing: &Standing, at: Timestamp) -> Result<()> {
        let row = ActiveModel {
            id: Set(id),
            thread: Set(standing.topic),
            by: Set(json::word(&CohortBy::Fleet)),
            value: Set(standing.sort.word().to_owned()),
            devices: Set(json::write(&standing.devices)),
            part: Set(json::write(&standing.figures)),
            current: Set(true),
            at: Set(at.into()),
        };
        self.replace(standing.topic, vec![row]).await
    }

    /// Remembers an answer as the one that stands in the talk now.
    pub async fn keep(
        &self,
        thread: Uuid,
        parts: &[(Uuid, Part, BTreeSet<DeviceId>)],
        at: Timestamp,
    ) -> Result<()> {
        let rows = parts.iter().map(|(id, part, devices)| ActiveModel {
            id: Set(*id),
            thread: Set(thread),
            by: Set(json::word(&part.by)),
            value: Set(part.value.clone()),
            devices: Set(json::write(devices)),
            part: Set(json::write(part)),
            current: Set(true),
            at: Set(at.into()),
        });
        self.replace(thread, rows.collect()).await
    }

    /// These rows stand on their topic now. The same group told again is the same row.
    async fn replace(&self, topic: Uuid, rows: Vec<ActiveModel>) -> Result<()> {
        let on = self.control.begin().await?;
        Entity::update_many()
            .col_expr(Column::Current, Expr::value(false))
            .filter(Column::Thread.eq(topic))
            .filter(Column::Current.eq(true))
            .exec(&on)
            .await?;
        for row in rows {
            Entity::delete_many()
                .filter(Column::Thread.eq(topic))
                .filter(Column::By.eq(row.by.clone().unwrap()))
                .filter(Column::Value.eq(row.value.clone().unwrap()))
                .filter(Column::Devices.eq(row.devices.clone().unwrap()))
                .exec(&on)
                .await?;
            Entity::insert(row).exec_without_returning(&on).await?;
        }
        on.commit().await?;
        Ok(())
    }
}

fn devices(row: &Model) -> Result<BTreeSet<DeviceId>> {
    json::read("the devices of a cohort", &row.devices)
}

fn read(thread: Uuid, row: Model) -> Result<Told> {
    let stands_here = row.thread == thread && row.current;
    Ok(Told {
        by: json::from_word("what a cohort shares", &row.by)?,
        devices: devices(&row)?,
        value: row.value,
        here: match stands_here {
            true => Some(json::read("a figure about a cohort", &row.part)?),
            false => None,
        },
    })
}
