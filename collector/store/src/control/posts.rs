//! Posts: what was said, and what it said before it was edited.
//!
//! **Invariant: words are never lost**: an edit keeps the earlier text, a deletion keeps the row; readers simply no
//! longer get it. A whisper is read by staff and by its author. Not here: HTML, which is made when it is read.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr,
    EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    Control, Result, accounts::SYSTEM, follows, like, micros::Micros, threads, threads::Reader,
};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "posts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub thread: Uuid,
        pub author: Uuid,
        pub posted_at: Micros,
        pub edited_at: Option<Micros>,
        pub markdown: String,
        /// The Markdown in lower case, for search.
        pub words: String,
        pub whisper: bool,
        pub topic: String,
        pub deleted_at: Option<Micros>,
        pub deleted_by: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

mod edit {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "post_edits")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub post: Uuid,
        pub at: Micros,
        pub by: Uuid,
        /// What stood there before.
        pub markdown: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    pub id: Uuid,
    pub thread: Uuid,
    pub author: Uuid,
    pub posted_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub markdown: String,
    pub whisper: bool,
    /// What a post of the collector is about ("anomaly:<id>"), so that news joins it; empty for people.
    pub topic: String,
}

#[derive(Clone, Debug)]
pub struct NewPost {
    pub id: Uuid,
    pub thread: Uuid,
    pub author: Uuid,
    pub at: Timestamp,
    pub markdown: String,
    pub whisper: bool,
    pub topic: String,
}

/// An earlier text of a post.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    pub at: Timestamp,
    pub by: Uuid,
    pub markdown: String,
}

