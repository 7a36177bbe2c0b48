//! Letters: what waits to be told by mail, and mails on their way.
//!
//! An **item** is one happening for one person, written in the transaction of the notice that it repeats, so that no notice
//! is without its item and none is told twice. Items become a **letter** in one transaction ([`Letters::compose`]); a letter
//! is tried until it is sent, given up, or has nothing left to say.
//!
//! **Invariant: a letter's key is made once for ever**, and its Message-ID with it: what is repeated after a crash is the
//! same mail to every mail program.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Control, Result, addresses, json,
    micros::Micros,
    notifications::{NewNotice, NoticeKind},
};

mod items {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_items")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Uuid,
        pub kind: String,
        pub thread: Uuid,
        pub post: Option<Uuid>,
        pub actor: Option<Uuid>,
        pub anomaly: Option<Uuid>,
        pub words: String,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_letters")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Option<Uuid>,
        pub kind: String,
        #[sea_orm(unique)]
        pub key: String,
        pub address: String,
        pub content: String,
        pub message_id: String,
        pub state: String,
        pub tries: i32,
        pub next_at: Micros,
        pub made_at: Micros,
        pub ended_at: Option<Micros>,
        pub error: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// One happening for one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub id: Uuid,
    pub account: Uuid,
    pub kind: NoticeKind,
    pub thread: Uuid,
    pub post: Option<Uuid>,
    pub actor: Option<Uuid>,
    pub anomaly: Option<Uuid>,
    pub words: String,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// One happening.
    Notice,
    /// Several.
    Bundle,
    Digest,
    /// "Is this address yours?"
    Confirm,
    /// "Does mail work?"
    Test,
    /// "Your mail did not become a post, because ..."
    Refusal,
}

/// Where a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    Waiting,
    /// Handed to the mail server now, or when the process died: then it is tried again.
    Sending,
    Sent,
    /// Nothing of it may be told any more, or nobody is there to be told.
    Dropped,
    /// Given up.
    Failed,
    /// It came back.
    Bounced,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    pub id: Uuid,
    /// `None`: to somebody who has no account.
    pub account: Option<Uuid>,
    pub kind: LetterKind,
    /// Names what it tells, once for ever.
    pub key: String,
    /// Empty: to wherever the person gets mail when it is sent.
    pub address: String,
    pub content: serde_json::Value,
    pub message_id: String,
    pub state: LetterState,
    pub tries: u32,
    pub made_at: Timestamp,
    pub error: String,
}

#[derive(Clone, Debug)]
pub struct NewLetter {
    pub id: Uuid,
    pub account: Option<Uuid>,
    pub kind: LetterKind,
    pub key: String,
    pub address: String,
    pub content: serde_json::Value,
    pub message_id: String,
    pub at: Timestamp,
}

