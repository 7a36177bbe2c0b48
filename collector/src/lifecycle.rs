//! Life of the process: named tasks, one signal to stop, one deadline.
//!
//! **Invariant:** every task of the collector is started through [`Tasks`], and all of them have ended or been given up
//! by name when [`Tasks::drain`] returns.

use std::{future::Future, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// From the signal to the end. Service managers kill after 10 s (Docker) to 90 s (systemd).
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(10);

/// How a task ended, for the log and for `main`'s exit code.
pub type Ended = Result<(), anyhow::Error>;

/// The running tasks. Dropping it aborts them.
pub struct Tasks {
    running: JoinSet<(&'static str, Ended)>,
    names: Vec<&'static str>,
    stop: CancellationToken,
}

impl Tasks {
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            running: JoinSet::new(),
            names: Vec::new(),
            stop,
        }
    }

    /// The token that tells every task to end.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Starts a task. It must end soon after the token is cancelled.
    pub fn start(
        &mut self,
        name: &'static str,
        task: impl Future<Output = Ended> + Send + 'static,
    ) {
        self.names.push(name);
        self.running.spawn(async move { (name, task.await) });
    }

    /// Runs until the token is cancelled or a task ends by itself, which only a failure explains.
    pub async fn until_stopped(&mut self) -> Ended {
        tokio::select! {
            // First: tasks that end because of the signal have not failed.
            biased;
            () = self.stop.cancelled() => Ok(()),
            Some(ended) = self.running.join_next() => {
                let (name, ended) = ended?;
                self.names.retain(|running| *running != name);
                ended.map_err(|error| error.context(format!("the task {name:?} failed")))?;
                anyhow::bail!("the task {name:?} ended by itself")
            }
        }
    }

    /// Asks all tasks to end and waits for them, at most so long (`main`: [`DRAIN_DEADLINE`]); the first failure is the
    /// result.
    pub async fn drain(mut self, limit: Duration) -> Ended {
        self.stop.cancel();
        let deadline = Instant::now() + limit;
        let mut first_failure = Ok(());
        while let Ok(Some(joined)) = timeout_at(deadline, self.running.join_next()).await {
            let ended = match joined {
                Ok((name, ended)) => {
                    self.names.retain(|running| *running != name);
                    ended.map_err(|error| error.context(format!("the task {name:?} failed")))
                }
                Err(panicked) => Err(panicked.into()),
            };
            if let Err(error) = ended {
                tracing::error!("while stopping: {error:#}");
                first_failure = first_failure.and(Err(error));
            }
        }
        if !self.running.is_empty() {
            tracing::error!(
                "gave up after {} s on: {}",
                limit.as_secs(),
                self.names.join(", ")
            );
        }
        first_failure
    }
}

/// Cancels `stop` on SIGTERM or SIGINT (Ctrl-C).
#[cfg(unix)]
pub async fn watch_signals(stop: CancellationToken) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
        () = stop.cancelled() => return Ok(()),
    };
    tracing::info!("{name}: stopping");
    stop.cancel();
    Ok(())
}

#[cfg(not(unix))]
pub async fn watch_signals(stop: CancellationToken) -> std::io::Result<()> {
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed?,
        () = stop.cancelled() => return Ok(()),
    }
    tracing::info!("Ctrl-C: stopping");
    stop.cancel();
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_task_that_fails_stops_the_house_by_name() {
        let mut tasks = Tasks::new(CancellationToken::new());
        tasks.start("reader", async { anyhow::bail!("no disk") });
        let error = format!("{:#}", tasks.until_stopped().await.unwrap_err());
        assert!(
            error.contains("\"reader\"") && error.contains("no disk"),
            "{error}"
        );
        tasks.drain(DRAIN_DEADLINE).await.unwrap();
    }

    #[tokio::test]
    async fn draining_ends_at_the_deadline() {
        let mut tasks = Tasks::new(CancellationToken::new());
        tasks.start("deaf", std::future::pending());
        let begun = Instant::now();
        tasks.drain(Duration::from_millis(50)).await.unwrap();
        assert!(begun.elapsed() < DRAIN_DEADLINE);
    }
}