impl Control {
    pub fn posts(&self) -> Posts<'_> {
        Posts {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Posts<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Posts<'_> {
    /// Adds a post; a person who writes follows from then on.
    pub async fn add(&self, new: NewPost) -> Result<()> {
        let (thread, author, at) = (new.thread, new.author, new.at);
        let on = self.control.begin().await?;
        insert(&on, new).await?;
        if author != SYSTEM {
            follows::insert(&on, author, thread, at).await?;
        }
        threads::recount(&on, thread).await?;
        on.commit().await?;
        Ok(())
    }

    /// A post that is not deleted and that the reader may see. The caller has asked for the thread with the same reader.
    pub async fn get(&self, id: Uuid, reader: Reader) -> Result<Option<Post>> {
        let query = Entity::find_by_id(id).filter(visible(reader));
        Ok(query.one(self.db).await?.map(read))
    }

    /// The posts of a thread, oldest first.
    pub async fn of_thread(&self, thread: Uuid, reader: Reader, limit: u64) -> Result<Vec<Post>> {
        let query = Entity::find()
            .filter(Column::Thread.eq(thread))
            .filter(visible(reader))
            .order_by_asc(Column::PostedAt)
            .order_by_asc(Column::Id)
            .limit(limit);
        Ok(query.all(self.db).await?.into_iter().map(read).collect())
    }

    /// (thread, author) of everybody, the collector aside, whose posts in these threads all readers of the space see.
    pub async fn participants(&self, threads: Vec<Uuid>) -> Result<Vec<(Uuid, Uuid)>> {
        if threads.is_empty() {
            return Ok(vec![]);
        }
        Ok(Entity::find()
            .select_only()
            .column(Column::Thread)
            .column(Column::Author)
            .distinct()
            .filter(Column::Thread.is_in(threads))
            .filter(public())
            .filter(Column::Author.ne(SYSTEM))
            .into_tuple()
            .all(self.db)
            .await?)
    }

    /// The newest post of the collector in a thread on a topic, and how many it wrote there since `since`.
    pub async fn of_collector(
        &self,
        thread: Uuid,
        topic: &str,
        since: Timestamp,
    ) -> Result<(Option<Post>, u64)> {
        let own = || {
            Entity::find()
                .filter(Column::Thread.eq(thread))
                .filter(Column::Author.eq(SYSTEM))
                .filter(Column::DeletedAt.is_null())
        };
        let newest = own()
            .filter(Column::Topic.eq(topic))
            .order_by_desc(Column::PostedAt)
            .one(self.db)
            .await?;
        let recent: Vec<i64> = own()
            .filter(Column::PostedAt.gte(Micros::from(since)))
            .select_only()
            .column_as(Column::Id.count(), "posts")
            .into_tuple()
            .all(self.db)
            .await?;
        let recent = recent.first().copied().unwrap_or(0);
        Ok((newest.map(read), u64::try_from(recent).unwrap_or(0)))
    }

    /// Changes the text and keeps the earlier one under `edit`.
    pub async fn edit(
        &self,
        edit: Uuid,
        post: Uuid,
        markdown: &str,
        by: Uuid,
        at: Timestamp,
    ) -> Result<bool> {
        let on = self.control.begin().await?;
        let Some(before) = Entity::find_by_id(post)
            .filter(Column::DeletedAt.is_null())
            .one(&on)
            .await?
        else {
            return Ok(false);
        };
        let kept = edit::ActiveModel {
            id: Set(edit),
            post: Set(post),
            at: Set(at.into()),
            by: Set(by),
            markdown: Set(before.markdown),
        };
        edit::Entity::insert(kept)
            .exec_without_returning(&on)
            .await?;
        Entity::update_many()
            .col_expr(Column::Markdown, Expr::value(markdown))
            .col_expr(Column::Words, Expr::value(markdown.to_lowercase()))
            .col_expr(Column::EditedAt, Expr::value(at.as_microsecond()))
            .filter(Column::Id.eq(post))
            .exec(&on)
            .await?;
        on.commit().await?;
        Ok(true)
    }

    /// The earlier texts, oldest first.
    pub async fn edits(&self, post: Uuid) -> Result<Vec<Edit>> {
        let found = edit::Entity::find()
            .filter(edit::Column::Post.eq(post))
            .order_by_asc(edit::Column::At)
            .all(self.db)
            .await?;
        let read = |row: edit::Model| Edit {
            at: row.at.into(),
            by: row.by,
            markdown: row.markdown,
        };
        Ok(found.into_iter().map(read).collect())
    }

    /// Takes the post out of sight. An accepted answer that is deleted opens its thread again.
    pub async fn delete(&self, post: Uuid, by: Uuid, at: Timestamp) -> Result<bool> {
        let on = self.control.begin().await?;
        let Some(row) = Entity::find_by_id(post)
            .filter(Column::DeletedAt.is_null())
            .one(&on)
            .await?
        else {
            return Ok(false);
        };
        Entity::update_many()
            .col_expr(Column::DeletedAt, Expr::value(at.as_microsecond()))
            .col_expr(Column::DeletedBy, Expr::value(by))
            .filter(Column::Id.eq(post))
            .exec(&on)
            .await?;
        threads::entity::Entity::update_many()
            .col_expr(threads::entity::Column::Solved, Expr::value(false))
            .col_expr(
                threads::entity::Column::AcceptedPost,
                Expr::value(None::<Uuid>),
            )
            .filter(threads::entity::Column::AcceptedPost.eq(post))
            .exec(&on)
            .await?;
        threads::recount(&on, row.thread).await?;
        on.commit().await?;
        Ok(true)
    }
}

pub(super) async fn insert(on: &impl ConnectionTrait, new: NewPost) -> Result<(), DbErr> {
    let post = ActiveModel {
        id: Set(new.id),
        thread: Set(new.thread),
        author: Set(new.author),
        posted_at: Set(new.at.into()),
        edited_at: Set(None),
        words: Set(new.markdown.to_lowercase()),
        markdown: Set(new.markdown),
        whisper: Set(new.whisper),
        topic: Set(new.topic),
        deleted_at: Set(None),
        deleted_by: Set(None),
    };
    Entity::insert(post).exec_without_returning(on).await?;
    Ok(())
}

/// What a thread counts.
pub(super) struct Counts {
    pub posts: i32,
    pub participants: i32,
    pub last: Option<Micros>,
}

pub(super) async fn counts(on: &impl ConnectionTrait, thread: Uuid) -> Result<Counts, DbErr> {
    let (posts, last): (i64, Option<i64>) = Entity::find()
        .select_only()
        .column_as(Column::Id.count(), "posts")
        .column_as(Column::PostedAt.max(), "last")
        .filter(Column::Thread.eq(thread))
        .filter(public())
        .into_tuple()
        .one(on)
        .await?
        .unwrap_or((0, None));
    let authors: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Author)
        .distinct()
        .filter(Column::Thread.eq(thread))
        .filter(public())
        .filter(Column::Author.ne(SYSTEM))
        .into_tuple()
        .all(on)
        .await?;
    Ok(Counts {
        posts: i32::try_from(posts).unwrap_or(i32::MAX),
        participants: i32::try_from(authors.len()).unwrap_or(i32::MAX),
        last: last.map(Micros),
    })
}

/// Ids of the threads in which the account wrote.
pub(super) fn threads_written_in(account: Uuid) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Thread)
        .filter(Column::Author.eq(account))
        .filter(Column::DeletedAt.is_null())
}

/// Ids of the threads with one post, visible to the reader, that holds all of the words.
pub(super) fn threads_with(terms: &[String], reader: Reader) -> Select<Entity> {
    let query = Entity::find()
        .select_only()
        .column(Column::Thread)
        .filter(visible(reader));
    terms.iter().fold(query, |query, term| {
        query.filter(like::contains_lower(Column::Words, term))
    })
}

fn visible(reader: Reader) -> Condition {
    let kept = Condition::all().add(Column::DeletedAt.is_null());
    match reader.staff {
        true => kept,
        false => kept.add(
            Column::Whisper
                .eq(false)
                .or(Column::Author.eq(reader.account)),
        ),
    }
}

/// What every reader of the space sees.
fn public() -> Condition {
    Condition::all()
        .add(Column::DeletedAt.is_null())
        .add(Column::Whisper.eq(false))
}

fn read(row: Model) -> Post {
    Post {
        id: row.id,
        thread: row.thread,
        author: row.author,
        posted_at: row.posted_at.into(),
        edited_at: row.edited_at.map(Timestamp::from),
        markdown: row.markdown,
        whisper: row.whisper,
        topic: row.topic,
    }
}
