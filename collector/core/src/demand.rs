//! The demand register: what unapproved apps are wanted for. The adoption curve beside the reasons that people gave.
//!
//! **Invariant: a reason is quoted only from a thread, never from a device**, without its author's name. Ranked so that strategy
//! reads the strongest wish first: many people, growing, with reasons.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    detect::{baseline::finite, fleet::days},
    device::DeviceId,
    evidence::AppUse,
    symptoms::{Vocabulary, read_with},
    thread::ThreadText,
    verdict::{Judged, Verdict, in_force},
};

/// Weeks of the curve.
pub const WEEKS: usize = 12;
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
    pub teams: Vec<(String, usize)>,
    pub verdict: Option<Judged>,
    pub reasons: Vec<GivenReason>,
    /// For ranking only.
    pub score: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenReason {
    pub thread: Uuid,
    pub sentence: String,
}

/// Every app that is used and not sanctioned for everybody, strongest demand first.
pub fn register(
    uses: &[AppUse],
    team_of: &BTreeMap<DeviceId, String>,
    verdicts: &[Verdict],
    threads: &[ThreadText],
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
    let mut reasons = reasons(threads, vocabulary);
    let mut register: Vec<Demand> = by_app
        .into_iter()
        .filter(|(app, _)| in_force(verdicts, app, "", now) != Some(Judged::Sanctioned))
        .filter_map(|(app, uses)| {
            let (_, first) = uses
                .iter()
                .min_by_key(|(device, one)| (one.first, **device))?;
            let curve = curve(uses.values().map(|one| one.first), now);
            let mut teams: BTreeMap<&str, usize> = BTreeMap::new();
            for device in uses.keys() {
                *teams
                    .entry(team_of.get(device).map_or("", String::as_str))
                    .or_default() += 1;
            }
            let mut teams: Vec<(String, usize)> = teams
                .into_iter()
                .map(|(team, count)| (team.to_owned(), count))
                .collect();
            teams.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let given = reasons.remove(app).unwrap_or_default();
            let grown = uses.len().saturating_sub(curve[WEEKS.saturating_sub(5)]);
            Some(Demand {
                app: app.to_owned(),
                name: if first.name.is_empty() {
                    app.to_owned()
                } else {
                    first.name.clone()
                },
                category: first.category.clone(),
                devices: uses.len(),
                score: finite(
                    (1.0 + uses.len() as f64).ln()
                        + 0.5 * (1.0 + grown as f64).ln()
                        + 0.7 * (1.0 + given.len() as f64).ln(),
                ),
                curve,
                teams,
                verdict: in_force(verdicts, app, "", now),
                reasons: given.into_iter().take(REASONS).collect(),
            })
        })
        .collect();
    register.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.app.cmp(&b.app)));
    register
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
            until: None,
            reason: String::new(),
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
            Vocabulary::built_in(),
            now,
        );
        let apps: Vec<&str> = register.iter().map(|demand| demand.app.as_str()).collect();
        assert_eq!(apps, ["dropbox", "anydesk"]);
        assert_eq!(register[0].reasons.len(), 1);
        assert_eq!(
            register[0].reasons[0].sentence,
            "Our share is too small for the videos."
        );
        assert_eq!(register[0].curve.last(), Some(&9));
        assert!(register[0].curve.windows(2).all(|pair| pair[0] <= pair[1]));
    }
}
