//! Posts: what was said, and what it said before it was edited.
//!
//! **Invariant: words are never lost**: an edit keeps the earlier text, a deletion keeps the row; readers simply no
//! longer get it. A whisper is read by staff and by its author. **Every change writes its event and its search document in
//! the same transaction** ([`super::events`], [`super::search`]). Not here: HTML, which is made when it is read.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, IntoColumnRef, SimpleExpr},
};
use uuid::Uuid;

use super::{
    Control, Result,
    accounts::SYSTEM,
    events::{self, EventKind, NewEvent},
    follows::{self, Level},
    micros::Micros,
    notifications::{self, NewNotice},
    search, threads,
    threads::Reader,
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
        /// Not used since the search has its own index; empty in new rows.
        pub words: String,
        pub whisper: bool,
        pub topic: String,
        pub deleted_at: Option<Micros>,
        pub deleted_by: Option<Uuid>,
        pub deleted_reason: String,
        pub origin: String,
        pub origin_ref: Option<String>,
        pub reply_to: Option<Uuid>,
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
    /// The connector that brought it; empty: written here.
    pub origin: String,
    pub reply_to: Option<Uuid>,
}

/// A post out of sight.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    pub post: Post,
    pub at: Timestamp,
    pub by: Option<Uuid>,
    pub reason: String,
}

#[derive(Clone, Debug, Default)]
pub struct NewPost {
    pub id: Uuid,
    pub thread: Uuid,
    pub author: Uuid,
    pub at: Timestamp,
    pub markdown: String,
    pub whisper: bool,
    pub topic: String,
    /// The connector that brings it; empty: written here.
    pub origin: String,
    /// Its id over there; (origin, origin_ref) names one post for ever.
    pub origin_ref: Option<String>,
    pub reply_to: Option<Uuid>,
}

/// Who changes a post, when, and by which way it came.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    pub by: Uuid,
    pub at: Timestamp,
    /// The connector; empty: here.
    pub origin: &'a str,
}

