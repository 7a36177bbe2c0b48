//! What devices reported: ClickHouse, embedded or elsewhere.
//!
//! **Invariant: a number that is acknowledged is on disk, once.** [`Telemetry::insert`] returns after the block is
//! durable; [`Telemetry::watermark`] is read back from the same table, so no bookkeeping can disagree with the data.
//! Nothing here is ever changed after it was stored; what people decide lives in [`crate::control`].

mod schema;

mod block;
mod insert;
mod rows;

mod books;
mod parts;
mod read;
mod scope;

mod apps;
mod behind;
mod device;
mod evidence;
mod fold;
mod literal;
mod overview;
mod retention;

use clickhouse::Client;
use secrecy::ExposeSecret as _;
pub use weft_collector_engine::Endpoint;

pub use self::{
    apps::AppOfFleet,
    behind::Behind,
    books::Loss,
    device::{
        Battery, Boot, Component, DeviceApp, Disk, Health, Inventory, MAX_POINTS, Process, Slice,
        VitalsSeries,
    },
    evidence::{EndsOfMonth, Reading, Restarts},
    fold::Folded,
    literal::{After, Literal, Wanted},
    overview::{AppOfWeek, BootsOfDay, DeviceDay, ObservationCounts, OsBuild, UnexpectedOfModel},
    parts::Part,
    retention::{Expired, KeepDays},
    scope::Of,
};

/// The database of a collector.
pub const DATABASE: &str = "weft";

/// A handle on the store; clones share the connections.
#[derive(Clone)]
pub struct Telemetry {
    client: Client,
    doubts: insert::Doubts,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Telemetry {
    /// Opens no connection yet.
    pub fn connect(endpoint: &Endpoint) -> Self {
        let client = Client::default()
            .with_url(&endpoint.url)
            .with_user(&endpoint.user)
            .with_password(endpoint.password.expose_secret())
            .with_database(DATABASE)
            // Since ClickHouse 26 a server may buffer small inserts by itself; an ack must mean disk.
            .with_setting("async_insert", "0");
        Self {
            client,
            doubts: insert::Doubts::default(),
        }
    }

    /// True when the store answers.
    pub async fn answers(&self) -> bool {
        self.client.query_raw("SELECT 1").execute().await.is_ok()
    }

    /// The engine's version, e.g. "26.7.2.1".
    pub async fn version(&self) -> Result<String, Error> {
        #[derive(serde::Deserialize)]
        struct Version {
            version: String,
        }
        let row: Option<Version> = self.select("SELECT version() AS version").one().await?;
        Ok(row.map(|row| row.version).unwrap_or_default())
    }
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Try again later: nothing is known to be wrong with the request. What was not acknowledged will be sent again.
    #[error("ClickHouse does not answer (after {attempts} attempts): {source}")]
    Unavailable {
        attempts: u32,
        source: clickhouse::error::Error,
    },
    /// ClickHouse refused; trying again changes nothing.
    #[error("ClickHouse refused: {0}")]
    Refused(clickhouse::error::Error),
    /// An answer that this version does not understand.
    #[error("unexpected answer of ClickHouse: {0}")]
    Answer(#[from] serde_json::Error),
    /// A row that cannot be written in ClickHouse's format: a defect of this crate.
    #[error("cannot write a block: {0}")]
    Block(String),
    /// The database was written by a newer collector.
    #[error(
        "the telemetry schema is version {found}, this collector knows {known}: run the newer collector"
    )]
    TooNew { found: u32, known: u32 },
}

impl Error {
    /// True when the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// A client error seen once, by what it means for the caller.
fn classify(source: clickhouse::error::Error, attempts: u32) -> Error {
    match source {
        clickhouse::error::Error::Network(_) | clickhouse::error::Error::TimedOut => {
            Error::Unavailable { attempts, source }
        }
        clickhouse::error::Error::BadResponse(ref text) if is_passing(text) => {
            Error::Unavailable { attempts, source }
        }
        _ => Error::Refused(source),
    }
}

/// Server errors that go away by themselves, by their names in <https://clickhouse.com/docs> (`system.errors`).
fn is_passing(text: &str) -> bool {
    const PASSING: [&str; 12] = [
        "TIMEOUT_EXCEEDED",
        "TOO_MANY_PARTS",
        "TOO_MANY_SIMULTANEOUS_QUERIES",
        "MEMORY_LIMIT_EXCEEDED",
        "NETWORK_ERROR",
        "SOCKET_TIMEOUT",
        "ATTEMPT_TO_READ_AFTER_EOF",
        "CANNOT_READ_ALL_DATA",
        "NOT_ENOUGH_SPACE",
        "TABLE_IS_READ_ONLY",
        "ABORTED",
        "QUERY_WAS_CANCELLED",
    ];
    PASSING.iter().any(|name| text.contains(name))
}
