//! The spool as the agent uses it: the pipeline writes redacted observations, the shipper reads them back.
//!
//! Invariant: [`Queue::append`] takes nothing but [`Redacted`] observations, and there is no other way in. What the collector
//! acknowledged is written into the owner's journal before the spool forgets it. Only who writes or reads the disk waits for
//! the disk: a look at the numbers never does, and the shipper's reads wait on a thread of their own, so that a disk that
//! hangs for minutes silences neither the connection nor the service manager.

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use prost::Message as _;
use tokio::sync::Notify;
use weft_agent_spool::{Error, Limits, Opening, Reason, Spool, Stats};
use weft_proto::v1::{Gap, Observation, gap};

use crate::{
    observation::{kind_name, kind_tag},
    redact::Redacted,
    sent::Journal,
    transport::{
        Source, SourceError,
        source::{Answer, Batch, Epoch},
    },
};

/// Records read at a time for the journal.
const JOURNAL_BATCH: usize = 64;
const JOURNAL_BYTES: usize = 32 * 1024;

/// Kinds that nobody waits for: they may travel together.
const ROUTINE: [&str; 3] = ["vitals", "inventory", "agent_health"];

/// See the module.
pub struct Queue {
    store: Arc<Store>,
    appended: Notify,
    /// Number of the last observation that is more than routine.
    urgent: AtomicU64,
}

/// What lies on the disk. Its locks are held while the disk works.
struct Store {
    spool: Mutex<Spool>,
    journal: Mutex<Journal>,
    /// The head when this process began: what lies below was given by an earlier life (see `Spool::renew`).
    began_at: Mutex<u64>,
    /// Never held while the disk works.
    seen: Mutex<Seen>,
    clock: fn() -> jiff::Timestamp,
}

/// How the spool was when its last user left it.
#[derive(Clone)]
struct Seen {
    epoch: Epoch,
    head: u64,
    stats: Stats,
}

impl Seen {
    fn of(spool: &Spool) -> Self {
        Self {
            epoch: spool.epoch(),
            head: spool.head(),
            stats: spool.stats(),
        }
    }
}

/// The spool in use.
struct InUse<'a> {
    spool: MutexGuard<'a, Spool>,
    seen: &'a Mutex<Seen>,
}

impl Deref for InUse<'_> {
    type Target = Spool;

    fn deref(&self) -> &Spool {
        &self.spool
    }
}

impl DerefMut for InUse<'_> {
    fn deref_mut(&mut self) -> &mut Spool {
        &mut self.spool
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen::of(&self.spool);
    }
}

impl Queue {
    /// Opens the spool and the journal in the state directory.
    ///
    /// # Errors
    /// Another process has it, or the disk refuses.
    pub fn open(
        state: &Path,
        limits: Limits,
        clock: fn() -> jiff::Timestamp,
    ) -> Result<(Self, Opening), Error> {
        let (spool, opening) = Spool::open(
            weft_agent_spool::Disk,
            state.join("spool"),
            limits,
            rand::random(),
            millis(clock()),
        )?;
        let queue = Self {
            // What waited over a restart has waited long enough.
            urgent: AtomicU64::new(spool.head().saturating_sub(1)),
            appended: Notify::new(),
            store: Arc::new(Store {
                began_at: Mutex::new(spool.head()),
                seen: Mutex::new(Seen::of(&spool)),
                spool: Mutex::new(spool),
                journal: Mutex::new(Journal::new(state)),
                clock,
            }),
        };
        Ok((queue, opening))
    }

    /// Makes observations durable and gives them numbers, all or none.
    ///
    /// # Errors
    /// See [`Spool::append`]; no number was given.
    pub fn append(&self, observations: &[Redacted<Observation>]) -> Result<(), Error> {
        let encoded: Vec<(u8, Vec<u8>)> = observations
            .iter()
            .map(|one| (kind_tag(one.get()), one.encode()))
            .collect();
        let records: Vec<(u8, &[u8])> = encoded
            .iter()
            .map(|(kind, bytes)| (*kind, bytes.as_slice()))
            .collect();
        let is_urgent = observations
            .iter()
            .any(|one| !ROUTINE.contains(&kind_name(one.get())));
        {
            let mut spool = self.store.spool();
            spool.append(&records, millis((self.store.clock)()))?;
            if is_urgent {
                let last = spool.head().saturating_sub(1);
                self.urgent.store(last, Ordering::Relaxed);
            }
        }
        self.appended.notify_one();
        Ok(())
    }

    /// New limits; they bite at the next append.
    pub fn set_limits(&self, limits: Limits) {
        self.store.spool().set_limits(limits);
    }

    /// A snapshot.
    pub fn stats(&self) -> Stats {
        self.store.seen().stats
    }

    /// The spool's life that numbers are given in now.
    pub fn epoch(&self) -> Epoch {
        self.store.seen().epoch
    }

    /// Writes what is only in memory.
    ///
    /// # Errors
    /// From the file system.
    pub fn flush(&self) -> Result<(), Error> {
        self.store.spool().flush()
    }

