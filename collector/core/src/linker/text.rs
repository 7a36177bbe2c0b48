//! What a thread says, digested once: its words, and what the symptom reader found in them.
//!
//! **Invariant: a digest depends on the thread and the vocabulary only**, so it can be kept until the thread changes. The
//! weight of a word (how rare it is over all threads) is [`Corpus`]' business and applied when ranking.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    device::DeviceId,
    symptoms::{self, Scope, Symptoms, Vocabulary},
    thread::ThreadText,
};

/// Posts read from each end of a long thread: what it is about is said early, where it stands is said late.
pub const POSTS_EACH_END: usize = 20;
/// Characters read of one post: beyond this it is a pasted log.
pub const POST_LIMIT: usize = 4_000;
/// Words kept of a thread.
const WORDS_LIMIT: usize = 600;
/// A word in the title counts as often as this many in posts.
const TITLE_WEIGHT: f64 = 3.0;

/// A thread as the linker compares it.
#[derive(Clone, Debug)]
pub struct Digest {
    pub id: Uuid,
    pub opened_at: Timestamp,
    pub last_post_at: Timestamp,
    pub author_devices: Vec<DeviceId>,
    pub participant_devices: Vec<DeviceId>,
    pub models: Vec<String>,
    pub os_builds: Vec<String>,
    pub teams: Vec<String>,
    pub solved: bool,
    /// Of the title: what the thread is about.
    pub title: Symptoms,
    /// Families of models that the title names.
    pub families: Vec<String>,
    /// What the title is about when it is not a laptop as a whole.
    pub scope: Scope,
    /// The same of title and posts together.
    pub whole_scope: Scope,
    /// Of title and posts together.
    pub whole: Symptoms,
    /// All text, lower case, for names that no vocabulary knows.
    pub lower: String,
    /// Stemmed word -> how often, the title's counted more.
    pub words: BTreeMap<String, f64>,
}

impl Digest {
    pub fn of(thread: &ThreadText, vocabulary: &Vocabulary) -> Self {
        let text = read(thread);
        let all = format!("{}\n{text}", thread.title);
        let (title, scope) = symptoms::read_scoped(&thread.title, vocabulary);
        let (whole, whole_scope) = symptoms::read_scoped(&all, vocabulary);
        let mut words: BTreeMap<String, f64> = BTreeMap::new();
        for word in tokens(&thread.title) {
            *words.entry(word).or_default() += TITLE_WEIGHT;
        }
        for word in tokens(&text).take(WORDS_LIMIT * 4) {
            if words.len() < WORDS_LIMIT || words.contains_key(&word) {
                *words.entry(word).or_default() += 1.0;
            }
        }
        Self {
            id: thread.id,
            opened_at: thread.opened_at,
            last_post_at: thread.last_post_at,
            author_devices: thread.author_devices.clone(),
            participant_devices: thread.participant_devices.clone(),
            models: lowered(&thread.models),
            os_builds: lowered(&thread.os_builds),
            teams: lowered(&thread.teams),
            solved: thread.solved,
            title,
            families: symptoms::families(&thread.title),
            scope,
            whole_scope,
            whole,
            lower: all.to_lowercase(),
            words,
        }
    }

    fn length(&self) -> f64 {
        self.words.values().sum()
    }
}

/// How common each word is over all threads: the memory of BM25.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    threads: f64,
    length: f64,
    with_word: HashMap<String, f64>,
}

