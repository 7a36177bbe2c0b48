//! Notices of the collector for the owner, e.g. a thread about this laptop.
//!
//! Invariant: a notice is text and a path on the collector's own console; nothing else can be opened from it. The agent keeps
//! the last few for `status` whether or not they appear on the desktop; whether they do is IT's switch, the quiet hours, and
//! before all the owner's own word (`weft-agent notice off`), which stays on this laptop.

pub mod desktop;
#[cfg(target_os = "linux")]
pub mod session;

use std::path::{Path, PathBuf};

use jiff::{Timestamp, civil::Time};
use serde::{Deserialize, Serialize};
use weft_proto::v1::{Notice, Notices};

/// Notices kept.
pub const MAX_NOTICES: usize = 10;

/// Longest title and body.
const LONGEST: usize = 400;

/// What of a path may be opened: enough for every page of the console, nothing that a shell or a URL could take otherwise.
const PATH_CHARACTERS: &str = "/-_.~?=&#%";

/// The owner's word, in the owner's own settings.
const OFF: &str = "notices-off";

/// One notice as kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The collector's id: the same notice is kept once.
    pub id: String,
    /// Title.
    pub title: String,
    /// Body.
    pub body: String,
    /// A path on the console, or empty.
    pub url: String,
    /// When it came.
    pub at: Timestamp,
    /// It was handed to the desktop, or need not be.
    pub is_shown: bool,
}

/// What the policy says about the desktop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desktop {
    /// IT wants none.
    pub is_disabled: bool,
    /// Local time, from and until.
    pub quiet: Option<(Time, Time)>,
    /// The console, without a "/" at its end; empty: notices carry no link.
    pub console_url: String,
}

impl Desktop {
    /// Takes what can be understood; the collector refuses the rest when IT writes it.
    pub fn of(policy: Notices) -> Self {
        let time = |text: &str| Time::strptime("%H:%M", text).ok();
        let url = policy.console_url.trim_end_matches('/');
        let is_plain =
            |rest: &str| rest.parse::<http::uri::Authority>().is_ok() && !rest.contains('@');
        let is_url = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"))
            .is_some_and(is_plain);
        Self {
            is_disabled: policy.disabled,
            quiet: time(&policy.quiet_from).zip(time(&policy.quiet_until)),
            console_url: if is_url {
                url.to_owned()
            } else {
                String::new()
            },
        }
    }

    /// Whether nothing may appear at this local time. The end is not quiet any more; equal ends are no quiet hours.
    pub fn is_quiet(&self, now: Time) -> bool {
        match self.quiet {
            Some((from, until)) if from <= until => (from..until).contains(&now),
            Some((from, until)) => now >= from || now < until,
            None => false,
        }
    }

    /// The notice as it is shown.
    pub fn shown(&self, kept: &Kept) -> desktop::Shown {
        let has_link = !self.console_url.is_empty() && !kept.url.is_empty();
        desktop::Shown {
            title: kept.title.clone(),
            body: kept.body.clone(),
            url: has_link.then(|| format!("{}{}", self.console_url, kept.url)),
        }
    }
}

/// Takes a notice from the wire. One that was there before keeps what became of it.
pub fn keep(kept: &mut Vec<Kept>, notice: &Notice, now: Timestamp) {
    // Control characters would let a notice draw on the owner's terminal, and marks of direction reorder what it says.
    let is_plain = |c: &char| {
        !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let clean = |text: &str| {
        text.chars()
            .filter(is_plain)
            .take(LONGEST)
            .collect::<String>()
    };
    let id = clean(&notice.id);
    if let Some(old) = kept.iter_mut().find(|old| old.id == id) {
        (old.title, old.body) = (clean(&notice.title), clean(&notice.body));
        return;
    }
    kept.push(Kept {
        id,
        title: clean(&notice.title),
        body: clean(&notice.body),
        url: if is_path(&notice.path) {
            notice.path.clone()
        } else {
            String::new()
        },
        at: now,
        is_shown: false,
    });
    let excess = kept.len().saturating_sub(MAX_NOTICES);
    kept.drain(..excess);
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= LONGEST
        && path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || PATH_CHARACTERS.contains(c))
}

