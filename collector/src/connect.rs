//! Bridges at work: what is said here is carried there, what is said there is taken here.
//!
//! **Invariant: no loss, no duplicate, no loop, over any crash.** An event becomes a letter in the transaction that moves
//! the bridge's cursor; a letter ends in the transaction that ties the post to its fellow over there; an attempt whose
//! end nobody knows is looked up before it is made again. What comes from there is one post for ever by (origin, id over
//! there), and a position moves only behind what was taken. A bridge never carries what it brought, and what carries
//! the name of one of our own accounts over there, or our own words, is never brought.
//!
//! **Of several collectors on one database, one runs a bridge** (a lease); any of them takes deliveries at its door.
//!
//! Table of contents: [`collect`] events become letters, [`leave`] what may leave the house, [`send`] letters become posts
//! over there, [`words`] what they say and [`mentions`] that it calls nobody, [`fetch`] asking what is new, [`take`] arrivals
//! become posts here, [`title`] what their threads are called, [`who`] in whose name, [`health`] how it goes, [`door`] deliveries, [`desk`] what admins do. Not here: any platform
//! ([`crate::threads::connector`]).

use std::{collections::HashMap, ops::Deref, sync::Arc, time::Duration};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use weft_collector_store::control::{
    Control, ControlError,
    bridges::{Bridge, BridgeState},
    sealed::Sealed,
};

use crate::{
    audit::Auditor,
    clock::Clock,
    config::{Config, ConfigError},
    jobs::Lease,
    threads::{
        Threads,
        connector::{Fault, Kind, Line, Platform, Settings, Unopened},
        upkeep::EVENTS,
    },
    vault::{Vault, holdings},
    watch::earlier,
};

pub mod collect;
pub mod desk;
pub mod door;
pub mod fetch;
pub mod health;
pub mod leave;
pub mod mentions;
pub mod send;
pub mod take;
pub mod title;
pub mod who;
pub mod words;

use health::Health;

/// A change by an admin is in force within this time; it is also how late words written by another collector are noticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Others wait so long for a collector that died.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// Three renewals may fail before the lease is lost.
const RENEW_EVERY: Duration = Duration::from_secs(8);
/// A bridge that nobody lets in asks again so often: somebody may have mended it over there.
const LOCKED_PAUSE: Duration = Duration::from_secs(300);
/// How soon a key that was put back is noticed.
const KEY_PAUSE: Duration = Duration::from_secs(10);
/// The database does not answer: it is everybody's trouble, not this bridge's.
const DATABASE_PAUSE: Duration = Duration::from_secs(5);

/// How patient a bridge is. Tests are less so.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often to look for news here.
    pub look: Duration,
    /// After the first failure; doubled after each.
    pub first: Duration,
    /// The longest pause between tries.
    pub most: Duration,
    /// Tries before a letter is dead. Doubling from 2 s to 30 min, sixty reach beyond a day: an outage over a night is
    /// nobody's work.
    pub tries: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            look: Duration::from_millis(500),
            first: Duration::from_secs(2),
            most: Duration::from_secs(1_800),
            tries: 60,
        }
    }
}

impl Pace {
    /// The pause after so many failures, `spread` (0 to 1) of half of it at random, so that many bridges that failed
    /// together do not come back together.
    pub fn pause(&self, failures: u32, spread: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let whole = self.first.saturating_mul(1 << doublings).min(self.most);
        whole.mul_f64(0.5 + spread.clamp(0.0, 1.0) / 2.0)
    }
}

/// Where a crash would hurt: tests end a bridge here, as a kill would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// An attempt was begun, nothing was sent.
    Begun,
    /// It was sent and taken over there, and nobody here knows.
    Sent,
    /// What came is a post here, and not tied.
    Posted,
    /// Everything was taken, and the position did not move.
    Taken,
}

/// How a platform is opened, by its kind's word; tests bring their own.
pub type Opener = Arc<dyn Fn(&str, Settings) -> Result<Arc<dyn Platform>, Unopened> + Send + Sync>;

/// What bridges work with.
pub struct Parts {
    pub control: Control,
    pub clock: Clock,
    pub threads: Threads,
    pub auditor: Auditor,
    /// Where people read threads, without a slash at its end.
    pub console_url: String,
    /// What secrets are sealed with.
    pub vault: Vault,
    pub opener: Opener,
    pub pace: Pace,
    /// A number from 0 to 1, for pauses.
    pub chance: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// True: die here. Only tests say so.
    pub dies: Arc<dyn Fn(Point) -> bool + Send + Sync>,
}

