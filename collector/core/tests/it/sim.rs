//! A small fleet on paper: devices, teams, models, and ends of boots by a seeded generator. Not the fleet simulator of
//! the whole-system tests: nothing here speaks a protocol.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector_core::{
    detect::{self, Settings},
    device::{DeviceId, Traits},
    event::BootEnd,
    evidence::{
        BootEnded, Component, DeviceBoots, DeviceEvidence, Evidence, ProcessIdentity, ProcessSeen,
    },
    finding::Finding,
};

pub const MODELS: [&str; 4] = [
    "Lenovo ThinkPad T14 Gen 3",
    "Dell Latitude 5420",
    "HP EliteBook 840 G8",
    "Apple MacBook Pro M1",
];
pub const TEAMS: [&str; 4] = ["Design", "Sales", "Research", "Finance"];

/// Numbers that look random and are the same on every machine (xorshift64*).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// 0..1
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

pub fn device(n: usize) -> DeviceId {
    DeviceId(Uuid::from_u128(0x1000 + n as u128))
}

/// Noon on a Sunday.
pub fn day_zero() -> Timestamp {
    "2026-09-06T00:00:00Z".parse().unwrap()
}

pub fn at(day: f64) -> Timestamp {
    day_zero() + SignedDuration::from_secs((day * 86_400.0) as i64)
}

pub struct Sim {
    pub devices: usize,
    pub chance: Chance,
    /// (device, end)
    pub ends: Vec<(usize, BootEnded)>,
    pub processes: Vec<ProcessIdentity>,
    pub apps: Vec<weft_collector_core::evidence::AppUse>,
    pub verdicts: Vec<weft_collector_core::verdict::Verdict>,
    pub builds: Vec<String>,
    pub components: Vec<Component>,
    pub enrolled: f64,
    count: usize,
}

impl Sim {
    pub fn new(devices: usize, seed: u64) -> Self {
        Self {
            devices,
            chance: Chance::new(seed),
            ends: Vec::new(),
            processes: Vec::new(),
            apps: Vec::new(),
            verdicts: Vec::new(),
            builds: vec!["22631.4317".to_owned(); devices],
            components: Vec::new(),
            enrolled: -30.0,
            count: 0,
        }
    }

