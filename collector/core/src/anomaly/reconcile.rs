//! From a round's findings to changes of the kept anomalies.
//!
//! **Invariant: the alert budget holds by construction.** Opening and relapsing are the only changes that alert, both pass
//! one gate, and what the gate refuses is returned by name. Updates and resolutions never wait.
//!
//! | kept | finding | becomes |
//! | --- | --- | --- |
//! | none | yes | Open |
//! | open, acknowledged | yes, different | Update (a higher severity opens an acknowledged one again) |
//! | open, acknowledged | no, and quiet for a while ([`quiet_hours`]) | Resolve, by itself |
//! | open, acknowledged | no, but its devices stand in a larger finding | Resolve, at once: the larger one speaks for it |
//! | resolved | yes, with newer evidence | Relapse |
//! | resolved by a rule | yes, no newer evidence, and the rule was taken back or ended | Update: it stands in the list again |
//! | open, acknowledged | yes, but a rule says so | Resolve, with the rule's judgement |

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    anomaly::{Anomaly, Judgement, Rule, State},
    device::{Cohort, DeviceId},
    finding::{Finding, Kind, Severity, Subject},
};

/// A cause must be away for this long before its anomaly resolves itself: evidence at the edge of a window flickers.
pub const RESOLVE_AFTER_HOURS: f64 = 6.0;
/// Whether a finding about many devices stands for one about some of them.
const SPEAKS_FOR: [&str; 2] = ["reboot.outbreak", "compound.malware"];
/// A finding about a cohort is the old one under a new name when this share of their devices is common.
const SAME_DEVICES: f64 = 0.5;
const DAY: f64 = 86_400.0;

/// Hours without new evidence after which "it is over" can be said. A count that slides in and out of a window must
/// not be told as cured and relapsed every other day.
fn quiet_hours(finding: &Finding) -> f64 {
    match finding.kind {
        // A laptop that ran for three days is well again.
        Kind::Reboot | Kind::Compound => 72.0,
        // Batteries do not heal: a reading at the edge is noise, not recovery.
        Kind::Capacity if finding.detector == "capacity.battery" => 14.0 * 24.0,
        Kind::Capacity => 48.0,
        Kind::App | Kind::Process => 24.0,
    }
}

/// How many anomalies may alert (open or relapse) in 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// About one device, whatever the finding calls its subject: a team's finding with one laptop is about that laptop.
    pub per_device_day: u32,
    /// About one cohort (a team, a model, an app).
    pub per_cohort_day: u32,
    /// In all.
    pub per_fleet_day: u32,
    /// Part of `per_fleet_day` that only high and critical ones may use.
    pub reserved: u32,
}

impl Default for Budget {
    /// A team of two can look at 40 a day; nobody needs three things told about one laptop on one day.
    fn default() -> Self {
        Self {
            per_device_day: 2,
            per_cohort_day: 6,
            per_fleet_day: 40,
            reserved: 10,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Open(Anomaly),
    Update(Anomaly),
    Relapse(Anomaly),
    Resolve(Anomaly),
}

impl Change {
    pub fn anomaly(&self) -> &Anomaly {
        match self {
            Self::Open(anomaly)
            | Self::Update(anomaly)
            | Self::Relapse(anomaly)
            | Self::Resolve(anomaly) => anomaly,
        }
    }
}

/// Whose budget of a day is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    Device,
    Cohort,
    Fleet,
}

/// A finding that had to wait, and why, in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldBack {
    pub cause: String,
    pub title: String,
    pub kind: Kind,
    pub severity: Severity,
    pub limit: Limit,
    pub reason: String,
}

/// A finding that a rule hides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hidden {
    pub cause: String,
    pub title: String,
    pub rule: Uuid,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reconciled {
    pub changes: Vec<Change>,
    pub held_back: Vec<HeldBack>,
    pub hidden: Vec<Hidden>,
}

