//! The most unusual program runs of each device and day: what a person reads who has time for ten lines.
//!
//! **Invariant: a day is judged by what was known at its end.** Runs come day by day; the memory holds that day and
//! the days before, never a later one. Each device-day has its own ranks, so a noisy laptop hides no other. Only the
//! most unusual of a device-day may alert, and while the fleet is learning fewer and none above `low`: the number of
//! alerts is bounded by construction. No list of attack tools: see [`super::roles`].
//!
//! The sum is explained in docs/detection-processes.md; the weights are in [`weigh`].

mod memory;
mod weigh;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::{
    memory::Memory,
    weigh::{Sentence, Weighed},
};
use super::identity::normalised_name;
use crate::{
    detect::wording,
    device::DeviceId,
    finding::{EvidenceRow, Facts, Finding, Kind, Severity, Subject, cause},
};

/// A device-day is shown unasked when its most unusual run has that many points, and then with its runs from
/// the second number on: (gate, floor). Below, a day is what that fleet does.
const SHOWN: (f64, f64) = (4.5, 2.5);
/// The same for a history that ends while the fleet is learning: rarity, which gives a run half of its points, is not
/// known yet.
const SHOWN_LEARNING: (f64, f64) = (2.5, 1.5);
/// Lines of a device-day that are shown unasked.
const LINES: usize = 10;
/// Points from which it is worth a person's minute.
pub const ALERT: f64 = 6.3;
/// The same while the fleet is learning, for the same reason.
const ALERT_LEARNING: f64 = 6.0;
/// Of these points, what must be strange anywhere: rarity alone (a fetched installer, a setting opened once a year) waits in
/// the list for who reads on. More of it while rarity is not known yet.
const STRANGE: f64 = 2.0;
const STRANGE_LEARNING: f64 = 3.0;
/// Of one device-day: an attack is many runs, and a person opens the device after the first.
const ALERTS: usize = 3;
/// While the fleet is learning.
const ALERTS_LEARNING: usize = 1;
/// Rows of evidence of one line.
const ROWS: usize = 12;
/// A fleet that was seen on fewer days, or on fewer device-days, is still learning.
const LEARNING_DAYS: usize = 3;
const LEARNING_DEVICE_DAYS: u32 = 20;

/// One way in which a program ran on one device on one day (UTC): same file, parent, account class and traits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub device: DeviceId,
    /// Start of the day.
    pub day: Timestamp,
    pub executable_name: String,
    pub executable_path: String,
    pub executable_sha256: String,
    pub package: String,
    pub signer: String,
    pub original_file_name: String,
    pub parent_executable_name: String,
    pub user_class: String,
    pub place: String,
    /// Marks of the agent, and from a history that tells more: the shape of the arguments ([`super::arguments`]),
    /// `form:<number>`, `parent_place:<class>`, `run:<number>`, `parent_run:<number>`, `no_version_info`.
    pub traits: Vec<String>,
    pub first: Timestamp,
    pub last: Timestamp,
    pub starts: u32,
    pub pid: u32,
}

impl Run {
    pub fn has(&self, mark: &str) -> bool {
        self.traits.iter().any(|known| known == mark)
    }

    /// What stands behind `prefix` in a trait: `value("form:")`.
    pub fn value(&self, prefix: &str) -> &str {
        self.traits
            .iter()
            .find_map(|known| known.strip_prefix(prefix))
            .unwrap_or("")
    }
}

/// One line of a device-day's ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub device: DeviceId,
    pub day: Timestamp,
    /// From 1, within the device-day.
    pub rank: usize,
    pub points: f64,
    /// Of them, what would be strange in any fleet.
    pub strange: f64,
    pub executable_name: String,
    pub executable_path: String,
    pub parent_executable_name: String,
    pub detector: &'static str,
    /// Whether it is put before a person; the rest is there for who asks.
    pub alert: bool,
    pub severity: Severity,
    pub why: Vec<String>,
    /// Most unusual first.
    pub runs: Vec<Run>,
}

/// Judges day after day.
#[derive(Default)]
pub struct Daily {
    memory: Memory,
}

