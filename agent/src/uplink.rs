//! The agent's side of the network: stay connected, ship, fetch the policy, renew the certificate, for as long as it lives.
//!
//! Invariant: no failure here ends the agent or touches the pipeline. A renewed certificate replaces the old one only after a
//! connection with it has worked.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use tokio::sync::{Notify, watch};
use weft_proto::v1::{Ack, FetchPolicyRequest, Report, Welcome, hint};

use crate::{
    enroll,
    identity::{self, Identity},
    notice,
    pipeline::Control,
    policy::{self, Effective},
    queue::Queue,
    status::Board,
    transport::{
        self, Backoff, Connection, Fault, Observer, Options, Outcome, Shipper, Traffic, Until,
    },
};

/// The policy is asked for at each connection and then once in this time: hints may be lost with a collector.
const POLICY_AGE: Duration = Duration::from_secs(6 * 3600);

/// A refused renewal is tried again after this time; certificates live for days.
const RENEW_AGAIN: SignedDuration = SignedDuration::from_mins(30);

/// Rejections shown in `status`.
const MAX_REJECTIONS: usize = 10;

/// What the uplink works with.
pub struct Uplink {
    /// The state directory.
    pub state: PathBuf,
    /// Who we are.
    pub identity: Identity,
    /// What is shipped.
    pub queue: Arc<Queue>,
    /// Where we say how it goes.
    pub board: Arc<Board>,
    /// Where a new policy goes.
    pub pipeline: Sender<Control>,
    /// The policy in force.
    pub policy: Arc<Effective>,
    /// Bytes over the network.
    pub traffic: Traffic,
    /// True when the agent stops.
    pub stop: watch::Receiver<bool>,
    /// The wall clock.
    pub clock: fn() -> Timestamp,
}

/// Hears what happens in a session and wakes the chores.
struct Ears {
    board: Arc<Board>,
    clock: fn() -> Timestamp,
    wishes: Mutex<Wishes>,
    wake: Notify,
}

#[derive(Default)]
struct Wishes {
    policy: bool,
    renew: bool,
}

