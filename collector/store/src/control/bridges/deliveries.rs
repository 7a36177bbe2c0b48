//! What came to the door already, so that the same delivery a second time does nothing.
//!
//! **Invariant: a delivery is noted after its work is done.** A crash in between takes it again, which does nothing twice,
//! because every post from elsewhere is known by its id; the note is against old deliveries that would undo newer edits.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::OnConflict,
};
use uuid::Uuid;

use super::Bridges;
use crate::control::{Result, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bridge_deliveries")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub bridge: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub delivery: String,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

impl Bridges<'_> {
    pub async fn was_delivered(&self, bridge: Uuid, delivery: &str) -> Result<bool> {
        let key = (bridge, delivery.to_owned());
        Ok(Entity::find_by_id(key).one(self.db).await?.is_some())
    }

    pub async fn note_delivery(&self, bridge: Uuid, delivery: &str, at: Timestamp) -> Result<()> {
        let row = ActiveModel {
            bridge: Set(bridge),
            delivery: Set(delivery.to_owned()),
            at: Set(at.into()),
        };
        let once = OnConflict::new().do_nothing().to_owned();
        match Entity::insert(row)
            .on_conflict(once)
            .exec_without_returning(self.db)
            .await
        {
            Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn forget_deliveries(&self, before: Timestamp) -> Result<u64> {
        let done = Entity::delete_many()
            .filter(Column::At.lt(Micros::from(before)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected)
    }
}

pub(super) async fn forget_bridge(on: &impl ConnectionTrait, bridge: Uuid) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::Bridge.eq(bridge))
        .exec(on)
        .await?;
    Ok(())
}