impl Daily {
    /// The lines of one day, by device, most unusual first. `runs` are of that one day, in any order; days come in order.
    pub fn day(&mut self, mut runs: Vec<Run>) -> Vec<Line> {
        runs.retain(|run| !run.executable_name.is_empty() || !run.executable_path.is_empty());
        // Equal data gives equal lines, whatever order a store answers in.
        runs.sort_by(|a, b| order(a).cmp(&order(b)));
        let learned: Vec<weigh::Keys> = runs.iter().map(weigh::Keys::of).collect();
        for (run, keys) in runs.iter().zip(&learned) {
            self.memory.learn(run.device, run.day, keys);
        }
        let learning = self.learning();
        let mut by_device: BTreeMap<DeviceId, Vec<(Run, weigh::Keys)>> = BTreeMap::new();
        for (run, keys) in runs.into_iter().zip(learned) {
            by_device.entry(run.device).or_default().push((run, keys));
        }
        by_device
            .into_values()
            .flat_map(|runs| self.device_day(runs, learning.as_deref()))
            .collect()
    }

    fn device_day(&self, runs: Vec<(Run, weigh::Keys)>, learning: Option<&str>) -> Vec<Line> {
        let weighed = weigh::all(&runs, &self.memory);
        let mut by_program: BTreeMap<(String, String), Vec<(Run, Weighed)>> = BTreeMap::new();
        for ((run, keys), weighed) in runs.into_iter().zip(weighed) {
            by_program
                .entry((keys.program, keys.parent))
                .or_default()
                .push((run, weighed));
        }
        let mut lines: Vec<Line> = by_program.into_values().filter_map(line).collect();
        lines.sort_by(|a, b| {
            b.points.total_cmp(&a.points).then_with(|| {
                (
                    &a.executable_path,
                    &a.executable_name,
                    &a.parent_executable_name,
                )
                    .cmp(&(
                        &b.executable_path,
                        &b.executable_name,
                        &b.parent_executable_name,
                    ))
            })
        });
        let (mut left, least, strange) = if learning.is_some() {
            (ALERTS_LEARNING, ALERT_LEARNING, STRANGE_LEARNING)
        } else {
            (ALERTS, ALERT, STRANGE)
        };
        for (index, line) in lines.iter_mut().enumerate() {
            line.rank = index + 1;
            line.alert = left > 0 && line.points >= least && line.strange >= strange;
            left -= usize::from(line.alert);
            line.severity = severity(line, learning.is_some());
            if line.alert {
                line.why.extend(learning.map(str::to_owned));
            }
        }
        lines
    }

    /// What is shown of `lines`, which are whole device-days: of each the `top` most unusual, or what is notable. After the
    /// last day, so that the first days of a long history are measured like the others.
    pub fn show(&self, lines: &mut Vec<Line>, top: Option<usize>) {
        let (gate, floor) = if self.learning().is_some() {
            SHOWN_LEARNING
        } else {
            SHOWN
        };
        let notable: BTreeSet<(DeviceId, Timestamp)> = lines
            .iter()
            .filter(|line| line.points >= gate)
            .map(|line| (line.device, line.day))
            .collect();
        lines.retain(|line| {
            line.alert
                || match top {
                    Some(top) => line.rank <= top && line.points > 0.0,
                    None => {
                        line.rank <= LINES
                            && line.points >= floor
                            && notable.contains(&(line.device, line.day))
                    }
                }
        });
    }

    fn learning(&self) -> Option<String> {
        let (days, device_days) = (self.memory.days(), self.memory.device_days());
        (days < LEARNING_DAYS || device_days < LEARNING_DEVICE_DAYS).then(|| {
            format!(
                "The fleet is still learning: {} on {} are known, so only the oddest run of a device and day is shown as an alert.",
                wording::count(device_days as usize, "device-day"),
                wording::count(days, "day"),
            )
        })
    }
}

