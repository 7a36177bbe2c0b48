//! What the API asks of telemetry: one question per screen part, and the answers in the shapes that people see.
//!
//! **Invariant: nothing here decides who may ask.** It is a trait so that every route can be tested without an engine;
//! the one that runs is [`telemetry`]. Not for detectors, which read evidence.

mod telemetry;

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weft_collector_core::{
    books::Books,
    device::{DeviceId, Traits},
    evidence::AppUse,
    finding::Finding,
};
use weft_collector_store::telemetry::{Behind, EndsOfMonth, Restarts};

/// The answer to a question, or why there is none (for the log, not for the caller).
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ReadError>>;

/// Telemetry did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct ReadError {
    pub words: String,
    /// It may answer when asked again.
    pub passing: bool,
}

/// Which laptops a question is about.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    Everybody,
    These(&'a [DeviceId]),
}

/// A stretch of time: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// Where a page of observations begins.
pub type ObservationPlace = (Timestamp, Uuid, u64);

pub trait Reads: Send + Sync {
    /// The engine's version.
    fn engine(&self) -> Answer<'_, String>;
    /// Stored observations per kind.
    fn observation_counts<'a>(&'a self, who: Who<'a>) -> Answer<'a, BTreeMap<String, u64>>;
    /// What ClickHouse knows of the books: `sent` is 0 here.
    fn books<'a>(&'a self, who: Who<'a>) -> Answer<'a, BTreeMap<DeviceId, Books>>;
    fn losses(&self, device: DeviceId) -> Answer<'_, Vec<Loss>>;
    /// The last `days` days, today included, oldest first.
    fn boots_by_day<'a>(
        &'a self,
        who: Who<'a>,
        now: Timestamp,
        days: u32,
    ) -> Answer<'a, Vec<BootsOfDay>>;
    fn boots_by_device_day<'a>(
        &'a self,
        devices: &'a [DeviceId],
        now: Timestamp,
        days: u32,
    ) -> Answer<'a, Vec<DeviceDay>>;
    fn models<'a>(&'a self, who: Who<'a>, now: Timestamp, days: u32) -> Answer<'a, Vec<ModelRow>>;
    fn apps_by_week<'a>(
        &'a self,
        who: Who<'a>,
        now: Timestamp,
        weeks: u32,
    ) -> Answer<'a, Vec<AppWeek>>;
    fn os_builds<'a>(&'a self, who: Who<'a>) -> Answer<'a, Vec<OsBuild>>;
    /// Unexpected ends per device in the last `days` days.
    fn unexpected<'a>(
        &'a self,
        who: Who<'a>,
        now: Timestamp,
        days: u32,
    ) -> Answer<'a, BTreeMap<DeviceId, u64>>;
    fn inventory(&self, device: DeviceId) -> Answer<'_, Option<Inventory>>;
    fn health(&self, device: DeviceId) -> Answer<'_, Option<Health>>;
    /// Newest first.
    fn boots(&self, device: DeviceId, span: Span, limit: u64, offset: u64)
    -> Answer<'_, Vec<Boot>>;
    fn processes(&self, device: DeviceId, limit: u64, offset: u64) -> Answer<'_, Vec<Process>>;
    fn device_apps(&self, device: DeviceId) -> Answer<'_, Vec<DeviceApp>>;
    /// A few hundred points, oldest first.
    fn vitals(&self, device: DeviceId, span: Span) -> Answer<'_, VitalsSeries>;
    /// The literal records, newest first.
    fn observations<'a>(
        &'a self,
        device: DeviceId,
        kind: &'a str,
        span: Span,
        after: Option<ObservationPlace>,
        limit: u64,
    ) -> Answer<'a, Vec<SentRecord>>;
    /// The observations behind a finding on these laptops, and the SQL that shows them.
    fn behind<'a>(&'a self, finding: &'a Finding, devices: &'a [DeviceId]) -> Answer<'a, Behind>;
    /// Every app seen anywhere.
    fn apps(&self, now: Timestamp) -> Answer<'_, Vec<FleetApp>>;
    /// How the sessions of these laptops ended, as detectors read it.
    fn restarts(
        &self,
        devices: BTreeMap<DeviceId, Traits>,
        from: Timestamp,
        now: Timestamp,
    ) -> Answer<'_, Restarts>;
    /// Which app is on which laptop, as detectors read it.
    fn app_uses(&self, from: Timestamp, now: Timestamp) -> Answer<'_, Vec<AppUse>>;
    fn ends_by_month(&self, from: Timestamp, now: Timestamp) -> Answer<'_, Vec<EndsOfMonth>>;
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Loss {
    pub at: Timestamp,
    pub reason: String,
    pub count: u64,
    /// `rejected` or `lost`.
    pub kind: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BootsOfDay {
    /// `YYYY-MM-DD`, UTC.
    pub day: String,
    pub clean: u64,
    pub update: u64,
    pub unexpected: u64,
}

/// Ends of one device's boots on one day.
#[derive(Clone, Debug)]
pub struct DeviceDay {
    pub device: DeviceId,
    pub day: String,
    pub expected: u64,
    pub unexpected: u64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelRow {
    pub model: String,
    pub devices: u64,
    pub unexpected: u64,
    pub per_device_week: f64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppWeek {
    /// Its Monday.
    pub week: String,
    pub app: String,
    pub name: String,
    pub devices: u64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OsBuild {
    pub os_build: String,
    pub os_type: String,
    pub devices: u64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
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
    /// Bytes.
    pub memory_limit: u64,
    pub bios_version: String,
    pub chassis: String,
    pub disks: Vec<Disk>,
    pub batteries: Vec<Battery>,
    pub components: Vec<Component>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Disk {
    pub name: String,
    pub model: String,
    /// Bytes.
    pub size: u64,
    #[serde(rename = "type")]
    pub disk_type: String,
    #[schema(required)]
    pub endurance_utilization: Option<f64>,
    pub health: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Battery {
    pub model: String,
    /// Full charge over design, 0..1.
    pub health: f64,
    #[schema(required)]
    pub cycles: Option<u32>,
    pub chemistry: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Component {
    pub name: String,
    pub version: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    pub observed_at: Timestamp,
    pub service_version: String,
    /// Seconds.
    pub cpu_time: f64,
    pub memory_usage: u64,
    pub spool_usage: u64,
    pub network_io: u64,
    pub degraded: Vec<String>,
    pub blind_spots: Vec<String>,
    pub dropped: BTreeMap<String, u64>,
    pub redacted: BTreeMap<String, u64>,
    /// Seconds.
    pub clock_step: f64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Boot {
    pub boot_id: String,
    pub started_at: Timestamp,
    #[schema(required)]
    pub ended_at: Option<Timestamp>,
    pub end: String,
    pub confidence: f64,
    pub initiator: String,
    pub stop_code: String,
    pub evidence: Vec<String>,
    pub tags: Vec<String>,
    pub os_version: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Process {
    pub executable_name: String,
    pub executable_path: String,
    pub executable_sha256: String,
    pub package: String,
    pub signer: String,
    pub parent_executable_name: String,
    pub user_class: String,
    pub place: String,
    #[schema(required)]
    pub first_seen: Option<Timestamp>,
    pub last_seen: Timestamp,
    pub starts: u64,
    /// Seconds.
    pub cpu_time: f64,
    pub memory_usage: u64,
    pub traits: Vec<String>,
    pub devices_in_fleet: u64,
}

/// An app on one device, without the verdict.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct VitalsSeries {
    pub at: Vec<Timestamp>,
    pub cpu_utilization: Vec<f64>,
    pub memory_usage: Vec<u64>,
    pub memory_limit: Vec<u64>,
    pub disk_usage_ratio: Vec<Option<f64>>,
    pub temperature_max: Vec<Option<f64>>,
    pub battery_charge: Vec<Option<f64>>,
}

/// A literal record as it was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SentRecord {
    pub seq: u64,
    pub epoch: Uuid,
    pub observed_at: Timestamp,
    pub kind: String,
    /// The canonical JSON of its protobuf message.
    #[schema(value_type = Object)]
    pub observation: serde_json::Value,
}

/// An app in the fleet, without verdicts and teams.
#[derive(Clone, Debug)]
pub struct FleetApp {
    pub app: String,
    pub name: String,
    pub category: String,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub bytes_changed_30d: u64,
    pub running: u64,
    /// Where it is now.
    pub devices: Vec<DeviceId>,
    /// (Monday, devices), oldest first.
    pub trend: Vec<(String, u64)>,
}
