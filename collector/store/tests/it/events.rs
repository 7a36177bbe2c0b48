//! Events to store: small makers, each field with a value that would show if it landed in the wrong column.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector_core::{
    device::DeviceId,
    event::{
        AgentHealth, App, Battery, Boot, BootEnd, Disk, Event, Filesystem, Inventory, Observed,
        Outcome, Process, Resume, Vitals,
    },
};

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn hours_before(now: Timestamp, hours: i64) -> Timestamp {
    now - SignedDuration::from_hours(hours)
}

/// A device with one epoch: hands out events with the next number.
pub struct Laptop {
    pub device: DeviceId,
    pub epoch: Uuid,
    pub next: u64,
    pub received_at: Timestamp,
}

impl Laptop {
    pub fn new(number: u128, received_at: Timestamp) -> Self {
        Self {
            device: DeviceId(Uuid::from_u128(number)),
            epoch: Uuid::from_u128(number + 0xffff_0000),
            next: 1,
            received_at,
        }
    }

    /// Another life of its spool.
    pub fn begin_epoch(&mut self) {
        self.epoch = Uuid::from_u128(self.epoch.as_u128() + 1);
        self.next = 1;
    }

    pub fn event(&mut self, observed_at: Timestamp, observed: Observed) -> Event {
        self.row(observed_at, Outcome::Stored(Box::new(observed)), 1)
    }

    pub fn lost(&mut self, span: u64) -> Event {
        let reason = "spool_full".to_owned();
        self.row(self.received_at, Outcome::Lost { reason, span }, span)
    }

    pub fn rejected(&mut self) -> Event {
        let (code, detail) = ("no_kind".to_owned(), "empty observation".to_owned());
        self.row(self.received_at, Outcome::Rejected { code, detail }, 1)
    }

    fn row(&mut self, observed_at: Timestamp, outcome: Outcome, span: u64) -> Event {
        let seq = self.next;
        self.next += span;
        Event {
            device: self.device,
            epoch: self.epoch,
            seq,
            observed_at,
            received_at: self.received_at,
            simulated: false,
            outcome,
            original_times: Vec::new(),
        }
    }

    /// `count` small vitals, one minute apart.
    pub fn vitals(&mut self, count: u32) -> Vec<Event> {
        (0..count)
            .map(|minute| {
                self.event(
                    self.received_at - SignedDuration::from_mins(i64::from(minute)),
                    vitals(0.25),
                )
            })
            .collect()
    }
}

pub fn vitals(cpu: f64) -> Observed {
    Observed::Vitals(Vitals {
        window: 60.0,
        cpu_utilization: cpu,
        cpu_utilization_max: cpu + 0.1,
        memory_usage: 4_000_000_000,
        memory_limit: 16_000_000_000,
        paging_usage: 5,
        memory_pressure: Some(0.02),
        io_pressure: None,
        filesystems: vec![Filesystem {
            mountpoint: "/".into(),
            fstype: "ext4".into(),
            usage: 60_000_000_000,
            limit: 100_000_000_000,
        }],
        temperature_max: Some(71.5),
        throttled: Some(0.0),
        battery_charge: Some(0.83),
        on_battery: Some(true),
        uptime: 3_600.5,
        process_count: 311,
        boot_id: "b-1".into(),
    })
}

pub fn boot(id: &str, started: Timestamp, ended: Option<Timestamp>, end: BootEnd) -> Observed {
    Observed::Boot(Boot {
        boot_id: id.into(),
        started_at: Some(started),
        ended_at: ended,
        end,
        confidence: 0.9,
        initiator: if end == BootEnd::CleanRestart {
            "schedule.exe".into()
        } else {
            String::new()
        },
        stop_code: if end == BootEnd::Crash {
            "0x00000154".into()
        } else {
            String::new()
        },
        evidence: vec!["BugCheck record 1001".into()],
        tags: vec!["battery_low".into()],
        os_version: "10.0.22631".into(),
    })
}

