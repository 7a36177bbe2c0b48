//! Certificates that this collector's authority wrote for devices, by serial.
//!
//! **Invariant:** only public facts; no key was ever here.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr,
};
use serde::Serialize;
use weft_collector_core::device::DeviceId;

use super::{Control, Result, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "certificates")]
    pub struct Model {
        /// Lower-case hex.
        #[sea_orm(primary_key, auto_increment = false)]
        pub serial: String,
        pub device: Uuid,
        pub not_after: Micros,
        pub renew_after: Micros,
        pub issued_at: Micros,
        pub revoked_at: Option<Micros>,
        pub reason: String,
        /// Generation of the authority; unknown for those from before it was noted.
        pub authority: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Certificate {
    /// Lower-case hex.
    pub serial: String,
    pub device: DeviceId,
    pub not_after: Timestamp,
    pub renew_after: Timestamp,
    pub issued_at: Timestamp,
    pub revoked: bool,
    /// Generation of the authority that wrote it, where it was noted.
    pub authority: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct NewCertificate {
    pub serial: String,
    pub device: DeviceId,
    pub not_after: Timestamp,
    pub renew_after: Timestamp,
    pub issued_at: Timestamp,
    /// Generation of the authority that writes it.
    pub authority: u32,
}

impl Control {
    pub fn certificates(&self) -> Certificates<'_> {
        Certificates { db: self.db() }
    }
}

pub struct Certificates<'a> {
    db: &'a DatabaseConnection,
}

impl Certificates<'_> {
    pub async fn insert(&self, on: &impl ConnectionTrait, new: NewCertificate) -> Result<()> {
        let model = ActiveModel {
            serial: Set(new.serial),
            device: Set(new.device.0),
            not_after: Set(new.not_after.into()),
            renew_after: Set(new.renew_after.into()),
            issued_at: Set(new.issued_at.into()),
            revoked_at: Set(None),
            reason: Set(String::new()),
            authority: Set(i32::try_from(new.authority).ok()),
        };
        model.insert(on).await?;
        Ok(())
    }

    /// The newest certificate of a device.
    pub async fn newest(&self, device: DeviceId) -> Result<Option<Certificate>> {
        let query = Entity::find()
            .filter(Column::Device.eq(device.0))
            .order_by_desc(Column::IssuedAt);
        Ok(query.one(self.db).await?.map(read))
    }

    /// The newest certificate of every device that ever had one.
    pub async fn newest_of_all(&self) -> Result<HashMap<DeviceId, Certificate>> {
        let newest = Entity::find()
            .select_only()
            .column(Column::Device)
            .column_as(Column::IssuedAt.max(), "newest")
            .group_by(Column::Device);
        let pair = Expr::tuple([
            Expr::col((Entity, Column::Device)),
            Expr::col((Entity, Column::IssuedAt)),
        ]);
        let found = Entity::find()
            .filter(pair.in_subquery(newest.into_query()))
            .order_by_asc(Column::Serial)
            .all(self.db)
            .await?;
        Ok(found
            .into_iter()
            .map(|row| (DeviceId(row.device), read(row)))
            .collect())
    }

    /// Revokes every certificate of a device; how many were not revoked before.
    pub async fn revoke_device(
        &self,
        device: DeviceId,
        at: Timestamp,
        reason: &str,
    ) -> Result<u64> {
        let done = Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::value(Micros::from(at)))
            .col_expr(Column::Reason, Expr::value(reason))
            .filter(Column::Device.eq(device.0))
            .filter(Column::RevokedAt.is_null())
            .exec(self.db)
            .await?;
        Ok(done.rows_affected)
    }

    /// Serials that are revoked and would still pass the handshake at `now`: what the revocation list holds in memory.
    pub async fn revoked_serials(&self, now: Timestamp) -> Result<Vec<String>> {
        let query = Entity::find()
            .select_only()
            .column(Column::Serial)
            .filter(Column::RevokedAt.is_not_null())
            .filter(Column::NotAfter.gt(Micros::from(now)));
        Ok(query.into_tuple().all(self.db).await?)
    }
}

fn read(row: Model) -> Certificate {
    Certificate {
        serial: row.serial,
        device: DeviceId(row.device),
        not_after: row.not_after.into(),
        renew_after: row.renew_after.into(),
        issued_at: row.issued_at.into(),
        revoked: row.revoked_at.is_some(),
        authority: row.authority.and_then(|number| u32::try_from(number).ok()),
    }
}
