//! Control: what people said and what was decided, in SQL (SQLite by default, PostgreSQL at scale).
//!
//! **Invariant:** nothing that a device reported lives here; that is `telemetry`. One code path serves both databases,
//! so no statement here is written for one of them, but for the word index ([`search`]).
//!
//! A noun is a file: `devices.rs` holds the table's entity (private), the plain struct that callers see, and a handle
//! (`control.devices()`) whose functions are the only way to the table. Times enter and leave as [`jiff::Timestamp`]
//! and lie in the table as microseconds ([`micros::Micros`]); ids and times are arguments, never made here.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

mod json;
mod like;
mod micros;
mod migration;

pub mod accounts;
pub mod addresses;
pub mod anomalies;
pub mod applied;
pub mod attachments;
pub mod audit;
pub mod bridges;
pub mod calls;
pub mod cards;
pub mod certificates;
pub mod cohorts;
pub mod devices;
pub mod drafts;
pub mod escalations;
pub mod events;
pub mod feeds;
pub mod flags;
pub mod follows;
pub mod groups;
pub mod invitations;
pub mod judgements;
pub mod leases;
pub mod letters;
pub mod links;
pub mod looks;
pub mod members;
pub mod notifications;
pub mod peers;
pub mod posts;
pub mod replies;
pub mod reviews;
pub mod sealed;
pub mod search;
pub mod sessions;
pub mod settings;
pub mod spaces;
pub mod streams;
pub mod thanks;
pub mod threads;
pub mod tokens;
pub mod verdicts;
pub mod wishes;

/// Connections to SQLite: WAL lets readers go on beside the one writer; more would only queue for its lock.
const SQLITE_CONNECTIONS: u32 = 4;
/// Connections to PostgreSQL per collector: a default server allows 100, and several collectors share it.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a writer waits for another (the command line beside a running server) before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait for a free connection: longer than `BUSY_TIMEOUT`, so that the real reason is what surfaces.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// Tries to open a file that another process is just making, and the pause between: 5 s in all, a start takes one.
const OPENINGS: u32 = 50;
const OPENING_PAUSE: Duration = Duration::from_millis(100);

/// What can go wrong between here and the database. Expected outcomes ("token used up") are values, not errors.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("the control database failed: {0}")]
    Database(#[from] DbErr),
    /// A row that this version cannot read: damage, or a newer collector wrote it.
    #[error("the control database holds {what} that cannot be read: {value:?}")]
    Unreadable { what: &'static str, value: String },
}

pub type Result<T, E = ControlError> = std::result::Result<T, E>;

/// The open control database. Cloning shares the pool.
#[derive(Clone, Debug)]
pub struct Control {
    db: DatabaseConnection,
}

impl Control {
    /// Opens `url` (`sqlite:PATH`, `sqlite::memory:`, `postgres://...`), makes a missing SQLite file, and brings the
    /// schema to this version.
    pub async fn connect(url: &str) -> Result<Self> {
        let db = open(url).await?;
        migration::migrate(&db).await?;
        Ok(Self { db })
    }

    /// For the handles of this module and for health checks.
    pub fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// A transaction that writes. SQLite takes the write lock at once: a transaction that reads first and writes later
    /// would otherwise fail, not wait, when somebody else wrote in between.
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(self.db.begin_with_options(options).await?)
    }

    /// `sqlite` or `postgres`, for people.
    pub fn kind(&self) -> &'static str {
        match self.db.get_database_backend() {
            DbBackend::Postgres => "postgres",
            _ => "sqlite",
        }
    }

    /// Ends every connection; SQLite writes its log back into the file with the last one.
    pub async fn close(self) -> Result<()> {
        Ok(self.db.close().await?)
    }

    /// Says whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.db.ping().await?)
    }
}

/// Opens the database. Processes that meet at a new SQLite file all turn it to write-ahead logging, which needs the file
/// alone: SQLite tells whoever comes second "locked" at once, whatever the busy timeout. Then we come again.
async fn open(url: &str) -> Result<DatabaseConnection> {
    let mut attempt = 1;
    loop {
        match Database::connect(options(url)).await {
            Err(error) if attempt < OPENINGS && is_locked(&error) => {
                tracing::debug!(attempt, "the control database is being opened by another");
                attempt += 1;
                tokio::time::sleep(OPENING_PAUSE).await;
            }
            opened => return Ok(opened?),
        }
    }
}

fn is_locked(error: &DbErr) -> bool {
    let message = error.to_string();
    message.contains("database is locked") || message.contains("database table is locked")
}

fn options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.sqlx_logging(false).acquire_timeout(ACQUIRE_TIMEOUT);
    if url.starts_with("sqlite:") {
        // A database in memory belongs to its connection: a second one would see another, empty database.
        let connections = if url.contains(":memory:") {
            1
        } else {
            SQLITE_CONNECTIONS
        };
        options
            .max_connections(connections)
            .map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .create_if_missing(true)
                    .foreign_keys(true)
                    .busy_timeout(BUSY_TIMEOUT)
                    .pragma("journal_mode", "WAL")
                    // Durable at every checkpoint and consistent after any crash; the agent's Ack never hangs on SQL.
                    .pragma("synchronous", "NORMAL")
                    // What was overwritten (a secret that was sealed, a post that was deleted) does not stay in the page
                    // that is written anyway.
                    .pragma("secure_delete", "FAST")
            });
        if connections == 1 {
            options.min_connections(1);
        }
    } else {
        options
            .max_connections(POSTGRES_CONNECTIONS)
            // A search must be planned for its words: after five runs PostgreSQL would plan once for all words, and read
            // every post for a word that nobody ever wrote.
            .map_sqlx_postgres_opts(|postgres| {
                postgres.options([("plan_cache_mode", "force_custom_plan")])
            });
    }
    options
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_second_process_may_open_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("weft.db").display());
        let first = Control::connect(&url).await.unwrap();
        let second = Control::connect(&url).await.unwrap();
        first.ping().await.unwrap();
        second.ping().await.unwrap();
    }

    #[tokio::test]
    async fn writing_transactions_wait_for_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("weft.db").display());
        let control = Control::connect(&url).await.unwrap();
        let held = control.begin().await.unwrap();
        let waiting = tokio::spawn({
            let control = control.clone();
            async move { control.begin().await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(held);
        waiting.await.unwrap().unwrap();
    }
}
