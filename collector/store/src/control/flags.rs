//! Flags: "somebody of the staff should look at this post", said once per person and post.
//!
//! **Invariant: a flag is closed, never deleted**: who flagged, who decided and how stays readable for staff.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Control, Result, json};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "flags")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub post: Uuid,
        pub by: Uuid,
        pub reason: String,
        pub at: Micros,
        pub state: String,
        pub closed_by: Option<Uuid>,
        pub closed_at: Option<Micros>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagState {
    Open,
    /// The post is fine.
    Dismissed,
    /// Something was done about it.
    Acted,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    pub id: Uuid,
    pub post: Uuid,
    pub by: Uuid,
    pub reason: String,
    pub at: Timestamp,
    pub state: FlagState,
    pub closed_by: Option<Uuid>,
    pub closed_at: Option<Timestamp>,
}

impl Control {
    pub fn flags(&self) -> Flags<'_> {
        Flags { db: self.db() }
    }
}

/// The way to the table.
pub struct Flags<'a> {
    db: &'a DatabaseConnection,
}

impl Flags<'_> {
    /// False when this person flagged the post before.
    pub async fn add(
        &self,
        id: Uuid,
        post: Uuid,
        by: Uuid,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool> {
        let row = ActiveModel {
            id: Set(id),
            post: Set(post),
            by: Set(by),
            reason: Set(reason.to_owned()),
            at: Set(at.into()),
            state: Set(json::word(&FlagState::Open)),
            closed_by: Set(None),
            closed_at: Set(None),
        };
        let once = OnConflict::columns([Column::Post, Column::By])
            .do_nothing()
            .to_owned();
        match Entity::insert(row)
            .on_conflict(once)
            .exec_without_returning(self.db)
            .await
        {
            Ok(rows) => Ok(rows > 0),
            Err(DbErr::RecordNotInserted) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Oldest open ones first: that is the queue.
    pub async fn list(&self, state: FlagState, limit: u64) -> Result<Vec<Flag>> {
        let rows = Entity::find()
            .filter(Column::State.eq(json::word(&state)))
            .order_by_asc(Column::At)
            .limit(limit)
            .all(self.db)
            .await?;
        rows.into_iter().map(read).collect()
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Flag>> {
        Entity::find_by_id(id)
            .one(self.db)
            .await?
            .map(read)
            .transpose()
    }

    /// Closes every open flag of this post. Gives how many.
    pub async fn close(
        &self,
        post: Uuid,
        outcome: FlagState,
        by: Uuid,
        at: Timestamp,
    ) -> Result<u64> {
        let done = Entity::update_many()
            .col_expr(Column::State, Expr::value(json::word(&outcome)))
            .col_expr(Column::ClosedBy, Expr::value(by))
            .col_expr(Column::ClosedAt, Expr::value(at.as_microsecond()))
            .filter(Column::Post.eq(post))
            .filter(Column::State.eq(json::word(&FlagState::Open)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected)
    }
}

fn read(row: Model) -> Result<Flag> {
    Ok(Flag {
        id: row.id,
        post: row.post,
        by: row.by,
        reason: row.reason,
        at: row.at.into(),
        state: json::from_word("the state of a flag", &row.state)?,
        closed_by: row.closed_by,
        closed_at: row.closed_at.map(Timestamp::from),
    })
}