/// The bridges of this house. Cloning shares them.
#[derive(Clone)]
pub struct Connect(Arc<Parts>);

impl Deref for Connect {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Why a bridge stopped.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("another collector runs it")]
    LeaseLost,
    #[error("it died at {0:?}")]
    Died(Point),
}

/// One bridge while it runs.
pub struct Run {
    pub bridge: Bridge,
    pub platform: Arc<dyn Platform>,
    pub health: Health,
}

/// Opens platforms by their kind.
pub fn opener(line: Line, clock: Clock) -> Opener {
    Arc::new(move |word, settings| {
        let kind = Kind::from_word(word)
            .ok_or_else(|| Unopened::Unfit(format!("this version knows no platform {word:?}")))?;
        kind.open(settings, line.clone(), clock.clone())
    })
}

/// The bridges of a house as it is configured, for the server and for the command line.
pub fn house(
    config: &Config,
    control: Control,
    vault: Vault,
    clock: Clock,
) -> Result<Connect, ConfigError> {
    Ok(Connect::new(Parts {
        threads: Threads::new(control.clone(), clock.clone()),
        auditor: Auditor::new(control.clone(), clock.clone()),
        console_url: config.public_url(),
        vault,
        opener: opener(config.line()?, clock.clone()),
        pace: Pace::default(),
        chance: Arc::new(rand::random::<f64>),
        dies: Arc::new(|_| false),
        control,
        clock,
    }))
}

type Life = BoxFuture<'static, Uuid>;

impl Connect {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Runs every bridge that is on and that no other collector runs, until `stop`. `holder` is this process.
    pub async fn run(&self, holder: Uuid, stop: CancellationToken) {
        // What each bridge was when it was started, and how it is ended.
        let mut running: HashMap<Uuid, (Timestamp, CancellationToken)> = HashMap::new();
        let mut lives: FuturesUnordered<Life> = FuturesUnordered::new();
        loop {
            match self.control.bridges().list().await {
                Ok(bridges) => self.match_lives(holder, &bridges, &mut running, &lives),
                Err(error) => tracing::error!("bridges: {error}"),
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                Some(ended) = lives.next() => { running.remove(&ended); }
                () = stop.cancelled() => break,
            }
        }
        for (_, end) in running.values() {
            end.cancel();
        }
        // Each gives its lease back.
        while lives.next().await.is_some() {}
    }

    /// Starts what should run, ends what should not or was changed.
    fn match_lives(
        &self,
        holder: Uuid,
        bridges: &[Bridge],
        running: &mut HashMap<Uuid, (Timestamp, CancellationToken)>,
        lives: &FuturesUnordered<Life>,
    ) {
        let wanted: HashMap<Uuid, &Bridge> = bridges
            .iter()
            .filter(|bridge| bridge.enabled)
            .map(|bridge| (bridge.id, bridge))
            .collect();
        for (id, (as_of, end)) in running.iter() {
            if wanted
                .get(id)
                .is_none_or(|bridge| bridge.changed_at != *as_of)
            {
                end.cancel();
            }
        }
        for bridge in wanted.into_values() {
            if running.contains_key(&bridge.id) {
                continue;
            }
            let end = CancellationToken::new();
            running.insert(bridge.id, (bridge.changed_at, end.clone()));
            lives.push(self.clone().live(holder, bridge.clone(), end).boxed());
        }
    }

    /// One bridge, from lease to lease.
    async fn live(self, holder: Uuid, bridge: Bridge, end: CancellationToken) -> Uuid {
        let id = bridge.id;
        let lease = Lease {
            control: self.control.clone(),
            clock: self.clock.clone(),
            name: bridge.origin().into(),
            holder,
            lasting: LEASE,
        };
        if !lease.take().await {
            // Somebody else's; looked at again when the list is.
            tokio::select! { () = sleep(RENEW_EVERY) => {}, () = end.cancelled() => {} }
            return id;
        }
        tokio::select! {
            ended = self.work(bridge, &lease) => match ended {
                Ended::Control(error) => {
                    tracing::error!(bridge = %id, "bridge: {error}");
                    tokio::select! { () = sleep(DATABASE_PAUSE) => {}, () = end.cancelled() => {} }
                }
                // As after a kill: the lease is not given back.
                Ended::Died(_) => return id,
                other => tracing::warn!(bridge = %id, "bridge: {other}"),
            },
            () = end.cancelled() => {}
        }
        lease.release().await;
        id
    }

