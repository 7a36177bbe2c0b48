//! Work that comes round: again and again at its pace, never twice at once, and of several collectors only one where it
//! must be so.
//!
//! **Invariant:** a round that fails is an error in the log and no end of the job.

use std::{borrow::Cow, fmt::Display, future::Future, time::Duration};

use jiff::SignedDuration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_collector_store::control::Control;

use crate::clock::Clock;

/// Runs `round` every `period` until `stop`; the first at once.
pub async fn every<E: Display, F: Future<Output = Result<(), E>>>(
    name: &'static str,
    period: Duration,
    stop: CancellationToken,
    mut round: impl FnMut() -> F,
) {
    let mut turn = interval(period.max(Duration::from_millis(1)));
    // After a long round the next comes one period later, not at once.
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turn.tick() => {}
            () = stop.cancelled() => return,
        }
        tokio::select! {
            done = round() => if let Err(error) = done {
                tracing::error!("{name}: {error:#}");
            },
            () = stop.cancelled() => return,
        }
    }
}

/// A job's turn, shared by all collectors of one control database.
#[derive(Clone, Debug)]
pub struct Lease {
    pub control: Control,
    pub clock: Clock,
    pub name: Cow<'static, str>,
    /// This process.
    pub holder: Uuid,
    /// How long the others wait for a holder that died.
    pub lasting: SignedDuration,
}

impl Lease {
    /// True when this process may run the job now.
    pub async fn take(&self) -> bool {
        let now = self.clock.now();
        let until = now.checked_add(self.lasting).unwrap_or(now);
        match self
            .control
            .leases()
            .take(&self.name, self.holder, now, until)
            .await
        {
            Ok(taken) => taken,
            Err(error) => {
                tracing::error!("{}: no lease: {error}", self.name);
                false
            }
        }
    }

    /// At an orderly end, so that another collector goes on at once.
    pub async fn release(&self) {
        if let Err(error) = self.control.leases().release(&self.name, self.holder).await {
            tracing::warn!("{}: the lease stays until it ends: {error}", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_failing_round_does_not_end_the_job() {
        let stop = CancellationToken::new();
        let rounds = Cell::new(0);
        every("test", Duration::from_millis(1), stop.clone(), || {
            rounds.set(rounds.get() + 1);
            if rounds.get() == 3 {
                stop.cancel();
            }
            async { Err("no luck") }
        })
        .await;
        assert_eq!(rounds.get(), 3);
    }
}
