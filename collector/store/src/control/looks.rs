//! The ledger of looks: which member of staff looked at whose laptop.
//!
//! **Invariant: an entry is never deleted, and only grows.** What one person looked at on one laptop within one hour is
//! one entry, so that the ledger is read by its owner and not only kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;
use weft_collector_core::device::DeviceId;

use super::{Control, Result, json, micros::Micros};

const HOUR_MICROS: i64 = 3_600_000_000;

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "looks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub hour: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub viewer: Uuid,
        /// "device page, processes": each word once, in order.
        pub what: String,
        /// The first look of the hour.
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

/// From where each look was, and which facts it showed.
mod seen {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "looks_seen")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub hour: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub viewer: Uuid,
        /// "thread:<id>", "list"; see `Seen::place`.
        #[sea_orm(primary_key, auto_increment = false)]
        pub place: String,
        pub facts: String,
        pub times: i32,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Devices of one statement: both databases limit the values of one.
const ROWS_AT_ONCE: usize = 200;

/// What one person saw of one laptop from one place within an hour.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub viewer: Uuid,
    /// `thread:<id>` for a card in a talk, `cohort:<id>` for a figure about it.
    pub place: String,
    /// Words for what was shown, each once.
    pub facts: BTreeSet<String>,
    /// How often it was opened in that hour.
    pub times: u32,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub at: Timestamp,
    pub viewer: Uuid,
    /// Everything looked at in that hour.
    pub what: String,
}

impl Control {
    pub fn looks(&self) -> Looks<'_> {
        Looks {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Looks<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Looks<'_> {
    /// Enters a look. `what` is a few words of the program, never of a person: "device page", "processes".
    pub async fn note(
        &self,
        viewer: Uuid,
        device: DeviceId,
        what: &str,
        at: Timestamp,
    ) -> Result<()> {
        let key = (
            device.0,
            at.as_microsecond().div_euclid(HOUR_MICROS),
            viewer,
        );
        let seen = Entity::find_by_id(key).one(self.db).await?;
        if seen.is_some_and(|row| row.what.split(", ").any(|word| word == what)) {
            return Ok(());
        }
        let on = self.control.begin().await?;
        match Entity::find_by_id(key).one(&on).await? {
            Some(row) => {
                Entity::update_many()
                    .col_expr(Column::What, Expr::value(format!("{}, {what}", row.what)))
                    .filter(Column::Device.eq(key.0))
                    .filter(Column::Hour.eq(key.1))
                    .filter(Column::Viewer.eq(key.2))
                    .exec(&on)
                    .await?;
            }
            None => {
                let row = ActiveModel {
                    device: Set(key.0),
                    hour: Set(key.1),
                    viewer: Set(key.2),
                    what: Set(what.to_owned()),
                    at: Set(at.into()),
                };
                Entity::insert(row).exec_without_returning(&on).await?;
            }
        }
        on.commit().await?;
        Ok(())
    }

    /// Enters looks of one person from one place at one moment: each device with the facts that it showed.
    pub async fn note_seen(
        &self,
        viewer: Uuid,
        place: &str,
        what: &str,
        shown: &BTreeMap<DeviceId, BTreeSet<String>>,
        at: Timestamp,
    ) -> Result<()> {
        let hour = at.as_microsecond().div_euclid(HOUR_MICROS);
        let devices: Vec<Uuid> = shown.keys().map(|device| device.0).collect();
        for some in devices.chunks(ROWS_AT_ONCE) {
            self.note_some(viewer, hour, place, shown, some, at).await?;
        }
        for device in shown.keys() {
            self.note(viewer, *device, what, at).await?;
        }
        Ok(())
    }

    async fn note_some(
        &self,
        viewer: Uuid,
        hour: i64,
        place: &str,
        shown: &BTreeMap<DeviceId, BTreeSet<String>>,
        devices: &[Uuid],
        at: Timestamp,
    ) -> Result<()> {
        let on = self.control.begin().await?;
        let known: BTreeMap<Uuid, seen::Model> = seen::Entity::find()
            .filter(seen::Column::Device.is_in(devices.iter().copied()))
            .filter(seen::Column::Hour.eq(hour))
            .filter(seen::Column::Viewer.eq(viewer))
            .filter(seen::Column::Place.eq(place))
            .all(&on)
            .await?
            .into_iter()
            .map(|row| (row.device, row))
            .collect();
        for device in devices {
            let mut facts = shown.get(&DeviceId(*device)).cloned().unwrap_or_default();
            let mut times = 1;
            if let Some(row) = known.get(device) {
                let before: BTreeSet<String> = json::read("what a look showed", &row.facts)?;
                facts.extend(before);
                times = row.times.saturating_add(1);
            }
            let row = seen::ActiveModel {
                device: Set(*device),
                hour: Set(hour),
                viewer: Set(viewer),
                place: Set(place.to_owned()),
                facts: Set(json::write(&facts)),
                times: Set(times),
                at: Set(at.into()),
            };
            seen::Entity::insert(row)
                .on_conflict(
                    OnConflict::columns([
                        seen::Column::Device,
                        seen::Column::Hour,
                        seen::Column::Viewer,
                        seen::Column::Place,
                    ])
                    .update_columns([seen::Column::Facts, seen::Column::Times])
                    .to_owned(),
                )
                .exec_without_returning(&on)
                .await?;
        }
        on.commit().await?;
        Ok(())
    }

    /// Looks whose facts are known, newest first.
    pub async fn seen_of(
        &self,
        device: DeviceId,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Seen>> {
        let found = seen::Entity::find()
            .filter(seen::Column::Device.eq(device.0))
            .filter(seen::Column::At.gte(Micros::from(since)))
            .order_by_desc(seen::Column::At)
            .limit(limit)
            .all(self.db)
            .await?;
        found
            .into_iter()
            .map(|row| {
                Ok(Seen {
                    viewer: row.viewer,
                    place: row.place,
                    facts: json::read("what a look showed", &row.facts)?,
                    times: row.times.unsigned_abs(),
                    at: row.at.into(),
                })
            })
            .collect()
    }

    /// The looks at a device, newest first, from behind `after` (moment, viewer) on.
    pub async fn of_device(
        &self,
        device: DeviceId,
        after: Option<(Timestamp, Uuid)>,
        limit: u64,
    ) -> Result<Vec<Look>> {
        let mut query = Entity::find().filter(Column::Device.eq(device.0));
        if let Some((at, viewer)) = after {
            let at = Micros::from(at);
            query = query.filter(
                Condition::any()
                    .add(Column::At.lt(at))
                    .add(Column::At.eq(at).and(Column::Viewer.lt(viewer))),
            );
        }
        let found = query
            .order_by_desc(Column::At)
            .order_by_desc(Column::Viewer)
            .limit(limit)
            .all(self.db)
            .await?;
        Ok(found
            .into_iter()
            .map(|row| Look {
                at: row.at.into(),
                viewer: row.viewer,
                what: row.what,
            })
            .collect())
    }
}
