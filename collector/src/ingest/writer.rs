//! The one writer: gathers reports of many devices, inserts them as one block, then acknowledges.
//!
//! **Invariant:** inserts happen one after the other, in the order of the queue, and none is begun before the one before
//! is known to be durable. So the rows of a device never have a hole, whenever the process dies. A report that ClickHouse
//! refuses ends its session, so that nothing after it can become durable, and takes no neighbour along.

use std::{future::Future, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_collector_core::{
    device::DeviceId,
    event::{Event, Outcome},
};
use weft_collector_store::telemetry::{self, Telemetry};
use weft_proto::v1::Rejection;

use super::{Bookkeeper, Sessions, bookkeeper::Note};
use crate::{
    clock::Clock,
    metrics::{Metrics, OutcomeLabel},
};

/// Reports in the queue; the byte budget is what really bounds it.
const QUEUE_REPORTS: usize = 4_096;
/// One permit of the byte budget.
const PERMIT_BYTES: usize = 1_024;
/// Below this share of free budget agents are told to slow down.
const SLOW_BELOW: f64 = 0.25;
/// An insert takes milliseconds; after this long ClickHouse counts as slow, and agents are told.
const SLOW_AFTER: Duration = Duration::from_secs(2);
/// Between attempts; the store itself has tried several times by then.
const RETRY: Duration = Duration::from_secs(1);
/// After the signal to stop: how long the insert under way may still take.
const LAST_INSERT: Duration = Duration::from_secs(5);

/// Where reports become durable.
pub trait Durable: Clone + Send + Sync + 'static {
    /// All of `events` or none of them, as one block; durable on return.
    fn insert(&self, events: &[Event]) -> impl Future<Output = Result<(), NotDurable>> + Send;

    /// Highest number of this spool that is durable; 0 for none.
    fn watermark(
        &self,
        device: DeviceId,
        epoch: Uuid,
    ) -> impl Future<Output = Result<u64, NotDurable>> + Send;
}

/// Why rows are not known to be durable.
#[derive(Debug, thiserror::Error)]
pub enum NotDurable {
    /// Trying again may help.
    #[error("{0}")]
    Later(String),
    /// Trying again changes nothing.
    #[error("{0}")]
    Never(String),
}

impl From<telemetry::Error> for NotDurable {
    fn from(error: telemetry::Error) -> Self {
        if error.is_transient() {
            Self::Later(error.to_string())
        } else {
            Self::Never(error.to_string())
        }
    }
}

impl Durable for Telemetry {
    async fn insert(&self, events: &[Event]) -> Result<(), NotDurable> {
        Ok(Telemetry::insert(self, events).await?)
    }

    async fn watermark(&self, device: DeviceId, epoch: Uuid) -> Result<u64, NotDurable> {
        Ok(Telemetry::watermark(self, device, epoch).await?)
    }
}

/// A checked report on its way to ClickHouse.
pub struct Submission {
    pub device: DeviceId,
    pub epoch: Uuid,
    /// The session that brought it; worth nothing once a newer one has begun.
    pub session: u64,
    pub events: Vec<Event>,
    /// Their number.
    pub rows: usize,
    /// Last number of `events`.
    pub last_seq: u64,
    pub rejections: Vec<Rejection>,
    pub note: Note,
    pub settled: mpsc::Sender<Settled>,
    /// Encoded size: its part of the byte budget.
    pub bytes: usize,
}

/// The word back to a stream.
#[derive(Debug)]
pub enum Settled {
    Durable {
        seq: u64,
        rejections: Vec<Rejection>,
    },
    /// ClickHouse refused the report; the session is over.
    Refused,
}

/// How the way to ClickHouse is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    Calm,
    /// The queue is deep, or ClickHouse does not answer.
    High,
}

enum Item {
    Report(Box<Submission>, OwnedSemaphorePermit),
    /// Answered when everything before it is settled.
    Barrier(oneshot::Sender<()>),
}

/// The streams' end of the queue. Cloning shares it.
#[derive(Clone)]
pub struct Queue {
    items: mpsc::Sender<Item>,
    budget: Arc<Semaphore>,
    permits: usize,
    pressure: watch::Receiver<Pressure>,
}

