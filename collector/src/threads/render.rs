//! Markdown to HTML that a browser may be given.
//!
//! **Invariant: every byte of the result has passed the sanitiser, after rendering.** HTML is never stored: it is made
//! when it is read, so that a better sanitiser protects old posts too. Raw HTML in a post is shown as the text it is,
//! and nothing in a post makes the reader's browser load anything from elsewhere: the only pictures are our own
//! attachments. A link whose words name another place than it leads to, or whose host is spelled with letters that look
//! like others, shows the true host beside it.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use pulldown_cmark::{
    CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream, html,
};
use url::Url;
use uuid::Uuid;

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

/// A file that a post may show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: String,
    /// Shown in the page, not only offered.
    pub picture: bool,
}

/// Renders a post. `exists` tells which mentioned logins are people; those become links.
pub fn html(markdown: &str, exists: &dyn Fn(&str) -> bool) -> String {
    html_with(markdown, exists, &|_| None)
}

/// The same with the files that belong to the post.
pub fn html_with(
    markdown: &str,
    exists: &dyn Fn(&str) -> bool,
    files: &dyn Fn(Uuid) -> Option<File>,
) -> String {
    let events = walk(markdown, &mut |text, linkable| match linkable {
        false => vec![Event::Text(text)],
        true => linked(&text, exists),
    });
    let mut events = honest(events, files);
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
            "img",
        ]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
            ("img", HashSet::from(["src", "alt", "loading"])),
        ]))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") => is_ours(value).then(|| value.into()),
            ("a", "href") => leads_somewhere(value).then(|| value.into()),
            _ => Some(value.into()),
        })
        .allowed_classes(HashMap::from([("a", HashSet::from(["mention"]))]))
        // What may be wider than the page is scrolled by its own, and without a mouse only where the focus can go.
        .set_tag_attribute_values(HashMap::from(
            ["table", "pre"].map(|tag| (tag, HashMap::from([("tabindex", "0")]))),
        ))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("noopener nofollow noreferrer"));
    builder
});

/// A whole address, or a path or place of this site. "java%0Ascript:x" would be a page beside this one, which nobody means.
fn leads_somewhere(address: &str) -> bool {
    const BEGINNINGS: [&str; 5] = ["http://", "https://", "mailto:", "/", "#"];
    let address = address.to_ascii_lowercase();
    BEGINNINGS.iter().any(|begin| address.starts_with(begin))
}

/// Where files are read.
const FILES: &str = "/api/v1/attachments/";

fn is_ours(address: &str) -> bool {
    address
        .strip_prefix(FILES)
        .is_some_and(|id| id.len() == 36 && id.parse::<Uuid>().is_ok())
}

/// Puts files in their place, and the true host beside links that pretend.
fn honest<'a>(events: Vec<Event<'a>>, files: &dyn Fn(Uuid) -> Option<File>) -> Vec<Event<'a>> {
    let mut out = Vec::with_capacity(events.len());
    // The open link: where it leads, and the words in it.
    let mut open: Option<(String, String)> = None;
    for event in events {
        match event {
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                let file = dest_url.strip_prefix(super::files::SCHEME).map(|id| {
                    id.parse::<Uuid>()
                        .ok()
                        .and_then(|id| Some((id, files(id)?)))
                });
                let dest_url = match &file {
                    None => dest_url,
                    Some(Some((id, _))) => CowStr::from(format!("{FILES}{id}")),
                    // Not of this post: the words stay, the link leads nowhere.
                    Some(None) => CowStr::Borrowed(""),
                };
                open = Some((dest_url.to_string(), String::new()));
                let url = dest_url.to_string();
                out.push(Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title,
                    id,
                }));
                if let Some(Some((_, file))) = file
                    && file.picture
                {
                    let name: String = file
                        .name
                        .chars()
                        .filter(|c| c.is_alphanumeric() || " .-_".contains(*c))
                        .collect();
                    let picture = format!("<img src=\"{url}\" alt=\"{name}\" loading=\"lazy\">");
                    out.push(Event::InlineHtml(CowStr::from(picture)));
                }
            }
            Event::End(TagEnd::Link) => {
                out.push(Event::End(TagEnd::Link));
                if let Some((dest, words)) = open.take()
                    && let Some(host) = hidden_host(&dest, &words)
                {
                    out.push(Event::Text(CowStr::from(format!(" ({host})"))));
                }
            }
            other => {
                if let (Some((_, words)), Event::Text(text) | Event::Code(text)) =
                    (&mut open, &other)
                {
                    words.push_str(text);
                }
                out.push(other);
            }
        }
    }
    out
}

/// The host that a reader would not expect from what they see: other letters, another name in the words, or a name before
/// an `@`. `None`: the link says where it leads.
fn hidden_host(dest: &str, words: &str) -> Option<String> {
    let base = Url::parse("https://here.invalid").ok()?;
    let url = base.join(dest).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?.trim_start_matches("www.").to_owned();
    if host == "here.invalid" {
        return None;
    }
    let odd_letters = host.split('.').any(|label| label.starts_with("xn--"));
    let pretends = !url.username().is_empty() || url.password().is_some();
    let named = words.split_whitespace().find_map(host_in);
    let other = named.is_some_and(|named| named != host);
    (odd_letters || pretends || other).then_some(host)
}

/// The host that a word seems to name: "https://bank.example/x" and "bank.example" alike.
fn host_in(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    let rest = lower
        .split_once("://")
        .map_or(lower.as_str(), |(_, rest)| rest);
    let host = rest
        .split(['/', '?', '#', ':'])
        .next()?
        .trim_matches(|c: char| !c.is_alphanumeric());
    let host = host.rsplit('@').next()?.trim_start_matches("www.");
    let (name, end) = host.rsplit_once('.')?;
    let fits = !name.is_empty()
        && end.chars().count() >= 2
        && end.chars().all(char::is_alphabetic)
        && host
            .chars()
            .all(|c| c.is_alphanumeric() || ".-".contains(c));
    fits.then(|| host.to_owned())
}

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
