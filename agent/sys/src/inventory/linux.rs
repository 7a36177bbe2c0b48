//! Inventory from sysfs, procfs and os-release.
//!
//! Invariant: files that need no rights beyond reading sysfs, and one question to each NVMe drive that only root is answered; one
//! pass is under a thousand small reads.
//!
//! Not here: SMART logs of SATA drives (they need raw device access that the service does not have).

use std::path::Path;

use super::{
    Battery, Component, Disk, Inventory, architecture, meaningful, names_a_virtual_machine, nvme,
    smbios,
};
use crate::{files, host};

const MAX_DISKS: usize = 64;
const MAX_SUPPLIES: usize = 32;
const CPUINFO_LIMIT: u64 = 256 * 1024;
/// Sectors of /sys/block are 512 bytes whatever the disk says (Documentation/block/stat).
const SECTOR: u64 = 512;

pub fn read(root: &Path) -> Inventory {
    let release = os_release(root);
    let kernel = files::value(&files::under(root, "/proc/sys/kernel/osrelease"))
        .or_else(|| newest_module_tree(root))
        .unwrap_or_default();
    let cpuinfo =
        files::text(&files::under(root, "/proc/cpuinfo"), CPUINFO_LIMIT).unwrap_or_default();
    let (manufacturer, name, identifier) = model(root, &cpuinfo);
    let bios_version = dmi(root, "bios_version").unwrap_or_default();
    Inventory {
        device_manufacturer: manufacturer,
        device_model_name: name,
        device_model_identifier: identifier,
        host_arch: architecture(std::env::consts::ARCH).to_owned(),
        os_type: "linux".to_owned(),
        os_name: release
            .get("PRETTY_NAME")
            .or_else(|| release.get("NAME"))
            .unwrap_or_default(),
        os_version: release.get("VERSION_ID").unwrap_or_default(),
        os_build_id: release
            .get("BUILD_ID")
            .or_else(|| release.get("IMAGE_VERSION"))
            .unwrap_or_else(|| kernel.clone()),
        cpu_model_name: cpu_model(&cpuinfo),
        cpu_logical_count: logical_processors(root, &cpuinfo),
        memory_limit: memory(root),
        disks: disks(root),
        batteries: batteries(root),
        components: components(root, &kernel, &bios_version, &cpuinfo),
        chassis: chassis(root, &cpuinfo).to_owned(),
        os_kernel: kernel,
        bios_version,
    }
}

/// os-release(5) as key-value pairs.
pub struct OsRelease(Vec<(String, String)>);

impl OsRelease {
    pub fn parse(text: &str) -> Self {
        let pairs = text
            .lines()
            .filter_map(|line| {
                let (key, value) = line.trim().split_once('=')?;
                let value = value.trim().trim_matches(['"', '\'']).replace('\\', "");
                (!key.starts_with('#')).then(|| (key.to_owned(), value))
            })
            .collect();
        Self(pairs)
    }

    pub fn get(&self, key: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(own, value)| own == key && !value.is_empty())
            .map(|(_, value)| value.clone())
    }
}

fn os_release(root: &Path) -> OsRelease {
    let text = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| files::text(&files::under(root, path), files::VALUE_LIMIT))
        .unwrap_or_default();
    OsRelease::parse(&text)
}

/// On a mounted disk: the kernel whose modules are installed; the newest by name order is the likeliest to have run.
fn newest_module_tree(root: &Path) -> Option<String> {
    ["/lib/modules", "/usr/lib/modules"]
        .iter()
        .find_map(|path| files::names(&files::under(root, path), MAX_DISKS).pop())
}

/// A field of SMBIOS, unless it is a placeholder.
fn dmi(root: &Path, field: &str) -> Option<String> {
    let value = files::value(&files::under(root, "/sys/class/dmi/id").join(field))?;
    meaningful(&value)
}

