//! Threads: one subject, talked about in one space.
//!
//! **Invariant: a reader never gets a row of a space that is not theirs** (or a thread into which they were not asked, or a
//! hidden one), in lists and searches as in single reads; and the counts on a thread are counts of what everybody in its
//! space may see (no whispers, nothing deleted). Moderation, which moves and hides, is in [`moderate`].

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
    members,
    micros::Micros,
    notifications::{self, NewNotice},
    posts,
    posts::{NewPost, Step},
    search,
    search::Asked,
    spaces,
};

mod moderate;

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
        /// Not used since the search has its own index; empty in new rows.
        pub words: String,
        pub author: Uuid,
        pub opened_at: Micros,
        pub last_post_at: Micros,
        pub posts: i32,
        pub participants: i32,
        pub solved: bool,
        pub accepted_post: Option<Uuid>,
        pub simulated: bool,
        pub locked: bool,
        pub pinned: bool,
        pub hidden_at: Option<Micros>,
        pub hidden_by: Option<Uuid>,
        pub hidden_reason: String,
        pub merged_into: Option<Uuid>,
        pub solved_at: Option<Micros>,
        pub reopened: i32,
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
    /// Only staff may still write.
    pub locked: bool,
    pub pinned: bool,
    /// Staff took it out of sight.
    pub hidden: Option<Hidden>,
    /// Its posts are there now.
    pub merged_into: Option<Uuid>,
    pub solved_at: Option<Timestamp>,
    /// How often it was solved and was not.
    pub reopened: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Hidden {
    pub at: Timestamp,
    pub by: Option<Uuid>,
    pub reason: String,
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

/// Who is reading. `core::authority` decides what they are; this carries the decision into the queries.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    pub account: Uuid,
    /// Reads staff spaces and whispers.
    pub staff: bool,
    /// Reads what only security reads.
    pub reviews: bool,
}

impl Reader {
    /// The collector's own eyes: linker, notices, import.
    pub const COLLECTOR: Self = Self {
        account: SYSTEM,
        staff: true,
        reviews: true,
    };

    /// The spaces that are theirs, by audience.
    pub fn audiences(self) -> &'static [&'static str] {
        match (self.staff, self.reviews) {
            (_, true) => &["everyone", "staff", "security"],
            (true, false) => &["everyone", "staff"],
            (false, false) => &["everyone"],
        }
    }
}

