//! The agent's side of the network: stay connected, ship, fetch the policy, renew the certificate, for as long as it lives.
//!
//! Invariant: no failure here ends the agent or touches the pipeline. A renewed certificate replaces the old one only after a
//! connection with it has worked.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use tokio::sync::{Notify, watch};
use weft_proto::v1::{Ack, Report, Welcome, hint};

use crate::{
    enroll,
    identity::{self, Identity},
    network::Network,
    notice,
    pipeline::Control,
    policy::{self, Effective},
    queue::Queue,
    status::Board,
    transport::{
        self, Backoff, Connection, Fault, Observer, Options, Outcome, Protocol, Shipper, Traffic,
        Until, Way,
    },
};

/// The policy is asked for at each connection and then once in this time: hints may be lost with a collector.
const POLICY_AGE: Duration = Duration::from_secs(6 * 3600);

/// A refused renewal is tried again after this time; certificates live for days.
const RENEW_AGAIN: SignedDuration = SignedDuration::from_mins(30);

/// Renewals are spread over this time; the collector's own reminder comes only in a certificate's last day.
const RENEW_SPREAD: SignedDuration = SignedDuration::from_mins(10);

/// Rejections shown in `status`.
const MAX_REJECTIONS: usize = 10;

/// What the uplink works with.
pub struct Uplink {
    /// The state directory.
    pub state: PathBuf,
    /// Who we are.
    pub identity: Identity,
    /// What the settings say about the way.
    pub network: Network,
    /// What was learned about it.
    pub way: Way,
    /// What is shipped.
    pub queue: Arc<Queue>,
    /// Where we say how it goes.
    pub board: Arc<Board>,
    /// Where a new policy goes.
    pub pipeline: Sender<Control>,
    /// The policy in force.
    pub policy: Arc<Effective>,
    /// Who shows notices hears of its part of the policy here.
    pub desktop: watch::Sender<notice::Desktop>,
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
    was_welcomed: AtomicBool,
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
        self.was_welcomed.store(true, Ordering::Relaxed);
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
                let now = (self.clock)();
                self.board.publish(|status| {
                    notice::keep(&mut status.notices, received, now);
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
                    // The collector's own word on when to come back, and not in step with the fleet.
                    let wait = fault.retry_after().map_or(wait, |said| {
                        wait.max(said.mul_f64(random.random_range(1.0..1.25)))
                    });
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
        let protocol = self.way.next(self.network.choice, (self.clock)());
        let connected = tokio::select! {
            connected = self.connect(protocol) => connected,
            _ = stop.wait_for(|stop| *stop) => return Next::Stop,
        };
        let connection = match connected {
            Ok(connection) => connection,
            Err(fault) => return self.failed(protocol, fault),
        };
        let ears = Ears {
            board: Arc::clone(&self.board),
            clock: self.clock,
            wishes: Mutex::default(),
            wake: Notify::new(),
            was_welcomed: AtomicBool::new(false),
        };
        if let Err(fault) = self.fetch_policy(&connection).await {
            return self.failed(protocol, fault);
        }
        self.worked(protocol, random);
        let options = Options {
            service_version: crate::VERSION.into(),
            policy_version: self.policy.version,
            ship_after: self.policy.ship,
            ship_idle: self.policy.ship_idle,
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
        let begun = Instant::now();
        // A fleet that enrolled in one hour must not renew in one minute, nor ask for its policy in step.
        let left = self.identity.expires().map_or(SignedDuration::ZERO, |end| {
            end.duration_since(self.identity.renew_after)
        });
        let spread = RENEW_SPREAD.min(left / 10).max(SignedDuration::ZERO);
        let renew_at = self.identity.renew_after + jittered(spread, random);
        let policy_age = POLICY_AGE.mul_f64(random.random_range(0.75..1.25));
        let http2_at = match protocol {
            Protocol::Http1 => self.way.retry_at(self.network.choice),
            Protocol::Http2 => None,
        };
        loop {
            let chore = tokio::select! {
                ended = &mut session => {
                    if protocol == Protocol::Http2 {
                        let lasted = SignedDuration::try_from(begun.elapsed()).unwrap_or(SignedDuration::MAX);
                        self.way.stream_ended(lasted, matches!(ended, Err(Fault::Unreachable { .. } | Fault::CutOff { .. })));
                    }
                    // Welcomed, so the way is good: only what fails before that counts.
                    if ears.was_welcomed.load(Ordering::Relaxed) {
                        backoff.reset();
                    }
                    return match ended {
                        Ok(Outcome::Stopped | Outcome::Drained) => Next::Stop,
                        Ok(Outcome::Renumbered) => Next::Again(Duration::ZERO),
                        // A collector that goes down closes the streams of its whole fleet at once.
                        Ok(Outcome::Closed(wait)) => Next::Again(wait.unwrap_or(Duration::from_millis(500)).mul_f64(random.random_range(1.0..1.5))),
                        Err(fault) => Next::Failed(fault),
                    };
                },
                () = ears.wake.notified() => ears.take(),
                () = tokio::time::sleep(policy_age) => Wishes { policy: true, renew: false },
                () = sleep_until(renew_at, self.clock) => Wishes { policy: false, renew: true },
                () = maybe_until(http2_at, self.clock) => return Next::Again(Duration::ZERO),
            };
            if chore.renew {
                match self.renew(&connection).await {
                    Ok(()) => return Next::Again(Duration::ZERO),
                    Err(error) => {
                        tracing::warn!(%error, "the certificate could not be renewed; the old one stays");
                        self.identity.renew_after =
                            (self.clock)() + RENEW_AGAIN + jittered(RENEW_AGAIN, random);
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
    async fn connect(&mut self, protocol: Protocol) -> Result<Connection, Fault> {
        if let Some(renewed) = Identity::load_renewed(&self.state) {
            match self.prove(&renewed, protocol).await {
                Ok(connection) => {
                    if let Err(error) = identity::promote_renewed(&self.state) {
                        tracing::warn!(%error, "the renewed identity could not be put in force");
                    }
                    tracing::info!(renews = %renewed.renew_after, "the certificate was renewed");
                    self.identity = renewed;
                    self.tell_identity();
                    return Ok(connection);
                }
                // Not a word on the certificate.
                Err(fault) if fault.is_of_the_way() => return Err(fault),
                Err(fault) => {
                    tracing::warn!(%fault, "the renewed certificate does not work; the old one stays");
                    identity::discard_renewed(&self.state);
                }
            }
        }
        self.connect_as(&self.identity, protocol).await
    }

    async fn connect_as(
        &self,
        identity: &Identity,
        protocol: Protocol,
    ) -> Result<Connection, Fault> {
        transport::connect_over(protocol, &self.network.target(identity), &self.traffic).await
    }

    /// The network's manners are learned from failures and from answers.
    fn failed(&mut self, protocol: Protocol, fault: Fault) -> Next {
        let before = self.way.next(self.network.choice, (self.clock)());
        self.way.failed(protocol, &fault);
        let next = self.way.next(self.network.choice, (self.clock)());
        if (before, next) == (Protocol::Http2, Protocol::Http1) {
            tracing::info!(%fault, "HTTP/2 looks blocked here: trying HTTPS/1.1");
        }
        Next::Failed(fault)
    }

    fn worked(&mut self, protocol: Protocol, random: &mut SmallRng) {
        let jitter = random.random_range(0.75..1.25);
        if self.way.worked(protocol, (self.clock)(), jitter) {
            tracing::info!(%protocol, "this works here");
            self.way.save(&self.state);
        }
        self.board
            .update(|status| status.protocol = protocol.to_string());
    }

    /// With TLS 1.3 only a call shows whether a certificate is accepted.
    async fn prove(&self, renewed: &Identity, protocol: Protocol) -> Result<Connection, Fault> {
        let connection = self.connect_as(renewed, protocol).await?;
        connection.fetch_policy(self.policy.version).await?;
        Ok(connection)
    }

    /// True when a newer policy came into force.
    async fn fetch_policy(&mut self, connection: &Connection) -> Result<bool, Fault> {
        let fetched = connection.fetch_policy(self.policy.version).await?;
        if fetched == self.policy.sent {
            return Ok(false);
        }
        tracing::info!(version = fetched.version, "a new policy is in force");
        if let Err(error) = policy::save(&self.state, &fetched) {
            tracing::warn!(%error, "the policy could not be kept for the next start");
        }
        self.policy = Arc::new(Effective::of(fetched));
        let policy = Arc::clone(&self.policy);
        self.desktop.send_replace(policy.notices.clone());
        self.board.publish(|status| {
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

/// A part of a span, at random.
fn jittered(span: SignedDuration, random: &mut SmallRng) -> SignedDuration {
    let part = span.as_secs_f64() * random.random_range(0.0..1.0);
    SignedDuration::try_from_secs_f64(part).unwrap_or_default()
}

async fn maybe_until(at: Option<Timestamp>, clock: fn() -> Timestamp) {
    match at {
        Some(at) => sleep_until(at, clock).await,
        None => std::future::pending().await,
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
