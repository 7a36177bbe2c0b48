//! Hears what becomes of a notice on a freedesktop session bus: whether it was clicked.
//!
//! Invariant: it listens before the notice is sent, ends with its owner, and waits for a click no longer than [`CLICK`].
//!
//! Not here: showing, and other systems, whose notices answer for themselves.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use crate::notice::desktop::{self, Ending};

/// After this a notice has gone to the desktop's own list, and a click there opens nothing any more.
const CLICK: Duration = Duration::from_secs(600);

/// The monitor says so when it listens.
const LISTENING: Duration = Duration::from_secs(3);

/// A `gdbus monitor` that hears clicks.
pub(super) struct Monitor {
    child: Child,
    lines: Receiver<String>,
}

impl Monitor {
    /// `None` without `gdbus`; then a click opens nothing.
    pub(super) fn start() -> Option<Self> {
        let mut child = Command::new("gdbus")
            .args(desktop::gdbus_monitor())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (sender, lines) = channel();
        let stdout = child.stdout.take()?;
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let monitor = Self { child, lines };
        let deadline = Instant::now() + LISTENING;
        while let Some(line) = monitor.line(deadline) {
            if line.contains(" is owned by ") {
                break;
            }
        }
        Some(monitor)
    }

    fn line(&self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.lines.recv_timeout(left).ok()
    }

    pub(super) fn ending(&self, number: u32) -> Option<Ending> {
        let deadline = Instant::now() + CLICK;
        while let Some(line) = self.line(deadline) {
            if let Some(ending) = desktop::ending(&line, number) {
                return Some(ending);
            }
        }
        None
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
