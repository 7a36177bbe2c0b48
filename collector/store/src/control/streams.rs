//! Streams: per device and epoch, how far the agent has numbered and how far everything is durable.
//!
//! **Invariant:** `next_seq` only grows. `durable_seq` here is for people; the truth is read back from ClickHouse, so a
//! crash between an insert and this row loses nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde::Serialize;
use uuid::Uuid;
use weft_collector_core::device::DeviceId;

use super::{Control, Result};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "streams")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub epoch: Uuid,
        pub next_seq: i64,
        pub durable_seq: i64,
        pub first_at: Micros,
        pub last_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stream {
    pub device: DeviceId,
    pub epoch: Uuid,
    /// The agent has assigned every number below.
    pub next_seq: u64,
    pub durable_seq: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

impl Control {
    pub fn streams(&self) -> Streams<'_> {
        Streams { db: self.db() }
    }
}

pub struct Streams<'a> {
    db: &'a DatabaseConnection,
}

impl Streams<'_> {
    /// Notes what agents said of their spools' heads and what became durable. One statement for many devices; the
    /// greater of the old and the new number stays, so the order of notes does not matter.
    pub async fn note(&self, streams: Vec<Stream>) -> Result<()> {
        /// Six values each; SQLite takes 32,766 in one statement.
        const ROWS: usize = 1_000;
        for chunk in streams.chunks(ROWS) {
            Entity::insert_many(chunk.iter().map(write))
                .on_conflict(
                    OnConflict::columns([Column::Device, Column::Epoch])
                        .value(Column::NextSeq, greater(Column::NextSeq))
                        .value(Column::DurableSeq, greater(Column::DurableSeq))
                        .update_column(Column::LastAt)
                        .to_owned(),
                )
                .exec_without_returning(self.db)
                .await?;
        }
        Ok(())
    }

    pub async fn of_device(&self, device: DeviceId) -> Result<Vec<Stream>> {
        let query = Entity::find()
            .filter(Column::Device.eq(device.0))
            .order_by_asc(Column::FirstAt);
        Ok(query.all(self.db).await?.into_iter().map(read).collect())
    }

    /// How many observations each device has numbered, by its own word: the left page of the books.
    pub async fn sent(&self) -> Result<BTreeMap<DeviceId, u64>> {
        let mut sent = BTreeMap::new();
        for row in Entity::find().all(self.db).await? {
            let stream = read(row);
            *sent.entry(stream.device).or_default() += stream.next_seq.saturating_sub(1);
        }
        Ok(sent)
    }
}

/// `CASE WHEN excluded.c > table.c THEN excluded.c ELSE table.c END`: both databases lack the other's `GREATEST`/`MAX`.
fn greater(column: Column) -> sea_orm::sea_query::SimpleExpr {
    let old = || Expr::col((Entity, column));
    let new = || Expr::col(("excluded", column));
    Expr::case(new().gt(old()), new()).finally(old()).into()
}

fn write(stream: &Stream) -> ActiveModel {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    ActiveModel {
        device: Set(stream.device.0),
        epoch: Set(stream.epoch),
        next_seq: Set(number(stream.next_seq)),
        durable_seq: Set(number(stream.durable_seq)),
        first_at: Set(stream.first_at.into()),
        last_at: Set(stream.last_at.into()),
    }
}

fn read(row: Model) -> Stream {
    let number = |value: i64| u64::try_from(value).unwrap_or(0);
    Stream {
        device: DeviceId(row.device),
        epoch: row.epoch,
        next_seq: number(row.next_seq),
        durable_seq: number(row.durable_seq),
        first_at: row.first_at.into(),
        last_at: row.last_at.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn an_older_note_never_lowers_a_number() {
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let stream = |next_seq, durable_seq| Stream {
            device: DeviceId(Uuid::from_u128(1)),
            epoch: Uuid::from_u128(2),
            next_seq,
            durable_seq,
            first_at: Timestamp::UNIX_EPOCH,
            last_at: Timestamp::UNIX_EPOCH,
        };
        control.streams().note(vec![stream(11, 4)]).await.unwrap();
        control.streams().note(vec![stream(9, 8)]).await.unwrap();
        assert_eq!(
            control
                .streams()
                .of_device(DeviceId(Uuid::from_u128(1)))
                .await
                .unwrap(),
            [stream(11, 8)]
        );
        let sent = control.streams().sent().await.unwrap();
        assert_eq!(sent[&DeviceId(Uuid::from_u128(1))], 10);
    }
}
