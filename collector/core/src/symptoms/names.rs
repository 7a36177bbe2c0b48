//! Names in a text: apps, programs, codes, models.
//!
//! **Invariant: a name is reported once, in one spelling**, however often and however it is written. The shapes of codes are
//! code (they are grammar), the names of apps, programs and model families are data (`names.toml`) plus whatever the fleet
//! knows ([`Vocabulary`]).

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;
use serde::Deserialize;

/// Windows' own events for "the last run did not end in a shutdown": Kernel-Power 41 and EventLog 6008.
const UNCLEAN_END_EVENTS: [&str; 2] = ["41", "6008"];
/// At most this many names of one sort are reported; a pasted log names hundreds.
const MOST: usize = 20;

/// An app and the words by which people call it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AppWords {
    /// Catalog id.
    pub id: String,
    /// Lower case.
    pub words: Vec<String>,
}

/// What a text may name. The built-in one knows common apps and programs; a fleet adds its own.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    names: Vec<Name>,
    finder: Option<AhoCorasick>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    App(String),
    Process(String),
    Model(String),
    StopCode(String),
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub apps: Vec<String>,
    pub processes: Vec<String>,
    pub codes: Vec<String>,
    pub models: Vec<String>,
    /// Codes that only a crash has.
    pub crash_codes: Vec<String>,
    /// Codes that say the machine went down unasked.
    pub restart_codes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    app: Vec<AppWords>,
    processes: Vec<String>,
    stop_codes: Vec<String>,
    model: Vec<Family>,
}

/// A model family: how it is written, and what may follow.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    /// Correct spelling, e.g. "ThinkPad".
    name: String,
    /// Regular expression of the whole model, lower case text.
    find: String,
}

struct BuiltIn {
    file: Option<File>,
    families: Vec<(String, Regex)>,
}

static BUILT_IN: LazyLock<BuiltIn> = LazyLock::new(|| {
    // Checked by `the_names_file_is_read`.
    let file: Option<File> = toml::from_str(include_str!("names.toml")).ok();
    let families = file
        .iter()
        .flat_map(|file| &file.model)
        .filter_map(|family| {
            Regex::new(&format!(r"\b(?:{})\b", family.find))
                .ok()
                .map(|find| (family.name.clone(), find))
        })
        .collect();
    BuiltIn { file, families }
});

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::with(&[], &[], &[]));

struct Shapes {
    exe: Option<Regex>,
    hex: Option<Regex>,
    upper: Option<Regex>,
    kb: Option<Regex>,
    kernel_power: Option<Regex>,
    whea: Option<Regex>,
    event: Option<Regex>,
    numbered: Option<Regex>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let shape = |shape: &str| Regex::new(shape).ok();
    Shapes {
        exe: shape(r"(?i)\b[a-z0-9_][a-z0-9_.+-]{0,60}\.exe\b"),
        hex: shape(r"(?i)\b0x[0-9a-f]{2,16}\b"),
        // Four letters at least in the first part: "USB_C" is a plug, "DPC_WATCHDOG_VIOLATION" a code.
        upper: shape(r"\b[A-Z][A-Z0-9]{2,}(?:_[A-Z0-9]{2,}){1,7}\b"),
        kb: shape(r"(?i)\bkb ?(\d{6,7})\b"),
        kernel_power: shape(
            r"(?i)\bkernel[ -]?power\b(?:[ ,(-]*(?:event|error|id|critical|code)*[ :]*){0,3}(\d{2,3})?\b",
        ),
        whea: shape(
            r"(?i)\bwhea(?:[ -]?logger)?\b(?:[ ,(-]*(?:event|error|id)*[ :]*){0,3}(\d{1,2})?\b",
        ),
        event: shape(r"(?i)\bevent ?id[ :]*(\d{1,5})\b"),
        numbered: shape(
            r"(?i)\b(?:error|code|fehler|fehlercode|errno|err)(?: ?code)?[ :#]*(-?\d{2,12}|[a-z]{1,6}-?\d{2,10})\b",
        ),
    }
});

impl Default for Vocabulary {
    fn default() -> Self {
        Self::built_in().clone()
    }
}

