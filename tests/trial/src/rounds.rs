//! The collector's days: a round every few hours, each judging what it then knows, anomalies carried from round to round.
//!
//! **Invariant: a round sees the world only through [`World::evidence`]** and keeps anomalies through
//! `core::anomaly::reconcile`, as the watch of a collector does. Not here: whether what was said is true.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Anomaly, Budget, Change, State, reconcile},
    detect::{self, Settings},
    finding::Finding,
};

use crate::{
    peer::{Alert, Fixed},
    world::World,
};

/// What a collector remembers of resolved anomalies.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Something was said about a cause, for the first time or in new words.
#[derive(Clone, Debug)]
pub struct Voice {
    pub day: f64,
    /// It alerts: opened or relapsed, not updated.
    pub alert: bool,
    pub relapse: bool,
    pub anomaly: Uuid,
    pub finding: Finding,
}

#[derive(Clone, Debug, Default)]
pub struct Log {
    pub voices: Vec<Voice>,
    /// What fixed thresholds said in the same rounds.
    pub peer: Vec<Alert>,
    /// Findings refused by the budget, counted in each round anew.
    pub held_back: usize,
    /// Different causes that ever waited.
    pub waited: BTreeSet<String>,
    /// The largest number that waited in one round.
    pub most_waiting: usize,
    pub rounds: usize,
    pub resolved: usize,
    pub judging: Duration,
    pub slowest: Duration,
}

/// Rounds from day `from` to day `to`, `per_day` each day.
pub fn run(world: &World, span: (f64, f64), per_day: usize, settings: &Settings) -> Log {
    run_within(world, span, per_day, settings, &Budget::default())
}

/// The same within another alert budget.
pub fn run_within(
    world: &World,
    (from, to): (f64, f64),
    per_day: usize,
    settings: &Settings,
    budget: &Budget,
) -> Log {
    let mut kept: BTreeMap<Uuid, Anomaly> = BTreeMap::new();
    let mut log = Log::default();
    let mut fixed = Fixed::default();
    let mut ids = 0u128;
    let steps = ((to - from) * per_day as f64).round() as usize;
    for step in 0..=steps {
        let day = from + step as f64 / per_day as f64;
        let now = world.at(day);
        let evidence = world.evidence(day);
        log.peer.extend(fixed.round(&evidence, day));
        let began = Instant::now();
        let findings = detect::run(&evidence, settings);
        let existing: Vec<Anomaly> = kept.values().cloned().collect();
        let done = reconcile(&existing, &findings, &[], now, budget, &mut || {
            ids += 1;
            Uuid::from_u128(ids)
        });
        let took = began.elapsed();
        log.judging += took;
        log.slowest = log.slowest.max(took);
        log.rounds += 1;
        log.held_back += done.held_back.len();
        log.most_waiting = log.most_waiting.max(done.held_back.len());
        log.waited
            .extend(done.held_back.iter().map(|held| held.cause.clone()));
        for change in done.changes {
            let anomaly = change.anomaly().clone();
            let (alert, relapse) = match change {
                Change::Open(_) => (true, false),
                Change::Relapse(_) => (true, true),
                Change::Update(_) => (false, false),
                Change::Resolve(_) => {
                    log.resolved += 1;
                    kept.insert(anomaly.id, anomaly);
                    continue;
                }
            };
            log.voices.push(Voice {
                day,
                alert,
                relapse,
                anomaly: anomaly.id,
                finding: anomaly.finding.clone(),
            });
            kept.insert(anomaly.id, anomaly);
        }
        let oldest = now.checked_sub(REMEMBERED).unwrap_or(now);
        kept.retain(|_, anomaly| anomaly.state != State::Resolved || anomaly.updated_at >= oldest);
    }
    log
}
