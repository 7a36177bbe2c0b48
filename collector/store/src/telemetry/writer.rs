//! Group commit: many devices' reports share one insert.
//!
//! A small part costs as much as a large one (a directory, two syncs, a later merge). While one block is being written,
//! the reports that arrive wait together and form the next. Nobody waits longer than one insert for company, and a
//! report's caller hears of its own outcome only.
//!
//! **Invariant: reports are written in the order in which they came**, one block at a time, so that a device's later
//! report is never durable before an earlier one.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use weft_collector_core::event::Event;

use super::{Error, Telemetry, insert::MAX_ROWS};

/// Reports that may wait; more make their callers wait, which is the back-pressure that reaches the agents.
/// 256 reports of 1,000 observations are about 150 MB at worst.
const QUEUE: usize = 256;

/// Where reports are handed in. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<Pending>,
}

#[derive(Debug)]
struct Pending {
    report: Vec<Event>,
    done: oneshot::Sender<Result<(), Error>>,
}

/// The work behind a [`Writer`]; ends when every writer is gone and the queue is empty.
#[derive(Debug)]
pub struct GroupCommit {
    telemetry: Telemetry,
    queue: mpsc::Receiver<Pending>,
}

impl Telemetry {
    /// A queue and the work that empties it; the caller decides where that runs.
    pub fn writer(&self) -> (Writer, GroupCommit) {
        let (queue, reports) = mpsc::channel(QUEUE);
        let work = GroupCommit {
            telemetry: self.clone(),
            queue: reports,
        };
        (Writer { queue }, work)
    }
}

impl Writer {
    /// Durable on return. On an error nothing is known: send it again or let the agent come again.
    pub async fn insert(&self, report: Vec<Event>) -> Result<(), Error> {
        let (done, outcome) = oneshot::channel();
        self.queue
            .send(Pending { report, done })
            .await
            .map_err(|_| Error::Stopping)?;
        outcome.await.unwrap_or(Err(Error::Stopping))
    }
}

impl GroupCommit {
    pub async fn run(mut self) {
        let mut held: Option<Pending> = None;
        loop {
            let first = match held.take() {
                Some(pending) => pending,
                None => match self.queue.recv().await {
                    Some(pending) => pending,
                    None => return,
                },
            };
            let mut rows = first.report.len();
            let mut group = vec![first];
            while let Ok(next) = self.queue.try_recv() {
                rows += next.report.len();
                if rows > MAX_ROWS {
                    held = Some(next);
                    break;
                }
                group.push(next);
            }
            self.write(group).await;
        }
    }

    async fn write(&self, group: Vec<Pending>) {
        let (reports, waiting): (Vec<_>, Vec<_>) =
            group.into_iter().map(|it| (it.report, it.done)).unzip();
        match self.telemetry.insert_group(&reports).await {
            Ok(()) => answer_all(waiting, || Ok(())),
            // One report that ClickHouse refuses must not take its neighbours along.
            Err(error) if !error.is_transient() && reports.len() > 1 => {
                for (report, done) in reports.iter().zip(waiting) {
                    let _ = done.send(self.telemetry.insert(report).await);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                answer_all(waiting, || Err(Error::Shared(error.clone())));
            }
        }
    }
}

/// A caller that no longer waits does not matter: what is durable stays durable.
fn answer_all(
    waiting: Vec<oneshot::Sender<Result<(), Error>>>,
    outcome: impl Fn() -> Result<(), Error>,
) {
    for done in waiting {
        let _ = done.send(outcome());
    }
}