impl Control {
    pub fn letters(&self) -> Letters<'_> {
        Letters {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the tables.
pub struct Letters<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Letters<'_> {
    /// People for whom something waits.
    pub async fn awaited(&self) -> Result<Vec<Uuid>> {
        Ok(items::Entity::find()
            .select_only()
            .column(items::Column::Account)
            .distinct()
            .into_tuple()
            .all(self.db)
            .await?)
    }

    /// What waits for this person, oldest first.
    pub async fn items(&self, account: Uuid, limit: u64) -> Result<Vec<Item>> {
        let rows = items::Entity::find()
            .filter(items::Column::Account.eq(account))
            .order_by_asc(items::Column::At)
            .order_by_asc(items::Column::Id)
            .limit(limit)
            .all(self.db)
            .await?;
        rows.into_iter().map(read_item).collect()
    }

    /// Turns items into letters, all or nothing; items that no letter takes are forgotten.
    pub async fn compose(&self, taken: Vec<Uuid>, letters: Vec<NewLetter>) -> Result<()> {
        let on = self.control.begin().await?;
        let gone = items::Entity::delete_many()
            .filter(items::Column::Id.is_in(taken.iter().copied()))
            .exec(&on)
            .await?;
        if gone.rows_affected != taken.len() as u64 {
            // Another collector composed these: its letters tell them.
            return Ok(());
        }
        for letter in letters {
            insert(&on, letter).await?;
        }
        on.commit().await?;
        Ok(())
    }

    /// A letter that no item made. False: one with this key was made before.
    pub async fn add(&self, letter: NewLetter) -> Result<bool> {
        Ok(insert(self.db, letter).await?)
    }

    /// Letters of this person that were made since, of these kinds.
    pub async fn count_since(
        &self,
        account: Uuid,
        kinds: &[LetterKind],
        since: Timestamp,
    ) -> Result<u64> {
        Ok(Entity::find()
            .filter(Column::Account.eq(account))
            .filter(Column::Kind.is_in(kinds.iter().map(json::word)))
            .filter(Column::MadeAt.gt(Micros::from(since)))
            .count(self.db)
            .await?)
    }

    /// Letters to this address that were made since, of these kinds.
    pub async fn count_to(
        &self,
        address: &str,
        kinds: &[LetterKind],
        since: Timestamp,
    ) -> Result<u64> {
        Ok(Entity::find()
            .filter(Column::Address.eq(address))
            .filter(Column::Kind.is_in(kinds.iter().map(json::word)))
            .filter(Column::MadeAt.gt(Micros::from(since)))
            .count(self.db)
            .await?)
    }

    /// What is to be sent now, oldest first: also what was being sent when a process died.
    pub async fn due(&self, now: Timestamp, limit: u64) -> Result<Vec<Letter>> {
        let rows = Entity::find()
            .filter(Column::State.is_in(
                [LetterState::Waiting, LetterState::Sending].map(|state| json::word(&state)),
            ))
            .filter(Column::NextAt.lte(Micros::from(now)))
            .order_by_asc(Column::NextAt)
            .order_by_asc(Column::Id)
            .limit(limit)
            .all(self.db)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Notes that a try begins; `again_at` is when to look at it again should nothing more be heard of it.
    pub async fn begin(&self, id: Uuid, again_at: Timestamp) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(
                Column::State,
                Expr::value(json::word(&LetterState::Sending)),
            )
            .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
            .col_expr(Column::NextAt, Expr::value(again_at.as_microsecond()))
            .filter(Column::Id.eq(id))
            .filter(Column::EndedAt.is_null())
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Not now: again later.
    pub async fn postpone(&self, id: Uuid, until: Timestamp, error: &str) -> Result<()> {
        Entity::update_many()
            .col_expr(
                Column::State,
                Expr::value(json::word(&LetterState::Waiting)),
            )
            .col_expr(Column::NextAt, Expr::value(until.as_microsecond()))
            .col_expr(Column::Error, Expr::value(error))
            .filter(Column::Id.eq(id))
            .exec(self.db)
            .await?;
        Ok(())
    }

    /// The server never saw this try: it does not count.
    pub async fn take_back(&self, id: Uuid, until: Timestamp, error: &str) -> Result<()> {
        Entity::update_many()
            .col_expr(
                Column::State,
                Expr::value(json::word(&LetterState::Waiting)),
            )
            .col_expr(Column::Tries, Expr::col(Column::Tries).sub(1))
            .col_expr(Column::NextAt, Expr::value(until.as_microsecond()))
            .col_expr(Column::Error, Expr::value(error))
            .filter(Column::Id.eq(id))
            .exec(self.db)
            .await?;
        Ok(())
    }

    /// It is over with this letter.
    pub async fn end(
        &self,
        id: Uuid,
        state: LetterState,
        error: &str,
        at: Timestamp,
    ) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::State, Expr::value(json::word(&state)))
            .col_expr(Column::EndedAt, Expr::value(at.as_microsecond()))
            .col_expr(Column::Error, Expr::value(error))
            .filter(Column::Id.eq(id))
            .exec(self.db)
            .await?;
        Ok(())
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Letter>> {
        Entity::find_by_id(id)
            .one(self.db)
            .await?
            .map(read)
            .transpose()
    }

    /// The letter that carries this Message-ID.
    pub async fn by_message_id(&self, message_id: &str) -> Result<Option<Letter>> {
        Entity::find()
            .filter(Column::MessageId.eq(message_id))
            .one(self.db)
            .await?
            .map(read)
            .transpose()
    }

    /// How many letters are in each state.
    pub async fn counts(&self) -> Result<Vec<(String, i64)>> {
        Ok(Entity::find()
            .select_only()
            .column(Column::State)
            .column_as(Column::Id.count(), "letters")
            .group_by(Column::State)
            .into_tuple()
            .all(self.db)
            .await?)
    }

    /// Old letters that are over with go, and items that nobody composed: mail was off, or its person is gone.
    pub async fn forget(&self, before: Timestamp) -> Result<u64> {
        let letters = Entity::delete_many()
            .filter(Column::EndedAt.lt(Micros::from(before)))
            .exec(self.db)
            .await?;
        let old = items::Entity::delete_many()
            .filter(items::Column::At.lt(Micros::from(before)))
            .exec(self.db)
            .await?;
        Ok(letters.rows_affected + old.rows_affected)
    }
}

/// Repeats notices as items for those who get mail, inside the transaction of the notices.
pub(super) async fn await_mail(
    on: &impl ConnectionTrait,
    notices: &[NewNotice],
) -> Result<(), DbErr> {
    if notices.is_empty() {
        return Ok(());
    }
    let people = notices.iter().map(|notice| notice.account).collect();
    let reachable = addresses::reachable(on, people).await?;
    for notice in notices {
        if !reachable.contains(&notice.account) {
            continue;
        }
        let row = items::ActiveModel {
            id: Set(notice.id),
            account: Set(notice.account),
            kind: Set(json::word(&notice.kind)),
            thread: Set(notice.thread),
            post: Set(notice.post),
            actor: Set(notice.actor),
            anomaly: Set(notice.anomaly),
            words: Set(notice.words.clone()),
            at: Set(notice.at.into()),
        };
        items::Entity::insert(row)
            .exec_without_returning(on)
            .await?;
    }
    Ok(())
}

async fn insert(on: &impl ConnectionTrait, new: NewLetter) -> Result<bool, DbErr> {
    let row = ActiveModel {
        id: Set(new.id),
        account: Set(new.account),
        kind: Set(json::word(&new.kind)),
        key: Set(new.key),
        address: Set(new.address),
        content: Set(new.content.to_string()),
        message_id: Set(new.message_id),
        state: Set(json::word(&LetterState::Waiting)),
        tries: Set(0),
        next_at: Set(new.at.into()),
        made_at: Set(new.at.into()),
        ended_at: Set(None),
        error: Set(String::new()),
    };
    let once = OnConflict::column(Column::Key).do_nothing().to_owned();
    match Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(on)
        .await
    {
        Ok(rows) => Ok(rows > 0),
        Err(DbErr::RecordNotInserted) => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_item(row: items::Model) -> Result<Item> {
    Ok(Item {
        id: row.id,
        account: row.account,
        kind: json::from_word("the kind of an item", &row.kind)?,
        thread: row.thread,
        post: row.post,
        actor: row.actor,
        anomaly: row.anomaly,
        words: row.words,
        at: row.at.into(),
    })
}

fn read(row: Model) -> Result<Letter> {
    Ok(Letter {
        id: row.id,
        account: row.account,
        kind: json::from_word("the kind of a letter", &row.kind)?,
        key: row.key,
        address: row.address,
        content: json::read("a letter", &row.content)?,
        message_id: row.message_id,
        state: json::from_word("the state of a letter", &row.state)?,
        tries: u32::try_from(row.tries).unwrap_or(0),
        made_at: row.made_at.into(),
        error: row.error,
    })
}
