//! How the machine feels now: processor, memory, disks, heat, battery.
//!
//! Invariant: one sample is a bounded number of small reads; a value that the system does not offer is `None`, never 0.
//!
//! Not here: windows and maxima over samples (the agent's probe folds samples), and class names of people's mounts.

use std::path::Path;

#[cfg(target_os = "linux")]
mod linux;

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
    #[cfg(target_os = "linux")]
    before: linux::Counters,
}

impl Sampler {
    /// A sampler whose first sample has no deltas.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks once. `root` other than "/" yields what a fixture tree holds.
    #[cfg(target_os = "linux")]
    pub fn sample(&mut self, root: &Path) -> Sample {
        linux::sample(&mut self.before, root)
    }

    /// Elsewhere only the clock is known so far.
    #[cfg(not(target_os = "linux"))]
    pub fn sample(&mut self, _root: &Path) -> Sample {
        Sample {
            uptime: crate::clock::read().since_boot.as_secs_f64(),
            ..Sample::default()
        }
    }
}

/// What a sampler on this system cannot see.
pub fn blind_spots() -> Vec<String> {
    if cfg!(target_os = "linux") {
        Vec::new()
    } else {
        vec!["vitals: only uptime is read on this system so far".to_owned()]
    }
}
