//! What the machine is made of and what runs on it.
//!
//! Invariant: serial numbers, asset tags and UUIDs are never read. A board's placeholder ("To Be Filled By O.E.M.") is
//! no answer.
//!
//! Not here: the host's name (IT names devices at enrolment), and anything that changes by the minute (see `vitals`).

use std::path::Path;

#[cfg(target_os = "linux")]
mod linux;
// Pure readers of what the shell asks, so tested everywhere.
#[cfg(any(target_os = "macos", test))]
mod macos;
#[cfg_attr(target_os = "macos", allow(dead_code))]
mod nvme;
#[cfg(not(target_os = "linux"))]
mod shell;
// Its words are Linux' too, its tables are read on Windows.
#[cfg_attr(not(windows), allow(dead_code))]
mod smbios;
#[cfg(any(windows, test))]
mod windows;

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

/// Reads the inventory of the running system; another tree is not read here.
#[cfg(not(target_os = "linux"))]
pub fn read(_root: &Path) -> Inventory {
    let found = shell::read();
    Inventory {
        cpu_logical_count: match found.cpu_logical_count {
            0 => std::thread::available_parallelism()
                .map_or(0, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
            count => count,
        },
        ..found
    }
}

/// What of the inventory cannot be seen, and why.
pub fn blind_spots(found: &Inventory) -> Vec<String> {
    let mut out = Vec::new();
    for disk in &found.disks {
        let reason = match disk.r#type.as_str() {
            _ if disk.endurance_utilization.is_some() || !disk.health.is_empty() => continue,
            "nvme" if cfg!(target_os = "linux") => {
                "its health log needs CAP_SYS_ADMIN, which the service does not take"
            }
            "nvme" => "its health log was not given",
            "ssd" | "hdd" => {
                "its SMART data needs raw access to the drive, which this agent does not ask for"
            }
            _ => continue,
        };
        out.push(format!("wear of {}: {reason}", disk.name));
    }
    out
}

/// What board makers leave in unset fields.
const PLACEHOLDERS: [&str; 12] = [
    "to be filled by o.e.m.",
    "to be filled by oem",
    "default string",
    "system manufacturer",
    "system product name",
    "system version",
    "not specified",
    "not applicable",
    "none",
    "n/a",
    "unknown",
    "o.e.m.",
];

/// The value, unless it is a placeholder.
#[cfg_attr(target_os = "macos", allow(dead_code))]
fn meaningful(value: &str) -> Option<String> {
    let lower = value.trim().to_ascii_lowercase();
    let is_filler = lower.is_empty()
        || PLACEHOLDERS.contains(&lower.as_str())
        || lower
            .chars()
            .all(|c| matches!(c, '0' | 'x' | '.' | '-' | ' ' | '*' | '?'));
    (!is_filler).then(|| value.trim().to_owned())
}

/// OpenTelemetry's words for host.arch.
fn architecture(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64",
        other => other,
    }
}

/// Maker and product of a machine that is not made of metal.
fn names_a_virtual_machine(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    [
        "qemu",
        "kvm",
        "vmware",
        "virtualbox",
        "innotek",
        "xen",
        "bochs",
        "parallels",
        "virtual machine",
        "amazon ec2",
        "google compute engine",
    ]
    .iter()
    .any(|word| words.contains(word))
}
