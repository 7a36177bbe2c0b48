//! Zulip's Markdown as ours ("Message formatting" in Zulip's documents).
//!
//! The two agree but for mentions, names of channels and topics, quotes in fences, and links that begin at the server.
//! **Invariant: linear in its input; code is left alone.**

/// The words as Markdown that means the same here; `base` is the server's address.
pub fn to_markdown(content: &str, base: &str) -> String {
    let mut out = String::with_capacity(content.len() + 16);
    let mut fences: Vec<Fence> = Vec::new();
    for line in content.lines() {
        let in_code = matches!(fences.last(), Some(fence) if !fence.quote);
        if let Some(fence) = fence(line) {
            let closes = fences.last().is_some_and(|open| fence.closes(open));
            if closes {
                let closed = fences.pop();
                match closed {
                    Some(closed) if closed.quote => out.push('\n'),
                    _ => push(&mut out, &fences, line),
                }
                continue;
            }
            if !in_code && fences.len() < MAX_DEPTH {
                match fence.quote {
                    true => {
                        if !fence.title.is_empty() {
                            push(&mut out, &fences, &format!("**{}**", spoken(&fence.title)));
                        }
                    }
                    false => push(&mut out, &fences, line),
                }
                fences.push(fence);
                continue;
            }
        }
        match in_code {
            true => push(&mut out, &fences, line),
            false => push(&mut out, &fences, &inline(line, base)),
        }
    }
    out.trim_end().to_owned()
}

/// Fences within fences beyond this are text.
const MAX_DEPTH: usize = 4;

struct Fence {
    sign: char,
    length: usize,
    /// "quote" and "spoiler" hold words, all others code.
    quote: bool,
    title: String,
    bare: bool,
}

impl Fence {
    fn closes(&self, open: &Self) -> bool {
        self.bare && self.sign == open.sign && self.length >= open.length
    }
}

fn fence(line: &str) -> Option<Fence> {
    let line = line.trim_end();
    let sign = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == sign).count();
    let language = line[length..].trim();
    if length < 3 || language.contains(sign) {
        return None;
    }
    let (word, title) = language.split_once(' ').unwrap_or((language, ""));
    Some(Fence {
        sign,
        length,
        quote: matches!(word, "quote" | "quoted" | "spoiler"),
        title: match word {
            "spoiler" => title.trim().to_owned(),
            _ => String::new(),
        },
        bare: language.is_empty(),
    })
}

fn push(out: &mut String, fences: &[Fence], line: &str) {
    for _ in fences.iter().filter(|fence| fence.quote) {
        out.push_str("> ");
    }
    out.push_str(line);
    out.push('\n');
}

fn spoken(text: &str) -> String {
    crate::threads::connector::spoken::escaped(text)
}

/// Mentions, channels and links of one line, outside of its code.
fn inline(line: &str, base: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut in_code = false;
    while let Some(c) = rest.chars().next() {
        if c == '`' {
            in_code = !in_code;
        }
        let found = match c {
            '@' if !in_code => mention(rest),
            '#' if !in_code => place(rest),
            ']' if !in_code => link(rest, base),
            _ => None,
        };
        match found {
            Some((written, length)) => {
                out.push_str(&written);
                rest = &rest[length..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

/// `@**Ana Ruiz|12**`, silent `@_**Ana Ruiz**`, a group `@*desk*`.
fn mention(rest: &str) -> Option<(String, usize)> {
    let body = &rest[1..];
    let (silent, body) = match body.strip_prefix('_') {
        Some(body) => (1, body),
        None => (0, body),
    };
    let stars = match body.starts_with("**") {
        true => "**",
        false => "*",
    };
    let inside = body.strip_prefix(stars)?;
    let end = inside.find(stars)?;
    let name = inside[..end].split('|').next().unwrap_or_default();
    let length = 1 + silent + 2 * stars.len() + end;
    (!name.trim().is_empty()).then(|| (format!("@{}", spoken(name)), length))
}

/// `#**channel>topic@123**`.
fn place(rest: &str) -> Option<(String, usize)> {
    let inside = rest[1..].strip_prefix("**")?;
    let end = inside.find("**")?;
    let name = &inside[..end];
    let name = match name.rsplit_once('@') {
        Some((name, message)) if message.chars().all(|c| c.is_ascii_digit()) => name,
        _ => name,
    };
    let name = spoken(&name.replacen('>', " › ", 1));
    Some((format!("\\#{name}"), end + 5))
}

/// `](/user_uploads/…)`: a link that begins at the server.
fn link(rest: &str, base: &str) -> Option<(String, usize)> {
    let to = rest.strip_prefix("](/")?;
    (!to.starts_with('/')).then(|| (format!("]({base}/"), 3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zulip_words_become_ours() {
        for (content, expect) in [
            ("**bold** `@**x**`", "**bold** `@**x**`"),
            (
                "@**Ana Ruiz|12** and @_**Ben** and @*desk*",
                "@Ana Ruiz and @Ben and @desk",
            ),
            ("@**all** @**topic**", "@all @topic"),
            (
                "see #**laptops>T14 restarts@77**",
                "see \\#laptops › T14 restarts",
            ),
            (
                "@_**Ana|12** [said](https://z.example/x):\n```quote\nIt restarts\n```\nMine too",
                "@Ana [said](https://z.example/x):\n> It restarts\n\nMine too",
            ),
            (
                "````quote\n```py\nx = '@**y**'\n```\n````\nz",
                "> ```py\n> x = '@**y**'\n> ```\n\nz",
            ),
            (
                "```spoiler The end\nIt was DNS\n```",
                "**The end**\n> It was DNS",
            ),
            (
                "[log](/user_uploads/2/ab/log.txt) [x](//evil)",
                "[log](https://z.example/user_uploads/2/ab/log.txt) [x](//evil)",
            ),
            ("@ ** # **", "@ ** # **"),
        ] {
            assert_eq!(
                to_markdown(content, "https://z.example"),
                expect,
                "{content}"
            );
        }
    }

    proptest! {
        #[test]
        fn anything_is_taken(content in "(?s).{0,200}", signs in "[@#*_`~|>\\[\\]()\nab/]{0,100}") {
            let _ = (to_markdown(&content, "b"), to_markdown(&signs, "b"));
        }

        #[test]
        fn words_are_kept(content in "[a-z @#*_`>\\[\\]()]{0,80}") {
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&to_markdown(&content, "")), letters(&content));
        }
    }
}