impl Ears {
    fn wish(&self, wish: impl FnOnce(&mut Wishes)) {
        wish(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    fn take(&self) -> Wishes {
        std::mem::take(&mut *self.wishes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Ears {
    fn welcomed(&self, welcome: &Welcome) {
        tracing::info!(
            durable = welcome.durable_seq,
            window = welcome.window,
            "connected"
        );
        self.board.connection((self.clock)(), "connected", None);
    }

    fn sent(&self, report: &Report) {
        tracing::info!(
            first = report.first_seq,
            observations = report.observations.len(),
            gaps = report.gaps.len(),
            "report sent"
        );
    }

    fn acknowledged(&self, ack: &Ack) {
        let now = (self.clock)();
        tracing::info!(
            durable = ack.durable_seq,
            rejected = ack.rejections.len(),
            "acknowledged"
        );
        self.board.update(|status| {
            status.acknowledged_at = Some(now);
            for rejection in &ack.rejections {
                status.rejections.push(format!(
                    "number {}: {} ({})",
                    rejection.seq, rejection.code, rejection.detail
                ));
            }
            let excess = status.rejections.len().saturating_sub(MAX_REJECTIONS);
            status.rejections.drain(..excess);
        });
    }

    fn hinted(&self, hint: &hint::Hint) {
        match hint {
            hint::Hint::PolicyVersion(_) => self.wish(|wishes| wishes.policy = true),
            hint::Hint::Renew(true) => self.wish(|wishes| wishes.renew = true),
            hint::Hint::Notice(received) => {
                self.board.publish((self.clock)(), |status| {
                    notice::keep(&mut status.notices, received)
                });
            }
            _ => {}
        }
    }
}

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
enum RenewError {
    #[error(transparent)]
    Refused(#[from] enroll::EnrollError),
    #[error("it could not be kept: {0}")]
    Kept(#[from] std::io::Error),
}

/// What a session asks of the loop around it.
enum Next {
    /// The agent stops.
    Stop,
    /// Connect again after this time.
    Again(Duration),
    /// Something failed.
    Failed(Fault),
}

impl Uplink {
    /// Runs until stopped.
    pub async fn run(mut self) {
        let mut backoff = Backoff::default();
        let mut random = SmallRng::seed_from_u64(rand::random());
        loop {
            let wait = match self.connect_and_ship(&mut backoff, &mut random).await {
                Next::Stop => return,
                Next::Again(wait) => wait,
                Next::Failed(fault) => {
                    let wait = backoff.next(fault.patience(), &mut random);
                    tracing::warn!(%fault, again_in = ?wait, "not connected");
                    self.board
                        .connection((self.clock)(), "waiting", Some(fault.to_string()));
                    wait
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = self.stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn connect_and_ship(&mut self, backoff: &mut Backoff, random: &mut SmallRng) -> Next {
        self.board
            .update(|status| status.connection = "connecting".into());
        let mut stop = self.stop.clone();
        let connected = tokio::select! {
            connected = self.connect() => connected,
            _ = stop.wait_for(|stop| *stop) => return Next::Stop,
        };
        let connection = match connected {
            Ok(connection) => connection,
            Err(fault) => return Next::Failed(fault),
        };
        let ears = Ears {
            board: Arc::clone(&self.board),
            clock: self.clock,
            wishes: Mutex::default(),
            wake: Notify::new(),
        };
        if let Err(fault) = self.fetch_policy(&connection).await {
            return Next::Failed(fault);
        }
        backoff.reset();
        let options = Options {
            service_version: crate::VERSION.into(),
            policy_version: self.policy.version,
            ship_after: self.policy.ship,
            clock: self.clock,
        };
        let queue = Arc::clone(&self.queue);
        let shipper = Shipper {
            connection: &connection,
            source: &*queue,
            observer: &ears,
            options: &options,
        };
        let session = shipper.run(Until::Stopped(self.stop.clone()));
        tokio::pin!(session);
        let renew_at = self.identity.renew_after;
        loop {
            let chore = tokio::select! {
                ended = &mut session => return match ended {
                    Ok(Outcome::Stopped | Outcome::Drained) => Next::Stop,
                    Ok(Outcome::Renumbered) => Next::Again(Duration::ZERO),
                    // A collector that goes down closes the streams of its whole fleet at once.
                    Ok(Outcome::Closed(wait)) => Next::Again(wait.unwrap_or(Duration::from_millis(500)).mul_f64(random.random_range(1.0..1.5))),
                    Err(fault) => Next::Failed(fault),
                },
                () = ears.wake.notified() => ears.take(),
                () = tokio::time::sleep(POLICY_AGE) => Wishes { policy: true, renew: false },
                () = sleep_until(renew_at, self.clock) => Wishes { policy: false, renew: true },
            };
            if chore.renew {
                match self.renew(&connection).await {
                    Ok(()) => return Next::Again(Duration::ZERO),
                    Err(error) => {
                        tracing::warn!(%error, "the certificate could not be renewed; the old one stays");
                        self.identity.renew_after = (self.clock)() + RENEW_AGAIN;
                        return Next::Again(Duration::from_secs(1));
                    }
                }
            }
            if chore.policy {
                match self.fetch_policy(&connection).await {
                    // The session carries the pace of the old policy: begin another.
                    Ok(true) => return Next::Again(Duration::ZERO),
                    Ok(false) => {}
                    Err(fault) => return Next::Failed(fault),
                }
            }
        }
    }

    /// Connects; a renewed identity that waits for its proof goes first.
    async fn connect(&mut self) -> Result<Connection, Fault> {
        if let Some(renewed) = Identity::load_renewed(&self.state) {
            match self.prove(&renewed).await {
                Ok(connection) => {
                    if let Err(error) = identity::promote_renewed(&self.state) {
                        tracing::warn!(%error, "the renewed identity could not be put in force");
                    }
                    tracing::info!(renews = %renewed.renew_after, "the certificate was renewed");
                    self.identity = renewed;
                    self.tell_identity();
                    return Ok(connection);
                }
                Err(fault @ (Fault::Unreachable { .. } | Fault::Busy(_))) => return Err(fault),
                Err(fault) => {
                    tracing::warn!(%fault, "the renewed certificate does not work; the old one stays");
                    identity::discard_renewed(&self.state);
                }
            }
        }
        transport::connect(&self.identity.target(), &self.traffic).await
    }

    /// With TLS 1.3 only a call shows whether a certificate is accepted.
    async fn prove(&self, renewed: &Identity) -> Result<Connection, Fault> {
        let connection = transport::connect(&renewed.target(), &self.traffic).await?;
        let request = FetchPolicyRequest {
            have_version: self.policy.version,
        };
        connection
            .call(connection.policies().fetch(request))
            .await?;
        Ok(connection)
    }

    /// True when a newer policy came into force.
    async fn fetch_policy(&mut self, connection: &Connection) -> Result<bool, Fault> {
        let request = FetchPolicyRequest {
            have_version: self.policy.version,
        };
        let fetched = connection
            .call(connection.policies().fetch(request))
            .await?;
        if fetched == self.policy.sent {
            return Ok(false);
        }
        tracing::info!(version = fetched.version, "a new policy is in force");
        if let Err(error) = policy::save(&self.state, &fetched) {
            tracing::warn!(%error, "the policy could not be kept for the next start");
        }
        self.policy = Arc::new(Effective::of(fetched));
        let policy = Arc::clone(&self.policy);
        self.board.publish((self.clock)(), |status| {
            status.policy_version = policy.version;
            status.disclosures = policy
                .disclosures()
                .into_iter()
                .map(str::to_owned)
                .collect();
        });
        // A pipeline that has ended needs no policy.
        self.pipeline
            .send(Control::Policy(Arc::clone(&self.policy)))
            .ok();
        Ok(true)
    }

    async fn renew(&mut self, connection: &Connection) -> Result<(), RenewError> {
        let renewed = enroll::renew(connection, &self.identity, (self.clock)()).await?;
        renewed.save_renewed(&self.state)?;
        Ok(())
    }

    fn tell_identity(&self) {
        let (expires, renews) = (self.identity.expires(), self.identity.renew_after);
        self.board.update(|status| {
            status.certificate_expires = expires;
            status.certificate_renews = Some(renews);
        });
    }
}

/// Sleeps until the wall clock shows a time; looks again every hour because wall clocks move.
async fn sleep_until(at: Timestamp, clock: fn() -> Timestamp) {
    loop {
        let left = at.duration_since(clock());
        let Ok(left) = Duration::try_from(left) else {
            return;
        };
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(Duration::from_secs(3600))).await;
    }
}
