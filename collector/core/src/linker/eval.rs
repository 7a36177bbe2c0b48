//! How good the linker is on labelled cases: precision where it acts, recall where it suggests, and every miss.
//!
//! One line per case, JSON:
//!
//! ```json
//! {"anomaly": {..}, "threads": [{"id": "..", "title": "..", "posts": [".."], ..}], "expected": ["<thread id>"], "now": "2026-11-22T12:00:00Z"}
//! ```
//!
//! `anomaly` may be a whole [`Anomaly`] or any part of it: what is missing takes a neutral value (`kind` reboot,
//! `from` and `to` the threads' times, no devices). A thread needs `id`; `title`, `posts`, `author_devices`,
//! `participant_devices`, `models`, `os_builds`, `teams`, `opened_at`, `last_post_at`, `solved` are optional. `expected`
//! lists the threads that are about the anomaly; an empty list is a case too. `now` defaults to the latest time named.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    anomaly::{Anomaly, State},
    device::DeviceId,
    finding::{Facts, Finding, Kind, Severity, Subject},
    link::LinkState,
    linker::{PastDecision, Settings, rank},
    thread::ThreadText,
};

/// Dirty lines reported by number; more are counted.
const DIRTY_LIMIT: usize = 100;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub cases: usize,
    pub pairs: usize,
    /// Of the links that act, the share that is right; `null` when none acts.
    pub precision_automatic: Option<f64>,
    /// Of the expected links, the share that acts.
    pub recall_automatic: Option<f64>,
    pub precision_suggested: Option<f64>,
    /// Of the expected links, the share that is at least suggested.
    pub recall_suggested: Option<f64>,
    pub counts: Counts,
    pub misses: Vec<Miss>,
    /// Lines that could not be read: number and reason.
    pub dirty: Vec<(usize, String)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub expected: usize,
    pub automatic: usize,
    pub automatic_right: usize,
    /// Suggested or automatic.
    pub suggested: usize,
    pub suggested_right: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Miss {
    pub line: usize,
    pub thread: Uuid,
    pub title: String,
    /// `missed`: expected and not suggested. `wrong_automatic`: acts and should not. `wrong_suggested`: suggested and should not.
    pub what: String,
    pub score: f64,
    pub reasons: Vec<String>,
}

#[derive(Deserialize)]
struct Case {
    anomaly: Value,
    threads: Vec<Value>,
    #[serde(default)]
    expected: Vec<Uuid>,
    #[serde(default)]
    history: Vec<PastDecision>,
    #[serde(default)]
    now: Option<Timestamp>,
}

/// Evaluates JSON lines. Never fails: what cannot be read is listed.
pub fn run(lines: &str, settings: &Settings) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for (index, line) in lines.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Case>(line) {
            Ok(case) => judge(index + 1, &case, settings, &mut evaluation),
            Err(error) if evaluation.dirty.len() < DIRTY_LIMIT => {
                evaluation.dirty.push((index + 1, error.to_string()))
            }
            Err(_) => {}
        }
    }
    let counts = evaluation.counts;
    let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
    evaluation.precision_automatic = share(counts.automatic_right, counts.automatic);
    evaluation.recall_automatic = share(counts.automatic_right, counts.expected);
    evaluation.precision_suggested = share(counts.suggested_right, counts.suggested);
    evaluation.recall_suggested = share(counts.suggested_right, counts.expected);
    evaluation
}

