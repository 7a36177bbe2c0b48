//! The fleet at a glance: what the first screen shows.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use weft_collector_core::device::DeviceId;
use weft_dashboards::queries;

use super::{Error, Of, Telemetry};

/// Stored observations by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservationCounts {
    pub boot: u64,
    pub process: u64,
    pub app: u64,
    pub vitals: u64,
    pub inventory: u64,
    pub resume: u64,
    pub agent_health: u64,
}

/// Ends of boots on one day (`YYYY-MM-DD`, UTC).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootsOfDay {
    pub day: String,
    pub clean: u64,
    pub update: u64,
    pub unexpected: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnexpectedOfModel {
    pub model: String,
    pub devices: u64,
    pub unexpected: u64,
    pub per_device_week: f64,
}

/// Devices with an app in the week that begins on `week` (a Monday).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppOfWeek {
    pub week: String,
    pub app: String,
    pub name: String,
    pub devices: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsBuild {
    pub os_build: String,
    pub os_type: String,
    pub devices: u64,
}

/// Ends of boots of one device on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceDay {
    pub device: DeviceId,
    pub day: String,
    pub expected: u64,
    pub unexpected: u64,
}

#[derive(Deserialize)]
struct OfKind {
    kind: String,
    observations: u64,
}

#[derive(Deserialize)]
struct OfDevice {
    device: DeviceId,
    unexpected: u64,
}

#[derive(Deserialize)]
struct LastOf {
    device: DeviceId,
    last: Timestamp,
}

impl Telemetry {
    pub async fn observation_counts(&self, of: Of<'_>) -> Result<ObservationCounts, Error> {
        let rows: Vec<OfKind> = self
            .select(queries::OBSERVATION_COUNTS)
            .of(of)
            .all()
            .await?;
        let mut counts = ObservationCounts::default();
        for OfKind { kind, observations } in rows {
            match kind.as_str() {
                "boot" => counts.boot = observations,
                "process" => counts.process = observations,
                "app" => counts.app = observations,
                "vitals" => counts.vitals = observations,
                "inventory" => counts.inventory = observations,
                "resume" => counts.resume = observations,
                "agent_health" => counts.agent_health = observations,
                // A kind of a newer collector on the same store.
                _ => {}
            }
        }
        Ok(counts)
    }

    /// One row per day up to `now`, oldest first, without holes.
    pub async fn boots_by_day(
        &self,
        of: Of<'_>,
        now: Timestamp,
        days: u32,
    ) -> Result<Vec<BootsOfDay>, Error> {
        let from = back(now, days.saturating_sub(1));
        self.select(queries::BOOTS_BY_DAY)
            .of(of)
            .at("from", from)
            .at("to", now)
            .all()
            .await
    }

    /// Worst first.
    pub async fn unexpected_by_model(
        &self,
        of: Of<'_>,
        now: Timestamp,
        days: u32,
    ) -> Result<Vec<UnexpectedOfModel>, Error> {
        self.select(queries::MODELS)
            .of(of)
            .at("from", back(now, days))
            .at("to", now)
            .all()
            .await
    }

    /// Devices without an unexpected end are absent.
    pub async fn unexpected_by_device(
        &self,
        of: Of<'_>,
        now: Timestamp,
        days: u32,
    ) -> Result<BTreeMap<DeviceId, u64>, Error> {
        let asked = self
            .select(queries::UNEXPECTED_BY_DEVICE)
            .of(of)
            .at("from", back(now, days))
            .at("to", now);
        let rows: Vec<OfDevice> = asked.all().await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.device, row.unexpected))
            .collect())
    }

    pub async fn apps_by_week(
        &self,
        of: Of<'_>,
        now: Timestamp,
        weeks: u32,
    ) -> Result<Vec<AppOfWeek>, Error> {
        let from = back(now, weeks.saturating_mul(7));
        self.select(queries::APPS_BY_WEEK)
            .of(of)
            .at("from", from)
            .at("to", now)
            .all()
            .await
    }

    pub async fn os_builds(&self, of: Of<'_>) -> Result<Vec<OsBuild>, Error> {
        self.select(queries::OS_BUILDS).of(of).all().await
    }

    /// Days without an end are absent.
    pub async fn boots_by_device_day(
        &self,
        devices: &[DeviceId],
        now: Timestamp,
        days: u32,
    ) -> Result<Vec<DeviceDay>, Error> {
        let from = back(now, days.saturating_sub(1));
        let asked = self
            .select(queries::BOOTS_BY_DEVICE_DAY)
            .with("devices", devices);
        asked.at("from", from).at("to", now).all().await
    }

    /// When each device's last observation was stored, by the collector's clock.
    pub async fn last_reports(&self, of: Of<'_>) -> Result<BTreeMap<DeviceId, Timestamp>, Error> {
        let rows: Vec<LastOf> = self.select(queries::LAST_REPORTS).of(of).all().await?;
        Ok(rows.into_iter().map(|row| (row.device, row.last)).collect())
    }
}

pub(super) fn back(now: Timestamp, days: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days)))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
