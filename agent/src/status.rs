//! What the agent says about itself while it runs, for `weft-agent status`.
//!
//! Invariant: the running agent writes the file whole, now and then and at every change of the connection, from one place; who
//! changes something never waits for the disk. The command only reads it. A file that is older than two intervals means that no agent runs.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::state;

const FILE: &str = "status.json";

/// Written at least this often.
pub const INTERVAL: std::time::Duration = std::time::Duration::from_secs(30);

/// Older than this, nobody writes it any more.
const STALE: SignedDuration = SignedDuration::from_secs(75);

/// The last word of an agent that ended in order.
pub const STOPPED: &str = "stopped";

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// When this was written.
    pub written_at: Timestamp,
    /// When this agent started.
    pub started_at: Timestamp,
    /// Its process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// The device.
    pub device_id: String,
    /// Its name.
    pub device_name: String,
    /// The collector.
    pub server: String,
    /// "connected", "connecting", "waiting", "stopped".
    pub connection: String,
    /// "HTTP/2", or "HTTPS/1.1" where the network breaks it.
    pub protocol: String,
    /// The proxy in between, credentials masked; "none".
    pub proxy: String,
    /// Since when it is like this.
    pub connection_since: Timestamp,
    /// Why it is not connected, and what to do.
    pub fault: Option<String>,
    /// When the collector last acknowledged something.
    pub acknowledged_at: Option<Timestamp>,
    /// Observations that the collector acknowledged, of this spool's life.
    pub acknowledged: u64,
    /// Observations that wait.
    pub waiting: u64,
    /// Bytes of the spool.
    pub spool_usage: u64,
    /// Observations lost in the spool, by reason.
    pub lost: std::collections::BTreeMap<String, u64>,
    /// Observations that a quota or a full disk refused since the spool's epoch began, by kind.
    pub dropped: std::collections::BTreeMap<String, u64>,
    /// The collector refused these (number, code, detail), newest last.
    pub rejections: Vec<String>,
    /// CPU seconds since the start.
    pub cpu_time: f64,
    /// Resident bytes, now and at most.
    pub memory_usage: u64,
    /// Largest resident size so far.
    pub memory_peak: u64,
    /// Bytes over the network since the start.
    pub network_io: u64,
    /// What today cost, over restarts.
    pub today: crate::limits::Cost,
    /// What runs slower than usual and why.
    pub degraded: Vec<String>,
    /// What this agent cannot see and why.
    pub blind_spots: Vec<String>,
    /// The policy in force.
    pub policy_version: u64,
    /// What IT asks beyond the defaults.
    pub disclosures: Vec<String>,
    /// When the certificate ends and is renewed.
    pub certificate_expires: Option<Timestamp>,
    /// When it will be renewed.
    pub certificate_renews: Option<Timestamp>,
    /// Notices from IT, newest last.
    pub notices: Vec<crate::notice::Kept>,
}

/// Shared by the tasks that know parts of it.
pub struct Board {
    path: PathBuf,
    status: Mutex<Status>,
    news: Notify,
}

impl Board {
    /// A board that writes into the state directory.
    pub fn new(state: &Path, status: Status) -> Self {
        Self {
            path: state.join(FILE),
            status: Mutex::new(status),
            news: Notify::new(),
        }
    }

    /// Changes something.
    pub fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Looks at it.
    pub fn with<T>(&self, look: impl FnOnce(&Status) -> T) -> T {
        look(&self.status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes something that the owner should see at once: whoever writes the file is woken.
    pub fn publish(&self, change: impl FnOnce(&mut Status)) {
        self.update(change);
        self.news.notify_one();
    }

    /// Something was published.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Changes something and writes the file. Waits for the disk.
    pub fn write(&self, now: Timestamp, change: impl FnOnce(&mut Status)) {
        let snapshot = {
            let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut status);
            status.written_at = now;
            status.clone()
        };
        if let Err(error) = state::store(&self.path, &snapshot) {
            tracing::debug!(%error, "the status file could not be written");
        }
    }

    /// The connection's state changed.
    pub fn connection(&self, now: Timestamp, word: &str, fault: Option<String>) {
        self.publish(|status| {
            if status.connection != word {
                status.connection_since = now;
            }
            status.connection = word.to_owned();
            status.fault = fault;
        });
    }
}

/// The last status that an agent wrote.
pub fn read(state: &Path) -> Option<Status> {
    state::load(&state.join(FILE))
}

impl Status {
    /// Whether the agent that wrote this still runs.
    pub fn is_live(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.written_at);
        self.connection != STOPPED && age < STALE && age > -STALE
    }