impl Corpus {
    pub fn of<'a>(digests: impl IntoIterator<Item = &'a Digest>) -> Self {
        let mut corpus = Self::default();
        for digest in digests {
            corpus.add(digest);
        }
        corpus
    }

    pub fn add(&mut self, digest: &Digest) {
        self.threads += 1.0;
        self.length += digest.length();
        for word in digest.words.keys() {
            *self.with_word.entry(word.clone()).or_default() += 1.0;
        }
    }

    pub fn remove(&mut self, digest: &Digest) {
        self.threads -= 1.0;
        self.length -= digest.length();
        for word in digest.words.keys() {
            if let Some(count) = self.with_word.get_mut(word) {
                *count -= 1.0;
            }
        }
    }

    /// Robertson and Sparck Jones' weight, never negative. Few threads know nothing about rarity: 20 invented ones that hold
    /// the word half the time keep a corpus of three from calling everything rare.
    fn rarity(&self, word: &str) -> f64 {
        const INVENTED: f64 = 20.0;
        let threads = self.threads + INVENTED;
        let with = self.with_word.get(word).copied().unwrap_or(0.0) + 0.05 * INVENTED;
        ((threads - with + 0.5) / (with + 0.5) + 1.0).ln()
    }

    /// BM25 (k1 = 1.2, b = 0.75; Robertson and Zaragoza 2009) of `query` in a thread, squashed to 0..1: 1 is "as good as
    /// all rare words of the query".
    pub fn likeness(&self, query: &BTreeMap<String, f64>, digest: &Digest) -> f64 {
        const K1: f64 = 1.2;
        const B: f64 = 0.75;
        let mean = if self.threads > 0.0 {
            self.length / self.threads
        } else {
            1.0
        };
        let norm = K1 * (1.0 - B + B * digest.length() / mean.max(1.0));
        let (mut score, mut best) = (0.0, 0.0);
        for (word, weight) in query {
            let rarity = self.rarity(word) * weight;
            best += rarity;
            if let Some(count) = digest.words.get(word) {
                score += rarity * count * (K1 + 1.0) / (count + norm);
            }
        }
        if best <= 0.0 {
            0.0
        } else {
            crate::detect::baseline::finite(score / best).clamp(0.0, 1.0)
        }
    }
}

/// The words of a sentence as compared: lower case, without common words, endings cut.
pub fn query(sentences: impl IntoIterator<Item = impl AsRef<str>>) -> BTreeMap<String, f64> {
    let mut words = BTreeMap::new();
    for sentence in sentences {
        for word in tokens(sentence.as_ref()) {
            words.insert(word, 1.0);
        }
    }
    words
}

pub fn tokens(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.' || c == '-'))
        .map(|word| word.trim_matches(['.', '-', '_']).to_lowercase())
        .filter(|word| word.chars().count() >= 3 && !is_common(word))
        .map(|word| stem(&word))
}

/// First and last posts, each cut, quoted lines dropped: a quote says what somebody else said.
fn read(thread: &ThreadText) -> String {
    let posts = &thread.posts;
    let tail = posts
        .len()
        .saturating_sub(POSTS_EACH_END)
        .max(POSTS_EACH_END.min(posts.len()));
    let mut text = String::new();
    for post in posts.iter().take(POSTS_EACH_END).chain(&posts[tail..]) {
        let cut: String = post.chars().take(POST_LIMIT).collect();
        for line in cut
            .lines()
            .filter(|line| !line.trim_start().starts_with('>'))
        {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// A light stemmer for English: enough to make "restarts", "restarted" and "restarting" one word.
fn stem(word: &str) -> String {
    for ending in ["ings", "ing", "edly", "ed", "es", "s"] {
        if let Some(head) = word.strip_suffix(ending)
            && head.chars().count() >= 4
            && !head.ends_with('s')
        {
            return head.to_owned();
        }
    }
    word.to_owned()
}

fn is_common(word: &str) -> bool {
    const COMMON: [&str; 66] = [
        "the", "and", "for", "with", "that", "this", "have", "has", "had", "are", "was", "were",
        "not", "but", "you", "your", "from", "they", "them", "its", "it's", "can", "can't", "any",
        "all", "get", "got", "how", "what", "why", "when", "who", "does", "did", "been", "being",
        "will", "would", "could", "should", "just", "also", "there", "here", "then", "than",
        "some", "one", "out", "about", "after", "before", "since", "again", "still", "very",
        "help", "please", "hello", "thanks", "issue", "problem", "laptop", "computer", "device",
        "anyone",
    ];
    COMMON.contains(&word)
}

fn lowered(words: &[String]) -> Vec<String> {
    words
        .iter()
        .map(|word| word.trim().to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}
