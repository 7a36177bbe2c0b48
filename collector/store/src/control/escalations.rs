//! Escalations: "this thread needs that role", with a reason, until somebody took it and closed it.
//!
//! **Invariant: a thread has at most one escalation per role that is not closed**, and its way (asked, taken, closed) is
//! readable by everybody who reads the thread.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_collector_core::authority::Role;

use super::{
    Control, Result,
    events::{self, EventKind, NewEvent},
    json,
    notifications::{self, NewNotice},
    threads::{self, Reader},
};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "escalations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub thread: Uuid,
        pub to_role: String,
        pub reason: String,
        pub by: Uuid,
        pub at: Micros,
        pub state: String,
        pub taken_by: Option<Uuid>,
        pub updated_at: Micros,
        pub note: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationState {
    Open,
    Taken,
    Closed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Escalation {
    pub id: Uuid,
    pub thread: Uuid,
    pub to: Role,
    pub reason: String,
    pub by: Uuid,
    pub at: Timestamp,
    pub state: EscalationState,
    pub taken_by: Option<Uuid>,
    pub updated_at: Timestamp,
    /// What was said when it was closed.
    pub note: String,
}

impl Control {
    pub fn escalations(&self) -> Escalations<'_> {
        Escalations {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Escalations<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Escalations<'_> {
    /// Asks for the role and tells its people. False when this was asked already and is not closed.
    pub async fn open(&self, new: Escalation, notices: Vec<NewNotice>) -> Result<bool> {
        let on = self.control.begin().await?;
        let role = json::word(&new.to);
        let running = Entity::find()
            .filter(Column::Thread.eq(new.thread))
            .filter(Column::ToRole.eq(role.clone()))
            .filter(Column::State.ne(json::word(&EscalationState::Closed)))
            .one(&on)
            .await?;
        if running.is_some() {
            return Ok(false);
        }
        let event = NewEvent {
            detail: role.clone(),
            ..NewEvent::new(EventKind::Escalated, new.thread, new.by, new.at)
        };
        let row = ActiveModel {
            id: Set(new.id),
            thread: Set(new.thread),
            to_role: Set(role),
            reason: Set(new.reason),
            by: Set(new.by),
            at: Set(new.at.into()),
            state: Set(json::word(&new.state)),
            taken_by: Set(new.taken_by),
            updated_at: Set(new.updated_at.into()),
            note: Set(new.note),
        };
        Entity::insert(row).exec_without_returning(&on).await?;
        notifications::tell(&on, notices).await?;
        events::append(&on, event).await?;
        on.commit().await?;
        Ok(true)
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Escalation>> {
        Entity::find_by_id(id)
            .one(self.db)
            .await?
            .map(read)
            .transpose()
    }

    /// Newest first.
    pub async fn of_thread(&self, thread: Uuid) -> Result<Vec<Escalation>> {
        let rows = Entity::find()
            .filter(Column::Thread.eq(thread))
            .order_by_desc(Column::At)
            .all(self.db)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// The queue: what is not closed in threads that the reader sees, oldest first.
    pub async fn running(
        &self,
        reader: Reader,
        to: Option<Role>,
        limit: u64,
    ) -> Result<Vec<Escalation>> {
        let mut query = Entity::find()
            .filter(Column::State.ne(json::word(&EscalationState::Closed)))
            .filter(threads::is_visible(reader, Column::Thread.as_column_ref()));
        if let Some(role) = to {
            query = query.filter(Column::ToRole.eq(json::word(&role)));
        }
        let rows = query
            .order_by_asc(Column::At)
            .limit(limit)
            .all(self.db)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// The next step. False when it was closed already.
    pub async fn step(
        &self,
        id: Uuid,
        state: EscalationState,
        taken_by: Option<Uuid>,
        note: &str,
        at: Timestamp,
    ) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::State, Expr::value(json::word(&state)))
            .col_expr(Column::TakenBy, Expr::value(taken_by))
            .col_expr(Column::Note, Expr::value(note))
            .col_expr(Column::UpdatedAt, Expr::value(at.as_microsecond()))
            .filter(Column::Id.eq(id))
            .filter(Column::State.ne(json::word(&EscalationState::Closed)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }
}

fn read(row: Model) -> Result<Escalation> {
    Ok(Escalation {
        id: row.id,
        thread: row.thread,
        to: json::from_word("the role of an escalation", &row.to_role)?,
        reason: row.reason,
        by: row.by,
        at: row.at.into(),
        state: json::from_word("the state of an escalation", &row.state)?,
        taken_by: row.taken_by,
        updated_at: row.updated_at.into(),
        note: row.note,
    })
}
