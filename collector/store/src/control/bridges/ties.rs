//! Ties: which thread and post here is which over there.
//!
//! **Invariant: a tie is one to one** within a bridge, by unique index both ways. A tie of ours holds a hash of what was
//! last carried, so that nothing is carried twice that changed nothing, and so that our own words are known when
//! somebody else's bridge carries them back ([`Ties::was_said`]).

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{Bridges, Column as BridgeColumn, count};
use crate::control::{Result, micros::Micros};

mod thread {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bridge_threads")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub bridge: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        pub remote: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod post {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bridge_posts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub bridge: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub post: Uuid,
        pub thread: Uuid,
        pub remote_thread: String,
        pub remote: String,
        pub author: String,
        pub ours: bool,
        pub words: String,
        pub exact: String,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use post::{ActiveModel, Column, Entity, Model};

/// A post here that is a post over there.
#[derive(Clone, Debug, PartialEq)]
pub struct Tie {
    pub bridge: Uuid,
    pub post: Uuid,
    /// Where it stood when it was tied.
    pub thread: Uuid,
    pub remote_thread: String,
    pub remote: String,
    /// Who said it over there; empty: we did.
    pub author: String,
    /// Said here and carried there, not the other way round.
    pub ours: bool,
    /// Of what was last carried: equal for the same words with other marks,
    pub words: String,
    /// and equal for exactly the same.
    pub exact: String,
    pub at: Timestamp,
}

impl Bridges<'_> {
    pub fn ties(&self, bridge: Uuid) -> Ties<'_> {
        Ties {
            bridge,
            bridges: self,
            db: self.db,
        }
    }

    /// Did any bridge carry exactly these words since? Then they are our own, however they come back.
    pub async fn was_said(&self, words: &str, since: Timestamp) -> Result<bool> {
        let found = Entity::find()
            .filter(Column::Words.eq(words))
            .filter(Column::Ours.eq(true))
            .filter(Column::At.gte(Micros::from(since)))
            .one(self.db)
            .await?;
        Ok(found.is_some())
    }
}

/// The ties of one bridge.
pub struct Ties<'a> {
    bridge: Uuid,
    bridges: &'a Bridges<'a>,
    db: &'a DatabaseConnection,
}

impl Ties<'_> {
    pub async fn thread_there(&self, thread: Uuid) -> Result<Option<String>> {
        let row = thread::Entity::find_by_id((self.bridge, thread))
            .one(self.db)
            .await?;
        Ok(row.map(|row| row.remote))
    }

    pub async fn thread_here(&self, remote: &str) -> Result<Option<Uuid>> {
        let row = thread::Entity::find()
            .filter(thread::Column::Bridge.eq(self.bridge))
            .filter(thread::Column::Remote.eq(remote))
            .one(self.db)
            .await?;
        Ok(row.map(|row| row.thread))
    }

    pub async fn of_post(&self, post: Uuid) -> Result<Option<Tie>> {
        let row = Entity::find_by_id((self.bridge, post)).one(self.db).await?;
        Ok(row.map(read))
    }

    pub async fn of_remote(&self, remote: &str) -> Result<Option<Tie>> {
        let row = Entity::find()
            .filter(Column::Bridge.eq(self.bridge))
            .filter(Column::Remote.eq(remote))
            .one(self.db)
            .await?;
        Ok(row.map(read))
    }

    /// What we carried of a thread.
    pub async fn ours_in(&self, thread: Uuid) -> Result<Vec<Tie>> {
        let rows = Entity::find()
            .filter(Column::Bridge.eq(self.bridge))
            .filter(Column::Thread.eq(thread))
            .filter(Column::Ours.eq(true))
            .all(self.db)
            .await?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// What came from over there is a post here now. A second time changes nothing.
    pub async fn took(&self, tie: Tie) -> Result<()> {
        let on = self.bridges.control.begin().await?;
        if tie_post(&on, &tie).await? {
            tie_thread(&on, tie.bridge, tie.thread, &tie.remote_thread).await?;
            count(&on, tie.bridge, BridgeColumn::Taken).await?;
        }
        on.commit().await?;
        Ok(())
    }

    /// It was edited over there, or carried anew.
    pub async fn set_words(&self, post: Uuid, words: &str, exact: &str) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Words, Expr::value(words))
            .col_expr(Column::Exact, Expr::value(exact))
            .filter(Column::Bridge.eq(self.bridge))
            .filter(Column::Post.eq(post))
            .exec(self.db)
            .await?;
        Ok(())
    }

    /// It is no more over there.
    pub async fn cut(&self, post: Uuid) -> Result<()> {
        Entity::delete_by_id((self.bridge, post))
            .exec(self.db)
            .await?;
        Ok(())
    }
}

/// False when the post or its fellow over there is tied already.
pub(super) async fn tie_post(on: &impl ConnectionTrait, tie: &Tie) -> Result<bool, DbErr> {
    let row = ActiveModel {
        bridge: Set(tie.bridge),
        post: Set(tie.post),
        thread: Set(tie.thread),
        remote_thread: Set(tie.remote_thread.clone()),
        remote: Set(tie.remote.clone()),
        author: Set(tie.author.clone()),
        ours: Set(tie.ours),
        words: Set(tie.words.clone()),
        exact: Set(tie.exact.clone()),
        at: Set(tie.at.into()),
    };
    let once = OnConflict::new().do_nothing().to_owned();
    match Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(on)
        .await
    {
        Ok(inserted) => Ok(inserted > 0),
        Err(DbErr::RecordNotInserted) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) async fn tie_thread(
    on: &impl ConnectionTrait,
    bridge: Uuid,
    thread: Uuid,
    remote: &str,
) -> Result<(), DbErr> {
    let row = thread::ActiveModel {
        bridge: Set(bridge),
        thread: Set(thread),
        remote: Set(remote.to_owned()),
    };
    let once = OnConflict::new().do_nothing().to_owned();
    match thread::Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(on)
        .await
    {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) async fn forget_bridge(on: &impl ConnectionTrait, bridge: Uuid) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::Bridge.eq(bridge))
        .exec(on)
        .await?;
    thread::Entity::delete_many()
        .filter(thread::Column::Bridge.eq(bridge))
        .exec(on)
        .await?;
    Ok(())
}

fn read(row: Model) -> Tie {
    Tie {
        bridge: row.bridge,
        post: row.post,
        thread: row.thread,
        remote_thread: row.remote_thread,
        remote: row.remote,
        author: row.author,
        ours: row.ours,
        words: row.words,
        exact: row.exact,
        at: row.at.into(),
    }
}
