//! Which devices applied an answer, who said so, and the effect that was measured then.
//!
//! **Invariant: one row per answer and device, one effect per answer.** What counts as an effect is decided in `core::effect`.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_collector_core::{device::DeviceId, effect::Effect, impact::Impact};

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "applied_fixes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub post: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Uuid,
        pub thread: Uuid,
        pub applied_at: Micros,
        pub how: String,
        pub by: Uuid,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

mod measured {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "effects")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub post: Uuid,
        pub thread: Uuid,
        pub effect: String,
        pub saved: String,
        pub measured_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who said that a device applied it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Owner,
    Staff,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    pub post: Uuid,
    pub device: DeviceId,
    pub thread: Uuid,
    pub applied_at: Timestamp,
    pub how: How,
    pub by: Uuid,
    pub at: Timestamp,
}

/// An effect as it was measured last.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    pub post: Uuid,
    pub thread: Uuid,
    pub effect: Effect,
    /// Time saved; `None` when no effect can be shown.
    pub saved: Option<Impact>,
    pub at: Timestamp,
}

impl Control {
    pub fn applied(&self) -> AppliedFixes<'_> {
        AppliedFixes { db: self.db() }
    }
}

/// The way to the table.
pub struct AppliedFixes<'a> {
    db: &'a DatabaseConnection,
}

impl AppliedFixes<'_> {
    pub async fn put(&self, applied: &Applied) -> Result<()> {
        let row = ActiveModel {
            post: Set(applied.post),
            device: Set(applied.device.0),
            thread: Set(applied.thread),
            applied_at: Set(applied.applied_at.into()),
            how: Set(json::word(&applied.how)),
            by: Set(applied.by),
            at: Set(applied.at.into()),
        };
        let changed = [Column::AppliedAt, Column::How, Column::By, Column::At];
        Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::Post, Column::Device])
                    .update_columns(changed)
                    .to_owned(),
            )
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    pub async fn remove(&self, post: Uuid, device: DeviceId) -> Result<bool> {
        let done = Entity::delete_by_id((post, device.0)).exec(self.db).await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn of_post(&self, post: Uuid) -> Result<Vec<Applied>> {
        let query = Entity::find()
            .filter(Column::Post.eq(post))
            .order_by_asc(Column::AppliedAt);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// Everything that was applied since, by answer.
    pub async fn since(&self, since: Timestamp) -> Result<Vec<Applied>> {
        let query = Entity::find()
            .filter(Column::AppliedAt.gte(Micros::from(since)))
            .order_by_asc(Column::Post)
            .order_by_asc(Column::AppliedAt);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    pub async fn keep_effect(&self, measured: &Measured) -> Result<()> {
        let row = measured::ActiveModel {
            post: Set(measured.post),
            thread: Set(measured.thread),
            effect: Set(json::write(&measured.effect)),
            saved: Set(json::write(&measured.saved)),
            measured_at: Set(measured.at.into()),
        };
        let changed = [
            measured::Column::Effect,
            measured::Column::Saved,
            measured::Column::MeasuredAt,
        ];
        measured::Entity::insert(row)
            .on_conflict(
                OnConflict::column(measured::Column::Post)
                    .update_columns(changed)
                    .to_owned(),
            )
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    pub async fn effect_of(&self, post: Uuid) -> Result<Option<Measured>> {
        let found = measured::Entity::find_by_id(post).one(self.db).await?;
        found.map(read_effect).transpose()
    }

    /// Every effect, newest first.
    pub async fn effects(&self) -> Result<Vec<Measured>> {
        let query = measured::Entity::find().order_by_desc(measured::Column::MeasuredAt);
        let found = query.all(self.db).await?;
        found.into_iter().map(read_effect).collect()
    }
}

fn read(row: Model) -> Result<Applied> {
    Ok(Applied {
        post: row.post,
        device: DeviceId(row.device),
        thread: row.thread,
        applied_at: row.applied_at.into(),
        how: json::from_word("who said that a fix was applied", &row.how)?,
        by: row.by,
        at: row.at.into(),
    })
}

fn read_effect(row: measured::Model) -> Result<Measured> {
    Ok(Measured {
        post: row.post,
        thread: row.thread,
        effect: json::read("an effect", &row.effect)?,
        saved: json::read("the time an answer saved", &row.saved)?,
        at: row.measured_at.into(),
    })
}