/// (manufacturer, model name, model identifier).
fn model(root: &Path, cpuinfo: &str) -> (String, String, String) {
    let vendor = dmi(root, "sys_vendor").or_else(|| dmi(root, "board_vendor"));
    let product = dmi(root, "product_name");
    let version = dmi(root, "product_version");
    let sku = dmi(root, "product_sku");
    if let Some(product) = product.clone().or_else(|| dmi(root, "board_name")) {
        let vendor = vendor.unwrap_or_default();
        // Lenovo puts the machine type into the product name and the name that people use into the version.
        let swapped = vendor.eq_ignore_ascii_case("lenovo");
        return match version {
            Some(version) if swapped => (vendor, version, product),
            _ => {
                let identifier = sku.unwrap_or_else(|| product.clone());
                (vendor, product, identifier)
            }
        };
    }
    // ARM boards and Apple silicon under Linux describe themselves in the device tree.
    if let Some(tree) = files::value(&files::under(root, "/proc/device-tree/model"))
        .or_else(|| files::value(&files::under(root, "/sys/firmware/devicetree/base/model")))
    {
        let maker = tree.split(' ').next().unwrap_or_default().to_owned();
        let compatible = files::bytes(
            &files::under(root, "/proc/device-tree/compatible"),
            files::VALUE_LIMIT,
        )
        .and_then(|raw| {
            let first = raw.split(|byte| *byte == 0).next()?;
            String::from_utf8(first.to_vec()).ok()
        })
        .unwrap_or_else(|| tree.clone());
        return (maker, tree, compatible);
    }
    // A virtual machine without firmware tables (Firecracker, microvm).
    if is_virtual(root, cpuinfo) {
        let name = hypervisor(root).unwrap_or_else(|| "Virtual machine".to_owned());
        return (vendor.unwrap_or_default(), name, "virtual".to_owned());
    }
    (vendor.unwrap_or_default(), String::new(), String::new())
}

fn hypervisor(root: &Path) -> Option<String> {
    let kind = files::value(&files::under(root, "/sys/hypervisor/type"))?;
    Some(format!("{kind} virtual machine"))
}

fn is_virtual(root: &Path, cpuinfo: &str) -> bool {
    let has_flag = cpuinfo
        .lines()
        .find(|line| line.starts_with("flags"))
        .is_some_and(|line| line.split(' ').any(|flag| flag == "hypervisor"));
    if has_flag || files::under(root, "/sys/hypervisor/type").exists() {
        return true;
    }
    names_a_virtual_machine(&format!(
        "{} {}",
        dmi(root, "sys_vendor").unwrap_or_default(),
        dmi(root, "product_name").unwrap_or_default()
    ))
}

/// SMBIOS chassis types (DSP0134 7.4.1) in our words; virtual and container come first because their tables are made up.
fn chassis(root: &Path, cpuinfo: &str) -> &'static str {
    if files::is_own_tree(root) && host::detect(root) == host::Host::Container {
        return "container";
    }
    if is_virtual(root, cpuinfo) {
        return "virtual_machine";
    }
    let kind = dmi(root, "chassis_type").and_then(|text| text.parse::<u32>().ok());
    match kind.and_then(smbios::chassis_word) {
        Some(word) => word,
        // No type: a machine's own battery makes it a laptop.
        None if !batteries(root).is_empty() => "laptop",
        None => "unknown",
    }
}

