//! Single groups of laptops about which figures were told to people who are not staff: of an anomaly, a model, an answer that was
//! applied.
//!
//! **Invariant: a topic has one group now**, and those that it had before are remembered, each once, so that no later figure can be
//! subtracted from one that was told (`core::anonymity`). The cohorts of a talk, which are many, are in [`super::cohorts`].

use std::collections::BTreeSet;

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use weft_collector_core::device::DeviceId;

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "groups_told")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub topic: Uuid,
        pub sort: String,
        pub devices: String,
        pub figures: String,
        pub current: bool,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// Groups that are compared with: the newest. Those of years ago are no danger to those of today.
const MOST: u64 = 5_000;

/// Figures of one sort can be subtracted from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Restarts of a time that is the same for all: series, comparisons with a model; and the cohorts of talks.
    Counts,
    /// What an answer did, each laptop around its own moment.
    Effect,
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
    pub fn groups(&self) -> Groups<'_> {
        Groups { control: self }
    }
}

/// The way to the table.
pub struct Groups<'a> {
    control: &'a Control,
}

impl Groups<'_> {
    /// Every group that was told since.
    pub async fn told(&self, sort: Sort, since: Timestamp) -> Result<Vec<BTreeSet<DeviceId>>> {
        let found = Entity::find()
            .filter(Column::Sort.eq(json::word(&sort)))
            .filter(Column::At.gte(Micros::from(since)))
            .order_by_desc(Column::At)
            .limit(MOST)
            .all(self.control.db())
            .await?;
        found.iter().map(devices).collect()
    }

    pub async fn standing(&self, topic: Uuid) -> Result<Option<Standing>> {
        let found = Entity::find()
            .filter(Column::Topic.eq(topic))
            .filter(Column::Current.eq(true))
            .one(self.control.db())
            .await?;
        found.map(read).transpose()
    }

    /// Makes this the group of its topic. The same group told again is the same row.
    pub async fn stand(&self, id: Uuid, standing: &Standing, at: Timestamp) -> Result<()> {
        let devices = json::write(&standing.devices);
        let on = self.control.begin().await?;
        Entity::update_many()
            .col_expr(Column::Current, Expr::value(false))
            .filter(Column::Topic.eq(standing.topic))
            .exec(&on)
            .await?;
        Entity::delete_many()
            .filter(Column::Topic.eq(standing.topic))
            .filter(Column::Devices.eq(&devices))
            .exec(&on)
            .await?;
        let row = ActiveModel {
            id: Set(id),
            topic: Set(standing.topic),
            sort: Set(json::word(&standing.sort)),
            devices: Set(devices),
            figures: Set(json::write(&standing.figures)),
            current: Set(true),
            at: Set(at.into()),
        };
        Entity::insert(row).exec_without_returning(&on).await?;
        on.commit().await?;
        Ok(())
    }
}

fn devices(row: &Model) -> Result<BTreeSet<DeviceId>> {
    json::read("the devices of a group", &row.devices)
}

fn read(row: Model) -> Result<Standing> {
    Ok(Standing {
        topic: row.topic,
        sort: json::from_word("the sort of a group", &row.sort)?,
        devices: devices(&row)?,
        figures: json::read("figures about a group", &row.figures)?,
    })
}
