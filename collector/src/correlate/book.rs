//! What the linker remembers between rounds: every recent thread, digested and indexed, and what it has seen.
//!
//! **Invariant: the book equals what a new one would hold**, but for two things that wait up to [`ANEW`] when there are many
//! threads: names that came into the vocabulary (the linker finds unknown names in the text meanwhile) and laptops that
//! changed hands. Threads that changed are known from the stream of events, so a round reads those and no others.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector_core::{
    anomaly::Anomaly,
    link::{Link, LinkState},
    linker::{Digest, Index, PastDecision, Settings},
    thread::ThreadText,
};
use weft_collector_store::control::search::{Fact, For};

/// The book is written anew this often.
const ANEW: SignedDuration = SignedDuration::from_hours(1);
/// Fewer threads than this are digested anew at once when a name comes in: it takes a second.
const FEW: usize = 2_000;

#[derive(Debug)]
pub struct Book {
    index: Index,
    settings: Settings,
    /// The words of the vocabulary, to know it from another.
    words: String,
    /// The newest event that is in the book.
    pub position: i64,
    written_at: Timestamp,
    /// Anomalies and decisions as they were when they were last ranked.
    seen: Option<String>,
    /// What was last written about each thread for the search: from its words, from its links.
    facts: HashMap<Uuid, String>,
    linked: HashMap<Uuid, String>,
}

impl Book {
    pub fn new(
        texts: &[ThreadText],
        settings: Settings,
        words: String,
        position: i64,
        now: Timestamp,
    ) -> Self {
        let mut index = Index::default();
        for text in texts {
            index.put(text, &settings);
        }
        Self {
            index,
            settings,
            words,
            position,
            written_at: now,
            seen: None,
            facts: HashMap::new(),
            linked: HashMap::new(),
        }
    }

    /// Must it be written anew, rather than brought up to date?
    pub fn is_stale(&self, words: &str, now: Timestamp) -> bool {
        let renamed = self.words != words && self.index.len() < FEW;
        renamed || now.duration_since(self.written_at) >= ANEW
    }

    pub fn put(&mut self, text: &ThreadText) {
        self.index.put(text, &self.settings);
    }

    pub fn remove(&mut self, thread: Uuid) {
        self.index.remove(thread);
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn holds(&self, thread: Uuid) -> bool {
        self.index.digest(thread).is_some()
    }

    /// True when the anomalies or what people decided differ from the last time.
    pub fn is_news(&mut self, anomalies: &[Anomaly], history: &[PastDecision]) -> bool {
        let mut now = String::new();
        for anomaly in anomalies {
            now.push_str(&format!("{} {};", anomaly.id, anomaly.updated_at));
        }
        for decision in history {
            now.push_str(&format!(
                "{:?} {} {};",
                decision.anomaly, decision.thread, decision.confirmed
            ));
        }
        let news = self.seen.as_ref() != Some(&now);
        self.seen = Some(now);
        news
    }

    /// Links of one anomaly: its few hundred candidates are found by index and compared.
    pub fn rank(&self, anomaly: &Anomaly, history: &[PastDecision], now: Timestamp) -> Vec<Link> {
        self.index.rank(anomaly, history, now, &self.settings)
    }

    /// What the words of these threads name, for the search; threads about which that was written already are left out.
    pub fn news_in_words(&mut self, threads: &BTreeSet<Uuid>) -> Vec<(Uuid, Vec<Fact>)> {
        let mut news = Vec::new();
        for thread in threads {
            let facts = self.index.digest(*thread).map(named).unwrap_or_default();
            let key = format!("{facts:?}");
            if self.facts.get(thread) != Some(&key) {
                self.facts.insert(*thread, key);
                news.push((*thread, facts));
            }
        }
        news
    }
}

impl Book {
    /// What links tell about threads, where it is not what was written last.
    pub fn news_in_links(&mut self, told: HashMap<Uuid, Vec<Fact>>) -> Vec<(Uuid, Vec<Fact>)> {
        // A thread that lost its last link has nothing told about it.
        let gone: Vec<Uuid> = self
            .linked
            .keys()
            .copied()
            .filter(|thread| !told.contains_key(thread))
            .collect();
        let mut news: Vec<(Uuid, Vec<Fact>)> = Vec::new();
        for thread in gone {
            self.linked.remove(&thread);
            news.push((thread, vec![]));
        }
        for (thread, facts) in told {
            let key = format!("{facts:?}");
            if self.linked.get(&thread) != Some(&key) {
                self.linked.insert(thread, key);
                news.push((thread, facts));
            }
        }
        news
    }
}

/// Words of a thread are read by whoever reads it, and so is what they name.
fn named(digest: &Digest) -> Vec<Fact> {
    let read = &digest.whole;
    let of = |kind: &'static str, values: Vec<String>| {
        values.into_iter().map(move |value| Fact {
            kind: kind.to_owned(),
            value,
            audience: For::Everybody as i32,
        })
    };
    let symptoms = read.symptoms.iter().map(|symptom| symptom.name.clone());
    of("symptom", symptoms.filter(|name| name != "other").collect())
        .chain(of("app", read.apps.to_vec()))
        .chain(of("process", read.processes.to_vec()))
        .chain(of("code", read.codes.to_vec()))
        .chain(of("model", read.models.to_vec()))
        .collect()
}

/// What the anomalies tied to a thread say, for those who may open them: staff, or reviewers alone.
pub fn told_by_links(anomalies: &[Anomaly], links: &[Link]) -> HashMap<Uuid, Vec<Fact>> {
    let by_id: HashMap<Uuid, &Anomaly> = anomalies
        .iter()
        .map(|anomaly| (anomaly.id, anomaly))
        .collect();
    let mut told: HashMap<Uuid, Vec<Fact>> = HashMap::new();
    for link in links {
        let facts = told.entry(link.thread).or_default();
        let Some(anomaly) = by_id
            .get(&link.anomaly)
            .filter(|_| link.state != LinkState::Rejected)
        else {
            continue;
        };
        let finding = &anomaly.finding;
        let audience = match weft_collector_core::authority::is_private(finding.kind) {
            true => For::Reviewers,
            false => For::Staff,
        };
        let mut add = |kind: &str, values: &[String]| {
            facts.extend(values.iter().map(|value| Fact {
                kind: kind.to_owned(),
                value: value.clone(),
                audience: audience as i32,
            }));
        };
        add("anomaly", std::slice::from_ref(&finding.title));
        add("model", &finding.facts.models);
        add("app", &finding.facts.apps);
        add("code", &finding.facts.codes);
        add("symptom", &finding.facts.symptoms);
        add("process", &finding.facts.processes);
        add("build", &finding.facts.os_builds);
        facts.sort();
        facts.dedup();
    }
    told
}
