//! Events: everything that happened in threads, in order, for those who carry it on (connectors, mail, desktop notices).
//!
//! This is an outbox. An event is written in the transaction that made it true, so there is no post without its event
//! and no event without its post. A consumer has a name and a cursor; it reads what lies behind its cursor, does its
//! work, and moves the cursor.
//!
//! **Invariant: an id is visible only when all smaller ids are.** Ids come from one counter row that a writing
//! transaction holds until it ends; a sequence would let 5 become visible after 6, and a consumer that stood at 6 would
//! never see it. So "everything behind my cursor" loses nothing, on SQLite and on PostgreSQL.
//!
//! **Invariant: a cursor moves only from where it is known to be** ([`Events::advance`] compares and sets). Two collectors
//! that run the same consumer cannot both think that they carried an event.
//!
//! How a consumer doubles nothing: what it does inside this database goes into one transaction with
//! [`Events::advance_on`]; what it does elsewhere carries the event's id as idempotency key, because a crash between
//! the two repeats the last batch. Loops: `origin` names the connector that brought a post (empty: written here); a
//! consumer skips events of its own origin, and a post from elsewhere is known by (origin, origin_ref), once for ever.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "events")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub at: Micros,
        pub kind: String,
        pub thread: Uuid,
        pub post: Option<Uuid>,
        pub actor: Option<Uuid>,
        pub anomaly: Option<Uuid>,
        pub origin: String,
        pub whisper: bool,
        pub detail: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

mod cursor {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "event_cursors")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub consumer: String,
        pub after: i64,
        pub updated_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The row whose `after` is the newest id given; no consumer can have this name.
const HEAD: &str = "";
/// Events at once: a consumer that fell behind catches up in steps that fit a transaction.
pub const MOST: u64 = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    ThreadOpened,
    PostCreated,
    PostEdited,
    PostDeleted,
    PostRestored,
    Solved,
    Reopened,
    Locked,
    Unlocked,
    Pinned,
    Unpinned,
    Hidden,
    Restored,
    /// To another space; `detail` is its slug.
    Moved,
    /// Into another thread, whose id is `detail`.
    Merged,
    /// To a role, which is `detail`.
    Escalated,
    AnomalyLinked,
    AnomalyRelapsed,
    AnomalyResolved,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    pub id: i64,
    pub at: Timestamp,
    pub kind: EventKind,
    pub thread: Uuid,
    pub post: Option<Uuid>,
    /// Who did it; the collector itself is `accounts::SYSTEM`.
    pub actor: Option<Uuid>,
    pub anomaly: Option<Uuid>,
    /// The connector through which it came; empty: written here.
    pub origin: String,
    /// About a whisper: never leaves the house.
    pub whisper: bool,
    pub detail: String,
}

#[derive(Clone, Debug)]
pub struct NewEvent {
    pub at: Timestamp,
    pub kind: EventKind,
    pub thread: Uuid,
    pub post: Option<Uuid>,
    pub actor: Option<Uuid>,
    pub anomaly: Option<Uuid>,
    pub origin: String,
    pub whisper: bool,
    pub detail: String,
}

impl NewEvent {
    pub fn new(kind: EventKind, thread: Uuid, actor: Uuid, at: Timestamp) -> Self {
        Self {
            at,
            kind,
            thread,
            post: None,
            actor: Some(actor),
            anomaly: None,
            origin: String::new(),
            whisper: false,
            detail: String::new(),
        }
    }
}

