//! Threads: one subject, talked about in one space.
//!
//! **Invariant: a reader never gets a row of a staff space without being staff**, in lists and searches as in single
//! reads; and the counts on a thread are counts of what everybody in its space may see (no whispers, nothing deleted).

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, SimpleExpr},
};
use uuid::Uuid;

use std::collections::BTreeSet;

use super::{
    Control, Result, follows, like, micros::Micros, posts, posts::NewPost, private, spaces,
};

pub(super) mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "threads")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub space: Uuid,
        pub title: String,
        /// The title in lower case, for search.
        pub words: String,
        pub author: Uuid,
        pub opened_at: Micros,
        pub last_post_at: Micros,
        pub posts: i32,
        pub participants: i32,
        pub solved: bool,
        pub accepted_post: Option<Uuid>,
        pub simulated: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    pub id: Uuid,
    pub space: Uuid,
    pub title: String,
    pub author: Uuid,
    pub opened_at: Timestamp,
    pub last_post_at: Timestamp,
    pub posts: u32,
    pub participants: u32,
    pub solved: bool,
    pub accepted_post: Option<Uuid>,
    pub simulated: bool,
}

/// Title and Markdown have passed `threads::source` of the collector.
#[derive(Clone, Debug)]
pub struct NewThread {
    pub id: Uuid,
    pub space: Uuid,
    pub title: String,
    pub author: Uuid,
    pub at: Timestamp,
    pub simulated: bool,
}

/// Who is reading.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    pub account: Uuid,
    pub staff: bool,
}

impl Reader {
    /// The collector's own eyes: linker, notices, import.
    pub const COLLECTOR: Self = Self {
        account: super::accounts::SYSTEM,
        staff: true,
    };
}

/// Which threads; the default is all that the reader may see.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub space: Option<Uuid>,
    pub solved: Option<bool>,
    /// Words that must all occur in the title or in one and the same post.
    pub words: String,
    /// Only threads that this account opened, wrote in or follows.
    pub mine: Option<Uuid>,
    /// Only threads with something new since.
    pub since: Option<Timestamp>,
}

impl Control {
    pub fn threads(&self) -> Threads<'_> {
        Threads {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Threads<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Threads<'_> {
    /// A thread comes into being together with its first post; its author follows it.
    pub async fn open(&self, new: NewThread, first: NewPost) -> Result<()> {
        let (id, author, at) = (new.id, new.author, new.at);
        let on = self.control.begin().await?;
        Entity::insert(model(new))
            .exec_without_returning(&on)
            .await?;
        posts::insert(&on, first).await?;
        follows::insert(&on, author, id, at).await?;
        recount(&on, id).await?;
        on.commit().await?;
        Ok(())
    }

    /// The same for a private thread: from its first moment on for these people and for security alone.
    pub async fn open_private(
        &self,
        new: NewThread,
        first: NewPost,
        people: &[Uuid],
    ) -> Result<()> {
        let (id, author, at) = (new.id, new.author, new.at);
        let on = self.control.begin().await?;
        Entity::insert(model(new))
            .exec_without_returning(&on)
            .await?;
        private::insert(&on, id, people).await?;
        posts::insert(&on, first).await?;
        for person in people.iter().chain([&author]) {
            follows::insert(&on, *person, id, at).await?;
        }
        recount(&on, id).await?;
        on.commit().await?;
        Ok(())
    }

    /// Which of these threads are private.
    pub async fn private_among(&self, ids: Vec<Uuid>) -> Result<BTreeSet<Uuid>> {
        private::among(self.db, ids).await
    }

    /// A thread from elsewhere, with its posts, its accepted answer and everybody who wrote as followers, all or nothing.
    pub async fn bring(
        &self,
        new: NewThread,
        posts: Vec<NewPost>,
        answer: Option<Uuid>,
    ) -> Result<()> {
        let id = new.id;
        let on = self.control.begin().await?;
        let thread = ActiveModel {
            solved: Set(answer.is_some()),
            accepted_post: Set(answer),
            ..model(new)
        };
        Entity::insert(thread).exec_without_returning(&on).await?;
        for post in posts {
            follows::insert(&on, post.author, id, post.at).await?;
            posts::insert(&on, post).await?;
        }
        recount(&on, id).await?;
        on.commit().await?;
        Ok(())
    }

    pub async fn get(&self, id: Uuid, reader: Reader) -> Result<Option<Thread>> {
        let query = Entity::find_by_id(id).filter(visible(reader));
        Ok(query.one(self.db).await?.map(read))
    }

    /// The thread that was opened at this moment under this title, for imports that run twice.
    pub async fn opened(&self, space: Uuid, title: &str, at: Timestamp) -> Result<Option<Thread>> {
        let query = Entity::find()
            .filter(Column::Space.eq(space))
            .filter(Column::OpenedAt.eq(Micros::from(at)))
            .filter(Column::Title.eq(title));
        Ok(query.one(self.db).await?.map(read))
    }

    /// These threads, as far as the reader may see them, in no order.
    pub async fn all_of(&self, ids: Vec<Uuid>, reader: Reader) -> Result<Vec<Thread>> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let query = Entity::find()
            .filter(Column::Id.is_in(ids))
            .filter(visible(reader));
        Ok(query.all(self.db).await?.into_iter().map(read).collect())
    }

