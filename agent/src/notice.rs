//! Notices of the collector for the owner, e.g. a thread about this laptop.
//!
//! Invariant: a notice is text and a path on the collector's own console; nothing else can be opened from it. The agent keeps the
//! last few for `status`; showing them on the desktop is the business of a helper in the owner's session, not of a service.

use serde::{Deserialize, Serialize};
use weft_proto::v1::Notice;

/// Notices kept.
pub const MAX_NOTICES: usize = 10;

/// Longest title and body.
const LONGEST: usize = 400;

/// One notice as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The collector's id: the same notice is kept once.
    pub id: String,
    /// Title.
    pub title: String,
    /// Body.
    pub body: String,
    /// A path on the console, or empty.
    pub url: String,
}

/// Takes a notice from the wire.
pub fn keep(kept: &mut Vec<Kept>, notice: &Notice) {
    // Control characters would let a notice draw on the owner's terminal.
    let clean = |text: &str| {
        text.chars()
            .filter(|c| !c.is_control())
            .take(LONGEST)
            .collect::<String>()
    };
    let is_path = notice.path.starts_with('/') && !notice.path.starts_with("//");
    let notice = Kept {
        id: clean(&notice.id),
        title: clean(&notice.title),
        body: clean(&notice.body),
        url: if is_path {
            clean(&notice.path)
        } else {
            String::new()
        },
    };
    kept.retain(|old| old.id != notice.id);
    kept.push(notice);
    let excess = kept.len().saturating_sub(MAX_NOTICES);
    kept.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_cannot_lead_elsewhere_or_draw_on_the_terminal() {
        let mut kept = Vec::new();
        let notice = Notice {
            id: "1".into(),
            title: "4 restarts\u{1b}[2J".into(),
            body: "3 colleagues are on it".into(),
            path: "//evil.example".into(),
        };
        keep(&mut kept, &notice);
        keep(&mut kept, &notice);
        assert_eq!(kept.len(), 1);
        assert_eq!(
            (kept[0].title.as_str(), kept[0].url.as_str()),
            ("4 restarts[2J", "")
        );
    }
}