impl Vocabulary {
    pub fn built_in() -> &'static Self {
        &VOCABULARY
    }

    /// The built-in names and those of a fleet: catalog apps, models and programs seen.
    pub fn with(apps: &[AppWords], models: &[String], processes: &[String]) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut names: Vec<Name> = Vec::new();
        let mut add = |word: &str, name: Name| {
            let word = word.trim().to_lowercase();
            // Shorter words are in every sentence.
            if word.chars().count() >= 3 {
                words.push(word);
                names.push(name);
            }
        };
        if let Some(file) = &BUILT_IN.file {
            for app in file.app.iter().chain(apps) {
                for word in &app.words {
                    add(word, Name::App(app.id.clone()));
                }
            }
            for process in file.processes.iter().chain(processes) {
                add(process, Name::Process(process.to_lowercase()));
            }
            for code in &file.stop_codes {
                add(code, Name::StopCode(code.to_uppercase()));
                add(&code.replace('_', " "), Name::StopCode(code.to_uppercase()));
            }
        }
        for model in models {
            add(model, Name::Model(model.clone()));
            let key = model_key(model);
            // "Latitude 5420" without its maker, but not "Pro 7" without its family.
            if key.chars().count() >= 7 {
                add(&key, Name::Model(model.clone()));
            }
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&words)
            .ok();
        Self { names, finder }
    }

    pub fn find(&self, text: &str) -> Named {
        let lower = text.to_lowercase();
        let mut named = Named::default();
        self.listed(&lower, &mut named);
        shaped(text, &mut named);
        models(&lower, &mut named);
        for list in [
            &mut named.apps,
            &mut named.processes,
            &mut named.codes,
            &mut named.models,
        ] {
            let mut seen = std::collections::HashSet::new();
            list.retain(|name| seen.insert(name.to_lowercase()));
            list.truncate(MOST);
        }
        named
    }

    fn listed(&self, lower: &str, named: &mut Named) {
        let Some(finder) = &self.finder else { return };
        for found in finder.find_iter(lower) {
            if !is_word(lower, found.start(), found.end()) {
                continue;
            }
            match self.names.get(found.pattern().as_usize()) {
                Some(Name::App(id)) => named.apps.push(id.clone()),
                Some(Name::Process(name)) if !lower[found.end()..].starts_with(".exe") => {
                    named.processes.push(name.clone())
                }
                Some(Name::Model(model)) => named.models.push(model.clone()),
                Some(Name::StopCode(code)) => {
                    named.codes.push(code.clone());
                    named.crash_codes.push(code.clone());
                }
                _ => {}
            }
        }
    }
}

/// Codes and programs by their shape.
fn shaped(text: &str, named: &mut Named) {
    let all = |shape: &Option<Regex>| -> Vec<String> {
        shape
            .iter()
            .flat_map(|shape| shape.find_iter(text))
            .map(|found| found.as_str().to_owned())
            .take(MOST)
            .collect()
    };
    let captured = |shape: &Option<Regex>| -> Vec<Option<String>> {
        shape
            .iter()
            .flat_map(|shape| shape.captures_iter(text))
            .map(|captures| captures.get(1).map(|number| number.as_str().to_owned()))
            .take(MOST)
            .collect()
    };
    named
        .processes
        .extend(all(&SHAPES.exe).into_iter().map(|name| name.to_lowercase()));
    for code in all(&SHAPES.hex) {
        // 0x0000007E and 0x8007.... differ: the former is a stop code, the latter an error of some program.
        let digits = code[2..].trim_start_matches('0');
        let stop = code.len() == 10 && digits.len() <= 3 && !digits.is_empty();
        let code = format!("0x{}", code[2..].to_uppercase());
        if stop {
            named.crash_codes.push(code.clone());
        }
        named.codes.push(code);
    }
    for code in all(&SHAPES.upper) {
        let crash = [
            "_VIOLATION",
            "_EXCEPTION",
            "_FAILURE",
            "_NOT_LESS_OR_EQUAL",
            "_NOT_HANDLED",
            "_MANAGEMENT",
            "_ERROR",
            "_CORRUPTION",
            "_TIMEOUT",
            "_FAULT",
            "_DIED",
        ]
        .iter()
        .any(|end| code.ends_with(end));
        if crash && !code.starts_with("ERR_") && !code.starts_with("DNS_") {
            named.crash_codes.push(code.clone());
        }
        named.codes.push(code);
    }
    for number in captured(&SHAPES.kb).into_iter().flatten() {
        named.codes.push(format!("KB{number}"));
    }
    for number in captured(&SHAPES.kernel_power) {
        let code = format!("Kernel-Power {}", number.as_deref().unwrap_or("41"));
        named.restart_codes.push(code.clone());
        named.codes.push(code);
    }
    for number in captured(&SHAPES.whea) {
        let code = number.map_or_else(|| "WHEA".to_owned(), |number| format!("WHEA {number}"));
        if !named.codes.iter().any(|known| known.starts_with("WHEA")) {
            named.crash_codes.push(code.clone());
            named.codes.push(code);
        }
    }
    for number in captured(&SHAPES.event).into_iter().flatten() {
        if !named
            .codes
            .iter()
            .any(|code| code.ends_with(&format!(" {number}")))
        {
            if UNCLEAN_END_EVENTS.contains(&number.as_str()) {
                named.restart_codes.push(format!("event {number}"));
            }
            named.codes.push(format!("event {number}"));
        }
    }
    for number in captured(&SHAPES.numbered).into_iter().flatten() {
        if !number.to_lowercase().starts_with("0x") && !number.to_lowercase().starts_with("kb") {
            named.codes.push(number.to_uppercase());
        }
    }
}

