//! The demand register: what unapproved apps are wanted for. The adoption curve beside the reasons that people gave.
//!
//! **Invariant: a reason is quoted only from what people said (threads, answers to a review), never from a device**, without its
//! author's name. Ranked so that strategy reads the strongest wish first: many people, growing, with reasons; the score's formula
//! is given with its numbers.
//!
//! ```text
//! score = ln(1 + devices) + 0.5 ln(1 + devices gained in 4 weeks) + 0.7 ln(1 + reasons)
//! ```
//!
//! The logarithm makes the tenth device matter less than the second; growth counts half, because it may be a fashion; a reason counts
//! more than a device that nobody explains. The forecast is the robust line (Theil-Sen, with Sen's interval) through the weeks since
//! the app was first seen, four weeks on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    detect::{
        baseline::{finite, slope},
        fleet::days,
        wording,
    },
    device::DeviceId,
    evidence::AppUse,
    review::{Purpose, Reason},
    symptoms::{Vocabulary, read_with},
    thread::ThreadText,
    verdict::{Judged, Verdict, in_force},
};

/// Weeks of the curve.
pub const WEEKS: usize = 12;
/// Weeks that the forecast looks ahead.
pub const AHEAD: usize = 4;
const GROWTH: f64 = 0.5;
const REASONED: f64 = 0.7;
/// Reasons shown per app; the rest is in the threads.
const REASONS: usize = 10;
/// A sentence longer than this is a story, not a reason.
const SENTENCE_LIMIT: usize = 240;

/// Words by which people explain a wish.
const BECAUSE: [&str; 22] = [
    "because",
    "since we",
    "too small",
    "too slow",
    "too large",
    "too big",
    "limit",
    "need",
    "cannot",
    "can't",
    "won't",
    "doesn't",
    "clients",
    "customers",
    "partner",
    "external",
    "easier",
    "faster",
    "works",
    "allowed",
    "blocked",
    "quota",
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    pub app: String,
    pub name: String,
    pub category: String,
    pub devices: usize,
    /// Devices that had it at the end of each of the last weeks, oldest first.
    pub curve: Vec<usize>,
    /// The same per team, the largest first.
    pub teams: Vec<TeamCurve>,
    pub verdict: Option<Judged>,
    pub reasons: Vec<GivenReason>,
    /// How often each purpose was named in reviews, the most frequent first.
    pub purposes: Vec<(Purpose, usize)>,
    /// Every reason that was found, shown or not.
    pub reasons_found: usize,
    pub forecast: Option<Forecast>,
    /// For ranking only.
    pub score: f64,
    /// The score multiplied out.
    pub formula: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamCurve {
    pub team: String,
    pub devices: usize,
    pub curve: Vec<usize>,
}

/// Devices in [`AHEAD`] weeks if it goes on like this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    pub devices: usize,
    pub low: usize,
    pub high: usize,
    pub words: String,
}

/// An owner's answer in a review.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub app: String,
    /// The private talk.
    pub thread: Uuid,
    pub at: Timestamp,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenReason {
    pub thread: Uuid,
    pub sentence: String,
    /// Of an answer to a review.
    #[serde(default)]
    pub purpose: Option<Purpose>,
    /// What the approved tool lacks, as answered.
    #[serde(default)]
    pub missing: String,
}

/// Every app that is used and not sanctioned for everybody, strongest demand first.
pub fn register(
    uses: &[AppUse],
    team_of: &BTreeMap<DeviceId, String>,
    verdicts: &[Verdict],
    threads: &[ThreadText],
    answers: &[Answered],
    vocabulary: &Vocabulary,
    now: Timestamp,
) -> Vec<Demand> {
    let mut by_app: BTreeMap<&str, BTreeMap<DeviceId, &AppUse>> = BTreeMap::new();
    for one in uses.iter().filter(|one| {
        !one.app.is_empty() && !matches!(one.state.as_str(), "removed" | "folder_left" | "unknown")
    }) {
        let kept = by_app
            .entry(&one.app)
            .or_default()
            .entry(one.device)
            .or_insert(one);
        if (one.first, &one.name, &one.category) < (kept.first, &kept.name, &kept.category) {
            *kept = one;
        }
    }
    let mut said = reasons(threads, vocabulary);
    let mut register: Vec<Demand> = by_app
        .into_iter()
        .filter(|(app, _)| in_force(verdicts, app, "", now) != Some(Judged::Sanctioned))
        .filter_map(|(app, uses)| {
            let (_, first) = uses
                .iter()
                .min_by_key(|(device, one)| (one.first, **device))?;
            let curve = curve(uses.values().map(|one| one.first), now);
            let given = answered(answers, app);
            let purposes = purposes(&given);
            let mut reasons: Vec<GivenReason> = given.iter().map(|one| from_answer(one)).collect();
            reasons.extend(said.remove(app).unwrap_or_default());
            let found = reasons.len();
            let grown = uses
                .len()
                .saturating_sub(curve[WEEKS.saturating_sub(AHEAD + 1)]);
            let (score, formula) = score(uses.len(), grown, found);
            Some(Demand {
                app: app.to_owned(),
                name: if first.name.is_empty() {
                    app.to_owned()
                } else {
                    first.name.clone()
                },
                category: first.category.clone(),
                devices: uses.len(),
                teams: teams(&uses, team_of, now),
                forecast: forecast(&curve),
                curve,
                verdict: in_force(verdicts, app, "", now),
                reasons: reasons.into_iter().take(REASONS).collect(),
                purposes,
                reasons_found: found,
                score,
                formula,
            })
        })
        .collect();
    register.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.app.cmp(&b.app)));
    register
}

