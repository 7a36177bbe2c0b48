//! Attachments: files that posts show or offer.
//!
//! **Invariant: bytes are kept once per content and as long as somebody needs them**: rows in `attachments` say whose they
//! are and which post shows them, `attachment_contents` holds the bytes under their SHA-256. They lie in SQL so that
//! several collectors see the same and a backup is one thing; `[limits]` of the room above bound them. Who may read one
//! is the post's question. What a file is, is decided from its bytes, not here.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{Control, Result, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "attachments")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub sha256: String,
        pub name: String,
        pub media: String,
        pub size: i64,
        pub uploader: Uuid,
        pub at: Micros,
        pub post: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

mod content {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "attachment_contents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sha256: String,
        pub bytes: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    pub id: Uuid,
    pub sha256: String,
    pub name: String,
    /// What its bytes are, e.g. `image/png`.
    pub media: String,
    pub size: u64,
    pub uploader: Uuid,
    pub at: Timestamp,
    /// `None`: uploaded, not yet in a post.
    pub post: Option<Uuid>,
}

/// What may lie there at most.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    pub of_person: u64,
    pub of_all: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    Yes,
    /// This person's share is used up.
    PersonFull,
    AllFull,
}

#[derive(Debug, FromQueryResult)]
struct Sum {
    bytes: Option<i64>,
}

impl Control {
    pub fn attachments(&self) -> Attachments<'_> {
        Attachments {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the tables.
pub struct Attachments<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Attachments<'_> {
    /// Keeps an upload, unless a quota says no. Counted as uploaded: the same bytes twice count twice for their people.
    pub async fn keep(&self, new: Attachment, bytes: Vec<u8>, quota: Quota) -> Result<Kept> {
        let on = self.control.begin().await?;
        if sum(&on, Condition::all()).await? + new.size > quota.of_all {
            return Ok(Kept::AllFull);
        }
        let own = Condition::all().add(Column::Uploader.eq(new.uploader));
        if sum(&on, own).await? + new.size > quota.of_person {
            return Ok(Kept::PersonFull);
        }
        let content = content::ActiveModel {
            sha256: Set(new.sha256.clone()),
            bytes: Set(bytes),
        };
        let once = OnConflict::column(content::Column::Sha256)
            .do_nothing()
            .to_owned();
        match content::Entity::insert(content)
            .on_conflict(once)
            .exec_without_returning(&on)
            .await
        {
            Ok(_) | Err(DbErr::RecordNotInserted) => {}
            Err(error) => return Err(error.into()),
        }
        let row = ActiveModel {
            id: Set(new.id),
            sha256: Set(new.sha256),
            name: Set(new.name),
            media: Set(new.media),
            size: Set(i64::try_from(new.size).unwrap_or(i64::MAX)),
            uploader: Set(new.uploader),
            at: Set(new.at.into()),
            post: Set(new.post),
        };
        Entity::insert(row).exec_without_returning(&on).await?;
        on.commit().await?;
        Ok(Kept::Yes)
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Attachment>> {
        Ok(Entity::find_by_id(id).one(self.db).await?.map(read))
    }

    pub async fn bytes(&self, sha256: &str) -> Result<Option<Vec<u8>>> {
        let row = content::Entity::find_by_id(sha256).one(self.db).await?;
        Ok(row.map(|row| row.bytes))
    }

    /// These, in no order.
    pub async fn all_of(&self, ids: Vec<Uuid>) -> Result<Vec<Attachment>> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let rows = Entity::find()
            .filter(Column::Id.is_in(ids))
            .all(self.db)
            .await?;
        Ok(rows.into_iter().map(read).collect())
    }

    pub async fn of_posts(&self, posts: Vec<Uuid>) -> Result<Vec<Attachment>> {
        if posts.is_empty() {
            return Ok(vec![]);
        }
        let rows = Entity::find()
            .filter(Column::Post.is_in(posts))
            .order_by_asc(Column::At)
            .order_by_asc(Column::Id)
            .all(self.db)
            .await?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// A person's own, newest first.
    pub async fn of_person(&self, account: Uuid, limit: u64) -> Result<Vec<Attachment>> {
        let rows = Entity::find()
            .filter(Column::Uploader.eq(account))
            .order_by_desc(Column::At)
            .limit(limit)
            .all(self.db)
            .await?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// Ties uploads of this person that no post has yet to their post.
    pub async fn attach(&self, ids: Vec<Uuid>, uploader: Uuid, post: Uuid) -> Result<u64> {
        if ids.is_empty() {
            return Ok(0);
        }
        let done = Entity::update_many()
            .col_expr(Column::Post, Expr::value(post))
            .filter(Column::Id.is_in(ids))
            .filter(Column::Uploader.eq(uploader))
            .filter(Column::Post.is_null())
            .exec(self.db)
            .await?;
        Ok(done.rows_affected)
    }

    /// An upload that no post has yet, taken back by its person.
    pub async fn drop(&self, id: Uuid, uploader: Uuid) -> Result<bool> {
        let done = Entity::delete_many()
            .filter(Column::Id.eq(id))
            .filter(Column::Uploader.eq(uploader))
            .filter(Column::Post.is_null())
            .exec(self.db)
            .await?;
        self.sweep().await?;
        Ok(done.rows_affected > 0)
    }

    /// Uploads that nobody put into a post since `before` go, and bytes that nobody needs any more with them.
    pub async fn forget_orphans(&self, before: Timestamp) -> Result<u64> {
        let done = Entity::delete_many()
            .filter(
                Column::Post
                    .is_null()
                    .and(Column::At.lt(Micros::from(before))),
            )
            .exec(self.db)
            .await?;
        self.sweep().await?;
        Ok(done.rows_affected)
    }

    async fn sweep(&self) -> Result<()> {
        let needed = Entity::find().select_only().column(Column::Sha256);
        content::Entity::delete_many()
            .filter(content::Column::Sha256.not_in_subquery(needed.into_query()))
            .exec(self.db)
            .await?;
        Ok(())
    }
}

async fn sum(on: &impl ConnectionTrait, filter: Condition) -> Result<u64, DbErr> {
    // A sum of BIGINT is NUMERIC in PostgreSQL.
    let total = Expr::cust("CAST(SUM(size) AS BIGINT)");
    let row = Entity::find()
        .select_only()
        .column_as(total, "bytes")
        .filter(filter)
        .into_model::<Sum>()
        .one(on)
        .await?;
    let bytes = row.and_then(|row| row.bytes).unwrap_or(0);
    Ok(u64::try_from(bytes).unwrap_or(0))
}

fn read(row: Model) -> Attachment {
    Attachment {
        id: row.id,
        sha256: row.sha256,
        name: row.name,
        media: row.media,
        size: u64::try_from(row.size).unwrap_or(0),
        uploader: row.uploader,
        at: row.at.into(),
        post: row.post,
    }
}
