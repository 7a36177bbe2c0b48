//! A Teams message's HTML as Markdown.
//!
//! **Invariant: linear in its input, nothing nested deeper than [`MAX_DEPTH`], and every word is kept as text.** A message
//! holds few elements; whatever is not known here is left out, its words are not. This is no HTML parser: what it makes
//! goes through the sanitiser like everything else.

use crate::threads::connector::spoken;

/// Lists and quotes within each other: deeper ones are shown at this depth.
const MAX_DEPTH: usize = 4;
/// Bytes between `<` and `>`: the longest address that a person pastes.
const MAX_TAG: usize = 4_096;

/// The words; the name of the webhook that was called in front of them is left out.
pub fn to_markdown(html: &str) -> String {
    let mut out = Out::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.words(&rest[..at]);
        rest = &rest[at..];
        match tag(rest) {
            Some((tag, length)) => {
                out.tag(&tag);
                rest = &rest[length..];
            }
            None => {
                out.words("<");
                rest = &rest[1..];
            }
        }
    }
    out.words(rest);
    out.finish()
}

struct Tag<'a> {
    name: String,
    closes: bool,
    attributes: &'a str,
}

impl Tag<'_> {
    fn attribute(&self, name: &str) -> Option<String> {
        let at = self.attributes.find(&format!("{name}="))?;
        let value = &self.attributes[at + name.len() + 1..];
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let inside = match quote {
            Some(quote) => value[1..].split(quote).next()?,
            None => value.split_whitespace().next()?,
        };
        Some(decoded(inside))
    }
}

/// The tag at the start of `rest`, and its length. `None`: a `<` that is text.
fn tag(rest: &str) -> Option<(Tag<'_>, usize)> {
    let body = rest.strip_prefix('<')?;
    if let Some(comment) = body.strip_prefix("!--") {
        let end = comment.find("-->").map_or(rest.len(), |end| end + 7);
        let nothing = Tag {
            name: String::new(),
            closes: false,
            attributes: "",
        };
        return Some((nothing, end));
    }
    let near = body
        .char_indices()
        .take_while(|(at, _)| *at < MAX_TAG)
        .find(|(_, c)| *c == '>')?
        .0;
    let inside = &body[..near];
    let (closes, inside) = match inside.strip_prefix('/') {
        Some(inside) => (true, inside),
        None => (false, inside.trim_end_matches('/')),
    };
    let end = inside
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(inside.len());
    let name = inside[..end].to_ascii_lowercase();
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    begins.then(|| {
        (
            Tag {
                name,
                closes,
                attributes: &inside[end..],
            },
            near + 2,
        )
    })
}

#[derive(Default)]
struct Out {
    text: String,
    quotes: usize,
    /// Open lists: the next number, or none.
    lists: Vec<Option<u64>>,
    pre: usize,
    /// The open link: where it leads, and where its words begin.
    link: Option<(String, usize)>,
    /// Within a mention: whether anything stood before it.
    mention: Option<usize>,
    /// Elements whose words are no words.
    hidden: usize,
}

impl Out {
    fn words(&mut self, html: &str) {
        if html.is_empty() || self.hidden > 0 {
            return;
        }
        let text = decoded(html);
        if self.pre > 0 {
            self.text.push_str(&text.replace("```", "` ` `"));
            return;
        }
        let spaced = text.starts_with(char::is_whitespace);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if spaced {
            self.space();
        }
        self.text.push_str(&spoken::escaped(&line));
        if text.ends_with(char::is_whitespace) && !line.is_empty() {
            self.space();
        }
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        match (tag.name.as_str(), tag.closes) {
            ("script" | "style", closes) => self.hide(closes),
            ("p" | "div" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "tr", false) => self.block(),
            ("br", _) if self.pre > 0 => self.text.push('\n'),
            ("br", _) => self.line(),
            ("b" | "strong", _) if self.pre == 0 => self.text.push_str("**"),
            ("i" | "em", _) if self.pre == 0 => self.text.push('_'),
            ("s" | "strike" | "del", _) if self.pre == 0 => self.text.push_str("~~"),
            ("pre" | "codeblock", false) => {
                self.block();
                if self.pre == 0 {
                    self.text.push_str("```\n");
                }
                self.pre += 1;
            }
            ("pre" | "codeblock", true) if self.pre > 0 => {
                self.pre -= 1;
                if self.pre == 0 {
                    self.text.push_str("\n```\n");
                }
            }
            ("blockquote", false) => {
                self.quotes += 1;
                self.block();
            }
            ("blockquote", true) => {
                self.quotes = self.quotes.saturating_sub(1);
                self.block();
            }
            ("ul", false) => self.lists.push(None),
            ("ol", false) => self.lists.push(Some(1)),
            ("ul" | "ol", true) => {
                self.lists.pop();
                self.block();
            }
            ("li", false) => self.item(),
            ("td" | "th", false) => self.space(),
            // A link holds no other; one within is words.
            ("a", false) if self.link.is_none() => {
                self.link = link(tag).map(|to| (to, self.text.len()));
            }
            ("a", true) => self.close_link(),
            ("img", _) => {
                if let Some(alt) = tag.attribute("alt") {
                    self.text.push_str(&spoken::escaped(&alt));
                }
            }
            ("at", false) => self.mention = Some(self.text.len()),
            ("at", true) => self.close_mention(),
            _ => {}
        }
    }

