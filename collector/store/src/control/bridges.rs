//! Bridges: spaces and threads whose talk also lives elsewhere, and where each of them stands.
//!
//! **Invariant: one place over there is bridged once** (platform, address and place are unique), so that no two bridges
//! hear each other in one room. Secrets lie here sealed ([`Sealed`]) by the collector's vault, each by itself, under names that
//! anybody may know.
//!
//! Table of contents: [`ties`] what here is what over there, [`letters`] what is on its way, [`people`] who is who,
//! [`deliveries`] what came to the door already. Not here: what a platform is (the collector's `threads::connector`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder,
    sea_query::{Expr, OnConflict},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Control, ControlError, Result, json, sealed::Sealed};

pub mod deliveries;
pub mod letters;
pub mod people;
pub mod ties;

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bridges")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub platform: String,
        pub address: String,
        pub place: String,
        pub secrets: String,
        pub space: Option<Uuid>,
        pub thread: Option<Uuid>,
        pub outward: bool,
        pub inward: bool,
        pub bots: bool,
        pub trusts_mail: bool,
        pub beyond_everyone: bool,
        pub enabled: bool,
        pub state: String,
        pub fault: String,
        pub state_at: Micros,
        pub position: String,
        pub own_id: String,
        pub own_name: String,
        pub sent: i64,
        pub taken: i64,
        pub made_by: Uuid,
        pub made_at: Micros,
        pub changed_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// More than this is a mistake: each bridge has a task and, where the platform is asked, a connection.
pub const MOST: usize = 100;

/// Where a bridge stands, as far as it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BridgeState {
    /// Made or changed; nobody ran it yet.
    New,
    Running,
    /// Something over there does not answer; it is tried again by itself.
    Waiting,
    /// Nothing works until somebody mends the credentials or the rights.
    Locked,
    Paused,
}

#[derive(Clone, Debug)]
pub struct Bridge {
    pub id: Uuid,
    pub name: String,
    /// The platform's word.
    pub platform: String,
    pub address: String,
    /// What over there is mirrored.
    pub place: String,
    pub secrets: BTreeMap<String, Sealed>,
    /// What here is mirrored: a whole space,
    pub space: Option<Uuid>,
    /// or one thread.
    pub thread: Option<Uuid>,
    /// What is said here is carried there.
    pub outward: bool,
    /// What is said there is taken here.
    pub inward: bool,
    /// Programs over there are mirrored too.
    pub bots: bool,
    /// An address that the platform tells of a person says who they are here.
    pub trusts_mail: bool,
    /// Somebody said that talk of a narrower circle may leave by it.
    pub beyond_everyone: bool,
    pub enabled: bool,
    pub state: BridgeState,
    /// The last fault, in words; empty: none since it works.
    pub fault: String,
    pub state_at: Timestamp,
    /// Where to ask on.
    pub position: String,
    /// Who we are over there, once known.
    pub own_id: String,
    pub own_name: String,
    /// Posts carried and taken since it was made.
    pub sent: u64,
    pub taken: u64,
    pub made_by: Uuid,
    pub made_at: Timestamp,
    pub changed_at: Timestamp,
}

impl Bridge {
    /// The consumer of events and the origin of posts: the same word for both, so that it skips what it brought.
    pub fn origin(&self) -> String {
        origin(self.id)
    }

    /// People of one realm are the same people in each of its bridges.
    pub fn realm(&self) -> String {
        format!("{} {}", self.platform, self.address)
    }
}

/// See [`Bridge::origin`].
pub fn origin(bridge: Uuid) -> String {
    format!("bridge:{bridge}")
}

#[derive(Clone, Debug)]
pub struct NewBridge {
    pub id: Uuid,
    pub name: String,
    pub platform: String,
    pub address: String,
    pub place: String,
    pub secrets: BTreeMap<String, Sealed>,
    pub space: Option<Uuid>,
    pub thread: Option<Uuid>,
    pub outward: bool,
    pub inward: bool,
    pub bots: bool,
    pub trusts_mail: bool,
    pub beyond_everyone: bool,
    pub by: Uuid,
    pub at: Timestamp,
}