impl Step<'_> {
    pub fn here(by: Uuid, at: Timestamp) -> Self {
        Self { by, at, origin: "" }
    }

    fn event(&self, kind: EventKind, thread: Uuid, post: Uuid, whisper: bool) -> NewEvent {
        NewEvent {
            post: Some(post),
            origin: self.origin.to_owned(),
            whisper,
            ..NewEvent::new(kind, thread, self.by, self.at)
        }
    }
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
        self.add_telling(new, vec![], &[]).await.map(drop)
    }

    /// Adds a post and tells of it; `mentioned` follow from now on. False when it came from elsewhere and is known: then
    /// nothing happened.
    pub async fn add_telling(
        &self,
        new: NewPost,
        notices: Vec<NewNotice>,
        mentioned: &[Uuid],
    ) -> Result<bool> {
        let (id, thread, author, at) = (new.id, new.thread, new.author, new.at);
        let (whisper, origin) = (new.whisper, new.origin.clone());
        let on = self.control.begin().await?;
        if let Some(foreign) = &new.origin_ref
            && by_origin(&on, &origin, foreign).await?.is_some()
        {
            return Ok(false);
        }
        let space = threads::space_of(&on, thread).await?;
        threads::count_in(&on, &new).await?;
        let doc = search::Doc {
            thread,
            space,
            post: Some(id),
            audience: search::audience(whisper),
            author: Some(author),
            title: "",
            body: &new.markdown.clone(),
        };
        insert(&on, new).await?;
        search::add(&on, doc).await?;
        if author != SYSTEM {
            follows::raise(&on, author, thread, Level::Tracking, at).await?;
        }
        for account in mentioned {
            follows::raise(&on, *account, thread, Level::Tracking, at).await?;
        }
        notifications::tell(&on, notices).await?;
        let step = Step {
            by: author,
            at,
            origin: &origin,
        };
        events::append(&on, step.event(EventKind::PostCreated, thread, id, whisper)).await?;
        on.commit().await?;
        Ok(true)
    }

    /// The post that a connector brought under this id, removed or not.
    pub async fn from_elsewhere(&self, origin: &str, origin_ref: &str) -> Result<Option<Post>> {
        Ok(by_origin(self.db, origin, origin_ref).await?.map(read))
    }

    /// The id over there of a post that this person brought by this way.
    pub async fn origin_ref(
        &self,
        post: Uuid,
        origin: &str,
        author: Uuid,
    ) -> Result<Option<String>> {
        let row = Entity::find_by_id(post)
            .filter(Column::Origin.eq(origin))
            .filter(Column::Author.eq(author))
            .one(self.db)
            .await?;
        Ok(row.and_then(|row| row.origin_ref))
    }

    /// The id over there of the last post that this person brought into the thread by this way before a moment.
    pub async fn last_origin_ref(
        &self,
        thread: Uuid,
        origin: &str,
        author: Uuid,
        before: Timestamp,
    ) -> Result<Option<String>> {
        let row = Entity::find()
            .filter(Column::Thread.eq(thread))
            .filter(Column::Origin.eq(origin))
            .filter(Column::Author.eq(author))
            .filter(Column::PostedAt.lt(Micros::from(before)))
            .filter(Column::DeletedAt.is_null())
            .order_by_desc(Column::PostedAt)
            .one(self.db)
            .await?;
        Ok(row.and_then(|row| row.origin_ref))
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

    /// One page of a thread from behind (or, newest first, from before) a place; places are (posted, id).
    pub async fn page(
        &self,
        thread: Uuid,
        reader: Reader,
        after: Option<(Timestamp, Uuid)>,
        newest_first: bool,
        limit: u64,
    ) -> Result<Vec<Post>> {
        let mut query = Entity::find()
            .filter(Column::Thread.eq(thread))
            .filter(visible(reader));
        if let Some((at, id)) = after {
            let at = Micros::from(at);
            let (time, same) = match newest_first {
                true => (Column::PostedAt.lt(at), Column::Id.lt(id)),
                false => (Column::PostedAt.gt(at), Column::Id.gt(id)),
            };
            query = query.filter(
                Condition::any()
                    .add(time)
                    .add(Column::PostedAt.eq(at).and(same)),
            );
        }
        query = match newest_first {
            true => query
                .order_by_desc(Column::PostedAt)
                .order_by_desc(Column::Id),
            false => query
                .order_by_asc(Column::PostedAt)
                .order_by_asc(Column::Id),
        };
        Ok(query
            .limit(limit)
            .all(self.db)
            .await?
            .into_iter()
            .map(read)
            .collect())
    }

    /// These posts, as far as the reader may see them, in no order.
    pub async fn all_of(&self, ids: Vec<Uuid>, reader: Reader) -> Result<Vec<Post>> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let query = Entity::find()
            .filter(Column::Id.is_in(ids))
            .filter(visible(reader));
        Ok(query.all(self.db).await?.into_iter().map(read).collect())
    }

    /// How many posts of others the reader has not read in these threads: those behind their
    /// marks.
    pub async fn unread(
        &self,
        reader: Reader,
        marks: &[(Uuid, Timestamp)],
    ) -> Result<std::collections::HashMap<Uuid, u64>> {
        if marks.is_empty() {
            return Ok(std::collections::HashMap::new());
        }
        let behind = marks.iter().fold(Condition::any(), |any, (thread, mark)| {
            any.add(
                Column::Thread
                    .eq(*thread)
                    .and(Column::PostedAt.gt(Micros::from(*mark))),
            )
        });
        let counts: Vec<(Uuid, i64)> = Entity::find()
            .select_only()
            .column(Column::Thread)
            .column_as(Column::Id.count(), "posts")
            .filter(behind)
            .filter(visible(reader))
            .filter(Column::Author.ne(reader.account))
            .group_by(Column::Thread)
            .into_tuple()
            .all(self.db)
            .await?;
        Ok(counts
            .into_iter()
            .map(|(thread, posts)| (thread, u64::try_from(posts).unwrap_or(0)))
            .collect())
    }

    /// Posts of a thread that were taken out of sight, newest removal first.
    pub async fn removed(&self, thread: Uuid, limit: u64) -> Result<Vec<Removed>> {
        let rows = Entity::find()
            .filter(Column::Thread.eq(thread))
            .filter(Column::DeletedAt.is_not_null())
            .order_by_desc(Column::DeletedAt)
            .limit(limit)
            .all(self.db)
            .await?;
        Ok(rows.into_iter().map(read_removed).collect())
    }

    /// A post that was taken out of sight.
    pub async fn get_removed(&self, id: Uuid) -> Result<Option<Removed>> {
        let row = Entity::find_by_id(id)
            .filter(Column::DeletedAt.is_not_null())
            .one(self.db)
            .await?;
        Ok(row.map(read_removed))
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
        self.edit_by(edit, post, markdown, Step::here(by, at)).await
    }

    pub async fn edit_by(
        &self,
        edit: Uuid,
        post: Uuid,
        markdown: &str,
        step: Step<'_>,
    ) -> Result<bool> {
        let on = self.control.begin().await?;
        let Some(before) = Entity::find_by_id(post)
            .filter(Column::DeletedAt.is_null())
            .one(&on)
            .await?
        else {
            return Ok(false);
        };
        // Saying the same again is no edit.
        if before.markdown == markdown {
            return Ok(true);
        }
        let (thread, whisper, author) = (before.thread, before.whisper, before.author);
        let kept = edit::ActiveModel {
            id: Set(edit),
            post: Set(post),
            at: Set(step.at.into()),
            by: Set(step.by),
            markdown: Set(before.markdown),
        };
        edit::Entity::insert(kept)
            .exec_without_returning(&on)
            .await?;
        Entity::update_many()
            .col_expr(Column::Markdown, Expr::value(markdown))
            .col_expr(Column::EditedAt, Expr::value(step.at.as_microsecond()))
            .filter(Column::Id.eq(post))
            .exec(&on)
            .await?;
        let carries_title = first_public(&on, thread).await? == Some(post);
        let title = match carries_title {
            true => threads::title_of(&on, thread).await?,
            false => String::new(),
        };
        search::remove(&on, search::Which::Post(post)).await?;
        let doc = search::Doc {
            thread,
            space: threads::space_of(&on, thread).await?,
            post: Some(post),
            audience: search::audience(whisper),
            author: Some(author),
            title: &title,
            body: markdown,
        };
        search::add(&on, doc).await?;
        events::append(
            &on,
            step.event(EventKind::PostEdited, thread, post, whisper),
        )
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

    /// Forgets what stood in a post before, and keeps that it was edited, when and by whom: for words that should never
    /// have been written.
    pub async fn forget_edits(&self, post: Uuid) -> Result<u64> {
        let done = edit::Entity::update_many()
            .col_expr(edit::Column::Markdown, Expr::value(""))
            .filter(edit::Column::Post.eq(post))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected)
    }

    /// Takes the post out of sight. An accepted answer that is deleted opens its thread again.
    pub async fn delete(&self, post: Uuid, by: Uuid, at: Timestamp) -> Result<bool> {
        self.delete_because(post, "", Step::here(by, at), vec![])
            .await
    }

    pub async fn delete_because(
        &self,
        post: Uuid,
        reason: &str,
        step: Step<'_>,
        notices: Vec<NewNotice>,
    ) -> Result<bool> {
        let on = self.control.begin().await?;
        let Some(row) = Entity::find_by_id(post)
            .filter(Column::DeletedAt.is_null())
            .one(&on)
            .await?
        else {
            return Ok(false);
        };
        Entity::update_many()
            .col_expr(Column::DeletedAt, Expr::value(step.at.as_microsecond()))
            .col_expr(Column::DeletedBy, Expr::value(step.by))
            .col_expr(Column::DeletedReason, Expr::value(reason))
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
        search::remove(&on, search::Which::Post(post)).await?;
        notifications::tell(&on, notices).await?;
        events::append(
            &on,
            step.event(EventKind::PostDeleted, row.thread, post, row.whisper),
        )
        .await?;
        on.commit().await?;
        Ok(true)
    }

    /// Brings a post back into sight. False when it was not out of it.
    pub async fn restore(
        &self,
        post: Uuid,
        step: Step<'_>,
        notices: Vec<NewNotice>,
    ) -> Result<bool> {
        let on = self.control.begin().await?;
        let Some(row) = Entity::find_by_id(post)
            .filter(Column::DeletedAt.is_not_null())
            .one(&on)
            .await?
        else {
            return Ok(false);
        };
        Entity::update_many()
            .col_expr(Column::DeletedAt, Expr::value(None::<i64>))
            .col_expr(Column::DeletedBy, Expr::value(None::<Uuid>))
            .col_expr(Column::DeletedReason, Expr::value(""))
            .filter(Column::Id.eq(post))
            .exec(&on)
            .await?;
        threads::recount(&on, row.thread).await?;
        search::index_thread(&on, row.thread).await?;
        notifications::tell(&on, notices).await?;
        events::append(
            &on,
            step.event(EventKind::PostRestored, row.thread, post, row.whisper),
        )
        .await?;
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
        words: Set(String::new()),
        markdown: Set(new.markdown),
        whisper: Set(new.whisper),
        topic: Set(new.topic),
        deleted_at: Set(None),
        deleted_by: Set(None),
        deleted_reason: Set(String::new()),
        origin: Set(new.origin),
        origin_ref: Set(new.origin_ref),
        reply_to: Set(new.reply_to),
    };
    Entity::insert(post).exec_without_returning(on).await?;
    Ok(())
}

