//! Kind for kind, field for field. Enum values become words; those of a newer agent become "unknown".

use std::collections::HashMap;

use jiff::Timestamp;
use weft_collector_core::event::{
    AgentHealth, App, Battery, Boot, BootEnd, Disk, Filesystem, Inventory, Process, Resume, Vitals,
};
use weft_proto::v1::{self, app, process, resume};

use super::{Time, from_wire_time, told};

/// The word for an enum value that this collector does not know, or that was not given.
const UNKNOWN: &str = "unknown";

/// Reads fields and remembers the first that cannot be kept.
#[derive(Default)]
pub struct Field {
    pub wrong: Option<&'static str>,
    /// Times that had to be moved, as they were told.
    pub original_times: Vec<(String, String)>,
}

impl Field {
    /// Infinity and "not a number" would poison every average that they enter.
    fn number(&mut self, name: &'static str, value: f64) -> f64 {
        if !value.is_finite() && self.wrong.is_none() {
            self.wrong = Some(name);
        }
        value
    }

    fn optional(&mut self, name: &'static str, value: Option<f64>) -> Option<f64> {
        value.map(|value| self.number(name, value))
    }

    fn time(&mut self, name: &'static str, at: Option<weft_proto::Timestamp>) -> Option<Timestamp> {
        let at = at?;
        let (time, kept) = from_wire_time(at);
        if kept == Time::Clamped {
            self.original_times.push((name.to_owned(), told(at)));
        }
        Some(time)
    }

    pub fn boot(&mut self, boot: v1::Boot) -> Boot {
        let end = match v1::boot::End::try_from(boot.end) {
            Ok(end) => BootEnd::from_word(end.as_str_name()),
            Err(_) => BootEnd::Unknown,
        };
        Boot {
            boot_id: boot.boot_id,
            started_at: self.time("started_at", boot.started_at),
            ended_at: self.time("ended_at", boot.ended_at),
            end,
            confidence: self.number("confidence", boot.confidence),
            initiator: boot.initiator,
            stop_code: boot.stop_code,
            evidence: boot.evidence,
            tags: boot.tags,
            os_version: boot.os_version,
        }
    }

    pub fn resume(&mut self, resume: v1::Resume) -> Resume {
        let from = match resume::From::try_from(resume.from) {
            Ok(resume::From::Unspecified) | Err(_) => UNKNOWN,
            Ok(known) => known.as_str_name(),
        };
        Resume {
            boot_id: resume.boot_id,
            from: from.to_owned(),
            evidence: resume.evidence,
        }
    }

    pub fn process(&mut self, process: v1::Process) -> Process {
        let user_class = match process::UserClass::try_from(process.user_class) {
            Ok(process::UserClass::Unspecified) | Err(_) => UNKNOWN,
            Ok(known) => known.as_str_name(),
        };
        let place = match process::Place::try_from(process.place) {
            Ok(process::Place::Unspecified) | Err(_) => UNKNOWN,
            Ok(known) => known.as_str_name(),
        };
        Process {
            executable_name: process.executable_name,
            executable_path: process.executable_path,
            executable_sha256: process.executable_sha256,
            package: process.package,
            signer: process.signer,
            original_file_name: process.original_file_name,
            parent_executable_name: process.parent_executable_name,
            parent_package: process.parent_package,
            user_class: user_class.to_owned(),
            place: place.to_owned(),
            first_seen: self.time("first_seen", process.first_seen),
            starts: process.starts,
            running: process.running,
            cpu_time: self.number("cpu_time", process.cpu_time),
            memory_usage: process.memory_usage,
            disk_io: process.disk_io,
            traits: process.traits,
            script: process.script,
            command_line: process.command_line,
            pid: process.pid,
        }
    }

