//! What a thread from elsewhere is called here: in a chat, a thread is a message that somebody answered, and has no title.
//!
//! **Invariant: never empty, one line, no markup.**

use pulldown_cmark::{Event, Options, Parser, TagEnd};

use crate::threads::source;

/// A line of the list of threads, on a phone.
const MAX: usize = 80;
/// Nobody's first line is longer; the rest of a long text need not be read for its title.
const LOOKED_AT: usize = 2_000;

/// The title it came with, or else its first line that has words, without markup.
pub fn of(given: &str, markdown: &str) -> String {
    let start: String = markdown.chars().take(LOOKED_AT).collect();
    let named = [given.trim().to_owned(), first_line(&start)]
        .into_iter()
        .filter(|words| !words.is_empty())
        .find_map(|words| source::title(&short(&words)).ok());
    named.unwrap_or_else(|| "(no title)".to_owned())
}

fn first_line(markdown: &str) -> String {
    let mut text = String::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(words)
            | Event::Code(words)
            | Event::Html(words)
            | Event::InlineHtml(words) => text.push_str(&words),
            Event::SoftBreak | Event::HardBreak => text.push('\n'),
            Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::CodeBlock,
            ) => text.push('\n'),
            _ => {}
        }
    }
    let mut lines = text.lines();
    let first = lines.find(|line| line.chars().any(char::is_alphanumeric));
    first.unwrap_or_default().trim().to_owned()
}

/// Cut at a word's end, if there is one near.
fn short(line: &str) -> String {
    if line.chars().count() <= MAX {
        return line.to_owned();
    }
    let kept: String = line.chars().take(MAX - 1).collect();
    let kept = match kept.rfind(' ') {
        Some(word) if word > kept.len() / 2 => &kept[..word],
        _ => &kept,
    };
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_line_names_the_talk() {
        let long = "word ".repeat(60);
        for (given, words, expect) in [
            ("Printer", "x", "Printer"),
            ("  ", "> quote\n", "quote"),
            (
                "",
                "**My laptop** restarts\nsince Monday",
                "My laptop restarts",
            ),
            ("", "\n\n# Help!\nx", "Help!"),
            ("", "[a link](https://a.example) here", "a link here"),
            ("", "```\n---\nlog line", "log line"),
            ("", "!!!", "(no title)"),
            ("", "", "(no title)"),
            ("", "\u{200b}", "(no title)"),
            (
                "",
                long.as_str(),
                "word word word word word word word word word word word word word word word…",
            ),
        ] {
            assert_eq!(of(given, words), expect, "{words}");
        }
    }

    proptest! {
        #[test]
        fn a_title_fits(words in "(?s).{0,300}") {
            let title = of("", &words);
            prop_assert!(source::title(&title).as_deref() == Ok(title.as_str()), "{title:?}");
            prop_assert!(title.chars().count() <= MAX);
        }
    }
}
