//! Vitals from procfs and sysfs.
//!
//! Invariant: no subprocess, no walk deeper than two levels; network file systems are never asked for their size (a dead
//! server would hold us for minutes).
//!
//! Not here: inventory (what the machine is made of).

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use super::{Filesystem, Sample};
use crate::files;

/// Sensors, processors, batteries and mounts looked at; a server with more still gives a fair picture.
const MAX_SENSORS: usize = 128;
const MAX_PROCESSORS: usize = 1024;
const MAX_BATTERIES: usize = 8;
const MAX_FILESYSTEMS: usize = 32;
/// Readings outside are broken sensors (many report −128, 0 or 255).
const SANE_CELSIUS: std::ops::Range<f64> = 1.0..150.0;
/// A mounts table of a container host can be long.
const MOUNTS_LIMIT: u64 = 1024 * 1024;

/// What the previous sample counted.
#[derive(Debug, Default)]
pub struct Counters {
    processor: Option<ProcessorTime>,
    throttle: Option<(Instant, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct ProcessorTime {
    busy: u64,
    total: u64,
}

pub fn sample(before: &mut Counters, root: &Path) -> Sample {
    let at = |path: &str| files::under(root, path);
    let stat = files::text(&at("/proc/stat"), MOUNTS_LIMIT).unwrap_or_default();
    let memory = files::text(&at("/proc/meminfo"), files::VALUE_LIMIT).unwrap_or_default();
    let mounts = files::text(&at("/proc/self/mounts"), MOUNTS_LIMIT).unwrap_or_default();
    let (memory_usage, memory_limit, paging_usage) = memory_of(&memory);
    let (battery_charge, on_battery) = battery(&at("/sys/class/power_supply"));
    Sample {
        cpu_utilization: utilization(&mut before.processor, &stat),
        memory_usage,
        memory_limit,
        paging_usage,
        memory_pressure: pressure(&at("/proc/pressure/memory")),
        io_pressure: pressure(&at("/proc/pressure/io")),
        filesystems: filesystems(root, &mounts),
        temperature_max: hottest(root),
        throttled: throttled(&mut before.throttle, root),
        battery_charge,
        on_battery,
        uptime: uptime(root),
        process_count: process_count(&at("/proc")),
        boot_id: files::value(&at("/proc/sys/kernel/random/boot_id"))
            .filter(|id| is_boot_id(id))
            .unwrap_or_default(),
    }
}

/// First line of /proc/stat: user nice system idle iowait irq softirq steal (proc(5)); guest time is inside user.
fn processor_time(stat: &str) -> Option<ProcessorTime> {
    let fields: Vec<u64> = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_ascii_whitespace()
        .take(8)
        .map_while(|field| field.parse().ok())
        .collect();
    let idle = fields.get(3)?.saturating_add(*fields.get(4).unwrap_or(&0));
    let total = fields
        .iter()
        .fold(0_u64, |sum, field| sum.saturating_add(*field));
    Some(ProcessorTime {
        busy: total.saturating_sub(idle),
        total,
    })
}

fn utilization(before: &mut Option<ProcessorTime>, stat: &str) -> Option<f64> {
    let now = processor_time(stat)?;
    let previous = before.replace(now)?;
    let total = now
        .total
        .checked_sub(previous.total)
        .filter(|span| *span > 0)?;
    // iowait may run backwards by a tick (proc(5)): busy is clamped instead of believed.
    let busy = now.busy.saturating_sub(previous.busy).min(total);
    Some(busy as f64 / total as f64)
}

/// (used, total, swap used) in bytes.
fn memory_of(meminfo: &str) -> (u64, u64, u64) {
    let field = |name: &str| {
        meminfo
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<u64>().ok())
            .unwrap_or(0)
            .saturating_mul(1024)
    };
    let total = field("MemTotal");
    let swap = field("SwapTotal").saturating_sub(field("SwapFree"));
    (total.saturating_sub(field("MemAvailable")), total, swap)
}

/// "some avg60=1.23" as a ratio.
fn pressure(path: &Path) -> Option<f64> {
    let text = files::text(path, files::VALUE_LIMIT)?;
    let percent: f64 = text
        .lines()
        .find(|line| line.starts_with("some "))?
        .split_ascii_whitespace()
        .find_map(|pair| pair.strip_prefix("avg60="))?
        .parse()
        .ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

/// File systems with their own store; each device once, by its first mount.
fn filesystems(root: &Path, mounts: &str) -> Vec<Filesystem> {
    let mut seen = HashSet::new();
    let mut out: Vec<Filesystem> = Vec::new();
    for line in mounts.lines() {
        let mut fields = line.split(' ');
        let (Some(device), Some(point), Some(kind)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if !is_local_store(kind) || out.len() >= MAX_FILESYSTEMS {
            continue;
        }
        let point = unescape(point);
        let Some(class) = class_of(&point) else {
            continue;
        };
        // Btrfs subvolumes and bind mounts show one device many times.
        if !seen.insert(device.to_owned()) {
            continue;
        }
        let Ok(size) = rustix::fs::statvfs(files::under(root, &point)) else {
            continue;
        };
        let block = size.f_frsize;
        let free_for_users = size.f_bavail.saturating_mul(block);
        let used = size
            .f_blocks
            .saturating_sub(size.f_bfree)
            .saturating_mul(block);
        if used.saturating_add(free_for_users) == 0 {
            continue;
        }
        out.push(Filesystem {
            mountpoint: class.to_owned(),
            r#type: kind.to_owned(),
            usage: used,
            limit: used.saturating_add(free_for_users),
        });
    }
    out
}

fn is_local_store(kind: &str) -> bool {
    matches!(
        kind,
        "ext2"
            | "ext3"
            | "ext4"
            | "xfs"
            | "btrfs"
            | "f2fs"
            | "zfs"
            | "bcachefs"
            | "jfs"
            | "reiserfs"
            | "vfat"
            | "exfat"
            | "ntfs"
            | "ntfs3"
            | "fuseblk"
            | "hfsplus"
            | "apfs"
    )
}

/// The class of a mount point; `None` for what nobody can fill by working (boot loaders' and package managers' images).
fn class_of(point: &str) -> Option<&'static str> {
    let below = |prefix: &str| {
        point
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match point {
        "/" => Some("/"),
        "/boot" | "/boot/efi" | "/efi" => Some("boot"),
        _ if below("/snap") || below("/var/lib/snapd") || below("/var/lib/docker") => None,
        _ if below("/home") || below("/var/home") || below("/root") => Some("home"),
        _ if below("/media") || below("/run/media") => Some("removable"),
        _ if below("/var") => Some("var"),
        _ => Some("data"),
    }
}

/// Mount tables escape blank, tab, newline and backslash as octal.
pub fn unescape(field: &str) -> String {
    if !field.contains('\\') {
        return field.to_owned();
    }
    field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

fn hottest(root: &Path) -> Option<f64> {
    let mut readings: Vec<f64> = Vec::new();
    let zones = files::under(root, "/sys/class/thermal");
    for zone in files::names(&zones, MAX_SENSORS) {
        if zone.starts_with("thermal_zone")
            && let Some(milli) = files::number(&zones.join(zone).join("temp"))
        {
            readings.push(milli as f64 / 1000.0);
        }
    }
    let chips = files::under(root, "/sys/class/hwmon");
    for chip in files::names(&chips, MAX_SENSORS) {
        let chip = chips.join(chip);
        for name in files::names(&chip, MAX_SENSORS) {
            if name.starts_with("temp")
                && name.ends_with("_input")
                && let Some(milli) = files::number(&chip.join(name))
            {
                readings.push(milli as f64 / 1000.0);
            }
        }
    }
    readings
        .into_iter()
        .filter(|celsius| SANE_CELSIUS.contains(celsius))
        .reduce(f64::max)
}

/// Intel counts milliseconds of throttling per package; the busiest package speaks.
fn throttled(before: &mut Option<(Instant, u64)>, root: &Path) -> Option<f64> {
    let processors = files::under(root, "/sys/devices/system/cpu");
    let total = (0..MAX_PROCESSORS)
        .map_while(|index| {
            let cpu = processors.join(format!("cpu{index}"));
            cpu.exists().then_some(cpu)
        })
        // Threads of one package show one counter: the first that has it is enough for a laptop's single package.
        .find_map(|cpu| {
            files::number(&cpu.join("thermal_throttle/package_throttle_total_time_ms"))
        })?;
    let total = u64::try_from(total).ok()?;
    let now = Instant::now();
    let (then, counted) = before.replace((now, total))?;
    let span = now.duration_since(then).as_secs_f64();
    if span <= 0.0 {
        return None;
    }
    let held = total.saturating_sub(counted) as f64 / 1000.0;
    Some((held / span).clamp(0.0, 1.0))
}

/// (charge of all batteries 0..1, running on battery).
fn battery(supplies: &Path) -> (Option<f64>, Option<bool>) {
    let mut full = 0.0;
    let mut now = 0.0;
    let mut percents: Vec<f64> = Vec::new();
    let mut has_battery = false;
    let mut discharging = false;
    let mut mains: Option<bool> = None;
    for name in files::names(supplies, MAX_BATTERIES * 4) {
        let supply = supplies.join(name);
        match files::value(&supply.join("type")).as_deref() {
            Some("Battery") => {
                // A mouse's or a pen's battery says scope "Device".
                if files::value(&supply.join("scope")).as_deref() == Some("Device") {
                    continue;
                }
                has_battery = true;
                discharging |=
                    files::value(&supply.join("status")).as_deref() == Some("Discharging");
                if let Some(percent) = files::number(&supply.join("capacity")) {
                    percents.push(percent as f64 / 100.0);
                }
                for unit in ["energy", "charge"] {
                    let of = |what: &str| files::number(&supply.join(format!("{unit}_{what}")));
                    if let (Some(whole), Some(part)) = (of("full"), of("now"))
                        && whole > 0
                    {
                        full += whole as f64;
                        now += part as f64;
                        break;
                    }
                }
            }
            Some("Mains" | "USB") => {
                let online = files::number(&supply.join("online")) == Some(1);
                mains = Some(mains.unwrap_or(false) || online);
            }
            _ => {}
        }
    }
    if !has_battery {
        return (None, None);
    }
    let charge = if full > 0.0 {
        Some(now / full)
    } else if percents.is_empty() {
        None
    } else {
        Some(percents.iter().sum::<f64>() / percents.len() as f64)
    };
    let on_battery = mains.map_or(discharging, |online| !online);
    (charge.map(|share| share.clamp(0.0, 1.0)), Some(on_battery))
}

/// The running kernel's boot clock for our own tree, the recorded value for another.
fn uptime(root: &Path) -> f64 {
    if files::is_own_tree(root) {
        return crate::clock::read().since_boot.as_secs_f64();
    }
    files::value(&files::under(root, "/proc/uptime"))
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
        .unwrap_or(0.0)
}

/// The kernel writes a UUID (random(4)); anything else is another file in its place.
fn is_boot_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

fn process_count(proc: &Path) -> u32 {
    let Ok(entries) = std::fs::read_dir(proc) else {
        return 0;
    };
    let count = entries
        .flatten()
        .filter(|entry| {
            entry
                .file_name()
                .as_encoded_bytes()
                .iter()
                .all(u8::is_ascii_digit)
        })
        .count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn utilization_needs_two_looks() {
        let mut before = None;
        assert_eq!(
            utilization(&mut before, "cpu  100 0 100 800 0 0 0 0 0 0\n"),
            None
        );
        let share = utilization(&mut before, "cpu  150 0 150 900 0 0 0 0 0 0\n").unwrap();
        assert!((share - 0.5).abs() < 1e-9);
    }

    #[test]
    fn counters_that_run_backwards_do_not_panic() {
        let mut before = None;
        utilization(&mut before, "cpu  100 0 100 800 50 0 0 0\n");
        assert_eq!(utilization(&mut before, "cpu  10 0 10 80 5 0 0 0\n"), None);
    }

    #[test]
    fn memory_in_use_is_what_is_not_available() {
        let text = "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n";
        assert_eq!(memory_of(text), (600 * 1024, 1000 * 1024, 30 * 1024));
    }

    #[test]
    fn mount_points_travel_as_classes() {
        assert_eq!(class_of("/home/anna/Vault"), Some("home"));
        assert_eq!(class_of("/media/anna/STICK"), Some("removable"));
        assert_eq!(class_of("/homework"), Some("data"));
        assert_eq!(class_of("/snap/core/1"), None);
    }

    #[test]
    fn a_laptop_on_battery_is_read_from_its_tree() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("sys/class/power_supply/BAT0/type", "Battery\n");
        write("sys/class/power_supply/BAT0/status", "Discharging\n");
        write("sys/class/power_supply/BAT0/energy_full", "50000000\n");
        write("sys/class/power_supply/BAT0/energy_now", "20000000\n");
        write("sys/class/power_supply/AC/type", "Mains\n");
        write("sys/class/power_supply/AC/online", "0\n");
        write("sys/class/power_supply/hidpp_battery_0/type", "Battery\n");
        write("sys/class/power_supply/hidpp_battery_0/scope", "Device\n");
        write("sys/class/power_supply/hidpp_battery_0/capacity", "5\n");
        write("sys/class/thermal/thermal_zone0/temp", "81000\n");
        write("sys/class/thermal/thermal_zone1/temp", "-128000\n");
        write(
            "proc/pressure/memory",
            "some avg10=0.00 avg60=12.50 avg300=0 total=1\n",
        );
        let seen = Sampler::of(root.path());
        assert_eq!(seen.battery_charge, Some(0.4));
        assert_eq!(seen.on_battery, Some(true));
        assert_eq!(seen.temperature_max, Some(81.0));
        assert_eq!(seen.memory_pressure, Some(0.125));
        assert_eq!(seen.io_pressure, None);
    }

    struct Sampler;
    impl Sampler {
        fn of(root: &Path) -> Sample {
            sample(&mut Counters::default(), root)
        }
    }

    #[test]
    fn this_machine_has_memory_a_root_and_a_boot_id() {
        let mut sampler = crate::vitals::Sampler::new();
        let seen = sampler.sample(Path::new("/"));
        assert!(seen.memory_limit > seen.memory_usage);
        assert!(seen.filesystems.iter().any(|fs| fs.mountpoint == "/"));
        assert_eq!(seen.boot_id.len(), 36);
        assert!(seen.uptime > 0.0 && seen.process_count > 0);
    }
}