fn models(lower: &str, named: &mut Named) {
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for (name, find) in &BUILT_IN.families {
        for found in find.find_iter(lower).take(MOST) {
            if taken
                .iter()
                .any(|(from, to)| found.start() < *to && *from < found.end())
            {
                continue;
            }
            taken.push((found.start(), found.end()));
            named.models.push(spelled(name, found.as_str()));
        }
    }
}

/// "thinkpad t14 gen3" becomes "ThinkPad T14 Gen 3".
fn spelled(family: &str, found: &str) -> String {
    let key = family.to_lowercase();
    let rest = found.split_once(&key).map_or(found, |(_, rest)| rest);
    let mut words: Vec<String> = vec![family.to_owned()];
    for word in rest
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '-'))
        .filter(|word| !word.is_empty())
    {
        if let Some(number) = word.strip_prefix("gen").filter(|number| !number.is_empty()) {
            words.push("Gen".to_owned());
            words.push(number.trim_start_matches('.').to_owned());
        } else if word.chars().any(|c| c.is_ascii_digit()) {
            words.push(word.to_uppercase());
        } else {
            let mut letters = word.chars();
            words.push(letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().collect::<String>() + letters.as_str()
            }));
        }
    }
    words.join(" ")
}

/// A model without its maker and without what makers add: "Lenovo ThinkPad T14 Gen 3" is "t14 gen 3".
pub fn model_key(model: &str) -> String {
    const MAKERS: [&str; 22] = [
        "lenovo",
        "dell",
        "inc.",
        "inc",
        "hp",
        "hewlett-packard",
        "apple",
        "microsoft",
        "asus",
        "asustek",
        "acer",
        "thinkpad",
        "corporation",
        "computer",
        "notebook",
        "laptop",
        "pc",
        "framework",
        "samsung",
        "fujitsu",
        "toshiba",
        "msi",
    ];
    model
        .to_lowercase()
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','))
        .filter(|word| !word.is_empty() && !MAKERS.contains(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Families of models that a text names, with a model or bare: "my MacBook".
pub fn families(text: &str) -> Vec<String> {
    /// Names that are words of every day, too.
    const ORDINARY: [&str; 8] = [
        "precision",
        "legion",
        "yoga",
        "spectre",
        "envy",
        "omen",
        "mac",
        "go",
    ];
    let words: std::collections::HashSet<String> = text
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_owned)
        .collect();
    let first = |name: &str| name.split(' ').next().unwrap_or_default().to_lowercase();
    let mut named: Vec<String> = BUILT_IN
        .families
        .iter()
        .map(|(name, _)| first(name))
        .filter(|name| words.contains(name) && !ORDINARY.contains(&name.as_str()))
        .collect();
    named.sort();
    named.dedup();
    named
}

fn is_word(text: &str, from: usize, to: usize) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    edge(text[..from].chars().next_back()) && edge(text[to..].chars().next())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_names_file_is_read() {
        let file: File = toml::from_str(include_str!("names.toml")).unwrap();
        assert_eq!(file.model.len(), BUILT_IN.families.len());
        assert!(
            SHAPES.whea.is_some() && SHAPES.kernel_power.is_some() && SHAPES.numbered.is_some()
        );
    }

    #[test]
    fn models_in_one_spelling() {
        for (text, model) in [
            ("my thinkpad t14 gen3 dies", "ThinkPad T14 Gen 3"),
            ("ThinkPad T14 Gen 3", "ThinkPad T14 Gen 3"),
            ("XPS 13 9310 fan", "XPS 13 9310"),
            ("EliteBook 840 G8", "EliteBook 840 G8"),
            ("Latitude 5420 dock", "Latitude 5420"),
            ("Surface Pro 7 screen", "Surface Pro 7"),
            ("MacBook Pro M1 kernel panic", "MacBook Pro M1"),
            ("X1 Carbon Gen 9", "ThinkPad X1 Carbon Gen 9"),
        ] {
            assert_eq!(Vocabulary::built_in().find(text).models, [model], "{text}");
        }
    }

    #[test]
    fn codes_in_one_spelling() {
        for (text, code) in [
            ("BSOD 0x0000007E on boot", "0x0000007E"),
            ("Kernel-Power 41 again", "Kernel-Power 41"),
            ("kernel power event id 41 (63)", "Kernel-Power 41"),
            ("WHEA-Logger 18", "WHEA 18"),
            ("dpc watchdog violation", "DPC_WATCHDOG_VIOLATION"),
            ("KB5034441 fails", "KB5034441"),
            ("error 0x80070005", "0x80070005"),
        ] {
            let found = Vocabulary::built_in().find(text).codes;
            assert!(found.contains(&code.to_owned()), "{text}: {found:?}");
        }
    }
}
