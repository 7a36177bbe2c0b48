//! Addresses: where a person gets mail, and from where their mail counts as theirs.
//!
//! **Invariant: an address that is confirmed is one person's only**, and nothing but a confirmation, or IT, makes it so. The
//! main address gets the mail; the others only send. Addresses are lower case. Not here: what an address may look like,
//! and who proved that it is theirs.

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{Control, Result};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_addresses")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub address: String,
        pub main: bool,
        pub by_it: bool,
        pub added_at: Micros,
        pub confirmed_at: Option<Micros>,
        pub paused_at: Option<Micros>,
        pub paused_why: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

/// Addresses of one person: the one at work, its aliases, one of their own.
pub const MOST: u64 = 5;

#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    pub account: Uuid,
    pub address: String,
    /// Mail goes here.
    pub main: bool,
    /// IT said that it is theirs.
    pub by_it: bool,
    pub added_at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
    /// Mail came back from here.
    pub paused_at: Option<Timestamp>,
    pub paused_why: String,
}

/// What came of adding an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It waits for its confirmation.
    Waits,
    /// The person has it already, confirmed.
    Known,
    /// Somebody else's.
    Taken,
    /// The person has [`MOST`].
    TooMany,
}

impl Control {
    pub fn addresses(&self) -> Addresses<'_> {
        Addresses {
            control: self,
            db: self.db(),
        }
    }
}

/// The way to the table.
pub struct Addresses<'a> {
    control: &'a Control,
    db: &'a DatabaseConnection,
}