/// What is left out stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub name: Option<String>,
    /// Each secret given replaces the one of its name.
    pub secrets: BTreeMap<String, Sealed>,
    pub outward: Option<bool>,
    pub inward: Option<bool>,
    pub bots: Option<bool>,
    pub trusts_mail: Option<bool>,
    pub enabled: Option<bool>,
}

impl Control {
    pub fn bridges(&self) -> Bridges<'_> {
        Bridges {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the tables.
pub struct Bridges<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Bridges<'_> {
    /// Makes the bridge. `None`: this place is bridged already.
    pub async fn insert(&self, new: NewBridge) -> Result<Option<Bridge>> {
        let id = new.id;
        let done = Entity::insert(model(new))
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(self.db)
            .await;
        match done {
            Ok(0) | Err(DbErr::RecordNotInserted) => Ok(None),
            Ok(_) => self.get(id).await,
            Err(error) => Err(error.into()),
        }
    }

    /// All of them by name. There are a handful.
    pub async fn list(&self) -> Result<Vec<Bridge>> {
        let rows = Entity::find()
            .order_by_asc(Column::Name)
            .order_by_asc(Column::Id)
            .all(self.db)
            .await?;
        rows.into_iter().map(read).collect()
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Bridge>> {
        let row = Entity::find_by_id(id).one(self.db).await?;
        row.map(read).transpose()
    }

    /// False when there is no such bridge. Whoever runs it starts anew with the change.
    pub async fn change(&self, id: Uuid, change: Change, at: Timestamp) -> Result<bool> {
        let Some(before) = self.get(id).await? else {
            return Ok(false);
        };
        let mut secrets = before.secrets;
        secrets.extend(change.secrets);
        let enabled = change.enabled.unwrap_or(before.enabled);
        let state = match enabled {
            true => BridgeState::New,
            false => BridgeState::Paused,
        };
        let row = ActiveModel {
            id: Set(id),
            name: Set(change.name.unwrap_or(before.name)),
            secrets: Set(json::write(&secrets)),
            outward: Set(change.outward.unwrap_or(before.outward)),
            inward: Set(change.inward.unwrap_or(before.inward)),
            bots: Set(change.bots.unwrap_or(before.bots)),
            trusts_mail: Set(change.trusts_mail.unwrap_or(before.trusts_mail)),
            enabled: Set(enabled),
            state: Set(json::word(&state)),
            fault: Set(String::new()),
            state_at: Set(at.into()),
            changed_at: Set(at.into()),
            ..ActiveModel::default()
        };
        Entity::update(row).exec(self.db).await?;
        Ok(true)
    }

    /// Puts the same secrets under another key. False: somebody changed them meanwhile. Whoever runs the bridge goes on.
    pub async fn reseal(
        &self,
        id: Uuid,
        before: &BTreeMap<String, Sealed>,
        after: &BTreeMap<String, Sealed>,
    ) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::Secrets, Expr::value(json::write(after)))
            .filter(Column::Id.eq(id))
            .filter(Column::Secrets.eq(json::write(before)))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// The bridge goes with all that it knew; what it brought stays, as people's words do.
    pub async fn remove(&self, id: Uuid) -> Result<bool> {
        let on = self.control.begin().await?;
        deliveries::forget_bridge(&on, id).await?;
        letters::forget_bridge(&on, id).await?;
        ties::forget_bridge(&on, id).await?;
        let done = Entity::delete_by_id(id).exec(&on).await?;
        on.commit().await?;
        self.control.events().dismiss(&origin(id)).await?;
        Ok(done.rows_affected > 0)
    }

    /// How it goes. A pause that somebody just asked for stays a pause.
    pub async fn note_state(
        &self,
        id: Uuid,
        state: BridgeState,
        fault: &str,
        at: Timestamp,
    ) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::State, Expr::value(json::word(&state)))
            .col_expr(Column::Fault, Expr::value(fault))
            .col_expr(Column::StateAt, Expr::value(at.as_microsecond()))
            .filter(Column::Id.eq(id))
            .filter(Column::Enabled.eq(true))
            .exec(self.db)
            .await?;
        Ok(())
    }

    /// Who we are over there.
    pub async fn note_own(&self, id: Uuid, own_id: &str, own_name: &str) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::OwnId, Expr::value(own_id))
            .col_expr(Column::OwnName, Expr::value(own_name))
            .filter(Column::Id.eq(id))
            .exec(self.db)
            .await?;
        Ok(())
    }

    /// Is this author one of our own in this realm, by whatever bridge?
    pub async fn is_own(&self, platform: &str, address: &str, author: &str) -> Result<bool> {
        if author.is_empty() {
            return Ok(false);
        }
        let found = Entity::find()
            .filter(Column::Platform.eq(platform))
            .filter(Column::Address.eq(address))
            .filter(Column::OwnId.eq(author))
            .one(self.db)
            .await?;
        Ok(found.is_some())
    }

    /// Everything up to here was taken.
    pub async fn set_position(&self, id: Uuid, position: &str) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Position, Expr::value(position))
            .filter(Column::Id.eq(id))
            .exec(self.db)
            .await?;
        Ok(())
    }
}

