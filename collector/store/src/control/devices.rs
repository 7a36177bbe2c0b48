//! Devices: enrolled laptops, whose they are and whether they may still speak.
//!
//! **Invariant:** a device is never deleted; what it reported keeps its name. It retires.

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, Order, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_collector_core::device::{DeviceId, Traits};

use super::{Control, ControlError, Result, like};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "devices")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub owner: Option<Uuid>,
        pub team: String,
        pub os_type: String,
        pub os_build: String,
        pub model: String,
        pub agent_version: String,
        pub simulated: bool,
        pub state: String,
        pub state_reason: String,
        pub token: Uuid,
        pub installation: String,
        pub enrolled_at: Micros,
        pub last_report: Option<Micros>,
        pub clock_skew: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// May this device still speak?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Active,
    /// Its certificates are worth nothing any more.
    Revoked,
    /// Given back or scrapped; its history stays.
    Retired,
    /// Two machines use its key at once. It may speak on, so that both can be found, but it is marked.
    Cloned,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Retired => "retired",
            Self::Cloned => "cloned",
        }
    }

    fn read(word: &str) -> Result<Self> {
        match word {
            "active" => Ok(Self::Active),
            "revoked" => Ok(Self::Revoked),
            "retired" => Ok(Self::Retired),
            "cloned" => Ok(Self::Cloned),
            other => Err(ControlError::Unreadable {
                what: "a device state",
                value: other.to_owned(),
            }),
        }
    }

    /// Whether a device in this state may send reports.
    pub fn may_report(self) -> bool {
        matches!(self, Self::Active | Self::Cloned)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Device {
    pub id: DeviceId,
    pub traits: Traits,
    /// Account of its person.
    pub owner: Option<Uuid>,
    pub agent_version: String,
    pub state: State,
    pub state_reason: String,
    /// The token that let it in.
    pub token: Uuid,
    pub enrolled_at: Timestamp,
    pub last_report: Option<Timestamp>,
    /// Laptop's clock minus collector's clock, milliseconds, at the newest report.
    pub clock_skew: Option<i64>,
}

/// A device about to be made by an enrolment.
#[derive(Clone, Debug)]
pub struct NewDevice {
    pub id: DeviceId,
    pub name: String,
    pub owner: Option<Uuid>,
    pub team: String,
    pub os_type: String,
    pub model: String,
    pub agent_version: String,
    pub simulated: bool,
    pub token: Uuid,
    /// Hex of the 16 bytes by which a retried enrolment is recognised.
    pub installation: String,
    pub at: Timestamp,
}

/// Which devices a list shows; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub owner: Option<Uuid>,
    pub team: Option<String>,
    pub model: Option<String>,
    pub os_type: Option<String>,
    pub simulated: Option<bool>,
    /// Each word stands in the name, the model, the team or the system's build.
    pub words: String,
}

impl Control {
    pub fn devices(&self) -> Devices<'_> {
        Devices { db: self.db() }
    }
}

/// The way to the table.
pub struct Devices<'a> {
    db: &'a DatabaseConnection,
}

