//! Wishes: by which way, how soon and when somebody wants to hear ([`weft_collector_core::telling`]), and of which threads
//! they want no mail.
//!
//! **Invariant: who said nothing has the defaults**: no row means [`Preferences::default`].

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;
use weft_collector_core::telling::Preferences;

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_preferences")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        pub preferences: String,
        pub digest_due: Option<Micros>,
        pub digested_at: Option<Micros>,
        pub changed_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

mod mutes {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_mutes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A digest that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    pub account: Uuid,
    pub preferences: Preferences,
    pub due: Timestamp,
    /// Up to when the last one told.
    pub since: Option<Timestamp>,
}

impl Control {
    pub fn wishes(&self) -> Wishes<'_> {
        Wishes { db: self.db() }
    }
}

/// The way to the tables.
pub struct Wishes<'a> {
    db: &'a DatabaseConnection,
}

impl Wishes<'_> {
    pub async fn of(&self, account: Uuid) -> Result<Preferences> {
        let row = Entity::find_by_id(account).one(self.db).await?;
        row.map_or_else(|| Ok(Preferences::default()), |row| read(&row))
    }

    /// `digest_due`: when the next digest is, as the caller worked out from the wishes.
    pub async fn save(
        &self,
        account: Uuid,
        preferences: &Preferences,
        digest_due: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<()> {
        let row = ActiveModel {
            account: Set(account),
            preferences: Set(json::write(preferences)),
            digest_due: Set(digest_due.map(Micros::from)),
            digested_at: Set(None),
            changed_at: Set(at.into()),
        };
        let newer = OnConflict::column(Column::Account)
            .update_columns([Column::Preferences, Column::DigestDue, Column::ChangedAt])
            .to_owned();
        Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    /// Digests that are due, the longest overdue first.
    pub async fn due(&self, now: Timestamp, limit: u64) -> Result<Vec<Due>> {
        let rows = Entity::find()
            .filter(Column::DigestDue.lte(Micros::from(now)))
            .order_by_asc(Column::DigestDue)
            .limit(limit)
            .all(self.db)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Due {
                    account: row.account,
                    preferences: read(row)?,
                    due: row.digest_due.map_or(now, Timestamp::from),
                    since: row.digested_at.map(Timestamp::from),
                })
            })
            .collect()
    }

    /// The digest was made, or there was nothing to tell.
    pub async fn digested(
        &self,
        account: Uuid,
        up_to: Timestamp,
        next: Option<Timestamp>,
    ) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::DigestedAt, Expr::value(up_to.as_microsecond()))
            .col_expr(
                Column::DigestDue,
                Expr::value(next.map(|next| next.as_microsecond())),
            )
            .filter(Column::Account.eq(account))
            .exec(self.db)
            .await?;
        Ok(())
    }

    /// No mail about this thread any more; in the console nothing changes.
    pub async fn mute(&self, account: Uuid, thread: Uuid, at: Timestamp) -> Result<()> {
        let row = mutes::ActiveModel {
            account: Set(account),
            thread: Set(thread),
            at: Set(at.into()),
        };
        let once = OnConflict::columns([mutes::Column::Account, mutes::Column::Thread])
            .update_column(mutes::Column::At)
            .to_owned();
        mutes::Entity::insert(row)
            .on_conflict(once)
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    pub async fn unmute(&self, account: Uuid, thread: Uuid) -> Result<bool> {
        let done = mutes::Entity::delete_by_id((account, thread))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Threads of which the person wants no mail, newest first.
    pub async fn muted(&self, account: Uuid, limit: u64) -> Result<Vec<Uuid>> {
        Ok(mutes::Entity::find()
            .select_only()
            .column(mutes::Column::Thread)
            .filter(mutes::Column::Account.eq(account))
            .order_by_desc(mutes::Column::At)
            .limit(limit)
            .into_tuple()
            .all(self.db)
            .await?)
    }

    pub async fn is_muted(&self, account: Uuid, thread: Uuid) -> Result<bool> {
        Ok(mutes::Entity::find_by_id((account, thread))
            .one(self.db)
            .await?
            .is_some())
    }
}

fn read(row: &Model) -> Result<Preferences> {
    json::read("somebody's wishes for mail", &row.preferences)
}
