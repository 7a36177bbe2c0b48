//! A post's words as a platform with Markdown gets them: who speaks, then the words, not too long.
//!
//! **Invariant: what comes out names its speaker on a line of its own, carries the key's mark, and has at most the allowed
//! number of characters.** Platforms with a markup of their own (Slack, Teams) take the pieces. That words and names call
//! nobody was seen to before (see [`Outgoing`]).

use std::fmt::Write as _;

use super::{Outgoing, length, mark};

/// The whole text for platforms that read Markdown, in at most `most` characters.
pub fn markdown(words: &Outgoing, most: usize) -> String {
    let name = escaped(&words.author);
    let link = mark::link(&words.link, &words.key);
    let head = match link.is_empty() {
        true => format!("**{name}**"),
        false => format!("**{name}** · [Weft]({link})"),
    };
    let whole = format!("{head}\n\n{}", words.markdown);
    length::cut(&whole, most, &link)
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
        for (author, name) in [
            ("Ana Ruiz", "Ana Ruiz"),
            (
                "**x** [a](javascript:b)",
                "\\*\\*x\\*\\* \\[a\\](javascript:b)",
            ),
        ] {
            let mark = mark::of("post:1");
            assert_eq!(
                markdown(&words(author, "It restarts"), 1_000),
                format!(
                    "**{name}** · [Weft](https://weft.example/threads/1?via={mark})\n\nIt restarts"
                )
            );
        }
    }

    proptest! {
        #[test]
        fn always_within_its_room(author in ".{0,80}", said in "(?s).{0,400}", most in 200_usize..400) {
            let text = markdown(&words(&author, &said), most);
            prop_assert!(text.chars().count() <= most);
            prop_assert!(mark::is_in(&text, "post:1"));
        }
    }
}