impl Addresses<'_> {
    /// Adds an address that waits for its confirmation.
    pub async fn add(&self, account: Uuid, address: &str, at: Timestamp) -> Result<Added> {
        let on = self.control.begin().await?;
        if let Some(owner) = owner_of(&on, address).await? {
            return Ok(match owner == account {
                true => Added::Known,
                false => Added::Taken,
            });
        }
        let known = Entity::find_by_id((account, address.to_owned()))
            .one(&on)
            .await?;
        if known.is_some() {
            return Ok(Added::Waits);
        }
        let count = Entity::find()
            .filter(Column::Account.eq(account))
            .count(&on)
            .await?;
        if count >= MOST {
            return Ok(Added::TooMany);
        }
        let row = ActiveModel {
            account: Set(account),
            address: Set(address.to_owned()),
            main: Set(false),
            by_it: Set(false),
            added_at: Set(at.into()),
            confirmed_at: Set(None),
            paused_at: Set(None),
            paused_why: Set(String::new()),
        };
        Entity::insert(row).exec_without_returning(&on).await?;
        on.commit().await?;
        Ok(Added::Waits)
    }

    /// The person has shown that it is theirs. The first one gets the mail from now on. False: it is not there any more, or
    /// somebody else was faster.
    pub async fn confirm(&self, account: Uuid, address: &str, at: Timestamp) -> Result<bool> {
        let on = self.control.begin().await?;
        if owner_of(&on, address)
            .await?
            .is_some_and(|owner| owner != account)
        {
            return Ok(false);
        }
        let done = Entity::update_many()
            .col_expr(Column::ConfirmedAt, Expr::value(at.as_microsecond()))
            .filter(Column::Account.eq(account))
            .filter(Column::Address.eq(address))
            .filter(Column::ConfirmedAt.is_null())
            .exec(&on)
            .await?;
        let there = Entity::find_by_id((account, address.to_owned()))
            .one(&on)
            .await?;
        if done.rows_affected == 0 {
            // A second click is no failure.
            return Ok(there.is_some());
        }
        if main_of(&on, account).await?.is_none() {
            make_main(&on, account, address).await?;
        }
        on.commit().await?;
        Ok(true)
    }

    /// IT says that this is the person's address, and mail goes there. False: it is somebody else's.
    pub async fn assign(&self, account: Uuid, address: &str, at: Timestamp) -> Result<bool> {
        let on = self.control.begin().await?;
        if owner_of(&on, address)
            .await?
            .is_some_and(|owner| owner != account)
        {
            return Ok(false);
        }
        let row = ActiveModel {
            account: Set(account),
            address: Set(address.to_owned()),
            main: Set(false),
            by_it: Set(true),
            added_at: Set(at.into()),
            confirmed_at: Set(Some(at.into())),
            paused_at: Set(None),
            paused_why: Set(String::new()),
        };
        let again = OnConflict::columns([Column::Account, Column::Address])
            .update_columns([
                Column::ByIt,
                Column::ConfirmedAt,
                Column::PausedAt,
                Column::PausedWhy,
            ])
            .to_owned();
        Entity::insert(row)
            .on_conflict(again)
            .exec_without_returning(&on)
            .await?;
        make_main(&on, account, address).await?;
        on.commit().await?;
        Ok(true)
    }

    /// Mail goes here from now on. False: it is not there, or not confirmed.
    pub async fn prefer(&self, account: Uuid, address: &str) -> Result<bool> {
        let on = self.control.begin().await?;
        let there = Entity::find_by_id((account, address.to_owned()))
            .filter(Column::ConfirmedAt.is_not_null())
            .one(&on)
            .await?;
        if there.is_none() {
            return Ok(false);
        }
        make_main(&on, account, address).await?;
        on.commit().await?;
        Ok(true)
    }

    /// Takes an address away; when it was the main one, the oldest confirmed one left takes its place.
    pub async fn remove(&self, account: Uuid, address: &str) -> Result<bool> {
        let on = self.control.begin().await?;
        let done = Entity::delete_by_id((account, address.to_owned()))
            .exec(&on)
            .await?;
        if done.rows_affected > 0 && main_of(&on, account).await?.is_none() {
            let next = Entity::find()
                .filter(Column::Account.eq(account))
                .filter(Column::ConfirmedAt.is_not_null())
                .order_by_asc(Column::ConfirmedAt)
                .one(&on)
                .await?;
            if let Some(next) = next {
                make_main(&on, account, &next.address).await?;
            }
        }
        on.commit().await?;
        Ok(done.rows_affected > 0)
    }

    /// Mail comes back from here: none goes there until the person says so. False: it was paused already.
    pub async fn pause(
        &self,
        account: Uuid,
        address: &str,
        why: &str,
        at: Timestamp,
    ) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::PausedAt, Expr::value(at.as_microsecond()))
            .col_expr(Column::PausedWhy, Expr::value(why))
            .filter(Column::Account.eq(account))
            .filter(Column::Address.eq(address))
            .filter(Column::PausedAt.is_null())
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn resume(&self, account: Uuid, address: &str) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::PausedAt, Expr::value(None::<i64>))
            .col_expr(Column::PausedWhy, Expr::value(""))
            .filter(Column::Account.eq(account))
            .filter(Column::Address.eq(address))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Oldest first.
    pub async fn of(&self, account: Uuid) -> Result<Vec<Address>> {
        let rows = Entity::find()
            .filter(Column::Account.eq(account))
            .order_by_asc(Column::AddedAt)
            .order_by_asc(Column::Address)
            .all(self.db)
            .await?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// Where mail for this person goes; `None`: there is no such address, or mail came back from it.
    pub async fn to_write_to(&self, account: Uuid) -> Result<Option<String>> {
        let main = main_of(self.db, account).await?;
        Ok(main
            .filter(|row| row.paused_at.is_none() && row.confirmed_at.is_some())
            .map(|row| row.address))
    }

    /// Whose address this is.
    pub async fn owner(&self, address: &str) -> Result<Option<Uuid>> {
        owner_of(self.db, address).await
    }
}

async fn owner_of(on: &impl ConnectionTrait, address: &str) -> Result<Option<Uuid>> {
    let row = Entity::find()
        .filter(Column::Address.eq(address))
        .filter(Column::ConfirmedAt.is_not_null())
        .one(on)
        .await?;
    Ok(row.map(|row| row.account))
}

async fn main_of(on: &impl ConnectionTrait, account: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find()
        .filter(Column::Account.eq(account))
        .filter(Column::Main.eq(true))
        .one(on)
        .await?)
}

async fn make_main(on: &impl ConnectionTrait, account: Uuid, address: &str) -> Result<()> {
    let all = || Entity::update_many().filter(Column::Account.eq(account));
    all()
        .col_expr(Column::Main, Expr::value(false))
        .exec(on)
        .await?;
    all()
        .col_expr(Column::Main, Expr::value(true))
        .filter(Column::Address.eq(address))
        .exec(on)
        .await?;
    Ok(())
}

