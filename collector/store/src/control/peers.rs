//! Who agreed to be found by peers, and how.
//!
//! **Invariant: who said nothing is not found**: no row means no.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter,
    sea_query::OnConflict,
};
use uuid::Uuid;
use weft_collector_core::peers::Findable;

use super::{Control, Result};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "findable")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        pub by_model: bool,
        pub by_problem: bool,
        pub show_thanks: bool,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// What somebody agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    pub findable: Findable,
    /// Thanks may be shown beside the answer, where the giver agrees too.
    pub show_thanks: bool,
}

impl Control {
    pub fn peers(&self) -> Peers<'_> {
        Peers { db: self.db() }
    }
}

/// The way to the table.
pub struct Peers<'a> {
    db: &'a DatabaseConnection,
}

impl Peers<'_> {
    pub async fn get(&self, account: Uuid) -> Result<Agreed> {
        let found = Entity::find_by_id(account).one(self.db).await?;
        Ok(found.map(|row| read(&row)).unwrap_or_default())
    }

    pub async fn set(&self, account: Uuid, agreed: Agreed, at: Timestamp) -> Result<()> {
        let row = ActiveModel {
            account: Set(account),
            by_model: Set(agreed.findable.by_model),
            by_problem: Set(agreed.findable.by_problem),
            show_thanks: Set(agreed.show_thanks),
            at: Set(at.into()),
        };
        let changed = [
            Column::ByModel,
            Column::ByProblem,
            Column::ShowThanks,
            Column::At,
        ];
        Entity::insert(row)
            .on_conflict(
                OnConflict::column(Column::Account)
                    .update_columns(changed)
                    .to_owned(),
            )
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    /// Everybody who may be found in some way.
    pub async fn findable(&self) -> Result<Vec<(Uuid, Findable)>> {
        let found = Entity::find()
            .filter(
                Condition::any()
                    .add(Column::ByModel.eq(true))
                    .add(Column::ByProblem.eq(true)),
            )
            .all(self.db)
            .await?;
        let pair = |row: Model| (row.account, read(&row).findable);
        Ok(found.into_iter().map(pair).collect())
    }

    /// Which of these let thanks be shown.
    pub async fn showing(&self, accounts: Vec<Uuid>) -> Result<Vec<Uuid>> {
        if accounts.is_empty() {
            return Ok(vec![]);
        }
        let found = Entity::find()
            .filter(Column::Account.is_in(accounts))
            .filter(Column::ShowThanks.eq(true))
            .all(self.db)
            .await?;
        Ok(found.into_iter().map(|row| row.account).collect())
    }
}

fn read(row: &Model) -> Agreed {
    Agreed {
        findable: Findable {
            by_model: row.by_model,
            by_problem: row.by_problem,
        },
        show_thanks: row.show_thanks,
    }
}
