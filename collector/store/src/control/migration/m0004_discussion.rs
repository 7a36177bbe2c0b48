//! The talk grows up: audiences, moderation, follow levels, what was read, drafts, notices, the stream of events,
//! attachments, flags, escalations, and the search index (FTS5 or tsvector). Fills the index from what was said before.

use sea_orm::{ConnectionTrait as _, DbBackend};
use sea_orm_migration::{prelude::*, schema::*};

use crate::control::search;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_discussion"
    }
}

/// The space for what only security and IT may read; the next id after those of `m0002_people`.
const SECURITY: u128 = 0x0198_0000_0000_7000_8000_0000_0000_0104;
/// The staff space of `m0002_people`.
const STAFF: u128 = 0x0198_0000_0000_7000_8000_0000_0000_0103;

const TABLES: [&str; 12] = [
    "thread_members",
    "thread_reads",
    "drafts",
    "notifications",
    "events",
    "event_cursors",
    "attachments",
    "attachment_contents",
    "flags",
    "escalations",
    "thread_facts",
    "search_docs",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            manager
                .alter_table(Table::alter().table(table).add_column(column).to_owned())
                .await?;
        }
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indices() {
            manager.create_index(index).await?;
        }
        let db = manager.get_connection();
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                db.execute_unprepared(
                    "ALTER TABLE search_docs ADD COLUMN terms tsvector NOT NULL DEFAULT ''",
                )
                .await?;
                db.execute_unprepared(
                    "CREATE INDEX search_docs_terms ON search_docs USING gin (terms)",
                )
                .await?;
            }
            // Only the index of words is kept, not the words again: they stand in `posts`.
            _ => {
                db.execute_unprepared(
                    "CREATE VIRTUAL TABLE search_index USING fts5(title, body, tags, content='', contentless_delete=1, \
                     tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\", prefix='2 3')",
                )
                .await?;
            }
        }
        audiences(db).await?;
        search::fill(db).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Sqlite {
            db.execute_unprepared("DROP TABLE search_index").await?;
        }
        for name in TABLES.iter().rev() {
            manager
                .drop_table(Table::drop().table(Alias::new(*name)).to_owned())
                .await?;
        }
        manager
            .drop_index(
                Index::drop()
                    .name("posts_by_origin")
                    .table("posts")
                    .to_owned(),
            )
            .await?;
        manager
            .drop_index(
                Index::drop()
                    .name("posts_by_writer")
                    .table("posts")
                    .to_owned(),
            )
            .await?;
        for (table, column) in columns() {
            let name = column.get_column_name();
            manager
                .alter_table(
                    Table::alter()
                        .table(table)
                        .drop_column(Alias::new(name))
                        .to_owned(),
                )
                .await?;
        }
        Ok(())
    }
}

fn columns() -> Vec<(&'static str, ColumnDef)> {
    let words = |name: &'static str| text(name).default("").to_owned();
    vec![
        ("spaces", text("audience").default("everyone").to_owned()),
        ("threads", boolean("locked").default(false).to_owned()),
        ("threads", boolean("pinned").default(false).to_owned()),
        ("threads", big_integer_null("hidden_at")),
        ("threads", uuid_null("hidden_by")),
        ("threads", words("hidden_reason")),
        ("threads", uuid_null("merged_into")),
        ("threads", big_integer_null("solved_at")),
        ("threads", integer("reopened").default(0).to_owned()),
        ("posts", words("deleted_reason")),
        ("posts", words("origin")),
        ("posts", text_null("origin_ref")),
        ("posts", uuid_null("reply_to")),
        ("follows", text("level").default("tracking").to_owned()),
    ]
}

