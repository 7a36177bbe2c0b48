//! Vitals on macOS.
//!
//! Invariant: kernel calls at every sample; the tool `pmset` at most once in [`TOOL_AGE`], its answer kept.
#![allow(unsafe_code)]

use std::time::{Duration, Instant};

use super::{Filesystem, Sample, power};
use crate::{command, mac};

/// Charge and heat change over minutes; a process every sample would cost more than all else.
const TOOL_AGE: Duration = Duration::from_secs(120);
const TOOL: command::Limits = command::Limits {
    time: Duration::from_secs(5),
    max_bytes: 16 * 1024,
    max_lines: 200,
};
const MAX_FILESYSTEMS: usize = 64;

/// What the previous sample counted, and what the tool said.
#[derive(Debug, Default)]
pub struct Counters {
    processor: Option<(u64, u64)>,
    asked: Option<Instant>,
    battery: (Option<f64>, Option<bool>),
    throttled: Option<f64>,
}

/// One look.
pub fn sample(before: &mut Counters) -> Sample {
    if before.asked.is_none_or(|at| at.elapsed() >= TOOL_AGE) {
        let words = |what: &str| {
            command::run("/usr/bin/pmset", &["-g", what], TOOL)
                .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
                .unwrap_or_default()
        };
        before.battery = power::of_pmset(&words("batt"));
        before.throttled = power::throttled_of_pmset(&words("therm"));
        before.asked = Some(Instant::now());
    }
    let memory_limit = mac::sysctl_number("hw.memsize").unwrap_or(0);
    Sample {
        cpu_utilization: utilization(before),
        memory_usage: memory_limit.saturating_sub(available().unwrap_or(memory_limit)),
        memory_limit,
        paging_usage: swap_used().unwrap_or(0),
        filesystems: filesystems(),
        throttled: before.throttled,
        battery_charge: before.battery.0,
        on_battery: before.battery.1,
        uptime: crate::clock::read().since_boot.as_secs_f64(),
        process_count: process_count(),
        boot_id: crate::host::boot_id(std::path::Path::new("/")),
        ..Sample::default()
    }
}

// Declared here because libc's own are deprecated in favour of a crate that we do not need. Layouts: <mach/host_info.h>,
// <mach/vm_statistics.h>.
unsafe extern "C" {
    fn mach_host_self() -> u32;
    fn host_statistics(host: u32, flavor: i32, out: *mut i32, count: *mut u32) -> i32;
    fn host_statistics64(host: u32, flavor: i32, out: *mut i32, count: *mut u32) -> i32;
}
const HOST_CPU_LOAD_INFO: i32 = 3;
const HOST_VM_INFO64: i32 = 4;

fn utilization(before: &mut Counters) -> Option<f64> {
    // User, system, idle, nice.
    let mut ticks = [0_i32; 4];
    let mut count = 4_u32;
    // SAFETY: the count says how many numbers the buffer holds.
    let status = unsafe {
        host_statistics(
            mach_host_self(),
            HOST_CPU_LOAD_INFO,
            ticks.as_mut_ptr(),
            &mut count,
        )
    };
    if status != 0 {
        return None;
    }
    let [user, system, idle, nice] = ticks.map(|tick| u64::from(tick.cast_unsigned()));
    let busy = user + system + nice;
    super::share(&mut before.processor, busy, busy + idle)
}

/// Free, inactive and speculative pages: what macOS gives away without paging.
fn available() -> Option<u64> {
    const NUMBERS: usize = 64;
    let mut info = [0_i32; NUMBERS];
    let mut count = NUMBERS as u32;
    // SAFETY: the count says how many numbers the buffer holds; the kernel writes at most that many.
    let status = unsafe {
        host_statistics64(
            mach_host_self(),
            HOST_VM_INFO64,
            info.as_mut_ptr(),
            &mut count,
        )
    };
    if status != 0 {
        return None;
    }
    // vm_statistics64 begins with free, active, inactive and wired pages; speculative is its 23rd number (after nine
    // 64-bit counters and purgeable), and free includes it.
    let pages = |index: usize| {
        info.get(index)
            .map(|pages| u64::from(pages.cast_unsigned()))
    };
    let page = mac::sysctl_number("hw.pagesize")?;
    Some((pages(0)? + pages(2)?).saturating_mul(page))
}

/// xsw_usage: total, available, used (64 bits each).
fn swap_used() -> Option<u64> {
    let raw = mac::sysctl_bytes("vm.swapusage")?;
    Some(u64::from_ne_bytes(raw.get(16..24)?.try_into().ok()?))
}

fn process_count() -> u32 {
    // SAFETY: with a null buffer the call only counts.
    let count = unsafe { libc::proc_listallpids(std::ptr::null_mut(), 0) };
    u32::try_from(count).unwrap_or(0)
}

fn filesystems() -> Vec<Filesystem> {
    // SAFETY: the structures are plain numbers and characters, for which zeros are valid.
    let mut mounts: Vec<libc::statfs> = vec![unsafe { std::mem::zeroed() }; MAX_FILESYSTEMS];
    let bytes = i32::try_from(size_of::<libc::statfs>() * MAX_FILESYSTEMS).unwrap_or(0);
    // SAFETY: the buffer's length in bytes is passed with it; MNT_NOWAIT never asks a server.
    let found = unsafe { libc::getfsstat(mounts.as_mut_ptr(), bytes, libc::MNT_NOWAIT) };
    let word = |raw: &[libc::c_char]| {
        let bytes: Vec<u8> = raw
            .iter()
            .map(|letter| letter.cast_unsigned())
            .take_while(|byte| *byte != 0)
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    mounts
        .iter()
        .take(usize::try_from(found).unwrap_or(0))
        .filter(|mount| mount.f_flags & u32::try_from(libc::MNT_LOCAL).unwrap_or(0) != 0)
        .filter_map(|mount| {
            let class = super::class_of_mac(&word(&mount.f_mntonname))?;
            let size = u64::from(mount.f_bsize);
            let limit = mount.f_blocks.saturating_mul(size);
            (limit > 0).then(|| Filesystem {
                mountpoint: class.to_owned(),
                r#type: word(&mount.f_fstypename),
                usage: limit.saturating_sub(mount.f_bavail.saturating_mul(size)),
                limit,
            })
        })
        .collect()
}
