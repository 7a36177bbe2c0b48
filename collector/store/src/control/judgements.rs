//! Judgement rules: "this is expected here, until then", said by a person about an anomaly and its like.
//!
//! **Invariant: a rule is visible and reversible**: it names its author and its anomaly, and it is ended, never deleted.
//! What a rule hides is decided in `core`.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait,
    QueryFilter, QueryOrder, sea_query::Expr,
};
use uuid::Uuid;
use weft_collector_core::anomaly::Rule;

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "judgements")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub anomaly: Uuid,
        pub rule: String,
        pub until: Option<Micros>,
        pub by: Uuid,
        pub at: Micros,
        pub ended_at: Option<Micros>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// A rule, and who said so about what.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub rule: Rule,
    /// The anomaly it was said about.
    pub anomaly: Uuid,
    pub by: Uuid,
}

impl Control {
    pub fn judgements(&self) -> Judgements<'_> {
        Judgements {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Judgements<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Judgements<'_> {
    /// Adds a rule, in force from its `from` on; an earlier one about the same anomaly ends then.
    pub async fn add(&self, said: &Said) -> Result<()> {
        let rule = &said.rule;
        let on = self.control.begin().await?;
        Entity::update_many()
            .col_expr(Column::EndedAt, Expr::value(rule.from.as_microsecond()))
            .filter(Column::Anomaly.eq(said.anomaly))
            .filter(Column::EndedAt.is_null())
            .exec(&on)
            .await?;
        let row = ActiveModel {
            id: Set(rule.id),
            anomaly: Set(said.anomaly),
            rule: Set(json::write(rule)),
            until: Set(rule.until.map(Micros::from)),
            by: Set(said.by),
            at: Set(rule.from.into()),
            ended_at: Set(None),
        };
        Entity::insert(row).exec_without_returning(&on).await?;
        on.commit().await?;
        Ok(())
    }

    /// Takes a rule back. False when it was not in force.
    pub async fn end(&self, id: Uuid, at: Timestamp) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::EndedAt, Expr::value(at.as_microsecond()))
            .filter(Column::Id.eq(id))
            .filter(Column::EndedAt.is_null())
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// The rules in force at `now`, oldest first: what `core::anomaly::reconcile` wants.
    pub async fn in_force(&self, now: Timestamp) -> Result<Vec<Rule>> {
        let query = Entity::find()
            .filter(in_force(now))
            .order_by_asc(Column::At);
        let found = query.all(self.db).await?;
        found.into_iter().map(|row| Ok(read(row)?.rule)).collect()
    }

    /// The same with who said them about what.
    pub async fn all_in_force(&self, now: Timestamp) -> Result<Vec<Said>> {
        let query = Entity::find()
            .filter(in_force(now))
            .order_by_asc(Column::At);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    pub async fn of_anomaly(&self, anomaly: Uuid, now: Timestamp) -> Result<Option<Said>> {
        let query = Entity::find()
            .filter(Column::Anomaly.eq(anomaly))
            .filter(in_force(now))
            .order_by_desc(Column::At);
        query.one(self.db).await?.map(read).transpose()
    }
}

fn in_force(now: Timestamp) -> Condition {
    Condition::all().add(Column::EndedAt.is_null()).add(
        Column::Until
            .is_null()
            .or(Column::Until.gt(Micros::from(now))),
    )
}

fn read(row: Model) -> Result<Said> {
    Ok(Said {
        rule: json::read("a judgement rule", &row.rule)?,
        anomaly: row.anomaly,
        by: row.by,
    })
}
