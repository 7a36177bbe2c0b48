//! Certificates that this collector's authority wrote for devices, by serial.
//!
//! **Invariant:** only public facts; no key was ever here.

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
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
}

#[derive(Clone, Debug)]
pub struct NewCertificate {
    pub serial: String,
    pub device: DeviceId,
    pub not_after: Timestamp,
    pub renew_after: Timestamp,
    pub issued_at: Timestamp,
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
    }
}
