//! Mail's two tasks: letters out, answers in, each by a lease in one collector at a time.
//!
//! **Invariant: a stop ends between two letters**, not in the middle of one, so that an orderly end repeats nothing.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Mail, MailError, postbox};
use crate::jobs::Lease;

/// How late a happening becomes a letter: faster than anybody reads, cheap when nothing waits.
const OUT_EVERY: Duration = Duration::from_secs(2);
/// How long the others wait for a collector that died while sending.
const OUT_LEASE: SignedDuration = SignedDuration::from_mins(3);
/// After a failure the mailbox is asked again: soon, then rarely.
const IN_PAUSES: [u64; 5] = [2, 5, 15, 60, 300];

impl Mail {
    /// Makes letters and sends them until `stop`.
    pub async fn run_out(&self, stop: CancellationToken) {
        if self.settings.is_none() {
            return;
        }
        let lease = self.lease("mail", OUT_LEASE);
        while !stop.is_cancelled() {
            if lease.take().await
                && let Err(error) = self.round(&stop).await
            {
                tracing::error!("mail: {error}");
            }
            tokio::select! {
                () = sleep(OUT_EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
        lease.release().await;
    }

    async fn round(&self, stop: &CancellationToken) -> Result<(), MailError> {
        self.compose().await?;
        self.digest().await?;
        let done = self.send_until(stop).await?;
        if done.sent + done.failed > 0 {
            tracing::info!(sent = done.sent, failed = done.failed, "mail went out");
        }
        Ok(())
    }

    /// Asks the mailbox until `stop`.
    pub async fn run_in(&self, stop: CancellationToken) {
        let Some(mailbox) = self.settings.as_ref().and_then(|on| on.mailbox.clone()) else {
            return;
        };
        let lease = self.lease("mail.in", postbox::LEASE);
        let mut failures = 0;
        while !stop.is_cancelled() {
            let watched = tokio::select! {
                watched = postbox::watch(self, &mailbox, &lease) => watched,
                () = stop.cancelled() => break,
            };
            let pause = match watched {
                Ok(()) => {
                    failures = 0;
                    IN_PAUSES[0]
                }
                Err(error) => {
                    tracing::warn!("mail: {error}");
                    let pause = IN_PAUSES[failures.min(IN_PAUSES.len() - 1)];
                    failures += 1;
                    pause
                }
            };
            tokio::select! {
                () = sleep(Duration::from_secs(pause)) => {}
                () = stop.cancelled() => {}
            }
        }
        lease.release().await;
    }

    fn lease(&self, name: &'static str, lasting: SignedDuration) -> Lease {
        Lease {
            control: self.control.clone(),
            clock: self.clock.clone(),
            name: name.into(),
            holder: self.clock.id(),
            lasting,
        }
    }
}
