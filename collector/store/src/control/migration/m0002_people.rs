//! People and decisions: accounts, sessions, spaces, threads, posts, follows; anomalies, links, verdicts, judgements;
//! the ledger of looks. Seeds the collector's own account and the first spaces.

use sea_orm_migration::{prelude::*, schema::*};

use crate::control::accounts::SYSTEM;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_people"
    }
}

/// The rooms every installation starts with: slug, name, description, staff only.
const SPACES: [(&str, &str, &str, bool); 4] = [
    (
        "help",
        "Help",
        "Something does not work: ask here, answer here.",
        false,
    ),
    (
        "hardware",
        "Hardware",
        "Laptops, docks, batteries, screens: the things themselves.",
        false,
    ),
    (
        "apps",
        "Apps & sharing",
        "Which app for what, how to share files, what is allowed and why.",
        false,
    ),
    (
        "staff",
        "Staff",
        "For technicians, security and IT: what needs care before it is told.",
        true,
    ),
];
/// Spaces have the same ids everywhere, one apart.
const FIRST_SPACE: u128 = 0x0198_0000_0000_7000_8000_0000_0000_0100;

const TABLES: [&str; 13] = [
    "accounts",
    "sessions",
    "spaces",
    "threads",
    "posts",
    "post_edits",
    "follows",
    "anomalies",
    "anomaly_devices",
    "links",
    "verdicts",
    "judgements",
    "looks",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            accounts(),
            sessions(),
            spaces(),
            threads(),
            posts(),
            post_edits(),
            follows(),
            anomalies(),
            anomaly_devices(),
            links(),
            verdicts(),
            judgements(),
            looks(),
        ] {
            manager.create_table(table).await?;
        }
        for index in indices() {
            manager.create_index(index).await?;
        }
        manager.execute(seed_system()).await?;
        manager.execute(seed_spaces()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in TABLES.iter().rev() {
            manager
                .drop_table(Table::drop().table(Alias::new(*name)).to_owned())
                .await?;
        }
        Ok(())
    }
}

