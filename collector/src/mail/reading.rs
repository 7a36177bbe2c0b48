//! A message as it came, read: who sent it, to which tokens, what they wrote, what they attached, and whether a program wrote
//! it.
//!
//! **Invariant: reading is bounded and never fails on content**: at most [`MAX_BYTES`], [`MAX_PARTS`] parts, and what cannot be
//! read is not there. Nothing is decided here and nothing kept.

use mail_parser::{Address, Message, MessageParser, MimeHeaders as _, PartType};
use sha2::{Digest as _, Sha256};

use super::{address, flowed, quoted};

/// A mail with pictures from a phone; base64 makes a third of that.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Nested multiparts cost time for each; programs make a dozen.
const MAX_PARTS: usize = 100;
/// HTML that is read: beyond, it is styles and tracking.
const MAX_HTML: usize = 512 * 1024;
/// Recipients that are looked at.
const MAX_RECIPIENTS: usize = 100;
/// An inline picture smaller than this is a logo or a smiley of a signature.
const LOGO: usize = 6 * 1024;

/// A message, read.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// `<id@host>`, when the message has one that can be one.
    pub message_id: Option<String>,
    /// SHA-256 of the bytes.
    pub digest: String,
    /// The only sender's address; `None` when there is none or several.
    pub from: Option<String>,
    /// Every address to which it went, as far as the message tells.
    pub recipients: Vec<String>,
    pub subject: String,
    /// What the sender wrote, as Markdown.
    pub words: String,
    pub files: Vec<File>,
    /// Why a program wrote this; `None`: a person did, for all that can be seen.
    pub automatic: Option<&'static str>,
    pub references: Vec<String>,
    pub report: Option<Report>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// A delivery report (RFC 3464).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// "failed", "delayed", ...
    pub action: String,
    /// "5.1.1".
    pub status: String,
    pub diagnostic: String,
    pub recipient: String,
    /// Of the mail that came back.
    pub message_id: Option<String>,
}

/// `None`: these bytes are no message.
pub fn read(raw: &[u8]) -> Option<Incoming> {
    let message = MessageParser::default().parse(raw)?;
    let digest = hex::encode(Sha256::digest(raw));
    if message.parts.len() > MAX_PARTS {
        return Some(Incoming {
            digest,
            automatic: Some("it has more parts than a person sends"),
            ..Incoming::default()
        });
    }
    let report = report(&message);
    Some(Incoming {
        message_id: message.message_id().and_then(fit_id),
        digest,
        from: sender(&message),
        recipients: recipients(&message),
        subject: message.subject().unwrap_or_default().to_owned(),
        words: words(&message),
        files: files(&message),
        automatic: automatic(&message, report.is_some()),
        references: ids(message.references())
            .into_iter()
            .chain(ids(message.in_reply_to()))
            .collect(),
        report,
    })
}

/// A Message-ID as it is kept: short, without anything that ends a header.
fn fit_id(id: &str) -> Option<String> {
    let plain = id.len() <= 250
        && id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"<>\"\\".contains(&byte));
    plain.then(|| format!("<{id}>"))
}

fn ids(value: &mail_parser::HeaderValue<'_>) -> Vec<String> {
    let one = value.as_text().map(|one| vec![one.to_owned()]);
    let list = value
        .as_text_list()
        .map(|list| list.iter().map(|id| id.to_string()).collect());
    one.or(list)
        .unwrap_or_default()
        .iter()
        .filter_map(|id| fit_id(id))
        .take(MAX_RECIPIENTS)
        .collect()
}

fn sender(message: &Message<'_>) -> Option<String> {
    let mut all = message.from()?.iter();
    let (one, more) = (all.next()?, all.next());
    match more {
        // Two senders are nobody's word.
        Some(_) => None,
        None => address::fit(one.address()?),
    }
}

