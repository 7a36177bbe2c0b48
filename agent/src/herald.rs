//! Brings notices to the owner's desktop: decides when, and finds a way there.
//!
//! Invariant: showing never waits: a presenter is a child that is given its time and no more, at most [`AT_ONCE`] of them. A
//! notice that cannot be shown stays in `status`, and nobody is told whether one was seen.

use std::{path::PathBuf, process::Child, sync::Arc, time::Instant};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::sync::watch;

use crate::{
    notice::{Desktop, Kept},
    status::Board,
};

/// More at once is a flood, not news.
const AT_ONCE: usize = 3;

/// Longer than a presenter waits for a click.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(660);

/// What waited longer than this (a weekend of quiet hours) is no news on a desktop.
const STALE: SignedDuration = SignedDuration::from_hours(72);

/// Where a helper in the owner's session finds what a service cannot show itself: the service's runtime directory.
const HAND_OVER: &str = "notices.json";

/// See the module.
pub struct Herald {
    board: Arc<Board>,
    desktop: watch::Receiver<Desktop>,
    presenters: Vec<(Child, Instant)>,
    runtime: Option<PathBuf>,
}

impl Herald {
    /// `desktop`: the policy's part, as it changes.
    pub fn new(board: Arc<Board>, desktop: watch::Receiver<Desktop>) -> Self {
        Self {
            board,
            desktop,
            presenters: Vec::new(),
            // Given by systemd (RuntimeDirectory=).
            runtime: std::env::var_os("RUNTIME_DIRECTORY").map(PathBuf::from),
        }
    }

    /// Shows what may be shown now.
    pub fn show(&mut self, now: Timestamp) {
        self.presenters.retain_mut(|(child, begun)| {
            if begun.elapsed() > LONGEST {
                child.kill().ok();
            }
            matches!(child.try_wait(), Ok(None))
        });
        let desktop = self.desktop.borrow().clone();
        let local = now.to_zoned(TimeZone::system()).time();
        let due = self
            .board
            .with(|status| due(&status.notices, &desktop, local, now));
        for kept in due
            .into_iter()
            .take(AT_ONCE.saturating_sub(self.presenters.len()))
        {
            if self.present(&desktop, &kept) {
                self.board.publish(|status| {
                    for one in status.notices.iter_mut().filter(|one| one.id == kept.id) {
                        one.is_shown = true;
                    }
                });
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn present(&mut self, desktop: &Desktop, kept: &Kept) -> bool {
        use crate::notice::session;
        let own = weft_agent_sys::account::uid();
        let mut is_shown = self.leave(desktop, kept);
        let Ok(program) = std::env::current_exe() else {
            return is_shown;
        };
        for bus in session::buses(own) {
            match session::presenter(&program, &bus, own).spawn() {
                Ok(child) => is_shown |= self.feed(child, desktop, kept),
                Err(error) => tracing::debug!(%error, "a notice could not be shown"),
            }
        }
        is_shown
    }

    #[cfg(not(target_os = "linux"))]
    fn present(&mut self, desktop: &Desktop, kept: &Kept) -> bool {
        use std::process::{Command, Stdio};
        if self.leave(desktop, kept) {
            return true;
        }
        let spawned = std::env::current_exe().and_then(|program| {
            Command::new(program)
                .args(["notice", "present"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
        });
        match spawned {
            Ok(child) => self.feed(child, desktop, kept),
            Err(error) => {
                tracing::debug!(%error, "a notice could not be shown");
                false
            }
        }
    }

    /// A notice is under a kilobyte: the pipe takes it whole.
    fn feed(&mut self, mut child: Child, desktop: &Desktop, kept: &Kept) -> bool {
        let fed = child
            .stdin
            .take()
            .is_some_and(|stdin| serde_json::to_writer(stdin, &desktop.shown(kept)).is_ok());
        self.presenters.push((child, Instant::now()));
        fed
    }

    /// For the helper: everything that may be shown, in a file that people on this laptop can read.
    fn leave(&self, desktop: &Desktop, kept: &Kept) -> bool {
        let Some(runtime) = &self.runtime else {
            return false;
        };
        let path = runtime.join(HAND_OVER);
        let mut left: Vec<serde_json::Value> = crate::state::load(&path).unwrap_or_default();
        let Ok(mut one) = serde_json::to_value(desktop.shown(kept)) else {
            return false;
        };
        one["id"] = kept.id.clone().into();
        left.retain(|old| old["id"] != one["id"]);
        left.push(one);
        let excess = left.len().saturating_sub(crate::notice::MAX_NOTICES);
        left.drain(..excess);
        let stored = crate::state::store(&path, &left);
        #[cfg(unix)]
        if stored.is_ok() {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).ok();
        }
        if let Err(error) = &stored {
            tracing::debug!(%error, "a notice could not be left for the session's helper");
        }
        stored.is_ok()
    }
}

/// What may appear now, oldest first.
fn due(notices: &[Kept], desktop: &Desktop, local: jiff::civil::Time, now: Timestamp) -> Vec<Kept> {
    if desktop.is_disabled || desktop.is_quiet(local) {
        return Vec::new();
    }
    let is_fresh = |kept: &&Kept| !kept.is_shown && now.duration_since(kept.at) < STALE;
    notices.iter().filter(is_fresh).cloned().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use weft_proto::v1::Notices;

    #[test]
    fn waits_for_the_end_of_quiet_hours_and_obeys_it() {
        let desktop = |disabled| {
            Desktop::of(Notices {
                disabled,
                quiet_from: "18:00".into(),
                quiet_until: "08:00".into(),
                ..Notices::default()
            })
        };
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let kept = |id: &str, is_shown, hours| Kept {
            id: id.into(),
            is_shown,
            at: now - SignedDuration::from_hours(hours),
            ..Kept::default()
        };
        let notices = [
            kept("new", false, 1),
            kept("old", false, 100),
            kept("shown", true, 1),
        ];
        let ids = |disabled, hour| {
            let local = jiff::civil::time(hour, 0, 0, 0);
            let due = due(&notices, &desktop(disabled), local, now);
            due.into_iter().map(|kept| kept.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(false, 9), ["new"]);
        assert!(ids(false, 20).is_empty() && ids(true, 9).is_empty());
    }
}
