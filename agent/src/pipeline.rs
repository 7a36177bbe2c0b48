//! The way of an observation on the laptop: probe, redactor, spool. Read this first.
//!
//! ```text
//!  probe.look() ──> Vec<Observation> ──> quota ──> redactor ──> Redacted<Observation> ──> queue.append() ──> probe.kept()
//!                                          │                                                  │
//!                                          └── dropped, counted by kind <── disk full ────────┘        shipper reads on its own
//! ```
//! Invariant: the laptop never waits for the network in order to look, and nothing is stored that the redactor has not seen.
//! A probe counts its facts as told only after they are durable ([`Probe::kept`]); when the spool refuses, boots, inventory and
//! program counters are simply told again at the next look, and what cannot be told again is counted as dropped.
//!
//! It runs on one thread of its own, because looking blocks (files, hashes, the journal); the agent's other half, the network,
//! never does. A look that blocks for longer than [`PATIENCE`] is left behind and said (`pipeline/lookout.rs`).

mod lookout;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use weft_agent_sys::clock::{self, StepDetector};
use weft_proto::{
    MAX_OBSERVATION_BYTES,
    v1::{AgentHealth, Observation, observation::Kind},
};

use lookout::{Errand, Looked, Lookout};

use crate::{
    drops::Drops,
    limits::{self, Budget, DailyBytes, Limits, Usage},
    observation::{kind_name, observe},
    policy::Effective,
    probe::Probe,
    queue::Queue,
    redact::{Redacted, Redactor, Secrets},
    status::Board,
    transport::Traffic,
};

/// The agent tells its own health this often, and once at its start.
const HEALTH: Duration = Duration::from_secs(600);

/// A look that takes longer is left behind: a first look at a full machine with a slow disk takes a few seconds.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// New accounts are learned this often.
const SECRETS_AGE: Duration = Duration::from_secs(3600);

/// What the agent's other half may say to the pipeline.
pub enum Control {
    /// A newer policy.
    Policy(Arc<Effective>),
    /// Look no more.
    Stop,
}

/// What the pipeline is made of.
pub struct Parts {
    /// Looked at in this order.
    pub probes: Vec<Box<dyn Probe>>,
    /// How long a look may take: [`PATIENCE`].
    pub patience: Duration,
    /// The gate.
    pub redactor: Redactor,
    /// Where observations go.
    pub queue: Arc<Queue>,
    /// Where the agent says how it is.
    pub board: Arc<Board>,
    /// Bytes over the network.
    pub traffic: Traffic,
    /// The policy in force.
    pub policy: Arc<Effective>,
    /// The agent's own files.
    pub state: Arc<Path>,
    /// The tree to look at.
    pub root: Arc<Path>,
    /// The wall clock.
    pub clock: fn() -> Timestamp,
}

/// See the module.
pub struct Pipeline {
    parts: Parts,
    lookout: Lookout,
    due: Vec<Instant>,
    limits: Limits,
    daily: DailyBytes,
    steps: StepDetector,
    health: Health,
}

/// What the next health observation will tell.
struct Health {
    due: Instant,
    cpu_told: f64,
    network_told: u64,
    dropped: Drops,
    redacted: BTreeMap<String, u64>,
    clock_step: f64,
    secrets_at: Instant,
}

impl Pipeline {
    /// Everything is due now.
    pub fn new(mut parts: Parts) -> Self {
        let now = Instant::now();
        let due = vec![now; parts.probes.len()];
        let probes = std::mem::take(&mut parts.probes);
        let lookout = Lookout::new(probes, &parts.policy, parts.patience);
        let health = Health {
            due: now,
            cpu_told: 0.0,
            network_told: 0,
            dropped: Drops::open(&parts.state),
            redacted: BTreeMap::new(),
            clock_step: 0.0,
            secrets_at: now,
        };
        Self {
            parts,
            lookout,
            due,
            limits: Limits::new(now, limits::usage()),
            daily: DailyBytes::default(),
            steps: StepDetector::new(clock::read()),
            health,
        }
    }

