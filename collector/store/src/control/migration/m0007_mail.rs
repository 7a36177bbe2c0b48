//! Mail and feeds: addresses, wishes, what waits to be told, letters, reply addresses, what came in, feeds.

use sea_orm_migration::{prelude::*, schema::*};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0007_mail"
    }
}

const TABLES: [&str; 8] = [
    "mail_addresses",
    "mail_preferences",
    "mail_mutes",
    "mail_items",
    "mail_letters",
    "mail_replies",
    "mail_arrivals",
    "feeds",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            addresses(),
            preferences(),
            mutes(),
            items(),
            letters(),
            replies(),
            arrivals(),
            feeds(),
        ] {
            manager.create_table(table).await?;
        }
        for index in indices() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in TABLES.iter().rev() {
            let drop = Table::drop()
                .table(Alias::new(*name))
                .if_exists()
                .to_owned();
            manager.drop_table(drop).await?;
        }
        Ok(())
    }
}

fn to_account(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, "account")
        .to("accounts", "id")
        .to_owned()
}

fn addresses() -> TableCreateStatement {
    Table::create()
        .table("mail_addresses")
        .col(uuid("account"))
        .col(text("address"))
        .col(boolean("main"))
        .col(boolean("by_it"))
        .col(big_integer("added_at"))
        .col(big_integer_null("confirmed_at"))
        .col(big_integer_null("paused_at"))
        .col(text("paused_why"))
        .primary_key(Index::create().col("account").col("address"))
        .foreign_key(&mut to_account("mail_addresses"))
        .to_owned()
}

fn preferences() -> TableCreateStatement {
    Table::create()
        .table("mail_preferences")
        .col(uuid("account").primary_key())
        .col(text("preferences"))
        .col(big_integer_null("digest_due"))
        .col(big_integer_null("digested_at"))
        .col(big_integer("changed_at"))
        .foreign_key(&mut to_account("mail_preferences"))
        .to_owned()
}

fn mutes() -> TableCreateStatement {
    Table::create()
        .table("mail_mutes")
        .col(uuid("account"))
        .col(uuid("thread"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("account").col("thread"))
        .foreign_key(&mut to_account("mail_mutes"))
        .to_owned()
}

fn items() -> TableCreateStatement {
    Table::create()
        .table("mail_items")
        .col(uuid("id").primary_key())
        .col(uuid("account"))
        .col(text("kind"))
        .col(uuid("thread"))
        .col(uuid_null("post"))
        .col(uuid_null("actor"))
        .col(uuid_null("anomaly"))
        .col(text("words"))
        .col(big_integer("at"))
        .foreign_key(&mut to_account("mail_items"))
        .to_owned()
}

fn letters() -> TableCreateStatement {
    Table::create()
        .table("mail_letters")
        .col(uuid("id").primary_key())
        .col(uuid_null("account"))
        .col(text("kind"))
        .col(text("key"))
        .col(text("address"))
        .col(text("content"))
        .col(text("message_id"))
        .col(text("state"))
        .col(integer("tries"))
        .col(big_integer("next_at"))
        .col(big_integer("made_at"))
        .col(big_integer_null("ended_at"))
        .col(text("error"))
        .to_owned()
}

fn replies() -> TableCreateStatement {
    Table::create()
        .table("mail_replies")
        .col(text("token").primary_key())
        .col(uuid("account"))
        .col(text("what"))
        .col(uuid("target"))
        .col(big_integer("made_at"))
        .foreign_key(&mut to_account("mail_replies"))
        .to_owned()
}

fn arrivals() -> TableCreateStatement {
    Table::create()
        .table("mail_arrivals")
        .col(text("key").primary_key())
        .col(integer("tries"))
        .col(text_null("outcome"))
        .col(text("detail"))
        .col(big_integer("at"))
        .to_owned()
}

fn feeds() -> TableCreateStatement {
    Table::create()
        .table("feeds")
        .col(uuid("account").primary_key())
        .col(integer("generation"))
        .col(boolean("open"))
        .col(big_integer("changed_at"))
        .foreign_key(&mut to_account("feeds"))
        .to_owned()
}

fn indices() -> Vec<IndexCreateStatement> {
    let plain = |name: &str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create();
        index.name(name).table(table);
        for column in columns {
            index.col(*column);
        }
        index.to_owned()
    };
    vec![
        plain("mail_addresses_by_address", "mail_addresses", &["address"]),
        plain(
            "mail_preferences_by_digest",
            "mail_preferences",
            &["digest_due"],
        ),
        plain("mail_items_by_account", "mail_items", &["account", "at"]),
        plain("mail_letters_by_key", "mail_letters", &["key"])
            .unique()
            .to_owned(),
        plain(
            "mail_letters_by_state",
            "mail_letters",
            &["state", "next_at"],
        ),
        plain(
            "mail_letters_by_account",
            "mail_letters",
            &["account", "made_at"],
        ),
        plain("mail_letters_by_message", "mail_letters", &["message_id"]),
        plain("mail_arrivals_by_time", "mail_arrivals", &["at"]),
    ]
}
