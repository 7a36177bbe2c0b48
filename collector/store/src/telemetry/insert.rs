//! Writing a block, exactly once.
//!
//! An insert whose answer did not come may have happened. It is sent again as the same block with the same
//! `insert_deduplication_token`, and ClickHouse skips what it has. Two things can go wrong with that alone, and both are
//! met here: the engine notes a token *before* it publishes the part, so a crash in between makes it skip a block that it
//! does not have; therefore a repeated insert is checked by reading back, and written under a fresh token when it is
//! missing. Should a block stand twice after all, `ReplacingMergeTree` and queries that count numbers once settle it.

use std::{collections::BTreeMap, time::Duration};

use clickhouse::native::Block;
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use weft_collector_core::{device::DeviceId, event::Event};

use super::{Error, Telemetry, classify, rows};

/// Most rows of one block. Well under `max_insert_block_size` (1,048,449), so that a block is one part.
pub const MAX_ROWS: usize = 50_000;

/// Handing over a chunk to a local server takes microseconds.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Writing and syncing the largest block takes under a second on a slow disk.
const END_TIMEOUT: Duration = Duration::from_secs(30);

/// How long one call keeps trying. An engine restart takes about a second; beyond this the agent keeps its spool and
/// comes again.
const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

impl Telemetry {
    /// Stores one report: all of it or nothing, durable on return. `events` of one report share one `received_at`.
    pub async fn insert(&self, events: &[Event]) -> Result<(), Error> {
        self.insert_rows(&events.iter().collect::<Vec<_>>()).await
    }

    /// Stores many reports in as few parts as possible, each of them whole.
    pub async fn insert_group(&self, reports: &[Vec<Event>]) -> Result<(), Error> {
        let mut rows: Vec<&Event> = Vec::new();
        for report in reports {
            if !rows.is_empty() && rows.len() + report.len() > MAX_ROWS {
                self.insert_rows(&rows).await?;
                rows.clear();
            }
            rows.extend(report);
        }
        self.insert_rows(&rows).await
    }

    async fn insert_rows(&self, events: &[&Event]) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let block = rows::block(events)?;
        let token = token(events);
        let outcome = self.insert_until_known(&block, &token).await?;
        if outcome == Attempts::One || self.holds(events).await? {
            return Ok(());
        }
        tracing::warn!(
            rows = events.len(),
            "a block was noted but not kept by a dying engine; writing it again"
        );
        self.insert_until_known(&block, &format!("{token}-{}", Uuid::new_v4()))
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
    async fn holds(&self, events: &[&Event]) -> Result<bool, Error> {
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempts {
    One,
    Several,
}

/// Names a block by the numbers in it: the same rows give the same token in every process.
fn token(events: &[&Event]) -> String {
    let mut hash = blake3::Hasher::new();
    for event in events {
        hash.update(event.device.0.as_bytes());
        hash.update(event.epoch.as_bytes());
        hash.update(&event.seq.to_le_bytes());
    }
    hash.finalize().to_hex().to_string()
}
