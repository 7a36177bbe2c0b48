//! Slack's markup and Markdown, both ways ("Formatting message text" and "mrkdwn" in Slack's documents).
//!
//! **Invariant: words are kept, signs are not trusted.** On the way out `&`, `<` and `>` are escaped, so that nothing a
//! person typed is a Slack command; on the way in everything that Markdown would read as a sign, and Slack did not, is
//! escaped. Both directions are linear in their input and nest nothing deeper than [`MAX_DEPTH`].

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeStream};

/// Lists and quotes within each other: deeper ones are shown at this depth.
const MAX_DEPTH: usize = 4;

/// Text that Slack shows as it is.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Text that Markdown shows as it is.
pub fn as_text(text: &str) -> String {
    crate::threads::connector::spoken::escaped(text)
}

/// Markdown as Slack shows it.
pub fn from_markdown(markdown: &str) -> String {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let mut out = Out::default();
    for event in TextMergeStream::new(Parser::new_ext(markdown, options)) {
        out.take(event);
    }
    out.text.trim().to_owned()
}

#[derive(Default)]
struct Out {
    text: String,
    quotes: usize,
    /// Open lists: the next number, or none.
    lists: Vec<Option<u64>>,
    /// The open link's address, and the text within.
    link: Option<(String, String)>,
    in_code: bool,
    in_heading: bool,
    /// The cell of a row that comes next.
    cell: usize,
}

impl Out {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) if self.in_code => self.code_block(&text),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.words(&text),
            Event::Code(code) => self.code(&code),
            Event::SoftBreak | Event::HardBreak => self.line(),
            Event::Rule => {
                self.block();
                self.text.push_str("———");
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::Table(_) | Tag::HtmlBlock if self.at_item_start() => {}
            Tag::Paragraph | Tag::Table(_) | Tag::HtmlBlock => self.block(),
            Tag::Heading { .. } => {
                self.block();
                self.in_heading = true;
                self.text.push('*');
            }
            Tag::BlockQuote(_) => {
                self.quotes += 1;
                self.block();
            }
            Tag::CodeBlock(_) => {
                self.block();
                self.in_code = true;
                self.text.push_str("```\n");
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.block();
                }
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::TableHead | Tag::TableRow => {
                self.line();
                self.cell = 0;
            }
            Tag::TableCell => {
                if self.cell > 0 {
                    self.text.push_str(" | ");
                }
                self.cell += 1;
            }
            Tag::Strong if !self.in_heading => self.sign('*'),
            Tag::Emphasis => self.sign('_'),
            Tag::Strikethrough => self.sign('~'),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } if self.link.is_none() => {
                self.link = Some((dest_url.to_string(), String::new()));
            }
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::Heading(_) => {
                self.in_heading = false;
                self.text.push('*');
            }
            TagEnd::BlockQuote(_) => self.quotes -= 1,
            TagEnd::CodeBlock => {
                self.in_code = false;
                if !self.text.ends_with('\n') {
                    self.text.push('\n');
                }
                self.text.push_str("```");
            }
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Strong if !self.in_heading => self.sign('*'),
            TagEnd::Emphasis => self.sign('_'),
            TagEnd::Strikethrough => self.sign('~'),
            TagEnd::Link | TagEnd::Image => self.close_link(),
            _ => {}
        }
    }

    /// A sign of Slack's; a link's text knows none.
    fn sign(&mut self, sign: char) {
        if self.link.is_none() {
            self.text.push(sign);
        }
    }

    fn words(&mut self, text: &str) {
        match &mut self.link {
            Some((_, inside)) => inside.push_str(text),
            None => {
                let mut lines = escaped(text);
                if lines.contains('\n') {
                    lines = lines
                        .trim_end_matches('\n')
                        .replace('\n', &self.break_line());
                }
                self.text.push_str(&lines);
            }
        }
    }

    fn code(&mut self, code: &str) {
        if let Some((_, inside)) = &mut self.link {
            inside.push_str(code);
            return;
        }
        // Slack has no way to write the sign itself in code.
        match code.contains('`') {
            true => self.text.push_str(&escaped(code)),
            false => {
                self.text.push('`');
                self.text.push_str(&escaped(code));
                self.text.push('`');
            }
        }
    }

    fn code_block(&mut self, code: &str) {
        // A fence within would end the block: a joiner keeps its signs apart.
        let whole = escaped(code).replace("```", "`\u{2060}`\u{2060}`");
        self.text.push_str(&whole);
    }

    fn close_link(&mut self) {
        let Some((to, inside)) = self.link.take() else {
            return;
        };
        let words = escaped(&inside.replace('\n', " "));
        let written = match web(&to) {
            Some(address) if words.is_empty() || words == escaped(&to) => format!("<{address}>"),
            Some(address) => format!("<{address}|{words}>"),
            // Leads nowhere outside: its words and what stood behind them.
            None if words == escaped(&to) => words,
            None => format!("{words} ({})", escaped(&to)),
        };
        self.text.push_str(&written);
    }

    fn item(&mut self) {
        self.line();
        let depth = self.lists.len().clamp(1, MAX_DEPTH);
        self.text.push_str(&"    ".repeat(depth - 1));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let written = format!("{number}. ");
                *number = number.saturating_add(1);
                self.text.push_str(&written);
            }
            _ => self.text.push_str("• "),
        }
    }

    fn at_item_start(&self) -> bool {
        !self.lists.is_empty()
            && (self.text.ends_with("• ")
                || self
                    .text
                    .strip_suffix(". ")
                    .is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit())))
    }

    /// A line was begun and nothing stands in it yet.
    fn is_fresh(&self) -> bool {
        self.text.ends_with('\n') || self.text == "> " || self.text.ends_with("\n> ")
    }

    /// A new block: an empty line before it, unless it is the first.
    fn block(&mut self) {
        if self.is_fresh() {
            return;
        }
        if !self.text.is_empty() {
            let line = self.break_line();
            let apart = match self.lists.is_empty() {
                true => format!("{line}{line}"),
                false => line,
            };
            self.text.push_str(&apart);
        } else {
            self.text.push_str(&self.prefix());
        }
    }

    fn line(&mut self) {
        let fresh = self.text.is_empty() || self.is_fresh();
        let line = self.break_line();
        match &mut self.link {
            Some((_, inside)) => inside.push(' '),
            None if fresh => {}
            None => self.text.push_str(&line),
        }
    }

    fn break_line(&self) -> String {
        format!("\n{}", self.prefix())
    }

    /// Slack knows one depth of quotes.
    fn prefix(&self) -> String {
        match self.quotes {
            0 => String::new(),
            _ => "> ".to_owned(),
        }
    }
}

