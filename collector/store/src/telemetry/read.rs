//! Asking: SQL with named parameters in, serde values out.
//!
//! Answers come as one JSON object per line, so that a row is the same struct that the API shows. Every question has a
//! time limit; a row limit stands in the SQL itself.

use std::time::Duration;

use clickhouse::query::Query;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::{Error, Telemetry, classify};

/// A screen is never worth more; a detector round over the largest fleet takes a few seconds per query.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A restart of the embedded engine takes about a second: ask again instead of failing a page.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// A question being put together.
pub struct Select {
    query: Query,
}

impl Telemetry {
    pub(super) fn select(&self, sql: &str) -> Select {
        let query = self
            .client
            .query_raw(sql)
            .with_setting("output_format_json_quote_64bit_integers", "0")
            .with_setting("date_time_output_format", "iso")
            .with_setting("output_format_json_named_tuples_as_objects", "1")
            .with_setting("enable_named_columns_in_function_tuple", "0")
            // An alias that repeats a column's name must not change what WHERE means.
            .with_setting("prefer_column_name_to_alias", "1")
            .with_setting("max_execution_time", TIMEOUT.as_secs().to_string());
        Select { query }
    }
}

impl Select {
    /// `{name:Type}` in the SQL.
    pub fn with(self, name: &str, value: impl Serialize) -> Self {
        Self {
            query: self.query.param(name, value),
        }
    }

    /// `fromUnixTimestamp64Micro({name:Int64})` in the SQL: a number has no time zone and no format.
    pub fn at(self, name: &str, value: Timestamp) -> Self {
        self.with(name, value.as_microsecond())
    }

    pub async fn all<T: DeserializeOwned>(self) -> Result<Vec<T>, Error> {
        let bytes = self.bytes().await?;
        let lines = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).map_err(Error::from))
            .collect()
    }

    pub async fn one<T: DeserializeOwned>(self) -> Result<Option<T>, Error> {
        Ok(self.all().await?.into_iter().next())
    }

    async fn bytes(self) -> Result<bytes::Bytes, Error> {
        let mut attempt = 1;
        loop {
            let asked = async {
                self.query
                    .clone()
                    .fetch_bytes("JSONEachRow")?
                    .collect()
                    .await
            };
            let error = match tokio::time::timeout(TIMEOUT, asked).await {
                Ok(Ok(bytes)) => return Ok(bytes),
                Ok(Err(error)) => classify(error, attempt),
                Err(_) => classify(clickhouse::error::Error::TimedOut, attempt),
            };
            let worth_it = matches!(
                &error,
                Error::Unavailable {
                    source: clickhouse::error::Error::Network(_),
                    ..
                }
            );
            if !worth_it || attempt == ATTEMPTS {
                return Err(error);
            }
            attempt += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }
}
