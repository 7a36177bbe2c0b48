//! Settings: named JSON documents with a version, e.g. the policy.
//!
//! **Invariant:** every change makes a greater version.

use jiff::Timestamp;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, QuerySelect};
use serde::Serialize;
use serde_json::Value;

use super::{Control, ControlError, Result};

mod entity {
    use sea_orm::entity::prelude::*;

    use crate::control::micros::Micros;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "settings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: String,
        pub version: i64,
        pub changed_at: Micros,
        pub changed_by: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Entity, Model};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    pub value: Value,
    pub version: u64,
    pub changed_at: Timestamp,
    pub changed_by: String,
}

impl Control {
    pub fn settings(&self) -> Settings<'_> {
        Settings { control: self }
    }
}

pub struct Settings<'a> {
    control: &'a Control,
}

impl Settings<'_> {
    pub async fn get(&self, name: &str) -> Result<Option<Setting>> {
        let found = Entity::find_by_id(name).one(self.control.db()).await?;
        found.map(read).transpose()
    }

    /// Sets a document and gives its new version. An equal document keeps its version: nothing changed.
    pub async fn set(&self, name: &str, value: &Value, by: &str, at: Timestamp) -> Result<u64> {
        self.change(name, |_| value.clone(), by, at).await
    }

    /// The same, made from what is there (`None`: nothing yet); nobody else changes it meanwhile.
    pub async fn change(
        &self,
        name: &str,
        make: impl FnOnce(Option<Value>) -> Value,
        by: &str,
        at: Timestamp,
    ) -> Result<u64> {
        let transaction = self.control.begin().await?;
        let old = Entity::find_by_id(name)
            .lock_exclusive()
            .one(&transaction)
            .await?;
        let before = old
            .as_ref()
            .and_then(|old| serde_json::from_str(&old.value).ok());
        let text = make(before).to_string();
        let version = match &old {
            Some(old) if old.value == text => return Ok(u64::try_from(old.version).unwrap_or(0)),
            Some(old) => old.version + 1,
            None => 1,
        };
        let model = ActiveModel {
            name: Set(name.to_owned()),
            value: Set(text),
            version: Set(version),
            changed_at: Set(at.into()),
            changed_by: Set(by.to_owned()),
        };
        match old {
            Some(_) => drop(model.update(&transaction).await?),
            None => drop(model.insert(&transaction).await?),
        }
        transaction.commit().await?;
        Ok(u64::try_from(version).unwrap_or(0))
    }
}

fn read(row: Model) -> Result<Setting> {
    let value = serde_json::from_str(&row.value).map_err(|_| ControlError::Unreadable {
        what: "a setting",
        value: row.name,
    })?;
    Ok(Setting {
        value,
        version: u64::try_from(row.version).unwrap_or(0),
        changed_at: row.changed_at.into(),
        changed_by: row.changed_by,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn versions_grow_with_changes_only() {
        let control = Control::connect("sqlite::memory:").await.unwrap();
        let set = async |value: Value| {
            let at = Timestamp::UNIX_EPOCH;
            control
                .settings()
                .set("policy", &value, "test", at)
                .await
                .unwrap()
        };
        assert_eq!(set(json!({"a": 1})).await, 1);
        assert_eq!(set(json!({"a": 1})).await, 1);
        assert_eq!(set(json!({"a": 2})).await, 2);
        let read = control.settings().get("policy").await.unwrap().unwrap();
        assert_eq!((read.value, read.version), (json!({"a": 2}), 2));
    }
}
