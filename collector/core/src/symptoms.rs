//! What people complain about, read from their words: symptoms, and the apps, programs, codes and models they name.
//!
//! **Invariant: the words are data.** Patterns and weights live in `symptoms/*.toml`, one file per language; code knows how a
//! pattern matches and how weights become a confidence, and nothing about restarts or printers. Not here: what is done
//! with a symptom ([`crate::linker`]).
//!
//! # How a text is read
//!
//! 1. Words: lower case, marks cut, "Wi-Fi" and "wifi" one word; a word that no pattern knows and that is one slip away from
//!    one that does is corrected ("restrats").
//! 2. Patterns of each rule (syntax: [`pattern`]). A match right after a negation in the same clause ("no crash but slow")
//!    counts against.
//! 3. Per symptom the strongest rule counts fully and each further one half: saying it twice makes it surer, not twice as
//!    sure. `confidence = 1 / (1 + e^(-1.5 (sum - 1)))`: weight 1 is a coin toss, 2 is 0.82, 3 is 0.95.
//! 4. What reaches 0.5 is named; a second symptom must be nearly as strong as the first. Nothing: `other`.

mod names;
pub mod pattern;
mod rules;

pub use names::{AppWords, Vocabulary, families, model_key};
pub use rules::Scope;

use serde::{Deserialize, Serialize};

/// A pasted log is not a title: characters beyond this are not read.
pub const TEXT_LIMIT: usize = 200_000;
/// Confidence from which a symptom is named.
const NAMED_FROM: f64 = 0.5;
/// A further symptom must have this share of the first one's weight, and this weight itself.
const FURTHER_SHARE: f64 = 0.6;
const FURTHER_LEAST: f64 = 1.5;

/// The names a reader may give, in the contract's order.
pub const NAMES: [&str; 13] = [
    "unexpected_restart",
    "crash",
    "slow",
    "malware_suspected",
    "app_sync",
    "disk_full",
    "battery",
    "thermal",
    "network",
    "display",
    "printer",
    "sign_in",
    "other",
];

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Symptoms {
    /// Surest first; never empty after [`read`].
    pub symptoms: Vec<Symptom>,
    /// Catalog ids.
    pub apps: Vec<String>,
    pub processes: Vec<String>,
    pub codes: Vec<String>,
    pub models: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Symptom {
    pub name: String,
    /// 0..1
    pub confidence: f64,
    /// The words that say so: "keeps restarting; by itself".
    pub why: String,
}

/// Reads a text with the names that come with the program.
pub fn read(text: &str) -> Symptoms {
    read_with(text, Vocabulary::built_in())
}

/// Reads a text; `vocabulary` adds the apps, models and programs of this fleet.
pub fn read_with(text: &str, vocabulary: &Vocabulary) -> Symptoms {
    let text = cut(text);
    let words = pattern::Text::of(text, rules::known_words());
    complaints(text, &words, vocabulary)
}

/// The same, and what the text is about when it is not a laptop as a whole: its words are told apart once for both.
pub fn read_scoped(text: &str, vocabulary: &Vocabulary) -> (Symptoms, Scope) {
    let text = cut(text);
    let words = pattern::Text::of(text, rules::known_words());
    (complaints(text, &words, vocabulary), rules::scope(&words))
}

fn complaints(text: &str, words: &pattern::Text, vocabulary: &Vocabulary) -> Symptoms {
    let named = vocabulary.find(text);
    let mut weighed = rules::weigh(words);
    rules::from_names(&mut weighed, &named);
    Symptoms {
        symptoms: name(weighed),
        apps: named.apps,
        processes: named.processes,
        codes: named.codes,
        models: named.models,
    }
}

fn name(mut weighed: Vec<rules::Weighed>) -> Vec<Symptom> {
    weighed.sort_by(|a, b| {
        b.weight
            .total_cmp(&a.weight)
            .then_with(|| place(a.symptom).cmp(&place(b.symptom)))
    });
    let top = weighed.first().map_or(0.0, |first| first.weight);
    let named: Vec<Symptom> = weighed
        .into_iter()
        .enumerate()
        .filter(|(index, one)| {
            *index == 0 || (one.weight >= FURTHER_LEAST && one.weight >= FURTHER_SHARE * top)
        })
        .map(|(_, one)| Symptom {
            name: one.symptom.to_owned(),
            confidence: confidence(one.weight),
            why: one.why.join("; "),
        })
        .filter(|symptom| symptom.confidence >= NAMED_FROM)
        .collect();
    if named.is_empty() {
        let why = "no known complaint in these words".to_owned();
        return vec![Symptom {
            name: "other".to_owned(),
            confidence: (1.0 - confidence(top)).clamp(0.0, 1.0),
            why,
        }];
    }
    named
}

fn confidence(weight: f64) -> f64 {
    let sure = 1.0 / (1.0 + (-1.5 * (weight - 1.0)).exp());
    (sure * 1_000.0).round() / 1_000.0
}

fn place(symptom: &str) -> usize {
    NAMES
        .iter()
        .position(|name| *name == symptom)
        .unwrap_or(NAMES.len())
}

fn cut(text: &str) -> &str {
    match text.char_indices().nth(TEXT_LIMIT) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}