    /// In a few words, for a service manager.
    pub fn summary(&self) -> String {
        let mut words = format!("{}, {} observations wait", self.connection, self.waiting);
        if let Some(fault) = &self.fault {
            words.push_str(&format!(" ({fault})"));
        }
        if let Some(degraded) = self.degraded.first() {
            words.push_str(&format!("; {degraded}"));
        }
        words
    }

    /// For people.
    pub fn describe(&self, now: Timestamp) -> String {
        let mut lines = Vec::new();
        let live = self.is_live(now);
        lines.push(match live {
            true => format!(
                "agent      running since {:.0}, version {}, process {}",
                self.started_at, self.version, self.pid
            ),
            false => format!("agent      NOT running (last word {:.0})", self.written_at),
        });
        lines.push(format!(
            "device     {} ({})",
            self.device_name, self.device_id
        ));
        lines.push(format!("collector  {}", self.server));
        if live {
            let mut words = format!(
                "connection {} since {:.0}",
                self.connection, self.connection_since
            );
            if self.connection == "connected" && !self.protocol.is_empty() {
                words.push_str(&format!(", {}", self.protocol));
            }
            if !matches!(self.proxy.as_str(), "" | "none") {
                words.push_str(&format!(", through {}", self.proxy));
            }
            lines.push(words);
        }
        if let Some(fault) = &self.fault {
            lines.push(format!("           {fault}"));
        }
        lines.push(format!(
            "sent       {} observations acknowledged, {} waiting ({} bytes on disk)",
            self.acknowledged, self.waiting, self.spool_usage
        ));
        for (what, map) in [("lost", &self.lost), ("dropped", &self.dropped)] {
            let parts: Vec<String> = map
                .iter()
                .filter(|(_, n)| **n > 0)
                .map(|(word, n)| format!("{n} {word}"))
                .collect();
            if !parts.is_empty() {
                lines.push(format!("{what:<10} {}", parts.join(", ")));
            }
        }
        lines.push(format!(
            "cost       today {:.1} s CPU, {:.1} kB network; memory {:.1} MiB (at most {:.1}); {:.1} MiB on disk",
            self.today.cpu_time,
            self.today.network_io as f64 / 1000.0,
            self.memory_usage as f64 / 1_048_576.0,
            self.today.memory_peak.max(self.memory_usage) as f64 / 1_048_576.0,
            self.today.disk_usage as f64 / 1_048_576.0,
        ));
        lines.push(format!(
            "           since its start {:.1} s CPU, {:.1} kB network, memory at most {:.1} MiB",
            self.cpu_time,
            self.network_io as f64 / 1000.0,
            self.memory_peak as f64 / 1_048_576.0,
        ));
        lines.push(match self.disclosures.is_empty() {
            true => format!("policy     version {}; privacy at its defaults: no command lines, no host name, no paths below your home", self.policy_version),
            false => format!("policy     version {}; {}", self.policy_version, self.disclosures.join("; ")),
        });
        if let Some(expires) = self.certificate_expires {
            lines.push(format!("identity   certificate until {expires:.0}"));
        }
        lines.extend(
            self.degraded
                .iter()
                .map(|words| format!("slower     {words}")),
        );
        lines.extend(
            self.blind_spots
                .iter()
                .map(|words| format!("not seen   {words}")),
        );
        lines.extend(
            self.rejections
                .iter()
                .map(|words| format!("refused    {words}")),
        );
        lines.extend(self.notices.iter().map(|notice| {
            format!(
                "notice     {}: {} ({})",
                notice.title, notice.body, notice.url
            )
        }));
        lines.push(
            "see        weft-agent sent --last 24h shows every record that left this laptop"
                .to_owned(),
        );
        lines.join("\n")
    }
}
