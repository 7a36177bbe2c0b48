//! Accounts: the people who sign in and talk.
//!
//! **Invariant: one account per login, and a login is lower case.** Passwords arrive here hashed (argon2id, PHC string)
//! and leave only through [`Accounts::with_password`]; nothing here hashes or verifies.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;
use weft_collector_core::authority::Role;

use super::{Control, ControlError, Result, like};

/// The account in whose name the collector itself posts.
pub const SYSTEM: Uuid = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);

pub(super) mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "accounts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub login: String,
        pub name: String,
        pub team: String,
        pub roles: String,
        pub password: Option<String>,
        pub disabled: bool,
        pub simulated: bool,
        pub system: bool,
        pub created_at: Micros,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity, Model};

#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub id: Uuid,
    pub login: String,
    pub name: String,
    pub team: String,
    pub roles: Vec<Role>,
    pub disabled: bool,
    pub simulated: bool,
    /// Not a person: cannot sign in, owns nothing.
    pub system: bool,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewAccount {
    pub id: Uuid,
    /// Lowered here.
    pub login: String,
    pub name: String,
    pub team: String,
    pub roles: Vec<Role>,
    /// PHC string; without one nobody can sign in with a password.
    pub password: Option<String>,
    pub simulated: bool,
    pub at: Timestamp,
}

impl Control {
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts { db: self.db() }
    }
}

/// The way to the table.
pub struct Accounts<'a> {
    db: &'a DatabaseConnection,
}

impl Accounts<'_> {
    /// Makes the account. `None` when the login is taken.
    pub async fn insert(&self, new: NewAccount) -> Result<Option<Account>> {
        let login = new.login.to_lowercase();
        let done = Entity::insert(model(new)?)
            .on_conflict(OnConflict::column(Column::Login).do_nothing().to_owned())
            .exec_without_returning(self.db)
            .await;
        match done {
            Ok(0) | Err(sea_orm::DbErr::RecordNotInserted) => Ok(None),
            Ok(_) => self.by_login(&login).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the account, or gives the one with this login these properties (its id stays, and its password when none
    /// is given).
    pub async fn upsert(&self, new: NewAccount) -> Result<Account> {
        let login = new.login.to_lowercase();
        let mut changed = vec![Column::Name, Column::Team, Column::Roles, Column::Simulated];
        if new.password.is_some() {
            changed.push(Column::Password);
        }
        Entity::insert(model(new)?)
            .on_conflict(
                OnConflict::column(Column::Login)
                    .update_columns(changed)
                    .to_owned(),
            )
            .exec_without_returning(self.db)
            .await?;
        self.by_login(&login)
            .await?
            .ok_or_else(|| ControlError::Unreadable {
                what: "an account just written",
                value: login,
            })
    }

    /// False when there is no such account. A disabled account keeps its posts and loses its sessions' worth.
    pub async fn set_disabled(&self, id: Uuid, disabled: bool) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::Disabled, Expr::value(disabled))
            .filter(Column::Id.eq(id))
            .exec(self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    pub async fn get(&self, id: Uuid) -> Result<Option<Account>> {
        Entity::find_by_id(id)
            .one(self.db)
            .await?
            .map(read)
            .transpose()
    }

    pub async fn by_login(&self, login: &str) -> Result<Option<Account>> {
        Ok(self.with_password(login).await?.map(|(account, _)| account))
    }

    /// The account and its password hash, for signing in.
    pub async fn with_password(&self, login: &str) -> Result<Option<(Account, Option<String>)>> {
        let found = Entity::find()
            .filter(Column::Login.eq(login.to_lowercase()))
            .one(self.db)
            .await?;
        found
            .map(|row| {
                let password = row.password.clone();
                Ok((read(row)?, password))
            })
            .transpose()
    }

    /// The accounts with these ids, in no order; unknown ids are left out.
    pub async fn all_of(&self, ids: impl IntoIterator<Item = Uuid>) -> Result<Vec<Account>> {
        let ids: BTreeSet<Uuid> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let found = Entity::find()
            .filter(Column::Id.is_in(ids))
            .all(self.db)
            .await?;
        found.into_iter().map(read).collect()
    }

    /// Which of these (lower case) logins exist.
    pub async fn known(&self, logins: Vec<String>) -> Result<Vec<String>> {
        if logins.is_empty() {
            return Ok(logins);
        }
        Ok(Entity::find()
            .select_only()
            .column(Column::Login)
            .filter(Column::Login.is_in(logins))
            .into_tuple()
            .all(self.db)
            .await?)
    }

    /// The accounts with these (lower case) logins, in no order.
    pub async fn by_logins(&self, logins: Vec<String>) -> Result<Vec<Account>> {
        if logins.is_empty() {
            return Ok(vec![]);
        }
        let found = Entity::find()
            .filter(Column::Login.is_in(logins))
            .all(self.db)
            .await?;
        found.into_iter().map(read).collect()
    }

    /// People who may sign in and have this role.
    pub async fn with_role(&self, role: Role, limit: u64) -> Result<Vec<Account>> {
        let word = format!("\"{}\"", super::json::word(&role));
        let found = Entity::find()
            .filter(Column::System.eq(false))
            .filter(Column::Disabled.eq(false))
            .filter(like::contains_lower(Column::Roles, &word))
            .order_by_asc(Column::Login)
            .limit(limit)
            .all(self.db)
            .await?;
        found.into_iter().map(read).collect()
    }

    /// Name, team, roles and, when given, the password (hashed). False when there is no such person.
    pub async fn change(
        &self,
        id: Uuid,
        name: &str,
        team: &str,
        roles: &[Role],
        password: Option<String>,
    ) -> Result<bool> {
        let mut update = Entity::update_many()
            .col_expr(Column::Name, Expr::value(name))
            .col_expr(Column::Team, Expr::value(team))
            .col_expr(Column::Roles, Expr::value(super::json::write(&roles)))
            .filter(Column::Id.eq(id))
            .filter(Column::System.eq(false));
        if let Some(password) = password {
            update = update.col_expr(Column::Password, Expr::value(password));
        }
        Ok(update.exec(self.db).await?.rows_affected > 0)
    }

    /// People by login, from behind `after` on, whose login or name contains `words`.
    pub async fn list(&self, words: &str, after: Option<&str>, limit: u64) -> Result<Vec<Account>> {
        let mut query = Entity::find().filter(Column::System.eq(false));
        if !words.is_empty() {
            query = query.filter(
                Condition::any()
                    .add(like::contains(Column::Login, words))
                    .add(like::contains(Column::Name, words)),
            );
        }
        if let Some(after) = after {
            query = query.filter(Column::Login.gt(after));
        }
        let found = query
            .order_by_asc(Column::Login)
            .limit(limit)
            .all(self.db)
            .await?;
        found.into_iter().map(read).collect()
    }
}

fn model(new: NewAccount) -> Result<ActiveModel> {
    Ok(ActiveModel {
        id: Set(new.id),
        login: Set(new.login.to_lowercase()),
        name: Set(new.name),
        team: Set(new.team),
        roles: Set(super::json::write(&new.roles)),
        password: Set(new.password),
        disabled: Set(false),
        simulated: Set(new.simulated),
        system: Set(false),
        created_at: Set(new.at.into()),
    })
}

pub(super) fn read(row: Model) -> Result<Account> {
    Ok(Account {
        id: row.id,
        login: row.login,
        name: row.name,
        team: row.team,
        roles: super::json::read("the roles of an account", &row.roles)?,
        disabled: row.disabled,
        simulated: row.simulated,
        system: row.system,
        created_at: row.created_at.into(),
    })
}