/// The person's own settings directory, whoever runs the agent.
pub fn personal(env: impl Fn(&str) -> Option<String>) -> PathBuf {
    weft_agent_sys::dirs::locate(false, &env).config
}

/// Whether this person wants no notices.
pub fn is_off(personal: &Path) -> bool {
    personal.join(OFF).exists()
}

/// The owner's word.
///
/// # Errors
/// From the file system.
pub fn set_off(personal: &Path, is_off: bool) -> std::io::Result<()> {
    let path = personal.join(OFF);
    if is_off {
        std::fs::create_dir_all(personal)?;
        return std::fs::write(
            path,
            "no notices of the Weft agent: `weft-agent notice on` removes this file\n",
        );
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn notice(path: &str) -> Notice {
        Notice {
            id: "1".into(),
            title: "4 restarts\u{1b}[2J".into(),
            body: "3 colleagues \u{202e}are on it".into(),
            path: path.into(),
        }
    }

    #[test]
    fn a_notice_cannot_lead_elsewhere_or_draw_on_the_terminal() {
        let mut kept = Vec::new();
        keep(&mut kept, &notice("//evil.example"), NOW);
        kept[0].is_shown = true;
        keep(&mut kept, &notice("//evil.example"), NOW);
        assert_eq!(kept.len(), 1);
        assert!(kept[0].is_shown, "told once");
        assert_eq!(
            (
                kept[0].title.as_str(),
                kept[0].body.as_str(),
                kept[0].url.as_str()
            ),
            ("4 restarts[2J", "3 colleagues are on it", "")
        );
        for (path, expect) in [
            ("/threads/0190-ab?post=3#last", true),
            ("/a b", false),
            ("/';touch x", false),
            ("https://evil.example", false),
            ("/\\evil.example", false),
        ] {
            assert_eq!(is_path(path), expect, "{path}");
        }
    }

    #[test]
    fn quiet_hours_may_span_midnight() {
        let quiet = |from: &str, until: &str, now: &str| {
            let desktop = Desktop::of(Notices {
                quiet_from: from.into(),
                quiet_until: until.into(),
                ..Notices::default()
            });
            desktop.is_quiet(Time::strptime("%H:%M", now).unwrap())
        };
        assert!(quiet("18:00", "07:30", "23:00") && quiet("18:00", "07:30", "07:29"));
        assert!(!quiet("18:00", "07:30", "07:30") && !quiet("18:00", "07:30", "12:00"));
        assert!(quiet("12:00", "13:00", "12:30") && !quiet("12:00", "13:00", "13:00"));
        assert!(!quiet("12:00", "12:00", "12:00"));
        assert!(!quiet("", "", "03:00") && !quiet("nonsense", "07:00", "03:00"));
    }

    #[test]
    fn links_need_a_console() {
        let desktop = |url: &str| {
            Desktop::of(Notices {
                console_url: url.into(),
                ..Notices::default()
            })
        };
        let kept = Kept {
            url: "/threads/1".into(),
            ..Kept::default()
        };
        let url = |console: &str| desktop(console).shown(&kept).url;
        assert_eq!(
            url("https://weft.example.org/").unwrap(),
            "https://weft.example.org/threads/1"
        );
        for bad in [
            "",
            "javascript:alert(1)",
            "file:///etc",
            "https://a@b",
            "https://a/b c",
        ] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_owner_has_the_last_word() {
        let dir = tempfile::tempdir().unwrap();
        let personal = dir.path().join("weft");
        assert!(!is_off(&personal));
        set_off(&personal, true).unwrap();
        assert!(is_off(&personal));
        set_off(&personal, false).unwrap();
        set_off(&personal, false).unwrap();
        assert!(!is_off(&personal));
    }
}