fn score(devices: usize, grown: usize, reasons: usize) -> (f64, String) {
    let ln = |count: usize| (1.0 + count as f64).ln();
    let score = finite(ln(devices) + GROWTH * ln(grown) + REASONED * ln(reasons));
    let formula = format!(
        "ln(1 + {}) + {GROWTH} x ln(1 + {grown} gained in {AHEAD} weeks) + {REASONED} x ln(1 + {}) = {score:.2}",
        wording::count(devices, "device"),
        wording::count(reasons, "reason"),
    );
    (score, formula)
}

fn teams(
    uses: &BTreeMap<DeviceId, &AppUse>,
    team_of: &BTreeMap<DeviceId, String>,
    now: Timestamp,
) -> Vec<TeamCurve> {
    let mut firsts: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for (device, one) in uses {
        let team = team_of.get(device).map_or("", String::as_str);
        firsts.entry(team).or_default().push(one.first);
    }
    let mut teams: Vec<TeamCurve> = firsts
        .into_iter()
        .map(|(team, firsts)| TeamCurve {
            team: team.to_owned(),
            devices: firsts.len(),
            curve: curve(firsts.into_iter(), now),
        })
        .collect();
    teams.sort_by(|a, b| b.devices.cmp(&a.devices).then_with(|| a.team.cmp(&b.team)));
    teams
}

fn answered<'a>(answers: &'a [Answered], app: &str) -> Vec<&'a Answered> {
    let mut given: Vec<&Answered> = answers.iter().filter(|one| one.app == app).collect();
    given.sort_by_key(|one| (std::cmp::Reverse(one.at), one.thread));
    given
}

fn purposes(given: &[&Answered]) -> Vec<(Purpose, usize)> {
    let mut counts: BTreeMap<Purpose, usize> = BTreeMap::new();
    for one in given {
        *counts.entry(one.reason.purpose).or_default() += 1;
    }
    let mut counts: Vec<(Purpose, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(purpose, count)| (std::cmp::Reverse(*count), *purpose));
    counts
}

fn from_answer(one: &Answered) -> GivenReason {
    let words = one.reason.words.trim();
    GivenReason {
        thread: one.thread,
        sentence: match words.is_empty() {
            true => one.reason.purpose.words().to_owned(),
            false => words.chars().take(SENTENCE_LIMIT).collect(),
        },
        purpose: Some(one.reason.purpose),
        missing: one
            .reason
            .missing
            .trim()
            .chars()
            .take(SENTENCE_LIMIT)
            .collect(),
    }
}

/// The line through the weeks since the app was there; nothing below five of them.
fn forecast(curve: &[usize]) -> Option<Forecast> {
    let points: Vec<(f64, f64)> = curve
        .iter()
        .enumerate()
        .filter(|(_, devices)| **devices > 0)
        .map(|(week, devices)| (week as f64, *devices as f64))
        .collect();
    let line = slope(&points)?;
    let last = *curve.last()? as f64;
    let ahead = |per_week: f64| finite(last + per_week * AHEAD as f64).max(0.0).round() as usize;
    let (devices, low, high) = (ahead(line.per_unit), ahead(line.low), ahead(line.high));
    Some(Forecast {
        devices,
        low,
        high,
        words: format!(
            "In {AHEAD} weeks about {} if it goes on like this ({low} to {high}).",
            wording::count(devices, "device")
        ),
    })
}

fn curve(first: impl Iterator<Item = Timestamp>, now: Timestamp) -> Vec<usize> {
    let ages: Vec<f64> = first.map(|first| days(first, now)).collect();
    (0..WEEKS)
        .map(|week| {
            let ago = (WEEKS - 1 - week) as f64 * 7.0;
            ages.iter().filter(|age| **age >= ago).count()
        })
        .collect()
}

