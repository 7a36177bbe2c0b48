//! Leases: of several collectors, only one runs a job at a time.
//!
//! **Invariant:** a lease ends by itself; a collector that died blocks nobody for longer than its lease.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{Control, Result, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "leases")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub holder: Uuid,
        pub until: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

impl Control {
    pub fn leases(&self) -> Leases<'_> {
        Leases { db: self.db() }
    }
}

pub struct Leases<'a> {
    db: &'a DatabaseConnection,
}

impl Leases<'_> {
    /// Takes or prolongs the lease; false when another holds it.
    pub async fn take(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let free = Condition::any()
            .add(Column::Holder.eq(holder))
            .add(Column::Until.lte(Micros::from(now)));
        let taken = Entity::update_many()
            .col_expr(Column::Holder, Expr::value(holder))
            .col_expr(Column::Until, Expr::value(Micros::from(until)))
            .filter(Column::Name.eq(name))
            .filter(free)
            .exec(self.db)
            .await?;
        if taken.rows_affected > 0 {
            return Ok(true);
        }
        let first = ActiveModel {
            name: Set(name.to_owned()),
            holder: Set(holder),
            until: Set(until.into()),
        };
        let inserted = Entity::insert(first)
            .on_conflict(OnConflict::column(Column::Name).do_nothing().to_owned())
            .exec_without_returning(self.db)
            .await?;
        Ok(inserted > 0)
    }

    /// Gives it back early, at an orderly end.
    pub async fn release(&self, name: &str, holder: Uuid) -> Result<()> {
        Entity::delete_many()
            .filter(Column::Name.eq(name))
            .filter(Column::Holder.eq(holder))
            .exec(self.db)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn one_holder_at_a_time() {
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let (ours, theirs) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let second = |s| Timestamp::from_second(s).unwrap();
        let take = async |holder, now, until| {
            control
                .leases()
                .take("watch", holder, second(now), second(until))
                .await
                .unwrap()
        };
        assert!(take(ours, 0, 10).await);
        assert!(!take(theirs, 5, 15).await);
        assert!(take(ours, 5, 12).await);
        assert!(take(theirs, 12, 20).await);
        assert!(!take(ours, 13, 20).await);
        control.leases().release("watch", theirs).await.unwrap();
        assert!(take(ours, 13, 20).await);
    }
}
