//! The watch: evidence, detectors, anomalies, again and again.
//!
//! **Invariant: one collector at a time.** A lease in the control store decides whose turn it is. A round that fails changes
//! nothing, is logged by [`crate::jobs::every`], and never stops ingest: the next round reads the same evidence again.
//! Judging is pure and lives in `core`; this file only carries.

mod waiting;

pub use waiting::Waiting;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use weft_collector_core::{
    anomaly::{self, Anomaly, Budget, Change, HeldBack},
    detect::{self, Settings},
    device::{DeviceId, Traits},
    finding::{Finding, Subject},
    verdict::Verdict,
};
use weft_collector_store::{
    control::{Control, ControlError},
    telemetry::{self, Telemetry},
};

use crate::{
    clock::Clock,
    jobs::Lease,
    threads::voice::{News, Voice},
};

/// How long the others wait for a watcher that died in a round. A round over the largest fleet takes under a minute.
const LEASE: SignedDuration = SignedDuration::from_mins(5);

/// Devices whose daily figures are in memory at once: a thousand are 10 MB.
const CAPACITY_DEVICES: usize = 1_000;

/// A cause that comes back within this time is the old anomaly again, not a new one.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 30);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("evidence: {0}")]
    Telemetry(#[from] telemetry::Error),
    #[error("anomalies: {0}")]
    Control(#[from] ControlError),
    #[error("the detectors ended in a panic; nothing was changed")]
    Detectors,
}

/// What a round did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Round {
    pub devices: usize,
    pub findings: usize,
    pub opened: usize,
    pub updated: usize,
    pub relapsed: usize,
    pub resolved: usize,
    /// Hidden by what people taught.
    pub hidden: usize,
    /// What the alert budget made wait.
    pub held_back: Vec<HeldBack>,
}

/// The watcher of this process.
#[derive(Debug)]
pub struct Watch {
    control: Control,
    telemetry: Telemetry,
    clock: Clock,
    lease: Lease,
    voice: Voice,
    settings: Settings,
    budget: Budget,
}

impl Watch {
    pub fn new(control: Control, telemetry: Telemetry, clock: Clock) -> Self {
        let lease = Lease {
            control: control.clone(),
            clock: clock.clone(),
            name: "watch".into(),
            holder: clock.id(),
            lasting: LEASE,
        };
        Self {
            voice: Voice::new(control.clone(), clock.clone()),
            control,
            telemetry,
            clock,
            lease,
            settings: Settings::default(),
            budget: Budget::default(),
        }
    }

    /// A round if it is this collector's turn.
    pub async fn turn(&self) -> Result<Option<Round>, Error> {
        if !self.lease.take().await {
            return Ok(None);
        }
        let round = self.round().await?;
        if round.opened + round.relapsed + round.resolved > 0 {
            let Round {
                opened,
                relapsed,
                resolved,
                findings,
                ..
            } = round;
            tracing::info!(findings, opened, relapsed, resolved, "the watch went round");
        }
        for held in &round.held_back {
            tracing::debug!(cause = held.cause, reason = held.reason, "an anomaly waits");
        }
        Ok(Some(round))
    }

    /// At an orderly end: another collector goes on at once.
    pub async fn leave(&self) {
        self.lease.release().await;
    }

    async fn round(&self) -> Result<Round, Error> {
        let now = self.clock.now();
        let devices = self.devices().await?;
        let verdicts: Vec<Verdict> = self
            .control
            .verdicts()
            .list()
            .await?
            .into_iter()
            .map(|given| given.verdict)
            .collect();
        let days = self.settings.history_days.ceil() as u32;
        let reading = self.telemetry.reading(now, days).await?;
        let mut evidence = reading.devices(&devices, verdicts).await?;
        let mut findings: Vec<Finding> = Vec::new();
        for part in reading.parts(&evidence, CAPACITY_DEVICES) {
            evidence.capacity = reading.capacity(&evidence, Some(part)).await?;
            let settings = self.settings.clone();
            (evidence, findings) = compute(move || {
                findings.extend(detect::capacity::detect(&evidence, &settings));
                evidence.capacity = Vec::new();
                (evidence, findings)
            })
            .await?;
        }
        reading.rest(&mut evidence).await?;
        let known = self
            .control
            .anomalies()
            .known(earlier(now, REMEMBERED))
            .await?;
        let known: Vec<Anomaly> = known.into_iter().map(|kept| kept.anomaly).collect();
        let rules = self.control.judgements().in_force(now).await?;

        let watched = evidence.devices.len();
        let (settings, budget, clock) = (self.settings.clone(), self.budget, self.clock.clone());
        let (findings, reconciled) = compute(move || {
            let findings = detect::run_on(&evidence, findings, &settings);
            let reconciled =
                anomaly::reconcile(&known, &findings, &rules, now, &budget, &mut || clock.id());
            (findings.len(), reconciled)
        })
        .await?;

        let mut round = Round {
            devices: watched,
            findings,
            hidden: reconciled.hidden.len(),
            held_back: reconciled.held_back,
            ..Round::default()
        };
        let simulated: BTreeSet<DeviceId> = devices
            .iter()
            .filter(|(_, traits)| traits.simulated)
            .map(|(id, _)| *id)
            .collect();
        for change in &reconciled.changes {
            let anomaly = change.anomaly();
            self.control
                .anomalies()
                .save(anomaly, is_simulated(anomaly, &simulated))
                .await?;
            match change {
                Change::Open(_) => round.opened += 1,
                Change::Update(_) => round.updated += 1,
                Change::Relapse(_) => {
                    round.relapsed += 1;
                    self.voice.spread(anomaly, News::Relapsed).await?;
                }
                Change::Resolve(_) => {
                    round.resolved += 1;
                    self.voice.spread(anomaly, News::Resolved).await?;
                }
            }
        }
        Waiting::of(&round.held_back, now)
            .write(&self.control)
            .await?;
        Ok(round)
    }

    /// Devices that still belong to the fleet.
    async fn devices(&self) -> Result<BTreeMap<DeviceId, Traits>, Error> {
        let devices = self.control.devices().list().await?.into_iter();
        Ok(devices
            .filter(|device| device.state.may_report())
            .map(|device| (device.id, device.traits))
            .collect())
    }
}

/// Seconds of pure computing over a large fleet: not on the threads that answer laptops.
async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Detectors)
}

/// Simulated only when every device behind it is: one real laptop makes it real.
fn is_simulated(anomaly: &Anomaly, simulated: &BTreeSet<DeviceId>) -> bool {
    let finding = &anomaly.finding;
    let about = match &finding.subject {
        Subject::Device(device) => Some(device),
        Subject::Cohort(_) => None,
    };
    let mut concerned = finding.devices.iter().chain(about).peekable();
    concerned.peek().is_some() && concerned.all(|device| simulated.contains(device))
}

pub(crate) fn earlier(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::UNIX_EPOCH)
}
