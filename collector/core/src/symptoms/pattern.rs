//! Patterns over words. A pattern is words in order:
//!
//! | in a pattern | matches |
//! | --- | --- |
//! | `word` | that word |
//! | `word*` | every word that begins so |
//! | `a\|b\|c` | any of these |
//! | `..` | up to five words in between, none included |
//! | `#` | a number |
//!
//! **Invariant: matching is linear in the text for each pattern** (gaps are bounded), so no text can make it slow.

use std::collections::{HashMap, HashSet};

/// Words that `..` may skip.
const GAP: usize = 5;
/// How far before a match a negation reaches.
const NEGATION_REACH: usize = 3;
/// Words beyond this are not read.
const WORDS_LIMIT: usize = 20_000;

/// A text as words, with clause numbers for negations.
#[derive(Clone, Debug, Default)]
pub struct Text {
    words: Vec<Word>,
    /// The same words, to see at once that a pattern cannot match.
    set: HashSet<String>,
}

#[derive(Clone, Debug)]
struct Word {
    text: String,
    clause: usize,
}

/// Words of all patterns, for the correction of slips.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub exact: HashSet<String>,
    pub prefixes: Vec<String>,
    /// Words that are right as they are, though a slip away from a known one.
    pub ordinary: HashSet<String>,
    /// By first letter, for the search of what was meant.
    pub by_letter: HashMap<char, Vec<String>>,
}

impl Text {
    pub fn of(text: &str, known: &Known) -> Self {
        let mut words = Vec::new();
        let mut clause = 0;
        for piece in text
            .to_lowercase()
            .replace(['’', '‘', '´', '`'], "'")
            .replace("lap top", "laptop")
            .replace("it self", "itself")
            .split_whitespace()
        {
            // "Wi-Fi" is one word, "sign-in" two: hyphens split except after a single pair of letters.
            let joined = unelided(piece)
                .replace("wi-fi", "wifi")
                .replace("e-mail", "email")
                .replace("'", "");
            let mut parts = joined
                .split(|c: char| !(c.is_alphanumeric() || c == '%' || c == '_' || c == '°'))
                .peekable();
            let mut ends_clause = false;
            let last = joined.chars().last();
            if last.is_some_and(|c| {
                matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | '-' | '–' | '—')
            }) {
                ends_clause = true;
            }
            while let Some(part) = parts.next() {
                if part.is_empty() {
                    continue;
                }
                if matches!(
                    part,
                    "but" | "however" | "although" | "though" | "aber" | "pero"
                ) {
                    clause += 1;
                }
                if words.len() < WORDS_LIMIT {
                    words.push(Word {
                        text: known.corrected(part),
                        clause,
                    });
                }
                if joined.contains('/') && parts.peek().is_some() {
                    clause += 1;
                }
            }
            if ends_clause {
                clause += 1;
            }
        }
        let set = words.iter().map(|word| word.text.clone()).collect();
        Self { words, set }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words before a place.
    pub fn before(&self, place: usize) -> impl Iterator<Item = &str> {
        self.words.iter().take(place).map(|word| word.text.as_str())
    }

