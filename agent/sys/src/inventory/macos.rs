//! Inventory of macOS: `system_profiler -json`.
//!
//! Invariant: pure over the tool's JSON; keys that hold serial numbers or UUIDs are not read.
//!
//! Source: system_profiler(8); the keys as Apple's and MDM vendors' published examples show them.

use serde_json::Value;

use super::{Battery, Component, Disk, Inventory};

/// Everything that the report says.
pub fn of(report: &Value) -> Inventory {
    let list = |name: &str| {
        report
            .get(name)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    let text = |value: Option<&Value>, key: &str| {
        value
            .and_then(|own| own.get(key)?.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let hardware = list("SPHardwareDataType").first();
    let software = list("SPSoftwareDataType").first();
    let model = text(hardware, "machine_model");
    let name = text(hardware, "machine_name");
    // "macOS 14.5 (23F79)".
    let os = text(software, "os_version");
    let (os_name, build) = os
        .rsplit_once(" (")
        .map_or((os.as_str(), ""), |(name, build)| {
            (name, build.trim_end_matches(')'))
        });
    let os_version = os_name.rsplit(' ').next().unwrap_or_default().to_owned();
    let firmware = text(hardware, "boot_rom_version");
    let mut components = Vec::new();
    for (part, version) in [
        ("kernel", text(software, "kernel_version")),
        ("firmware", firmware.clone()),
        ("os_loader", text(hardware, "os_loader_version")),
    ] {
        if !version.is_empty() {
            components.push(Component {
                name: part.to_owned(),
                version,
            });
        }
    }
    let batteries: Vec<Battery> = list("SPPowerDataType").iter().filter_map(battery).collect();
    Inventory {
        device_manufacturer: "Apple".to_owned(),
        host_arch: super::architecture(std::env::consts::ARCH).to_owned(),
        os_type: "darwin".to_owned(),
        os_name: os_name.to_owned(),
        os_version,
        os_build_id: build.to_owned(),
        os_kernel: text(software, "kernel_version"),
        cpu_model_name: Some(text(hardware, "chip_type"))
            .filter(|chip| !chip.is_empty())
            .unwrap_or_else(|| text(hardware, "cpu_type")),
        disks: disks(list("SPNVMeDataType"), "nvme")
            .chain(disks(list("SPSerialATADataType"), "ssd"))
            .collect(),
        chassis: chassis(&name, &model, !batteries.is_empty()).to_owned(),
        device_model_name: name,
        device_model_identifier: model,
        bios_version: firmware,
        batteries,
        components,
        ..Inventory::default()
    }
}

fn chassis(name: &str, model: &str, has_battery: bool) -> &'static str {
    if model.starts_with("VirtualMac") || super::names_a_virtual_machine(model) {
        "virtual_machine"
    } else if name.contains("MacBook") || has_battery {
        "laptop"
    } else if name.is_empty() {
        "unknown"
    } else {
        "desktop"
    }
}

fn battery(entry: &Value) -> Option<Battery> {
    let health = entry.get("sppower_battery_health_info")?;
    let share = health
        .get("sppower_battery_health_maximum_capacity")
        .and_then(Value::as_str)
        .and_then(|text| text.trim_end_matches('%').trim().parse::<f64>().ok())?;
    Some(Battery {
        model: entry
            .get("sppower_battery_model_info")
            .and_then(|info| info.get("sppower_battery_device_name")?.as_str())
            .unwrap_or_default()
            .to_owned(),
        health: (share / 100.0).clamp(0.0, 1.5),
        cycles: health
            .get("sppower_battery_cycle_count")
            .and_then(Value::as_u64)
            .and_then(|count| u32::try_from(count).ok()),
        chemistry: String::new(),
    })
}

/// Controllers with their drives.
fn disks<'a>(controllers: &'a [Value], kind: &'a str) -> impl Iterator<Item = Disk> + 'a {
    controllers
        .iter()
        .filter_map(|controller| controller.get("_items")?.as_array())
        .flatten()
        .filter_map(move |drive| {
            let text = |key: &str| drive.get(key).and_then(Value::as_str).unwrap_or_default();
            let rotational = text("spsata_medium_type") == "Rotational";
            Some(Disk {
                name: text("bsd_name").to_owned(),
                model: text("device_model").trim().to_owned(),
                size: drive.get("size_in_bytes")?.as_u64()?,
                r#type: if rotational { "hdd" } else { kind }.to_owned(),
                endurance_utilization: None,
                health: match text("smart_status") {
                    "Verified" => "ok",
                    "Failing" => "failing",
                    _ => "",
                }
                .to_owned(),
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shapes as system_profiler prints them; numbers made up.
    const REPORT: &str = r#"{
      "SPHardwareDataType": [{"_name":"hardware_overview","boot_rom_version":"10151.121.1","chip_type":"Apple M2 Pro","machine_model":"Mac14,9","machine_name":"MacBook Pro","number_processors":"proc 10:6:4","os_loader_version":"10151.121.1","physical_memory":"16 GB","platform_UUID":"DEAD-BEEF","serial_number":"C02SECRET"}],
      "SPSoftwareDataType": [{"kernel_version":"Darwin 23.5.0","os_version":"macOS 14.5 (23F79)","user_name":"Anna (anna)","local_host_name":"annas-mac"}],
      "SPPowerDataType": [{"_name":"spbattery_information","sppower_battery_health_info":{"sppower_battery_cycle_count":187,"sppower_battery_health":"Good","sppower_battery_health_maximum_capacity":"91%"},"sppower_battery_model_info":{"sppower_battery_device_name":"bq40z651","sppower_battery_serial_number":"F5DSECRET"}},{"_name":"sppower_information"}],
      "SPNVMeDataType": [{"_name":"Apple SSD Controller","_items":[{"bsd_name":"disk0","device_model":"APPLE SSD AP0512Z ","device_serial":"0ba0SECRET","size_in_bytes":500277792768,"smart_status":"Verified"}]}]
    }"#;

    #[test]
    fn a_mac_without_names_and_numbers_of_its_own() {
        let seen = of(&serde_json::from_str(REPORT).unwrap_or_default());
        assert_eq!(
            (
                seen.device_model_name.as_str(),
                seen.device_model_identifier.as_str(),
                seen.chassis.as_str()
            ),
            ("MacBook Pro", "Mac14,9", "laptop")
        );
        assert_eq!(
            (
                seen.os_name.as_str(),
                seen.os_version.as_str(),
                seen.os_build_id.as_str()
            ),
            ("macOS 14.5", "14.5", "23F79")
        );
        assert_eq!(
            (
                seen.batteries.len(),
                seen.batteries.first().and_then(|one| one.cycles)
            ),
            (1, Some(187))
        );
        assert_eq!(
            seen.disks
                .first()
                .map(|one| (one.r#type.as_str(), one.health.as_str(), one.size)),
            Some(("nvme", "ok", 500_277_792_768))
        );
        let all = format!("{seen:?}").to_lowercase();
        assert!(!all.contains("secret") && !all.contains("anna") && !all.contains("dead-beef"));
    }

    #[test]
    fn an_empty_report_is_an_unknown_mac() {
        assert_eq!(of(&Value::Null).chassis, "unknown");
    }
}