/// `existing` are all living anomalies and those resolved in the last weeks, in any order.
pub fn reconcile(
    existing: &[Anomaly],
    findings: &[Finding],
    rules: &[Rule],
    now: Timestamp,
    budget: &Budget,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Reconciled {
    let findings = crate::detect::tidy(findings.to_vec());
    let mut gate = Gate::new(existing, now, budget);
    let mut done = Reconciled::default();
    let mut seen: BTreeSet<Uuid> = BTreeSet::new();
    let by_cause = newest_by_cause(existing);
    let speakers: Vec<Finding> = findings
        .iter()
        .filter(|finding| SPEAKS_FOR.contains(&finding.detector.as_str()))
        .cloned()
        .collect();

    // Most severe first: when the budget ends, the least severe wait.
    for finding in findings {
        let kept = by_cause
            .get(finding.cause.as_str())
            .copied()
            .filter(|anomaly| !seen.contains(&anomaly.id))
            .or_else(|| renamed(existing, &finding, &seen));
        if let Some(anomaly) = kept {
            seen.insert(anomaly.id);
        }
        if let Some(rule) = rules.iter().find(|rule| rule.hides(&finding, now)) {
            if let Some(anomaly) = kept.filter(|anomaly| anomaly.state != State::Resolved) {
                done.changes.push(Change::Resolve(Anomaly {
                    judgement: Some(rule.judgement),
                    ..resolved(anomaly, now)
                }));
            }
            done.hidden.push(Hidden {
                cause: finding.cause,
                title: finding.title,
                rule: rule.id,
            });
            continue;
        }
        match kept {
            Some(anomaly) if anomaly.state != State::Resolved => {
                if differs(&anomaly.finding, &finding) {
                    done.changes
                        .push(Change::Update(updated(anomaly, finding, now)));
                }
            }
            Some(anomaly) if !is_newer(anomaly, &finding) => {
                if hidden_until_now(anomaly) {
                    done.changes
                        .push(Change::Update(reopened(anomaly, finding, now)));
                }
            }
            kept => match gate.pass(&finding) {
                Ok(()) => done.changes.push(match kept {
                    Some(anomaly) => Change::Relapse(relapsed(anomaly, finding, now)),
                    None => Change::Open(opened(finding, now, new_id())),
                }),
                Err((limit, reason)) => done.held_back.push(HeldBack {
                    cause: finding.cause,
                    title: finding.title,
                    kind: finding.kind,
                    severity: finding.severity,
                    limit,
                    reason,
                }),
            },
        }
    }
    let gone = existing
        .iter()
        .filter(|anomaly| anomaly.state != State::Resolved && !seen.contains(&anomaly.id))
        .filter(|anomaly| {
            is_spoken_for(anomaly, &speakers)
                || (hours(anomaly.updated_at, now) >= RESOLVE_AFTER_HOURS
                    && hours(anomaly.finding.to, now) >= quiet_hours(&anomaly.finding))
        });
    done.changes
        .extend(gone.map(|anomaly| Change::Resolve(resolved(anomaly, now))));
    done
}

/// Every device of it stands in a finding that took its place, or in one of several: what looked like one outbreak while
/// half of the reports were here may be two causes when all are.
fn is_spoken_for(anomaly: &Anomaly, speakers: &[Finding]) -> bool {
    let finding = &anomaly.finding;
    let speakers: Vec<&Finding> = speakers
        .iter()
        .filter(|speaker| speaker.cause != finding.cause)
        .filter(|speaker| finding.kind == Kind::Reboot || speaker.kind == Kind::Compound)
        .collect();
    matches!(finding.kind, Kind::Reboot | Kind::Process)
        && !finding.devices.is_empty()
        && finding.devices.iter().all(|device| {
            speakers
                .iter()
                .any(|speaker| speaker.devices.contains(device))
        })
}

/// The gate through which every alert passes.
struct Gate<'a> {
    budget: &'a Budget,
    fleet: u32,
    devices: HashMap<DeviceId, u32>,
    cohorts: HashMap<Cohort, u32>,
}

/// Whose budget an alert is charged to, besides the fleet's.
enum Charged<'a> {
    Device(DeviceId),
    Cohort(&'a Cohort),
}

fn charged(finding: &Finding) -> Charged<'_> {
    match (&finding.subject, finding.devices.as_slice()) {
        (Subject::Device(device), _) | (Subject::Cohort(_), [device]) => Charged::Device(*device),
        (Subject::Cohort(cohort), _) => Charged::Cohort(cohort),
    }
}

impl<'a> Gate<'a> {
    fn new(existing: &[Anomaly], now: Timestamp, budget: &'a Budget) -> Self {
        let mut gate = Self {
            budget,
            fleet: 0,
            devices: HashMap::new(),
            cohorts: HashMap::new(),
        };
        for anomaly in existing
            .iter()
            .filter(|anomaly| alerted_today(anomaly, now))
        {
            gate.count(&anomaly.finding);
        }
        gate
    }

    fn pass(&mut self, finding: &Finding) -> Result<(), (Limit, String)> {
        let urgent = finding.severity >= Severity::High;
        let reserved = if urgent {
            0
        } else {
            self.budget.reserved.min(self.budget.per_fleet_day)
        };
        let fleet = self.budget.per_fleet_day - reserved;
        if self.fleet >= fleet {
            return Err((
                Limit::Fleet,
                format!("the fleet's budget of {fleet} alerts a day is used up"),
            ));
        }
        let (used, most, limit, whose) = match charged(finding) {
            Charged::Device(device) => (
                self.devices.get(&device),
                self.budget.per_device_day,
                Limit::Device,
                "device",
            ),
            Charged::Cohort(cohort) => (
                self.cohorts.get(cohort),
                self.budget.per_cohort_day,
                Limit::Cohort,
                "cohort",
            ),
        };
        if used.copied().unwrap_or(0) >= most {
            return Err((
                limit,
                format!("the {whose}'s budget of {most} alerts a day is used up"),
            ));
        }
        self.count(finding);
        Ok(())
    }

