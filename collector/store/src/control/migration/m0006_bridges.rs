//! Talk that also lives elsewhere: bridges, what is tied to what, letters on their way, who is who, what was delivered.

use sea_orm_migration::{prelude::*, schema::*};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_bridges"
    }
}

const TABLES: [&str; 7] = [
    "bridges",
    "bridge_threads",
    "bridge_posts",
    "bridge_letters",
    "bridge_people",
    "bridge_codes",
    "bridge_deliveries",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            bridges(),
            threads(),
            posts(),
            letters(),
            people(),
            codes(),
            deliveries(),
        ] {
            manager.create_table(table).await?;
        }
        for index in indices() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let once = Index::drop().name("posts_once").table("posts").to_owned();
        manager.drop_index(once).await?;
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

fn to_bridge(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, "bridge")
        .to("bridges", "id")
        .to_owned()
}

fn bridges() -> TableCreateStatement {
    Table::create()
        .table("bridges")
        .col(uuid("id").primary_key())
        .col(text("name"))
        .col(text("platform"))
        .col(text("address"))
        .col(text("place"))
        .col(text("secrets"))
        .col(uuid_null("space"))
        .col(uuid_null("thread"))
        .col(boolean("outward"))
        .col(boolean("inward"))
        .col(boolean("bots"))
        .col(boolean("trusts_mail"))
        .col(boolean("beyond_everyone"))
        .col(boolean("enabled"))
        .col(text("state"))
        .col(text("fault"))
        .col(big_integer("state_at"))
        .col(text("position"))
        .col(text("own_id"))
        .col(text("own_name"))
        .col(big_integer("sent"))
        .col(big_integer("taken"))
        .col(uuid("made_by"))
        .col(big_integer("made_at"))
        .col(big_integer("changed_at"))
        .to_owned()
}

fn threads() -> TableCreateStatement {
    Table::create()
        .table("bridge_threads")
        .col(uuid("bridge"))
        .col(uuid("thread"))
        .col(text("remote"))
        .primary_key(Index::create().col("bridge").col("thread"))
        .foreign_key(&mut to_bridge("bridge_threads"))
        .to_owned()
}

fn posts() -> TableCreateStatement {
    Table::create()
        .table("bridge_posts")
        .col(uuid("bridge"))
        .col(uuid("post"))
        .col(uuid("thread"))
        .col(text("remote_thread"))
        .col(text("remote"))
        .col(text("author"))
        .col(boolean("ours"))
        .col(text("words"))
        .col(text("exact"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("bridge").col("post"))
        .foreign_key(&mut to_bridge("bridge_posts"))
        .to_owned()
}

fn letters() -> TableCreateStatement {
    Table::create()
        .table("bridge_letters")
        .col(uuid("id").primary_key())
        .col(uuid("bridge"))
        .col(big_integer("seq"))
        .col(uuid_null("thread"))
        .col(uuid_null("post"))
        .col(text("step"))
        .col(text("state"))
        .col(integer("attempts"))
        .col(big_integer("due_at"))
        .col(text("fault"))
        .col(text("arrival"))
        .col(big_integer("made_at"))
        .foreign_key(&mut to_bridge("bridge_letters"))
        .to_owned()
}

fn people() -> TableCreateStatement {
    Table::create()
        .table("bridge_people")
        .col(text("realm"))
        .col(text("remote"))
        .col(uuid("account"))
        .col(text("how"))
        .col(text("name"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("realm").col("remote"))
        .to_owned()
}

fn codes() -> TableCreateStatement {
    Table::create()
        .table("bridge_codes")
        .col(text("hash").primary_key())
        .col(uuid("account"))
        .col(big_integer("until"))
        .to_owned()
}

fn deliveries() -> TableCreateStatement {
    Table::create()
        .table("bridge_deliveries")
        .col(uuid("bridge"))
        .col(text("delivery"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("bridge").col("delivery"))
        .foreign_key(&mut to_bridge("bridge_deliveries"))
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
    let unique = |name: &str, table: &'static str, columns: &[&'static str]| {
        plain(name, table, columns).unique().to_owned()
    };
    vec![
        // What came from elsewhere is one post for ever, also when two collectors take it at the same moment.
        unique("posts_once", "posts", &["origin", "origin_ref"]),
        // One place is mirrored once: two bridges on it would hear each other.
        unique(
            "bridges_by_place",
            "bridges",
            &["platform", "address", "place"],
        ),
        unique(
            "bridge_threads_by_remote",
            "bridge_threads",
            &["bridge", "remote"],
        ),
        unique(
            "bridge_posts_by_remote",
            "bridge_posts",
            &["bridge", "remote"],
        ),
        plain("bridge_posts_by_thread", "bridge_posts", &["thread"]),
        plain("bridge_posts_by_words", "bridge_posts", &["words", "at"]),
        plain(
            "bridge_letters_by_turn",
            "bridge_letters",
            &["bridge", "state", "seq"],
        ),
        plain("bridge_people_by_account", "bridge_people", &["account"]),
        plain("bridge_deliveries_by_time", "bridge_deliveries", &["at"]),
    ]
}