    fn hide(&mut self, closes: bool) {
        self.hidden = match closes {
            true => self.hidden.saturating_sub(1),
            false => self.hidden + 1,
        };
    }

    fn item(&mut self) {
        self.line();
        let depth = self.lists.len().clamp(1, MAX_DEPTH);
        self.text.push_str(&"    ".repeat(depth - 1));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                self.text.push_str(&mark);
            }
            _ => self.text.push_str("- "),
        }
    }

    fn close_link(&mut self) {
        let Some((to, from)) = self.link.take() else {
            return;
        };
        let from = from.min(self.text.len());
        let words = self.text[from..].trim().to_owned();
        self.text.truncate(from);
        match words.is_empty() || words == spoken::escaped(&to) {
            true => self.text.push_str(&format!("<{to}>")),
            false => self.text.push_str(&format!("[{words}]({to})")),
        }
    }

    /// The webhook's own name at the start is how it was called; others are people.
    fn close_mention(&mut self) {
        let Some(from) = self.mention.take() else {
            return;
        };
        let from = from.min(self.text.len());
        let name = self.text[from..].trim().to_owned();
        self.text.truncate(from);
        if !self.text.trim().is_empty() {
            self.text.push_str(&format!("@{name}"));
        }
    }

    fn prefix(&self) -> String {
        "> ".repeat(self.quotes.min(MAX_DEPTH))
    }

    fn line(&mut self) {
        if !self.text.is_empty() {
            let line = format!("\n{}", self.prefix());
            self.text.push_str(&line);
        }
    }

    fn block(&mut self) {
        let prefix = self.prefix();
        if self.text.is_empty() {
            self.text.push_str(&prefix);
        } else if !self.text.ends_with("\n\n") && !self.text.ends_with("- ") {
            self.text.push_str(&format!("\n\n{prefix}"));
        }
    }

    fn finish(mut self) -> String {
        if self.pre > 0 {
            self.text.push_str("\n```");
        }
        self.text.trim().to_owned()
    }
}

fn link(tag: &Tag<'_>) -> Option<String> {
    let to = tag.attribute("href")?;
    let lower = to.to_ascii_lowercase();
    let web = lower.starts_with("https://") || lower.starts_with("http://");
    let clean = !to
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'));
    (web && clean).then(|| to.replace('(', "%28").replace(')', "%29"))
}

/// Text without its character references: those that a message holds.
fn decoded(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.char_indices().take(12).find(|(_, c)| *c == ';');
        let known = end.and_then(|(end, _)| Some((reference(&rest[1..end])?, end + 1)));
        match known {
            Some((c, length)) => {
                out.push(c);
                rest = &rest[length..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    let number = |digits: &str, base| {
        u32::from_str_radix(digits, base)
            .ok()
            .and_then(char::from_u32)
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let digits = name.strip_prefix('#')?;
            match digits.strip_prefix(['x', 'X']) {
                Some(digits) => number(digits, 16),
                None => number(digits, 10),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_becomes_markdown() {
        for (html, expect) in [
            ("<at>Weft</at> my laptop restarts", "my laptop restarts"),
            ("<at>Weft</at>&nbsp;ask <at>Ana</at> too", "ask @Ana too"),
            ("<div>one</div><div>two<br>three</div>", "one\n\ntwo\nthree"),
            (
                "<p><b>bold</b> <i>it</i> <s>no</s></p>",
                "**bold** _it_ ~~no~~",
            ),
            (
                "<a href=\"https://a.example/?a=1&amp;b=2\">log</a>",
                "[log](https://a.example/?a=1&b=2)",
            ),
            (
                "<a href=\"https://a.example/\">https://a.example/</a>",
                "<https://a.example/>",
            ),
            ("<a href=\"javascript:x\">y</a>", "y"),
            (
                "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>",
                "- a\n- b\n    1. c",
            ),
            ("<blockquote>said</blockquote>answer", "> said\n\nanswer"),
            ("<pre>a &lt; b\n  c</pre>", "```\na < b\n  c\n```"),
            (
                "1 &lt; 2 * 3 <script>evil()</script>end",
                "1 \\< 2 \\* 3 end",
            ),
            ("a <3 b", "a \\<3 b"),
            ("<img alt=\"😀\" src=\"x\">", "😀"),
            ("<!-- hidden -->shown", "shown"),
            ("&#60;b&#x3e; &unknown; &", "\\<b\\> \\&unknown; \\&"),
        ] {
            assert_eq!(to_markdown(html), expect, "{html}");
        }
    }

    #[test]
    fn hostile_html_costs_no_more_than_its_length() {
        for piece in [
            "<div>",
            "<blockquote>",
            "<ul><li>",
            "<a href='https://a.example'>",
            "<",
            "&",
            "<!--",
            "<b",
            "<at>",
        ] {
            let html = piece.repeat(20_000);
            assert!(to_markdown(&html).len() <= 20 * html.len() + 100, "{piece}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_taken(html in "(?s).{0,200}", tags in "[<>/a-z&;# \"='-]{0,120}") {
            let _ = (to_markdown(&html), to_markdown(&tags));
        }

        #[test]
        fn words_are_kept(words in "[a-z0-9 .,*_\\[\\]()#!-]{0,80}") {
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&to_markdown(&format!("<p>{words}</p>"))), letters(&words));
        }
    }
}