pub fn process(name: &str, sha: &str) -> Process {
    Process {
        executable_name: name.into(),
        executable_path: format!("/usr/bin/{name}"),
        executable_sha256: sha.into(),
        package: format!("dpkg:{name}@1.0"),
        signer: "Example Ltd".into(),
        original_file_name: String::new(),
        parent_executable_name: "systemd".into(),
        parent_package: "dpkg:systemd@252".into(),
        user_class: "person".into(),
        place: "system_path".into(),
        first_seen: Some(at("2026-01-02T03:04:05.678901Z")),
        starts: 2,
        running: 1,
        cpu_time: 10.5,
        memory_usage: 123_456_789,
        disk_io: 42,
        traits: vec!["script".into()],
        script: "(script)".into(),
        command_line: String::new(),
        pid: 4_711,
    }
}

pub fn app(id: &str, state: &str) -> App {
    App {
        app: id.into(),
        name: id.to_uppercase(),
        category: "cloud_sync".into(),
        state: state.into(),
        confidence: 0.95,
        evidence: vec![format!("process {id}d")],
        flags: vec!["portable".into()],
        account: "personal".into(),
        account_domain: "example.net".into(),
        version: "1.2.3".into(),
        sync_folders: 1,
        files_changed: 12,
        bytes_changed: 34_000_000,
        change_incomplete: true,
    }
}

pub fn inventory(build: &str, kernel: &str) -> Observed {
    Observed::Inventory(Inventory {
        device_manufacturer: "Lenovo".into(),
        device_model_name: "ThinkPad T14".into(),
        device_model_identifier: "20W0".into(),
        host_arch: "amd64".into(),
        host_name: String::new(),
        os_type: "linux".into(),
        os_name: "Debian GNU/Linux".into(),
        os_version: "12.7".into(),
        os_build_id: build.into(),
        os_kernel: kernel.into(),
        cpu_model_name: "i5-1145G7".into(),
        cpu_logical_count: 8,
        memory_limit: 16_000_000_000,
        disks: vec![Disk {
            name: "nvme0n1".into(),
            model: "SAMSUNG".into(),
            size: 512_000_000_000,
            disk_type: "nvme".into(),
            endurance_utilization: Some(0.04),
            health: "ok".into(),
        }],
        batteries: vec![Battery {
            model: "5B10".into(),
            health: 0.81,
            cycles: Some(312),
            chemistry: "lithium".into(),
        }],
        bios_version: "N34ET62W".into(),
        components: vec![("kernel".into(), kernel.into())],
        chassis: "laptop".into(),
    })
}

pub fn health(dropped: u64) -> Observed {
    Observed::AgentHealth(AgentHealth {
        service_version: "0.1.0".into(),
        cpu_time: 1.5,
        memory_usage: 20_000_000,
        spool_usage: 1_024,
        network_io: 2_048,
        dropped: vec![("process".into(), dropped)],
        redacted: vec![("executable_path".into(), 3)],
        degraded: vec!["slow".into()],
        blind_spots: vec!["hashes".into()],
        policy_version: 9,
        clock_step: -1.5,
    })
}

pub fn one_of_each(laptop: &mut Laptop, now: Timestamp) -> Vec<Event> {
    let resume = Resume {
        boot_id: "b-1".into(),
        from: "hibernate".into(),
        evidence: vec!["wake record".into()],
    };
    [
        boot(
            "b-1",
            hours_before(now, 48),
            Some(hours_before(now, 24)),
            BootEnd::Crash,
        ),
        Observed::Resume(resume),
        Observed::Process(process("cupsd", "aa")),
        Observed::App(app("dropbox", "running_now")),
        vitals(0.5),
        inventory("22631", "6.1.0-18"),
        health(7),
    ]
    .into_iter()
    .map(|observed| laptop.event(now, observed))
    .collect()
}
