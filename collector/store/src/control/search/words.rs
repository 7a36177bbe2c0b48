//! Words as the search knows them: folded text cut into tokens, and what a person typed read as a query.
//!
//! **Invariant: a token is letters and digits of one folded spelling, and nothing else** ("Müller-Straße" is `muller`,
//! `strasse`), so that nothing that anybody types has a meaning in FTS5's or PostgreSQL's query language. Not here: SQL.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Letters of one token: longer ones are hashes and pasted data, found by their beginning.
const MAX_TOKEN: usize = 64;
/// Tokens of one text; a post of 64 KiB has fewer unless it is a log, whose rest says the same again.
pub const MAX_TOKENS: usize = 8_000;
/// Words and filters of one query: more is a paste, not a search.
pub const MAX_TERMS: usize = 12;
/// Characters read of a query.
const MAX_QUERY: usize = 400;
/// From this many letters on the last word may be the beginning of one.
const PREFIX_FROM: usize = 2;

/// One token with where it stood in the text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub word: String,
    pub from: usize,
    pub to: usize,
}

/// The tokens of a text, at most [`MAX_TOKENS`].
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut open: Option<Token> = None;
    for (at, c) in text.char_indices() {
        let joins = c.is_alphanumeric() || is_combining_mark(c);
        let alone = is_dense(c);
        if (!joins || alone)
            && let Some(token) = open.take()
        {
            found.push(token);
            if found.len() >= MAX_TOKENS {
                return found;
            }
        }
        if !joins {
            continue;
        }
        let token = open.get_or_insert(Token {
            word: String::new(),
            from: at,
            to: at,
        });
        if token.word.len() < MAX_TOKEN {
            fold(c, &mut token.word);
        }
        token.to = at + c.len_utf8();
        if alone && let Some(token) = open.take() {
            found.push(token);
        }
    }
    found.extend(open);
    found.truncate(MAX_TOKENS);
    found.retain(|token| !token.word.is_empty());
    found
}

/// One folded spelling of a short text: its tokens with single spaces.
pub fn folded(text: &str) -> String {
    let words: Vec<String> = tokens(text).into_iter().map(|token| token.word).collect();
    words.join(" ")
}

fn fold(c: char, into: &mut String) {
    match c {
        'ß' | 'ẞ' => into.push_str("ss"),
        'æ' | 'Æ' => into.push_str("ae"),
        'œ' | 'Œ' => into.push_str("oe"),
        'ø' | 'Ø' => into.push('o'),
        'đ' | 'Đ' | 'ð' | 'Ð' => into.push('d'),
        'ł' | 'Ł' => into.push('l'),
        'ı' => into.push('i'),
        c => into.extend(
            std::iter::once(c)
                .nfkd()
                .flat_map(char::to_lowercase)
                .filter(|c| c.is_alphanumeric() && !is_combining_mark(*c)),
        ),
    }
}

/// Scripts written without spaces: each character is a token, and a word is a run of them.
fn is_dense(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}'   // Thai, Lao
        | '\u{1000}'..='\u{109F}' // Myanmar
        | '\u{1780}'..='\u{17FF}' // Khmer
        | '\u{3040}'..='\u{30FF}' // Hiragana, Katakana
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// Tokens that must stand side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub tokens: Vec<String>,
    /// The last token may be the beginning of a word.
    pub prefix: bool,
}

/// What a person typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub all: Vec<Term>,
    pub none: Vec<Term>,
    /// `key:value`, of those that [`FILTERS`] names.
    pub filters: Vec<(&'static str, String)>,
    /// Nothing but signs: no text can match.
    pub empty: bool,
}

/// What may stand before a colon.
pub const FILTERS: [&str; 10] = [
    "space", "author", "is", "has", "model", "app", "code", "symptom", "process", "build",
];