    fn slice(&self, from: usize, to: usize) -> String {
        self.words[from..to]
            .iter()
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// "l'écran" is the word "écran": what French and Italian cut short before a vowel is no part of it. "Can't" stays whole.
fn unelided(piece: &str) -> &str {
    const CUT: [&str; 15] = [
        "l", "d", "s", "n", "j", "m", "c", "t", "qu", "un", "all", "dell", "nell", "sull", "dall",
    ];
    let bare = piece.trim_start_matches(|c: char| !c.is_alphanumeric());
    match bare.split_once('\'') {
        Some((before, word)) if CUT.contains(&before) && word.chars().count() >= 3 => word,
        _ => piece,
    }
}

impl Known {
    pub fn add_pattern(&mut self, pattern: &Pattern) {
        for step in &pattern.steps {
            for token in &step.any {
                match token {
                    Token::Exact(word) => {
                        self.exact.insert(word.clone());
                    }
                    Token::Prefix(word) => self.prefixes.push(word.clone()),
                    Token::Number => {}
                }
            }
        }
    }

    pub fn index(&mut self) {
        let mut words: Vec<String> = self
            .exact
            .iter()
            .chain(&self.prefixes)
            .filter(|word| word.chars().count() >= 6)
            .cloned()
            .collect();
        words.sort();
        words.dedup();
        for word in words {
            if let Some(letter) = word.chars().next() {
                self.by_letter.entry(letter).or_default().push(word);
            }
        }
    }

    /// The word that was meant: one slip away in six letters or more, two in ten or more.
    fn corrected(&self, word: &str) -> String {
        let length = word.chars().count();
        let plain =
            !(6..=24).contains(&length) || word.chars().any(|c| c.is_ascii_digit() || c == '_');
        if plain
            || self.exact.contains(word)
            || self.ordinary.contains(word)
            || self
                .prefixes
                .iter()
                .any(|prefix| word.starts_with(prefix.as_str()))
        {
            return word.to_owned();
        }
        let slips = if length >= 10 { 2 } else { 1 };
        let meant = word
            .chars()
            .next()
            .and_then(|letter| self.by_letter.get(&letter))
            .into_iter()
            .flatten()
            .filter(|known| known.chars().count().abs_diff(length) <= slips)
            .map(|known| (strsim::osa_distance(known, word), known))
            .filter(|(distance, _)| *distance <= slips)
            .min();
        meant.map_or_else(|| word.to_owned(), |(_, known)| known.clone())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Exact(String),
    Prefix(String),
    Number,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    any: Vec<Token>,
    /// Words that may stand before this step.
    gap: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    steps: Vec<Step>,
}

/// A match: its words, and whether a negation stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Place of its first word in the text.
    pub start: usize,
    pub words: String,
    pub negated: bool,
}

impl Pattern {
    pub fn parse(pattern: &str) -> Self {
        let mut steps = Vec::new();
        let mut gap = 0;
        for part in pattern.split_whitespace() {
            if part == ".." {
                gap = GAP;
                continue;
            }
            let any = part
                .split('|')
                .filter(|token| !token.is_empty())
                .map(|token| match token.strip_suffix('*') {
                    Some(prefix) => Token::Prefix(prefix.to_owned()),
                    None if token == "#" => Token::Number,
                    None => Token::Exact(token.to_owned()),
                })
                .collect();
            steps.push(Step { any, gap });
            gap = 0;
        }
        Self { steps }
    }

    /// Its whole words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let tokens = self.steps.iter().flat_map(|step| &step.any);
        tokens.filter_map(|token| match token {
            Token::Exact(word) => Some(word.as_str()),
            Token::Prefix(_) | Token::Number => None,
        })
    }

    /// The first match that is not negated, else the first negated one.
    pub fn find(&self, text: &Text) -> Option<Match> {
        let first = self.steps.first()?;
        if !self.steps.iter().all(|step| step.may_match(&text.set)) {
            return None;
        }
        let mut negated = None;
        for start in 0..text.words.len() {
            if !first.matches(&text.words[start].text) {
                continue;
            }
            let Some(end) = self.rest(text, 1, start + 1) else {
                continue;
            };
            let found = Match {
                start,
                words: text.slice(start, end),
                negated: is_negated(text, start),
            };
            if !found.negated {
                return Some(found);
            }
            negated.get_or_insert(found);
        }
        negated
    }

    /// The end of a match of the steps from `step` on, begun at word `at`.
    fn rest(&self, text: &Text, step: usize, at: usize) -> Option<usize> {
        let Some(next) = self.steps.get(step) else {
            return Some(at);
        };
        (at..=at + next.gap)
            .take_while(|place| *place < text.words.len())
            .filter(|place| next.matches(&text.words[*place].text))
            .find_map(|place| self.rest(text, step + 1, place + 1))
    }
}

impl Step {
    /// False only when no word of the text can be meant; prefixes and numbers are left to the search.
    fn may_match(&self, words: &HashSet<String>) -> bool {
        self.any.iter().any(|token| match token {
            Token::Exact(exact) => words.contains(exact),
            Token::Prefix(_) | Token::Number => true,
        })
    }

    fn matches(&self, word: &str) -> bool {
        self.any.iter().any(|token| match token {
            Token::Exact(exact) => exact == word,
            Token::Prefix(prefix) => word.starts_with(prefix.as_str()),
            Token::Number => word.starts_with(|c: char| c.is_ascii_digit()),
        })
    }
}

fn is_negated(text: &Text, start: usize) -> bool {
    /// Deny what follows within a few words.
    const FAR: [&str; 17] = [
        "no", "not", "never", "without", "isnt", "doesnt", "didnt", "wasnt", "arent", "dont",
        "neither", "nor", "nothing", "kein", "keine", "nicht", "sin",
    ];
    /// Deny only the very next word: "can't restart", but not "can't fix the restarts".
    const NEAR: [&str; 5] = ["cant", "cannot", "wont", "unable", "stopped"];
    let clause = text.words[start].clause;
    (1..=NEGATION_REACH)
        .take_while(|back| *back <= start)
        .any(|back| {
            let word = &text.words[start - back];
            word.clause == clause
                && (FAR.contains(&word.text.as_str())
                    || (back == 1 && NEAR.contains(&word.text.as_str())))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_without_what_was_cut_short_before_it() {
        let found = |pattern: &str, text: &str| {
            let text = Text::of(text, &Known::default());
            Pattern::parse(pattern).find(&text).is_some()
        };
        for (pattern, text) in [
            ("écran noir", "Problème: l'écran noir"),
            ("impossible imprimer", "Impossible d’imprimer"),
            ("dopo aggiornamento", "lento dopo l'aggiornamento"),
            ("cant print", "I can't print"),
            ("its hot", "(it's hot)"),
        ] {
            assert!(found(pattern, text), "{pattern} in {text}");
        }
        assert!(!found("t print", "can't print"));
    }
}
