//! Invitations of peers and technicians into talks.
//!
//! **Invariant: one invitation per person and talk, for ever**: who said no is not asked again there.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub thread: Uuid,
        pub inviter: Uuid,
        pub invitee: Uuid,
        pub reasons: String,
        pub words: String,
        pub state: String,
        pub at: Micros,
        pub answered_at: Option<Micros>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open,
    Accepted,
    Declined,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    pub id: Uuid,
    pub thread: Uuid,
    pub inviter: Uuid,
    pub invitee: Uuid,
    /// Why this person, in words.
    pub reasons: Vec<String>,
    /// What the inviter wrote.
    pub words: String,
    pub state: State,
    pub at: Timestamp,
    pub answered_at: Option<Timestamp>,
}

impl Control {
    pub fn invitations(&self) -> Invitations<'_> {
        Invitations { db: self.db() }
    }
}

/// The way to the table.
pub struct Invitations<'a> {
    db: &'a DatabaseConnection,
}

impl Invitations<'_> {
    /// False when this person was invited to this talk before.
    pub async fn add(&self, new: &Invitation) -> Result<bool> {
        let row = ActiveModel {
            id: Set(new.id),
            thread: Set(new.thread),
            inviter: Set(new.inviter),
            invitee: Set(new.invitee),
            reasons: Set(json::write(&new.reasons)),
            words: Set(new.words.clone()),
            state: Set(json::word(&new.state)),
            at: Set(new.at.into()),
            answered_at: Set(None),
        };
        let once = OnConflict::columns([Column::Thread, Column::Invitee])
            .do_nothing()
            .to_owned();
        match Entity::insert(row)
            .on_conflict(once)
            .exec_without_returning(self.db)
            .await
        {
            Ok(0) | Err(DbErr::RecordNotInserted) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Invitation>> {
        let found = Entity::find_by_id(id).one(self.db).await?;
        found.map(read).transpose()
    }

    /// False when it was answered before.
    pub async fn answer(&self, id: Uuid, state: State, at: Timestamp) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::State, Expr::value(json::word(&state)))
            .col_expr(Column::AnsweredAt, Expr::value(at.as_microsecond()))
            .filter(Column::Id.eq(id))
            .filter(Column::State.eq(json::word(&State::Open)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn of_thread(&self, thread: Uuid) -> Result<Vec<Invitation>> {
        let query = Entity::find()
            .filter(Column::Thread.eq(thread))
            .order_by_asc(Column::At);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// What somebody was invited to, newest first.
    pub async fn of_invitee(&self, account: Uuid, limit: u64) -> Result<Vec<Invitation>> {
        let query = Entity::find()
            .filter(Column::Invitee.eq(account))
            .order_by_desc(Column::At)
            .limit(limit);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// How many somebody sent since.
    pub async fn sent_since(&self, account: Uuid, since: Timestamp) -> Result<u64> {
        let counts: Vec<i64> = Entity::find()
            .select_only()
            .column_as(Column::Id.count(), "sent")
            .filter(Column::Inviter.eq(account))
            .filter(Column::At.gte(Micros::from(since)))
            .into_tuple()
            .all(self.db)
            .await?;
        Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
    }

    /// How many each person got since.
    pub async fn got_since(&self, since: Timestamp) -> Result<Vec<(Uuid, u64)>> {
        let counts: Vec<(Uuid, i64)> = Entity::find()
            .select_only()
            .column(Column::Invitee)
            .column_as(Column::Id.count(), "got")
            .filter(Column::At.gte(Micros::from(since)))
            .group_by(Column::Invitee)
            .into_tuple()
            .all(self.db)
            .await?;
        Ok(counts
            .into_iter()
            .map(|(account, count)| (account, count.unsigned_abs()))
            .collect())
    }
}

fn read(row: Model) -> Result<Invitation> {
    Ok(Invitation {
        id: row.id,
        thread: row.thread,
        inviter: row.inviter,
        invitee: row.invitee,
        reasons: json::read("the reasons of an invitation", &row.reasons)?,
        words: row.words,
        state: json::from_word("the state of an invitation", &row.state)?,
        at: row.at.into(),
        answered_at: row.answered_at.map(Timestamp::from),
    })
}