async fn by_origin(
    on: &impl ConnectionTrait,
    origin: &str,
    origin_ref: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::OriginRef.eq(origin_ref))
        .filter(Column::Origin.eq(origin))
        .one(on)
        .await
}

/// The post that carries the thread: the first that everybody in its space reads.
pub(super) async fn first_public(
    on: &impl ConnectionTrait,
    thread: Uuid,
) -> Result<Option<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Thread.eq(thread))
        .filter(public())
        .order_by_asc(Column::PostedAt)
        .order_by_asc(Column::Id)
        .into_tuple()
        .one(on)
        .await
}

/// Did the account write something here that everybody reads?
pub(super) async fn has_written(
    on: &impl ConnectionTrait,
    thread: Uuid,
    account: Uuid,
) -> Result<bool, DbErr> {
    let found = Entity::find()
        .filter(Column::Thread.eq(thread))
        .filter(Column::Author.eq(account))
        .filter(public())
        .one(on)
        .await?;
    Ok(found.is_some())
}

/// Puts posts into another thread.
pub(super) async fn hand_over(
    on: &impl ConnectionTrait,
    posts: Option<&[Uuid]>,
    from: Uuid,
    to: Uuid,
) -> Result<u64, DbErr> {
    let mut update = Entity::update_many()
        .col_expr(Column::Thread, Expr::value(to))
        .filter(Column::Thread.eq(from));
    if let Some(posts) = posts {
        update = update.filter(Column::Id.is_in(posts.iter().copied()));
    }
    Ok(update.exec(on).await?.rows_affected)
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

/// Whether the post that `id` (a column of the query around it) names is the reader's to see, were its thread.
pub(super) fn is_visible(reader: Reader, id: impl IntoColumnRef) -> SimpleExpr {
    let seen = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Expr::col(Column::Id.as_column_ref()).eq(Expr::col(id)))
        .filter(visible(reader));
    Expr::exists(seen.into_query())
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
        origin: row.origin,
        reply_to: row.reply_to,
    }
}

fn read_removed(row: Model) -> Removed {
    Removed {
        at: row.deleted_at.map_or(row.posted_at.into(), Timestamp::from),
        by: row.deleted_by,
        reason: row.deleted_reason.clone(),
        post: read(row),
    }
}