fn cpu_model(cpuinfo: &str) -> String {
    ["model name", "Model", "Hardware", "Processor"]
        .iter()
        .find_map(|key| {
            cpuinfo.lines().find_map(|line| {
                let (own, value) = line.split_once(':')?;
                (own.trim() == *key)
                    .then(|| value.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
            })
        })
        .unwrap_or_default()
}

/// /sys counts processors even where /proc/cpuinfo is cut by our limit.
fn logical_processors(root: &Path, cpuinfo: &str) -> u32 {
    let from_range =
        files::value(&files::under(root, "/sys/devices/system/cpu/online")).map(|list| {
            list.split(',')
                .filter_map(|part| match part.split_once('-') {
                    Some((low, high)) => Some(
                        high.parse::<u32>()
                            .ok()?
                            .checked_sub(low.parse().ok()?)?
                            .saturating_add(1),
                    ),
                    None => part.parse::<u32>().ok().map(|_| 1),
                })
                .fold(0_u32, u32::saturating_add)
        });
    let listed = cpuinfo
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    from_range
        .filter(|count| *count > 0)
        .unwrap_or_else(|| u32::try_from(listed).unwrap_or(u32::MAX))
}

fn memory(root: &Path) -> u64 {
    files::text(&files::under(root, "/proc/meminfo"), files::VALUE_LIMIT)
        .and_then(|text| {
            let rest = text
                .lines()
                .find_map(|line| line.strip_prefix("MemTotal:").map(str::to_owned))?;
            rest.split_ascii_whitespace().next()?.parse::<u64>().ok()
        })
        .unwrap_or(0)
        .saturating_mul(1024)
}

fn disks(root: &Path) -> Vec<Disk> {
    let blocks = files::under(root, "/sys/block");
    files::names(&blocks, 512)
        .into_iter()
        .filter(|name| is_disk(name))
        .filter_map(|name| {
            let block = blocks.join(&name);
            let size = u64::try_from(files::number(&block.join("size"))?)
                .ok()?
                .saturating_mul(SECTOR);
            // Only the running system's own drives can be asked, and only with the right to.
            let wear = if files::is_own_tree(root) && size > 0 {
                nvme::ask(&name)
            } else {
                None
            };
            // An empty card reader or optical drive has size 0.
            (size > 0).then(|| Disk {
                model: files::value(&block.join("device/model"))
                    .or_else(|| files::value(&block.join("device/name")))
                    .unwrap_or_default(),
                r#type: disk_type(&name, &block).to_owned(),
                size,
                endurance_utilization: wear.map(|wear| wear.endurance_utilization),
                health: wear
                    .map_or_else(|| emmc_health(&block), |wear| wear.word)
                    .to_owned(),
                name,
            })
        })
        .take(MAX_DISKS)
        .collect()
}

/// Whole disks only: no loops, memory disks, mapped or optical devices.
fn is_disk(name: &str) -> bool {
    let skipped = ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "zd"];
    !skipped.iter().any(|prefix| name.starts_with(prefix))
        && !name.contains("boot")
        && !name.contains("rpmb")
}

