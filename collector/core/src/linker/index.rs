//! All threads, digested and findable: which of 100,000 are worth comparing with one anomaly.
//!
//! **Invariant: an index gives the same links as comparing everything, as long as the candidates fit its limit.** Every link
//! needs a *what* (symptom, app, process, code; see the gate in [`crate::linker`]), or a person's decision; so threads
//! that share neither a name nor a symptom nor a device with the anomaly cannot link and need not be read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    anomaly::Anomaly,
    device::DeviceId,
    link::Link,
    linker::{Corpus, Digest, PastDecision, Settings, rank_digests, text},
    thread::ThreadText,
};

/// Threads of one symptom that are compared, newest first: the sixth hundred is older than anything still open.
const BY_SYMPTOM: usize = 500;
/// Threads of one name or word.
const BY_NAME: usize = 500;

#[derive(Clone, Debug, Default)]
pub struct Index {
    digests: HashMap<Uuid, Digest>,
    by_device: HashMap<DeviceId, BTreeSet<Uuid>>,
    /// (last post, thread) of each symptom, so that the newest are at hand.
    by_symptom: HashMap<String, BTreeSet<(Timestamp, Uuid)>>,
    /// Apps, processes, codes and words.
    by_word: HashMap<String, BTreeSet<(Timestamp, Uuid)>>,
    corpus: Corpus,
}

impl Index {
    /// Adds a thread, or takes it anew after it changed.
    pub fn put(&mut self, thread: &ThreadText, settings: &Settings) {
        self.remove(thread.id);
        let digest = Digest::of(thread, &settings.vocabulary);
        let when = digest.last_post_at;
        for device in digest
            .author_devices
            .iter()
            .chain(&digest.participant_devices)
        {
            self.by_device.entry(*device).or_default().insert(digest.id);
        }
        for symptom in &digest.whole.symptoms {
            self.by_symptom
                .entry(symptom.name.clone())
                .or_default()
                .insert((when, digest.id));
        }
        for word in names(&digest) {
            self.by_word
                .entry(word)
                .or_default()
                .insert((when, digest.id));
        }
        self.corpus.add(&digest);
        self.digests.insert(digest.id, digest);
    }

    pub fn remove(&mut self, thread: Uuid) {
        let Some(digest) = self.digests.remove(&thread) else {
            return;
        };
        let at = (digest.last_post_at, thread);
        for device in digest
            .author_devices
            .iter()
            .chain(&digest.participant_devices)
        {
            if let Some(threads) = self.by_device.get_mut(device) {
                threads.remove(&thread);
            }
        }
        for symptom in &digest.whole.symptoms {
            if let Some(threads) = self.by_symptom.get_mut(&symptom.name) {
                threads.remove(&at);
            }
        }
        for word in names(&digest) {
            if let Some(threads) = self.by_word.get_mut(&word) {
                threads.remove(&at);
            }
        }
        self.corpus.remove(&digest);
    }

    /// What is known of a thread.
    pub fn digest(&self, thread: Uuid) -> Option<&Digest> {
        self.digests.get(&thread)
    }

    pub fn len(&self) -> usize {
        self.digests.len()
    }

    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// Links of one anomaly, best first.
    pub fn rank(
        &self,
        anomaly: &Anomaly,
        history: &[PastDecision],
        now: Timestamp,
        settings: &Settings,
    ) -> Vec<Link> {
        let candidates = self.candidates(anomaly, history);
        let digests = candidates.iter().filter_map(|id| self.digests.get(id));
        rank_digests(anomaly, digests, &self.corpus, history, now, settings)
    }

    /// Threads that share a device, a name or a symptom with the anomaly, or that somebody decided about.
    pub fn candidates(&self, anomaly: &Anomaly, history: &[PastDecision]) -> BTreeSet<Uuid> {
        let finding = &anomaly.finding;
        let facts = &finding.facts;
        let mut found: BTreeSet<Uuid> = finding
            .devices
            .iter()
            .filter_map(|device| self.by_device.get(device))
            .flatten()
            .copied()
            .collect();
        let newest = |of: Option<&BTreeSet<(Timestamp, Uuid)>>, most: usize| -> Vec<Uuid> {
            of.into_iter()
                .flatten()
                .rev()
                .take(most)
                .map(|(_, id)| *id)
                .collect()
        };
        let near = facts
            .symptoms
            .iter()
            .flat_map(|symptom| super::features::related(symptom).iter().copied());
        for symptom in facts.symptoms.iter().map(String::as_str).chain(near) {
            found.extend(newest(self.by_symptom.get(symptom), BY_SYMPTOM));
        }
        for name in facts
            .apps
            .iter()
            .chain(&facts.processes)
            .chain(&facts.codes)
        {
            for word in std::iter::once(plain(name)).chain(text::tokens(name)) {
                found.extend(newest(self.by_word.get(&word), BY_NAME));
            }
        }
        found.extend(
            history
                .iter()
                .filter(|decision| decision.cause == finding.cause)
                .map(|decision| decision.thread),
        );
        found
    }
}

fn names(digest: &Digest) -> BTreeSet<String> {
    let read = &digest.whole;
    let named = read
        .apps
        .iter()
        .chain(&read.processes)
        .chain(&read.codes)
        .map(|name| plain(name));
    let words: BTreeMap<&String, &f64> = digest.words.iter().collect();
    named.chain(words.into_keys().cloned()).collect()
}

/// One spelling of a name: "0x0000007E" and "0x7e" alike, ".exe" cut.
fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    match lower.strip_prefix("0x") {
        Some(hex) => format!("0x{}", hex.trim_start_matches('0')),
        None => lower.strip_suffix(".exe").unwrap_or(&lower).to_owned(),
    }
}
