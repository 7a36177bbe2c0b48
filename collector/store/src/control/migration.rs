//! The schema's history. A migration that was released is frozen: what comes later goes into a new file.
//!
//! **Invariant:** a migration happens whole or not at all, on both databases, and is noted in the same transaction; so a
//! process that dies in the middle leaves nothing behind, and of two that start together one finds the work done.

use std::time::Duration;

use sea_orm::DatabaseConnection;
use sea_orm_migration::prelude::*;

mod m0001_devices;
mod m0002_people;
mod m0003_certificate_authority;
mod m0004_discussion;
mod m0005_context;
mod m0006_bridges;
mod m0007_mail;
mod m0008_titles;
mod m0009_groups;

/// Processes that start together fall over each other's tables; the one that lost looks again.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// Brings the schema to this version.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    let mut attempt = 1;
    loop {
        match Migrator::up(db, None).await {
            Err(error) if attempt < ATTEMPTS => {
                tracing::debug!(attempt, "the schema could not be brought up: {error}");
                attempt += 1;
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Whole(m0001_devices::Migration)),
            Box::new(Whole(m0002_people::Migration)),
            Box::new(Whole(m0003_certificate_authority::Migration)),
            Box::new(Whole(m0004_discussion::Migration)),
            Box::new(Whole(m0005_context::Migration)),
            Box::new(Whole(m0006_bridges::Migration)),
            Box::new(Whole(m0007_mail::Migration)),
            Box::new(Whole(m0008_titles::Migration)),
            Box::new(Whole(m0009_groups::Migration)),
        ]
    }
}

/// A migration in a transaction, also where the library's habit is to go without (SQLite).
struct Whole<M>(M);

impl<M: MigrationTrait> MigrationName for Whole<M> {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[async_trait::async_trait]
impl<M: MigrationTrait> MigrationTrait for Whole<M> {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.down(manager).await
    }
}
