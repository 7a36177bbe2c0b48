//! The SQL behind screens and detectors, one file each in `queries/`, so that people can read, run and chart it.
//!
//! Parameters stand as `{name:Type}` (ClickHouse's own notation); times are microseconds since 1970. Who may run which
//! query is not decided here.

pub const APPS: &str = include_str!("../queries/apps.sql");
pub const APPS_BY_WEEK: &str = include_str!("../queries/apps_by_week.sql");
pub const BEHIND_APP: &str = include_str!("../queries/behind_app.sql");
pub const BEHIND_CAPACITY: &str = include_str!("../queries/behind_capacity.sql");
pub const BEHIND_COMPOUND: &str = include_str!("../queries/behind_compound.sql");
pub const BEHIND_PROCESS: &str = include_str!("../queries/behind_process.sql");
pub const BEHIND_REBOOT: &str = include_str!("../queries/behind_reboot.sql");
pub const BOOKS: &str = include_str!("../queries/books.sql");
pub const BOOTS_BY_DAY: &str = include_str!("../queries/boots_by_day.sql");
pub const BOOTS_BY_DEVICE_DAY: &str = include_str!("../queries/boots_by_device_day.sql");
pub const DEVICE_APPS: &str = include_str!("../queries/device_apps.sql");
pub const DEVICE_BOOTS: &str = include_str!("../queries/device_boots.sql");
pub const DEVICE_HEALTH: &str = include_str!("../queries/device_health.sql");
pub const DEVICE_INVENTORY: &str = include_str!("../queries/device_inventory.sql");
pub const DEVICE_OBSERVATIONS: &str = include_str!("../queries/device_observations.sql");
pub const DEVICE_PROCESSES: &str = include_str!("../queries/device_processes.sql");
pub const DEVICE_VITALS: &str = include_str!("../queries/device_vitals.sql");
pub const ENDS_BY_MONTH: &str = include_str!("../queries/ends_by_month.sql");
pub const EVIDENCE_APPS: &str = include_str!("../queries/evidence_apps.sql");
pub const EVIDENCE_BATTERIES: &str = include_str!("../queries/evidence_batteries.sql");
pub const EVIDENCE_BOOTS: &str = include_str!("../queries/evidence_boots.sql");
pub const EVIDENCE_DEVICES: &str = include_str!("../queries/evidence_devices.sql");
pub const EVIDENCE_FILESYSTEMS: &str = include_str!("../queries/evidence_filesystems.sql");
pub const EVIDENCE_INVENTORIES: &str = include_str!("../queries/evidence_inventories.sql");
pub const EVIDENCE_NAMES: &str = include_str!("../queries/evidence_names.sql");
pub const EVIDENCE_PROCESSES: &str = include_str!("../queries/evidence_processes.sql");
pub const EVIDENCE_PROCESS_RUNS: &str = include_str!("../queries/evidence_process_runs.sql");
pub const EVIDENCE_VITALS: &str = include_str!("../queries/evidence_vitals.sql");
pub const LAST_REPORTS: &str = include_str!("../queries/last_reports.sql");
pub const LOSSES: &str = include_str!("../queries/losses.sql");
pub const MODELS: &str = include_str!("../queries/models.sql");
pub const OBSERVATION_COUNTS: &str = include_str!("../queries/observation_counts.sql");
pub const OS_BUILDS: &str = include_str!("../queries/os_builds.sql");
pub const PROCESS_DAYS: &str = include_str!("../queries/process_days.sql");
pub const UNEXPECTED_BY_DEVICE: &str = include_str!("../queries/unexpected_by_device.sql");
pub const WATERMARK: &str = include_str!("../queries/watermark.sql");
pub const WATERMARK_HOLE: &str = include_str!("../queries/watermark_hole.sql");
