//! Where the shipper takes observations from: the spool, or a plain list for a simulator.
//!
//! Invariant: what [`Source::read`] returned stays readable until it was acknowledged.

use std::{pin::Pin, sync::Mutex};

use tokio::sync::Notify;
use weft_proto::v1::{Gap, Observation, gap::Reason};

/// 16 random bytes.
pub type Epoch = [u8; weft_proto::ID_BYTES];

/// What follows a number: gaps, then observations without holes.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Number of `observations[0]`, or the next number.
    pub first_seq: u64,
    /// Without holes.
    pub observations: Vec<Observation>,
    /// Directly before `first_seq`.
    pub gaps: Vec<Gap>,
}

impl Batch {
    /// The number after all of it.
    pub fn next_seq(&self) -> u64 {
        self.first_seq + self.observations.len() as u64
    }

    /// Nothing to send.
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty() && self.gaps.is_empty()
    }
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// What a store says when its disk lets it: nobody else waits for that.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send + 'a>>;

/// A numbered queue of observations.
pub trait Source: Send + Sync {
    /// This life of the queue, and the number that the next observation will get.
    fn head(&self) -> (Epoch, u64);
    /// What follows from `from` on.
    ///
    /// # Errors
    /// When it cannot be read now.
    fn read(&self, from: u64, max_observations: usize, max_bytes: usize) -> Answer<'_, Batch>;
    /// Everything up to `seq` is durable at the collector.
    ///
    /// # Errors
    /// When the number was never given.
    fn acknowledge(&self, seq: u64) -> Answer<'_, ()>;
    /// The collector knows numbers that were never given here: begin a new epoch.
    ///
    /// # Errors
    /// When the store refuses.
    fn renew(&self) -> Answer<'_, ()>;
    /// Notified after each append.
    fn appended(&self) -> &Notify;
    /// Whether anything from this number on is more than routine.
    fn is_urgent(&self, _from: u64) -> bool {
        true
    }
}

/// A queue in memory, for simulators and tests. It keeps everything that was not acknowledged.
pub struct MemorySource {
    state: Mutex<Memory>,
    appended: Notify,
}

struct Memory {
    epoch: Epoch,
    /// Number of queue[0].
    first: u64,
    queue: std::collections::VecDeque<Observation>,
}

impl MemorySource {
    /// An empty queue.
    pub fn new(epoch: Epoch) -> Self {
        Self::resume(epoch, 1)
    }

    /// A queue whose next number is `next_seq` (a simulator that was stopped goes on).
    pub fn resume(epoch: Epoch, next_seq: u64) -> Self {
        let state = Memory {
            epoch,
            first: next_seq,
            queue: std::collections::VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
            appended: Notify::new(),
        }
    }

    /// Adds observations at the end.
    pub fn push(&self, observations: impl IntoIterator<Item = Observation>) {
        self.lock().queue.extend(observations);
        self.appended.notify_one();
    }

    /// How many wait for an acknowledgement.
    pub fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    fn read_now(&self, from: u64, max_observations: usize, max_bytes: usize) -> Batch {
        let state = self.lock();
        let mut batch = Batch {
            first_seq: from.max(state.first),
            ..Batch::default()
        };
        if from < state.first {
            batch.gaps.push(Gap {
                first_seq: from,
                last_seq: state.first - 1,
                reason: Reason::Unspecified.into(),
            });
        }
        let skip = (batch.first_seq - state.first) as usize;
        let mut bytes = 0;
        for observation in state.queue.iter().skip(skip).take(max_observations) {
            bytes += prost::Message::encoded_len(observation);
            if bytes > max_bytes && !batch.observations.is_empty() {
                break;
            }
            batch.observations.push(observation.clone());
        }
        batch
    }

    fn acknowledge_now(&self, seq: u64) -> Result<(), SourceError> {
        let mut state = self.lock();
        let head = state.first + state.queue.len() as u64;
        if seq >= head {
            return Err(SourceError(format!(
                "number {seq} was acknowledged but the head is {head}"
            )));
        }
        let settled = (seq + 1).saturating_sub(state.first) as usize;
        state.queue.drain(..settled);
        state.first = state.first.max(seq + 1);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn answer<'a, T: Send + 'a>(now: Result<T, SourceError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(now))
}

impl Source for MemorySource {
    fn head(&self) -> (Epoch, u64) {
        let state = self.lock();
        (state.epoch, state.first + state.queue.len() as u64)
    }

    fn read(&self, from: u64, max_observations: usize, max_bytes: usize) -> Answer<'_, Batch> {
        answer(Ok(self.read_now(from, max_observations, max_bytes)))
    }

    fn acknowledge(&self, seq: u64) -> Answer<'_, ()> {
        answer(self.acknowledge_now(seq))
    }

    fn renew(&self) -> Answer<'_, ()> {
        answer(Err(SourceError("the collector knows numbers that this queue never gave: two simulators share one identity".into())))
    }

    fn appended(&self) -> &Notify {
        &self.appended
    }
}
