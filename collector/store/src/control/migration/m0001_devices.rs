//! Devices and how they got in: tokens, certificates, streams, settings, leases, audit.

use sea_orm_migration::{prelude::*, schema::*};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_devices"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            tokens(),
            devices(),
            certificates(),
            streams(),
            settings(),
            leases(),
            audit(),
        ] {
            manager.create_table(table).await?;
        }
        for index in indices() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in [
            "audit",
            "leases",
            "settings",
            "streams",
            "certificates",
            "devices",
            "tokens",
        ] {
            manager
                .drop_table(Table::drop().table(Alias::new(name)).to_owned())
                .await?;
        }
        Ok(())
    }
}

fn tokens() -> TableCreateStatement {
    Table::create()
        .table("tokens")
        .col(uuid("id").primary_key())
        .col(text("name"))
        .col(text("secret_hash").unique_key())
        .col(text("team"))
        .col(uuid_null("owner"))
        .col(text("device_name"))
        .col(boolean("simulated"))
        .col(integer("uses"))
        .col(integer("uses_left"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(big_integer_null("revoked_at"))
        .to_owned()
}

fn devices() -> TableCreateStatement {
    Table::create()
        .table("devices")
        .col(uuid("id").primary_key())
        .col(text("name"))
        .col(uuid_null("owner"))
        .col(text("team"))
        .col(text("os_type"))
        .col(text("os_build"))
        .col(text("model"))
        .col(text("agent_version"))
        .col(boolean("simulated"))
        .col(text("state"))
        .col(text("state_reason"))
        .col(uuid("token"))
        .col(text("installation"))
        .col(big_integer("enrolled_at"))
        .col(big_integer_null("last_report"))
        .col(big_integer_null("clock_skew"))
        .to_owned()
}

fn certificates() -> TableCreateStatement {
    Table::create()
        .table("certificates")
        .col(text("serial").primary_key())
        .col(uuid("device"))
        .col(big_integer("not_after"))
        .col(big_integer("renew_after"))
        .col(big_integer("issued_at"))
        .col(big_integer_null("revoked_at"))
        .col(text("reason"))
        .foreign_key(
            ForeignKey::create()
                .from("certificates", "device")
                .to("devices", "id"),
        )
        .to_owned()
}

fn streams() -> TableCreateStatement {
    Table::create()
        .table("streams")
        .col(uuid("device"))
        .col(uuid("epoch"))
        .col(big_integer("next_seq"))
        .col(big_integer("durable_seq"))
        .col(big_integer("first_at"))
        .col(big_integer("last_at"))
        .primary_key(Index::create().col("device").col("epoch"))
        .to_owned()
}

fn settings() -> TableCreateStatement {
    Table::create()
        .table("settings")
        .col(text("name").primary_key())
        .col(text("value"))
        .col(big_integer("version"))
        .col(big_integer("changed_at"))
        .col(text("changed_by"))
        .to_owned()
}

fn leases() -> TableCreateStatement {
    Table::create()
        .table("leases")
        .col(text("name").primary_key())
        .col(uuid("holder"))
        .col(big_integer("until"))
        .to_owned()
}

fn audit() -> TableCreateStatement {
    Table::create()
        .table("audit")
        .col(uuid("id").primary_key())
        .col(big_integer("at"))
        .col(text("actor"))
        .col(text("action"))
        .col(text("object"))
        .col(text("detail"))
        .col(text("outcome"))
        .to_owned()
}

fn indices() -> [IndexCreateStatement; 4] {
    [
        Index::create()
            .name("devices_by_installation")
            .table("devices")
            .col("token")
            .col("installation")
            .unique()
            .to_owned(),
        Index::create()
            .name("devices_by_owner")
            .table("devices")
            .col("owner")
            .to_owned(),
        Index::create()
            .name("certificates_by_device")
            .table("certificates")
            .col("device")
            .to_owned(),
        Index::create()
            .name("audit_by_time")
            .table("audit")
            .col("at")
            .col("id")
            .to_owned(),
    ]
}
