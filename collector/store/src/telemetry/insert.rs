//! Writing a block, exactly once.
//!
//! An insert whose answer did not come may have happened. It is sent again as the same block with the same
//! `insert_deduplication_token`, and ClickHouse skips what it has. Two things can go wrong with that alone, and both are
//! met here: the engine notes a token *before* it publishes the part, so a crash in between makes it skip a block that it
//! does not have. Therefore a repeated insert is checked by reading back, and written under a fresh token when it is
//! missing; and a token is never derived from the rows, or a new collector would inherit the dead one's. Should a row
//! stand twice after all, `ReplacingMergeTree` and queries that count a number once settle it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clickhouse::native::Block;
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use weft_collector_core::{device::DeviceId, event::Event};

use super::{Error, Telemetry, classify, rows};

/// Handing over a chunk to a local server takes microseconds.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Writing and syncing the largest block takes under a second on a slow disk.
const END_TIMEOUT: Duration = Duration::from_secs(30);

/// How long one call keeps trying. An engine restart takes about a second; beyond this the agent keeps its spool and
/// comes again.
const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Blocks in doubt that are remembered. A collector has one writer and hence one; callers that give up are few.
const MAX_DOUBTS: usize = 256;

/// Tokens of inserts that began and did not end with a yes or a no, by the rows they carried: who comes again with the
/// same rows uses the same token.
#[derive(Clone, Default)]
pub struct Doubts(Arc<Mutex<BTreeMap<[u8; 32], String>>>);

impl Telemetry {
    /// Stores all of `events` as one block, durable on return. Rows with the same `received_at` month make one part, which
    /// is there whole or not at all: a report must not be split over two calls. At most about 50,000 rows.
    pub async fn insert(&self, events: &[Event]) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let block = rows::block(events)?;
        let rows = name(events);
        let (token, doubted) = self.doubts.begin(rows);
        let inserted = self.insert_until_known(&block, &token).await;
        if inserted.as_ref().is_err_and(Error::is_transient) {
            return inserted.map(|_| ());
        }
        self.doubts.end(rows);
        if (inserted? == Attempts::One && !doubted) || self.holds(events).await? {
            return Ok(());
        }
        tracing::warn!(
            rows = events.len(),
            "a dying engine noted a block and did not keep it; writing it again"
        );
        self.insert_until_known(&block, &Uuid::new_v4().to_string())
            .await?;
        Ok(())
    }

    /// Repeats the same block under the same token until ClickHouse says yes or no.
    async fn insert_until_known(&self, block: &Block, token: &str) -> Result<Attempts, Error> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = PAUSE.0;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match self.insert_once(block, token).await {
                Ok(()) if attempts == 1 => return Ok(Attempts::One),
                Ok(()) => return Ok(Attempts::Several),
                Err(error) => classify(error, attempts),
            };
            if !error.is_transient() || Instant::now() + pause >= deadline {
                return Err(error);
            }
            tracing::debug!(%error, attempts, "insert will be repeated");
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    async fn insert_once(
        &self,
        block: &Block,
        token: &str,
    ) -> Result<(), clickhouse::error::Error> {
        let mut insert = self
            .client
            .insert_native("observations")
            .with_timeouts(Some(SEND_TIMEOUT), Some(END_TIMEOUT))
            .with_setting("insert_deduplicate", "1")
            .with_setting("insert_deduplication_token", token);
        insert.write(block).await?;
        insert.end().await
    }

    /// True when the store has the first and the last row of every report. A part is there whole or not at all.
    async fn holds(&self, events: &[Event]) -> Result<bool, Error> {
        #[derive(serde::Deserialize)]
        struct Found {
            found: u64,
        }
        let mut ends: BTreeMap<(DeviceId, Uuid), (u64, u64)> = BTreeMap::new();
        for event in events {
            let (low, high) = ends
                .entry((event.device, event.epoch))
                .or_insert((event.seq, event.seq));
            *low = (*low).min(event.seq);
            *high = (*high).max(event.seq);
        }
        let mut wanted: Vec<String> = Vec::new();
        for ((device, epoch), (low, high)) in ends {
            for seq in [low, high] {
                wanted.push(format!("(toUUID('{device}'), toUUID('{epoch}'), {seq})"));
            }
        }
        wanted.dedup();
        let sql = format!(
            "SELECT uniqExact(device, epoch, seq) AS found FROM observations WHERE (device, epoch, seq) IN ({})",
            wanted.join(", ")
        );
        let found: Option<Found> = self.select(&sql).one().await?;
        Ok(found.is_some_and(|row| row.found == wanted.len() as u64))
    }
}

/// How many times a block was sent before the answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempts {
    One,
    Several,
}

impl Doubts {
    /// The token for these rows, and whether an earlier insert of them is in doubt.
    fn begin(&self, rows: [u8; 32]) -> (String, bool) {
        let mut doubts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = doubts.get(&rows) {
            return (token.clone(), true);
        }
        if doubts.len() >= MAX_DOUBTS {
            doubts.pop_first();
        }
        let token = Uuid::new_v4().to_string();
        doubts.insert(rows, token.clone());
        (token, false)
    }

    fn end(&self, rows: [u8; 32]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&rows);
    }
}

/// Names a block by the numbers in it.
fn name(events: &[Event]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    for event in events {
        hash.update(event.device.0.as_bytes());
        hash.update(event.epoch.as_bytes());
        hash.update(&event.seq.to_le_bytes());
    }
    *hash.finalize().as_bytes()
}
