//! Links: scored, explained ties between anomalies and threads.
//!
//! **Invariant: the linker never overrules a person.** [`Links::propose`] leaves alone what somebody confirmed or
//! rejected; only [`Links::decide`] changes that, and it says who.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;
use weft_collector_core::link::{Link, LinkState};

use super::{Control, Result, json};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "links")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub anomaly: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub thread: Uuid,
        pub score: f64,
        pub state: String,
        pub reasons: String,
        pub decided_by: Option<Uuid>,
        pub updated_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

impl Control {
    pub fn links(&self) -> Links<'_> {
        Links {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Links<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Links<'_> {
    /// Keeps what the linker says, unless a person has decided about this pair. True when it was kept.
    pub async fn propose(&self, link: &Link, at: Timestamp) -> Result<bool> {
        let on = self.control.begin().await?;
        let known = Entity::find_by_id((link.anomaly, link.thread))
            .one(&on)
            .await?;
        if known.is_some_and(|row| row.decided_by.is_some()) {
            return Ok(false);
        }
        write(&on, link, None, at).await?;
        on.commit().await?;
        Ok(true)
    }

    /// Takes back a proposal that the linker no longer holds; a person's decision stays.
    pub async fn withdraw(&self, anomaly: Uuid, thread: Uuid) -> Result<()> {
        Entity::delete_many()
            .filter(Column::Anomaly.eq(anomaly))
            .filter(Column::Thread.eq(thread))
            .filter(Column::DecidedBy.is_null())
            .exec(self.db)
            .await?;
        Ok(())
    }

    /// A person's word, on a known pair or a new one (then `link` brings score and reasons).
    pub async fn decide(&self, link: &Link, by: Uuid, at: Timestamp) -> Result<()> {
        Ok(write(self.db, link, Some(by), at).await?)
    }

    pub async fn get(&self, anomaly: Uuid, thread: Uuid) -> Result<Option<Link>> {
        let found = Entity::find_by_id((anomaly, thread)).one(self.db).await?;
        found.map(read).transpose()
    }

    /// Ties of these anomalies, best first, rejected ones included.
    pub async fn of_anomalies(&self, anomalies: Vec<Uuid>) -> Result<Vec<Link>> {
        self.all(Column::Anomaly, anomalies).await
    }

    /// Ties of these threads, best first, rejected ones included.
    pub async fn of_threads(&self, threads: Vec<Uuid>) -> Result<Vec<Link>> {
        self.all(Column::Thread, threads).await
    }

    /// How many ties are in each state.
    pub async fn counts(&self) -> Result<HashMap<LinkState, u64>> {
        let counts: Vec<(String, i64)> = Entity::find()
            .select_only()
            .column(Column::State)
            .column_as(Column::Anomaly.count(), "links")
            .group_by(Column::State)
            .into_tuple()
            .all(self.db)
            .await?;
        counts
            .into_iter()
            .map(|(state, count)| {
                Ok((
                    json::from_word("a link's state", &state)?,
                    u64::try_from(count).unwrap_or(0),
                ))
            })
            .collect()
    }

    async fn all(&self, column: Column, ids: Vec<Uuid>) -> Result<Vec<Link>> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let mut links: Vec<Link> = Entity::find()
            .filter(column.is_in(ids))
            .order_by_desc(Column::Score)
            .order_by_asc(Column::Anomaly)
            .order_by_asc(Column::Thread)
            .all(self.db)
            .await?
            .into_iter()
            .map(read)
            .collect::<Result<_>>()?;
        links.sort_by_key(|link| std::cmp::Reverse(strength(link.state)));
        Ok(links)
    }
}

/// A person's yes before the machine's, sure before unsure, a no last.
pub fn strength(state: LinkState) -> u8 {
    match state {
        LinkState::Confirmed => 3,
        LinkState::Automatic => 2,
        LinkState::Suggested => 1,
        LinkState::Rejected => 0,
    }
}

/// Ties of one thread go over to another; where that one has its own with the same anomaly, its own stays.
pub(super) async fn hand_over(
    on: &impl ConnectionTrait,
    from: Uuid,
    to: Uuid,
) -> Result<(), DbErr> {
    let own = Entity::find()
        .select_only()
        .column(Column::Anomaly)
        .filter(Column::Thread.eq(to));
    let own: Vec<Uuid> = own.into_tuple().all(on).await?;
    Entity::update_many()
        .col_expr(Column::Thread, Expr::value(to))
        .filter(Column::Thread.eq(from))
        .filter(Column::Anomaly.is_not_in(own))
        .exec(on)
        .await?;
    Entity::delete_many()
        .filter(Column::Thread.eq(from))
        .exec(on)
        .await?;
    Ok(())
}

async fn write(
    on: &impl sea_orm::ConnectionTrait,
    link: &Link,
    by: Option<Uuid>,
    at: Timestamp,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        anomaly: Set(link.anomaly),
        thread: Set(link.thread),
        score: Set(link.score),
        state: Set(json::word(&link.state)),
        reasons: Set(json::write(&link.reasons)),
        decided_by: Set(by),
        updated_at: Set(at.into()),
    };
    let changed = [
        Column::Score,
        Column::State,
        Column::Reasons,
        Column::DecidedBy,
        Column::UpdatedAt,
    ];
    Entity::insert(row)
        .on_conflict(
            OnConflict::columns([Column::Anomaly, Column::Thread])
                .update_columns(changed)
                .to_owned(),
        )
        .exec_without_returning(on)
        .await?;
    Ok(())
}

fn read(row: Model) -> Result<Link> {
    Ok(Link {
        anomaly: row.anomaly,
        thread: row.thread,
        score: row.score,
        state: json::from_word("a link's state", &row.state)?,
        reasons: json::read("the reasons of a link", &row.reasons)?,
    })
}