    /// On a thread that may wait for the disk.
    fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, SourceError> + Send + 'static,
    ) -> Answer<'_, T> {
        let store = Arc::clone(&self.store);
        Box::pin(async move {
            tokio::task::spawn_blocking(move || work(&store))
                .await
                .unwrap_or_else(|error| Err(SourceError(format!("the spool failed: {error}"))))
        })
    }
}

impl Store {
    fn spool(&self) -> InUse<'_> {
        InUse {
            spool: self.spool.lock().unwrap_or_else(PoisonError::into_inner),
            seen: &self.seen,
        }
    }

    fn seen(&self) -> Seen {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Copies what is about to be forgotten into the owner's journal.
    fn journal(&self, spool: &mut Spool, seq: u64) -> Result<(), Error> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = spool.epoch();
        let mut from = spool.stats().acknowledged + 1;
        while from <= seq {
            let batch = spool.read(from, JOURNAL_BATCH, JOURNAL_BYTES)?;
            let settled = batch.records.iter().take_while(|record| record.seq <= seq);
            let observations = settled.filter_map(|record| {
                Some((record.seq, Observation::decode(&*record.payload).ok()?))
            });
            journal.write(&epoch, observations, (self.clock)());
            if batch.next_seq() <= from {
                break;
            }
            from = batch.next_seq();
        }
        Ok(())
    }

    fn read(&self, from: u64, max_observations: usize, max_bytes: usize) -> Result<Batch, Error> {
        let read = self.spool().read(from, max_observations, max_bytes)?;
        let mut batch = Batch {
            first_seq: read.first_seq,
            gaps: read.gaps.iter().map(wire_gap).collect(),
            ..Batch::default()
        };
        for record in read.records {
            match Observation::decode(&*record.payload) {
                Ok(observation) => batch.observations.push(observation),
                // Written by a version that we do not understand: declare it, alone, in its place.
                Err(_) if batch.observations.is_empty() => {
                    batch.gaps.push(Gap {
                        first_seq: record.seq,
                        last_seq: record.seq,
                        reason: gap::Reason::Undecodable.into(),
                    });
                    batch.first_seq = record.seq + 1;
                }
                Err(_) => break,
            }
        }
        Ok(batch)
    }

    fn acknowledge(&self, seq: u64) -> Result<(), Error> {
        let mut spool = self.spool();
        self.journal(&mut spool, seq)?;
        spool.acknowledge(seq)
    }

    fn renew(&self) -> Result<(), Error> {
        let mut began_at = self.began_at.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spool = self.spool();
        tracing::warn!(
            "the collector knows numbers that this spool never gave (restored from a backup?): a new epoch begins"
        );
        spool.renew(rand::random(), *began_at, millis((self.clock)()))?;
        // All of the new epoch is news.
        *began_at = 1;
        Ok(())
    }
}

impl Source for Queue {
    fn head(&self) -> (Epoch, u64) {
        let seen = self.store.seen();
        (seen.epoch, seen.head)
    }

    fn read(&self, from: u64, max_observations: usize, max_bytes: usize) -> Answer<'_, Batch> {
        self.aside(move |store| {
            store
                .read(from, max_observations, max_bytes)
                .map_err(failed)
        })
    }

    fn acknowledge(&self, seq: u64) -> Answer<'_, ()> {
        self.aside(move |store| store.acknowledge(seq).map_err(failed))
    }

    fn renew(&self) -> Answer<'_, ()> {
        self.aside(|store| store.renew().map_err(failed))
    }

    fn appended(&self) -> &Notify {
        &self.appended
    }

    fn is_urgent(&self, from: u64) -> bool {
        self.urgent.load(Ordering::Relaxed) >= from
    }
}

fn failed(error: Error) -> SourceError {
    SourceError(format!("the spool failed: {error}"))
}

fn wire_gap(gap: &weft_agent_spool::Gap) -> Gap {
    let reason = match gap.reason {
        Reason::Full => gap::Reason::SpoolFull,
        Reason::Expired => gap::Reason::Expired,
        Reason::Corrupt => gap::Reason::Corrupt,
        // Acknowledged once and asked for again: the loss is the collector's, and the wire has no word for it.
        Reason::Forgotten => gap::Reason::Unspecified,
    };
    Gap {
        first_seq: gap.first,
        last_seq: gap.last,
        reason: reason.into(),
    }
}

/// Unix time in ms; the spool takes time before 1970 for 1970.
pub fn millis(at: jiff::Timestamp) -> u64 {
    at.as_millisecond().try_into().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_disk_that_hangs_holds_only_who_uses_it() {
        let state = tempfile::tempdir().unwrap();
        let (queue, _) =
            Queue::open(state.path(), Limits::default(), jiff::Timestamp::now).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        // As while a sync to the disk does not return.
        let hanging = queue.store.spool();
        runtime.block_on(async {
            assert_eq!((queue.head().1, queue.stats().waiting), (1, 0));
            let mut reading = queue.read(1, 10, 1000);
            let turned = tokio::time::timeout(Duration::from_millis(20), &mut reading).await;
            assert!(turned.is_err(), "the runtime turns while the disk hangs");
            drop(hanging);
            assert!(reading.await.unwrap().is_empty());
        });
    }
}
