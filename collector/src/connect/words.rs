//! Words on their way out, made harmless: nobody over there is called, every address is whole, names are one line.
//!
//! **Invariant: what leaves calls nobody.** An `@` that could call somebody is followed by a word joiner (U+2060), which no
//! eye sees and no platform reads past; inside code, which people copy, only the words that call a whole room are broken.
//! This goes before any platform's own escaping and does not replace it.

use sha2::{Digest as _, Sha256};

use crate::threads::{files, render};

/// Breaks a mention without being seen. What people write cannot hold it (`threads::source` takes it out).
const WORD_JOINER: char = '\u{2060}';
/// Words behind an `@` that call everybody, on whatever platform.
const CALLS_ALL: [&str; 8] = [
    "everyone", "channel", "here", "all", "room", "topic", "stream", "group",
];
/// Characters of a name: more is no name.
const MAX_NAME: usize = 80;

/// Markdown for elsewhere. `base` is where the console is reached.
pub fn markdown(source: &str, base: &str) -> String {
    let mut out = String::with_capacity(source.len() + 64);
    let mut fence: Option<&str> = None;
    for (number, line) in source.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let marker = ["```", "~~~"]
            .into_iter()
            .find(|marker| line.trim_start().starts_with(marker));
        match (fence, marker) {
            (None, Some(marker)) => {
                fence = Some(marker);
                out.push_str(&quiet_code(line));
            }
            (Some(open), Some(marker)) if open == marker => {
                fence = None;
                out.push_str(&quiet_code(line));
            }
            (Some(_), _) => out.push_str(&quiet_code(line)),
            (None, None) => outside_fences(line, base, &mut out),
        }
    }
    out
}

/// The sanitised HTML of the same words.
pub fn html(markdown: &str, base: &str) -> String {
    let rendered = render::html(markdown, &|_| false);
    // The sanitiser writes attributes in this one form; in text a quote is harmless either way.
    rendered
        .replace("href=\"/", &format!("href=\"{base}/"))
        .replace("src=\"/", &format!("src=\"{base}/"))
}

/// One line of text: a title.
pub fn line(text: &str) -> String {
    let one: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    quiet(&one)
}

/// A person's name.
pub fn name(name: &str) -> String {
    let one = line(name);
    let cut: String = one.trim().chars().take(MAX_NAME).collect();
    match cut.is_empty() {
        true => "somebody".to_owned(),
        false => cut,
    }
}

/// Who said what, whatever marks it is written with: equal for words that came back by another way.
pub fn hash(author: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    for c in author.chars().chain(text.chars()) {
        if c.is_alphanumeric() {
            let mut bytes = [0; 4];
            hash.update(c.encode_utf8(&mut bytes));
        }
    }
    hex::encode(&hash.finalize()[..16])
}

/// Exactly what was said.
pub fn exact(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}

/// A line outside fences: code spans are left to be copied, the rest is defused and led to whole addresses.
fn outside_fences(line: &str, base: &str, out: &mut String) {
    for (index, part) in line.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        match index % 2 {
            1 => out.push_str(&quiet_code(part)),
            _ => out.push_str(&quiet(&whole(part, base))),
        }
    }
}

/// Addresses inside this house begin with its name; files are read there.
fn whole(text: &str, base: &str) -> String {
    text.replace("](/", &format!("]({base}/")).replace(
        &format!("]({}", files::SCHEME),
        &format!("]({base}/api/v1/attachments/"),
    )
}

/// No `@` calls anybody; an address (`https://…/@name`, `name@host`) stays as it is.
fn quiet(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut in_address = false;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            _ if c.is_whitespace() || matches!(c, '<' | '>' | '"' | '(' | ')' | '[' | ']') => {
                in_address = false;
            }
            'h' if !before.is_alphanumeric()
                && (text[at..].starts_with("https://") || text[at..].starts_with("http://")) =>
            {
                in_address = true;
            }
            _ => {}
        }
        out.push(c);
        if is_at(c) && !in_address && !before.is_alphanumeric() {
            out.push(WORD_JOINER);
        }
        // Slack's form of a call, should somebody type it.
        if c == '!' && before == '<' {
            out.push(WORD_JOINER);
        }
        before = c;
    }
    out
}

/// Inside code only calls of a whole room are broken.
fn quiet_code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push(c);
        let behind = &text[at + c.len_utf8()..];
        let calls = |word: &str| {
            behind
                .get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if (is_at(c) || c == '!') && CALLS_ALL.iter().any(|word| calls(word)) {
            out.push(WORD_JOINER);
        }
    }
    out
}

/// The sign and its full-width and small sisters, which some platforms read alike.
fn is_at(c: char) -> bool {
    matches!(c, '@' | '\u{FF20}' | '\u{FE6B}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const BASE: &str = "https://weft.example";

    #[test]
    fn nobody_is_called_and_addresses_are_whole() {
        for (source, sent) in [
            ("hi @everyone", "hi @\u{2060}everyone"),
            (
                "(@ana) and \u{FF20}all",
                "(@\u{2060}ana) and \u{FF20}\u{2060}all",
            ),
            ("ana@example.org", "ana@example.org"),
            (
                "https://social.example/@ana @ana",
                "https://social.example/@ana @\u{2060}ana",
            ),
            (
                "`npm i @scope/x @channel`",
                "`npm i @scope/x @\u{2060}channel`",
            ),
            (
                "```\n@room @x\n```\n@x",
                "```\n@\u{2060}room @x\n```\n@\u{2060}x",
            ),
            (
                "[it](/anomalies/7)",
                "[it](https://weft.example/anomalies/7)",
            ),
            (
                "[log](attachment:0198)",
                "[log](https://weft.example/api/v1/attachments/0198)",
            ),
            ("<!channel>", "<!\u{2060}channel>"),
        ] {
            assert_eq!(markdown(source, BASE), sent, "{source}");
        }
        assert_eq!(name(" @here\r\nX-Evil: 1 "), "@\u{2060}here  X-Evil: 1");
        assert_eq!(name("\u{7}"), "somebody");
    }

    #[test]
    fn html_leads_to_whole_addresses() {
        let html = html("[it](/anomalies/7) <script>alert(1)</script>", BASE);
        assert!(
            html.contains("href=\"https://weft.example/anomalies/7\""),
            "{html}"
        );
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn the_same_words_have_the_same_hash_by_whatever_way() {
        assert_eq!(
            hash("Ana", "It **restarts**, @\u{2060}ben."),
            hash("", "**Ana**: It restarts @ben")
        );
        assert_ne!(hash("Ana", "yes"), hash("Ben", "yes"));
    }

    proptest! {
        #[test]
        fn no_words_that_people_can_type_call_a_room(text in "([@!<`~a-z \n]|@everyone|@here|@channel|<!here>|```){0,40}") {
            let sent = markdown(&text, BASE).to_lowercase();
            for word in CALLS_ALL {
                let at_word = format!("@{word}");
                // An address may hold it: nothing reads it as a call there.
                prop_assert!(!sent.contains(&at_word) || sent.contains("://") || is_mail(&sent, &at_word), "{sent:?}");
            }
            prop_assert_eq!(sent.replace(WORD_JOINER, ""), text.to_lowercase());
        }
    }

    /// `x@here` is an address of mail, and no platform calls a room by it.
    fn is_mail(sent: &str, word: &str) -> bool {
        sent.match_indices(word).all(|(at, _)| {
            sent[..at]
                .chars()
                .next_back()
                .is_some_and(char::is_alphanumeric)
        })
    }
}
