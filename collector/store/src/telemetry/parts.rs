//! What the table looks like on disk: for `doctor`, metrics and tests.

use serde::{Deserialize, Serialize};

use super::{Error, Telemetry};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub rows: u64,
    pub bytes_on_disk: u64,
}

impl Telemetry {
    /// The active parts of the observations. A number that keeps growing means that merges do not keep up.
    pub async fn parts(&self) -> Result<Vec<Part>, Error> {
        self.select(
            "SELECT name, rows, bytes_on_disk FROM system.parts \
             WHERE active AND database = currentDatabase() AND table = 'observations' ORDER BY name",
        )
        .all()
        .await
    }
}
