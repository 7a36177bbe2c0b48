//! What the machine is made of and what runs on it.
//!
//! Invariant: serial numbers, asset tags and UUIDs are never read. A board's placeholder ("To Be Filled By O.E.M.") is
//! no answer.
//!
//! Not here: the host's name (IT names devices at enrolment), and anything that changes by the minute (see `vitals`).

use std::path::Path;

#[cfg(target_os = "linux")]
mod linux;

/// One disk. `r#type`: "ssd", "hdd", "nvme", "emmc", "virtual".
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Disk {
    pub name: String,
    pub model: String,
    pub size: u64,
    pub r#type: String,
    /// Share of rated endurance used; needs the drive's own log, so usually `None`.
    pub endurance_utilization: Option<f64>,
    /// "ok", "warning", "failing", or empty.
    pub health: String,
}

/// One battery. `health` is full charge over design capacity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Battery {
    pub model: String,
    pub health: f64,
    pub cycles: Option<u32>,
    pub chemistry: String,
}

/// A version that an outbreak may be blamed on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    pub name: String,
    pub version: String,
}

/// Names as in `weft.v1.Inventory`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inventory {
    pub device_manufacturer: String,
    pub device_model_name: String,
    pub device_model_identifier: String,
    pub host_arch: String,
    /// "linux", "windows", "darwin".
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
    pub components: Vec<Component>,
    /// "laptop", "desktop", "virtual_machine", "container", "unknown".
    pub chassis: String,
}

/// Reads the inventory of the tree at `root`.
#[cfg(target_os = "linux")]
pub fn read(root: &Path) -> Inventory {
    linux::read(root)
}

/// Elsewhere: what the standard library knows.
#[cfg(not(target_os = "linux"))]
pub fn read(_root: &Path) -> Inventory {
    Inventory {
        host_arch: std::env::consts::ARCH.to_owned(),
        os_type: if cfg!(windows) { "windows" } else { "darwin" }.to_owned(),
        cpu_logical_count: std::thread::available_parallelism()
            .map_or(0, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        chassis: "unknown".to_owned(),
        ..Inventory::default()
    }
}
