//! Verdicts on apps: what the organisation decided, for whom, until when, by whom.
//!
//! **Invariant: one verdict per app and scope** (everybody, one team, one device). Who decided before stands in the audit log.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};
use uuid::Uuid;
use weft_collector_core::{device::DeviceId, verdict::Verdict};

use super::{Control, Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "verdicts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub app: String,
        /// Empty: everybody. (A NULL would not be unique.)
        #[sea_orm(primary_key, auto_increment = false)]
        pub team: String,
        pub verdict: String,
        pub until: Option<Micros>,
        pub reason: String,
        pub by: Uuid,
        pub at: Micros,
        pub replace_by: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// Verdicts for one device.
mod narrow {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "device_verdicts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub app: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub device: Uuid,
        pub verdict: String,
        pub until: Option<Micros>,
        pub reason: String,
        pub replace_by: String,
        pub by: Uuid,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub verdict: Verdict,
    pub by: Uuid,
    pub at: Timestamp,
}

impl Control {
    pub fn verdicts(&self) -> Verdicts<'_> {
        Verdicts { db: self.db() }
    }
}

/// The way to the table.
pub struct Verdicts<'a> {
    db: &'a DatabaseConnection,
}

impl Verdicts<'_> {
    /// Every verdict. As many as the catalog has apps, times a few teams.
    pub async fn list(&self) -> Result<Vec<Given>> {
        let query = Entity::find()
            .order_by_asc(Column::App)
            .order_by_asc(Column::Team);
        let mut given: Vec<Given> = query
            .all(self.db)
            .await?
            .into_iter()
            .map(read)
            .collect::<Result<_>>()?;
        let narrow = narrow::Entity::find()
            .order_by_asc(narrow::Column::App)
            .order_by_asc(narrow::Column::Device)
            .all(self.db)
            .await?;
        for row in narrow {
            given.push(read_narrow(row)?);
        }
        Ok(given)
    }

    /// For everybody, a team, or one device, as the verdict says.
    pub async fn put(&self, verdict: &Verdict, by: Uuid, at: Timestamp) -> Result<()> {
        if let Some(device) = verdict.device {
            return self.put_narrow(device, verdict, by, at).await;
        }
        let row = ActiveModel {
            app: Set(verdict.app.clone()),
            team: Set(verdict.team.clone().unwrap_or_default()),
            verdict: Set(json::word(&verdict.verdict)),
            until: Set(verdict.until.map(Micros::from)),
            reason: Set(verdict.reason.clone()),
            by: Set(by),
            at: Set(at.into()),
            replace_by: Set(verdict.replace_by.clone()),
        };
        let changed = [
            Column::Verdict,
            Column::Until,
            Column::Reason,
            Column::ReplaceBy,
            Column::By,
            Column::At,
        ];
        Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::App, Column::Team])
                    .update_columns(changed)
                    .to_owned(),
            )
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    async fn put_narrow(
        &self,
        device: DeviceId,
        verdict: &Verdict,
        by: Uuid,
        at: Timestamp,
    ) -> Result<()> {
        let row = narrow::ActiveModel {
            app: Set(verdict.app.clone()),
            device: Set(device.0),
            verdict: Set(json::word(&verdict.verdict)),
            until: Set(verdict.until.map(Micros::from)),
            reason: Set(verdict.reason.clone()),
            replace_by: Set(verdict.replace_by.clone()),
            by: Set(by),
            at: Set(at.into()),
        };
        let changed = [
            narrow::Column::Verdict,
            narrow::Column::Until,
            narrow::Column::Reason,
            narrow::Column::ReplaceBy,
            narrow::Column::By,
            narrow::Column::At,
        ];
        narrow::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([narrow::Column::App, narrow::Column::Device])
                    .update_columns(changed)
                    .to_owned(),
            )
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    /// Takes back what was decided for one device.
    pub async fn remove_for_device(&self, app: &str, device: DeviceId) -> Result<bool> {
        let done = narrow::Entity::delete_by_id((app.to_owned(), device.0))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// False when nothing was decided for this scope.
    pub async fn remove(&self, app: &str, team: Option<&str>) -> Result<bool> {
        let done = Entity::delete_many()
            .filter(Column::App.eq(app))
            .filter(Column::Team.eq(team.unwrap_or_default()))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }
}

fn read(row: Model) -> Result<Given> {
    Ok(Given {
        verdict: Verdict {
            app: row.app,
            verdict: json::from_word("a verdict", &row.verdict)?,
            team: (!row.team.is_empty()).then_some(row.team),
            device: None,
            until: row.until.map(Timestamp::from),
            reason: row.reason,
            replace_by: row.replace_by,
        },
        by: row.by,
        at: row.at.into(),
    })
}

fn read_narrow(row: narrow::Model) -> Result<Given> {
    Ok(Given {
        verdict: Verdict {
            app: row.app,
            verdict: json::from_word("a verdict", &row.verdict)?,
            team: None,
            device: Some(DeviceId(row.device)),
            until: row.until.map(Timestamp::from),
            reason: row.reason,
            replace_by: row.replace_by,
        },
        by: row.by,
        at: row.at.into(),
    })
}