impl Queue {
    /// Waits for room and hands the report over. Dropping the future before it is done hands over nothing.
    pub async fn submit(&self, submission: &mut Option<Submission>) {
        let Some(bytes) = submission.as_ref().map(|submission| submission.bytes) else {
            return;
        };
        let permits = (bytes / PERMIT_BYTES + 1).min(self.permits);
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        let (Ok(budget), Ok(slot)) = (
            self.budget.clone().acquire_many_owned(permits).await,
            self.items.reserve().await,
        ) else {
            // Closed only when the writer has ended: nothing is acknowledged any more, and the agent sends it again.
            std::future::pending::<()>().await;
            return;
        };
        if let Some(submission) = submission.take() {
            slot.send(Item::Report(Box::new(submission), budget));
        }
    }

    /// Returns when everything submitted before is settled; false when the writer has ended.
    pub async fn barrier(&self) -> bool {
        let (done, passed) = oneshot::channel();
        self.items.send(Item::Barrier(done)).await.is_ok() && passed.await.is_ok()
    }

    pub fn pressure(&self) -> watch::Receiver<Pressure> {
        self.pressure.clone()
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub queue_bytes: usize,
    pub batch_rows: usize,
    pub batch_delay: Duration,
}

pub struct Writer<D> {
    durable: D,
    bounds: Bounds,
    items: mpsc::Receiver<Item>,
    budget: Arc<Semaphore>,
    permits: usize,
    pressure: watch::Sender<Pressure>,
    sessions: Sessions,
    books: Bookkeeper,
    metrics: Arc<Metrics>,
    clock: Clock,
}

/// What goes into one insert.
#[derive(Default)]
struct Batch {
    reports: Vec<(Box<Submission>, OwnedSemaphorePermit)>,
    barriers: Vec<oneshot::Sender<()>>,
    rows: usize,
}

impl<D: Durable> Writer<D> {
    pub fn new(
        durable: D,
        bounds: Bounds,
        sessions: Sessions,
        books: Bookkeeper,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> (Queue, Self) {
        let (sender, items) = mpsc::channel(QUEUE_REPORTS);
        // A semaphore counts to u32 in one acquisition; 2^31 permits of 1 kB are 2 TB.
        let permits = (bounds.queue_bytes / PERMIT_BYTES).clamp(1, 1 << 31);
        let budget = Arc::new(Semaphore::new(permits));
        let (pressure, watching) = watch::channel(Pressure::Calm);
        let queue = Queue {
            items: sender,
            budget: budget.clone(),
            permits,
            pressure: watching,
        };
        let writer = Self {
            durable,
            bounds,
            items,
            budget,
            permits,
            pressure,
            sessions,
            books,
            metrics,
            clock,
        };
        (queue, writer)
    }

    /// Writes until every [`Queue`] is gone; after `stop` the insert under way gets a last moment.
    pub async fn run(mut self, stop: CancellationToken) {
        while let Some(mut batch) = self.gather().await {
            let events = rows(&mut batch, self.clock.now());
            if !self.write(batch, &events, &stop).await {
                tracing::warn!(
                    "stopping before ClickHouse answered; the agents will send what is left again"
                );
                return;
            }
        }
    }

    /// The next batch: the first item, and what comes within the delay, up to the limit.
    async fn gather(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        let first = self.items.recv().await?;
        self.take(&mut batch, first);
        let deadline = Instant::now() + self.bounds.batch_delay;
        while batch.rows < self.bounds.batch_rows {
            match timeout_at(deadline, self.items.recv()).await {
                Ok(Some(item)) => self.take(&mut batch, item),
                Ok(None) | Err(_) => break,
            }
        }
        Some(batch)
    }

    fn take(&self, batch: &mut Batch, item: Item) {
        match item {
            Item::Barrier(done) => batch.barriers.push(done),
            Item::Report(report, permit) => {
                if self.sessions.is_newest(report.device, report.session) {
                    batch.rows += report.rows;
                    batch.reports.push((report, permit));
                }
            }
        }
    }

    /// False when the house stops before everything is settled.
    async fn write(&mut self, batch: Batch, events: &[Event], stop: &CancellationToken) -> bool {
        match self.insert(events, stop).await {
            Inserted::Durable => self.settle(batch),
            Inserted::Stopped => return false,
            Inserted::Refused(error) => {
                tracing::error!(
                    rows = events.len(),
                    "ClickHouse refuses a block; trying its reports one by one: {error}"
                );
                return self.write_one_by_one(batch, events, stop).await;
            }
        }
        true
    }

    async fn write_one_by_one(
        &mut self,
        batch: Batch,
        mut events: &[Event],
        stop: &CancellationToken,
    ) -> bool {
        let Batch {
            reports, barriers, ..
        } = batch;
        for (report, budget) in reports {
            let (own, rest) = events.split_at(report.rows);
            events = rest;
            // An earlier report of the same session was refused: this one would leave a hole.
            if !self.sessions.is_newest(report.device, report.session) {
                continue;
            }
            match self.insert(own, stop).await {
                Inserted::Durable => self.settle_one(report, budget),
                Inserted::Stopped => return false,
                Inserted::Refused(error) => self.refuse(report, &error),
            }
        }
        self.finish(barriers);
        true
    }

    fn refuse(&self, report: Box<Submission>, error: &str) {
        tracing::error!(device = %report.device, last_seq = report.last_seq, "ClickHouse refuses a report: {error}");
        self.sessions.expel(report.device, report.session);
        let _ = report.settled.try_send(Settled::Refused);
    }

    async fn insert(&self, events: &[Event], stop: &CancellationToken) -> Inserted {
        if events.is_empty() {
            return Inserted::Durable;
        }
        let began = Instant::now();
        loop {
            let attempt = self.durable.insert(events);
            tokio::pin!(attempt);
            let attempt = loop {
                tokio::select! {
                    attempt = &mut attempt => break attempt,
                    () = sleep_until(began + SLOW_AFTER), if *self.pressure.borrow() == Pressure::Calm => {
                        self.pressure.send_replace(Pressure::High);
                    }
                    () = last_moment(stop) => return Inserted::Stopped,
                }
            };
            match attempt {
                Ok(()) => break,
                Err(NotDurable::Never(error)) => return Inserted::Refused(error),
                Err(NotDurable::Later(error)) => {
                    self.metrics.insert_failures.inc();
                    self.pressure.send_replace(Pressure::High);
                    tracing::warn!(
                        rows = events.len(),
                        "ClickHouse did not take an insert, trying again: {error}"
                    );
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Inserted::Stopped,
                () = sleep(RETRY) => {}
            }
        }
        self.metrics.inserts.inc();
        self.metrics
            .insert_seconds
            .observe(began.elapsed().as_secs_f64());
        self.metrics.insert_rows.observe(events.len() as f64);
        self.count(events);
        Inserted::Durable
    }

    fn settle(&self, batch: Batch) {
        for (report, budget) in batch.reports {
            self.settle_one(report, budget);
        }
        self.finish(batch.barriers);
    }

    fn settle_one(&self, report: Box<Submission>, budget: OwnedSemaphorePermit) {
        drop(budget);
        self.metrics.reports.inc();
        self.books.note(report.device, report.epoch, report.note);
        // Full only if the stream has more in flight than its window; gone if the stream has ended.
        let _ = report.settled.try_send(Settled::Durable {
            seq: report.last_seq,
            rejections: report.rejections,
        });
    }

    fn finish(&self, barriers: Vec<oneshot::Sender<()>>) {
        for barrier in barriers {
            let _ = barrier.send(());
        }
        self.pressure.send_if_modified(|pressure| {
            let free = self.budget.available_permits() as f64 / self.permits as f64;
            let now = if free < SLOW_BELOW {
                Pressure::High
            } else {
                Pressure::Calm
            };
            std::mem::replace(pressure, now) != now
        });
    }

    fn count(&self, events: &[Event]) {
        for event in events {
            let (outcome, span) = match &event.outcome {
                Outcome::Stored(_) => ("stored", 1),
                Outcome::Rejected { .. } => ("rejected", 1),
                Outcome::Lost { span, .. } => ("lost", *span),
            };
            self.metrics
                .observations
                .get_or_create(&OutcomeLabel { outcome })
                .inc_by(span);
        }
    }
}

/// How an insert ended.
enum Inserted {
    Durable,
    Refused(String),
    Stopped,
}

/// A while after `stop`.
async fn last_moment(stop: &CancellationToken) {
    stop.cancelled().await;
    sleep(LAST_INSERT).await;
}

/// The batch's rows, report after report, with one `received_at` for all: the table is cut into parts by it, and one
/// insert must be one part.
fn rows(batch: &mut Batch, received_at: Timestamp) -> Vec<Event> {
    let mut events = Vec::with_capacity(batch.rows);
    for (report, _) in &mut batch.reports {
        let own = std::mem::take(&mut report.events);
        events.extend(own.into_iter().map(|event| Event {
            received_at,
            ..event
        }));
    }
    events
}

#[cfg(test)]
mod tests;
