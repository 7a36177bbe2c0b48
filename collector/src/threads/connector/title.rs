//! A title for talk that has none: in a chat, a thread is a message that somebody answered.
//!
//! **Invariant: never empty, one line, no markup.**

use pulldown_cmark::{Event, Options, Parser, TagEnd};

use crate::threads::source;

/// A line of the list of threads, on a phone.
const MAX: usize = 80;
/// Nobody's first line is longer; the rest of a long text need not be read for its title.
const LOOKED_AT: usize = 2_000;

/// The first line of the words, without markup; a text without words is named after its author.
pub fn of(markdown: &str, author: &str) -> String {
    let start: String = markdown.chars().take(LOOKED_AT).collect();
    let line = first_line(&start);
    let named = [line.as_str(), author]
        .into_iter()
        .find_map(|words| source::title(&short(words)).ok());
    named.unwrap_or_else(|| "A message".to_owned())
}

fn first_line(markdown: &str) -> String {
    let mut line = String::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) | Event::Code(text) => line.push_str(&text),
            Event::Html(text) | Event::InlineHtml(text) => line.push_str(&text),
            Event::SoftBreak | Event::HardBreak => line.push('\n'),
            Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::CodeBlock,
            ) => line.push('\n'),
            _ => {}
        }
        if line.contains('\n') && !line.trim().is_empty() {
            break;
        }
    }
    let first = line.trim_start().lines().next();
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
        for (words, expect) in [
            ("**My laptop** restarts\nsince Monday", "My laptop restarts"),
            ("\n\n# Help!\nx", "Help!"),
            ("[a link](https://a.example) here", "a link here"),
            ("`code` only", "code only"),
            ("", "Ana"),
            ("\u{200b}", "Ana"),
            (
                long.as_str(),
                "word word word word word word word word word word word word word word word…",
            ),
        ] {
            assert_eq!(of(words, "Ana"), expect, "{words}");
        }
        assert_eq!(of("", ""), "A message");
    }

    proptest! {
        #[test]
        fn a_title_fits(words in "(?s).{0,300}") {
            let title = of(&words, "Ana");
            prop_assert!(source::title(&title).as_deref() == Ok(title.as_str()), "{title:?}");
            prop_assert!(title.chars().count() <= MAX);
        }
    }
}
