//! How good the linker is on labelled cases: precision where it acts, recall where it suggests, and every miss.
//!
//! One line per case, JSON:
//!
//! ```json
//! {"anomaly": {..}, "threads": [{"id": "..", "title": "..", "posts": [".."], ..}], "expected": ["<thread id>"], "now": "2026-11-22T12:00:00Z"}
//! ```
//!
//! `anomaly` may be a whole [`crate::anomaly::Anomaly`] or any part of it: what is missing takes a neutral value (`kind` by the
//! detector, else reboot; `from` and `to` the threads' times; symptoms by the detector, and names, codes and models from the
//! title). A thread has `id` (else its place stands for it), `title`, `posts`, `author_devices`, `participant_devices`,
//! `models`, `os_builds`, `teams`, `opened_at`, `last_post_at`, `solved`, all optional. Ids of threads and devices may be any
//! words; where the anomaly has an `owner`, a thread's `author` and `participants` are compared with it. `expected` lists
//! the threads that are about the anomaly (an empty list is a case too), or each thread carries its own, true or false. A
//! pair is `{"anomaly": .., "thread": .., "expected": true}`. `now` defaults to the latest time named. Fields that are not
//! known are left alone. How it is read: [`case`].

pub mod case;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    link::LinkState,
    linker::{Settings, rank},
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
    /// What could not be read or used: line (or place in the array) and reason.
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
    /// Its id as the case names it.
    pub thread: String,
    pub title: String,
    /// `missed`: expected and not suggested. `wrong_automatic`: acts and should not. `wrong_suggested`: suggested and should not.
    pub what: String,
    pub score: f64,
    pub reasons: Vec<String>,
}

/// Evaluates JSON lines, or one JSON array of cases. Never fails: what cannot be read is listed.
pub fn run(lines: &str, settings: &Settings) -> Evaluation {
    let mut evaluation = Evaluation::default();
    let lines = lines.trim_start_matches('\u{feff}');
    if lines.trim_start().starts_with('[')
        && let Ok(cases) = serde_json::from_str::<Vec<Value>>(lines)
    {
        for (index, case) in cases.iter().enumerate() {
            take(index + 1, case, settings, &mut evaluation);
        }
    } else {
        for (index, line) in lines.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            match serde_json::from_str::<Value>(line) {
                Ok(case) => take(index + 1, &case, settings, &mut evaluation),
                Err(error) => evaluation.dirty(index + 1, format!("no JSON: {error}")),
            }
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

impl Evaluation {
    fn dirty(&mut self, line: usize, why: String) {
        if self.dirty.len() < DIRTY_LIMIT {
            self.dirty.push((line, why));
        }
    }
}

fn take(line: usize, value: &Value, settings: &Settings, evaluation: &mut Evaluation) {
    match case::read(value) {
        Ok(read) => {
            for note in read.notes {
                evaluation.dirty(line, note);
            }
            judge(line, &read.case, settings, evaluation);
        }
        Err(why) => evaluation.dirty(line, why),
    }
}

fn judge(line: usize, case: &case::Case, settings: &Settings, evaluation: &mut Evaluation) {
    let (threads, anomaly, now) = (&case.threads, &case.anomaly, case.now);
    // Every pair's score is wanted for the misses, not only those that pass.
    let all = Settings {
        suggested: 0.0,
        most: usize::MAX,
        ..settings.clone()
    };
    let links = rank(anomaly, threads, &case.history, now, &all);
    evaluation.cases += 1;
    evaluation.pairs += threads.len();
    for thread in threads {
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
            thread: case
                .names
                .get(&thread.id)
                .cloned()
                .unwrap_or_else(|| thread.id.to_string()),
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