impl Control {
    pub fn events(&self) -> Events<'_> {
        Events {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the tables.
pub struct Events<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Events<'_> {
    /// An event of its own, where no row of a thread changes with it.
    pub async fn note(&self, event: NewEvent) -> Result<i64> {
        let on = self.control.begin().await?;
        let id = append(&on, event).await?;
        on.commit().await?;
        Ok(id)
    }

    /// What lies behind this id, oldest first, at most [`MOST`].
    pub async fn after(&self, id: i64, limit: u64) -> Result<Vec<Event>> {
        let rows = Entity::find()
            .filter(Column::Id.gt(id))
            .order_by_asc(Column::Id)
            .limit(Ord::min(limit, MOST))
            .all(self.db)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// The newest id.
    pub async fn head(&self) -> Result<i64> {
        Ok(self.position(HEAD).await?.unwrap_or(0))
    }

    /// Where the consumer stands. A new consumer starts at the newest event: what was said before it came is not news.
    pub async fn cursor(&self, consumer: &str, at: Timestamp) -> Result<i64> {
        if let Some(after) = self.position(consumer).await? {
            return Ok(after);
        }
        let on = self.control.begin().await?;
        let head = cursor::Entity::find_by_id(HEAD).one(&on).await?;
        put(&on, consumer, head.map_or(0, |head| head.after), at).await?;
        on.commit().await?;
        Ok(self.position(consumer).await?.unwrap_or(0))
    }

    /// Moves the cursor, if it is still at `from`. False: somebody else moved it, and the work was theirs.
    pub async fn advance(&self, consumer: &str, from: i64, to: i64, at: Timestamp) -> Result<bool> {
        self.advance_on(self.db, consumer, from, to, at).await
    }

    /// The same inside the consumer's own transaction.
    pub async fn advance_on(
        &self,
        on: &impl ConnectionTrait,
        consumer: &str,
        from: i64,
        to: i64,
        at: Timestamp,
    ) -> Result<bool> {
        let done = cursor::Entity::update_many()
            .col_expr(cursor::Column::After, Expr::value(Ord::max(to, from)))
            .col_expr(cursor::Column::UpdatedAt, Expr::value(at.as_microsecond()))
            .filter(cursor::Column::Consumer.eq(consumer))
            .filter(cursor::Column::After.eq(from))
            .exec(on)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Forgets a consumer that is no more, so that it holds nothing back.
    pub async fn dismiss(&self, consumer: &str) -> Result<()> {
        if consumer != HEAD {
            cursor::Entity::delete_by_id(consumer).exec(self.db).await?;
        }
        Ok(())
    }

    /// Forgets what is older than `before` and behind every cursor: nothing that a consumer still needs.
    pub async fn forget(&self, before: Timestamp) -> Result<u64> {
        let slowest: Option<i64> = cursor::Entity::find()
            .select_only()
            .column_as(cursor::Column::After.min(), "after")
            .into_tuple()
            .one(self.db)
            .await?
            .flatten();
        let Some(slowest) = slowest else {
            return Ok(0);
        };
        let done = Entity::delete_many()
            .filter(Column::Id.lte(slowest))
            .filter(Column::At.lt(Micros::from(before)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected)
    }

    async fn position(&self, consumer: &str) -> Result<Option<i64>> {
        let row = cursor::Entity::find_by_id(consumer).one(self.db).await?;
        Ok(row.map(|row| row.after))
    }
}

/// Writes the event and gives its id; the counter's row is held until the transaction ends.
pub(super) async fn append(on: &impl ConnectionTrait, event: NewEvent) -> Result<i64, DbErr> {
    if !count_on(on).await? {
        // The first event of all.
        put(on, HEAD, 0, event.at).await?;
        count_on(on).await?;
    }
    let head = cursor::Entity::find_by_id(HEAD).one(on).await?;
    let id = head.map_or(1, |head| head.after);
    let row = ActiveModel {
        id: Set(id),
        at: Set(event.at.into()),
        kind: Set(json::word(&event.kind)),
        thread: Set(event.thread),
        post: Set(event.post),
        actor: Set(event.actor),
        anomaly: Set(event.anomaly),
        origin: Set(event.origin),
        whisper: Set(event.whisper),
        detail: Set(event.detail),
    };
    Entity::insert(row).exec_without_returning(on).await?;
    Ok(id)
}

async fn count_on(on: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let moved = cursor::Entity::update_many()
        .col_expr(
            cursor::Column::After,
            Expr::col(cursor::Column::After).add(1),
        )
        .filter(cursor::Column::Consumer.eq(HEAD))
        .exec(on)
        .await?;
    Ok(moved.rows_affected > 0)
}

async fn put(
    on: &impl ConnectionTrait,
    consumer: &str,
    after: i64,
    at: Timestamp,
) -> Result<(), DbErr> {
    let row = cursor::ActiveModel {
        consumer: Set(consumer.to_owned()),
        after: Set(after),
        updated_at: Set(at.into()),
    };
    let once = OnConflict::column(cursor::Column::Consumer)
        .do_nothing()
        .to_owned();
    match cursor::Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(on)
        .await
    {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error),
    }
}

fn read(row: Model) -> Result<Event> {
    Ok(Event {
        id: row.id,
        at: row.at.into(),
        kind: json::from_word("the kind of an event", &row.kind)?,
        thread: row.thread,
        post: row.post,
        actor: row.actor,
        anomaly: row.anomaly,
        origin: row.origin,
        whisper: row.whisper,
        detail: row.detail,
    })
}

#[cfg(test)]
mod tests;
