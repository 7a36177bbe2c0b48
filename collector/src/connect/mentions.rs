//! Words that call nobody: what a person said here must not ring everybody's phone over there.
//!
//! **Invariant: no `@` that a platform could read as a call reaches it.** An invisible joiner (U+2060) goes behind each,
//! which readers do not see and [`source`](crate::threads::source) takes out again when the words come back. Addresses
//! (`ana@example.org`) stay as they are; in code only the words that call many are changed, so that a command can be
//! copied; in a URL the sign is written `%40`, which means the same. The other sign that calls, Slack's `<!channel>`, is broken
//! in the same way. This goes before any platform's own escaping and does not replace it.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// U+2060 WORD JOINER: no width, no line break.
pub const JOINER: char = '\u{2060}';
/// Words that call many on one of the platforms: Discourse `@here`, Mattermost `@all @channel @here`, Slack `@everyone
/// @channel @here`, Zulip `@**all**` and the like (which begin with a star), Teams `@team @channel`, Matrix `@room`.
pub const MANY: [&str; 10] = [
    "all",
    "channel",
    "everyone",
    "group",
    "here",
    "room",
    "stream",
    "team",
    "topic",
    "everybody",
];
/// Ways to write the sign that Markdown reads as the sign.
const ENTITIES: [&str; 2] = ["&commat;", "&#"];

/// The same Markdown, calling nobody.
pub fn defuse(markdown: &str) -> String {
    let code = code_spans(markdown);
    let mut out = String::with_capacity(markdown.len() + 16);
    let mut spans = code.iter().peekable();
    let (mut before, mut url_end, mut at) = (' ', 0, 0);
    while let Some(c) = markdown[at..].chars().next() {
        while spans.next_if(|span| span.end <= at).is_some() {}
        let in_code = spans.peek().is_some_and(|span| span.start <= at);
        let rest = &markdown[at..];
        if at >= url_end && !before.is_alphanumeric() && begins_url(rest) {
            url_end = at + url_length(rest);
        }
        let sign = sign(rest);
        let length = sign.unwrap_or(c.len_utf8());
        match sign {
            Some(_) if calls(before, &rest[length..], in_code) => match at < url_end {
                true => out.push_str("%40"),
                false => {
                    out.push(if is_sign(c) { c } else { '@' });
                    out.push(JOINER);
                }
            },
            _ => out.push_str(&rest[..length]),
        }
        if c == '!' && before == '<' && !rest[1..].starts_with(JOINER) {
            out.push(JOINER);
        }
        before = rest[..length].chars().next_back().unwrap_or(' ');
        at += length;
    }
    out
}

/// The same for plain text, which knows neither code nor entities, and behind which anything may stand.
pub fn defuse_plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        out.push(c);
        let behind = &text[at + c.len_utf8()..];
        let calls = behind.is_empty() || calls(before, behind, false);
        if is_sign(c) && calls && !before.is_alphanumeric() {
            out.push(JOINER);
        }
        before = c;
    }
    out
}

/// The sign and its full-width and small sisters, which some platforms read alike.
fn is_sign(c: char) -> bool {
    matches!(c, '@' | '\u{FF20}' | '\u{FE6B}')
}

/// The length of an at sign that stands here, spelled in whatever way.
fn sign(rest: &str) -> Option<usize> {
    if let Some(c) = rest.chars().next().filter(|c| is_sign(*c)) {
        return Some(c.len_utf8());
    }
    if !ENTITIES.iter().any(|entity| rest.starts_with(entity)) {
        return None;
    }
    if rest.starts_with(ENTITIES[0]) {
        return Some(ENTITIES[0].len());
    }
    let end = rest.find(';').filter(|end| *end <= 10)?;
    let number = &rest[2..end];
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => number.parse(),
    };
    (code == Ok(u32::from('@'))).then_some(end + 1)
}

fn calls(before: char, behind: &str, in_code: bool) -> bool {
    // The middle of an address.
    if before.is_alphanumeric() {
        return false;
    }
    let Some(next) = behind.chars().next().filter(|c| !c.is_whitespace()) else {
        return false;
    };
    match in_code {
        false => next != JOINER,
        true => {
            let word: String = behind
                .chars()
                .take_while(|c| c.is_alphanumeric())
                .take(16)
                .collect();
            next == '*' || next == '_' || MANY.contains(&word.to_lowercase().as_str())
        }
    }
}

fn begins_url(rest: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        rest.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

fn url_length(rest: &str) -> usize {
    rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | ')' | ']'))
        .unwrap_or(rest.len())
}

