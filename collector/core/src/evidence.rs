//! What the store says about many devices, ready to be judged. One set-based query fills one of these; a detector
//! reads nothing else. Vectors are sorted (device id, then time) so that equal data gives equal findings.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    device::{DeviceId, Traits},
    event::BootEnd,
    verdict::Verdict,
};

/// Everything one evaluation round reads. `now` is the only clock a detector knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub now: Timestamp,
    pub devices: BTreeMap<DeviceId, DeviceEvidence>,
    pub reboots: Vec<DeviceBoots>,
    pub processes: Vec<ProcessIdentity>,
    pub apps: Vec<AppUse>,
    pub capacity: Vec<DeviceCapacity>,
    pub verdicts: Vec<Verdict>,
}

/// A device as detectors see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceEvidence {
    pub traits: Traits,
    /// First sign of life of the agent (a live observation, not back-filled history), and the last of any kind.
    pub first_report: Timestamp,
    pub last_report: Timestamp,
    /// First moment of which history is known (back-filled boots included).
    pub history_from: Timestamp,
    /// Component versions of the newest inventory: ("kernel", "6.1.0-18"), with the moment each was first seen.
    pub components: Vec<Component>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    pub name: String,
    pub version: String,
    pub since: Timestamp,
}

/// The ends of one device's boots in the window (default 90 days before `now`), superseded observations removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceBoots {
    pub device: DeviceId,
    /// Boots in the window, however they ended.
    pub boots: u32,
    /// Every end that is unexpected, plus every clean restart of the last 14 days whose initiator is not a person
    /// or an update; at most 2,000, the newest.
    pub ends: Vec<BootEnded>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootEnded {
    pub boot_id: String,
    pub started_at: Timestamp,
    /// `started_at` of the next boot when the end itself is unknown.
    pub ended_at: Timestamp,
    pub end: BootEnd,
    pub confidence: f64,
    pub initiator: String,
    pub stop_code: String,
    pub os_version: String,
    pub tags: Vec<String>,
}

/// One program identity in the fleet: same content, or same normalised name + package + place where the content is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// Normalised identity, see `detect::process::identity`.
    pub key: String,
    pub executable_name: String,
    pub executable_path: String,
    pub executable_sha256: String,
    pub package: String,
    pub signer: String,
    pub original_file_name: String,
    pub place: String,
    pub user_class: String,
    pub traits: Vec<String>,
    /// Devices on which this executable *name* runs, whatever its content.
    pub devices_with_name: u32,
    /// Where and when; at most 200, the earliest.
    pub seen: Vec<ProcessSeen>,
    /// Devices with this identity (may exceed `seen.len()`).
    pub devices: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessSeen {
    pub device: DeviceId,
    pub first: Timestamp,
    pub last: Timestamp,
    pub starts: u32,
    pub parent_executable_name: String,
    pub parent_package: String,
    /// CPU seconds per day before and in the last day.
    pub cpu_per_day_before: f64,
    pub cpu_last_day: f64,
}

/// One app on one device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AppUse {
    pub device: DeviceId,
    pub app: String,
    pub name: String,
    pub category: String,
    /// Strongest state in the last 7 days.
    pub state: String,
    pub confidence: f64,
    pub flags: Vec<String>,
    pub account: String,
    pub account_domain: String,
    pub first: Timestamp,
    pub last: Timestamp,
    /// Bytes changed in its folders: last 7 days, and per week before.
    pub bytes_last_week: u64,
    pub bytes_per_week_before: u64,
    pub evidence: Vec<String>,
}

/// Daily figures of one device, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceCapacity {
    pub device: DeviceId,
    pub filesystems: Vec<FilesystemDays>,
    /// (day start, share of memory pressure 0..1)
    pub memory_pressure: Vec<(Timestamp, f64)>,
    pub throttled: Vec<(Timestamp, f64)>,
    pub temperature_max: Vec<(Timestamp, f64)>,
    /// (day start, full charge over design, cycles)
    pub battery: Vec<(Timestamp, f64, Option<u32>)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FilesystemDays {
    pub mountpoint: String,
    pub limit: u64,
    /// (day start, By used at the day's end)
    pub usage: Vec<(Timestamp, u64)>,
}