/// Which threads; the default is all that the reader may see.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub space: Option<Uuid>,
    pub solved: Option<bool>,
    /// Words that must all occur in the title or in one and the same post, see [`search`].
    pub words: String,
    /// Only threads that this account opened, wrote in or follows.
    pub mine: Option<Uuid>,
    /// Only threads with something new since.
    pub since: Option<Timestamp>,
    pub pinned: Option<bool>,
    pub author: Option<Uuid>,
    /// Only what staff took out of sight: for staff.
    pub hidden: bool,
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
        self.open_telling(new, first, vec![], &[], &[]).await
    }

    /// The same, telling of it; `mentioned` follow from now on, `members` may enter though the space is not theirs.
    pub async fn open_telling(
        &self,
        new: NewThread,
        first: NewPost,
        notices: Vec<NewNotice>,
        mentioned: &[Uuid],
        members: &[Uuid],
    ) -> Result<()> {
        let (id, author, at) = (new.id, new.author, new.at);
        let event = NewEvent {
            post: Some(first.id),
            origin: first.origin.clone(),
            ..NewEvent::new(EventKind::ThreadOpened, id, author, at)
        };
        let on = self.control.begin().await?;
        Entity::insert(model(new))
            .exec_without_returning(&on)
            .await?;
        posts::insert(&on, first).await?;
        if author != SYSTEM {
            follows::raise(&on, author, id, Level::Watching, at).await?;
        }
        for member in members {
            members::insert(&on, id, *member, author, at).await?;
            follows::raise(&on, *member, id, Level::Watching, at).await?;
        }
        for account in mentioned {
            follows::raise(&on, *account, id, Level::Tracking, at).await?;
        }
        recount(&on, id).await?;
        search::index_thread(&on, id).await?;
        notifications::tell(&on, notices).await?;
        events::append(&on, event).await?;
        on.commit().await?;
        Ok(())
    }

    /// Which of these threads people were asked into from outside their space: private talks.
    pub async fn private_among(&self, ids: Vec<Uuid>) -> Result<std::collections::BTreeSet<Uuid>> {
        members::among(self.db, ids).await
    }

    /// A thread from elsewhere, with its posts, its accepted answer and everybody who wrote as followers, all or nothing.
    pub async fn bring(
        &self,
        new: NewThread,
        posts: Vec<NewPost>,
        answer: Option<Uuid>,
    ) -> Result<()> {
        self.bring_all(vec![(new, posts, answer)]).await
    }

    /// Many of them in one transaction. History is no news: nobody is told and no event is written.
    pub async fn bring_all(&self, all: Vec<(NewThread, Vec<NewPost>, Option<Uuid>)>) -> Result<()> {
        let on = self.control.begin().await?;
        for (new, posts, answer) in all {
            let (id, at, author) = (new.id, new.at, new.author);
            let thread = ActiveModel {
                solved: Set(answer.is_some()),
                accepted_post: Set(answer),
                solved_at: Set(answer.map(|_| at.into())),
                ..model(new)
            };
            Entity::insert(thread).exec_without_returning(&on).await?;
            follows::raise(&on, author, id, Level::Watching, at).await?;
            let mut known = std::collections::BTreeSet::from([author]);
            for post in posts {
                if known.insert(post.author) {
                    follows::raise(&on, post.author, id, Level::Tracking, post.at).await?;
                }
                posts::insert(&on, post).await?;
            }
            recount(&on, id).await?;
            search::index_thread(&on, id).await?;
        }
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
        if !wanted.words.trim().is_empty() {
            let asked = Asked::read(&wanted.words);
            let meeting = self.control.search().threads(&asked, reader).await?;
            query = query.filter(Column::Id.is_in(meeting));
        }
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

    #[cfg(test)]
    pub async fn accept(&self, id: Uuid, post: Option<Uuid>) -> Result<bool> {
        self.accept_telling(id, post, Step::here(SYSTEM, Timestamp::UNIX_EPOCH), vec![])
            .await
    }

    /// Marks the thread solved by `post`, or open again with `None`.
    pub async fn accept_telling(
        &self,
        id: Uuid,
        post: Option<Uuid>,
        step: Step<'_>,
        notices: Vec<NewNotice>,
    ) -> Result<bool> {
        let on = self.control.begin().await?;
        let Some(before) = Entity::find_by_id(id).one(&on).await? else {
            return Ok(false);
        };
        if before.accepted_post == post && before.solved == post.is_some() {
            return Ok(true);
        }
        let solved_at = post.map(|_| step.at.as_microsecond());
        let mut update = Entity::update_many()
            .col_expr(Column::Solved, Expr::value(post.is_some()))
            .col_expr(Column::AcceptedPost, Expr::value(post))
            .col_expr(Column::SolvedAt, Expr::value(solved_at))
            .filter(Column::Id.eq(id));
        if post.is_none() && before.solved {
            update = update.col_expr(Column::Reopened, Expr::col(Column::Reopened).add(1));
        }
        update.exec(&on).await?;
        notifications::tell(&on, notices).await?;
        let kind = match post {
            Some(_) => EventKind::Solved,
            None => EventKind::Reopened,
        };
        let event = NewEvent {
            post,
            origin: step.origin.to_owned(),
            ..NewEvent::new(kind, id, step.by, step.at)
        };
        events::append(&on, event).await?;
        on.commit().await?;
        Ok(true)
    }
}

fn model(new: NewThread) -> ActiveModel {
    ActiveModel {
        id: Set(new.id),
        space: Set(new.space),
        words: Set(String::new()),
        title: Set(new.title),
        author: Set(new.author),
        opened_at: Set(new.at.into()),
        last_post_at: Set(new.at.into()),
        posts: Set(0),
        participants: Set(0),
        solved: Set(false),
        accepted_post: Set(None),
        simulated: Set(new.simulated),
        locked: Set(false),
        pinned: Set(false),
        hidden_at: Set(None),
        hidden_by: Set(None),
        hidden_reason: Set(String::new()),
        merged_into: Set(None),
        solved_at: Set(None),
        reopened: Set(0),
    }
}

