//! The schema: numbered SQL files, applied once each, in order. Statements are idempotent, so a crash in between heals.

use super::{DATABASE, Error, Telemetry, classify};

/// (version, name, statements). A released file never changes; a change is a new file.
const FILES: [(u32, &str, &str); 4] = [
    (
        1,
        "observations",
        include_str!("../../schema/0001_observations.sql"),
    ),
    (2, "views", include_str!("../../schema/0002_views.sql")),
    (3, "rollups", include_str!("../../schema/0003_rollups.sql")),
    (
        4,
        "dropped_sums",
        include_str!("../../schema/0004_dropped_sums.sql"),
    ),
];

impl Telemetry {
    /// Brings the database to this version. Cheap when there is nothing to do.
    pub async fn ensure_schema(&self) -> Result<(), Error> {
        let outside = self.client.clone().with_database("default");
        let create = format!("CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic");
        outside
            .query_raw(&create)
            .execute()
            .await
            .map_err(|error| classify(error, 1))?;
        self.execute(
            "CREATE TABLE IF NOT EXISTS schema_versions (version UInt32, name String, applied_at DateTime DEFAULT now()) \
             ENGINE = MergeTree ORDER BY version SETTINGS fsync_after_insert = 1",
        )
        .await?;

        let found = self.schema_version().await?;
        let known = FILES.last().map_or(0, |(version, ..)| *version);
        if found > known {
            return Err(Error::TooNew { found, known });
        }
        for (version, name, text) in FILES.iter().filter(|(version, ..)| *version > found) {
            for statement in statements(text) {
                self.execute(statement).await?;
            }
            self.execute(&format!(
                "INSERT INTO schema_versions (version, name) VALUES ({version}, '{name}')"
            ))
            .await?;
            tracing::info!(version, name, "telemetry schema applied");
        }
        Ok(())
    }

    async fn schema_version(&self) -> Result<u32, Error> {
        #[derive(serde::Deserialize)]
        struct Newest {
            version: u32,
        }
        let newest: Option<Newest> = self
            .select("SELECT max(version) AS version FROM schema_versions")
            .one()
            .await?;
        Ok(newest.map_or(0, |row| row.version))
    }

    async fn execute(&self, statement: &str) -> Result<(), Error> {
        self.client
            .query_raw(statement)
            .execute()
            .await
            .map_err(|error| classify(error, 1))
    }
}

/// The statements of a file: each ends with a semicolon at the end of a line.
fn statements(text: &str) -> impl Iterator<Item = &str> {
    text.split(";\n").map(str::trim).filter(|statement| {
        statement
            .lines()
            .any(|line| !line.trim().is_empty() && !line.trim_start().starts_with("--"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_without_holes() {
        for (index, (version, ..)) in FILES.iter().enumerate() {
            assert_eq!(*version as usize, index + 1);
        }
    }

    #[test]
    fn every_statement_can_be_said_again() {
        /// Setting a default and writing it out change nothing the second time.
        const AGAIN: [&str; 4] = [
            "IF NOT EXISTS",
            "CREATE OR REPLACE",
            "MODIFY COLUMN",
            "MATERIALIZE COLUMN",
        ];
        for (_, name, text) in FILES {
            for statement in statements(text) {
                assert!(
                    AGAIN.iter().any(|words| statement.contains(words)),
                    "{name}: {statement}"
                );
            }
        }
    }
}
