//! PostgreSQL knows the words of titles apart from those of posts: a column that it computes itself, with its own index and
//! statistics. SQLite's index of words has a column for titles already.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0008_titles"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let db = manager.get_connection();
        // Weight A marks the title's words (`search::vector`); most documents have none, and none is what the index leaves out.
        db.execute_unprepared(
            "ALTER TABLE search_docs ADD COLUMN titles tsvector \
             GENERATED ALWAYS AS (NULLIF(ts_filter(terms, '{a}'), ''::tsvector)) STORED",
        )
        .await?;
        db.execute_unprepared(
            "CREATE INDEX search_docs_titles ON search_docs USING gin (titles) WHERE titles IS NOT NULL",
        )
        .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            let db = manager.get_connection();
            db.execute_unprepared("ALTER TABLE search_docs DROP COLUMN titles")
                .await?;
        }
        Ok(())
    }
}