fn tables() -> Vec<TableCreateStatement> {
    let table = |name: &'static str, columns: Vec<ColumnDef>| {
        let mut table = Table::create();
        table.table(name);
        for mut column in columns {
            table.col(&mut column);
        }
        table
    };
    let key =
        |columns: [&'static str; 2]| Index::create().col(columns[0]).col(columns[1]).to_owned();
    vec![
        table(
            "thread_members",
            vec![
                uuid("thread"),
                uuid("account"),
                uuid("invited_by"),
                big_integer("at"),
            ],
        )
        .primary_key(&mut key(["thread", "account"]))
        .to_owned(),
        table(
            "thread_reads",
            vec![uuid("account"), uuid("thread"), big_integer("read_at")],
        )
        .primary_key(&mut key(["account", "thread"]))
        .to_owned(),
        table(
            "drafts",
            vec![
                uuid("account"),
                text("slot"),
                text("space"),
                text("title"),
                text("markdown"),
                boolean("whisper"),
                big_integer("updated_at"),
            ],
        )
        .primary_key(&mut key(["account", "slot"]))
        .to_owned(),
        table(
            "notifications",
            vec![
                uuid("id").primary_key().to_owned(),
                uuid("account"),
                text("kind"),
                uuid("thread"),
                uuid_null("post"),
                uuid_null("actor"),
                uuid_null("anomaly"),
                text("words"),
                integer("count"),
                big_integer("at"),
                big_integer_null("seen_at"),
            ],
        ),
        table(
            "events",
            vec![
                big_integer("id").primary_key().to_owned(),
                big_integer("at"),
                text("kind"),
                uuid("thread"),
                uuid_null("post"),
                uuid_null("actor"),
                uuid_null("anomaly"),
                text("origin"),
                boolean("whisper"),
                text("detail"),
            ],
        ),
        table(
            "event_cursors",
            vec![
                text("consumer").primary_key().to_owned(),
                big_integer("after"),
                big_integer("updated_at"),
            ],
        ),
        table(
            "attachments",
            vec![
                uuid("id").primary_key().to_owned(),
                text("sha256"),
                text("name"),
                text("media"),
                big_integer("size"),
                uuid("uploader"),
                big_integer("at"),
                uuid_null("post"),
            ],
        ),
        table(
            "attachment_contents",
            vec![
                text("sha256").primary_key().to_owned(),
                ColumnDef::new("bytes").blob().not_null().to_owned(),
            ],
        ),
        table(
            "flags",
            vec![
                uuid("id").primary_key().to_owned(),
                uuid("post"),
                uuid("by"),
                text("reason"),
                big_integer("at"),
                text("state"),
                uuid_null("closed_by"),
                big_integer_null("closed_at"),
            ],
        ),
        table(
            "escalations",
            vec![
                uuid("id").primary_key().to_owned(),
                uuid("thread"),
                text("to_role"),
                text("reason"),
                uuid("by"),
                big_integer("at"),
                text("state"),
                uuid_null("taken_by"),
                big_integer("updated_at"),
                text("note"),
            ],
        ),
        table(
            "thread_facts",
            vec![
                uuid("thread"),
                text("kind"),
                text("value"),
                text("source"),
                integer("audience"),
            ],
        )
        .primary_key(
            &mut Index::create()
                .col("thread")
                .col("kind")
                .col("value")
                .col("source")
                .to_owned(),
        )
        .to_owned(),
        table(
            "search_docs",
            vec![
                big_integer("id").auto_increment().primary_key().to_owned(),
                uuid("thread"),
                uuid_null("post"),
                integer("audience"),
                uuid_null("author"),
            ],
        ),
    ]
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
        plain("posts_by_writer", "posts", &["thread", "author"]),
        plain("posts_by_origin", "posts", &["origin_ref", "origin"]),
        plain("thread_members_by_account", "thread_members", &["account"]),
        plain(
            "notifications_by_time",
            "notifications",
            &["account", "at", "id"],
        ),
        plain(
            "notifications_by_thread",
            "notifications",
            &["account", "thread", "kind"],
        ),
        plain("attachments_by_post", "attachments", &["post"]),
        plain("attachments_by_uploader", "attachments", &["uploader"]),
        plain("attachments_by_content", "attachments", &["sha256"]),
        plain("flags_by_post", "flags", &["post", "by"])
            .unique()
            .to_owned(),
        plain("flags_by_state", "flags", &["state", "at"]),
        plain("escalations_by_thread", "escalations", &["thread", "at"]),
        plain("escalations_by_state", "escalations", &["state", "at"]),
        plain("thread_facts_by_value", "thread_facts", &["kind", "value"]),
        plain("search_docs_by_thread", "search_docs", &["thread"]),
        plain("search_docs_by_post", "search_docs", &["post"]),
    ]
}

/// Says who reads which space, makes the one for security, and takes talk about what people run out of the staff space,
/// where technicians read along who may not see those anomalies.
async fn audiences(db: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
    let (staff, security) = (
        uuid::Uuid::from_u128(STAFF),
        uuid::Uuid::from_u128(SECURITY),
    );
    let named = |table: &'static str| Query::update().table(table).to_owned();
    let mut to_staff = named("spaces");
    to_staff
        .value("audience", "staff")
        .and_where(Expr::col("staff_only").eq(true));
    db.execute(&to_staff).await?;
    let mut seed = Query::insert();
    seed.into_table("spaces")
        .columns([
            "id",
            "slug",
            "name",
            "description",
            "staff_only",
            "position",
            "audience",
        ])
        .values_panic([
            security.into(),
            "security".into(),
            "Security".into(),
            "For security and IT: unusual programs and unapproved apps, until they are cleared."
                .into(),
            true.into(),
            4_i32.into(),
            "security".into(),
        ]);
    db.execute(&seed).await?;
    let private = Query::select()
        .column("id")
        .from("anomalies")
        .and_where(Expr::col("kind").is_in(["process", "app", "compound"]))
        .to_owned();
    let about = Query::select()
        .column("thread")
        .from("links")
        .and_where(Expr::col("state").is_in(["confirmed", "automatic"]))
        .and_where(Expr::col("anomaly").in_subquery(private))
        .to_owned();
    let mut moved = named("threads");
    moved
        .value("space", security)
        .and_where(Expr::col("space").eq(staff))
        .and_where(Expr::col("id").in_subquery(about));
    db.execute(&moved).await?;
    Ok(())
}