/// Sentences that name an app, or stand in a thread whose title does, and that explain.
fn reasons(threads: &[ThreadText], vocabulary: &Vocabulary) -> BTreeMap<String, Vec<GivenReason>> {
    let mut by_app: BTreeMap<String, Vec<GivenReason>> = BTreeMap::new();
    let mut sorted: Vec<&ThreadText> = threads.iter().collect();
    sorted.sort_by(|a, b| {
        b.last_post_at
            .cmp(&a.last_post_at)
            .then_with(|| a.id.cmp(&b.id))
    });
    let mut said: BTreeSet<(String, String)> = BTreeSet::new();
    for thread in sorted {
        let of_title = read_with(&thread.title, vocabulary).apps;
        for post in &thread.posts {
            let lines = post
                .lines()
                .filter(|line| !line.trim_start().starts_with('>'));
            for sentence in lines
                .flat_map(|line| line.split_inclusive(['.', '!', '?']))
                .map(str::trim)
            {
                let lower = sentence.to_lowercase();
                if sentence.chars().count() > SENTENCE_LIMIT
                    || !BECAUSE.iter().any(|word| lower.contains(word))
                {
                    continue;
                }
                let mut named = read_with(sentence, vocabulary).apps;
                if named.is_empty() {
                    named = of_title.clone();
                }
                for app in named {
                    if said.insert((app.clone(), lower.clone())) {
                        by_app.entry(app).or_default().push(GivenReason {
                            thread: thread.id,
                            sentence: sentence.to_owned(),
                            purpose: None,
                            missing: String::new(),
                        });
                    }
                }
            }
        }
    }
    by_app
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_strongest_wish_comes_first_with_its_reasons() {
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let used = |n: u128, app: &str, weeks: i64| AppUse {
            device: DeviceId(Uuid::from_u128(n)),
            app: app.to_owned(),
            state: "running_now".to_owned(),
            first: now - jiff::SignedDuration::from_hours(weeks * 168),
            last: now,
            ..AppUse::default()
        };
        let mut uses: Vec<AppUse> = (0..9).map(|n| used(n, "dropbox", n as i64)).collect();
        uses.push(used(20, "anydesk", 1));
        uses.push(used(21, "onedrive", 1));
        let sanctioned = Verdict {
            app: "onedrive".to_owned(),
            verdict: Judged::Sanctioned,
            team: None,
            device: None,
            until: None,
            reason: String::new(),
            replace_by: String::new(),
        };
        let answer = Answered {
            app: "dropbox".to_owned(),
            thread: Uuid::from_u128(6),
            at: now,
            reason: Reason {
                purpose: Purpose::LargeFiles,
                missing: "more than 50 GB".to_owned(),
                words: String::new(),
            },
        };
        let thread = ThreadText {
            id: Uuid::from_u128(5),
            title: "Why we use Dropbox".to_owned(),
            posts: vec!["Our share is too small for the videos. Hello all. > not mine".to_owned()],
            opened_at: now,
            last_post_at: now,
            author_devices: Vec::new(),
            participant_devices: Vec::new(),
            models: Vec::new(),
            os_builds: Vec::new(),
            teams: Vec::new(),
            solved: false,
        };
        let register = register(
            &uses,
            &BTreeMap::new(),
            &[sanctioned],
            &[thread],
            &[answer],
            Vocabulary::built_in(),
            now,
        );
        let apps: Vec<&str> = register.iter().map(|demand| demand.app.as_str()).collect();
        assert_eq!(apps, ["dropbox", "anydesk"]);
        assert_eq!(register[0].reasons.len(), 2);
        assert_eq!(
            (
                register[0].reasons[0].sentence.as_str(),
                register[0].reasons[0].missing.as_str(),
                register[0].reasons[1].sentence.as_str()
            ),
            (
                "large files",
                "more than 50 GB",
                "Our share is too small for the videos."
            )
        );
        assert_eq!(register[0].purposes, [(Purpose::LargeFiles, 1)]);
        assert_eq!(
            register[0].formula,
            "ln(1 + 9 devices) + 0.5 x ln(1 + 4 gained in 4 weeks) + 0.7 x ln(1 + 2 reasons) = 3.88"
        );
        let forecast = register[0].forecast.as_ref().unwrap();
        assert!(
            forecast.devices >= 12 && forecast.low <= forecast.high,
            "{forecast:?}"
        );
        assert_eq!(register[0].teams[0].curve, register[0].curve);
        assert_eq!(register[0].curve.last(), Some(&9));
        assert!(register[0].curve.windows(2).all(|pair| pair[0] <= pair[1]));
    }
}
