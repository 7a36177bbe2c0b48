//! What ties people to laptops and back: shared cards, what looks saw, peers, invitations, thanks, applied fixes and their
//! effects, reviews with their private talks, call links, verdicts for one device, figures told about cohorts.

use sea_orm_migration::{prelude::*, schema::*};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_context"
    }
}

const TABLES: [&str; 11] = [
    "card_shares",
    "looks_seen",
    "findable",
    "invitations",
    "thanks",
    "applied_fixes",
    "effects",
    "reviews",
    "device_verdicts",
    "calls",
    "cohorts_told",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            card_shares(),
            looks_seen(),
            findable(),
            invitations(),
            thanks(),
            applied_fixes(),
            effects(),
            reviews(),
            device_verdicts(),
            calls(),
            cohorts_told(),
        ] {
            manager.create_table(table).await?;
        }
        for index in indices() {
            manager.create_index(index).await?;
        }
        let replaced = Table::alter()
            .table("verdicts")
            .add_column(text("replace_by").default(""))
            .to_owned();
        manager.alter_table(replaced).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let replaced = Table::alter()
            .table("verdicts")
            .drop_column("replace_by")
            .to_owned();
        manager.alter_table(replaced).await?;
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

fn to_thread(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, "thread")
        .to("threads", "id")
        .to_owned()
}

fn card_shares() -> TableCreateStatement {
    Table::create()
        .table("card_shares")
        .col(uuid("thread"))
        .col(uuid("device"))
        .col(text("facts"))
        .col(big_integer_null("until"))
        .col(uuid("by"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("thread").col("device"))
        .foreign_key(&mut to_thread("card_shares"))
        .to_owned()
}

fn looks_seen() -> TableCreateStatement {
    Table::create()
        .table("looks_seen")
        .col(uuid("device"))
        .col(big_integer("hour"))
        .col(uuid("viewer"))
        .col(text("place"))
        .col(text("facts"))
        .col(integer("times"))
        .col(big_integer("at"))
        .primary_key(
            Index::create()
                .col("device")
                .col("hour")
                .col("viewer")
                .col("place"),
        )
        .to_owned()
}

fn findable() -> TableCreateStatement {
    Table::create()
        .table("findable")
        .col(uuid("account").primary_key())
        .col(boolean("by_model"))
        .col(boolean("by_problem"))
        .col(boolean("show_thanks"))
        .col(big_integer("at"))
        .to_owned()
}

fn invitations() -> TableCreateStatement {
    Table::create()
        .table("invitations")
        .col(uuid("id").primary_key())
        .col(uuid("thread"))
        .col(uuid("inviter"))
        .col(uuid("invitee"))
        .col(text("reasons"))
        .col(text("words"))
        .col(text("state"))
        .col(big_integer("at"))
        .col(big_integer_null("answered_at"))
        .foreign_key(&mut to_thread("invitations"))
        .to_owned()
}

fn thanks() -> TableCreateStatement {
    Table::create()
        .table("thanks")
        .col(uuid("post"))
        .col(uuid("giver"))
        .col(uuid("thread"))
        .col(uuid("receiver"))
        .col(text("words"))
        .col(boolean("shown"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("post").col("giver"))
        .foreign_key(&mut to_thread("thanks"))
        .to_owned()
}

fn applied_fixes() -> TableCreateStatement {
    Table::create()
        .table("applied_fixes")
        .col(uuid("post"))
        .col(uuid("device"))
        .col(uuid("thread"))
        .col(big_integer("applied_at"))
        .col(text("how"))
        .col(uuid("by"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("post").col("device"))
        .foreign_key(&mut to_thread("applied_fixes"))
        .to_owned()
}

fn effects() -> TableCreateStatement {
    Table::create()
        .table("effects")
        .col(uuid("post").primary_key())
        .col(uuid("thread"))
        .col(text("effect"))
        .col(text("saved"))
        .col(big_integer("measured_at"))
        .foreign_key(&mut to_thread("effects"))
        .to_owned()
}

fn reviews() -> TableCreateStatement {
    Table::create()
        .table("reviews")
        .col(uuid("id").primary_key())
        .col(uuid("thread"))
        .col(uuid_null("anomaly"))
        .col(text("app"))
        .col(uuid("device"))
        .col(uuid("owner"))
        .col(text("team"))
        .col(uuid("opened_by"))
        .col(big_integer("opened_at"))
        .col(text_null("reason"))
        .col(big_integer_null("answered_at"))
        .col(text_null("decision"))
        .col(uuid_null("decided_by"))
        .col(big_integer_null("decided_at"))
        .foreign_key(&mut to_thread("reviews"))
        .to_owned()
}

fn device_verdicts() -> TableCreateStatement {
    Table::create()
        .table("device_verdicts")
        .col(text("app"))
        .col(uuid("device"))
        .col(text("verdict"))
        .col(big_integer_null("until"))
        .col(text("reason"))
        .col(text("replace_by"))
        .col(uuid("by"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("app").col("device"))
        .to_owned()
}

fn calls() -> TableCreateStatement {
    Table::create()
        .table("calls")
        .col(uuid("thread").primary_key())
        .col(text("url"))
        .col(uuid("by"))
        .col(big_integer("at"))
        .foreign_key(&mut to_thread("calls"))
        .to_owned()
}

fn cohorts_told() -> TableCreateStatement {
    Table::create()
        .table("cohorts_told")
        .col(uuid("id").primary_key())
        .col(uuid("thread"))
        .col(text("by"))
        .col(text("value"))
        .col(text("devices"))
        .col(text("part"))
        .col(boolean("current"))
        .col(big_integer("at"))
        .foreign_key(&mut to_thread("cohorts_told"))
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
        plain("invitations_by_invitee", "invitations", &["invitee", "at"]),
        plain("invitations_by_inviter", "invitations", &["inviter", "at"]),
        plain(
            "invitations_by_thread",
            "invitations",
            &["thread", "invitee"],
        )
        .unique()
        .to_owned(),
        plain("thanks_by_receiver", "thanks", &["receiver", "at"]),
        plain("thanks_by_thread", "thanks", &["thread"]),
        plain("applied_fixes_by_thread", "applied_fixes", &["thread"]),
        plain("reviews_by_owner", "reviews", &["owner", "opened_at"]),
        plain("reviews_by_app", "reviews", &["app", "opened_at"]),
        plain("reviews_by_thread", "reviews", &["thread"]),
        plain("cohorts_told_by_time", "cohorts_told", &["at"]),
        plain("looks_seen_by_time", "looks_seen", &["device", "at"]),
    ]
}