impl Line {
    /// As a finding of its device; `name` is the device's.
    pub fn finding(&self, name: &str) -> Finding {
        let first = self
            .runs
            .iter()
            .map(|run| run.first)
            .min()
            .unwrap_or(self.day);
        let last = self.runs.iter().map(|run| run.last).max().unwrap_or(first);
        let program = shown(&self.executable_name, &self.executable_path);
        let parent = if self.parent_executable_name.is_empty() {
            "an unknown parent"
        } else {
            &self.parent_executable_name
        };
        Finding {
            kind: Kind::Process,
            detector: self.detector.to_owned(),
            subject: Subject::Device(self.device),
            cause: cause(
                Kind::Process,
                &format!(
                    "run:{}:{}",
                    normalised_name(&self.executable_name),
                    normalised_name(&self.parent_executable_name)
                ),
                &format!("{}:{}", self.device, self.day),
            ),
            severity: self.severity,
            confidence: (1.0 - (-self.points.max(0.0) / 10.0).exp()).clamp(0.0, 0.95),
            score: self.points.max(0.0),
            from: first,
            to: last,
            title: match self.detector {
                "process.masquerade" => {
                    format!("{program} on {name} wears the name of a program of the system")
                }
                "process.lineage" => format!("{program} was started by {parent} on {name}"),
                _ => format!("Unusual run of {program} on {name}, started by {parent}"),
            },
            why: self.why.clone(),
            evidence: self
                .runs
                .iter()
                .take(ROWS)
                .map(|run| row(run, parent))
                .collect(),
            devices: vec![self.device],
            at_risk: Vec::new(),
            facts: Facts {
                processes: vec![self.executable_name.clone()],
                ..Facts::default()
            },
        }
    }
}

/// A stable number of some texts, eight hex digits: names a form or a run without its words.
pub fn number(texts: &[&str]) -> String {
    // FNV-1a, 64 bits folded to 32: <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>. No secret hangs on it.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in texts.iter().flat_map(|text| text.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

fn line(mut runs: Vec<(Run, Weighed)>) -> Option<Line> {
    runs.sort_by(|a, b| {
        b.1.points
            .total_cmp(&a.1.points)
            .then_with(|| order(&a.0).cmp(&order(&b.0)))
    });
    let (run, weighed) = runs.first()?.clone();
    let strange = weighed.strange();
    let mut sentences: Vec<Sentence> = weighed.why;
    sentences.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
    Some(Line {
        device: run.device,
        day: run.day,
        rank: 0,
        points: weighed.points,
        strange,
        executable_name: run.executable_name.clone(),
        executable_path: run.executable_path.clone(),
        parent_executable_name: run.parent_executable_name.clone(),
        detector: weighed.detector,
        alert: false,
        severity: Severity::Info,
        why: sentences
            .into_iter()
            .map(|sentence| sentence.words)
            .collect(),
        runs: runs.into_iter().map(|(run, _)| run).collect(),
    })
}

fn severity(line: &Line, learning: bool) -> Severity {
    match line.points - ALERT {
        _ if !line.alert => Severity::Info,
        _ if learning => Severity::Low,
        over if over >= 5.0 => Severity::High,
        over if over >= 2.0 => Severity::Medium,
        _ => Severity::Low,
    }
}

fn row(run: &Run, parent: &str) -> EvidenceRow {
    let mut text = format!(
        "{} started by {parent}, {}, pid {}, path {}",
        shown(&run.executable_name, &run.executable_path),
        wording::count(run.starts.max(1) as usize, "start"),
        run.pid,
        shown(&run.executable_path, "unknown"),
    );
    if !run.executable_sha256.is_empty() {
        text.push_str(&format!(", sha256 {}", run.executable_sha256));
    }
    EvidenceRow {
        kind: "process".to_owned(),
        device: Some(run.device),
        at: run.first,
        text,
    }
}

fn shown<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

type Order<'a> = (
    DeviceId,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    Timestamp,
    &'a [String],
);

fn order(run: &Run) -> Order<'_> {
    (
        run.device,
        &run.executable_path,
        &run.executable_name,
        &run.parent_executable_name,
        &run.executable_sha256,
        &run.user_class,
        run.first,
        &run.traits,
    )
}

/// Runs by day, in order.
pub fn by_day(runs: Vec<Run>) -> BTreeMap<Timestamp, Vec<Run>> {
    let mut days: BTreeMap<Timestamp, Vec<Run>> = BTreeMap::new();
    for run in runs {
        days.entry(run.day).or_default().push(run);
    }
    days
}

#[cfg(test)]
mod tests;
