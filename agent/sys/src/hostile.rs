//! Trees as broken machines show them: every value absent, empty, garbage, huge, negative or not a number, a directory or an
//! endless file where a value should be, batteries and sensors that come and go between two looks.
//!
//! Invariant under test: nothing panics or waits, and what is told is within its range or not told at all.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use proptest::prelude::*;

use crate::{inventory, vitals::Sampler};

/// What vitals and inventory read, each with a value as a laptop has it.
const FILES: [(&str, &str); 34] = [
    ("proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0\n"),
    (
        "proc/meminfo",
        "MemTotal: 1000 kB\nMemAvailable: 400 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n",
    ),
    (
        "proc/cpuinfo",
        "processor : 0\nmodel name : Some CPU\nmicrocode : 0x1\n",
    ),
    ("proc/uptime", "1000.50 3000.00\n"),
    (
        "proc/self/mounts",
        "/dev/sda1 / ext4 rw 0 0\nserver:/x /home/anna/x nfs4 rw 0 0\n",
    ),
    (
        "proc/pressure/memory",
        "some avg10=0.00 avg60=12.50 avg300=0 total=1\n",
    ),
    (
        "proc/pressure/io",
        "some avg10=0.00 avg60=1.50 avg300=0 total=1\n",
    ),
    ("proc/sys/kernel/osrelease", "6.9.7\n"),
    (
        "proc/sys/kernel/random/boot_id",
        "6f6c0b4c-5a86-4b0f-9a93-9a9e21e7a7b2\n",
    ),
    (
        "etc/os-release",
        "PRETTY_NAME=\"Some Linux\"\nVERSION_ID=40\n",
    ),
    ("sys/class/power_supply/BAT0/type", "Battery\n"),
    ("sys/class/power_supply/BAT0/status", "Discharging\n"),
    ("sys/class/power_supply/BAT0/capacity", "40\n"),
    ("sys/class/power_supply/BAT0/energy_full", "50000000\n"),
    (
        "sys/class/power_supply/BAT0/energy_full_design",
        "60000000\n",
    ),
    ("sys/class/power_supply/BAT0/energy_now", "20000000\n"),
    ("sys/class/power_supply/BAT0/cycle_count", "212\n"),
    ("sys/class/power_supply/BAT1/type", "Battery\n"),
    ("sys/class/power_supply/BAT1/charge_full", "5000\n"),
    ("sys/class/power_supply/BAT1/charge_now", "2000\n"),
    ("sys/class/power_supply/AC/type", "Mains\n"),
    ("sys/class/power_supply/AC/online", "1\n"),
    ("sys/class/thermal/thermal_zone0/temp", "81000\n"),
    ("sys/class/hwmon/hwmon0/temp1_input", "61000\n"),
    ("sys/class/hwmon/hwmon0/temp2_input", "62000\n"),
    ("sys/devices/system/cpu/online", "0-7\n"),
    (
        "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_total_time_ms",
        "5\n",
    ),
    ("sys/class/dmi/id/sys_vendor", "LENOVO\n"),
    ("sys/class/dmi/id/product_name", "21AH00BXGE\n"),
    ("sys/class/dmi/id/chassis_type", "10\n"),
    ("sys/class/dmi/id/bios_version", "N3MET15W\n"),
    ("sys/block/nvme0n1/size", "1000215216\n"),
    ("sys/block/nvme0n1/device/model", "SAMSUNG\n"),
    ("sys/module/i915/version", "1.0\n"),
];

/// How one file is broken; the rest of the byte chooses among values.
fn break_file(root: &Path, path: &str, usual: &str, how: u8) {
    const VALUES: [&str; 16] = [
        "",
        "\n",
        "-1\n",
        "-9223372036854775808\n",
        "9223372036854775807\n",
        "18446744073709551616\n",
        "NaN\n",
        "inf\n",
        "1e308\n",
        "0\n",
        "0x10\n",
        "4294967295-0,7-,-,0-18446744073709551615\n",
        "cpu  18446744073709551615 18446744073709551615 0 18446744073709551615 1\n",
        "some avg10=NaN avg60=NaN avg300=inf total=-1\n",
        "MemTotal: 18446744073709551615 kB\nMemAvailable: 18446744073709551615 kB\nSwapFree: 1 kB\n",
        "\u{0}\u{7}\u{1b}[31mNo such device\n",
    ];
    let file = root.join(path);
    std::fs::remove_file(&file).ok();
    std::fs::remove_dir_all(&file).ok();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    match how % 8 {
        0 | 1 => std::fs::write(file, usual).unwrap(),
        // Gone: unplugged between two looks.
        2 => {}
        3 => std::fs::create_dir(file).unwrap(),
        4 => std::os::unix::fs::symlink("/does/not/exist", file).unwrap(),
        5 => std::fs::write(file, [0xFF, 0xFE, 0x00, 0x80].repeat(20_000)).unwrap(),
        _ => std::fs::write(file, VALUES[usize::from(how / 8) % VALUES.len()]).unwrap(),
    }
}

fn is_share(value: Option<f64>) -> bool {
    value.is_none_or(|share| (0.0..=1.0).contains(&share))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_broken_machine_is_told_within_bounds(
        first in proptest::collection::vec(any::<u8>(), FILES.len()),
        second in proptest::collection::vec(any::<u8>(), FILES.len()),
    ) {
        let root = tempfile::tempdir().unwrap();
        let mut sampler = Sampler::new();
        for look in [&first, &second] {
            for ((path, usual), how) in FILES.iter().zip(look) {
                break_file(root.path(), path, usual, *how);
            }
            let seen = sampler.sample(root.path());
            prop_assert!(is_share(seen.cpu_utilization), "{seen:?}");
            prop_assert!(is_share(seen.memory_pressure) && is_share(seen.io_pressure), "{seen:?}");
            prop_assert!(is_share(seen.throttled) && is_share(seen.battery_charge), "{seen:?}");
            prop_assert!(seen.temperature_max.is_none_or(|celsius| (1.0..150.0).contains(&celsius)), "{seen:?}");
            prop_assert!(seen.memory_usage <= seen.memory_limit, "{seen:?}");
            prop_assert!(seen.uptime.is_finite() && seen.uptime >= 0.0, "{seen:?}");
            prop_assert!(seen.boot_id.len() <= 64, "{seen:?}");
            let made_of = inventory::read(root.path());
            for battery in &made_of.batteries {
                prop_assert!((0.0..=2.0).contains(&battery.health), "{battery:?}");
            }
            let texts = [&made_of.device_model_name, &made_of.os_name, &made_of.bios_version, &made_of.os_kernel];
            prop_assert!(texts.iter().all(|text| text.len() <= 64 * 1024 * 3), "{:?}", texts.map(String::len));
        }
    }
}