    fn count(&mut self, finding: &Finding) {
        self.fleet = self.fleet.saturating_add(1);
        match charged(finding) {
            Charged::Device(device) => *self.devices.entry(device).or_default() += 1,
            Charged::Cohort(cohort) => *self.cohorts.entry(cohort.clone()).or_default() += 1,
        }
    }
}

/// Counts a little too much (an update of a relapsed anomaly looks like a relapse), so that the budget is never exceeded.
fn alerted_today(anomaly: &Anomaly, now: Timestamp) -> bool {
    let today = |at: Timestamp| hours(at, now) < DAY / 3_600.0;
    today(anomaly.opened_at)
        || (anomaly.relapses > 0 && anomaly.state != State::Resolved && today(anomaly.updated_at))
}

/// Living before resolved, then the newest.
fn newest_by_cause(existing: &[Anomaly]) -> BTreeMap<&str, &Anomaly> {
    let mut by_cause: BTreeMap<&str, &Anomaly> = BTreeMap::new();
    for anomaly in existing {
        let rank = |anomaly: &Anomaly| {
            (
                anomaly.state != State::Resolved,
                anomaly.updated_at,
                anomaly.id,
            )
        };
        let kept = by_cause
            .entry(anomaly.finding.cause.as_str())
            .or_insert(anomaly);
        if rank(anomaly) > rank(kept) {
            *kept = anomaly;
        }
    }
    by_cause
}

/// An outbreak whose best explanation changed ("the model" became "the model on this build") is still that outbreak.
fn renamed<'a>(
    existing: &'a [Anomaly],
    finding: &Finding,
    seen: &BTreeSet<Uuid>,
) -> Option<&'a Anomaly> {
    if !matches!(finding.subject, Subject::Cohort(_))
        || !matches!(
            finding.detector.as_str(),
            "reboot.outbreak" | "compound.malware"
        )
    {
        return None;
    }
    existing
        .iter()
        .filter(|anomaly| anomaly.state != State::Resolved && !seen.contains(&anomaly.id))
        .filter(|anomaly| anomaly.finding.detector == finding.detector)
        .map(|anomaly| (common(&anomaly.finding.devices, &finding.devices), anomaly))
        .filter(|(share, _)| *share >= SAME_DEVICES)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.id.cmp(&a.1.id)))
        .map(|(_, anomaly)| anomaly)
}

/// Jaccard: devices in both over devices in either.
fn common(a: &[DeviceId], b: &[DeviceId]) -> f64 {
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
    let both = a.intersection(&b).count() as f64;
    both / (a.len() as f64 + b.len() as f64 - both).max(1.0)
}

/// The evidence went on after the anomaly was resolved.
fn is_newer(anomaly: &Anomaly, finding: &Finding) -> bool {
    anomaly
        .resolved_at
        .is_none_or(|resolved| finding.to > resolved)
        || finding
            .devices
            .iter()
            .any(|device| !anomaly.finding.devices.contains(device))
}

/// Scores move with every round; people care when words, evidence or devices change.
fn differs(old: &Finding, new: &Finding) -> bool {
    old.cause != new.cause
        || old.severity != new.severity
        || old.detector != new.detector
        || old.to != new.to
        || old.title != new.title
        || old.devices != new.devices
}

fn opened(finding: Finding, now: Timestamp, id: Uuid) -> Anomaly {
    Anomaly {
        id,
        state: State::Open,
        judgement: None,
        opened_at: now,
        updated_at: now,
        resolved_at: None,
        relapses: 0,
        finding,
    }
}

fn updated(anomaly: &Anomaly, finding: Finding, now: Timestamp) -> Anomaly {
    let worse = finding.severity > anomaly.finding.severity;
    Anomaly {
        state: if worse { State::Open } else { anomaly.state },
        updated_at: now,
        finding,
        ..anomaly.clone()
    }
}

/// A rule had resolved it, and no rule hides it any more: a judgement that is taken back gives back what it hid.
fn hidden_until_now(anomaly: &Anomaly) -> bool {
    anomaly.state == State::Resolved
        && matches!(
            anomaly.judgement,
            Some(Judgement::Expected | Judgement::False)
        )
}

fn reopened(anomaly: &Anomaly, finding: Finding, now: Timestamp) -> Anomaly {
    Anomaly {
        state: State::Open,
        judgement: None,
        updated_at: now,
        resolved_at: None,
        finding,
        ..anomaly.clone()
    }
}

fn relapsed(anomaly: &Anomaly, finding: Finding, now: Timestamp) -> Anomaly {
    Anomaly {
        relapses: anomaly.relapses.saturating_add(1),
        ..reopened(anomaly, finding, now)
    }
}

fn resolved(anomaly: &Anomaly, now: Timestamp) -> Anomaly {
    Anomaly {
        state: State::Resolved,
        updated_at: now,
        resolved_at: Some(now),
        ..anomaly.clone()
    }
}

fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3_600.0
}
