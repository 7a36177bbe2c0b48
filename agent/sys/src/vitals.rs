//! How the machine feels now: processor, memory, disks, heat, battery.
//!
//! Invariant: one sample is a bounded number of small reads; a value that the system does not offer is `None`, never 0.
//!
//! Not here: windows and maxima over samples (the agent's probe folds samples), and class names of people's mounts.

use std::path::Path;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(windows)]
use windows as system;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(any(not(target_os = "linux"), test))]
// Each system uses its own half.
#[allow(dead_code)]
mod power;
#[cfg(windows)]
mod windows;

/// One mounted file system that has a size.
#[derive(Debug, Clone, PartialEq)]
pub struct Filesystem {
    /// "/" or a class: "boot", "home", "data", "removable", "network". Never a path below a home.
    pub mountpoint: String,
    /// File system type, e.g. "ext4".
    pub r#type: String,
    /// Used bytes.
    pub usage: u64,
    /// Size in bytes, what ordinary users may fill.
    pub limit: u64,
}

/// One look. Names as in `weft.v1.Vitals`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// Busy share of all processors since the sampler's previous sample, 0..1; `None` for its first.
    pub cpu_utilization: Option<f64>,
    /// Bytes in use (total less available).
    pub memory_usage: u64,
    pub memory_limit: u64,
    /// Swap in use, bytes.
    pub paging_usage: u64,
    pub memory_pressure: Option<f64>,
    pub io_pressure: Option<f64>,
    pub filesystems: Vec<Filesystem>,
    /// Hottest sensor, degrees Celsius.
    pub temperature_max: Option<f64>,
    /// Share of the time since the previous sample in which a processor was throttled for heat, 0..1.
    pub throttled: Option<f64>,
    pub battery_charge: Option<f64>,
    pub on_battery: Option<bool>,
    /// Seconds since boot, sleep included.
    pub uptime: f64,
    pub process_count: u32,
    pub boot_id: String,
}

/// Takes samples; keeps what deltas need.
#[derive(Debug, Default)]
pub struct Sampler {
    before: system::Counters,
}

impl Sampler {
    /// A sampler whose first sample has no deltas.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks once. `root` other than "/" yields what a fixture tree holds; Windows and macOS look at themselves only.
    pub fn sample(&mut self, root: &Path) -> Sample {
        #[cfg(target_os = "linux")]
        return linux::sample(&mut self.before, root);
        #[cfg(not(target_os = "linux"))]
        {
            let _ = root;
            system::sample(&mut self.before)
        }
    }
}

/// Busy share since the previous counts; `None` for the first.
#[cfg(not(target_os = "linux"))]
fn share(before: &mut Option<(u64, u64)>, busy: u64, total: u64) -> Option<f64> {
    let (busy_before, total_before) = before.replace((busy, total))?;
    let span = total.checked_sub(total_before).filter(|span| *span > 0)?;
    Some(busy.saturating_sub(busy_before).min(span) as f64 / span as f64)
}

/// The class of a Mac's mount point; `None` for the system's own helper volumes.
#[cfg(any(target_os = "macos", test))]
fn class_of_mac(point: &str) -> Option<&'static str> {
    match point {
        // The sealed volume and its data volume share one container, hence one size.
        "/" => Some("/"),
        _ if point.starts_with("/System/Volumes/") || point.starts_with("/private/var/") => None,
        _ if point.starts_with("/Volumes/") => Some("removable"),
        "/dev" => None,
        _ => Some("data"),
    }
}

/// What a sampler on this system cannot see.
pub fn blind_spots() -> Vec<String> {
    let spots: &[&str] = if cfg!(windows) {
        &[
            "vitals: temperature and throttling: Windows tells them only to drivers and through vendors' tools",
            "vitals: memory and disk pressure: Windows has no such measure",
        ]
    } else if cfg!(target_os = "macos") {
        &[
            "vitals: temperature: macOS tells it only to private interfaces",
            "vitals: throttling: a number on Intel only",
            "vitals: memory and disk pressure: macOS has no such measure",
        ]
    } else {
        &[]
    };
    spots.iter().map(|spot| (*spot).to_owned()).collect()
}

/// What the kernel of a Linux machine did not offer in this sample, and why that may be. Needs a sampler's second sample.
pub fn missing(sample: &Sample) -> Vec<String> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut say = |is_missing: bool, sentence: &str| {
        if is_missing {
            out.push(sentence.to_owned());
        }
    };
    say(
        sample.temperature_max.is_none(),
        "vitals: temperature: no sensor is offered (usual in virtual machines)",
    );
    say(
        sample.throttled.is_none(),
        "vitals: throttling: the processor counts none (only Intel's do, outside of virtual machines)",
    );
    say(
        sample.memory_pressure.is_none(),
        "vitals: memory pressure: the kernel was built or started without PSI",
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_not_offered_is_said() {
        assert_eq!(missing(&Sample::default()).len(), 3);
        let whole = Sample {
            temperature_max: Some(50.0),
            throttled: Some(0.0),
            memory_pressure: Some(0.0),
            ..Sample::default()
        };
        assert!(missing(&whole).is_empty());
    }

    #[test]
    fn a_macs_volumes_travel_as_classes() {
        assert_eq!(class_of_mac("/"), Some("/"));
        assert_eq!(class_of_mac("/System/Volumes/Data"), None);
        assert_eq!(class_of_mac("/Volumes/Annas Stick"), Some("removable"));
    }
}