    pub fn app(&mut self, app: v1::App) -> App {
        let state = match app::State::try_from(app.state) {
            Ok(app::State::Unspecified) | Err(_) => UNKNOWN,
            Ok(known) => known.as_str_name(),
        };
        let account = match app::Account::try_from(app.account) {
            // Not readable is the usual case, and no news.
            Ok(app::Account::Unspecified) => "",
            Ok(known) => known.as_str_name(),
            Err(_) => UNKNOWN,
        };
        App {
            app: app.app,
            name: app.name,
            category: app.category,
            state: state.to_owned(),
            confidence: self.number("confidence", app.confidence),
            evidence: app.evidence,
            flags: app.flags,
            account: account.to_owned(),
            account_domain: app.account_domain,
            version: app.version,
            sync_folders: app.sync_folders,
            files_changed: app.files_changed,
            bytes_changed: app.bytes_changed,
            change_incomplete: app.change_incomplete,
        }
    }

    pub fn vitals(&mut self, vitals: v1::Vitals) -> Vitals {
        Vitals {
            window: self.number("window", vitals.window),
            cpu_utilization: self.number("cpu_utilization", vitals.cpu_utilization),
            cpu_utilization_max: self.number("cpu_utilization_max", vitals.cpu_utilization_max),
            memory_usage: vitals.memory_usage,
            memory_limit: vitals.memory_limit,
            paging_usage: vitals.paging_usage,
            memory_pressure: self.optional("memory_pressure", vitals.memory_pressure),
            io_pressure: self.optional("io_pressure", vitals.io_pressure),
            filesystems: vitals
                .filesystems
                .into_iter()
                .map(|filesystem| Filesystem {
                    mountpoint: filesystem.mountpoint,
                    fstype: filesystem.r#type,
                    usage: filesystem.usage,
                    limit: filesystem.limit,
                })
                .collect(),
            temperature_max: self.optional("temperature_max", vitals.temperature_max),
            throttled: self.optional("throttled", vitals.throttled),
            battery_charge: self.optional("battery_charge", vitals.battery_charge),
            on_battery: vitals.on_battery,
            uptime: self.number("uptime", vitals.uptime),
            process_count: vitals.process_count,
            boot_id: vitals.boot_id,
        }
    }

    pub fn inventory(&mut self, inventory: v1::Inventory) -> Inventory {
        let disks = inventory
            .disks
            .into_iter()
            .map(|disk| Disk {
                name: disk.name,
                model: disk.model,
                size: disk.size,
                disk_type: disk.r#type,
                endurance_utilization: self
                    .optional("disks.endurance_utilization", disk.endurance_utilization),
                health: disk.health,
            })
            .collect();
        let batteries = inventory
            .batteries
            .into_iter()
            .map(|battery| Battery {
                model: battery.model,
                health: self.number("batteries.health", battery.health),
                cycles: battery.cycles,
                chemistry: battery.chemistry,
            })
            .collect();
        Inventory {
            device_manufacturer: inventory.device_manufacturer,
            device_model_name: inventory.device_model_name,
            device_model_identifier: inventory.device_model_identifier,
            host_arch: inventory.host_arch,
            host_name: inventory.host_name,
            os_type: inventory.os_type,
            os_name: inventory.os_name,
            os_version: inventory.os_version,
            os_build_id: inventory.os_build_id,
            os_kernel: inventory.os_kernel,
            cpu_model_name: inventory.cpu_model_name,
            cpu_logical_count: inventory.cpu_logical_count,
            memory_limit: inventory.memory_limit,
            disks,
            batteries,
            bios_version: inventory.bios_version,
            components: inventory
                .components
                .into_iter()
                .map(|component| (component.name, component.version))
                .collect(),
            chassis: inventory.chassis,
        }
    }

    pub fn agent_health(&mut self, health: v1::AgentHealth) -> AgentHealth {
        AgentHealth {
            service_version: health.service_version,
            cpu_time: self.number("cpu_time", health.cpu_time),
            memory_usage: health.memory_usage,
            spool_usage: health.spool_usage,
            network_io: health.network_io,
            dropped: sorted(health.dropped),
            redacted: sorted(health.redacted),
            degraded: health.degraded,
            blind_spots: health.blind_spots,
            policy_version: health.policy_version,
            clock_step: self.number("clock_step", health.clock_step),
        }
    }
}

/// A map of the wire has no order; equal content should give equal rows.
fn sorted(map: HashMap<String, u64>) -> Vec<(String, u64)> {
    let mut pairs: Vec<_> = map.into_iter().collect();
    pairs.sort();
    pairs
}