/// From the visible recipients and from what mail servers note about the envelope.
fn recipients(message: &Message<'_>) -> Vec<String> {
    let listed = [message.to(), message.cc()].into_iter().flatten();
    let mut found: Vec<String> = listed
        .flat_map(Address::iter)
        .filter_map(|one| one.address())
        .map(str::to_ascii_lowercase)
        .take(MAX_RECIPIENTS)
        .collect();
    for name in [
        "Delivered-To",
        "X-Original-To",
        "Envelope-To",
        "X-Envelope-To",
        "X-Delivered-To",
    ] {
        for (header, value) in message.headers_raw() {
            if header.eq_ignore_ascii_case(name) && found.len() < 2 * MAX_RECIPIENTS {
                let words = value.split([',', '<', '>', ' ', '\r', '\n']);
                found.extend(
                    words
                        .filter(|word| word.contains('@'))
                        .map(str::to_ascii_lowercase),
                );
            }
        }
    }
    found
}

/// RFC 3834 and what programs did before it.
fn automatic(message: &Message<'_>, is_report: bool) -> Option<&'static str> {
    let header = |name: &str| {
        message
            .headers_raw()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_ascii_lowercase())
    };
    if is_report {
        return Some("it is a delivery report");
    }
    if header("Auto-Submitted").is_some_and(|value| !value.starts_with("no")) {
        return Some("it says that it was sent automatically");
    }
    if header("Precedence")
        .is_some_and(|value| ["bulk", "junk", "list", "auto_reply"].contains(&value.as_str()))
    {
        return Some("it is bulk mail");
    }
    if header("Return-Path").is_some_and(|value| value.replace(' ', "") == "<>") {
        return Some("it has no sender to answer");
    }
    for name in [
        "X-Autoreply",
        "X-Autorespond",
        "X-Autoresponse",
        "X-Vacation",
        "X-Mail-Autoreply",
    ] {
        if header(name).is_some() {
            return Some("it is an automatic answer");
        }
    }
    if header("List-Id").is_some() || header("List-Unsubscribe").is_some() {
        return Some("it came through a mailing list");
    }
    let from = message
        .from()
        .and_then(Address::first)
        .and_then(|one| one.address());
    let local = from
        .and_then(|from| from.split('@').next())
        .unwrap_or_default();
    let robots = [
        "mailer-daemon",
        "postmaster",
        "no-reply",
        "noreply",
        "do-not-reply",
        "donotreply",
    ];
    if robots.contains(&local.to_ascii_lowercase().as_str()) {
        return Some("its sender is a program");
    }
    // Exchange and others announce holidays in the subject, without any header.
    let subject = message.subject().unwrap_or_default().to_lowercase();
    let begins = [
        "automatic reply:",
        "automatische antwort:",
        "réponse automatique :",
        "respuesta automática:",
        "risposta automatica:",
        "automatisch antwoord:",
        "resposta automática:",
        "out of office:",
        "abwesenheitsnotiz:",
        "undeliverable:",
        "autoreply:",
    ];
    begins
        .iter()
        .any(|words| subject.starts_with(words))
        .then_some("it is an automatic answer")
}

/// The sender's own words: of the plain part, or of the HTML where there is no other.
fn words(message: &Message<'_>) -> String {
    let plain = message.text_bodies().find_map(|part| match &part.body {
        PartType::Text(text) => Some((text.as_ref(), part)),
        _ => None,
    });
    if let Some((text, part)) = plain.filter(|(text, _)| !text.trim().is_empty()) {
        let kind = part.content_type();
        let attribute = |name| {
            kind.and_then(|kind| kind.attribute(name))
                .unwrap_or_default()
        };
        let text = match attribute("format").eq_ignore_ascii_case("flowed") {
            true => flowed::unfold(text, attribute("delsp").eq_ignore_ascii_case("yes")),
            false => text.to_owned(),
        };
        return quoted::own_words(&text);
    }
    let html = message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) if html.len() <= MAX_HTML => Some(html.as_ref()),
        _ => None,
    });
    html.map(|html| quoted::own_words(&markdown(html)))
        .unwrap_or_default()
}

/// HTML as Markdown. What programs put around a quote says where it begins, better than its words do.
fn markdown(html: &str) -> String {
    let own = &html[..end_of_own_html(html)];
    let converter = htmd::HtmlToMarkdown::builder()
        .skip_tags(vec![
            "script", "style", "head", "title", "img", "svg", "iframe", "object",
        ])
        .build();
    converter.convert(own).unwrap_or_default()
}