/// Where the text is code.
fn code_spans(markdown: &str) -> Vec<std::ops::Range<usize>> {
    let mut spans = Vec::new();
    let mut in_block = false;
    for (event, range) in Parser::new_ext(markdown, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_block = true,
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Code(_) => spans.push(range),
            Event::Text(_) if in_block => spans.push(range),
            _ => {}
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// The words with the joiner shown.
    fn shown(markdown: &str) -> String {
        defuse(markdown).replace(JOINER, "·")
    }

    #[test]
    fn calls_are_ended_and_addresses_are_not() {
        for (typed, expect) in [
            ("@here look", "@·here look"),
            ("hi @ana, @all!", "hi @·ana, @·all!"),
            ("**@channel**", "**@·channel**"),
            (
                "@**all** @_**ana|12** @*group*",
                "@·**all** @·_**ana|12** @·*group*",
            ),
            ("ana@example.org", "ana@example.org"),
            ("a @ b", "a @ b"),
            ("<!channel> <! x", "<!·channel> <!· x"),
            ("\u{ff20}here", "\u{ff20}·here"),
            (
                "\\@here &#64;here &#x40;here &commat;here",
                "\\@·here @·here @·here @·here",
            ),
            ("@&#104;ere", "@·&#104;ere"),
            ("e\u{301}@here", "e\u{301}@·here"),
            (
                "`npm i @scope/x` `@here` `@**all**`",
                "`npm i @scope/x` `@·here` `@·**all**`",
            ),
            (
                "```\n@decorator\n@channel\n```",
                "```\n@decorator\n@·channel\n```",
            ),
            (
                "https://a.example/@ana/x @ana",
                "https://a.example/%40ana/x @·ana",
            ),
            (
                "[x](https://a.example/@here) @here",
                "[x](https://a.example/%40here) @·here",
            ),
            ("https://ana@a.example/", "https://ana@a.example/"),
            ("&#65;here &copy; &", "&#65;here &copy; &"),
            // Code shows what was typed, if all agree where it begins.
            ("`&#64;ana &#64;here`", "`&#64;ana @·here`"),
        ] {
            assert_eq!(shown(typed), expect, "{typed}");
        }
    }

    #[test]
    fn whatever_stands_behind_plain_text_makes_no_call_of_it() {
        assert_eq!(defuse_plain("Ana @"), "Ana @\u{2060}");
        assert_eq!(defuse_plain("ana@example.org"), "ana@example.org");
    }

    #[test]
    fn what_is_defused_comes_back_clean() {
        let back = crate::threads::source::markdown(&defuse("@here and @ana")).unwrap();
        assert_eq!(back, "@here and @ana");
    }

    /// What a platform sees after reading Markdown: runs of text joined, as Mattermost and Discourse join them.
    fn read(markdown: &str) -> String {
        let mut seen = String::new();
        for event in Parser::new(markdown) {
            match event {
                Event::Text(text)
                | Event::Code(text)
                | Event::Html(text)
                | Event::InlineHtml(text) => seen.push_str(&text),
                _ => seen.push('\n'),
            }
        }
        seen
    }

    fn rings(text: &str) -> bool {
        let lower = text.to_lowercase();
        lower.match_indices('@').any(|(at, _)| {
            let before = lower[..at].chars().next_back().unwrap_or(' ');
            let behind = &lower[at + 1..];
            let word: String = behind.chars().take_while(|c| c.is_alphanumeric()).collect();
            !before.is_alphanumeric() && (behind.starts_with("**") || MANY.contains(&word.as_str()))
        })
    }

    proptest! {
        #[test]
        fn nobody_is_called_and_nothing_is_lost(words in prop::collection::vec(
            prop_oneof![
                Just("@"), Just("here"), Just("all"), Just("channel"), Just("everyone"), Just("**"), Just("*"), Just("_"), Just(" "),
                Just("\n"), Just("`"), Just("```\n"), Just("&#64;"), Just("&#x40;"), Just("&commat;"), Just("\\"), Just("<"), Just(">"), Just("!"),
                Just("https://a.example/"), Just("("), Just(")"), Just("["), Just("]"), Just("é"), Just("."), Just("    "), Just("&#104;ere"),
            ], 0..24)) {
            let typed = words.concat();
            let sent = defuse(&typed);
            prop_assert!(!rings(&sent), "{typed:?} became {sent:?}");
            prop_assert!(!rings(&read(&sent)), "{typed:?} became {sent:?}");
            let plain = |text: &str| text.replace(JOINER, "").replace("%40", "@").replace("&#64;", "@").replace("&#x40;", "@").replace("&commat;", "@");
            prop_assert_eq!(plain(&sent), plain(&typed));
        }

        #[test]
        fn any_text_is_taken(typed in "(?s).{0,200}") {
            let sent = defuse(&typed);
            prop_assert!(!rings(&sent));
            prop_assert!(!rings(&defuse_plain(&typed)));
            prop_assert_eq!(defuse(&sent), sent);
        }
    }
}
