//! Judgement rules: "this is expected here, until then", said by a person about an anomaly and its like.
//!
//! **Invariant: a rule is visible and reversible**: it names its author and its anomaly, and it is ended, never deleted.
//! What a rule hides is decided in `core`.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait,
    QueryFilter, QueryOrder, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_collector_core::{anomaly::Judgement, finding::Subject};

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
        pub judgement: String,
        pub scope: String,
        pub detector: String,
        pub cause: String,
        pub subject: String,
        pub until: Option<Micros>,
        pub note: String,
        pub by: Uuid,
        pub at: Micros,
        pub ended_at: Option<Micros>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// How far a judgement reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The same cause on the same subject.
    Device,
    /// The same cause on the same cohort.
    Cohort,
    /// The same cause anywhere.
    Fleet,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub id: Uuid,
    /// The anomaly it was said about.
    pub anomaly: Uuid,
    pub judgement: Judgement,
    pub scope: Reach,
    pub detector: String,
    pub cause: String,
    pub subject: Subject,
    pub until: Option<Timestamp>,
    pub note: String,
    pub by: Uuid,
    pub at: Timestamp,
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
    /// Adds a rule; an earlier one about the same anomaly ends.
    pub async fn add(&self, rule: &Rule) -> Result<()> {
        let on = self.control.begin().await?;
        Entity::update_many()
            .col_expr(Column::EndedAt, Expr::value(rule.at.as_microsecond()))
            .filter(Column::Anomaly.eq(rule.anomaly))
            .filter(Column::EndedAt.is_null())
            .exec(&on)
            .await?;
        let row = ActiveModel {
            id: Set(rule.id),
            anomaly: Set(rule.anomaly),
            judgement: Set(json::word(&rule.judgement)),
            scope: Set(json::word(&rule.scope)),
            detector: Set(rule.detector.clone()),
            cause: Set(rule.cause.clone()),
            subject: Set(json::write(&rule.subject)),
            until: Set(rule.until.map(Micros::from)),
            note: Set(rule.note.clone()),
            by: Set(rule.by),
            at: Set(rule.at.into()),
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

    /// The rules in force at `now`, oldest first.
    pub async fn in_force(&self, now: Timestamp) -> Result<Vec<Rule>> {
        let query = Entity::find()
            .filter(in_force(now))
            .order_by_asc(Column::At);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    pub async fn of_anomaly(&self, anomaly: Uuid, now: Timestamp) -> Result<Option<Rule>> {
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

fn read(row: Model) -> Result<Rule> {
    Ok(Rule {
        id: row.id,
        anomaly: row.anomaly,
        judgement: json::from_word("a judgement", &row.judgement)?,
        scope: json::from_word("the reach of a judgement", &row.scope)?,
        detector: row.detector,
        cause: row.cause,
        subject: json::read("the subject of a judgement", &row.subject)?,
        until: row.until.map(Timestamp::from),
        note: row.note,
        by: row.by,
        at: row.at.into(),
    })
}
