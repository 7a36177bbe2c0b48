//! Letters: what is on its way over a bridge, and what did not get through.
//!
//! **Invariant: an event becomes its letters in the transaction that moves the bridge's cursor** ([`Letters::collect`]), so
//! a crash neither loses nor doubles one. **An attempt is taken by comparing and setting** ([`Letters::begin`]), so two
//! collectors never make the same one. A letter that was being sent when its collector died is found in the state
//! `sending`: nobody knows whether it arrived, and whoever takes it up must look before saying it again.
//!
//! A letter holds no words: they are read when it is sent, so that what was deleted or hidden meanwhile never leaves. Only
//! what came from over there and could not be taken is kept with its words (`arrival`), because it is nowhere else.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Bridges, Column as BridgeColumn, count,
    ties::{self, Tie},
};
use crate::control::{Result, json};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bridge_letters")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub bridge: Uuid,
        pub seq: i64,
        pub thread: Option<Uuid>,
        pub post: Option<Uuid>,
        pub step: String,
        pub state: String,
        pub attempts: i32,
        pub due_at: Micros,
        pub fault: String,
        pub arrival: String,
        pub made_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// Threads looked at for one whose turn it is.
const THREADS: u64 = 1_000;

/// What a letter does over there, or, for `take`, here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Say,
    Edit,
    Delete,
    /// The thread has its answer.
    Solved,
    /// It has not, after all.
    Reopened,
    /// Something said over there.
    Take,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    Waiting,
    /// An attempt was begun, and nobody knows how it ended.
    Sending,
    /// Given up; a person may send it again.
    Dead,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    pub id: Uuid,
    pub bridge: Uuid,
    /// The event that it carries: the order within a thread.
    pub seq: i64,
    pub thread: Option<Uuid>,
    pub post: Option<Uuid>,
    pub step: Step,
    pub state: LetterState,
    /// Attempts that counted; waiting for a rate limit is none.
    pub attempts: u32,
    pub due_at: Timestamp,
    pub fault: String,
    /// What came, as JSON, for [`Step::Take`].
    pub arrival: String,
    pub made_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewLetter {
    pub id: Uuid,
    pub seq: i64,
    pub thread: Uuid,
    pub post: Option<Uuid>,
    pub step: Step,
}

/// How many letters a bridge has in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub waiting: u64,
    pub dead: u64,
}

impl Bridges<'_> {
    pub fn letters(&self, bridge: Uuid) -> Letters<'_> {
        Letters {
            bridge,
            bridges: self,
            db: self.db,
        }
    }
}

/// The letters of one bridge.
pub struct Letters<'a> {
    bridge: Uuid,
    bridges: &'a Bridges<'a>,
    db: &'a DatabaseConnection,
}

