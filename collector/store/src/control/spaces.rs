//! Spaces: the rooms in which threads are opened.
//!
//! **Invariant: a space and everything in it is seen by its audience only**: every read of threads names its reader
//! ([`super::threads::Reader`]), and the query leaves out what that reader may not see.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use weft_collector_core::authority::Audience;

use super::{Control, Result, json, threads};

pub(super) mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "spaces")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub slug: String,
        pub name: String,
        pub description: String,
        pub staff_only: bool,
        pub position: i32,
        pub audience: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{Column, Entity, Model};

#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub description: String,
    pub audience: Audience,
}

impl Control {
    pub fn spaces(&self) -> Spaces<'_> {
        Spaces { db: self.db() }
    }
}

/// The way to the table.
pub struct Spaces<'a> {
    db: &'a DatabaseConnection,
}

impl Spaces<'_> {
    /// Every space in its order. There are a handful.
    pub async fn list(&self) -> Result<Vec<Space>> {
        let found = Entity::find()
            .order_by_asc(Column::Position)
            .all(self.db)
            .await?;
        found.into_iter().map(read).collect()
    }

    /// How many threads each space holds.
    pub async fn sizes(&self) -> Result<HashMap<Uuid, u64>> {
        let sizes: Vec<(Uuid, i64)> = threads::entity::Entity::find()
            .select_only()
            .column(threads::entity::Column::Space)
            .column_as(threads::entity::Column::Id.count(), "threads")
            .filter(threads::entity::Column::HiddenAt.is_null())
            .group_by(threads::entity::Column::Space)
            .into_tuple()
            .all(self.db)
            .await?;
        Ok(sizes
            .into_iter()
            .map(|(space, threads)| (space, u64::try_from(threads).unwrap_or(0)))
            .collect())
    }

    /// By slug or by id, whichever `word` is.
    pub async fn find(&self, word: &str) -> Result<Option<Space>> {
        let query = match word.parse::<Uuid>() {
            Ok(id) => Entity::find_by_id(id),
            Err(_) => Entity::find().filter(Column::Slug.eq(word)),
        };
        query.one(self.db).await?.map(read).transpose()
    }
}

fn read(row: Model) -> Result<Space> {
    Ok(Space {
        id: row.id,
        slug: row.slug,
        name: row.name,
        description: row.description,
        audience: json::from_word("the audience of a space", &row.audience)?,
    })
}