fn disk_type(name: &str, block: &Path) -> &'static str {
    let model = files::value(&block.join("device/model"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let vendor = files::value(&block.join("device/vendor"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let made_up = ["qemu", "vbox", "vmware", "virtual", "msft"];
    if name.starts_with("vd")
        || name.starts_with("xvd")
        || made_up
            .iter()
            .any(|word| model.contains(word) || vendor.contains(word))
    {
        "virtual"
    } else if name.starts_with("nvme") {
        "nvme"
    } else if name.starts_with("mmcblk") {
        "emmc"
    } else if files::number(&block.join("queue/rotational")) == Some(1) {
        "hdd"
    } else {
        "ssd"
    }
}

/// eMMC tells its pre-end-of-life state in sysfs (JEDEC 84-B51 PRE_EOL_INFO: 1 normal, 2 warning, 3 urgent).
fn emmc_health(block: &Path) -> &'static str {
    match files::value(&block.join("device/pre_eol_info")).as_deref() {
        Some("0x01") => "ok",
        Some("0x02") => "warning",
        Some("0x03") => "failing",
        _ => "",
    }
}

fn batteries(root: &Path) -> Vec<Battery> {
    let supplies = files::under(root, "/sys/class/power_supply");
    files::names(&supplies, MAX_SUPPLIES)
        .into_iter()
        .filter_map(|name| {
            let supply = supplies.join(name);
            let of = |what: &str| files::value(&supply.join(what));
            if of("type").as_deref() != Some("Battery") || of("scope").as_deref() == Some("Device")
            {
                return None;
            }
            let share = ["energy", "charge"].iter().find_map(|unit| {
                let design = files::number(&supply.join(format!("{unit}_full_design")))
                    .filter(|full| *full > 0)?;
                let full = files::number(&supply.join(format!("{unit}_full")))?;
                Some((full as f64 / design as f64).clamp(0.0, 1.5))
            })?;
            let model = [of("manufacturer"), of("model_name")]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ");
            Some(Battery {
                model,
                health: share,
                // 0 means "not counted" on most firmware.
                cycles: files::number(&supply.join("cycle_count"))
                    .and_then(|count| u32::try_from(count).ok())
                    .filter(|count| *count > 0),
                chemistry: of("technology").unwrap_or_default(),
            })
        })
        .collect()
}

fn components(root: &Path, kernel: &str, bios: &str, cpuinfo: &str) -> Vec<Component> {
    let mut out = Vec::new();
    let mut add = |name: &str, version: Option<String>| {
        if let Some(version) = version.filter(|version| !version.is_empty()) {
            out.push(Component {
                name: name.to_owned(),
                version,
            });
        }
    };
    add("kernel", Some(kernel.to_owned()));
    add("firmware", Some(bios.to_owned()));
    add("firmware_date", dmi(root, "bios_date"));
    add("embedded_controller", dmi(root, "ec_firmware_release"));
    let microcode = cpuinfo.lines().find_map(|line| {
        line.strip_prefix("microcode")?
            .split_once(':')
            .map(|(_, value)| value.trim().to_owned())
    });
    add("microcode", microcode);
    for module in ["nvidia", "amdgpu", "i915", "xe", "nouveau"] {
        let path = files::under(root, "/sys/module").join(module);
        if path.exists() {
            // In-tree drivers have no version of their own: theirs is the kernel's.
            let version = files::value(&path.join("version")).unwrap_or_else(|| kernel.to_owned());
            add(&format!("graphics_driver_{module}"), Some(version));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tree(entries: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in entries {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_thinkpad_is_named_as_people_name_it() {
        let root = tree(&[
            ("sys/class/dmi/id/sys_vendor", "LENOVO\n"),
            ("sys/class/dmi/id/product_name", "21AH00BXGE\n"),
            ("sys/class/dmi/id/product_version", "ThinkPad T14 Gen 3\n"),
            ("sys/class/dmi/id/chassis_type", "10\n"),
            ("sys/class/dmi/id/bios_version", "N3MET15W (1.14 )\n"),
            (
                "etc/os-release",
                "PRETTY_NAME=\"Fedora Linux 40\"\nVERSION_ID=40\n",
            ),
            ("proc/sys/kernel/osrelease", "6.9.7-200.fc40.x86_64\n"),
            ("sys/class/power_supply/BAT0/type", "Battery\n"),
            ("sys/class/power_supply/BAT0/energy_full", "45000000\n"),
            (
                "sys/class/power_supply/BAT0/energy_full_design",
                "50000000\n",
            ),
            ("sys/class/power_supply/BAT0/cycle_count", "212\n"),
            ("sys/block/nvme0n1/size", "1000215216\n"),
            ("sys/block/nvme0n1/device/model", "SAMSUNG MZVL2512HCJQ\n"),
            ("sys/block/loop0/size", "10\n"),
        ]);
        let seen = read(root.path());
        assert_eq!(seen.device_manufacturer, "LENOVO");
        assert_eq!(seen.device_model_name, "ThinkPad T14 Gen 3");
        assert_eq!(seen.device_model_identifier, "21AH00BXGE");
        assert_eq!(seen.chassis, "laptop");
        assert_eq!(seen.os_name, "Fedora Linux 40");
        assert_eq!(seen.os_build_id, "6.9.7-200.fc40.x86_64");
        assert_eq!(seen.batteries[0].health, 0.9);
        assert_eq!(seen.batteries[0].cycles, Some(212));
        assert_eq!(seen.disks.len(), 1);
        assert_eq!(seen.disks[0].r#type, "nvme");
        assert!(seen.components.iter().any(|part| part.name == "firmware"));
    }

    #[test]
    fn a_machine_without_tables_is_a_virtual_machine() {
        let root = tree(&[(
            "proc/cpuinfo",
            "processor : 0\nmodel name : Intel(R)  Xeon(R) Processor\nflags : fpu hypervisor\n",
        )]);
        let seen = read(root.path());
        assert_eq!(seen.device_model_name, "Virtual machine");
        assert_eq!(seen.chassis, "virtual_machine");
        assert_eq!(seen.cpu_model_name, "Intel(R) Xeon(R) Processor");
        assert_eq!(seen.cpu_logical_count, 1);
    }

    #[test]
    fn placeholders_are_no_answer() {
        for text in ["To Be Filled By O.E.M.", "Default string", "0000000", "  "] {
            assert_eq!(meaningful(text), None, "{text}");
        }
        assert_eq!(
            meaningful("Latitude 7420").as_deref(),
            Some("Latitude 7420")
        );
    }

    #[test]
    fn an_empty_tree_gives_an_empty_inventory() {
        let root = tree(&[]);
        let seen = read(root.path());
        assert_eq!(seen.os_type, "linux");
        assert_eq!(seen.chassis, "unknown");
        assert!(seen.disks.is_empty());
    }
}
