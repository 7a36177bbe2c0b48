//! Inventory of Windows: registry, SMBIOS, disks, `powercfg`'s battery report.
//!
//! Invariant: the readers are pure over a registry, bytes and text; serial numbers are not read.
//!
//! Sources: Microsoft Learn (STORAGE_DEVICE_DESCRIPTOR, DEVICE_SEEK_PENALTY_DESCRIPTOR, DISK_GEOMETRY_EX, `powercfg
//! /batteryreport`), and the registry keys that `systeminfo` and Device Manager read.

use super::smbios::{self, Smbios};
use super::{Battery, Component, Disk, Inventory};
use crate::registry::Registry;

const VERSION: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const BIOS: &str = r"HKLM\HARDWARE\DESCRIPTION\System\BIOS";
const PROCESSOR: &str = r"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor";
/// The class of display adapters.
const DISPLAY: &str =
    r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}";
/// Windows 11 still calls itself 10 in the registry; its builds begin here.
const FIRST_BUILD_OF_11: u32 = 22_000;
const MAX_ADAPTERS: usize = 8;

/// Everything that registry and tables say.
pub fn of(registry: &dyn Registry, tables: &Smbios) -> Inventory {
    let text = |key: &str, name: &str| {
        registry
            .text(key, name)
            .and_then(|value| super::meaningful(&value))
            .unwrap_or_default()
    };
    let build = text(VERSION, "CurrentBuildNumber");
    let revision = registry.number(VERSION, "UBR").unwrap_or(0);
    let bios_version = text(BIOS, "BIOSVersion");
    let manufacturer = first([
        tables.manufacturer.clone(),
        text(BIOS, "SystemManufacturer"),
    ]);
    let product = first([tables.product.clone(), text(BIOS, "SystemProductName")]);
    // Lenovo puts the machine type into the product name and the name that people use into the version.
    let (model, identifier) =
        if manufacturer.eq_ignore_ascii_case("lenovo") && !tables.version.is_empty() {
            (tables.version.clone(), product.clone())
        } else {
            (
                product.clone(),
                first([tables.sku.clone(), product.clone()]),
            )
        };
    let mut components = Vec::new();
    let mut add = |name: String, version: String| {
        if !version.is_empty() {
            components.push(Component { name, version });
        }
    };
    add("firmware".to_owned(), bios_version.clone());
    add("firmware_date".to_owned(), text(BIOS, "BIOSReleaseDate"));
    for adapter in registry
        .keys(DISPLAY)
        .into_iter()
        .filter(|key| key.chars().all(|c| c.is_ascii_digit()))
        .take(MAX_ADAPTERS)
    {
        let key = format!(r"{DISPLAY}\{adapter}");
        let driver = match registry
            .text(&key, "ProviderName")
            .unwrap_or_default()
            .to_ascii_lowercase()
        {
            name if name.contains("nvidia") => "nvidia",
            name if name.contains("amd") || name.contains("advanced micro") => "amd",
            name if name.contains("intel") => "intel",
            name if name.contains("qualcomm") => "qualcomm",
            _ => continue,
        };
        add(
            format!("graphics_driver_{driver}"),
            text(&key, "DriverVersion"),
        );
    }
    Inventory {
        host_arch: super::architecture(std::env::consts::ARCH).to_owned(),
        os_type: "windows".to_owned(),
        os_name: system_name(&text(VERSION, "ProductName"), &build),
        os_version: first([text(VERSION, "DisplayVersion"), text(VERSION, "ReleaseId")]),
        os_kernel: if build.is_empty() {
            String::new()
        } else {
            format!("{}.{build}.{revision}", kernel(registry))
        },
        os_build_id: if build.is_empty() {
            String::new()
        } else {
            format!("{build}.{revision}")
        },
        cpu_model_name: text(&format!(r"{PROCESSOR}\0"), "ProcessorNameString")
            .split_ascii_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
        cpu_logical_count: u32::try_from(registry.keys(PROCESSOR).len()).unwrap_or(0),
        chassis: chassis(tables, &manufacturer, &product).to_owned(),
        device_manufacturer: manufacturer,
        device_model_name: model,
        device_model_identifier: identifier,
        bios_version,
        components,
        ..Inventory::default()
    }
}

