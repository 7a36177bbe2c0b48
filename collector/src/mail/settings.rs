//! Where mail goes out and comes in: `[mail]` of the configuration, read and judged.
//!
//! **Invariant: what was accepted here can be used**: addresses are addresses, a reply address has one place for its token,
//! and URLs name a server. Whether the servers answer is the doctor's question.

use lettre::Address;
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use url::Url;

use super::tls::{Authorities, Encryption};
use crate::config;

/// Where the token stands in a reply address.
const TOKEN: &str = "{token}";

#[derive(Debug, Error)]
pub enum Unfit {
    #[error(
        "mail.smtp: {0}; write it like \"smtps://user:password@mail.example\" or \"smtp://mail.example:25\""
    )]
    Smtp(String),
    #[error("mail.imap: {0}; write it like \"imaps://user:password@mail.example/INBOX\"")]
    Imap(String),
    #[error("mail.from = {0:?} is no mail address; write it like \"weft@example.org\"")]
    From(String),
    #[error(
        "mail.reply = {0:?} is no reply address; write it like \"weft+{{token}}@example.org\" or \"{{token}}@reply.example.org\""
    )]
    Reply(String),
    #[error("mail.ca = {path:?} cannot be used: {why}; name a PEM file of authorities")]
    Ca { path: String, why: String },
    #[error("mail.imap takes answers, but mail.reply, to which they are sent, is empty")]
    NoReply,
}

/// A reply address with a place for its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyAddress {
    before: String,
    after: String,
}

impl ReplyAddress {
    fn read(text: &str) -> Option<Self> {
        let (before, after) = text.split_once(TOKEN)?;
        let template = Self {
            before: before.to_ascii_lowercase(),
            after: after.to_ascii_lowercase(),
        };
        // A token's place is in the local part, once, and 40 letters must fit there.
        let fits = after.starts_with('@')
            && !after.contains(TOKEN)
            && before.len() <= 20
            && template.address(&"x".repeat(40)).parse::<Address>().is_ok();
        fits.then_some(template)
    }

    pub fn address(&self, token: &str) -> String {
        format!("{}{token}{}", self.before, self.after)
    }

    /// The token in an address of this form.
    pub fn token(&self, address: &str) -> Option<String> {
        let lower = address.trim().to_ascii_lowercase();
        let token = lower
            .strip_prefix(&self.before)?
            .strip_suffix(&self.after)?;
        let plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain.then(|| token.to_owned())
    }

    pub fn domain(&self) -> &str {
        self.after.trim_start_matches('@')
    }
}

/// The mailbox that is asked.
#[derive(Clone, Debug)]
pub struct Mailbox {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    pub authorities: Authorities,
    pub user: String,
    pub password: SecretString,
    pub folder: String,
    /// Where taken messages are moved; empty: they stay, marked as read.
    pub done: String,
}

/// Mail, switched on.
#[derive(Clone, Debug)]
pub struct Settings {
    pub smtp: SecretString,
    /// How the way to that server is encrypted, and its name.
    pub encryption: Encryption,
    pub host: String,
    pub authorities: Authorities,
    pub from: Address,
    /// The sender's name where no person speaks, and behind theirs.
    pub name: String,
    pub reply: Option<ReplyAddress>,
    pub mailbox: Option<Mailbox>,
    /// Where the console is.
    pub public_url: String,
}

impl Settings {
    /// `None`: mail is off.
    pub fn read(mail: &config::Mail, public_url: &str) -> Result<Option<Self>, Unfit> {
        if mail.smtp.expose_secret().is_empty() {
            return Ok(None);
        }
        let (host, encryption) = server(mail.smtp.expose_secret()).map_err(Unfit::Smtp)?;
        let authorities = Authorities::read(&mail.ca).map_err(|why| Unfit::Ca {
            path: mail.ca.clone(),
            why,
        })?;
        let from: Address = mail
            .from
            .parse()
            .map_err(|_| Unfit::From(mail.from.clone()))?;
        let reply = match mail.reply.as_str() {
            "" => None,
            text => Some(ReplyAddress::read(text).ok_or_else(|| Unfit::Reply(text.to_owned()))?),
        };
        let mailbox = match mail.imap.expose_secret() {
            "" => None,
            url => Some(Mailbox {
                authorities: authorities.clone(),
                ..mailbox(url, &mail.done).map_err(Unfit::Imap)?
            }),
        };
        if mailbox.is_some() && reply.is_none() {
            return Err(Unfit::NoReply);
        }
        Ok(Some(Self {
            smtp: mail.smtp.clone(),
            encryption,
            host,
            authorities,
            from,
            name: mail.name.clone(),
            reply,
            mailbox,
            public_url: public_url.to_owned(),
        }))
    }

