//! How boots ended.

use jiff::Timestamp;
use serde::Deserialize;
use weft_collector_core::{
    device::DeviceId,
    event::BootEnd,
    evidence::{BootEnded, DeviceBoots},
};
use weft_dashboards::queries;

use crate::telemetry::{Error, Telemetry};

#[derive(Deserialize)]
struct Row {
    device: DeviceId,
    total: u32,
    ends: Vec<End>,
}

/// In the order of the tuple in `evidence_boots.sql`.
#[derive(Deserialize)]
struct End(
    String,
    Timestamp,
    Timestamp,
    BootEnd,
    f64,
    String,
    String,
    String,
    Vec<String>,
);

impl Telemetry {
    pub(super) async fn evidence_boots(
        &self,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<DeviceBoots>, Error> {
        let rows: Vec<Row> = self
            .work(queries::EVIDENCE_BOOTS)
            .at("from", from)
            .at("now", now)
            .all()
            .await?;
        Ok(rows.into_iter().map(Row::boots).collect())
    }
}

impl Row {
    fn boots(self) -> DeviceBoots {
        let mut ends: Vec<BootEnded> = self.ends.into_iter().map(End::ended).collect();
        ends.sort_by(|a, b| (a.ended_at, &a.boot_id).cmp(&(b.ended_at, &b.boot_id)));
        DeviceBoots {
            device: self.device,
            boots: self.total,
            ends,
        }
    }
}

impl End {
    fn ended(self) -> BootEnded {
        let Self(
            boot_id,
            ended_at,
            started_at,
            end,
            confidence,
            initiator,
            stop_code,
            os_version,
            tags,
        ) = self;
        BootEnded {
            boot_id,
            started_at,
            ended_at,
            end,
            confidence,
            initiator,
            stop_code,
            os_version,
            tags,
        }
    }
}