/// Where Gmail, Outlook, Thunderbird, Apple, Proton and Yahoo begin the quoted mail, when nothing of the sender follows it.
fn end_of_own_html(html: &str) -> usize {
    const BEGINS: [&str; 9] = [
        "class=\"gmail_quote",
        "class=\"gmail_attr\"",
        "id=\"divrplyfwdmsg\"",
        "id=\"appendonsend\"",
        "id=\"mail-editor-reference-message-container\"",
        "class=\"moz-cite-prefix\"",
        "class=\"protonmail_quote",
        "class=\"yahoo_quoted",
        "id=\"reply-intro\"",
    ];
    let lower = html.to_ascii_lowercase();
    let begin = BEGINS
        .iter()
        .filter_map(|words| lower.find(words))
        // The tag that carries it.
        .filter_map(|at| lower[..at].rfind('<'))
        .min();
    let Some(begin) = begin else {
        return html.len();
    };
    // Below the last quote there may be an answer: then the whole is kept, and judged line by line.
    let below = lower.rfind("</blockquote>").map_or("", |at| &lower[at..]);
    let follows = strip_tags(below)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .count()
        > 0;
    match follows {
        true => html.len(),
        false => begin,
    }
}

fn strip_tags(html: &str) -> String {
    let mut inside = false;
    html.chars()
        .filter(|c| {
            match c {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    return false;
                }
                _ => {}
            }
            !inside
        })
        .collect::<String>()
        .replace("&nbsp;", " ")
}

fn files(message: &Message<'_>) -> Vec<File> {
    message
        .attachments()
        .filter_map(|part| {
            let bytes = match &part.body {
                PartType::Binary(bytes) => bytes.to_vec(),
                PartType::InlineBinary(bytes) if bytes.len() > LOGO => bytes.to_vec(),
                PartType::Text(text) => text.as_bytes().to_vec(),
                PartType::Html(text) => text.as_bytes().to_vec(),
                _ => return None,
            };
            // A signature is a file for programs, not for people.
            let kind = part
                .content_type()
                .and_then(|kind| kind.subtype())
                .unwrap_or_default();
            if kind.contains("pgp-signature") || kind.contains("pkcs7-signature") {
                return None;
            }
            // A second text without a name is a footer that some list or gateway added.
            let name = part.attachment_name()?.to_owned();
            Some(File { name, bytes })
        })
        .collect()
}

/// The fields of the first recipient that a delivery report is about.
fn report(message: &Message<'_>) -> Option<Report> {
    let is = |part: &mail_parser::MessagePart<'_>, wanted: &str| {
        part.content_type().is_some_and(|kind| {
            kind.subtype()
                .is_some_and(|subtype| subtype.eq_ignore_ascii_case(wanted))
        })
    };
    let status = message
        .parts
        .iter()
        .find(|part| is(part, "delivery-status"))?;
    let text = String::from_utf8_lossy(status.contents());
    let field = |name: &str| {
        text.lines()
            .find_map(|line| {
                let (known, value) = line.split_once(':')?;
                known
                    .trim()
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
            .unwrap_or_default()
    };
    let address = |value: String| {
        value
            .rsplit(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    };
    let returned = message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(inner) => inner.message_id().and_then(fit_id),
        _ if is(part, "rfc822-headers") => String::from_utf8_lossy(part.contents())
            .lines()
            .find_map(|line| {
                let (known, value) = line.split_once(':')?;
                let id = value.trim().trim_matches(['<', '>']);
                known
                    .eq_ignore_ascii_case("message-id")
                    .then(|| fit_id(id))
                    .flatten()
            }),
        _ => None,
    });
    Some(Report {
        action: field("Action").to_ascii_lowercase(),
        status: field("Status"),
        diagnostic: field("Diagnostic-Code").chars().take(300).collect(),
        recipient: address(field("Final-Recipient")),
        message_id: returned,
    })
}

#[cfg(test)]
mod tests;