    /// In Message-IDs and list names: ours, and nobody else's.
    pub fn domain(&self) -> &str {
        match &self.reply {
            Some(reply) => reply.domain(),
            None => self.from.domain(),
        }
    }
}

/// The server that takes mail, and how it is spoken to.
fn server(url: &str) -> Result<(String, Encryption), String> {
    let parsed = Url::parse(url).map_err(|error| error.to_string())?;
    let encryption = Encryption::read(&parsed, "smtp", "smtps")?;
    match parsed.host_str() {
        Some(host) if !host.is_empty() => Ok((host.to_owned(), encryption)),
        _ => Err("it names no server".to_owned()),
    }
}

fn mailbox(url: &str, done: &str) -> Result<Mailbox, String> {
    let parsed = Url::parse(url).map_err(|error| error.to_string())?;
    let encryption = Encryption::read(&parsed, "imap", "imaps")?;
    let host = parsed.host_str().unwrap_or_default();
    if host.is_empty() || parsed.username().is_empty() {
        return Err("it names no server or no user".to_owned());
    }
    let decode = |text: &str| decoded(text).ok_or("it is not percent-encoded UTF-8");
    let folder = decode(parsed.path().trim_start_matches('/'))?;
    Ok(Mailbox {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: parsed.port().unwrap_or(match encryption {
            Encryption::AtOnce => 993,
            Encryption::StartTls | Encryption::None => 143,
        }),
        encryption,
        authorities: Authorities::default(),
        user: decode(parsed.username())?,
        password: SecretString::from(decode(parsed.password().unwrap_or_default())?),
        folder: match folder.is_empty() {
            true => "INBOX".to_owned(),
            false => folder,
        },
        done: done.to_owned(),
    })
}

/// Percent-encoded text as it was.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.extend(hex::decode(digits).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn mail(smtp: &str, from: &str, reply: &str, imap: &str) -> config::Mail {
        config::Mail {
            smtp: SecretString::from(smtp),
            from: from.to_owned(),
            name: "Weft".to_owned(),
            reply: reply.to_owned(),
            imap: SecretString::from(imap),
            done: String::new(),
            ca: String::new(),
        }
    }

    #[test]
    fn both_forms_of_reply_addresses_give_their_token_back() {
        for (template, address) in [
            ("weft+{token}@example.org", "weft+abc234@example.org"),
            ("{token}@reply.example.org", "abc234@reply.example.org"),
        ] {
            let reply = ReplyAddress::read(template).unwrap();
            assert_eq!(reply.address("abc234"), address);
            assert_eq!(reply.token(address).unwrap(), "abc234");
            assert_eq!(reply.token(&address.to_uppercase()).unwrap(), "abc234");
            for other in [
                "weft@example.org",
                "x@example.com",
                "",
                "abc234",
                "weft+@example.org",
            ] {
                assert_eq!(reply.token(other), None, "{other}");
            }
        }
        for wrong in [
            "weft@example.org",
            "weft@{token}",
            "{token}",
            "{token}@{token}",
            "a b{token}@x.y",
        ] {
            assert_eq!(ReplyAddress::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_cannot_work_is_told_with_an_example() {
        let read = |smtp, from, reply, imap| Settings::read(&mail(smtp, from, reply, imap), "");
        assert!(read("", "nonsense", "", "").unwrap().is_none());
        for (smtp, from, reply, imap, words) in [
            ("mail.example", "w@x.org", "", "", "smtps://"),
            ("http://mail.example", "w@x.org", "", "", "smtps://"),
            ("smtps://mail.example", "weft", "", "", "weft@example.org"),
            ("smtp://mail.example", "w@x.org", "", "", "tls=required"),
            (
                "smtps://mail.example",
                "w@x.org",
                "w@x.org",
                "",
                "{token}@reply",
            ),
            (
                "smtps://mail.example",
                "w@x.org",
                "",
                "imaps://u:p@h",
                "mail.reply",
            ),
            (
                "smtps://mail.example",
                "w@x.org",
                "w+{token}@x.org",
                "imaps://h",
                "imaps://user",
            ),
        ] {
            let error = read(smtp, from, reply, imap).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_mailbox_is_read_whole() {
        let mailbox = mailbox(
            "imaps://weft%40x.org:p%3A%2Fss@mail.example/Weft%20in",
            "Done",
        )
        .unwrap();
        assert_eq!(
            (
                mailbox.user.as_str(),
                mailbox.password.expose_secret(),
                mailbox.folder.as_str()
            ),
            ("weft@x.org", "p:/ss", "Weft in")
        );
        assert_eq!(
            (mailbox.port, mailbox.encryption, mailbox.done.as_str()),
            (993, Encryption::AtOnce, "Done")
        );
    }
}
