//! The apps of the fleet: what the review of shadow IT starts from. Teams and verdicts are the control store's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weft_collector_core::device::DeviceId;
use weft_dashboards::queries;

use super::{Error, Telemetry};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppOfFleet {
    pub app: String,
    pub name: String,
    pub category: String,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub bytes_changed_30d: u64,
    /// Devices on which it ran when last looked at.
    pub running: u64,
    /// Where it is now.
    pub devices: Vec<DeviceId>,
    /// (Monday, devices), the last twelve weeks, oldest first.
    pub trend: Vec<(String, u64)>,
}

impl Telemetry {
    /// Every app that was ever seen, the most common first.
    pub async fn apps(&self, now: Timestamp) -> Result<Vec<AppOfFleet>, Error> {
        self.select(queries::APPS).at("now", now).all().await
    }
}
