//! An anomaly in words for a thread: what may be said to whom.
//!
//! **Invariant: an open space never learns about programs or apps, and never about a laptop whose owner is not the one
//! who speaks.** There only two things are told: an owner's own restarts and capacity, and groups of at least
//! [`ANONYMITY_FLOOR`] laptops in numbers. What people run is told in the security space, where only those read who may
//! open the anomaly; everything else in the staff space.

use weft_collector_core::{
    anomaly::Anomaly,
    authority::{ANONYMITY_FLOOR, Audience, is_private},
    device::DeviceId,
    finding::{Kind, Subject},
};

use super::source::MAX_TITLE;

/// Sentences of "why" that a first post repeats; the rest is one click away.
const SENTENCES: usize = 6;

/// Where an anomaly may be talked about, as one who may tell it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Everybody's space, in numbers only.
    OpenGroup,
    /// Everybody's space, by the laptop's owner.
    OpenOwner,
    Staff,
    Security,
}

impl Place {
    /// `own`: the devices of the one who speaks.
    pub fn of(anomaly: &Anomaly, own: &[DeviceId]) -> Self {
        let finding = &anomaly.finding;
        if is_private(finding.kind) {
            return Self::Security;
        }
        match &finding.subject {
            Subject::Device(device) if own.contains(device) => Self::OpenOwner,
            Subject::Device(_) => Self::Staff,
            Subject::Cohort(_) if finding.devices.len() >= ANONYMITY_FLOOR => Self::OpenGroup,
            Subject::Cohort(_) => Self::Staff,
        }
    }

    /// Whose spaces may hear it.
    pub fn audience(self) -> Audience {
        match self {
            Self::OpenGroup | Self::OpenOwner => Audience::Everyone,
            Self::Staff => Audience::Staff,
            Self::Security => Audience::Security,
        }
    }

    /// Slug of the space.
    pub fn space(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::Security, _) => "security",
            (Self::Staff, _) => "staff",
            (_, Kind::Capacity) => "hardware",
            _ => "help",
        }
    }
}

/// A thread's title: the anomaly's, cut to fit.
pub fn title(anomaly: &Anomaly) -> String {
    let title = &anomaly.finding.title;
    match title.chars().count() <= MAX_TITLE {
        true => title.clone(),
        false => title.chars().take(MAX_TITLE - 1).chain(['…']).collect(),
    }
}

/// The first post of a thread about an anomaly.
pub fn first_post(anomaly: &Anomaly, place: Place) -> String {
    let finding = &anomaly.finding;
    let mut post = format!("{}\n\n", literal(&finding.title));
    match place {
        // Sentences of "why" may name single laptops: a group is told in numbers.
        Place::OpenGroup => post.push_str(&format!(
            "- {} laptops are concerned.\n",
            finding.devices.len()
        )),
        Place::OpenOwner | Place::Staff | Place::Security => {
            for sentence in finding.why.iter().take(SENTENCES) {
                post.push_str(&format!("- {}\n", literal(sentence)));
            }
        }
    }
    let at_risk = finding.at_risk.len();
    // Those who are not hit are a group as well.
    let told = match place {
        Place::OpenGroup => at_risk >= ANONYMITY_FLOOR,
        Place::OpenOwner => false,
        Place::Staff | Place::Security => at_risk > 0,
    };
    if told {
        post.push_str(&format!(
            "- {} more share the cause and are not hit yet.\n",
            at_risk
        ));
    }
    post.push_str(&format!(
        "\nSeen from {} to {} (UTC). Severity: {}.\n",
        finding.from.strftime("%-d %B %Y %H:%M"),
        finding.to.strftime("%-d %B %Y %H:%M"),
        finding.severity.as_str()
    ));
    post.push_str(match place {
        Place::Staff | Place::Security => "\nWho knows more?",
        Place::OpenGroup | Place::OpenOwner => "\nHas anybody seen the same, or solved it?",
    });
    post
}

/// Breaks a mention or an address without being seen. People's posts cannot hold it (see `source`).
const WORD_JOINER: char = '\u{2060}';

/// A detector's words as text: names of programs and apps come from laptops and must not become Markdown, call a person
/// or lead anywhere.
pub fn literal(words: &str) -> String {
    let mut text = String::with_capacity(words.len() + 8);
    for c in words.chars() {
        match c {
            '\n' | '\r' => text.push(' '),
            '@' | ':' => text.extend([c, WORD_JOINER]),
            c if c.is_ascii_punctuation()
                && !matches!(c, '.' | ',' | '(' | ')' | '/' | '%' | '\'' | ';' | '?') =>
            {
                text.extend(['\\', c]);
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::render;

    #[test]
    fn words_from_laptops_stay_words() {
        for words in [
            "restarts every 2 h (± 4 min)",
            "new program *evil*_x_.exe [click](https://a.example) `x` <b>",
            "# heading @ana https://a.example ![x](y) &amp; | ~~z~~ \\",
        ] {
            let html = render::html(&literal(words), &|_| true);
            let text = html
                .replace("<p>", "")
                .replace("</p>", "")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&amp;", "&")
                .replace(WORD_JOINER, "");
            assert_eq!(text.trim(), words);
        }
    }
}