/// The address as Slack takes it between its signs; `None`: it leads to no place outside.
fn web(address: &str) -> Option<String> {
    let lower = address.to_ascii_lowercase();
    let fits = ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme));
    let clean = !address.chars().any(|c| c.is_control() || c.is_whitespace());
    (fits && clean).then(|| {
        address
            .replace('&', "&amp;")
            .replace('<', "%3C")
            .replace('>', "%3E")
            .replace('|', "%7C")
    })
}

/// Slack's markup as Markdown.
pub fn to_markdown(mrkdwn: &str) -> String {
    let mut pieces = pieces(mrkdwn);
    for line in pieces.split_mut(|piece| matches!(piece, Piece::Sign('\n'))) {
        for (sign, written) in [('*', "**"), ('_', "_"), ('~', "~~")] {
            pair(line, sign, written);
        }
    }
    let mut out = String::with_capacity(mrkdwn.len() + 16);
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Made(made) => out.push_str(made),
            Piece::Sign(c) => {
                let before = index.checked_sub(1).and_then(|at| pieces[at].last());
                let behind = pieces.get(index + 1).and_then(Piece::first);
                write(&mut out, *c, before, behind);
            }
        }
    }
    out.trim_end().to_owned()
}

/// A character as it was typed, or Markdown that is finished.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Sign(char),
    Made(String),
}

impl Piece {
    fn first(&self) -> Option<char> {
        match self {
            Self::Sign(c) => Some(*c),
            Self::Made(made) => made.chars().next(),
        }
    }

