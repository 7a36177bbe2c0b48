//! The rules of the data files, read once, and what they weigh in a text.
//!
//! **Invariant: a rule's place in a file means nothing**; weights add up the same in any order.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::symptoms::{
    NAMES,
    names::Named,
    pattern::{Known, Pattern, Text},
};

/// One file per language; a language is added by adding a file here.
const FILES: [&str; 4] = [
    include_str!("en.toml"),
    include_str!("de.toml"),
    include_str!("es.toml"),
    include_str!("fr.toml"),
];
/// What each further rule of a symptom adds, as a share of its weight.
const FURTHER: f64 = 0.5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Words that are right as they are, see [`Known::ordinary`].
    #[serde(default)]
    ordinary: Vec<String>,
    /// Symptoms that a negation before the words denies.
    #[serde(default)]
    negatable: Vec<String>,
    #[serde(default)]
    rule: Vec<RuleOfFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleOfFile {
    symptom: String,
    /// Negative: speaks against.
    weight: f64,
    any: Vec<String>,
    /// The rule is silent when one of these matches.
    #[serde(default)]
    unless: Vec<String>,
}

struct Rule {
    symptom: &'static str,
    weight: f64,
    any: Vec<Pattern>,
    unless: Vec<Pattern>,
}

struct Book {
    rules: Vec<Rule>,
    negatable: Vec<String>,
    known: Known,
}

static BOOK: LazyLock<Book> = LazyLock::new(|| {
    let mut book = Book {
        rules: Vec::new(),
        negatable: Vec::new(),
        known: Known::default(),
    };
    for file in FILES {
        // A file that does not parse is caught by `every_file_is_read`, not by a person's thread.
        let Ok(file) = toml::from_str::<File>(file) else {
            continue;
        };
        book.known.ordinary.extend(file.ordinary);
        book.negatable.extend(file.negatable);
        for rule in file.rule {
            let Some(symptom) = NAMES.iter().find(|name| **name == rule.symptom) else {
                continue;
            };
            let parse = |patterns: &[String]| {
                patterns
                    .iter()
                    .map(|pattern| Pattern::parse(pattern))
                    .collect::<Vec<_>>()
            };
            let rule = Rule {
                symptom,
                weight: rule.weight,
                any: parse(&rule.any),
                unless: parse(&rule.unless),
            };
            for pattern in &rule.any {
                book.known.add_pattern(pattern);
            }
            book.rules.push(rule);
        }
    }
    book.known.index();
    book
});

pub fn known_words() -> &'static Known {
    &BOOK.known
}

#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    pub symptom: &'static str,
    pub weight: f64,
    pub why: Vec<String>,
}

/// The weight of every symptom that some rule speaks about.
pub fn weigh(text: &Text) -> Vec<Weighed> {
    let mut fors: BTreeMap<&'static str, Vec<(f64, String)>> = BTreeMap::new();
    let mut againsts: BTreeMap<&'static str, f64> = BTreeMap::new();
    for rule in &BOOK.rules {
        if rule
            .unless
            .iter()
            .any(|pattern| pattern.find(text).is_some())
        {
            continue;
        }
        let matches: Vec<_> = rule
            .any
            .iter()
            .filter_map(|pattern| pattern.find(text))
            .collect();
        let denies = BOOK.negatable.iter().any(|name| name == rule.symptom);
        let Some(found) = matches
            .iter()
            .find(|found| !found.negated)
            .or(matches.first())
        else {
            continue;
        };
        let negated = found.negated && denies;
        if negated || rule.weight < 0.0 {
            // "No crash" says that it is not a crash; it does not say what it is.
            *againsts.entry(rule.symptom).or_default() += if negated {
                0.5 * rule.weight.max(0.0)
            } else {
                -rule.weight
            };
        } else {
            fors.entry(rule.symptom)
                .or_default()
                .push((rule.weight, found.words.clone()));
        }
    }
    fors.into_iter()
        .map(|(symptom, mut said)| {
            said.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            let strongest = said.first().map_or(0.0, |(weight, _)| *weight);
            let further: f64 = said
                .iter()
                .skip(1)
                .map(|(weight, _)| weight * FURTHER)
                .sum();
            let against = againsts.get(symptom).copied().unwrap_or(0.0);
            let mut why: Vec<String> = Vec::new();
            for (_, words) in said {
                if !why.iter().any(|known| known.contains(&words)) && why.len() < 3 {
                    why.push(words);
                }
            }
            Weighed {
                symptom,
                weight: strongest + further - against,
                why,
            }
        })
        .collect()
}

/// What names say: a stop code is a crash whatever the words around it.
pub fn from_names(weighed: &mut Vec<Weighed>, named: &Named) {
    let mut add = |symptom: &'static str, weight: f64, why: String| match weighed
        .iter_mut()
        .find(|one| one.symptom == symptom)
    {
        Some(one) => {
            one.weight += FURTHER * weight;
            one.why.push(why);
        }
        None => weighed.push(Weighed {
            symptom,
            weight,
            why: vec![why],
        }),
    };
    if let Some(code) = named.crash_codes.first() {
        add("crash", 2.0, code.clone());
    }
    if let Some(code) = named.restart_codes.first() {
        add("unexpected_restart", 2.2, code.clone());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_file_is_read() {
        let mut rules = 0;
        for file in FILES {
            let file: File = toml::from_str(file).unwrap();
            for rule in &file.rule {
                assert!(NAMES.contains(&rule.symptom.as_str()), "{}", rule.symptom);
                assert!(!rule.any.is_empty() && rule.weight.is_finite());
            }
            rules += file.rule.len();
        }
        assert_eq!(rules, BOOK.rules.len());
    }
}