/// "10.0"; before Windows 10 there are no numbers, only a text ("6.1").
fn kernel(registry: &dyn Registry) -> String {
    let number = |name: &str| registry.number(VERSION, name);
    match (
        number("CurrentMajorVersionNumber"),
        number("CurrentMinorVersionNumber"),
    ) {
        (Some(major), Some(minor)) => format!("{major}.{minor}"),
        _ => registry.text(VERSION, "CurrentVersion").unwrap_or_default(),
    }
}

fn first<const N: usize>(values: [String; N]) -> String {
    values
        .into_iter()
        .find(|value| !value.is_empty())
        .unwrap_or_default()
}

fn system_name(product: &str, build: &str) -> String {
    match build.parse::<u32>() {
        Ok(build) if build >= FIRST_BUILD_OF_11 => product.replacen("Windows 10", "Windows 11", 1),
        _ => product.to_owned(),
    }
}

fn chassis(tables: &Smbios, manufacturer: &str, product: &str) -> &'static str {
    if super::names_a_virtual_machine(&format!("{manufacturer} {product}")) {
        return "virtual_machine";
    }
    smbios::chassis_word(u32::from(tables.chassis)).unwrap_or("unknown")
}

/// One disk from its descriptors. `seek` is DEVICE_SEEK_PENALTY_DESCRIPTOR, `geometry` DISK_GEOMETRY_EX.
pub fn disk(number: u32, descriptor: &[u8], seek: Option<&[u8]>, geometry: &[u8]) -> Option<Disk> {
    let word =
        |raw: &[u8], at: usize| Some(u32::from_le_bytes(raw.get(at..at + 4)?.try_into().ok()?));
    // Offsets of vendor (12) and product (16) within the descriptor, bus type (28), removable (10).
    if *descriptor.get(10)? != 0 {
        return None;
    }
    let text = |at: usize| {
        let offset = usize::try_from(word(descriptor, at)?)
            .ok()
            .filter(|offset| *offset > 0)?;
        let raw = descriptor.get(offset..)?;
        let end = raw.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(raw.get(..end)?).trim().to_owned())
    };
    let model = [text(12), text(16)]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let bus = word(descriptor, 28)?;
    let has_seek_penalty = seek.and_then(|raw| raw.get(8)).copied();
    let r#type = match (bus, has_seek_penalty) {
        // STORAGE_BUS_TYPE: 14 virtual, 15 file-backed, 17 NVMe, 12 SD, 13 MMC.
        (14 | 15, _) => "virtual",
        _ if super::names_a_virtual_machine(&model) || model.contains("Virtual") => "virtual",
        (17, _) => "nvme",
        (12 | 13, _) => "emmc",
        (_, Some(0)) => "ssd",
        (_, Some(_)) => "hdd",
        _ => "",
    };
    Some(Disk {
        name: format!("disk{number}"),
        model,
        size: u64::from_le_bytes(geometry.get(24..32)?.try_into().ok()?),
        r#type: r#type.to_owned(),
        ..Disk::default()
    })
}

