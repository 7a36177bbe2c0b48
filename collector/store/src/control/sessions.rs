//! Sessions: who is signed in, until when.
//!
//! **Invariant: the secret of a session is never stored**, only its hash; who reads this table cannot sign in as anyone.

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, ExprTrait, QueryFilter,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{
    Control, Result,
    accounts::{self, Account},
    micros::Micros,
};

/// A session ends a week after signing in, whatever happens.
pub const LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// And two days after its last use: a laptop left on a train.
pub const IDLE: SignedDuration = SignedDuration::from_hours(48);
/// "Last used" is written at most this often, so that reading a page does not write.
const TOUCH: SignedDuration = SignedDuration::from_mins(5);

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::{accounts, micros::Micros};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        /// Hex of the secret's SHA-256.
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: String,
        pub account: Uuid,
        pub created_at: Micros,
        pub expires_at: Micros,
        pub last_used_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "accounts::entity::Entity",
            from = "Column::Account",
            to = "accounts::entity::Column::Id"
        )]
        Account,
    }

    impl Related<accounts::entity::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Account.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

impl Control {
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions { db: self.db() }
    }
}

/// The way to the table.
pub struct Sessions<'a> {
    db: &'a DatabaseConnection,
}

impl Sessions<'_> {
    pub async fn open(&self, hash: &str, account: Uuid, now: Timestamp) -> Result<()> {
        // Signing in is rare: the moment to sweep what has ended.
        Entity::delete_many()
            .filter(
                Column::ExpiresAt
                    .lte(Micros::from(now))
                    .or(Column::LastUsedAt.lte(Micros::from(now - IDLE))),
            )
            .exec(self.db)
            .await?;
        let session = ActiveModel {
            hash: Set(hash.to_owned()),
            account: Set(account),
            created_at: Set(now.into()),
            expires_at: Set((now + LIFE).into()),
            last_used_at: Set(now.into()),
        };
        Entity::insert(session)
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    /// The account of a session that is alive and whose account is not disabled.
    pub async fn account(&self, hash: &str, now: Timestamp) -> Result<Option<Account>> {
        let found = Entity::find_by_id(hash.to_owned())
            .find_also_related(accounts::entity::Entity)
            .one(self.db)
            .await?;
        let Some((session, Some(account))) = found else {
            return Ok(None);
        };
        let alive = session.expires_at > now.into() && session.last_used_at > (now - IDLE).into();
        if !alive || account.disabled {
            return Ok(None);
        }
        if session.last_used_at < (now - TOUCH).into() {
            Entity::update_many()
                .col_expr(Column::LastUsedAt, Expr::value(now.as_microsecond()))
                .filter(Column::Hash.eq(hash))
                .exec(self.db)
                .await?;
        }
        accounts::read(account).map(Some)
    }

    /// Ends every session of the account, but for one that may go on.
    pub async fn close_all(&self, account: Uuid, but: Option<&str>) -> Result<()> {
        let mut end = Entity::delete_many().filter(Column::Account.eq(account));
        if let Some(hash) = but {
            end = end.filter(Column::Hash.ne(hash));
        }
        end.exec(self.db).await?;
        Ok(())
    }

    pub async fn close(&self, hash: &str) -> Result<()> {
        Entity::delete_by_id(hash.to_owned()).exec(self.db).await?;
        Ok(())
    }
}
