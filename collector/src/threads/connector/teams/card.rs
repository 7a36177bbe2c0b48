//! A post as an Adaptive Card ("Adaptive Cards for Teams", version 1.4; "Format cards in Teams": what Markdown a text block
//! knows).
//!
//! **Invariant: a card has less than [`MAX_CARD`] bytes, calls nobody** (it has no `msteams.entities`), **and leads
//! nowhere but to web addresses.** Text blocks know bold, italics, lists and links; headings become bold, code stands in
//! blocks of its own in a fixed width.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use crate::threads::connector::{Outgoing, length, mark, spoken};

/// "Message size": Teams takes 28 KB, the envelope included.
pub const MAX_CARD: usize = 28 * 1024;
/// Characters of the words to begin with; escaping and other alphabets make more bytes of them.
const MAX_WORDS: usize = 12_000;

/// The message that a workflow posts.
pub fn of(words: &Outgoing) -> Value {
    let link = mark::link(&words.link, &words.key);
    let mut room = MAX_WORDS;
    loop {
        let message = message(words, &length::cut(&words.markdown, room, &link), &link);
        if message.to_string().len() < MAX_CARD {
            return message;
        }
        room /= 2;
    }
}

fn message(words: &Outgoing, said: &str, link: &str) -> Value {
    let mut body = vec![
        json!({
            "type": "TextBlock", "text": spoken::escaped(&words.title), "weight": "bolder", "size": "medium", "wrap": true,
        }),
        json!({
            "type": "TextBlock", "text": spoken::escaped(&words.author), "isSubtle": true, "spacing": "none", "wrap": true,
        }),
    ];
    body.extend(blocks(said));
    let actions = match link.is_empty() {
        true => vec![],
        false => vec![json!({"type": "Action.OpenUrl", "title": "Open in Weft", "url": link})],
    };
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "body": body,
                "actions": actions,
            },
        }],
    })
}

/// The words as text blocks, code apart.
fn blocks(markdown: &str) -> Vec<Value> {
    let mut blocks = Blocks::default();
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    for event in Parser::new_ext(markdown, options) {
        blocks.take(event);
    }
    blocks.finish()
}

#[derive(Default)]
struct Blocks {
    done: Vec<Value>,
    text: String,
    /// Open lists: the next number, or none.
    lists: Vec<Option<u64>>,
    code: Option<String>,
    /// The open link's address, if it may be followed.
    link: Vec<Option<String>>,
    cell: usize,
}

impl Blocks {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => match &mut self.code
            {
                Some(code) => code.push_str(&text),
                None => self.text.push_str(&spoken::escaped(&text)),
            },
            Event::Code(code) => self.text.push_str(&spoken::escaped(&code)),
            Event::SoftBreak | Event::HardBreak => self.text.push_str("\n\n"),
            Event::Rule => self.paragraph(),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.paragraph();
                self.text.push_str("**");
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                // An indented block and a fenced one are the same to a reader.
                let (CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) = kind;
                self.code = Some(String::new());
            }
            Tag::List(first) => self.lists.push(first),
            Tag::Item => self.item(),
            Tag::Paragraph | Tag::BlockQuote(_) | Tag::Table(_) if self.lists.is_empty() => {
                self.paragraph();
            }
            Tag::Paragraph if !self.text.ends_with("- ") && !self.text.ends_with(". ") => {
                self.text.push_str("\n\n");
            }
            Tag::TableHead | Tag::TableRow => {
                self.paragraph();
                self.cell = 0;
            }
            Tag::TableCell => {
                if self.cell > 0 {
                    self.text.push_str(" · ");
                }
                self.cell += 1;
            }
            Tag::Strong => self.text.push_str("**"),
            Tag::Emphasis => self.text.push('_'),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                // A link holds no other: a picture in one is its words.
                let web = web(&dest_url).filter(|_| self.link.is_empty());
                if web.is_some() {
                    self.text.push('[');
                }
                self.link.push(web);
            }
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::Heading(_) | TagEnd::Strong => self.text.push_str("**"),
            TagEnd::Emphasis => self.text.push('_'),
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.done.push(json!({
                    "type": "TextBlock", "fontType": "monospace", "wrap": true,
                    // A text block joins lines that are not apart.
                    "text": spoken::escaped(code.trim_end()).replace('\n', "\n\n"),
                }));
            }
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                if let Some(Some(to)) = self.link.pop() {
                    self.text.push_str(&format!("]({to})"));
                }
            }
            _ => {}
        }
    }

    fn item(&mut self) {
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            _ => "- ".to_owned(),
        };
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&mark);
    }

    fn paragraph(&mut self) {
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.trim().is_empty() {
            self.done
                .push(json!({"type": "TextBlock", "text": text.trim(), "wrap": true}));
        }
    }

    fn finish(mut self) -> Vec<Value> {
        self.flush();
        self.done
    }
}

fn web(address: &str) -> Option<String> {
    let lower = address.to_ascii_lowercase();
    let fits = lower.starts_with("https://") || lower.starts_with("http://");
    let clean = !address.chars().any(|c| c.is_control() || c.is_whitespace());
    (fits && clean).then(|| address.replace('(', "%28").replace(')', "%29"))
}
