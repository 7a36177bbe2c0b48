//! Shapes that several nouns share. A shape is what the console gets, field for field; each noun has its own beside it.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{authority::Role, books::Books as CoreBooks};
use weft_collector_store::control::accounts::Account;

use crate::api::{Api, problem::Problem};

/// A person, or anything with a name that is shown as a link.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Named {
    pub id: Uuid,
    pub name: String,
}

impl From<&Account> for Named {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            name: account.name.clone(),
        }
    }
}

/// Somebody whose role matters to the reader.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Person {
    pub id: Uuid,
    pub name: String,
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<Role>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct Books {
    pub sent: u64,
    pub stored: u64,
    pub rejected: u64,
    pub dropped: u64,
    pub lost: u64,
    pub pending: u64,
    pub balanced: bool,
}

impl From<CoreBooks> for Books {
    fn from(books: CoreBooks) -> Self {
        Self {
            sent: books.sent,
            stored: books.stored,
            rejected: books.rejected,
            dropped: books.dropped,
            lost: books.lost,
            pending: books.pending(),
            balanced: books.balanced(),
        }
    }
}

/// Accounts by id, for putting names to ids. One query, whatever the number.
pub struct Names(HashMap<Uuid, Account>);

impl Names {
    pub async fn of(api: &Api, ids: impl IntoIterator<Item = Uuid>) -> Result<Self, Problem> {
        let accounts = api.control.accounts().all_of(ids).await?;
        Ok(Self(
            accounts
                .into_iter()
                .map(|account| (account.id, account))
                .collect(),
        ))
    }

    pub fn account(&self, id: Uuid) -> Option<&Account> {
        self.0.get(&id)
    }

    pub fn named(&self, id: Uuid) -> Named {
        Named {
            id,
            name: self.name(id),
        }
    }

    pub fn person(&self, id: Uuid) -> Person {
        Person {
            id,
            name: self.name(id),
            roles: self
                .0
                .get(&id)
                .map(|account| account.roles.clone())
                .unwrap_or_default(),
        }
    }

    pub fn name(&self, id: Uuid) -> String {
        let known = self.0.get(&id).map(|account| account.name.clone());
        known.unwrap_or_else(|| "(unknown)".to_owned())
    }
}