    pub fn model(&self, device: usize) -> &'static str {
        MODELS[device % MODELS.len()]
    }

    pub fn team(&self, device: usize) -> &'static str {
        TEAMS[(device / MODELS.len()) % TEAMS.len()]
    }

    pub fn end(
        &mut self,
        device: usize,
        day: f64,
        end: BootEnd,
        uptime_hours: f64,
    ) -> &mut BootEnded {
        self.count += 1;
        let ended_at = at(day);
        let initiator = match end {
            BootEnd::Update => "TrustedInstaller.exe",
            BootEnd::CleanRestart | BootEnd::CleanPoweroff => "user",
            _ => "",
        };
        self.ends.push((
            device,
            BootEnded {
                boot_id: format!("boot-{}", self.count),
                started_at: ended_at - SignedDuration::from_secs((uptime_hours * 3_600.0) as i64),
                ended_at,
                end,
                confidence: 0.9,
                initiator: initiator.to_owned(),
                stop_code: if end == BootEnd::Crash {
                    "0x00000154".to_owned()
                } else {
                    String::new()
                },
                os_version: String::new(),
                tags: Vec::new(),
            },
        ));
        &mut self.ends.last_mut().unwrap().1
    }

    /// Ordinary bad luck: each device with its own rate around `per_day`, patch days on every second Tuesday, and people
    /// who restart on purpose.
    pub fn ordinary(&mut self, from: f64, to: f64, per_day: f64) {
        for device in 0..self.devices {
            let own = per_day * -(self.chance.unit().max(1e-9)).ln();
            let mut day = from;
            while day < to {
                if self.chance.unit() < own {
                    let kind = [BootEnd::Crash, BootEnd::ForcedOff, BootEnd::PowerLossOrHang]
                        [(self.chance.next() % 3) as usize];
                    let (when, uptime) = (
                        day + self.chance.between(0.3, 0.8),
                        self.chance.between(0.3, 30.0),
                    );
                    self.end(device, when, kind, uptime);
                }
                // A daily shutdown at the end of work, and a developer's clean restarts.
                if device % 5 == 0 {
                    for _ in 0..3 {
                        let (when, uptime) = (
                            day + self.chance.between(0.3, 0.8),
                            self.chance.between(0.5, 3.0),
                        );
                        self.end(device, when, BootEnd::CleanRestart, uptime);
                    }
                }
                if day as i64 % 14 == 9 {
                    let when = day + self.chance.between(0.35, 0.37);
                    self.end(device, when, BootEnd::Update, 24.0);
                    self.end(device, when + 0.004, BootEnd::Update, 0.1);
                }
                day += 1.0;
            }
        }
    }

    pub fn seen(
        &mut self,
        key: &str,
        place: &str,
        arrivals: &[(usize, f64)],
    ) -> &mut ProcessIdentity {
        self.processes.push(ProcessIdentity {
            key: key.to_owned(),
            executable_name: key.rsplit(':').next().unwrap_or(key).to_owned(),
            executable_path: String::new(),
            place: place.to_owned(),
            user_class: "person".to_owned(),
            devices: arrivals.len() as u32,
            devices_with_name: arrivals.len() as u32,
            seen: arrivals
                .iter()
                .map(|(index, day)| ProcessSeen {
                    device: device(*index),
                    first: at(*day),
                    last: at(*day + 0.5),
                    starts: 3,
                    parent_executable_name: "bash".to_owned(),
                    parent_package: "dpkg:bash".to_owned(),
                    cpu_per_day_before: 0.0,
                    cpu_last_day: 10.0,
                })
                .collect(),
            ..ProcessIdentity::default()
        });
        self.processes.last_mut().unwrap()
    }

    /// Programs that everybody has, owned by packages.
    pub fn ordinary_programs(&mut self) {
        let everybody: Vec<(usize, f64)> = (0..self.devices)
            .map(|index| (index, self.enrolled))
            .collect();
        for name in [
            "bash",
            "firefox",
            "systemd",
            "gnome-shell",
            "code",
            "python3",
            "ssh-agent",
            "dbus-daemon",
        ] {
            let identity = self.seen(
                &format!("package:dpkg:{name}:{name}"),
                "system_path",
                &everybody,
            );
            identity.package = format!("dpkg:{name}@1.0");
            identity.executable_path = format!("/usr/bin/{name}");
        }
    }

    /// What the store would say at `now`: nothing later than that.
    pub fn evidence(&self, now: f64) -> Evidence {
        let moment = at(now);
        let mut evidence = Evidence {
            now: moment,
            verdicts: self.verdicts.clone(),
            ..Evidence::default()
        };
        for index in 0..self.devices {
            evidence.devices.insert(
                device(index),
                DeviceEvidence {
                    traits: Traits {
                        name: format!("LT-{index:04}"),
                        os_type: "windows".to_owned(),
                        os_build: self.builds[index].clone(),
                        model: self.model(index).to_owned(),
                        team: self.team(index).to_owned(),
                        simulated: true,
                    },
                    first_report: at(self.enrolled),
                    last_report: moment,
                    history_from: at(self.enrolled - 10.0),
                    components: self.components.clone(),
                },
            );
            let ends: Vec<BootEnded> = self
                .ends
                .iter()
                .filter(|(of, end)| *of == index && end.ended_at <= moment)
                .map(|(_, end)| end.clone())
                .collect();
            evidence.reboots.push(DeviceBoots {
                device: device(index),
                boots: ends.len() as u32,
                ends,
            });
        }
        for process in &self.processes {
            let mut process = process.clone();
            process.seen.retain(|seen| seen.first <= moment);
            process.devices = process.seen.len() as u32;
            if !process.seen.is_empty() {
                evidence.processes.push(process);
            }
        }
        evidence.apps = self
            .apps
            .iter()
            .filter(|app| app.first <= moment)
            .cloned()
            .collect();
        evidence
    }

    pub fn findings(&self, now: f64) -> Vec<Finding> {
        detect::run(&self.evidence(now), &Settings::default())
    }
}

/// Titles of findings, for messages of failing tests.
pub fn titles(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} | {}", finding.detector, finding.title))
        .collect()
}
