//! Forgetting: what is older than an organisation keeps it is deleted, and only that.
//!
//! **Invariant: the books stay what they were.** Before an observation goes it is folded: its number stays counted
//! (`book_pages`), and how far its epoch reaches stays known (`frontiers`), so no agent is ever asked for it again. An epoch
//! with a hole keeps everything until the hole is settled. Not here: devices that leave (`control`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Error, Telemetry, overview::back};

/// How many days each kind is kept after it was received; 0: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepDays {
    pub boot: u32,
    pub resume: u32,
    pub process: u32,
    pub app: u32,
    pub vitals: u32,
    pub inventory: u32,
    pub agent_health: u32,
    /// The reasons of what was rejected or lost; the counts stay.
    pub loss: u32,
}

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    pub observations: u64,
    /// Epochs that have a hole and therefore keep everything.
    pub kept_for_a_hole: u64,
}

#[derive(Deserialize)]
struct Count {
    count: u64,
}

/// Epochs whose settled numbers do not reach their last one.
const HOLED: &str = "SELECT device, epoch FROM \
    (SELECT device, epoch, page, max(reach) AS reach_ FROM book_pages GROUP BY device, epoch, page) AS pages \
    LEFT JOIN (SELECT device, epoch, max(seq) AS known FROM frontiers GROUP BY device, epoch) AS f USING (device, epoch) \
    GROUP BY device, epoch HAVING max(reach_) > max(known)";

impl Telemetry {
    /// Deletes what is too old at `now`. Doing it again, or after a crash in between, is harmless.
    pub async fn expire(&self, now: Timestamp, keep: &KeepDays) -> Result<Expired, Error> {
        self.fold(now).await?;
        self.work(include_str!("../../fold/frontiers.sql"))
            .run()
            .await?;
        let holed: Option<Count> = self
            .work(&format!("SELECT count() AS count FROM ({HOLED})"))
            .one()
            .await?;
        let mut expired = Expired {
            kept_for_a_hole: holed.map_or(0, |row| row.count),
            ..Expired::default()
        };
        if let Some(old) = keep.observations(now) {
            let old = format!(
                "({old}) AND stored_at < (SELECT max(stored_to) FROM folds) AND (device, epoch) NOT IN ({HOLED})"
            );
            expired.observations = self.forget("observations", &old).await?;
        }
        for (table, old) in keep.rollups(now) {
            self.forget(table, &old).await?;
        }
        Ok(expired)
    }

    /// Rewrites the parts that hold something of it; the others are not touched.
    async fn forget(&self, table: &str, old: &str) -> Result<u64, Error> {
        let found: Option<Count> = self
            .work(&format!("SELECT count() AS count FROM {table} WHERE {old}"))
            .one()
            .await?;
        let count = found.map_or(0, |row| row.count);
        if count > 0 {
            self.work(&format!(
                "ALTER TABLE {table} DELETE WHERE {old} SETTINGS mutations_sync = 1"
            ))
            .run()
            .await?;
            tracing::info!(table, rows = count, "expired");
        }
        Ok(count)
    }
}

impl KeepDays {
    /// The condition for observations; `None` when everything is kept for ever.
    fn observations(&self, now: Timestamp) -> Option<String> {
        let kinds = [
            ("boot", self.boot),
            ("resume", self.resume),
            ("process", self.process),
            ("app", self.app),
            ("vitals", self.vitals),
            ("inventory", self.inventory),
            ("agent_health", self.agent_health),
            // Rejected and lost numbers have no kind.
            ("", self.loss),
        ];
        let old: Vec<String> = kinds
            .into_iter()
            .filter(|(_, days)| *days > 0)
            .map(|(kind, days)| {
                format!("(kind = '{kind}' AND received_at < {})", moment(now, days))
            })
            .collect();
        (!old.is_empty()).then(|| old.join(" OR "))
    }

    /// (table, condition). A life counts as old when all of it is: one that a part still tells of must keep its beginning.
    fn rollups(&self, now: Timestamp) -> Vec<(&'static str, String)> {
        let lives = |table: &'static str, key: &str, days: u32| {
            let old = format!(
                "({key}) IN (SELECT {key} FROM {table} GROUP BY {key} HAVING max(last) < {})",
                moment(now, days)
            );
            (table, old, days)
        };
        let daily = |table: &'static str, days: u32| {
            let day = back(now, days).as_second().div_euclid(86_400);
            (table, format!("day < {day}"), days)
        };
        let every = [
            self.boot,
            self.resume,
            self.process,
            self.app,
            self.vitals,
            self.inventory,
            self.agent_health,
        ];
        let longest = match every.contains(&0) {
            true => 0,
            false => every.into_iter().max().unwrap_or(0),
        };
        let boots = format!(
            "(device, boot_id) IN (SELECT device, boot_id FROM boot_states GROUP BY device, boot_id \
             HAVING argMaxMerge(newest).9 < {})",
            moment(now, self.boot)
        );
        let all = [
            daily("device_days", longest),
            ("boot_states", boots, self.boot),
            lives(
                "program_lives",
                "name, owner, signed, path, sha, lies, device",
                self.process,
            ),
            lives("app_lives", "device, app", self.app),
            daily("vitals_days", self.vitals),
            daily("inventory_days", self.inventory),
            lives("component_lives", "device, name, version", self.inventory),
        ];
        all.into_iter()
            .filter(|(.., days)| *days > 0)
            .map(|(table, old, _)| (table, old))
            .collect()
    }
}

fn moment(now: Timestamp, days: u32) -> String {
    format!(
        "fromUnixTimestamp64Micro({}, 'UTC')",
        back(now, days).as_microsecond()
    )
}