    fn last(&self) -> Option<char> {
        match self {
            Self::Sign(c) => Some(*c),
            Self::Made(made) => made.chars().next_back(),
        }
    }
}

fn pieces(mrkdwn: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = mrkdwn;
    let mut line_start = true;
    while let Some(c) = rest.chars().next() {
        let (piece, length) = next(rest, c, line_start);
        line_start = c == '\n';
        rest = &rest[length..];
        pieces.push(piece);
    }
    pieces
}

fn next(rest: &str, c: char, line_start: bool) -> (Piece, usize) {
    let made = match c {
        '`' => code(rest),
        '<' => token(rest),
        '&' => entity(rest, line_start),
        '•' if line_start => Some(("-".to_owned(), c.len_utf8())),
        '◦' if line_start => Some(("    -".to_owned(), c.len_utf8())),
        _ => None,
    };
    match made {
        Some((text, length)) => {
            // One character is still a sign that may have to be escaped.
            let mut letters = text.chars();
            match (letters.next(), letters.next(), c) {
                (Some(one), None, '&') if !(line_start && one == '>') => (Piece::Sign(one), length),
                _ => (Piece::Made(text), length),
            }
        }
        None => (Piece::Sign(c), c.len_utf8()),
    }
}

/// "```block```" or "`code`".
fn code(rest: &str) -> Option<(String, usize)> {
    if let Some(inside) = rest.strip_prefix("```") {
        let end = inside.find("```")?;
        let block = raw(&inside[..end]);
        let block = block.trim_matches('\n');
        return (!block.is_empty()).then(|| (format!("\n```\n{block}\n```\n"), end + 6));
    }
    let inside = &rest[1..];
    let end = inside.find(['`', '\n'])?;
    (end > 0 && inside[end..].starts_with('`'))
        .then(|| (format!("`{}`", raw(&inside[..end])), end + 2))
}

