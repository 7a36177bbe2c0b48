//! Markdown to HTML that a browser may be given.
//!
//! **Invariant: every byte of the result has passed the sanitiser, after rendering.** HTML is never stored: it is made
//! when it is read, so that a better sanitiser protects old posts too. Raw HTML in a post is shown as the text it is,
//! and nothing in a post makes the reader's browser load anything.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use pulldown_cmark::{
    CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream, html,
};

/// Deeper nesting than this is shown flat. People nest three or four; 64 KiB of `>` would nest 64 Ki deep and make
/// every HTML tree in the way pay for it.
const MAX_DEPTH: usize = 16;
/// A login is at most this long (see `accounts::login`).
const MAX_LOGIN: usize = 64;

/// The logins that a post mentions, each once, lower case, as candidates: whether they exist is the caller's to ask.
pub fn mentions(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(markdown, &mut |text, linkable| {
        if linkable {
            for piece in pieces(&text) {
                if let Piece::Mention(login) = piece {
                    let login = login.to_lowercase();
                    if !found.contains(&login) {
                        found.push(login);
                    }
                }
            }
        }
        vec![]
    });
    found
}

/// Renders a post. `exists` tells which mentioned logins are people; those become links.
pub fn html(markdown: &str, exists: &dyn Fn(&str) -> bool) -> String {
    let mut events = walk(markdown, &mut |text, linkable| match linkable {
        false => vec![Event::Text(text)],
        true => linked(&text, exists),
    });
    let mut raw = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut raw, events.drain(..));
    SANITISER.clean(&raw).to_string()
}

static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(HashSet::from([
            "p",
            "br",
            "hr",
            "strong",
            "em",
            "del",
            "code",
            "pre",
            "ul",
            "ol",
            "li",
            "blockquote",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "a",
        ]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .allowed_classes(HashMap::from([("a", HashSet::from(["mention"]))]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("noopener nofollow noreferrer"));
    builder
});

/// The events of a post with raw HTML turned into text, images into links, depth capped. Runs of text go through
/// `text(run, linkable)`; `linkable` is false inside links and code.
fn walk<'a>(
    markdown: &'a str,
    text: &mut dyn FnMut(CowStr<'a>, bool) -> Vec<Event<'a>>,
) -> Vec<Event<'a>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let raw_html_is_text = Parser::new_ext(markdown, options).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::SoftBreak => Event::HardBreak,
        other => other,
    });

    let mut out = Vec::new();
    let mut open = Vec::new();
    let (mut in_link, mut in_code) = (0_usize, 0_usize);
    for event in TextMergeStream::new(raw_html_is_text) {
        match event {
            Event::Start(tag) => {
                let kept = open.len() < MAX_DEPTH || !nests(&tag);
                let link = matches!(tag, Tag::Link { .. } | Tag::Image { .. });
                in_link += usize::from(link);
                in_code += usize::from(matches!(tag, Tag::CodeBlock(_)));
                // A picture inside a link is already a link: only its words stay.
                let kept = kept && !(link && in_link > 1);
                open.push(kept);
                if kept {
                    out.push(Event::Start(without_picture(tag)));
                }
            }
            Event::End(end) => {
                let kept = open.pop().unwrap_or(false);
                in_link -= usize::from(matches!(end, TagEnd::Link | TagEnd::Image));
                in_code -= usize::from(matches!(end, TagEnd::CodeBlock));
                if kept {
                    out.push(Event::End(match end {
                        TagEnd::Image => TagEnd::Link,
                        other => other,
                    }));
                }
            }
            Event::Text(run) => out.extend(text(run, in_link == 0 && in_code == 0)),
            other => out.push(other),
        }
    }
    out
}

/// Containers that can be put into one another without end.
fn nests(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::BlockQuote(_)
            | Tag::List(_)
            | Tag::Item
            | Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
    )
}

/// A picture from elsewhere would tell its host who read the thread, so it is a link that a person may follow.
fn without_picture(tag: Tag<'_>) -> Tag<'_> {
    match tag {
        Tag::Image {
            dest_url,
            title,
            id,
            ..
        } => Tag::Link {
            link_type: LinkType::Inline,
            dest_url,
            title,
            id,
        },
        other => other,
    }
}

enum Piece<'t> {
    Text(&'t str),
    Mention(&'t str),
    Url(&'t str),
}

fn linked<'a>(text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(plain) => events.push(Event::Text(CowStr::from(plain.to_owned()))),
            Piece::Mention(login) if exists(&login.to_lowercase()) => {
                // The letters of a login need no escaping, see `is_login`.
                let lower = login.to_lowercase();
                events.push(Event::InlineHtml(CowStr::from(format!(
                    "<a class=\"mention\" href=\"/threads?q=%40{lower}\">@{login}</a>"
                ))));
            }
            Piece::Mention(login) => events.push(Event::Text(CowStr::from(format!("@{login}")))),
            Piece::Url(url) => {
                let target = CowStr::from(url.to_owned());
                events.push(Event::Start(Tag::Link {
                    link_type: LinkType::Autolink,
                    dest_url: target.clone(),
                    title: CowStr::Borrowed(""),
                    id: CowStr::Borrowed(""),
                }));
                events.push(Event::Text(target));
                events.push(Event::End(TagEnd::Link));
            }
        }
    }
    events
}

/// Cuts a run of text at `@login` and `https://...`. Linear in its length.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut plain_from, mut at) = (0, 0);
    let mut before = ' ';
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let found = match c {
            '@' if !is_word(before) => {
                login_at(&rest[1..]).map(|login| (Piece::Mention(login), 1 + login.len()))
            }
            'h' if !is_word(before) => url_at(rest).map(|url| (Piece::Url(url), url.len())),
            _ => None,
        };
        match found {
            Some((piece, length)) => {
                if plain_from < at {
                    pieces.push(Piece::Text(&text[plain_from..at]));
                }
                pieces.push(piece);
                at += length;
                plain_from = at;
                before = 'x';
            }
            None => {
                before = c;
                at += c.len_utf8();
            }
        }
    }
    if plain_from < text.len() {
        pieces.push(Piece::Text(&text[plain_from..]));
    }
    pieces
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '@')
}

fn is_login(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// The login at the start of `rest`; a dot or dash at its end belongs to the sentence.
fn login_at(rest: &str) -> Option<&str> {
    let end = rest.find(|c: char| !is_login(c)).unwrap_or(rest.len());
    let login = rest[..end].trim_end_matches(['.', '-', '_']);
    (!login.is_empty() && login.len() <= MAX_LOGIN).then_some(login)
}

fn url_at(rest: &str) -> Option<&str> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| rest.starts_with(scheme))?;
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`'))
        .unwrap_or(rest.len());
    let mut url = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
    // "(see https://example.org/a)" ends before the bracket, "https://example.org/a_(b)" does not.
    let extra = url
        .matches(')')
        .count()
        .saturating_sub(url.matches('(').count());
    for _ in 0..extra {
        url = url.strip_suffix(')').unwrap_or(url);
    }
    (url.len() > scheme.len()).then_some(url)
}

#[cfg(test)]
mod tests;