impl Devices<'_> {
    /// Inside the caller's transaction: a device comes into being together with its certificate and its token's use.
    pub async fn insert(&self, on: &impl ConnectionTrait, new: NewDevice) -> Result<Device> {
        let model = ActiveModel {
            id: Set(new.id.0),
            name: Set(new.name),
            owner: Set(new.owner),
            team: Set(new.team),
            os_type: Set(new.os_type),
            os_build: Set(String::new()),
            model: Set(new.model),
            agent_version: Set(new.agent_version),
            simulated: Set(new.simulated),
            state: Set(State::Active.as_str().to_owned()),
            state_reason: Set(String::new()),
            token: Set(new.token),
            installation: Set(new.installation),
            enrolled_at: Set(new.at.into()),
            last_report: Set(None),
            clock_skew: Set(None),
        };
        read(model.insert(on).await?)
    }

    pub async fn get(&self, id: DeviceId) -> Result<Option<Device>> {
        let found = Entity::find_by_id(id.0).one(self.db).await?;
        found.map(read).transpose()
    }

    /// Every device, oldest enrolment first.
    pub async fn list(&self) -> Result<Vec<Device>> {
        let query = Entity::find()
            .order_by_asc(Column::EnrolledAt)
            .order_by_asc(Column::Id);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// Whose team each device has, for what is told to it.
    pub async fn teams(&self) -> Result<Vec<(DeviceId, String)>> {
        let found: Vec<(Uuid, String)> = Entity::find()
            .select_only()
            .column(Column::Id)
            .column(Column::Team)
            .order_by_asc(Column::Id)
            .into_tuple()
            .all(self.db)
            .await?;
        Ok(found
            .into_iter()
            .map(|(id, team)| (DeviceId(id), team))
            .collect())
    }

    /// By name, whatever its case; `after` is the last device of the page before: its name and id. What "lower case" and
    /// "after" mean is the database's word, for both sides of the comparison.
    pub async fn page(
        &self,
        wanted: &Wanted,
        after: Option<(&str, Uuid)>,
        limit: u64,
    ) -> Result<Vec<Device>> {
        let lower = |column: Column| Func::lower(Expr::col(column));
        let mut all = Condition::all();
        if let Some(owner) = wanted.owner {
            all = all.add(Column::Owner.eq(owner));
        }
        for (column, value) in [
            (Column::Team, &wanted.team),
            (Column::Model, &wanted.model),
            (Column::OsType, &wanted.os_type),
        ] {
            if let Some(value) = value {
                all = all.add(Expr::expr(lower(column)).eq(Func::lower(Expr::val(value.as_str()))));
            }
        }
        if let Some(simulated) = wanted.simulated {
            all = all.add(Column::Simulated.eq(simulated));
        }
        for term in like::terms(&wanted.words) {
            let mut somewhere = Condition::any();
            for column in [Column::Name, Column::Model, Column::Team, Column::OsBuild] {
                somewhere = somewhere.add(like::contains(column, &term));
            }
            all = all.add(somewhere);
        }
        if let Some((name, id)) = after {
            let place = || Func::lower(Expr::val(name));
            all = all.add(
                Condition::any()
                    .add(Expr::expr(lower(Column::Name)).gt(place()))
                    .add(
                        Condition::all()
                            .add(Expr::expr(lower(Column::Name)).eq(place()))
                            .add(Column::Id.gt(id)),
                    ),
            );
        }
        let query = Entity::find()
            .filter(all)
            .order_by(Expr::expr(lower(Column::Name)), Order::Asc)
            .order_by_asc(Column::Id)
            .limit(limit);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// These devices, in no order; unknown ids are left out.
    pub async fn all_of(&self, ids: impl IntoIterator<Item = DeviceId>) -> Result<Vec<Device>> {
        let ids: Vec<Uuid> = ids.into_iter().map(|id| id.0).collect();
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let query = Entity::find().filter(Column::Id.is_in(ids));
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    pub async fn of_owner(&self, owner: Uuid) -> Result<Vec<Device>> {
        let query = Entity::find()
            .filter(Column::Owner.eq(owner))
            .order_by_asc(Column::EnrolledAt);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// The device that this installation got from this token before, if it did.
    pub async fn of_installation(
        &self,
        on: &impl ConnectionTrait,
        token: Uuid,
        installation: &str,
    ) -> Result<Option<Device>> {
        let query = Entity::find()
            .filter(Column::Token.eq(token))
            .filter(Column::Installation.eq(installation));
        query.one(on).await?.map(read).transpose()
    }

    /// Changes the state; false when there is no such device.
    pub async fn set_state(&self, id: DeviceId, state: State, reason: &str) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::State, Expr::value(state.as_str()))
            .col_expr(Column::StateReason, Expr::value(reason))
            .filter(Column::Id.eq(id.0))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn set_owner(&self, id: DeviceId, owner: Option<Uuid>, team: &str) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::Owner, Expr::value(owner))
            .col_expr(Column::Team, Expr::value(team))
            .filter(Column::Id.eq(id.0))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// What the newest inventory says about the machine. Empty words do not erase what is known.
    pub async fn set_traits(
        &self,
        id: DeviceId,
        model: &str,
        os_type: &str,
        os_build: &str,
    ) -> Result<()> {
        let known = [
            (Column::Model, model),
            (Column::OsType, os_type),
            (Column::OsBuild, os_build),
        ];
        let mut update = Entity::update_many().filter(Column::Id.eq(id.0));
        let mut any = false;
        for (column, value) in known.into_iter().filter(|(_, value)| !value.is_empty()) {
            update = update.col_expr(column, Expr::value(value));
            any = true;
        }
        if any {
            update.exec(self.db).await?;
        }
        Ok(())
    }

    /// Signs of life at the end of a round of reports.
    pub async fn touch(
        &self,
        id: DeviceId,
        at: Timestamp,
        clock_skew: Option<i64>,
        agent_version: &str,
    ) -> Result<()> {
        let mut update = Entity::update_many()
            .col_expr(Column::LastReport, Expr::value(at.as_microsecond()))
            .filter(Column::Id.eq(id.0));
        if let Some(skew) = clock_skew {
            update = update.col_expr(Column::ClockSkew, Expr::value(skew));
        }
        if !agent_version.is_empty() {
            update = update.col_expr(Column::AgentVersion, Expr::value(agent_version));
        }
        update.exec(self.db).await?;
        Ok(())
    }
}

fn read(row: Model) -> Result<Device> {
    Ok(Device {
        id: DeviceId(row.id),
        state: State::read(&row.state)?,
        traits: Traits {
            name: row.name,
            os_type: row.os_type,
            os_build: row.os_build,
            model: row.model,
            team: row.team,
            simulated: row.simulated,
        },
        owner: row.owner,
        agent_version: row.agent_version,
        state_reason: row.state_reason,
        token: row.token,
        enrolled_at: row.enrolled_at.into(),
        last_report: row.last_report.map(Timestamp::from),
        clock_skew: row.clock_skew,
    })
}
