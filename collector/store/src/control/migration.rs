//! The schema's history. A migration that was released is frozen: what comes later goes into a new file.

use sea_orm_migration::prelude::*;

mod m0001_devices;
mod m0002_people;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_devices::Migration), Box::new(m0002_people::Migration)]
    }
}
