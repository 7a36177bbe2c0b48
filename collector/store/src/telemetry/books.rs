//! Numbers: what is durable, where every observation ended, what was lost.
//!
//! **Invariant: a number counts once**, whether its row stands once or, until a merge, twice.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_collector_core::{books::Books, device::DeviceId};
use weft_dashboards::queries;

use super::{Error, Telemetry};

/// Losses shown per device. More than this is a story of its own; the books have the full count.
const MAX_LOSSES: u32 = 200;

/// Something that a device numbered and that is not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    pub at: Timestamp,
    pub reason: String,
    pub count: u64,
    /// `rejected` or `lost`.
    pub kind: String,
}

#[derive(Default, Deserialize)]
struct Reach {
    high: u64,
    settled: u64,
}

#[derive(Deserialize)]
struct Row {
    device: DeviceId,
    stored: u64,
    rejected: u64,
    lost: u64,
    dropped: u64,
}

impl Row {
    fn books(&self) -> Books {
        Books {
            sent: 0,
            stored: self.stored,
            rejected: self.rejected,
            dropped: self.dropped,
            lost: self.lost,
        }
    }
}

impl Telemetry {
    /// Highest number of this epoch up to which everything is durable; 0 when nothing is.
    pub async fn watermark(&self, device: DeviceId, epoch: Uuid) -> Result<u64, Error> {
        let reach = self.reach(queries::WATERMARK, device, epoch).await?;
        if reach.high == reach.settled {
            return Ok(reach.high);
        }
        Ok(self
            .reach(queries::WATERMARK_HOLE, device, epoch)
            .await?
            .high)
    }

    async fn reach(&self, sql: &str, device: DeviceId, epoch: Uuid) -> Result<Reach, Error> {
        let asked = self
            .select(sql)
            .with("device", device.0)
            .with("epoch", epoch);
        Ok(asked.one().await?.unwrap_or_default())
    }

    /// One device's books. `sent` is 0 here: what an agent numbered is known to [`crate::control`].
    pub async fn books(&self, device: DeviceId) -> Result<Books, Error> {
        let rows = self.books_of(&[device]).await?;
        Ok(rows.get(&device).copied().unwrap_or_default())
    }

    /// The books of every device that ever reported. `sent` is 0, as in [`Self::books`].
    pub async fn books_all(&self) -> Result<BTreeMap<DeviceId, Books>, Error> {
        self.books_of(&[]).await
    }

    /// The books of these; of every device when none is named.
    pub async fn books_of(&self, devices: &[DeviceId]) -> Result<BTreeMap<DeviceId, Books>, Error> {
        let rows: Vec<Row> = self
            .select(queries::BOOKS)
            .with("devices", devices)
            .all()
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.device, row.books()))
            .collect())
    }

    /// What is missing of a device, newest first.
    pub async fn losses(&self, device: DeviceId) -> Result<Vec<Loss>, Error> {
        self.select(queries::LOSSES)
            .with("device", device.0)
            .with("limit", MAX_LOSSES)
            .all()
            .await
    }
}