impl Asked {
    /// Reads `stop "blue screen" -dock model:"T14 Gen 3" is:solved`. Anything is a query; nothing is an error.
    pub fn read(typed: &str) -> Self {
        let cut = typed
            .char_indices()
            .nth(MAX_QUERY)
            .map_or(typed, |(at, _)| &typed[..at]);
        let mut asked = Self::default();
        let words = pieces(cut);
        let last = words.len().saturating_sub(1);
        let mut taken = 0;
        for (index, piece) in words.iter().enumerate() {
            if taken >= MAX_TERMS {
                break;
            }
            if let Some((key, value)) = &piece.filter {
                asked.filters.push((key, value.clone()));
                taken += 1;
                continue;
            }
            let tokens: Vec<String> = tokens(&piece.text)
                .into_iter()
                .map(|token| token.word)
                .collect();
            let Some(end) = tokens.last() else {
                continue;
            };
            let prefix = index == last && !piece.quoted && end.chars().count() >= PREFIX_FROM;
            let term = Term { prefix, tokens };
            match piece.not {
                true => asked.none.push(Term {
                    prefix: false,
                    ..term
                }),
                false => asked.all.push(term),
            }
            taken += 1;
        }
        asked.empty = asked.all.is_empty() && asked.filters.is_empty() && !cut.trim().is_empty();
        asked
    }
}

struct PieceOf {
    text: String,
    quoted: bool,
    not: bool,
    filter: Option<(&'static str, String)>,
}

/// Cuts at spaces outside of quotes. A quote that is never closed ends with the text.
fn pieces(text: &str) -> Vec<PieceOf> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let not = rest.len() > 1 && rest.starts_with('-');
        if not {
            rest = &rest[1..];
        }
        let key = FILTERS.iter().find(|key| {
            rest.get(..key.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(key))
                && rest[key.len()..].starts_with(':')
        });
        if let Some(key) = key {
            rest = &rest[key.len() + 1..];
        }
        let quoted = rest.starts_with('"');
        let (word, after) = match quoted {
            true => rest[1..].split_once('"').unwrap_or((&rest[1..], "")),
            false => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        match key {
            Some(key) if !word.trim().is_empty() && !not => found.push(PieceOf {
                text: String::new(),
                quoted,
                not,
                filter: Some((key, word.trim().to_owned())),
            }),
            _ => found.push(PieceOf {
                text: word.to_owned(),
                quoted,
                not,
                filter: None,
            }),
        }
        rest = after.trim_start();
    }
    found
}

/// A piece of a text, as a list of hits shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub text: String,
    pub hit: bool,
}

/// Characters around the first hit.
const SNIPPET: usize = 220;

/// The place of a text where the query is met, with the words that met it marked. Plain text, never HTML.
pub fn snippet(text: &str, asked: &Asked) -> Vec<Segment> {
    let found = tokens(text);
    let meets = |word: &str| {
        asked.all.iter().any(|term| {
            let last = term.tokens.len() - 1;
            term.tokens.iter().enumerate().any(|(index, token)| {
                word == token || (term.prefix && index == last && word.starts_with(token.as_str()))
            })
        })
    };
    let hits: Vec<&Token> = found.iter().filter(|token| meets(&token.word)).collect();
    let first = hits.first().map_or(0, |hit| hit.from);
    let start = back(text, first, SNIPPET / 3);
    let end = forth(text, start, SNIPPET);
    let mut segments = Vec::new();
    let mut push = |text: &str, hit: bool| {
        let text: String = text
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .collect();
        if !text.is_empty() {
            segments.push(Segment { text, hit });
        }
    };
    if start > 0 {
        push("… ", false);
    }
    let mut at = start;
    for hit in hits.iter().filter(|hit| hit.from >= start && hit.to <= end) {
        push(&text[at..hit.from], false);
        push(&text[hit.from..hit.to], true);
        at = hit.to;
    }
    push(&text[at..end], false);
    if end < text.len() {
        push(" …", false);
    }
    segments
}

/// At most `characters` back from `at`, to the beginning of a word.
fn back(text: &str, at: usize, characters: usize) -> usize {
    let Some((from, _)) = text[..at].char_indices().rev().nth(characters) else {
        return 0;
    };
    text[from..at]
        .char_indices()
        .find(|(_, c)| c.is_whitespace())
        .map_or(from, |(space, c)| from + space + c.len_utf8())
}