fn narrowed(wanted: &Wanted, reader: Reader) -> Select<Entity> {
    let mut query = Entity::find().filter(visible(reader));
    query = match wanted.hidden {
        true => query.filter(Column::HiddenAt.is_not_null()),
        false => query.filter(Column::HiddenAt.is_null()),
    };
    if let Some(space) = wanted.space {
        query = query.filter(Column::Space.eq(space));
    }
    if let Some(solved) = wanted.solved {
        query = query.filter(Column::Solved.eq(solved));
    }
    if let Some(since) = wanted.since {
        query = query.filter(Column::LastPostAt.gte(Micros::from(since)));
    }
    if let Some(pinned) = wanted.pinned {
        query = query.filter(Column::Pinned.eq(pinned));
    }
    if let Some(author) = wanted.author {
        query = query.filter(Column::Author.eq(author));
    }
    if let Some(account) = wanted.mine {
        query = query.filter(
            Condition::any()
                .add(Column::Author.eq(account))
                .add(Column::Id.in_subquery(posts::threads_written_in(account).into_query()))
                .add(Column::Id.in_subquery(follows::threads_followed(account).into_query())),
        );
    }
    query
}

/// Of their spaces, or asked into it; hidden ones are for staff.
fn visible(reader: Reader) -> Condition {
    let mut seen = Condition::all();
    if !reader.staff {
        seen = seen.add(Column::HiddenAt.is_null());
    }
    if reader.reviews {
        return seen;
    }
    let theirs = spaces::entity::Entity::find()
        .select_only()
        .column(spaces::entity::Column::Id)
        .filter(spaces::entity::Column::Audience.is_in(reader.audiences().iter().copied()));
    seen.add(
        Condition::any()
            .add(Column::Space.in_subquery(theirs.into_query()))
            .add(Column::Id.in_subquery(members::threads_of(reader.account).into_query())),
    )
}

/// Whether the thread that `id` (a column of the query around it) names is the reader's to see. It asks row by row: as a
/// set of all threads that they may see it would be read whole for a handful of rows.
pub(super) fn is_visible(reader: Reader, id: impl IntoColumnRef) -> SimpleExpr {
    let seen = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Expr::col(Column::Id.as_column_ref()).eq(Expr::col(id)))
        .filter(visible(reader));
    Expr::exists(seen.into_query())
}

pub(super) async fn space_of(on: &impl ConnectionTrait, id: Uuid) -> Result<Uuid, DbErr> {
    let row = Entity::find_by_id(id).one(on).await?;
    Ok(row.map_or(Uuid::nil(), |row| row.space))
}

pub(super) async fn title_of(on: &impl ConnectionTrait, id: Uuid) -> Result<String, DbErr> {
    let row = Entity::find_by_id(id).one(on).await?;
    Ok(row.map_or_else(String::new, |row| row.title))
}

/// Counts a post that is about to be written, without counting all others again.
pub(super) async fn count_in(on: &impl ConnectionTrait, new: &NewPost) -> Result<(), DbErr> {
    if new.whisper {
        return Ok(());
    }
    let joins = new.author != SYSTEM && !posts::has_written(on, new.thread, new.author).await?;
    let at = new.at.as_microsecond();
    Entity::update_many()
        .col_expr(Column::Posts, Expr::col(Column::Posts).add(1))
        .col_expr(
            Column::Participants,
            Expr::col(Column::Participants).add(i32::from(joins)),
        )
        .filter(Column::Id.eq(new.thread))
        .exec(on)
        .await?;
    Entity::update_many()
        .col_expr(Column::LastPostAt, Expr::value(at))
        .filter(Column::Id.eq(new.thread))
        .filter(Column::LastPostAt.lt(at))
        .exec(on)
        .await?;
    Ok(())
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
        locked: row.locked,
        pinned: row.pinned,
        hidden: row.hidden_at.map(|at| Hidden {
            at: at.into(),
            by: row.hidden_by,
            reason: row.hidden_reason,
        }),
        merged_into: row.merged_into,
        solved_at: row.solved_at.map(Timestamp::from),
        reopened: u32::try_from(row.reopened).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests;
