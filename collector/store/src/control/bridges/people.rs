//! Who is who: authors over there and accounts here.
//!
//! **Invariant: nobody speaks as somebody else.** An author becomes a person here only by a tie that stands in this table,
//! made by an admin, by the person (with a code that they said over there), or by an address that was verified on both
//! sides; a tie that was taken away stays away until an admin or they themselves make one; everybody else has an account of their own that nobody can sign in to.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Bridges;
use crate::control::{Result, json, micros::Micros};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bridge_people")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub realm: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub remote: String,
        pub account: Uuid,
        pub how: String,
        pub name: String,
        pub at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

mod code {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bridge_codes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: String,
        pub account: Uuid,
        pub until: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How it is known who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Nobody here: an account of their own, which speaks and can do nothing else.
    Guest,
    /// The platform told an address that is theirs here too.
    Mail,
    /// They said a code over there that they got here.
    Own,
    /// An admin said so.
    Admin,
    /// An admin took a tie away: a guest whom no address ties again.
    Unlinked,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub realm: String,
    /// The author's id over there.
    pub remote: String,
    pub account: Uuid,
    pub how: How,
    /// As they were last called over there.
    pub name: String,
    pub at: Timestamp,
}

impl Bridges<'_> {
    pub async fn person(&self, realm: &str, remote: &str) -> Result<Option<Known>> {
        let key = (realm.to_owned(), remote.to_owned());
        let row = Entity::find_by_id(key).one(self.db).await?;
        row.map(read).transpose()
    }

    /// Writes who somebody is, over whatever stood there.
    pub async fn know(&self, known: Known) -> Result<()> {
        let row = ActiveModel {
            realm: Set(known.realm),
            remote: Set(known.remote),
            account: Set(known.account),
            how: Set(json::word(&known.how)),
            name: Set(known.name),
            at: Set(known.at.into()),
        };
        let over = OnConflict::columns([Column::Realm, Column::Remote])
            .update_columns([Column::Account, Column::How, Column::Name, Column::At])
            .to_owned();
        Entity::insert(row)
            .on_conflict(over)
            .exec_without_returning(self.db)
            .await?;
        Ok(())
    }

    /// Everybody of a realm by name.
    pub async fn people(&self, realm: &str, limit: u64) -> Result<Vec<Known>> {
        let rows = Entity::find()
            .filter(Column::Realm.eq(realm))
            .order_by_asc(Column::Name)
            .order_by_asc(Column::Remote)
            .limit(limit)
            .all(self.db)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// A code that its owner will say over there. One at a time: a new one ends the old one.
    pub async fn give_code(&self, hash: &str, account: Uuid, until: Timestamp) -> Result<()> {
        let on = self.control.begin().await?;
        code::Entity::delete_many()
            .filter(code::Column::Account.eq(account))
            .exec(&on)
            .await?;
        let row = code::ActiveModel {
            hash: Set(hash.to_owned()),
            account: Set(account),
            until: Set(until.into()),
        };
        code::Entity::insert(row)
            .exec_without_returning(&on)
            .await?;
        on.commit().await?;
        Ok(())
    }

    /// Whose code it is; it is used up by asking.
    pub async fn use_code(&self, hash: &str, now: Timestamp) -> Result<Option<Uuid>> {
        let on = self.control.begin().await?;
        let row = code::Entity::find_by_id(hash).one(&on).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let used = code::Entity::delete_by_id(hash).exec(&on).await?;
        on.commit().await?;
        let fresh = row.until > Micros::from(now) && used.rows_affected > 0;
        Ok(fresh.then_some(row.account))
    }
}

fn read(row: Model) -> Result<Known> {
    Ok(Known {
        realm: row.realm,
        remote: row.remote,
        account: row.account,
        how: json::from_word("how somebody is known", &row.how)?,
        name: row.name,
        at: row.at.into(),
    })
}