/// Batteries of `powercfg /batteryreport /xml`.
pub fn batteries(report: &str) -> Vec<Battery> {
    let Some((_, list)) = report.split_once("<Batteries>") else {
        return Vec::new();
    };
    let list = list.split("</Batteries>").next().unwrap_or_default();
    list.split("<Battery>")
        .skip(1)
        .filter_map(|battery| {
            let value = |name: &str| {
                let after = battery.split_once(&format!("<{name}>"))?.1;
                Some(after.split_once("</")?.0.trim().to_owned())
            };
            let design: f64 = value("DesignCapacity")?
                .parse()
                .ok()
                .filter(|full| *full > 0.0)?;
            let full: f64 = value("FullChargeCapacity")?.parse().ok()?;
            Some(Battery {
                model: [value("Manufacturer"), value("Id")]
                    .into_iter()
                    .flatten()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(" "),
                health: (full / design).clamp(0.0, 1.5),
                // 0 means "not counted" on most firmware.
                cycles: value("CycleCount")
                    .and_then(|count| count.parse().ok())
                    .filter(|count| *count > 0),
                chemistry: value("Chemistry").unwrap_or_default(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::registry::Recorded;

    const REG: &str = r#"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion]
"ProductName"="Windows 10 Pro"
"DisplayVersion"="23H2"
"CurrentBuildNumber"="22631"
"UBR"=dword:00001082
"CurrentVersion"="6.3"
"CurrentMajorVersionNumber"=dword:0000000a
"CurrentMinorVersionNumber"=dword:00000000
[HKEY_LOCAL_MACHINE\HARDWARE\DESCRIPTION\System\BIOS]
"SystemManufacturer"="Dell Inc."
"SystemProductName"="Latitude 7440"
"BIOSVersion"="1.12.0"
"BIOSReleaseDate"="03/14/2024"
[HKEY_LOCAL_MACHINE\HARDWARE\DESCRIPTION\System\CentralProcessor\0]
"ProcessorNameString"="13th Gen Intel(R) Core(TM) i7-1365U   "
[HKEY_LOCAL_MACHINE\HARDWARE\DESCRIPTION\System\CentralProcessor\1]
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}\0000]
"ProviderName"="Intel Corporation"
"DriverVersion"="31.0.101.4953"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}\Properties]
"#;

    #[test]
    fn a_registry_gives_the_machine() {
        let tables = Smbios {
            chassis: 10,
            sku: "0C16".into(),
            ..Smbios::default()
        };
        let seen = of(&Recorded::parse(REG), &tables);
        assert_eq!(
            (
                seen.os_name.as_str(),
                seen.os_version.as_str(),
                seen.os_build_id.as_str()
            ),
            ("Windows 11 Pro", "23H2", "22631.4226")
        );
        assert_eq!(
            (
                seen.device_manufacturer.as_str(),
                seen.device_model_name.as_str(),
                seen.device_model_identifier.as_str()
            ),
            ("Dell Inc.", "Latitude 7440", "0C16")
        );
        assert_eq!(
            (seen.cpu_model_name.as_str(), seen.cpu_logical_count),
            ("13th Gen Intel(R) Core(TM) i7-1365U", 2)
        );
        assert_eq!(seen.chassis, "laptop");
        assert!(seen.components.iter().any(|part| part.name == "graphics_driver_intel" && part.version == "31.0.101.4953"));
        assert_eq!(
            of(&Recorded::parse(""), &Smbios::default()).chassis,
            "unknown"
        );
    }

    #[test]
    fn a_disk_from_its_descriptors() {
        let mut descriptor = vec![0_u8; 64];
        descriptor[16..20].copy_from_slice(&40_u32.to_le_bytes());
        descriptor[28..32].copy_from_slice(&17_u32.to_le_bytes());
        descriptor[40..55].copy_from_slice(b"SAMSUNG MZVL512");
        let mut geometry = vec![0_u8; 32];
        geometry[24..32].copy_from_slice(&512_110_190_592_u64.to_le_bytes());
        let seen = disk(0, &descriptor, None, &geometry).unwrap();
        assert_eq!(
            (seen.model.as_str(), seen.r#type.as_str(), seen.size),
            ("SAMSUNG MZVL512", "nvme", 512_110_190_592)
        );
        descriptor[10] = 1;
        assert_eq!(
            disk(0, &descriptor, None, &geometry),
            None,
            "a stick is no disk of the machine"
        );
        for cut in 0..descriptor.len() {
            disk(0, &descriptor[..cut], Some(&[]), &geometry);
        }
    }

    #[test]
    fn batteries_of_a_report() {
        let report = "<BatteryReport><Batteries><Battery><Id>DELL M033W43</Id><Manufacturer>BYD</Manufacturer><SerialNumber>1234</SerialNumber><ManufactureDate/><Chemistry>LiP</Chemistry><LongTerm>1</LongTerm><RelativeCapacity>0</RelativeCapacity><DesignCapacity>57000</DesignCapacity><FullChargeCapacity>45600</FullChargeCapacity><CycleCount>211</CycleCount></Battery></Batteries></BatteryReport>";
        let seen = batteries(report);
        assert_eq!(seen.len(), 1);
        assert_eq!(
            (seen[0].health, seen[0].cycles, seen[0].model.as_str()),
            (0.8, Some(211), "BYD DELL M033W43")
        );
        assert!(!format!("{seen:?}").contains("1234"));
        assert!(batteries("<BatteryReport/>").is_empty());
    }
}
