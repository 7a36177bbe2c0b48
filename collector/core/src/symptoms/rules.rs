//! The rules of the data files, read once, and what they weigh in a text.
//!
//! **Invariant: a rule's place in a file means nothing**; weights add up the same in any order.

use std::{
    collections::{BTreeMap, HashSet},
    sync::LazyLock,
};

use serde::Deserialize;

use crate::symptoms::{
    NAMES,
    names::Named,
    pattern::{Known, Pattern, Text},
};

/// One file per language; a language is added by adding a file here.
const FILES: [&str; 7] = [
    include_str!("en.toml"),
    include_str!("de.toml"),
    include_str!("es.toml"),
    include_str!("fr.toml"),
    include_str!("it.toml"),
    include_str!("pt.toml"),
    include_str!("nl.toml"),
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
    /// Patterns of talk that is about no machine at all, and of words that say that it is.
    #[serde(default)]
    everyday: Vec<String>,
    #[serde(default)]
    jest: Vec<String>,
    #[serde(default)]
    machine: Vec<String>,
    /// Patterns of single programs, and of things that are no laptop of the fleet.
    #[serde(default)]
    programs: Vec<String>,
    #[serde(default)]
    elsewhere: Vec<String>,
    /// Somebody else's machine, whatever else the sentence names.
    #[serde(default)]
    others: Vec<String>,
    /// Announcements, rules, requests and questions of how: talk about a thing, no report of it.
    #[serde(default)]
    general: Vec<String>,
    /// "Same here": who says so has the trouble, too.
    #[serde(default)]
    me_too: Vec<String>,
    /// Words that name nothing: "it keeps restarting" says as little of what restarts as "keeps restarting".
    #[serde(default)]
    little: Vec<String>,
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

#[derive(Default)]
struct Book {
    rules: Vec<Rule>,
    negatable: Vec<String>,
    everyday: Vec<Pattern>,
    jest: Vec<Pattern>,
    machine: Vec<Pattern>,
    programs: Vec<Pattern>,
    elsewhere: Vec<Pattern>,
    others: Vec<Pattern>,
    general: Vec<Pattern>,
    me_too: Vec<Pattern>,
    little: HashSet<String>,
    /// The words that the rules of each symptom know.
    words: BTreeMap<&'static str, HashSet<String>>,
    known: Known,
}

static BOOK: LazyLock<Book> = LazyLock::new(|| {
    let parse = |patterns: &[String]| {
        patterns
            .iter()
            .map(|pattern| Pattern::parse(pattern))
            .collect::<Vec<_>>()
    };
    let mut book = Book::default();
    for file in FILES {
        // A file that does not parse is caught by `every_file_is_read`, not by a person's thread.
        let Ok(file) = toml::from_str::<File>(file) else {
            continue;
        };
        book.known.ordinary.extend(file.ordinary);
        book.negatable.extend(file.negatable);
        book.everyday.extend(parse(&file.everyday));
        book.jest.extend(parse(&file.jest));
        book.machine.extend(parse(&file.machine));
        book.programs.extend(parse(&file.programs));
        book.elsewhere.extend(parse(&file.elsewhere));
        book.others.extend(parse(&file.others));
        book.general.extend(parse(&file.general));
        book.me_too.extend(parse(&file.me_too));
        book.little.extend(file.little);
        for rule in file.rule {
            let Some(symptom) = NAMES.iter().find(|name| **name == rule.symptom) else {
                continue;
            };
            let rule = Rule {
                symptom,
                weight: rule.weight,
                any: parse(&rule.any),
                unless: parse(&rule.unless),
            };
            let words = book.words.entry(rule.symptom).or_default();
            for pattern in &rule.any {
                book.known.add_pattern(pattern);
                words.extend(pattern.words().map(str::to_owned));
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

/// What a sentence is about when it is not about a laptop as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// It says which machine: a laptop, a computer.
    pub machine: bool,
    /// It names something that only a computer has.
    pub part: bool,
    /// A single program, by the word that says so.
    pub program: Option<String>,
    /// Something that is no laptop of the fleet, or somebody else's, by the words that say so.
    pub elsewhere: Option<String>,
    /// An announcement, a rule, a request, a question of how, by the words that say so.
    pub general: Option<String>,
    /// Talk of the house or a joke: names and complaints in it mean something else.
    pub no_machine: bool,
    /// Somebody has the same.
    pub me_too: bool,
    /// It says nothing: "Help please, again".
    pub empty: bool,
    /// Complaints of which it consists: "Battery drains overnight" names nothing beside the battery, "Truck battery dead" does.
    pub only: Vec<&'static str>,
    /// It went down, and nothing else than this machine is named that could have.
    pub went_down: bool,
}

/// Nouns for the machine itself; a disk or a screen is part of it and says less. In the languages that the files speak.
const WHOLE_MACHINE: &str = "laptop*|computer|notebook*|macbook*|imac|mac|pc|machine|workstation|thinkpad*|thinkbook*|latitude*|precision|inspiron|vostro|elitebook*|probook*|zbook*|zenbook*|vivobook*|ideapad*|surface|xps|chromebook*|rechner|computers|ordinateur|portable|ordenador|portatil|portátil|portatile|computador";

/// Parts, places and programs that only a computer has. No "windows", which offices have, too; no fans, batteries, chargers
/// and drives, which are in much else.
const PARTS: &str = "cpu|gpu|kernel_task|bios|win10|win11|macos|exe|autostart|taskmanager|standby|throttl*|touchpad|trackpad|touchbar|explorer|pagefile|onboard|c";

static WHOLE: LazyLock<Pattern> = LazyLock::new(|| Pattern::parse(WHOLE_MACHINE));
static PART: LazyLock<Pattern> = LazyLock::new(|| Pattern::parse(PARTS));

pub fn scope(text: &Text) -> Scope {
    let first = |patterns: &[Pattern]| {
        patterns
            .iter()
            .find_map(|pattern| pattern.find(text))
            .map(|found| found.words)
    };
    let machine = WHOLE.find(text).is_some();
    // "My son's laptop" is elsewhere; "the laptop crashes when the server copies" is not.
    let elsewhere = first(&BOOK.others).or_else(|| {
        first(&BOOK.elsewhere)
            .filter(|words| !machine || WHOLE.find(&Text::of(words, &BOOK.known)).is_some())
    });
    Scope {
        machine,
        part: PART.find(text).is_some(),
        program: first(&BOOK.programs),
        elsewhere,
        general: first(&BOOK.general),
        no_machine: is_no_machine(text),
        me_too: first(&BOOK.me_too).is_some(),
        empty: text
            .before(usize::MAX)
            .all(|word| BOOK.little.contains(word)),
        only: only(text),
        went_down: went_down(text),
    }
}

fn only(text: &Text) -> Vec<&'static str> {
    let consists = |known: &HashSet<String>| {
        text.before(usize::MAX)
            .all(|word| BOOK.little.contains(word) || known.contains(word))
    };
    BOOK.words
        .iter()
        .filter(|(_, known)| consists(known))
        .map(|(symptom, _)| *symptom)
        .collect()
}

/// Sure words of a machine that went down.
const SURE: f64 = 1.9;

/// "Random shutdowns since Monday" by the owner of a laptop is about the laptop; "The TV keeps rebooting" names something.
fn went_down(text: &Text) -> bool {
    BOOK.rules
        .iter()
        .filter(|rule| {
            matches!(rule.symptom, "unexpected_restart" | "crash") && rule.weight >= SURE
        })
        .flat_map(|rule| &rule.any)
        .filter_map(|pattern| pattern.find(text))
        .any(|found| {
            !found.negated
                && text
                    .before(found.start)
                    .all(|word| BOOK.little.contains(word))
        })
}

/// Lunch, lifts and films: "slow", "hot" and "crash" mean something else there.
fn is_no_machine(text: &Text) -> bool {
    let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.find(text).is_some());
    any(&BOOK.jest) || (any(&BOOK.everyday) && !any(&BOOK.machine))
}

/// What talk of the house takes from every symptom: more than one plain word gives.
const NO_MACHINE: f64 = 2.5;

/// The weight of every symptom that some rule speaks about.
pub fn weigh(text: &Text) -> Vec<Weighed> {
    let elsewhere = if is_no_machine(text) { NO_MACHINE } else { 0.0 };
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
                weight: strongest + further - against - elsewhere,
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
