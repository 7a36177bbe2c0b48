//! A post's words as a platform with Markdown gets them: who speaks, then the words, calling nobody, not too long.
//!
//! **Invariant: what comes out names its speaker on a line of its own, calls nobody, carries the key's mark, and has at
//! most the allowed number of characters.** Platforms with a markup of their own (Slack, Teams) take the pieces.

use std::fmt::Write as _;

use super::{Outgoing, length, mark, mentions};
use crate::threads::files;

/// A name in a line of text. Longer ones are cut: some people's names hold a line of it.
const MAX_NAME: usize = 80;

/// The whole text for platforms that read Markdown, in at most `most` characters.
pub fn markdown(words: &Outgoing, most: usize) -> String {
    let name = escaped(&speaker(&words.author));
    let link = mark::link(&words.link, &words.key);
    let head = match link.is_empty() {
        true => format!("**{name}**"),
        false => format!("**{name}** · [Weft]({link})"),
    };
    let said = mentions::defuse(&reachable(words));
    let whole = format!("{head}\n\n{said}");
    length::cut(&whole, most, &link)
}

/// The speaker's name: one line that calls nobody.
pub fn speaker(author: &str) -> String {
    let visible: String = author
        .chars()
        .map(|c| {
            if c.is_control() || c.is_whitespace() {
                ' '
            } else {
                c
            }
        })
        .take(4 * MAX_NAME)
        .collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(MAX_NAME).collect();
    match short.is_empty() {
        true => "Somebody".to_owned(),
        false => mentions::defuse_plain(&short),
    }
}

/// The words with what only Weft can open (files) leading to the thread instead.
pub fn reachable(words: &Outgoing) -> String {
    let mut out = String::with_capacity(words.markdown.len());
    let mut rest = words.markdown.as_str();
    while let Some(at) = rest.find(files::SCHEME) {
        let behind = &rest[at + files::SCHEME.len()..];
        let id = behind
            .get(..36)
            .filter(|id| id.parse::<uuid::Uuid>().is_ok());
        out.push_str(&rest[..at]);
        match id {
            Some(id) => {
                out.push_str(&words.link);
                rest = &behind[id.len()..];
            }
            None => {
                out.push_str(files::SCHEME);
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Text that Markdown shows as it is.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            // What begins something in Markdown; a sign that only ends it needs nothing.
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '<' | '>' | '|' | '#' | '&' => {
                let _ = write!(out, "\\{c}");
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(author: &str, markdown: &str) -> Outgoing {
        Outgoing {
            key: "post:1".to_owned(),
            title: "t".to_owned(),
            author: author.to_owned(),
            markdown: markdown.to_owned(),
            link: "https://weft.example/threads/1".to_owned(),
            ..Outgoing::default()
        }
    }

    #[test]
    fn the_speaker_stands_above_the_words() {
        let text = markdown(&words("Ana Ruiz", "It restarts, @here"), 1_000);
        let mark = mark::of("post:1");
        assert_eq!(
            text,
            format!(
                "**Ana Ruiz** · [Weft](https://weft.example/threads/1?via={mark})\n\nIt restarts, @\u{2060}here"
            )
        );
    }

    #[test]
    fn a_hostile_name_stays_a_name() {
        for (name, expect) in [
            ("Ana\r\nX-Header: 1", "**Ana X-Header: 1**"),
            (
                "**x** [a](javascript:b)",
                "**\\*\\*x\\*\\* \\[a\\](javascript:b)**",
            ),
            ("@here", "**@\u{2060}here**"),
            (" \u{7} ", "**Somebody**"),
        ] {
            let text = markdown(&words(name, "x"), 1_000);
            let head = text.lines().next().unwrap_or_default();
            assert!(head.starts_with(expect), "{head}");
            assert_eq!(text.lines().count(), 3);
        }
    }

    #[test]
    fn files_lead_to_the_thread() {
        let id = "0198c3a4-0000-7000-8000-000000000001";
        let text = reachable(&words("a", &format!("[log](attachment:{id}) attachment:x")));
        assert_eq!(text, "[log](https://weft.example/threads/1) attachment:x");
    }

    proptest! {
        #[test]
        fn always_within_its_room(author in "(?s).{0,120}", said in "(?s).{0,400}", most in 200_usize..400) {
            let text = markdown(&words(&author, &said), most);
            prop_assert!(text.chars().count() <= most);
            prop_assert!(mark::is_in(&text, "post:1"));
        }
    }
}
