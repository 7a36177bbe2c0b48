//! Groups of laptops about which a figure was told: of an anomaly, a model, an answer that was applied.

use sea_orm_migration::{prelude::*, schema::*};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0009_groups"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(groups_told()).await?;
        for (name, columns) in [
            ("groups_told_by_topic", ["topic", "current"]),
            ("groups_told_by_time", ["sort", "at"]),
        ] {
            let mut index = Index::create();
            index.name(name).table("groups_told");
            for column in columns {
                index.col(column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("groups_told").if_exists().to_owned())
            .await
    }
}

fn groups_told() -> TableCreateStatement {
    Table::create()
        .table("groups_told")
        .col(uuid("id").primary_key())
        .col(uuid("topic"))
        .col(text("sort"))
        .col(text("devices"))
        .col(text("figures"))
        .col(boolean("current"))
        .col(big_integer("at"))
        .to_owned()
}