    /// Looks and stores until told to stop. One turn at a time, the longest due first, so that a word from the other half is heard
    /// between two looks.
    pub fn run(mut self, control: &Receiver<Control>) {
        loop {
            let next = self.turn(Instant::now());
            match control.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Control::Policy(policy)) => self.apply(policy),
                Ok(Control::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// What is due longest at `now`, if anything is. Gives the time of the next turn: time is the caller's, so that a day can be
    /// lived in a minute.
    pub fn turn(&mut self, now: Instant) -> Instant {
        for late in self.lookout.returned() {
            self.take(late);
            self.tell_owner(now);
        }
        let step = self.steps.observe(clock::read());
        if step.abs() > self.health.clock_step.abs() {
            self.health.clock_step = step;
        }
        let probe = self
            .due
            .iter()
            .copied()
            .enumerate()
            .min_by_key(|(_, due)| *due);
        match probe {
            Some((index, due)) if due <= now && due <= self.health.due => {
                self.look(index, now);
                now
            }
            _ if self.health.due <= now => {
                self.tell_health(now);
                now
            }
            Some((_, due)) => due.min(self.health.due),
            None => self.health.due,
        }
    }

    /// One probe's turn.
    fn look(&mut self, index: usize, now: Instant) {
        let (name, policy) = (self.lookout.name(index), Arc::clone(&self.parts.policy));
        let cadence = self.lookout.cadence(index, &policy);
        if let Some(due) = self.due.get_mut(index) {
            *due = now + self.limits.stretch(name, cadence);
        }
        if !policy.allows(name) || !self.limits.allows(name) {
            return;
        }
        let (begun, missing) = (Instant::now(), self.lookout.count_missing());
        let errand = Errand {
            wall: (self.parts.clock)(),
            instant: now,
            root: Arc::clone(&self.parts.root),
            policy,
        };
        let looked = self.lookout.look(index, errand);
        if self.lookout.count_missing() != missing {
            self.tell_owner(Instant::now());
        }
        if let Some(looked) = looked {
            tracing::debug!(probe = name, news = looked.observations.len(), took = ?begun.elapsed(), "looked");
            self.take(looked);
        }
    }

    fn take(&mut self, mut looked: Looked) {
        if self.store(std::mem::take(&mut looked.observations)) {
            self.lookout.kept(&looked);
        }
    }

    /// Quota, redactor, spool. True when everything that passed the quota is durable.
    fn store(&mut self, observations: Vec<Observation>) -> bool {
        let now = (self.parts.clock)();
        let mut passed: Vec<Redacted<Observation>> = Vec::with_capacity(observations.len());
        for observation in observations {
            let kind = kind_name(&observation);
            let redacted = self.parts.redactor.redact(observation);
            let bytes = prost::Message::encoded_len(redacted.get());
            // Boots are what this product is about, health is how loss becomes visible: both are rare and always pass.
            let always = matches!(kind, "boot" | "resume" | "agent_health");
            let fits = bytes <= MAX_OBSERVATION_BYTES;
            if fits
                && (always
                    || self
                        .daily
                        .take(bytes as u64, self.parts.policy.bytes_per_day, now))
            {
                passed.push(redacted);
            } else {
                self.dropped(kind, 1);
            }
        }
        for (field, count) in self.parts.redactor.take_counts() {
            *self.health.redacted.entry(field.to_owned()).or_default() += count;
        }
        // One append, all or nothing: a look is kept whole or told again whole.
        let Err(error) = self.parts.queue.append(&passed) else {
            return true;
        };
        tracing::warn!(%error, "the spool refuses");
        for redacted in &passed {
            let kind = kind_name(redacted.get());
            // Everything else is told again by its probe.
            if kind == "vitals" {
                self.dropped(kind, 1);
            }
        }
        false
    }

    fn dropped(&mut self, kind: &str, count: u64) {
        self.health.dropped.add(kind, count);
    }

    /// The agent's word about itself: to the collector, and to the owner's status file.
    fn tell_health(&mut self, now: Instant) {
        self.health.due = now + HEALTH;
        let usage = Usage {
            disk: limits::disk_usage(&self.parts.state),
            bytes_today: self.daily.today(),
            ..limits::usage()
        };
        let budget = Budget {
            spool: self.parts.policy.spool.max_bytes,
            bytes_per_day: self.parts.policy.bytes_per_day,
        };
        if self.limits.judge(now, usage, budget) {
            tracing::info!("the agent's pace changed to stay within its budget");
        }
        if now.duration_since(self.health.secrets_at) >= SECRETS_AGE {
            self.health.secrets_at = now;
            self.parts
                .redactor
                .set_secrets(Secrets::of_machine(&self.parts.root));
        }
        let degraded = self.degraded(now);
        let parts = &self.parts;
        let mut blind_spots = self.lookout.blind_spots();
        blind_spots.sort();
        blind_spots.dedup();
        let network = parts.traffic.bytes();
        let dropped = self.health.dropped.sums(parts.queue.epoch()).clone();
        let observation = AgentHealth {
            service_version: crate::VERSION.into(),
            cpu_time: usage.cpu - self.health.cpu_told,
            memory_usage: usage.memory,
            spool_usage: parts.queue.stats().bytes,
            network_io: network.saturating_sub(self.health.network_told),
            dropped: dropped.clone().into_iter().collect(),
            redacted: self.health.redacted.clone().into_iter().collect(),
            degraded: degraded.clone(),
            blind_spots: blind_spots.clone(),
            policy_version: parts.policy.version,
            clock_step: self.health.clock_step,
        };
        parts.board.update(|status| {
            status.degraded = degraded;
            status.blind_spots = blind_spots;
            status.dropped = dropped;
        });
        let wall = (self.parts.clock)();
        if self.store(vec![observe(wall, Kind::AgentHealth(observation))]) {
            self.health.cpu_told = usage.cpu;
            self.health.network_told = network;
            self.health.clock_step = 0.0;
            self.health.dropped.told();
            self.health.redacted.clear();
        }
    }

    /// What runs slower than usual or not at all, and why.
    fn degraded(&mut self, now: Instant) -> Vec<String> {
        let cadences = (0..self.due.len())
            .map(|index| {
                let cadence = self.lookout.cadence(index, &self.parts.policy);
                (self.lookout.name(index), cadence)
            })
            .collect();
        let mut degraded = self.limits.degraded(&cadences);
        degraded.extend(self.lookout.missing(now));
        degraded
    }

    /// Between two health observations: the owner need not wait for the next.
    fn tell_owner(&mut self, now: Instant) {
        let degraded = self.degraded(now);
        self.parts.board.update(|status| status.degraded = degraded);
    }

    fn apply(&mut self, policy: Arc<Effective>) {
        let now = Instant::now();
        self.parts.redactor.set_privacy(policy.privacy);
        self.parts.queue.set_limits(policy.spool);
        self.parts.policy = policy;
        // A shorter cadence must not wait for the end of the longer one.
        for (index, due) in self.due.iter_mut().enumerate() {
            let cadence = self.lookout.cadence(index, &self.parts.policy);
            let stretched = self.limits.stretch(self.lookout.name(index), cadence);
            *due = (*due).min(now + stretched);
        }
    }
}