    /// Newest talk first, from behind `after` (last post, id) on.
    pub async fn list(
        &self,
        wanted: &Wanted,
        reader: Reader,
        after: Option<(Timestamp, Uuid)>,
        limit: u64,
    ) -> Result<Vec<Thread>> {
        let mut query = narrowed(wanted, reader);
        if let Some((at, id)) = after {
            let at = Micros::from(at);
            query = query.filter(
                Condition::any()
                    .add(Column::LastPostAt.lt(at))
                    .add(Column::LastPostAt.eq(at).and(Column::Id.lt(id))),
            );
        }
        let found = query
            .order_by_desc(Column::LastPostAt)
            .order_by_desc(Column::Id)
            .limit(limit)
            .all(self.db)
            .await?;
        Ok(found.into_iter().map(read).collect())
    }

    /// (open, solved) among what the reader may see.
    pub async fn counts(&self, reader: Reader) -> Result<(u64, u64)> {
        let counts: Vec<(bool, i64)> = narrowed(&Wanted::default(), reader)
            .select_only()
            .column(Column::Solved)
            .column_as(Column::Id.count(), "threads")
            .group_by(Column::Solved)
            .into_tuple()
            .all(self.db)
            .await?;
        let of = |wanted: bool| {
            let found = counts.iter().find(|(solved, _)| *solved == wanted);
            found.map_or(0, |(_, count)| u64::try_from(*count).unwrap_or(0))
        };
        Ok((of(false), of(true)))
    }

    /// Marks the thread solved by `post`, or open again with `None`.
    pub async fn accept(&self, id: Uuid, post: Option<Uuid>) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::Solved, Expr::value(post.is_some()))
            .col_expr(Column::AcceptedPost, Expr::value(post))
            .filter(Column::Id.eq(id))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }
}

fn model(new: NewThread) -> ActiveModel {
    ActiveModel {
        id: Set(new.id),
        space: Set(new.space),
        words: Set(new.title.to_lowercase()),
        title: Set(new.title),
        author: Set(new.author),
        opened_at: Set(new.at.into()),
        last_post_at: Set(new.at.into()),
        posts: Set(0),
        participants: Set(0),
        solved: Set(false),
        accepted_post: Set(None),
        simulated: Set(new.simulated),
    }
}

fn narrowed(wanted: &Wanted, reader: Reader) -> Select<Entity> {
    let mut query = Entity::find().filter(visible(reader));
    if let Some(space) = wanted.space {
        query = query.filter(Column::Space.eq(space));
    }
    if let Some(solved) = wanted.solved {
        query = query.filter(Column::Solved.eq(solved));
    }
    if let Some(since) = wanted.since {
        query = query.filter(Column::LastPostAt.gte(Micros::from(since)));
    }
    if let Some(account) = wanted.mine {
        query = query.filter(
            Condition::any()
                .add(Column::Author.eq(account))
                .add(Column::Id.in_subquery(posts::threads_written_in(account).into_query()))
                .add(Column::Id.in_subquery(follows::threads_followed(account).into_query())),
        );
    }
    let terms = like::terms(&wanted.words);
    if !terms.is_empty() {
        let in_title = terms.iter().fold(Condition::all(), |all, term| {
            all.add(like::contains_lower(Column::Words, term))
        });
        query = query.filter(
            Condition::any()
                .add(in_title)
                .add(Column::Id.in_subquery(posts::threads_with(&terms, reader).into_query())),
        );
    }
    query
}

/// The one place that says who sees a thread: a private one its people and security, any other who may enter its space.
fn visible(reader: Reader) -> SimpleExpr {
    let private = || Column::Id.in_subquery(private::all().into_query());
    let of_reader = Column::Id
        .in_subquery(private::of(reader.account).into_query())
        .or(private().and(private::reads_all(reader.account)));
    let by_space = match reader.staff {
        true => Expr::value(true),
        false => Column::Space.in_subquery(
            spaces::entity::Entity::find()
                .select_only()
                .column(spaces::entity::Column::Id)
                .filter(spaces::entity::Column::StaffOnly.eq(false))
                .into_query(),
        ),
    };
    of_reader.or(private().not().and(by_space))
}

/// Brings the counts of a thread in line with its posts, inside the transaction that changed them.
pub(super) async fn recount(on: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    let counts = posts::counts(on, id).await?;
    let mut update = Entity::update_many()
        .col_expr(Column::Posts, Expr::value(counts.posts))
        .col_expr(Column::Participants, Expr::value(counts.participants))
        .filter(Column::Id.eq(id));
    if let Some(last) = counts.last {
        update = update.col_expr(Column::LastPostAt, Expr::value(last.0));
    }
    update.exec(on).await?;
    Ok(())
}

fn read(row: Model) -> Thread {
    Thread {
        id: row.id,
        space: row.space,
        title: row.title,
        author: row.author,
        opened_at: row.opened_at.into(),
        last_post_at: row.last_post_at.into(),
        posts: u32::try_from(row.posts).unwrap_or(0),
        participants: u32::try_from(row.participants).unwrap_or(0),
        solved: row.solved,
        accepted_post: row.accepted_post,
        simulated: row.simulated,
    }
}

#[cfg(test)]
mod tests;
