//! One observation inside the collector: who, when, in which numbered place, and what.
//!
//! The wire's messages become `Event`s in `collector::ingest` and nowhere else; an `Event` becomes a row in
//! `collector/store` and nowhere else. Field names follow `proto/weft/v1/observation.proto`, which documents them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::device::DeviceId;

/// A numbered observation of a device. (`device`, `epoch`, `seq`) is unique for ever.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub device: DeviceId,
    /// One life of the agent's spool.
    pub epoch: Uuid,
    pub seq: u64,
    /// The laptop's clock.
    pub observed_at: Timestamp,
    /// The collector's clock.
    pub received_at: Timestamp,
    pub simulated: bool,
    pub outcome: Outcome,
    /// Times that the store cannot hold, as they were told: (field, text). Nearly always empty.
    pub original_times: Vec<(String, String)>,
}

/// Every observation ends in exactly one of these.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Stored(Box<Observed>),
    /// Refused for a reason (machine word, words); settled, never sent again.
    Rejected {
        code: String,
        detail: String,
    },
    /// `span` numbers from `seq` on that the agent lost: `spool_full`, `expired`, `corrupt`, `undecodable`.
    Lost {
        reason: String,
        span: u64,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    Boot(Boot),
    Resume(Resume),
    Process(Process),
    App(App),
    Vitals(Vitals),
    Inventory(Inventory),
    AgentHealth(AgentHealth),
}

impl Observed {
    /// The observation's kind as it stands in ClickHouse, JSON and the books.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Boot(_) => "boot",
            Self::Resume(_) => "resume",
            Self::Process(_) => "process",
            Self::App(_) => "app",
            Self::Vitals(_) => "vitals",
            Self::Inventory(_) => "inventory",
            Self::AgentHealth(_) => "agent_health",
        }
    }
}

/// How a run of the kernel ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootEnd {
    Running,
    CleanRestart,
    CleanPoweroff,
    Update,
    Crash,
    ForcedOff,
    PowerLossOrHang,
    FailedBoot,
    #[default]
    Unknown,
}

impl BootEnd {
    /// Ends that nobody asked for.
    pub fn is_unexpected(self) -> bool {
        matches!(
            self,
            Self::Crash | Self::ForcedOff | Self::PowerLossOrHang | Self::FailedBoot
        )
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::CleanRestart => "clean_restart",
            Self::CleanPoweroff => "clean_poweroff",
            Self::Update => "update",
            Self::Crash => "crash",
            Self::ForcedOff => "forced_off",
            Self::PowerLossOrHang => "power_loss_or_hang",
            Self::FailedBoot => "failed_boot",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word; a word of a newer agent is `Unknown`.
    pub fn from_word(word: &str) -> Self {
        match word {
            "running" => Self::Running,
            "clean_restart" => Self::CleanRestart,
            "clean_poweroff" => Self::CleanPoweroff,
            "update" => Self::Update,
            "crash" => Self::Crash,
            "forced_off" => Self::ForcedOff,
            "power_loss_or_hang" => Self::PowerLossOrHang,
            "failed_boot" => Self::FailedBoot,
            _ => Self::Unknown,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Boot {
    pub boot_id: String,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub end: BootEnd,
    pub confidence: f64,
    pub initiator: String,
    pub stop_code: String,
    pub evidence: Vec<String>,
    pub tags: Vec<String>,
    pub os_version: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resume {
    pub boot_id: String,
    /// `sleep`, `hibernate`, `hybrid_boot`, `soft_reboot`, `unknown`.
    pub from: String,
    pub evidence: Vec<String>,
}

/// Enum-like fields are words here (`user_class`: system, service, person, unknown; `place`: as in the proto).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    pub executable_name: String,
    pub executable_path: String,
    pub executable_sha256: String,
    pub package: String,
    pub signer: String,
    pub original_file_name: String,
    pub parent_executable_name: String,
    pub parent_package: String,
    pub user_class: String,
    pub place: String,
    pub first_seen: Option<Timestamp>,
    pub starts: u32,
    pub running: u32,
    pub cpu_time: f64,
    pub memory_usage: u64,
    pub disk_io: u64,
    pub traits: Vec<String>,
    pub script: String,
    pub command_line: String,
    pub pid: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct App {
    pub app: String,
    pub name: String,
    pub category: String,
    /// `folder_left`, `installed`, `signed_in`, `running_now`, `removed`, `unknown`.
    pub state: String,
    pub confidence: f64,
    pub evidence: Vec<String>,
    pub flags: Vec<String>,
    /// `personal`, `business`, `foreign_tenant`, empty.
    pub account: String,
    pub account_domain: String,
    pub version: String,
    pub sync_folders: u32,
    pub files_changed: u32,
    pub bytes_changed: u64,
    pub change_incomplete: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filesystem {
    pub mountpoint: String,
    pub fstype: String,
    pub usage: u64,
    pub limit: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vitals {
    pub window: f64,
    pub cpu_utilization: f64,
    pub cpu_utilization_max: f64,
    pub memory_usage: u64,
    pub memory_limit: u64,
    pub paging_usage: u64,
    pub memory_pressure: Option<f64>,
    pub io_pressure: Option<f64>,
    pub filesystems: Vec<Filesystem>,
    pub temperature_max: Option<f64>,
    pub throttled: Option<f64>,
    pub battery_charge: Option<f64>,
    pub on_battery: Option<bool>,
    pub uptime: f64,
    pub process_count: u32,
    pub boot_id: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disk {
    pub name: String,
    pub model: String,
    pub size: u64,
    pub disk_type: String,
    pub endurance_utilization: Option<f64>,
    pub health: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Battery {
    pub model: String,
    pub health: f64,
    pub cycles: Option<u32>,
    pub chemistry: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    pub device_manufacturer: String,
    pub device_model_name: String,
    pub device_model_identifier: String,
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
    pub disks: Vec<Disk>,
    pub batteries: Vec<Battery>,
    pub bios_version: String,
    /// (name, version)
    pub components: Vec<(String, String)>,
    pub chassis: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentHealth {
    pub service_version: String,
    pub cpu_time: f64,
    pub memory_usage: u64,
    pub spool_usage: u64,
    pub network_io: u64,
    pub dropped: Vec<(String, u64)>,
    pub redacted: Vec<(String, u64)>,
    pub degraded: Vec<String>,
    pub blind_spots: Vec<String>,
    pub policy_version: u64,
    pub clock_step: f64,
}