fn judge(line: usize, case: &Case, settings: &Settings, evaluation: &mut Evaluation) {
    let threads: Vec<ThreadText> = case.threads.iter().filter_map(thread).collect();
    if threads.len() < case.threads.len() && evaluation.dirty.len() < DIRTY_LIMIT {
        evaluation.dirty.push((
            line,
            format!(
                "{} threads without a usable id",
                case.threads.len() - threads.len()
            ),
        ));
    }
    let latest = threads.iter().map(|thread| thread.last_post_at).max();
    let anomaly = anomaly(&case.anomaly, &threads);
    let now = case
        .now
        .or(latest)
        .unwrap_or(anomaly.finding.to)
        .max(anomaly.finding.to);
    // Every pair's score is wanted for the misses, not only those that pass.
    let all = Settings {
        suggested: 0.0,
        most: usize::MAX,
        ..settings.clone()
    };
    let links = rank(&anomaly, &threads, &case.history, now, &all);
    evaluation.cases += 1;
    evaluation.pairs += threads.len();
    for thread in &threads {
        let expected = case.expected.contains(&thread.id);
        let link = links.iter().find(|link| link.thread == thread.id);
        let automatic = link
            .is_some_and(|link| matches!(link.state, LinkState::Automatic | LinkState::Confirmed));
        let suggested = automatic
            || link.is_some_and(|link| {
                link.state == LinkState::Suggested && link.score >= settings.suggested
            });
        let counts = &mut evaluation.counts;
        counts.expected += usize::from(expected);
        counts.automatic += usize::from(automatic);
        counts.automatic_right += usize::from(automatic && expected);
        counts.suggested += usize::from(suggested);
        counts.suggested_right += usize::from(suggested && expected);
        let what = match (expected, automatic, suggested) {
            (true, _, false) => "missed",
            (false, true, _) => "wrong_automatic",
            (false, false, true) => "wrong_suggested",
            _ => continue,
        };
        evaluation.misses.push(Miss {
            line,
            thread: thread.id,
            title: thread.title.clone(),
            what: what.to_owned(),
            score: link.map_or(0.0, |link| link.score),
            reasons: link.map_or_else(Vec::new, |link| {
                link.reasons
                    .iter()
                    .map(|reason| format!("{:+.2} {}", reason.weight, reason.text))
                    .collect()
            }),
        });
    }
}

fn thread(value: &Value) -> Option<ThreadText> {
    let id = value.get("id").and_then(Value::as_str)?.parse().ok()?;
    let opened_at = time(value, "opened_at")
        .or_else(|| time(value, "last_post_at"))
        .unwrap_or(Timestamp::UNIX_EPOCH);
    Some(ThreadText {
        id,
        title: text(value, "title"),
        posts: texts(value, "posts"),
        opened_at,
        last_post_at: time(value, "last_post_at").unwrap_or(opened_at),
        author_devices: devices(value, "author_devices"),
        participant_devices: devices(value, "participant_devices"),
        models: texts(value, "models"),
        os_builds: texts(value, "os_builds"),
        teams: texts(value, "teams"),
        solved: value
            .get("solved")
            .and_then(Value::as_bool)
            .unwrap_or(false),
    })
}

/// A whole anomaly, or a neutral one with the parts that are named (at the top or under `finding`).
fn anomaly(value: &Value, threads: &[ThreadText]) -> Anomaly {
    if let Ok(whole) = serde_json::from_value::<Anomaly>(value.clone()) {
        return whole;
    }
    let part = value.get("finding").unwrap_or(value);
    let from = time(part, "from")
        .or_else(|| threads.iter().map(|t| t.opened_at).min())
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let to = time(part, "to")
        .or_else(|| threads.iter().map(|t| t.last_post_at).max())
        .unwrap_or(from);
    let parsed = |key: &str| part.get(key).cloned();
    let mut facts: Facts = parsed("facts")
        .and_then(|facts| serde_json::from_value(facts).ok())
        .unwrap_or_default();
    facts.tidy();
    let mut affected = devices(part, "devices");
    if let Some(device) = part
        .get("device")
        .and_then(Value::as_str)
        .and_then(|id| id.parse().ok())
    {
        affected.push(device);
    }
    Anomaly {
        id: value
            .get("id")
            .and_then(Value::as_str)
            .and_then(|id| id.parse().ok())
            .unwrap_or(Uuid::nil()),
        state: State::Open,
        judgement: None,
        opened_at: to,
        updated_at: to,
        resolved_at: time(value, "resolved_at"),
        relapses: 0,
        finding: Finding {
            kind: parsed("kind")
                .and_then(|kind| serde_json::from_value(kind).ok())
                .unwrap_or(Kind::Reboot),
            detector: text(part, "detector"),
            subject: Subject::Device(affected.first().copied().unwrap_or_default()),
            cause: text(part, "cause"),
            severity: Severity::Medium,
            confidence: 1.0,
            score: 0.0,
            from,
            to: to.max(from),
            title: text(part, "title"),
            why: texts(part, "why"),
            evidence: Vec::new(),
            devices: affected,
            at_risk: devices(part, "at_risk"),
            facts,
        },
    }
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    value
        .get(key)
        .and_then(Value::as_array)
        .map(|list| {
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default()
}

fn devices(value: &Value, key: &str) -> Vec<DeviceId> {
    texts(value, key)
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect()
}

fn time(value: &Value, key: &str) -> Option<Timestamp> {
    value
        .get(key)
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
}
