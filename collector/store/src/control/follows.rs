//! Follows: how much somebody wants to hear of a thread, and how far they have read in it.
//!
//! | level | told of | counted as unread |
//! | --- | --- | --- |
//! | muted | nothing | no |
//! | normal (no row) | mentions, replies to one's own words | no |
//! | tracking | the same | yes |
//! | watching | every post | yes |
//!
//! **Invariant: the collector raises a level, never lowers one**: who muted a thread and writes in it stays unbothered.
//! Opening a thread is watching it, writing in it or being mentioned is tracking it, until the person says otherwise.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    QueryFilter, QuerySelect, Select, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "follows")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        pub since: Micros,
        pub level: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

mod marks {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "thread_reads")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        pub read_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Followers of one thread that are told: beyond, it is everybody's talk and a digest serves better.
pub const MOST_TOLD: u64 = 1_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Muted,
    #[default]
    Normal,
    Tracking,
    Watching,
}

impl Level {
    /// Counted as unread, listed under "mine".
    pub fn follows(self) -> bool {
        self >= Self::Tracking
    }
}

impl Control {
    pub fn follows(&self) -> Follows<'_> {
        Follows { db: self.db() }
    }
}

/// The way to the tables.
pub struct Follows<'a> {
    db: &'a DatabaseConnection,
}

impl Follows<'_> {
    /// A person's word: it stands, up or down.
    pub async fn set(
        &self,
        account: Uuid,
        thread: Uuid,
        level: Level,
        at: Timestamp,
    ) -> Result<()> {
        if level == Level::Normal {
            Entity::delete_by_id((account, thread))
                .exec(self.db)
                .await?;
            return Ok(());
        }
        let follow = model(account, thread, level, at);
        let newer = OnConflict::columns([Column::Account, Column::Thread])
            .update_column(Column::Level)
            .to_owned();
        Entity::insert(follow)
            .on_conflict(newer)
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    /// As [`Follows::set`] with "watching".
    pub async fn follow(&self, account: Uuid, thread: Uuid, at: Timestamp) -> Result<()> {
        self.set(account, thread, Level::Watching, at).await
    }

    pub async fn unfollow(&self, account: Uuid, thread: Uuid) -> Result<()> {
        Entity::delete_by_id((account, thread))
            .exec(self.db)
            .await?;
        Ok(())
    }

    pub async fn level(&self, account: Uuid, thread: Uuid) -> Result<Level> {
        let row = Entity::find_by_id((account, thread)).one(self.db).await?;
        row.map_or(Ok(Level::Normal), |row| {
            json::from_word("a follow level", &row.level)
        })
    }

    /// The levels of one person in these threads; threads at "normal" are left out.
    pub async fn levels(&self, account: Uuid, threads: Vec<Uuid>) -> Result<HashMap<Uuid, Level>> {
        if threads.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = Entity::find()
            .filter(Column::Account.eq(account))
            .filter(Column::Thread.is_in(threads))
            .all(self.db)
            .await?;
        rows.into_iter()
            .map(|row| Ok((row.thread, json::from_word("a follow level", &row.level)?)))
            .collect()
    }

    pub async fn is_following(&self, account: Uuid, thread: Uuid) -> Result<bool> {
        Ok(self.level(account, thread).await?.follows())
    }

    /// Everybody who has said or earned a level in this thread, at most [`MOST_TOLD`].
    pub async fn of_thread(&self, thread: Uuid) -> Result<HashMap<Uuid, Level>> {
        let rows = Entity::find()
            .filter(Column::Thread.eq(thread))
            .limit(MOST_TOLD)
            .all(self.db)
            .await?;
        rows.into_iter()
            .map(|row| Ok((row.account, json::from_word("a follow level", &row.level)?)))
            .collect()
    }

    /// Who tracks or watches.
    pub async fn followers(&self, thread: Uuid) -> Result<Vec<Uuid>> {
        let all = self.of_thread(thread).await?;
        Ok(all
            .into_iter()
            .filter(|(_, level)| level.follows())
            .map(|(account, _)| account)
            .collect())
    }

    /// Notes that the person has read up to this moment; an earlier one changes nothing.
    pub async fn mark(&self, account: Uuid, thread: Uuid, read_at: Timestamp) -> Result<()> {
        let known = marks::Entity::find_by_id((account, thread))
            .one(self.db)
            .await?;
        if known.is_some_and(|mark| mark.read_at >= Micros::from(read_at)) {
            return Ok(());
        }
        let mark = marks::ActiveModel {
            account: Set(account),
            thread: Set(thread),
            read_at: Set(read_at.into()),
        };
        let newer = OnConflict::columns([marks::Column::Account, marks::Column::Thread])
            .update_column(marks::Column::ReadAt)
            .to_owned();
        marks::Entity::insert(mark)
            .on_conflict(newer)
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    /// Up to when the person has read these threads.
    pub async fn marks(
        &self,
        account: Uuid,
        threads: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, Timestamp>> {
        if threads.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = marks::Entity::find()
            .filter(marks::Column::Account.eq(account))
            .filter(marks::Column::Thread.is_in(threads))
            .all(self.db)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.thread, row.read_at.into()))
            .collect())
    }
}

fn model(account: Uuid, thread: Uuid, level: Level, at: Timestamp) -> ActiveModel {
    ActiveModel {
        account: Set(account),
        thread: Set(thread),
        since: Set(at.into()),
        level: Set(json::word(&level)),
    }
}

/// The collector's own step, on something that the person did: only ever from "normal" up.
pub(super) async fn raise(
    on: &impl ConnectionTrait,
    account: Uuid,
    thread: Uuid,
    level: Level,
    at: Timestamp,
) -> Result<(), DbErr> {
    let once = OnConflict::columns([Column::Account, Column::Thread])
        .do_nothing()
        .to_owned();
    match Entity::insert(model(account, thread, level, at))
        .on_conflict(once)
        .exec_without_returning(on)
        .await
    {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Ids of the threads that the account tracks or watches.
pub(super) fn threads_followed(account: Uuid) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Thread)
        .filter(Column::Account.eq(account))
        .filter(
            Column::Level.is_in([Level::Tracking, Level::Watching].map(|level| json::word(&level))),
        )
}
