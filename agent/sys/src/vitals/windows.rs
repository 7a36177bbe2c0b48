//! Vitals on Windows.
//!
//! Invariant: a handful of calls, none of which wakes a disk or the network; shares are not asked for their size.
#![allow(unsafe_code)]

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::Storage::FileSystem::{
    GetDiskFreeSpaceExW, GetDriveTypeW, GetLogicalDrives, GetVolumeInformationW,
};
use windows_sys::Win32::System::Power::{GetSystemPowerStatus, SYSTEM_POWER_STATUS};
use windows_sys::Win32::System::ProcessStatus::{K32GetPerformanceInfo, PERFORMANCE_INFORMATION};
use windows_sys::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};
use windows_sys::Win32::System::Threading::GetSystemTimes;
use windows_sys::Win32::System::WindowsProgramming::{DRIVE_FIXED, DRIVE_REMOVABLE};

use super::power::{self, Power};
use super::{Filesystem, Sample};
use crate::win32::{text, wide};

/// What the previous sample counted, in 100-nanosecond units.
#[derive(Debug, Default)]
pub struct Counters {
    processor: Option<(u64, u64)>,
}

/// One look.
pub fn sample(before: &mut Counters) -> Sample {
    let mut memory = MEMORYSTATUSEX {
        dwLength: size_of::<MEMORYSTATUSEX>() as u32,
        ..MEMORYSTATUSEX::default()
    };
    let mut performance = PERFORMANCE_INFORMATION::default();
    // SAFETY: both structures carry or are passed their own size and are written by the calls.
    unsafe {
        GlobalMemoryStatusEx(&mut memory);
        K32GetPerformanceInfo(
            &mut performance,
            size_of::<PERFORMANCE_INFORMATION>() as u32,
        );
    }
    let page = performance.PageSize as u64;
    let committed = (performance.CommitTotal as u64).saturating_mul(page);
    let used = memory.ullTotalPhys.saturating_sub(memory.ullAvailPhys);
    let (battery_charge, on_battery) = power::judge(power_status());
    Sample {
        cpu_utilization: utilization(before),
        memory_usage: used,
        memory_limit: memory.ullTotalPhys,
        // What is committed beyond the memory in use lies in the page file, or would.
        paging_usage: committed.saturating_sub(used).min(
            (performance.CommitLimit as u64)
                .saturating_mul(page)
                .saturating_sub(memory.ullTotalPhys),
        ),
        filesystems: filesystems(),
        battery_charge,
        on_battery,
        uptime: crate::clock::read().since_boot.as_secs_f64(),
        process_count: performance.ProcessCount,
        boot_id: crate::host::boot_id(std::path::Path::new("/")),
        ..Sample::default()
    }
}

fn utilization(before: &mut Counters) -> Option<f64> {
    let (mut idle, mut kernel, mut user) = (
        FILETIME::default(),
        FILETIME::default(),
        FILETIME::default(),
    );
    // SAFETY: three times are written by the call.
    if unsafe { GetSystemTimes(&mut idle, &mut kernel, &mut user) } == 0 {
        return None;
    }
    let units =
        |time: FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    // Kernel time includes idle time (Microsoft Learn, GetSystemTimes).
    let total = units(kernel).saturating_add(units(user));
    super::share(
        &mut before.processor,
        total.saturating_sub(units(idle)),
        total,
    )
}

fn power_status() -> Power {
    let mut status = SYSTEM_POWER_STATUS::default();
    // SAFETY: the structure is written by the call.
    if unsafe { GetSystemPowerStatus(&mut status) } == 0 {
        return Power::UNKNOWN;
    }
    Power {
        line: status.ACLineStatus,
        flag: status.BatteryFlag,
        percent: status.BatteryLifePercent,
    }
}

fn filesystems() -> Vec<Filesystem> {
    let system = std::env::var("SystemDrive").unwrap_or_else(|_| "C:".to_owned());
    // SAFETY: no arguments.
    let mask = unsafe { GetLogicalDrives() };
    (0..26_u8)
        .filter(|index| mask & (1 << index) != 0)
        .filter_map(|index| {
            let letter = format!("{}:", char::from(b'A' + index));
            let root = wide(&format!(r"{letter}\"));
            // SAFETY: the text ends with zero and lives during the call.
            let class = match unsafe { GetDriveTypeW(root.as_ptr()) } {
                DRIVE_FIXED if letter.eq_ignore_ascii_case(&system) => "/",
                DRIVE_FIXED => "data",
                DRIVE_REMOVABLE => "removable",
                _ => return None,
            };
            size_of_volume(&root, class)
        })
        .collect()
}

fn size_of_volume(root: &[u16], class: &str) -> Option<Filesystem> {
    let (mut available, mut total, mut free) = (0_u64, 0_u64, 0_u64);
    let mut kind = [0_u16; 64];
    // SAFETY: the root ends with zero; three numbers and a buffer whose length is passed with it are written.
    unsafe {
        if GetDiskFreeSpaceExW(root.as_ptr(), &mut available, &mut total, &mut free) == 0
            || total == 0
        {
            return None;
        }
        GetVolumeInformationW(
            root.as_ptr(),
            std::ptr::null_mut(),
            0,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            kind.as_mut_ptr(),
            kind.len() as u32,
        );
    }
    Some(Filesystem {
        mountpoint: class.to_owned(),
        r#type: text(&kind).to_ascii_lowercase(),
        usage: total.saturating_sub(available),
        limit: total,
    })
}
