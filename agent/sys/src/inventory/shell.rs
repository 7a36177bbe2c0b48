//! What the inventory's pure readers are given on Windows and macOS.
//!
//! Invariant: every tool has a deadline; what does not answer is absent.
//!
//! Not here: meanings.

use super::Inventory;
use crate::command;

const TOOL: command::Limits = command::Limits {
    time: std::time::Duration::from_secs(30),
    max_bytes: 4 * 1024 * 1024,
    max_lines: 200_000,
};

/// The running Mac.
#[cfg(target_os = "macos")]
pub fn read() -> Inventory {
    const TOPICS: [&str; 6] = [
        "-json",
        "SPHardwareDataType",
        "SPSoftwareDataType",
        "SPPowerDataType",
        "SPNVMeDataType",
        "SPSerialATADataType",
    ];
    let report = command::run("/usr/sbin/system_profiler", &TOPICS, TOOL)
        .and_then(|output| serde_json::from_slice(&output.stdout).ok())
        .unwrap_or_default();
    let mut found = super::macos::of(&report);
    let number = |name: &str| crate::mac::sysctl_number(name).unwrap_or(0);
    found.memory_limit = number("hw.memsize");
    found.cpu_logical_count = u32::try_from(number("hw.logicalcpu")).unwrap_or(0);
    if found.os_version.is_empty() {
        found.os_version = crate::mac::sysctl("kern.osproductversion").unwrap_or_default();
    }
    found
}

/// The running Windows.
#[cfg(windows)]
#[allow(unsafe_code)]
pub fn read() -> Inventory {
    use windows_sys::Win32::System::SystemInformation::{
        GetSystemFirmwareTable, GlobalMemoryStatusEx, MEMORYSTATUSEX, RSMB,
    };
    /// A table is some kilobytes.
    const TABLE_LIMIT: u32 = 1024 * 1024;
    /// RawSMBIOSData: method, version, revision, length.
    const HEAD: usize = 8;
    // SAFETY: with no buffer the call tells the length; then the buffer's length is passed with it.
    let tables = unsafe {
        let length = GetSystemFirmwareTable(RSMB, 0, std::ptr::null_mut(), 0);
        let mut raw = vec![0_u8; length.min(TABLE_LIMIT) as usize];
        GetSystemFirmwareTable(RSMB, 0, raw.as_mut_ptr(), raw.len() as u32);
        super::smbios::parse(raw.get(HEAD..).unwrap_or_default())
    };
    let mut found = super::windows::of(&crate::win32::registry::Live, &tables);
    let mut memory = MEMORYSTATUSEX {
        dwLength: size_of::<MEMORYSTATUSEX>() as u32,
        ..MEMORYSTATUSEX::default()
    };
    // SAFETY: the structure carries its own size and is written by the call.
    unsafe { GlobalMemoryStatusEx(&mut memory) };
    found.memory_limit = memory.ullTotalPhys;
    found.disks = disks();
    found.batteries = batteries();
    found
}

#[cfg(windows)]
fn disks() -> Vec<super::Disk> {
    use crate::win32::device;
    const MAX_DISKS: u32 = 16;
    // STORAGE_PROPERTY_QUERY: which property, a standard query, no parameters.
    let query = |property: u32| [property.to_le_bytes(), [0; 4], [0; 4]].concat();
    const DEVICE: u32 = 0;
    const SEEK_PENALTY: u32 = 7;
    /// StorageDeviceProtocolSpecificProperty with STORAGE_PROTOCOL_SPECIFIC_DATA behind it: NVMe, log page, SMART.
    const PROTOCOL: u32 = 50;
    (0..MAX_DISKS)
        .filter_map(|number| {
            let handle = device::disk(number)?;
            let descriptor = device::property(&handle, &query(DEVICE))?;
            let seek = device::property(&handle, &query(SEEK_PENALTY));
            let geometry = device::geometry(&handle)?;
            let mut disk = super::windows::disk(number, &descriptor, seek.as_deref(), &geometry)?;
            // Protocol type NVMe (3), data type log page (2), page 2, offset 40 (the structure's own size), 512 bytes; the
            // answer holds the page behind 8 bytes of head and those 40.
            let numbers = [PROTOCOL, 0, 3, 2, 2, 0, 40, 512, 0, 0, 0, 0];
            let smart: Vec<u8> = numbers
                .into_iter()
                .flat_map(u32::to_le_bytes)
                .chain([0; 512])
                .collect();
            let health = device::property(&handle, &smart)
                .and_then(|answer| super::nvme::parse(answer.get(48..)?));
            if let Some(health) = health {
                disk.endurance_utilization = Some(health.endurance_utilization);
                disk.health = health.word.to_owned();
            }
            Some(disk)
        })
        .collect()
}

#[cfg(windows)]
fn batteries() -> Vec<super::Battery> {
    let file = std::env::temp_dir().join(format!("weft-batteries-{}.xml", std::process::id()));
    let path = file.to_string_lossy().into_owned();
    let report = command::run(
        "powercfg",
        &["/batteryreport", "/xml", "/duration", "1", "/output", &path],
        TOOL,
    )
    .and_then(|_| std::fs::read_to_string(&file).ok())
    .unwrap_or_default();
    // Best effort: a copy that stays is overwritten by the next report.
    let _ = std::fs::remove_file(&file);
    super::windows::batteries(&report)
}
