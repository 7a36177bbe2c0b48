//! From what the operating system said (`weft_agent_sys`) to what the wire says (`weft.v1`).
//!
//! Invariant: plain translation; no fact is added, judged or removed here. Redaction comes after.

use weft_agent_sys::{boot, inventory, vitals};
use weft_proto::{
    Timestamp,
    v1::{
        Boot, Inventory, Observation, Resume, Vitals, boot::End, inventory as wire,
        observation::Kind, resume::From, vitals as wire_vitals,
    },
};

/// A fact and when it was true.
pub fn observe(at: jiff::Timestamp, kind: Kind) -> Observation {
    Observation {
        observed_at: Some(wire_time(at)),
        kind: Some(kind),
    }
}

/// jiff to protobuf.
pub fn wire_time(at: jiff::Timestamp) -> Timestamp {
    // protobuf wants nanos counted forward even before 1970.
    let (seconds, nanos) = match at.subsec_nanosecond() {
        nanos if nanos < 0 => (at.as_second() - 1, nanos + 1_000_000_000),
        nanos => (at.as_second(), nanos),
    };
    Timestamp { seconds, nanos }
}

/// Protobuf to jiff; `None` when it lies outside of what jiff knows.
pub fn local_time(at: &Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::new(at.seconds, at.nanos).ok()
}

/// The public word for an observation's kind.
pub fn kind_name(observation: &Observation) -> &'static str {
    match observation.kind {
        Some(Kind::Boot(_)) => "boot",
        Some(Kind::Resume(_)) => "resume",
        Some(Kind::Process(_)) => "process",
        Some(Kind::App(_)) => "app",
        Some(Kind::Vitals(_)) => "vitals",
        Some(Kind::Inventory(_)) => "inventory",
        Some(Kind::AgentHealth(_)) => "agent_health",
        None => "none",
    }
}

/// The spool's tag for a kind: its field number in `Observation`.
pub fn kind_tag(observation: &Observation) -> u8 {
    match observation.kind {
        Some(Kind::Boot(_)) => 10,
        Some(Kind::Resume(_)) => 11,
        Some(Kind::Process(_)) => 12,
        Some(Kind::App(_)) => 13,
        Some(Kind::Vitals(_)) => 14,
        Some(Kind::Inventory(_)) => 15,
        Some(Kind::AgentHealth(_)) => 16,
        None => 1,
    }
}

/// A boot.
pub fn boot(record: boot::BootRecord) -> Boot {
    Boot {
        boot_id: record.boot_id,
        started_at: record.started_at.map(wire_time),
        ended_at: record.ended_at.map(wire_time),
        end: match record.end {
            boot::End::Running => End::Running,
            boot::End::CleanRestart => End::CleanRestart,
            boot::End::CleanPoweroff => End::CleanPoweroff,
            boot::End::Update => End::Update,
            boot::End::Crash => End::Crash,
            boot::End::ForcedOff => End::ForcedOff,
            boot::End::PowerLossOrHang => End::PowerLossOrHang,
            boot::End::FailedBoot => End::FailedBoot,
            boot::End::Unknown => End::Unknown,
        }
        .into(),
        confidence: record.confidence,
        initiator: record.initiator,
        stop_code: record.stop_code,
        evidence: record.evidence,
        tags: record.tags,
        os_version: record.os_version,
    }
}

/// A resume.
pub fn resume(record: boot::ResumeRecord) -> Resume {
    Resume {
        boot_id: record.boot_id,
        from: match record.from {
            boot::From::Sleep => From::Sleep,
            boot::From::Hibernate => From::Hibernate,
            boot::From::HybridBoot => From::HybridBoot,
            boot::From::SoftReboot => From::SoftReboot,
        }
        .into(),
        evidence: record.evidence,
    }
}

/// One sample as a summary of a window of no length; the probe folds more into it.
pub fn vitals(sample: vitals::Sample) -> Vitals {
    Vitals {
        window: 0.0,
        cpu_utilization: sample.cpu_utilization.unwrap_or_default(),
        cpu_utilization_max: sample.cpu_utilization.unwrap_or_default(),
        memory_usage: sample.memory_usage,
        memory_limit: sample.memory_limit,
        paging_usage: sample.paging_usage,
        memory_pressure: sample.memory_pressure,
        io_pressure: sample.io_pressure,
        filesystems: sample
            .filesystems
            .into_iter()
            .map(|fs| wire_vitals::Filesystem {
                mountpoint: fs.mountpoint,
                r#type: fs.r#type,
                usage: fs.usage,
                limit: fs.limit,
            })
            .collect(),
        temperature_max: sample.temperature_max,
        throttled: sample.throttled,
        battery_charge: sample.battery_charge,
        on_battery: sample.on_battery,
        uptime: sample.uptime,
        process_count: sample.process_count,
        boot_id: sample.boot_id,
    }
}

/// The inventory; `host_name` is empty unless the probe was told to read it.
pub fn inventory(found: inventory::Inventory, host_name: String) -> Inventory {
    Inventory {
        device_manufacturer: found.device_manufacturer,
        device_model_name: found.device_model_name,
        device_model_identifier: found.device_model_identifier,
        host_arch: found.host_arch,
        host_name,
        os_type: found.os_type,
        os_name: found.os_name,
        os_version: found.os_version,
        os_build_id: found.os_build_id,
        os_kernel: found.os_kernel,
        cpu_model_name: found.cpu_model_name,
        cpu_logical_count: found.cpu_logical_count,
        memory_limit: found.memory_limit,
        disks: found
            .disks
            .into_iter()
            .map(|disk| wire::Disk {
                name: disk.name,
                model: disk.model,
                size: disk.size,
                r#type: disk.r#type,
                endurance_utilization: disk.endurance_utilization,
                health: disk.health,
            })
            .collect(),
        batteries: found
            .batteries
            .into_iter()
            .map(|battery| wire::Battery {
                model: battery.model,
                health: battery.health,
                cycles: battery.cycles,
                chemistry: battery.chemistry,
            })
            .collect(),
        bios_version: found.bios_version,
        components: found
            .components
            .into_iter()
            .map(|component| wire::Component {
                name: component.name,
                version: component.version,
            })
            .collect(),
        chassis: found.chassis,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_before_1970_count_nanos_forward() {
        let at: jiff::Timestamp = "1969-12-31T23:59:58.5Z".parse().unwrap();
        let wire = wire_time(at);
        assert_eq!((wire.seconds, wire.nanos), (-2, 500_000_000));
        assert_eq!(local_time(&wire), Some(at));
    }
}
