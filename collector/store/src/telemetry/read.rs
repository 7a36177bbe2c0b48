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

/// Work on the whole fleet: a first fold of a large store takes minutes, in steps of seconds each.
const WORK_TIMEOUT: Duration = Duration::from_secs(600);

/// Memory of one piece of work, By. A round's pieces come one after the other, so the engine stays under 1.5 GiB with its
/// caches; what needs more goes to disk from [`SPILL`] on.
const WORK_MEMORY: u64 = 1_000_000_000;
const SPILL: u64 = 350_000_000;

/// Rows that a person reads; more is a file.
const LOOK_ROWS: &str = "10000";

/// Detection must leave a core to ingest on the smallest machine that is worth it.
const WORK_THREADS: u32 = 2;

/// A restart of the embedded engine takes about a second: ask again instead of failing a page.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// A question being put together.
pub struct Select {
    query: Query,
    timeout: Duration,
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
        Select {
            query,
            timeout: TIMEOUT,
        }
    }

    /// A question or a fold over the whole fleet: one at a time, within bounds of memory and threads, with more time.
    pub(super) fn work(&self, sql: &str) -> Select {
        let Select { query, .. } = self.select(sql);
        let query = query
            .with_setting("max_execution_time", WORK_TIMEOUT.as_secs().to_string())
            .with_setting("max_memory_usage", WORK_MEMORY.to_string())
            .with_setting("max_bytes_before_external_group_by", SPILL.to_string())
            .with_setting("max_bytes_before_external_sort", SPILL.to_string())
            .with_setting("max_threads", WORK_THREADS.to_string())
            .with_setting("max_insert_threads", "1")
            // Grouping by the head of a table's order needs one group in memory, not all.
            .with_setting("optimize_aggregation_in_order", "1");
        Select {
            query,
            timeout: WORK_TIMEOUT,
        }
    }
}

impl Telemetry {
    /// Any question in SQL, for people who know it: it can change nothing, and is cut at [`LOOK_ROWS`] rows.
    pub async fn look(
        &self,
        sql: &str,
    ) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, Error> {
        let Select { query, timeout } = self.work(sql);
        let query = query
            .with_setting("readonly", "2")
            .with_setting("max_result_rows", LOOK_ROWS)
            .with_setting("result_overflow_mode", "break");
        Select { query, timeout }.all().await
    }

    /// A statement of ours with numbers in it, for benches that make a fleet inside the store. Not for anybody's input.
    pub async fn statement(&self, sql: &str, numbers: &[(&str, i64)]) -> Result<(), Error> {
        let mut work = self.work(sql);
        for (name, number) in numbers {
            work = work.with(name, number);
        }
        work.run().await
    }
}

/// Rows as they come, one JSON object per line.
pub struct Rows<T> {
    cursor: clickhouse::query::BytesCursor,
    /// The beginning of a row whose end has not come.
    rest: Vec<u8>,
    timeout: Duration,
    of: std::marker::PhantomData<T>,
}

impl<T: DeserializeOwned> Rows<T> {
    /// The next rows; `None` at the end. Memory holds one piece of the answer, never all of it.
    pub async fn some(&mut self) -> Result<Option<Vec<T>>, Error> {
        loop {
            let next = tokio::time::timeout(self.timeout, self.cursor.next()).await;
            let piece = match next {
                Ok(Ok(piece)) => piece,
                Ok(Err(error)) => return Err(classify(error, 1)),
                Err(_) => return Err(classify(clickhouse::error::Error::TimedOut, 1)),
            };
            let Some(piece) = piece else {
                let last = std::mem::take(&mut self.rest);
                return match last.is_empty() {
                    true => Ok(None),
                    false => Ok(Some(vec![serde_json::from_slice(&last)?])),
                };
            };
            let Some(end) = piece.iter().rposition(|byte| *byte == b'\n') else {
                self.rest.extend_from_slice(&piece);
                continue;
            };
            let (whole, begun) = piece.split_at(end + 1);
            let mut rows = Vec::new();
            let mut lines = whole.split(|byte| *byte == b'\n');
            if let Some(first) = lines.next() {
                self.rest.extend_from_slice(first);
                if !self.rest.is_empty() {
                    rows.push(serde_json::from_slice(&self.rest)?);
                }
            }
            for line in lines.filter(|line| !line.is_empty()) {
                rows.push(serde_json::from_slice(line)?);
            }
            self.rest.clear();
            self.rest.extend_from_slice(begun);
            return Ok(Some(rows));
        }
    }
}

impl Select {
    /// `{name:Type}` in the SQL.
    pub fn with(self, name: &str, value: impl Serialize) -> Self {
        Self {
            query: self.query.param(name, value),
            timeout: self.timeout,
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

    /// For answers that are too large to hold as text.
    pub fn rows<T: DeserializeOwned>(self) -> Result<Rows<T>, Error> {
        let cursor = self
            .query
            .fetch_bytes("JSONEachRow")
            .map_err(|error| classify(error, 1))?;
        Ok(Rows {
            cursor,
            rest: Vec::new(),
            timeout: self.timeout,
            of: std::marker::PhantomData,
        })
    }

    /// A statement without an answer.
    pub async fn run(self) -> Result<(), Error> {
        match tokio::time::timeout(self.timeout, self.query.execute()).await {
            Ok(done) => done.map_err(|error| classify(error, 1)),
            Err(_) => Err(classify(clickhouse::error::Error::TimedOut, 1)),
        }
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
            let error = match tokio::time::timeout(self.timeout, asked).await {
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
