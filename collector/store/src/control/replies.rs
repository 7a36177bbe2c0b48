//! Reply addresses: what a token in an address stands for, and mails that were taken already.
//!
//! **Invariant: a token names one person and one place, for ever**; a message that was taken is not taken again. Tokens are
//! made by the caller and cannot be guessed.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_replies")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token: String,
        pub account: Uuid,
        pub what: String,
        pub target: Uuid,
        pub made_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

mod arrivals {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_arrivals")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub tries: i32,
        pub outcome: Option<String>,
        pub detail: String,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where a reply goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Becomes a post there.
    Thread,
    /// The same for staff only: the answer to a whisper is one.
    Whisper,
    /// Opens a thread there.
    Space,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub account: Uuid,
    pub place: Place,
    pub target: Uuid,
}

/// A message about to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// How often it was tried before.
    New { tries: u32 },
    /// It was taken: what became of it.
    Known { outcome: String },
}

impl Control {
    pub fn replies(&self) -> Replies<'_> {
        Replies { db: self.db() }
    }
}

/// The way to the tables.
pub struct Replies<'a> {
    db: &'a DatabaseConnection,
}

impl Replies<'_> {
    pub async fn keep(&self, token: &str, reply: &Reply, at: Timestamp) -> Result<()> {
        let row = ActiveModel {
            token: Set(token.to_owned()),
            account: Set(reply.account),
            what: Set(json::word(&reply.place)),
            target: Set(reply.target),
            made_at: Set(at.into()),
        };
        let once = OnConflict::column(Column::Token).do_nothing().to_owned();
        match Entity::insert(row)
            .on_conflict(once)
            .exec_without_returning(self.db)
            .await
        {
            Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn find(&self, token: &str) -> Result<Option<Reply>> {
        let row = Entity::find_by_id(token.to_owned()).one(self.db).await?;
        row.map(|row| {
            Ok(Reply {
                account: row.account,
                place: json::from_word("the place of a reply", &row.what)?,
                target: row.target,
            })
        })
        .transpose()
    }

    /// Notes that a message is about to be taken, unless it was taken before.
    pub async fn arrive(&self, key: &str, at: Timestamp) -> Result<Arrival> {
        let known = arrivals::Entity::find_by_id(key.to_owned())
            .one(self.db)
            .await?;
        if let Some(outcome) = known.as_ref().and_then(|row| row.outcome.clone()) {
            return Ok(Arrival::Known { outcome });
        }
        let row = arrivals::ActiveModel {
            key: Set(key.to_owned()),
            tries: Set(1),
            outcome: Set(None),
            detail: Set(String::new()),
            at: Set(at.into()),
        };
        let again = OnConflict::column(arrivals::Column::Key)
            .value(
                arrivals::Column::Tries,
                Expr::col((arrivals::Entity, arrivals::Column::Tries)).add(1),
            )
            .to_owned();
        arrivals::Entity::insert(row)
            .on_conflict(again)
            .exec_without_returning(self.db)
            .await?;
        let tries = known.map_or(0, |row| u32::try_from(row.tries).unwrap_or(0));
        Ok(Arrival::New { tries })
    }

    /// What became of it.
    pub async fn settle(
        &self,
        key: &str,
        outcome: &str,
        detail: &str,
        at: Timestamp,
    ) -> Result<()> {
        arrivals::Entity::update_many()
            .col_expr(arrivals::Column::Outcome, Expr::value(outcome))
            .col_expr(arrivals::Column::Detail, Expr::value(detail))
            .col_expr(arrivals::Column::At, Expr::value(at.as_microsecond()))
            .filter(arrivals::Column::Key.eq(key))
            .exec(self.db)
            .await?;
        Ok(())
    }

    /// Messages that were taken long ago.
    pub async fn forget(&self, before: Timestamp) -> Result<u64> {
        let done = arrivals::Entity::delete_many()
            .filter(arrivals::Column::At.lt(Micros::from(before)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected)
    }
}
