//! Drafts: what somebody is writing, kept until it is sent.
//!
//! **Invariant: two windows never overwrite each other unseen**: a save names the moment of the draft that it goes on
//! from, and is refused when another came in between. A slot is a thread's id, or `new` for a thread to be opened.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait as _,
    QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};
use uuid::Uuid;

use super::{Control, Result, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "drafts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub slot: String,
        pub space: String,
        pub title: String,
        pub markdown: String,
        pub whisper: bool,
        pub updated_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// Drafts of one person: nobody writes more at a time, and each may hold 64 KiB.
pub const MOST: u64 = 50;

#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub slot: String,
    /// Slug or id, for a thread to be opened.
    pub space: String,
    pub title: String,
    pub markdown: String,
    pub whisper: bool,
    pub updated_at: Timestamp,
}

/// What came of saving.
#[derive(Clone, Debug, PartialEq)]
pub enum Saved {
    Yes,
    /// Another window saved this one in between.
    Newer(Draft),
    /// There are [`MOST`] already.
    TooMany,
}

impl Control {
    pub fn drafts(&self) -> Drafts<'_> {
        Drafts {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Drafts<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Drafts<'_> {
    /// Keeps the draft. `going_on_from`: the `updated_at` that the writer knows, `None` when they knew none.
    pub async fn save(
        &self,
        account: Uuid,
        draft: Draft,
        going_on_from: Option<Timestamp>,
    ) -> Result<Saved> {
        let on = self.control.begin().await?;
        let known = Entity::find_by_id((account, draft.slot.clone()))
            .one(&on)
            .await?;
        match &known {
            Some(known) if Some(known.updated_at) != going_on_from.map(Micros::from) => {
                let same = known.markdown == draft.markdown && known.title == draft.title;
                if !same {
                    return Ok(Saved::Newer(read(known.clone())));
                }
            }
            Some(_) => {}
            None => {
                let count = Entity::find()
                    .filter(Column::Account.eq(account))
                    .count(&on)
                    .await?;
                if count >= MOST {
                    return Ok(Saved::TooMany);
                }
            }
        }
        let row = ActiveModel {
            account: Set(account),
            slot: Set(draft.slot),
            space: Set(draft.space),
            title: Set(draft.title),
            markdown: Set(draft.markdown),
            whisper: Set(draft.whisper),
            updated_at: Set(draft.updated_at.into()),
        };
        let newer = OnConflict::columns([Column::Account, Column::Slot])
            .update_columns([
                Column::Space,
                Column::Title,
                Column::Markdown,
                Column::Whisper,
                Column::UpdatedAt,
            ])
            .to_owned();
        Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(&on)
            .await?;
        on.commit().await?;
        Ok(Saved::Yes)
    }

    pub async fn get(&self, account: Uuid, slot: &str) -> Result<Option<Draft>> {
        let row = Entity::find_by_id((account, slot.to_owned()))
            .one(self.db)
            .await?;
        Ok(row.map(read))
    }

    /// Newest first.
    pub async fn list(&self, account: Uuid) -> Result<Vec<Draft>> {
        let rows = Entity::find()
            .filter(Column::Account.eq(account))
            .order_by_desc(Column::UpdatedAt)
            .limit(MOST)
            .all(self.db)
            .await?;
        Ok(rows.into_iter().map(read).collect())
    }

    pub async fn drop(&self, account: Uuid, slot: &str) -> Result<bool> {
        let done = Entity::delete_by_id((account, slot.to_owned()))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn forget(&self, before: Timestamp) -> Result<u64> {
        let done = Entity::delete_many()
            .filter(Column::UpdatedAt.lt(Micros::from(before)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected)
    }
}

fn read(row: Model) -> Draft {
    Draft {
        slot: row.slot,
        space: row.space,
        title: row.title,
        markdown: row.markdown,
        whisper: row.whisper,
        updated_at: row.updated_at.into(),
    }
}
