//! A letter with its headers, as a mail server takes it.
//!
//! **Invariant: From is always ours** (so that DKIM and DMARC of our own domain hold); who speaks is only a name there. Every
//! header is built by the library, which encodes what it is given; what people wrote passed [`address::shown`] or
//! `threads::source` first, so nothing in it begins a new header.

use jiff::Timestamp;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use super::{MailError, address, face::Face, settings::Settings};

/// Message-IDs in References: RFC 5322 wants them all, programs need the first and the last.
const MOST_REFERENCES: usize = 10;

/// A thread's title and a mark before it; RFC 5322 allows no line of more than 998 letters.
const MAX_SUBJECT: usize = 240;

/// Everything but the words.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    pub to: String,
    /// Who speaks; empty: the collector.
    pub speaker: String,
    pub message_id: String,
    /// The post that this one answers, if its mail is known.
    pub in_reply_to: Option<String>,
    /// From the thread's root on.
    pub references: Vec<String>,
    pub reply_to: Option<String>,
    /// "help.weft.example.org".
    pub list_id: Option<String>,
    pub archive: Option<String>,
    /// The one-click address (RFC 8058).
    pub unsubscribe: Option<String>,
    /// Where it comes back to when nobody takes it; `None`: nowhere, it is an answer to a mail itself.
    pub bounce_to: Option<String>,
    /// It answers a mail.
    pub replied: bool,
}

/// The mail, with its envelope.
pub fn message(
    settings: &Settings,
    headers: &Headers,
    face: Face,
    at: Timestamp,
) -> Result<Message, MailError> {
    let failed = |error: &dyn std::fmt::Display| MailError::Write(error.to_string());
    let to: Address = headers.to.parse().map_err(|e| failed(&e))?;
    let speaker = address::shown(&headers.speaker);
    let ours = address::shown(&settings.name);
    let name = match speaker.is_empty() || speaker == ours {
        true => ours,
        false => format!("{speaker} ({ours})"),
    };
    let bounce_to = match &headers.bounce_to {
        Some(address) => Some(address.parse::<Address>().map_err(|e| failed(&e))?),
        None => None,
    };
    let envelope = Envelope::new(bounce_to, vec![to.clone()]).map_err(|e| failed(&e))?;
    let automatic = if headers.replied {
        "auto-replied"
    } else {
        "auto-generated"
    };
    let mut builder = Message::builder()
        .from(Mailbox::new(
            (!name.is_empty()).then_some(name),
            settings.from.clone(),
        ))
        .to(Mailbox::new(None, to))
        .subject(
            one_line(&face.subject)
                .chars()
                .take(MAX_SUBJECT)
                .collect::<String>(),
        )
        .date(at.into())
        .message_id(Some(headers.message_id.clone()))
        .envelope(envelope)
        .raw_header(raw("Auto-Submitted", automatic))
        // Holiday programs of all ages look at one of the two.
        .raw_header(raw("Precedence", "list"))
        .raw_header(raw("X-Auto-Response-Suppress", "All"));
    if let Some(parent) = &headers.in_reply_to {
        builder = builder.in_reply_to(parent.clone());
    }
    if !headers.references.is_empty() {
        let from = headers.references.len().saturating_sub(MOST_REFERENCES);
        builder = builder.references(headers.references[from..].join(" "));
    }
    if let Some(reply_to) = &headers.reply_to {
        let reply_to: Address = reply_to.parse().map_err(|e| failed(&e))?;
        builder = builder.reply_to(Mailbox::new(None, reply_to));
    }
    if let Some(list) = &headers.list_id {
        builder = builder.raw_header(raw("List-Id", &format!("<{list}>")));
    }
    if let Some(archive) = &headers.archive {
        builder = builder.raw_header(raw("List-Archive", &format!("<{archive}>")));
    }
    if let Some(link) = &headers.unsubscribe {
        builder = builder
            .raw_header(raw("List-Unsubscribe", &format!("<{link}>")))
            .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    builder
        .multipart(MultiPart::alternative_plain_html(face.plain, face.html))
        .map_err(|e| failed(&e))
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), one_line(value))
}