    /// Works until something ends it.
    async fn work(&self, bridge: Bridge, lease: &Lease) -> Ended {
        let renewing = async {
            loop {
                sleep(RENEW_EVERY).await;
                if !lease.take().await {
                    return Ended::LeaseLost;
                }
            }
        };
        tokio::select! {
            ended = renewing => ended,
            Err(ended) = self.both_ways(bridge) => ended,
        }
    }

    /// Carries and fetches side by side, once the platform knows us.
    pub async fn both_ways(&self, bridge: Bridge) -> Result<(), Ended> {
        let health = Health::new(self.control.clone(), self.clock.clone(), bridge.id);
        let platform = self.open_at_last(&bridge, &health).await?;
        let mut run = Run {
            bridge,
            platform,
            health,
        };
        self.introduce(&mut run).await?;
        let (carried, fetched) = tokio::try_join!(self.carry(&run), self.fetch(&run))?;
        let ((), ()) = (carried, fetched);
        Ok(())
    }

    /// The platform of this bridge, opened.
    pub fn open(&self, bridge: &Bridge) -> Result<Arc<dyn Platform>, Unopened> {
        (self.opener)(&bridge.platform, self.settings(bridge)?)
    }

    /// What the platform is opened with.
    pub fn settings(&self, bridge: &Bridge) -> Result<Settings, Unopened> {
        let open = |(name, sealed): (&String, &Sealed)| {
            let place = holdings::place_of(bridge.id, name);
            let secret = self.vault.open(&place, sealed);
            let secret = secret.map_err(|why| Unopened::Sealed(name.clone(), why))?;
            Ok((name.clone(), secret))
        };
        Ok(Settings {
            address: bridge.address.clone(),
            place: bridge.place.clone(),
            secrets: bridge.secrets.iter().map(open).collect::<Result<_, _>>()?,
        })
    }

    /// Opens the platform, as soon as the key of its secrets is back. Anything else wrong waits until somebody changes the
    /// bridge.
    async fn open_at_last(
        &self,
        bridge: &Bridge,
        health: &Health,
    ) -> Result<Arc<dyn Platform>, Ended> {
        loop {
            let unopened = match self.open(bridge) {
                Ok(platform) => return Ok(platform),
                Err(unopened) => unopened,
            };
            health
                .note(BridgeState::Locked, &unopened.to_string())
                .await?;
            if !matches!(unopened, Unopened::Sealed(..)) {
                return std::future::pending().await;
            }
            sleep(KEY_PAUSE).await;
        }
    }

    /// Asks who we are over there until somebody says so.
    async fn introduce(&self, run: &mut Run) -> Result<(), Ended> {
        let mut failures = 0;
        loop {
            match run.platform.whoami().await {
                Ok(own) => {
                    run.bridge.own_id.clone_from(&own.id);
                    self.control
                        .bridges()
                        .note_own(run.bridge.id, &own.id, &own.name)
                        .await?;
                    run.health.works().await?;
                    return Ok(());
                }
                Err(fault) => {
                    failures += 1;
                    run.health.fault(&fault).await?;
                    sleep(self.pause_after(&fault, failures)).await;
                }
            }
        }
    }

    /// How long to leave a platform in peace after a fault that concerns the whole bridge.
    fn pause_after(&self, fault: &Fault, failures: u32) -> Duration {
        match fault {
            Fault::Later {
                after: Some(wait), ..
            } => (*wait).max(self.pace.first),
            Fault::Later { after: None, .. } => self.pace.pause(failures, (self.chance)()),
            Fault::Never(_) | Fault::Locked(_) => LOCKED_PAUSE,
        }
    }

    /// Once an hour: deliveries that nobody can bring again, and what a bridge that was paused for a month missed.
    pub async fn forget_old(&self) -> Result<(), ControlError> {
        let now = self.clock.now();
        let bridges = self.control.bridges();
        bridges.forget_deliveries(earlier(now, door::KNOWN)).await?;
        for bridge in bridges.list().await? {
            if bridge.enabled || bridge.state_at > earlier(now, EVENTS) {
                continue;
            }
            let events = self.control.events();
            let (consumer, head) = (bridge.origin(), events.head().await?);
            let from = events.cursor(&consumer, now).await?;
            events.advance(&consumer, from, head, now).await?;
        }
        Ok(())
    }

    /// Tests end a bridge here.
    fn survives(&self, point: Point) -> Result<(), Ended> {
        match (self.dies)(point) {
            true => Err(Ended::Died(point)),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
