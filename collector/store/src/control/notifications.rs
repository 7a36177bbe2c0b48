//! Notifications: what somebody is told about threads, inside the console.
//!
//! **Invariant: a notice never tells what its reader may not read.** It is written only for those who may see the post,
//! and filtered again when it is read: a thread that was moved, a post that was hidden, a role that was lost take their
//! notices with them, in lists and in counts. Several of one kind about one thread are one notice with a count, until it
//! is seen: a lively thread is one line.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr,
    EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Control, Result, json, letters, micros::Micros, posts, threads, threads::Reader};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "notifications")]
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
        pub count: i32,
        pub at: Micros,
        pub seen_at: Option<Micros>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Somebody wrote your @login.
    Mention,
    /// To your post, or in a thread that you opened.
    Reply,
    /// In a thread that you watch.
    Post,
    /// Your post is the answer.
    Accepted,
    /// A thread that you follow was solved, or is open again.
    Solved,
    Reopened,
    /// What laptops show was tied to a thread that you follow; came back; is over.
    Linked,
    Relapsed,
    Resolved,
    /// A thread asks for your role.
    Escalated,
    /// Somebody asked you into a thread.
    Invited,
    /// Staff hid, restored or moved what you wrote; `words` say why.
    Moderated,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub id: Uuid,
    pub kind: NoticeKind,
    pub thread: Uuid,
    /// The newest post of those that `count` counts.
    pub post: Option<Uuid>,
    pub actor: Option<Uuid>,
    pub anomaly: Option<Uuid>,
    pub words: String,
    pub count: u32,
    pub at: Timestamp,
    pub seen_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct NewNotice {
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

impl Control {
    pub fn notifications(&self) -> Notifications<'_> {
        Notifications {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Notifications<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Notifications<'_> {
    /// Notices that belong to no row of a thread.
    pub async fn tell(&self, notices: Vec<NewNotice>) -> Result<()> {
        if notices.is_empty() {
            return Ok(());
        }
        let on = self.control.begin().await?;
        tell(&on, notices).await?;
        on.commit().await?;
        Ok(())
    }

    /// Newest first, from behind `after` on.
    pub async fn list(
        &self,
        reader: Reader,
        unseen_only: bool,
        after: Option<(Timestamp, Uuid)>,
        limit: u64,
    ) -> Result<Vec<Notice>> {
        let mut query = readable(reader);
        if unseen_only {
            query = query.filter(Column::SeenAt.is_null());
        }
        if let Some((at, id)) = after {
            let at = Micros::from(at);
            query = query.filter(
                Condition::any()
                    .add(Column::At.lt(at))
                    .add(Column::At.eq(at).and(Column::Id.lt(id))),
            );
        }
        let found = query
            .order_by_desc(Column::At)
            .order_by_desc(Column::Id)
            .limit(limit)
            .all(self.db)
            .await?;
        found.into_iter().map(read).collect()
    }

    /// How many are not seen, counted to `most`.
    pub async fn unseen(&self, reader: Reader, most: u64) -> Result<u64> {
        let found: Vec<Uuid> = readable(reader)
            .filter(Column::SeenAt.is_null())
            .select_only()
            .column(Column::Id)
            .limit(most)
            .into_tuple()
            .all(self.db)
            .await?;
        Ok(found.len() as u64)
    }

    /// Marks these as seen, or all of them, or all of a thread.
    pub async fn see(&self, account: Uuid, which: Seen, at: Timestamp) -> Result<u64> {
        let mut update = Entity::update_many()
            .col_expr(Column::SeenAt, Expr::value(at.as_microsecond()))
            .filter(Column::Account.eq(account))
            .filter(Column::SeenAt.is_null());
        update = match which {
            Seen::All => update,
            Seen::These(ids) => update.filter(Column::Id.is_in(ids)),
            Seen::OfThread(thread) => update.filter(Column::Thread.eq(thread)),
        };
        Ok(update.exec(self.db).await?.rows_affected)
    }

    /// Old notices go, seen or not.
    pub async fn forget(&self, before: Timestamp) -> Result<u64> {
        let done = Entity::delete_many()
            .filter(Column::At.lt(Micros::from(before)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected)
    }
}

/// Which notices were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    All,
    These(Vec<Uuid>),
    OfThread(Uuid),
}

/// Writes notices; one of the same kind about the same thread that was not seen yet takes the new one in.
/// Who gets mail hears of each by mail too, as they wish.
pub(super) async fn tell(on: &impl ConnectionTrait, notices: Vec<NewNotice>) -> Result<(), DbErr> {
    letters::await_mail(on, &notices).await?;
    for notice in notices {
        let kind = json::word(&notice.kind);
        let joined = Entity::update_many()
            .col_expr(Column::Count, Expr::col(Column::Count).add(1))
            .col_expr(Column::At, Expr::value(notice.at.as_microsecond()))
            .col_expr(Column::Post, Expr::value(notice.post))
            .col_expr(Column::Actor, Expr::value(notice.actor))
            .col_expr(Column::Words, Expr::value(notice.words.clone()))
            .filter(Column::Account.eq(notice.account))
            .filter(Column::Thread.eq(notice.thread))
            .filter(Column::Kind.eq(kind.clone()))
            .filter(Column::SeenAt.is_null())
            .exec(on)
            .await?;
        if joined.rows_affected > 0 {
            continue;
        }
        let row = ActiveModel {
            id: Set(notice.id),
            account: Set(notice.account),
            kind: Set(kind),
            thread: Set(notice.thread),
            post: Set(notice.post),
            actor: Set(notice.actor),
            anomaly: Set(notice.anomaly),
            words: Set(notice.words),
            count: Set(1),
            at: Set(notice.at.into()),
            seen_at: Set(None),
        };
        Entity::insert(row).exec_without_returning(on).await?;
    }
    Ok(())
}

/// What the reader may still read about. A notice about somebody's own hidden post stays: it says why.
fn readable(reader: Reader) -> Select<Entity> {
    Entity::find()
        .filter(Column::Account.eq(reader.account))
        .filter(threads::is_visible(reader, Column::Thread.as_column_ref()))
        .filter(
            Condition::any()
                .add(Column::Post.is_null())
                .add(Column::Kind.eq(json::word(&NoticeKind::Moderated)))
                .add(posts::is_visible(reader, Column::Post.as_column_ref())),
        )
}

fn read(row: Model) -> Result<Notice> {
    Ok(Notice {
        id: row.id,
        kind: json::from_word("the kind of a notice", &row.kind)?,
        thread: row.thread,
        post: row.post,
        actor: row.actor,
        anomaly: row.anomaly,
        words: row.words,
        count: u32::try_from(row.count).unwrap_or(1),
        at: row.at.into(),
        seen_at: row.seen_at.map(Timestamp::from),
    })
}