/// No header has a second line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use mail_parser::MessageParser;
    use secrecy::SecretString;

    use super::*;
    use crate::mail::tls::{Authorities, Encryption};

    fn settings() -> Settings {
        Settings {
            encryption: Encryption::None,
            host: "localhost".to_owned(),
            authorities: Authorities::default(),
            smtp: SecretString::from("smtp://localhost"),
            from: "weft@example.org".parse().unwrap(),
            name: "Weft".to_owned(),
            reply: None,
            mailbox: None,
            public_url: "https://weft.example.org".to_owned(),
        }
    }

    fn written(speaker: &str, subject: &str) -> String {
        let headers = Headers {
            to: "bob@example.org".to_owned(),
            speaker: speaker.to_owned(),
            message_id: "<post.1@example.org>".to_owned(),
            references: vec!["<thread.1@example.org>".to_owned()],
            list_id: Some("help.example.org".to_owned()),
            unsubscribe: Some("https://weft.example.org/mail/stop/abc".to_owned()),
            bounce_to: Some("weft+b1@example.org".to_owned()),
            ..Headers::default()
        };
        let face = Face {
            subject: subject.to_owned(),
            plain: "Grüße\n".to_owned(),
            html: "<p>Grüße</p>".to_owned(),
        };
        let message = message(&settings(), &headers, face, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(
            message.envelope().from().unwrap().to_string(),
            "weft+b1@example.org"
        );
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn names_and_subjects_begin_no_header() {
        for evil in [
            "Ada\r\nBcc: eve@example.org",
            "Ada\nBcc: eve@example.org\n\nbody",
            "Ada\u{2028}Bcc: eve@example.org",
            "=?utf-8?q?Ada=0D=0ABcc:_eve@example.org?=",
            "\"Ada\" <eve@example.org>",
            "\u{202E}gro.elpmaxe@eve",
            &"x".repeat(5000),
        ] {
            let mail = written(evil, evil);
            let head = mail.split("\r\n\r\n").next().unwrap();
            for line in head.split("\r\n") {
                assert!(!line.to_lowercase().starts_with("bcc:"), "{mail}");
                assert!(line.len() <= 998, "{} letters in a line", line.len());
            }
            let read = MessageParser::default().parse(mail.as_bytes()).unwrap();
            let from: Vec<_> = read.from().unwrap().iter().collect();
            assert_eq!(from.len(), 1, "{mail}");
            assert_eq!(from[0].address(), Some("weft@example.org"));
            assert!(!from[0].name().unwrap_or_default().contains('@'), "{mail}");
            assert!(read.bcc().is_none());
            assert_eq!(read.to().unwrap().iter().count(), 1);
        }
    }

    #[test]
    fn programs_and_providers_find_what_they_look_for() {
        let mail = written("Zoë Müller", "Re: Notebook startet neu – was tun?");
        let read = MessageParser::default().parse(mail.as_bytes()).unwrap();
        let from = read.from().unwrap().first().unwrap();
        assert_eq!(from.name(), Some("Zoë Müller (Weft)"));
        assert_eq!(read.subject(), Some("Re: Notebook startet neu – was tun?"));
        assert_eq!(read.message_id(), Some("post.1@example.org"));
        for (name, value) in [
            ("Auto-Submitted", "auto-generated"),
            ("Precedence", "list"),
            ("List-Id", "<help.example.org>"),
            (
                "List-Unsubscribe",
                "<https://weft.example.org/mail/stop/abc>",
            ),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ] {
            assert_eq!(read.header_raw(name).map(str::trim), Some(value), "{name}");
        }
        assert_eq!(read.body_text(0).unwrap().trim(), "Grüße");
        assert!(read.body_html(0).unwrap().contains("Grüße"));
    }
}
