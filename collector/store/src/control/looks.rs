//! The ledger of looks: which member of staff looked at whose laptop.
//!
//! **Invariant: an entry is never deleted, and only grows.** What one person looked at on one laptop within one hour is
//! one entry, so that the ledger is read by its owner and not only kept.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait,
    QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;
use weft_collector_core::device::DeviceId;

use super::{Control, Result, micros::Micros};

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
