//! One device: what its page shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weft_collector_core::{device::DeviceId, event::BootEnd};
use weft_dashboards::queries;

use super::{Error, Telemetry};

/// Most points of a series: more than a screen has pixels for a line.
pub const MAX_POINTS: u32 = 500;

/// Rows of a page of a list.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub offset: u32,
    pub limit: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    pub boot_id: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub end: BootEnd,
    pub confidence: f64,
    pub initiator: String,
    pub stop_code: String,
    pub evidence: Vec<String>,
    pub tags: Vec<String>,
    pub os_version: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Process {
    pub executable_name: String,
    pub executable_path: String,
    pub executable_sha256: String,
    pub package: String,
    pub signer: String,
    pub parent_executable_name: String,
    pub user_class: String,
    pub place: String,
    pub first_seen: Option<Timestamp>,
    pub last_seen: Timestamp,
    pub starts: u64,
    pub cpu_time: f64,
    pub memory_usage: u64,
    pub traits: Vec<String>,
    pub devices_in_fleet: u64,
}

/// Without the verdict, which the control store knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceApp {
    pub app: String,
    pub name: String,
    pub category: String,
    pub state: String,
    pub confidence: f64,
    pub flags: Vec<String>,
    pub account: String,
    pub account_domain: String,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub files_changed: u64,
    pub bytes_changed: u64,
    pub evidence: Vec<String>,
}

/// Columns of equal length, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VitalsSeries {
    pub at: Vec<Timestamp>,
    pub cpu_utilization: Vec<f64>,
    pub memory_usage: Vec<u64>,
    pub memory_limit: Vec<u64>,
    pub disk_usage_ratio: Vec<Option<f64>>,
    pub temperature_max: Vec<Option<f64>>,
    pub battery_charge: Vec<Option<f64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    pub observed_at: Timestamp,
    pub device_manufacturer: String,
    pub device_model_name: String,
    pub host_arch: String,
    pub host_name: String,
    pub os_type: String,
    pub os_name: String,
    pub os_version: String,
    pub os_build_id: String,
    pub os_kernel: String,
    pub cpu_model_name: String,
    pub cpu_logical_count: u32,
    pub memory_limit: u64,
    pub bios_version: String,
    pub chassis: String,
    pub disks: Vec<Disk>,
    pub batteries: Vec<Battery>,
    pub components: Vec<Component>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disk {
    pub name: String,
    pub model: String,
    pub size: u64,
    pub r#type: String,
    pub endurance_utilization: Option<f64>,
    pub health: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Battery {
    pub model: String,
    pub health: f64,
    pub cycles: Option<u32>,
    pub chemistry: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    pub name: String,
    pub version: String,
}

/// The agent's newest word about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    pub observed_at: Timestamp,
    pub service_version: String,
    pub cpu_time: f64,
    pub memory_usage: u64,
    pub spool_usage: u64,
    pub network_io: u64,
    pub degraded: Vec<String>,
    pub blind_spots: Vec<String>,
    pub dropped: BTreeMap<String, u64>,
    pub redacted: BTreeMap<String, u64>,
    pub clock_step: f64,
}

#[derive(Deserialize)]
struct Point {
    at: Timestamp,
    cpu_utilization: f64,
    memory_usage: u64,
    memory_limit: u64,
    disk_usage_ratio: Option<f64>,
    temperature_max: Option<f64>,
    battery_charge: Option<f64>,
}

impl Telemetry {
    /// Boots that started in the window, newest first.
    pub async fn device_boots(
        &self,
        device: DeviceId,
        from: Timestamp,
        to: Timestamp,
        slice: Slice,
    ) -> Result<Vec<Boot>, Error> {
        let asked = self
            .select(queries::DEVICE_BOOTS)
            .with("device", device.0)
            .at("from", from)
            .at("to", to);
        asked
            .with("limit", slice.limit)
            .with("offset", slice.offset)
            .all()
            .await
    }

    /// Programs, the newest first.
    pub async fn device_processes(
        &self,
        device: DeviceId,
        slice: Slice,
    ) -> Result<Vec<Process>, Error> {
        let asked = self
            .select(queries::DEVICE_PROCESSES)
            .with("device", device.0);
        asked
            .with("limit", slice.limit)
            .with("offset", slice.offset)
            .all()
            .await
    }

    pub async fn device_apps(&self, device: DeviceId) -> Result<Vec<DeviceApp>, Error> {
        self.select(queries::DEVICE_APPS)
            .with("device", device.0)
            .all()
            .await
    }

    /// At most [`MAX_POINTS`] points; a step without data has none.
    pub async fn device_vitals(
        &self,
        device: DeviceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<VitalsSeries, Error> {
        let asked = self
            .select(queries::DEVICE_VITALS)
            .with("device", device.0)
            .at("from", from)
            .at("to", to);
        let points: Vec<Point> = asked.with("points", MAX_POINTS).all().await?;
        let mut series = VitalsSeries::default();
        for point in points {
            series.at.push(point.at);
            series.cpu_utilization.push(point.cpu_utilization);
            series.memory_usage.push(point.memory_usage);
            series.memory_limit.push(point.memory_limit);
            series.disk_usage_ratio.push(point.disk_usage_ratio);
            series.temperature_max.push(point.temperature_max);
            series.battery_charge.push(point.battery_charge);
        }
        Ok(series)
    }

    pub async fn device_inventory(&self, device: DeviceId) -> Result<Option<Inventory>, Error> {
        self.select(queries::DEVICE_INVENTORY)
            .with("device", device.0)
            .one()
            .await
    }

    pub async fn device_health(&self, device: DeviceId) -> Result<Option<Health>, Error> {
        self.select(queries::DEVICE_HEALTH)
            .with("device", device.0)
            .one()
            .await
    }
}
