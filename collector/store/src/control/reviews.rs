//! Reviews: asking an owner about an app first, and what came of it.
//!
//! **Invariant: reason and decision stand beside the private talk they were given in**, and a decided review stays decided.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;
use weft_collector_core::{
    device::DeviceId,
    review::{Decision, Reason},
};

use super::{Control, Result, json};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "reviews")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub thread: Uuid,
        pub anomaly: Option<Uuid>,
        pub app: String,
        pub device: Uuid,
        pub owner: Uuid,
        pub team: String,
        pub opened_by: Uuid,
        pub opened_at: Micros,
        pub reason: Option<String>,
        pub answered_at: Option<Micros>,
        pub decision: Option<String>,
        pub decided_by: Option<Uuid>,
        pub decided_at: Option<Micros>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    pub id: Uuid,
    /// The private talk.
    pub thread: Uuid,
    pub anomaly: Option<Uuid>,
    /// Catalog id.
    pub app: String,
    pub device: DeviceId,
    pub owner: Uuid,
    /// The device's team when it was opened.
    pub team: String,
    pub opened_by: Uuid,
    pub opened_at: Timestamp,
    pub reason: Option<(Reason, Timestamp)>,
    pub decision: Option<Decided>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    pub decision: Decision,
    pub by: Uuid,
    pub at: Timestamp,
}

/// Which reviews; the default is all.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub app: Option<String>,
    pub owner: Option<Uuid>,
    pub decided: Option<bool>,
}

impl Control {
    pub fn reviews(&self) -> Reviews<'_> {
        Reviews { db: self.db() }
    }
}

/// The way to the table.
pub struct Reviews<'a> {
    db: &'a DatabaseConnection,
}

impl Reviews<'_> {
    pub async fn add(&self, review: &Review) -> Result<()> {
        let row = ActiveModel {
            id: Set(review.id),
            thread: Set(review.thread),
            anomaly: Set(review.anomaly),
            app: Set(review.app.clone()),
            device: Set(review.device.0),
            owner: Set(review.owner),
            team: Set(review.team.clone()),
            opened_by: Set(review.opened_by),
            opened_at: Set(review.opened_at.into()),
            reason: Set(None),
            answered_at: Set(None),
            decision: Set(None),
            decided_by: Set(None),
            decided_at: Set(None),
        };
        Entity::insert(row).exec_without_returning(self.db).await?;
        Ok(())
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Review>> {
        let found = Entity::find_by_id(id).one(self.db).await?;
        found.map(read).transpose()
    }

    pub async fn of_thread(&self, thread: Uuid) -> Result<Option<Review>> {
        let query = Entity::find().filter(Column::Thread.eq(thread));
        query.one(self.db).await?.map(read).transpose()
    }

    /// Newest first.
    pub async fn list(&self, wanted: &Wanted, limit: u64) -> Result<Vec<Review>> {
        let mut query = Entity::find();
        if let Some(app) = &wanted.app {
            query = query.filter(Column::App.eq(app));
        }
        if let Some(owner) = wanted.owner {
            query = query.filter(Column::Owner.eq(owner));
        }
        query = match wanted.decided {
            Some(true) => query.filter(Column::DecidedAt.is_not_null()),
            Some(false) => query.filter(Column::DecidedAt.is_null()),
            None => query,
        };
        let found = query
            .order_by_desc(Column::OpenedAt)
            .order_by_desc(Column::Id)
            .limit(limit)
            .all(self.db)
            .await?;
        found.into_iter().map(read).collect()
    }

    /// Answers that owners gave, newest first.
    pub async fn answered(&self, limit: u64) -> Result<Vec<Review>> {
        let query = Entity::find()
            .filter(Column::AnsweredAt.is_not_null())
            .order_by_desc(Column::AnsweredAt)
            .limit(limit);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    pub async fn answer(&self, id: Uuid, reason: &Reason, at: Timestamp) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::Reason, Expr::value(json::write(reason)))
            .col_expr(Column::AnsweredAt, Expr::value(at.as_microsecond()))
            .filter(Column::Id.eq(id))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// False when it is decided already.
    pub async fn decide(&self, id: Uuid, decided: &Decided) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(
                Column::Decision,
                Expr::value(json::write(&decided.decision)),
            )
            .col_expr(Column::DecidedBy, Expr::value(decided.by))
            .col_expr(Column::DecidedAt, Expr::value(decided.at.as_microsecond()))
            .filter(Column::Id.eq(id))
            .filter(Column::DecidedAt.is_null())
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }
}

fn read(row: Model) -> Result<Review> {
    let reason = match (&row.reason, row.answered_at) {
        (Some(reason), Some(at)) => {
            Some((json::read("the reason in a review", reason)?, at.into()))
        }
        _ => None,
    };
    let decision = match (&row.decision, row.decided_by, row.decided_at) {
        (Some(decision), Some(by), Some(at)) => Some(Decided {
            decision: json::read("the decision of a review", decision)?,
            by,
            at: at.into(),
        }),
        _ => None,
    };
    Ok(Review {
        id: row.id,
        thread: row.thread,
        anomaly: row.anomaly,
        app: row.app,
        device: DeviceId(row.device),
        owner: row.owner,
        team: row.team,
        opened_by: row.opened_by,
        opened_at: row.opened_at.into(),
        reason,
        decision,
    })
}