/// The text of code: Slack escapes it and marks the links in it, Markdown does neither.
fn raw(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let inside = &rest[at + 1..];
        match inside.find(['<', '>', '\n']) {
            Some(end) if inside[end..].starts_with('>') => {
                let token = &inside[..end];
                let (to, label) = token.split_once('|').unwrap_or((token, token));
                out.push_str(match to.starts_with(['@', '#', '!']) {
                    true => label.trim_start_matches('!'),
                    false => label,
                });
                rest = &inside[end + 1..];
            }
            _ => {
                out.push('<');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    unescaped(&out)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn entity(rest: &str, line_start: bool) -> Option<(String, usize)> {
    // The rest of the message is a quote; one line of it is what Markdown can say.
    if line_start && rest.starts_with("&gt;&gt;&gt;") {
        return Some(("> ".to_owned(), 12));
    }
    [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")]
        .into_iter()
        .find(|(escaped, _)| rest.starts_with(escaped))
        .map(|(escaped, c)| (c.to_owned(), escaped.len()))
}

/// What stands between `<` and `>`: a person, a channel, a command, a link.
fn token(rest: &str) -> Option<(String, usize)> {
    let inside = &rest[1..];
    let end = inside.find(['<', '>', '\n'])?;
    if !inside[end..].starts_with('>') || end == 0 {
        return None;
    }
    let token = &inside[..end];
    let (what, label) = match token.split_once('|') {
        Some((what, label)) => (
            what,
            Some(unescaped(label)).filter(|label| !label.is_empty()),
        ),
        None => (token, None),
    };
    let written = match what.chars().next() {
        Some('@') => person('@', &what[1..], label.as_deref()),
        Some('#') => person('#', &what[1..], label.as_deref()),
        Some('!') => command(&what[1..], label),
        _ => link(&unescaped(what), label),
    };
    Some((written, end + 2))
}

fn person(sign: char, id: &str, label: Option<&str>) -> String {
    let name = as_text(label.unwrap_or(id).trim_start_matches(sign));
    match sign {
        // At a line's start it would be a heading.
        '#' => format!("\\#{name}"),
        sign => format!("{sign}{name}"),
    }
}

/// `!here`, `!subteam^S1|@desk`, `!date^…|fallback`.
fn command(what: &str, label: Option<String>) -> String {
    let word = what.split('^').next().unwrap_or_default();
    match (word, label) {
        ("here" | "channel" | "everyone", _) => format!("@{word}"),
        (_, Some(label)) => as_text(&label),
        ("subteam", None) => "@group".to_owned(),
        (word, None) => as_text(word),
    }
}

fn link(to: &str, label: Option<String>) -> String {
    let target: String = to
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace())
        .collect();
    let target = target
        .replace('(', "%28")
        .replace(')', "%29")
        .replace('\\', "%5C");
    let web = target.starts_with("https://") || target.starts_with("http://");
    match label {
        Some(label) if web && label != to => format!("[{}]({target})", as_text(&label)),
        _ if web => format!("<{target}>"),
        // mail and telephone: the words say it.
        Some(label) => as_text(&label),
        None => as_text(to.trim_start_matches("mailto:")),
    }
}

/// Signs that stand in pairs around words of one line.
fn pair(line: &mut [Piece], sign: char, written: &str) {
    let is_sign = |piece: &Piece| *piece == Piece::Sign(sign);
    let apart = |piece: Option<&Piece>, side: fn(&Piece) -> Option<char>| {
        piece.and_then(side).is_none_or(|c| !c.is_alphanumeric())
    };
    let solid = |piece: Option<&Piece>| {
        piece
            .and_then(Piece::first)
            .is_some_and(|c| !c.is_whitespace() && c != sign)
    };
    let closes: Vec<usize> = (1..line.len())
        .filter(|&at| {
            is_sign(&line[at]) && solid(line.get(at - 1)) && apart(line.get(at + 1), Piece::first)
        })
        .collect();
    let (mut at, mut next_close) = (0, 0);
    while at < line.len() {
        let opens = is_sign(&line[at])
            && apart(at.checked_sub(1).and_then(|at| line.get(at)), Piece::last)
            && solid(line.get(at + 1));
        if !opens {
            at += 1;
            continue;
        }
        while closes.get(next_close).is_some_and(|close| *close <= at + 1) {
            next_close += 1;
        }
        let Some(&close) = closes.get(next_close) else {
            return;
        };
        line[at] = Piece::Made(written.to_owned());
        line[close] = Piece::Made(written.to_owned());
        at = close + 1;
    }
}

/// A character that Slack shows as it is.
fn write(out: &mut String, c: char, before: Option<char>, behind: Option<char>) {
    let line_start = matches!(before, None | Some('\n'));
    let within = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let escape = match c {
        '\\' | '`' | '[' | ']' | '<' | '*' | '~' | '|' => true,
        // snake_case is no emphasis.
        '_' => !(within(before) && within(behind)),
        '&' => behind.is_some_and(|c| c.is_ascii_alphabetic() || c == '#'),
        '#' | '>' | '=' | '+' => line_start,
        // A list is a list in both; a line of dashes would make a heading of the one above.
        '-' => line_start && behind != Some(' '),
        _ => false,
    };
    if escape {
        out.push('\\');
    }
    out.push(c);
}

/// The ids of people that a text mentions without their names, the first `most` of them.
pub fn mentioned(markdown: &str, most: usize) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for (at, _) in markdown.match_indices('@') {
        let id = id_at(&markdown[at + 1..]);
        if ids.len() < most && is_person(id) && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// The text with the person's name in place of the id.
pub fn name(markdown: &str, id: &str, name: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(at) = rest.find('@') {
        let found = id_at(&rest[at + 1..]);
        out.push_str(&rest[..=at]);
        match found == id {
            true => out.push_str(&as_text(name)),
            false => out.push_str(found),
        }
        rest = &rest[at + 1 + found.len()..];
    }
    out.push_str(rest);
    out
}

fn id_at(rest: &str) -> &str {
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    &rest[..end]
}

/// People's ids begin with U or W and have nine characters or more.
fn is_person(id: &str) -> bool {
    id.len() >= 9
        && id.starts_with(['U', 'W'])
        && id
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
