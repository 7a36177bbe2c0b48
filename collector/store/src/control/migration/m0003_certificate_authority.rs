//! Which generation of the authority wrote a certificate: how IT sees that a rotation reached every laptop.

use sea_orm_migration::{prelude::*, schema::*};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_certificate_authority"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Nobody noted it for the certificates that are there; they are renewed within days.
        let table = Table::alter()
            .table("certificates")
            .add_column(integer_null("authority"))
            .to_owned();
        manager.alter_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter()
            .table("certificates")
            .drop_column("authority")
            .to_owned();
        manager.alter_table(table).await
    }
}