/// Counts what was carried or taken, in the transaction that did it.
async fn count(
    on: &impl ConnectionTrait,
    bridge: Uuid,
    column: Column,
) -> std::result::Result<(), DbErr> {
    Entity::update_many()
        .col_expr(column, Expr::col(column).add(1))
        .filter(Column::Id.eq(bridge))
        .exec(on)
        .await
        .map(drop)
}

fn model(new: NewBridge) -> ActiveModel {
    ActiveModel {
        id: Set(new.id),
        name: Set(new.name),
        platform: Set(new.platform),
        address: Set(new.address),
        place: Set(new.place),
        secrets: Set(json::write(&new.secrets)),
        space: Set(new.space),
        thread: Set(new.thread),
        outward: Set(new.outward),
        inward: Set(new.inward),
        bots: Set(new.bots),
        trusts_mail: Set(new.trusts_mail),
        beyond_everyone: Set(new.beyond_everyone),
        enabled: Set(true),
        state: Set(json::word(&BridgeState::New)),
        fault: Set(String::new()),
        state_at: Set(new.at.into()),
        position: Set(String::new()),
        own_id: Set(String::new()),
        own_name: Set(String::new()),
        sent: Set(0),
        taken: Set(0),
        made_by: Set(new.by),
        made_at: Set(new.at.into()),
        changed_at: Set(new.at.into()),
    }
}

fn read(row: Model) -> Result<Bridge> {
    // Damage must not carry a secret into the log.
    let secrets = serde_json::from_str(&row.secrets).map_err(|_| ControlError::Unreadable {
        what: "the secrets of a bridge",
        value: "***".to_owned(),
    })?;
    Ok(Bridge {
        id: row.id,
        name: row.name,
        platform: row.platform,
        address: row.address,
        place: row.place,
        secrets,
        space: row.space,
        thread: row.thread,
        outward: row.outward,
        inward: row.inward,
        bots: row.bots,
        trusts_mail: row.trusts_mail,
        beyond_everyone: row.beyond_everyone,
        enabled: row.enabled,
        state: json::from_word("the state of a bridge", &row.state)?,
        fault: row.fault,
        state_at: row.state_at.into(),
        position: row.position,
        own_id: row.own_id,
        own_name: row.own_name,
        sent: u64::try_from(row.sent).unwrap_or(0),
        taken: u64::try_from(row.taken).unwrap_or(0),
        made_by: row.made_by,
        made_at: row.made_at.into(),
        changed_at: row.changed_at.into(),
    })
}

#[cfg(test)]
mod tests;