fn forth(text: &str, from: usize, characters: usize) -> usize {
    text[from..]
        .char_indices()
        .nth(characters)
        .map_or(text.len(), |(end, _)| from + end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.word).collect()
    }

    #[test]
    fn one_spelling_for_many() {
        for (text, expect) in [
            ("Müller-Straße", vec!["muller", "strasse"]),
            ("MU\u{308}LLER", vec!["muller"]),
            ("ﬁle Ⅳ ２４", vec!["file", "iv", "24"]),
            ("naïve Łódź Ærø", vec!["naive", "lodz", "aero"]),
            (
                "0x9F KERNEL_DATA_INPAGE",
                vec!["0x9f", "kernel", "data", "inpage"],
            ),
            (
                "画面 フリーズ",
                vec!["画", "面", "フ", "リ", "ー", "ス", "\u{3099}"],
            ),
            ("", vec![]),
            ("%_\\'\";--*()", vec![]),
            ("a\0b\u{202E}c", vec!["a", "b", "c"]),
        ] {
            let expect: Vec<String> = expect
                .into_iter()
                .filter(|word| *word != "\u{3099}")
                .map(String::from)
                .collect();
            assert_eq!(words(text), expect, "{text:?}");
        }
        let zalgo = format!("d{}ock", "\u{0301}".repeat(5_000));
        assert_eq!(words(&zalgo), ["dock"]);
    }

    #[test]
    fn anything_is_a_query() {
        let term = |tokens: &[&str], prefix| Term {
            tokens: tokens.iter().map(|word| (*word).to_owned()).collect(),
            prefix,
        };
        let asked = Asked::read("stop \"Blue Screen\" -dock model:\"T14 Gen 3\" is:solved rest");
        assert_eq!(
            asked.all,
            [
                term(&["stop"], false),
                term(&["blue", "screen"], false),
                term(&["rest"], true)
            ]
        );
        assert_eq!(asked.none, [term(&["dock"], false)]);
        assert_eq!(
            asked.filters,
            [
                ("model", "T14 Gen 3".to_owned()),
                ("is", "solved".to_owned())
            ]
        );
        for hostile in [
            "\"",
            "\"\"\"",
            "-",
            "--",
            "model:",
            "*",
            "a OR b",
            "NEAR(",
            "' OR 1=1 --",
            "title:x",
            "\0",
            "(((",
            "^",
            "é\"",
            "-\"",
        ] {
            let asked = Asked::read(hostile);
            assert!(asked.all.len() <= MAX_TERMS, "{hostile}");
            for term in asked.all.iter().chain(&asked.none) {
                assert!(!term.tokens.is_empty());
                assert!(
                    term.tokens
                        .iter()
                        .all(|token| token.chars().all(char::is_alphanumeric)),
                    "{hostile}"
                );
            }
        }
        assert!(Asked::read("*** ???").empty);
        assert!(!Asked::read("   ").empty && Asked::read("   ").all.is_empty());
        assert!(Asked::read(&"word ".repeat(10_000)).all.len() <= MAX_TERMS);
    }

    #[test]
    fn a_snippet_shows_the_place() {
        let text = format!(
            "{} the Dock restarts\nmy laptop {}",
            "word ".repeat(60),
            "tail ".repeat(60)
        );
        let shown = snippet(&text, &Asked::read("restart"));
        let hits: Vec<_> = shown
            .iter()
            .filter(|segment| segment.hit)
            .map(|segment| segment.text.as_str())
            .collect();
        assert_eq!(hits, ["restarts"]);
        let whole: String = shown.iter().map(|segment| segment.text.as_str()).collect();
        assert!(
            whole.starts_with("… ") && whole.ends_with(" …") && whole.chars().count() < 260,
            "{whole}"
        );
        assert_eq!(snippet("", &Asked::read("x")), []);
        let odd = snippet("ü💻é", &Asked::read("zzz"));
        assert_eq!(
            odd,
            [Segment {
                text: "ü💻é".to_owned(),
                hit: false
            }]
        );
    }
}