/// Which of these people have an address to which mail goes.
pub(super) async fn reachable(
    on: &impl ConnectionTrait,
    accounts: Vec<Uuid>,
) -> Result<Vec<Uuid>, sea_orm::DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Account)
        .filter(Column::Account.is_in(accounts))
        .filter(Column::Main.eq(true))
        .filter(Column::ConfirmedAt.is_not_null())
        .filter(Column::PausedAt.is_null())
        .into_tuple()
        .all(on)
        .await
}

fn read(row: Model) -> Address {
    Address {
        account: row.account,
        address: row.address,
        main: row.main,
        by_it: row.by_it,
        added_at: row.added_at.into(),
        confirmed_at: row.confirmed_at.map(Timestamp::from),
        paused_at: row.paused_at.map(Timestamp::from),
        paused_why: row.paused_why,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::control::{accounts::NewAccount, testing};

    async fn person(control: &Control, login: &str) -> Uuid {
        let new = NewAccount {
            id: Uuid::now_v7(),
            login: login.to_owned(),
            name: login.to_owned(),
            team: String::new(),
            roles: vec![],
            password: None,
            simulated: false,
            at: Timestamp::UNIX_EPOCH,
        };
        control.accounts().insert(new).await.unwrap().unwrap().id
    }

    #[tokio::test]
    async fn a_confirmed_address_is_one_persons() {
        let (_dir, control) = testing::control().await;
        let (ada, bob) = (person(&control, "ada").await, person(&control, "bob").await);
        let at = Timestamp::UNIX_EPOCH;
        let addresses = control.addresses();
        let add = async |who, address| addresses.add(who, address, at).await.unwrap();
        assert_eq!(add(ada, "x@example.org").await, Added::Waits);
        // Nobody can lock another out of an address by naming it first.
        assert_eq!(add(bob, "x@example.org").await, Added::Waits);
        assert_eq!(addresses.to_write_to(ada).await.unwrap(), None);
        assert!(addresses.confirm(ada, "x@example.org", at).await.unwrap());
        assert!(addresses.confirm(ada, "x@example.org", at).await.unwrap());
        assert!(!addresses.confirm(bob, "x@example.org", at).await.unwrap());
        assert!(!addresses.assign(bob, "x@example.org", at).await.unwrap());
        assert_eq!(add(bob, "x@example.org").await, Added::Taken);
        assert_eq!(add(ada, "x@example.org").await, Added::Known);
        assert_eq!(addresses.owner("x@example.org").await.unwrap(), Some(ada));
        assert_eq!(
            addresses.to_write_to(ada).await.unwrap().as_deref(),
            Some("x@example.org")
        );
        assert!(
            !addresses
                .confirm(ada, "never@example.org", at)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn mail_goes_to_the_main_address_until_it_comes_back() {
        let (_dir, control) = testing::control().await;
        let ada = person(&control, "ada").await;
        let at = Timestamp::UNIX_EPOCH;
        let addresses = control.addresses();
        let to = async || addresses.to_write_to(ada).await.unwrap();
        assert!(addresses.assign(ada, "a@example.org", at).await.unwrap());
        assert!(addresses.assign(ada, "b@example.org", at).await.unwrap());
        assert_eq!(to().await.as_deref(), Some("b@example.org"));
        assert!(addresses.prefer(ada, "a@example.org").await.unwrap());
        assert!(!addresses.prefer(ada, "c@example.org").await.unwrap());
        assert_eq!(to().await.as_deref(), Some("a@example.org"));
        assert!(
            addresses
                .pause(ada, "a@example.org", "full", at)
                .await
                .unwrap()
        );
        assert!(
            !addresses
                .pause(ada, "a@example.org", "full", at)
                .await
                .unwrap()
        );
        assert_eq!(to().await, None);
        assert!(reachable(control.db(), vec![ada]).await.unwrap().is_empty());
        assert!(addresses.resume(ada, "a@example.org").await.unwrap());
        assert_eq!(reachable(control.db(), vec![ada]).await.unwrap(), [ada]);
        assert!(addresses.remove(ada, "a@example.org").await.unwrap());
        assert_eq!(to().await.as_deref(), Some("b@example.org"));
        for n in 0..4 {
            addresses
                .add(ada, &format!("{n}@example.org"), at)
                .await
                .unwrap();
        }
        assert_eq!(
            addresses.add(ada, "9@example.org", at).await.unwrap(),
            Added::TooMany
        );
    }
}