fn accounts() -> TableCreateStatement {
    Table::create()
        .table("accounts")
        .col(uuid("id").primary_key())
        .col(text("login").unique_key())
        .col(text("name"))
        .col(text("team"))
        .col(text("roles"))
        .col(text_null("password"))
        .col(boolean("disabled"))
        .col(boolean("simulated"))
        .col(boolean("system"))
        .col(big_integer("created_at"))
        .to_owned()
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table("sessions")
        .col(text("hash").primary_key())
        .col(uuid("account"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(big_integer("last_used_at"))
        .foreign_key(
            ForeignKey::create()
                .from("sessions", "account")
                .to("accounts", "id"),
        )
        .to_owned()
}

fn spaces() -> TableCreateStatement {
    Table::create()
        .table("spaces")
        .col(uuid("id").primary_key())
        .col(text("slug").unique_key())
        .col(text("name"))
        .col(text("description"))
        .col(boolean("staff_only"))
        .col(integer("position"))
        .to_owned()
}

fn threads() -> TableCreateStatement {
    Table::create()
        .table("threads")
        .col(uuid("id").primary_key())
        .col(uuid("space"))
        .col(text("title"))
        .col(text("words"))
        .col(uuid("author"))
        .col(big_integer("opened_at"))
        .col(big_integer("last_post_at"))
        .col(integer("posts"))
        .col(integer("participants"))
        .col(boolean("solved"))
        .col(uuid_null("accepted_post"))
        .col(boolean("simulated"))
        .foreign_key(
            ForeignKey::create()
                .from("threads", "space")
                .to("spaces", "id"),
        )
        .foreign_key(
            ForeignKey::create()
                .from("threads", "author")
                .to("accounts", "id"),
        )
        .to_owned()
}

fn posts() -> TableCreateStatement {
    Table::create()
        .table("posts")
        .col(uuid("id").primary_key())
        .col(uuid("thread"))
        .col(uuid("author"))
        .col(big_integer("posted_at"))
        .col(big_integer_null("edited_at"))
        .col(text("markdown"))
        .col(text("words"))
        .col(boolean("whisper"))
        .col(text("topic"))
        .col(big_integer_null("deleted_at"))
        .col(uuid_null("deleted_by"))
        .foreign_key(
            ForeignKey::create()
                .from("posts", "thread")
                .to("threads", "id"),
        )
        .foreign_key(
            ForeignKey::create()
                .from("posts", "author")
                .to("accounts", "id"),
        )
        .to_owned()
}

fn post_edits() -> TableCreateStatement {
    Table::create()
        .table("post_edits")
        .col(uuid("id").primary_key())
        .col(uuid("post"))
        .col(big_integer("at"))
        .col(uuid("by"))
        .col(text("markdown"))
        .foreign_key(
            ForeignKey::create()
                .from("post_edits", "post")
                .to("posts", "id"),
        )
        .to_owned()
}

fn follows() -> TableCreateStatement {
    Table::create()
        .table("follows")
        .col(uuid("account"))
        .col(uuid("thread"))
        .col(big_integer("since"))
        .primary_key(Index::create().col("account").col("thread"))
        .to_owned()
}

fn anomalies() -> TableCreateStatement {
    Table::create()
        .table("anomalies")
        .col(uuid("id").primary_key())
        .col(text("kind"))
        .col(text("detector"))
        .col(text("cause"))
        .col(integer("severity"))
        .col(text("state"))
        .col(text_null("judgement"))
        .col(uuid_null("device"))
        .col(text("words"))
        .col(big_integer("opened_at"))
        .col(big_integer("updated_at"))
        .col(big_integer_null("resolved_at"))
        .col(integer("relapses"))
        .col(boolean("simulated"))
        .col(text("finding"))
        .to_owned()
}

fn anomaly_devices() -> TableCreateStatement {
    Table::create()
        .table("anomaly_devices")
        .col(uuid("anomaly"))
        .col(uuid("device"))
        .primary_key(Index::create().col("anomaly").col("device"))
        .foreign_key(
            ForeignKey::create()
                .from("anomaly_devices", "anomaly")
                .to("anomalies", "id"),
        )
        .to_owned()
}

fn links() -> TableCreateStatement {
    Table::create()
        .table("links")
        .col(uuid("anomaly"))
        .col(uuid("thread"))
        .col(double("score"))
        .col(text("state"))
        .col(text("reasons"))
        .col(uuid_null("decided_by"))
        .col(big_integer("updated_at"))
        .primary_key(Index::create().col("anomaly").col("thread"))
        .foreign_key(
            ForeignKey::create()
                .from("links", "anomaly")
                .to("anomalies", "id"),
        )
        .foreign_key(
            ForeignKey::create()
                .from("links", "thread")
                .to("threads", "id"),
        )
        .to_owned()
}

fn verdicts() -> TableCreateStatement {
    Table::create()
        .table("verdicts")
        .col(text("app"))
        .col(text("team"))
        .col(text("verdict"))
        .col(big_integer_null("until"))
        .col(text("reason"))
        .col(uuid("by"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("app").col("team"))
        .to_owned()
}

fn judgements() -> TableCreateStatement {
    Table::create()
        .table("judgements")
        .col(uuid("id").primary_key())
        .col(uuid("anomaly"))
        .col(text("rule"))
        .col(big_integer_null("until"))
        .col(uuid("by"))
        .col(big_integer("at"))
        .col(big_integer_null("ended_at"))
        .foreign_key(
            ForeignKey::create()
                .from("judgements", "anomaly")
                .to("anomalies", "id"),
        )
        .to_owned()
}

fn looks() -> TableCreateStatement {
    Table::create()
        .table("looks")
        .col(uuid("device"))
        .col(big_integer("hour"))
        .col(uuid("viewer"))
        .col(text("what"))
        .col(big_integer("at"))
        .primary_key(Index::create().col("device").col("hour").col("viewer"))
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
        plain("sessions_by_account", "sessions", &["account"]),
        plain("threads_by_talk", "threads", &["last_post_at", "id"]),
        plain("threads_by_space", "threads", &["space", "last_post_at"]),
        plain("threads_by_author", "threads", &["author"]),
        plain(
            "threads_by_opening",
            "threads",
            &["space", "opened_at", "title"],
        )
        .unique()
        .to_owned(),
        plain("posts_by_thread", "posts", &["thread", "posted_at", "id"]),
        plain("posts_by_author", "posts", &["author"]),
        plain("post_edits_by_post", "post_edits", &["post", "at"]),
        plain("follows_by_thread", "follows", &["thread"]),
        plain(
            "anomalies_by_rank",
            "anomalies",
            &["severity", "updated_at", "id"],
        ),
        plain("anomalies_by_state", "anomalies", &["state", "kind"]),
        plain("anomalies_by_cause", "anomalies", &["detector", "cause"]),
        plain("anomaly_devices_by_device", "anomaly_devices", &["device"]),
        plain("links_by_thread", "links", &["thread"]),
        plain("judgements_by_anomaly", "judgements", &["anomaly"]),
        plain("looks_by_time", "looks", &["device", "at"]),
    ]
}

fn seed_system() -> InsertStatement {
    let mut seed = Query::insert();
    seed.into_table("accounts")
        .columns([
            "id",
            "login",
            "name",
            "team",
            "roles",
            "password",
            "disabled",
            "simulated",
            "system",
            "created_at",
        ])
        .values_panic([
            SYSTEM.into(),
            "weft".into(),
            "Weft".into(),
            "".into(),
            "[]".into(),
            None::<String>.into(),
            // Nobody can sign in as the collector.
            true.into(),
            false.into(),
            true.into(),
            0_i64.into(),
        ]);
    seed
}

fn seed_spaces() -> InsertStatement {
    let mut seed = Query::insert();
    seed.into_table("spaces").columns([
        "id",
        "slug",
        "name",
        "description",
        "staff_only",
        "position",
    ]);
    for (position, (slug, name, description, staff_only)) in (0_i32..).zip(SPACES) {
        let id = uuid::Uuid::from_u128(FIRST_SPACE + position.unsigned_abs() as u128);
        seed.values_panic([
            id.into(),
            slug.into(),
            name.into(),
            description.into(),
            staff_only.into(),
            position.into(),
        ]);
    }
    seed
}