impl Letters<'_> {
    /// Writes the letters of the events from `from` to `to` and moves the cursor. False: somebody else did.
    pub async fn collect(
        &self,
        from: i64,
        to: i64,
        letters: Vec<NewLetter>,
        at: Timestamp,
    ) -> Result<bool> {
        let on = self.bridges.control.begin().await?;
        let events = self.bridges.control.events();
        let consumer = super::origin(self.bridge);
        if !events.advance_on(&on, &consumer, from, to, at).await? {
            return Ok(false);
        }
        for new in letters {
            let letter = Letter {
                id: new.id,
                bridge: self.bridge,
                seq: new.seq,
                thread: Some(new.thread),
                post: new.post,
                step: new.step,
                state: LetterState::Waiting,
                attempts: 0,
                due_at: at,
                fault: String::new(),
                arrival: String::new(),
                made_at: at,
            };
            insert(&on, letter).await?;
        }
        on.commit().await?;
        Ok(true)
    }

    /// The next letter of each thread, oldest event first: what stands behind one that waits, waits with it.
    pub async fn heads(&self) -> Result<Vec<Letter>> {
        let heads: Vec<(Uuid, i64)> = Entity::find()
            .select_only()
            .column(Column::Thread)
            .column_as(Column::Seq.min(), "seq")
            .filter(self.undone())
            .filter(Column::Thread.is_not_null())
            .group_by(Column::Thread)
            .order_by_asc(Column::Seq.min())
            .limit(THREADS)
            .into_tuple()
            .all(self.db)
            .await?;
        if heads.is_empty() {
            return Ok(vec![]);
        }
        let rows = Entity::find()
            .filter(self.undone())
            .filter(Column::Seq.is_in(heads.iter().map(|(_, seq)| *seq)))
            .order_by_asc(Column::Seq)
            .order_by_asc(Column::Id)
            .all(self.db)
            .await?;
        let heads: std::collections::HashMap<Uuid, i64> = heads.into_iter().collect();
        let is_head = |row: &Model| {
            row.thread
                .is_some_and(|thread| heads.get(&thread) == Some(&row.seq))
        };
        rows.into_iter().filter(is_head).map(read).collect()
    }

    /// Begins an attempt, if the letter is still as it was read. From here on until its end is noted, it may have arrived.
    pub async fn begin(&self, letter: &Letter) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(
                Column::State,
                Expr::value(json::word(&LetterState::Sending)),
            )
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .filter(Column::Id.eq(letter.id))
            .filter(Column::Attempts.eq(i32::try_from(letter.attempts).unwrap_or(i32::MAX)))
            .filter(Column::State.eq(json::word(&letter.state)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// It was said over there: the tie and the end of the letter are one step. Posts that open a thread tie it too.
    pub async fn said(&self, letter: Uuid, tie: Tie) -> Result<()> {
        let on = self.bridges.control.begin().await?;
        ties::tie_thread(&on, tie.bridge, tie.thread, &tie.remote_thread).await?;
        ties::tie_post(&on, &tie).await?;
        Entity::delete_by_id(letter).exec(&on).await?;
        count(&on, self.bridge, BridgeColumn::Sent).await?;
        on.commit().await?;
        Ok(())
    }

    /// Nothing is left to do.
    pub async fn done(&self, letter: Uuid) -> Result<()> {
        Entity::delete_by_id(letter).exec(self.db).await?;
        Ok(())
    }

    /// How an attempt ended that did not get through: when it is tried again, or dead.
    pub async fn failed(
        &self,
        letter: Uuid,
        state: LetterState,
        attempts: u32,
        due_at: Timestamp,
        fault: &str,
    ) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::State, Expr::value(json::word(&state)))
            .col_expr(
                Column::Attempts,
                Expr::value(i32::try_from(attempts).unwrap_or(i32::MAX)),
            )
            .col_expr(Column::DueAt, Expr::value(due_at.as_microsecond()))
            .col_expr(Column::Fault, Expr::value(fault))
            .filter(Column::Id.eq(letter))
            .exec(self.db)
            .await?;
        Ok(())
    }

    /// What came and could not be taken.
    pub async fn keep_arrival(
        &self,
        id: Uuid,
        arrival: String,
        fault: &str,
        at: Timestamp,
    ) -> Result<()> {
        let letter = Letter {
            id,
            bridge: self.bridge,
            seq: 0,
            thread: None,
            post: None,
            step: Step::Take,
            state: LetterState::Dead,
            attempts: 1,
            due_at: at,
            fault: fault.to_owned(),
            arrival,
            made_at: at,
        };
        insert(self.db, letter).await?;
        Ok(())
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Letter>> {
        let row = Entity::find_by_id(id)
            .filter(Column::Bridge.eq(self.bridge))
            .one(self.db)
            .await?;
        row.map(read).transpose()
    }

    /// What did not get through, newest first.
    pub async fn dead(&self, limit: u64) -> Result<Vec<Letter>> {
        let rows = Entity::find()
            .filter(Column::Bridge.eq(self.bridge))
            .filter(Column::State.eq(json::word(&LetterState::Dead)))
            .order_by_desc(Column::DueAt)
            .order_by_desc(Column::Id)
            .limit(limit)
            .all(self.db)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Did this post's saying not get through? Then nothing about it is to be carried until it is sent again.
    pub async fn is_dead(&self, post: Uuid) -> Result<bool> {
        let found = Entity::find()
            .filter(Column::Bridge.eq(self.bridge))
            .filter(Column::Post.eq(post))
            .filter(Column::Step.eq(json::word(&Step::Say)))
            .filter(Column::State.eq(json::word(&LetterState::Dead)))
            .one(self.db)
            .await?;
        Ok(found.is_some())
    }

    /// A person sends a dead letter again: with a new count of attempts. False: it is not dead.
    pub async fn revive(&self, id: Uuid, at: Timestamp) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(
                Column::State,
                Expr::value(json::word(&LetterState::Waiting)),
            )
            .col_expr(Column::Attempts, Expr::value(0))
            .col_expr(Column::DueAt, Expr::value(at.as_microsecond()))
            .filter(Column::Id.eq(id))
            .filter(Column::Bridge.eq(self.bridge))
            .filter(Column::State.eq(json::word(&LetterState::Dead)))
            .filter(Column::Step.ne(json::word(&Step::Take)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn tally(&self) -> Result<Tally> {
        let count = async |dead: bool| {
            let word = json::word(&LetterState::Dead);
            let state = match dead {
                true => Column::State.eq(word),
                false => Column::State.ne(word),
            };
            Entity::find()
                .filter(Column::Bridge.eq(self.bridge))
                .filter(state)
                .count(self.db)
                .await
        };
        Ok(Tally {
            waiting: count(false).await?,
            dead: count(true).await?,
        })
    }

    fn undone(&self) -> sea_orm::Condition {
        sea_orm::Condition::all()
            .add(Column::Bridge.eq(self.bridge))
            .add(Column::State.ne(json::word(&LetterState::Dead)))
    }
}

async fn insert(on: &impl ConnectionTrait, letter: Letter) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(letter.id),
        bridge: Set(letter.bridge),
        seq: Set(letter.seq),
        thread: Set(letter.thread),
        post: Set(letter.post),
        step: Set(json::word(&letter.step)),
        state: Set(json::word(&letter.state)),
        attempts: Set(i32::try_from(letter.attempts).unwrap_or(i32::MAX)),
        due_at: Set(letter.due_at.into()),
        fault: Set(letter.fault),
        arrival: Set(letter.arrival),
        made_at: Set(letter.made_at.into()),
    };
    Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}

pub(super) async fn forget_bridge(on: &impl ConnectionTrait, bridge: Uuid) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::Bridge.eq(bridge))
        .exec(on)
        .await?;
    Ok(())
}

fn read(row: Model) -> Result<Letter> {
    Ok(Letter {
        id: row.id,
        bridge: row.bridge,
        seq: row.seq,
        thread: row.thread,
        post: row.post,
        step: json::from_word("the step of a letter", &row.step)?,
        state: json::from_word("the state of a letter", &row.state)?,
        attempts: u32::try_from(row.attempts).unwrap_or(0),
        due_at: row.due_at.into(),
        fault: row.fault,
        arrival: row.arrival,
        made_at: row.made_at.into(),
    })
}
