//! Audit: who did what, and who was refused. Written once, never changed.

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Control, Result, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub at: Micros,
        pub actor: String,
        pub action: String,
        pub object: String,
        pub detail: String,
        pub outcome: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ok,
    Refused,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// UUIDv7: sorts by time.
    pub id: Uuid,
    pub at: Timestamp,
    /// A login, `device:<id>`, `peer:<address>`, `system`, `cli`.
    pub actor: String,
    /// `enroll`, `renew`, `handshake`, `stream`, `token.create`, `device.revoke`, ...
    pub action: String,
    pub object: String,
    pub detail: String,
    pub outcome: Outcome,
}

impl Control {
    pub fn audit(&self) -> Audit<'_> {
        Audit { db: self.db() }
    }
}

pub struct Audit<'a> {
    db: &'a DatabaseConnection,
}

impl Audit<'_> {
    pub async fn write(&self, entry: Entry) -> Result<()> {
        let outcome = match entry.outcome {
            Outcome::Ok => "ok",
            Outcome::Refused => "refused",
        };
        let model = ActiveModel {
            id: Set(entry.id),
            at: Set(entry.at.into()),
            actor: Set(entry.actor),
            action: Set(entry.action),
            object: Set(entry.object),
            detail: Set(entry.detail),
            outcome: Set(outcome.to_owned()),
        };
        model.insert(self.db).await?;
        Ok(())
    }

    /// Newest first; `before` is the last entry of the page before: its time and id.
    pub async fn page(&self, before: Option<(Timestamp, Uuid)>, limit: u64) -> Result<Vec<Entry>> {
        let mut query = Entity::find()
            .order_by_desc(Column::At)
            .order_by_desc(Column::Id)
            .limit(limit);
        if let Some((at, id)) = before {
            let at = Micros::from(at);
            query = query.filter(
                Condition::any().add(Column::At.lt(at)).add(
                    Condition::all()
                        .add(Column::At.eq(at))
                        .add(Column::Id.lt(id)),
                ),
            );
        }
        Ok(query.all(self.db).await?.into_iter().map(read).collect())
    }
}

fn read(row: Model) -> Entry {
    Entry {
        id: row.id,
        at: row.at.into(),
        actor: row.actor,
        action: row.action,
        object: row.object,
        detail: row.detail,
        outcome: if row.outcome == "ok" {
            Outcome::Ok
        } else {
            Outcome::Refused
        },
    }
}
