//! How a laptop lives: working days, sleep, patch days, programs that update themselves, and its part in a story.

use jiff::{
    SignedDuration, Timestamp,
    civil::Weekday,
    tz::{Offset, TimeZone},
};
use rand::{Rng as _, rngs::SmallRng};
use sha2::{Digest as _, Sha256};
use weft_proto::v1::{
    AgentHealth, App, Boot, Inventory, Observation, Process, Resume, Vitals, app, boot, inventory,
    observation::Kind, process, resume, vitals,
};

use super::{
    Plan,
    laptop::Laptop,
    story::{BAD_DRIVER, BEAT, ODD_PROCESS, ODD_STOP, Stories, TDR},
    wire_time,
};

/// A program everybody has: name, signer, Windows or other path, weight of its cost.
struct Common {
    name: &'static str,
    signer: &'static str,
    path: &'static str,
    parent: &'static str,
    system: bool,
    cpu_per_day: f64,
}

const WINDOWS: [Common; 9] = [
    common(
        "explorer.exe",
        "Microsoft Windows",
        r"C:\Windows\explorer.exe",
        "userinit.exe",
        false,
        180.0,
    ),
    common(
        "svchost.exe",
        "Microsoft Windows",
        r"C:\Windows\System32\svchost.exe",
        "services.exe",
        true,
        240.0,
    ),
    common(
        "lsass.exe",
        "Microsoft Windows",
        r"C:\Windows\System32\lsass.exe",
        "wininit.exe",
        true,
        30.0,
    ),
    common(
        "chrome.exe",
        "Google LLC",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        "explorer.exe",
        false,
        3600.0,
    ),
    common(
        "Teams.exe",
        "Microsoft Corporation",
        r"C:\Program Files\WindowsApps\MSTeams\ms-teams.exe",
        "explorer.exe",
        false,
        1500.0,
    ),
    common(
        "OUTLOOK.EXE",
        "Microsoft Corporation",
        r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE",
        "explorer.exe",
        false,
        700.0,
    ),
    common(
        "EXCEL.EXE",
        "Microsoft Corporation",
        r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE",
        "explorer.exe",
        false,
        500.0,
    ),
    common(
        "OneDrive.exe",
        "Microsoft Corporation",
        r"C:\Program Files\Microsoft OneDrive\OneDrive.exe",
        "explorer.exe",
        false,
        200.0,
    ),
    common(
        "MsMpEng.exe",
        "Microsoft Windows Publisher",
        r"C:\ProgramData\Microsoft\Windows Defender\Platform\MsMpEng.exe",
        "services.exe",
        true,
        900.0,
    ),
];
const MAC: [Common; 5] = [
    common(
        "WindowServer",
        "Apple",
        "/System/Library/PrivateFrameworks/SkyLight.framework/Resources/WindowServer",
        "launchd",
        true,
        1800.0,
    ),
    common(
        "Google Chrome",
        "EQHXZ8M8AV",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "launchd",
        false,
        3000.0,
    ),
    common(
        "MSTeams",
        "UBF8T346G9",
        "/Applications/Microsoft Teams.app/Contents/MacOS/MSTeams",
        "launchd",
        false,
        1200.0,
    ),
    common(
        "mds_stores",
        "Apple",
        "/System/Library/Frameworks/CoreServices.framework/mds_stores",
        "launchd",
        true,
        300.0,
    ),
    common(
        "OneDrive",
        "UBF8T346G9",
        "/Applications/OneDrive.app/Contents/MacOS/OneDrive",
        "launchd",
        false,
        200.0,
    ),
];
const LINUX: [Common; 5] = [
    common("systemd", "", "/usr/lib/systemd/systemd", "", true, 40.0),
    common(
        "gnome-shell",
        "",
        "/usr/bin/gnome-shell",
        "systemd",
        false,
        1600.0,
    ),
    common(
        "firefox",
        "",
        "/usr/lib/firefox/firefox",
        "gnome-shell",
        false,
        3200.0,
    ),
    common(
        "code",
        "",
        "/usr/share/code/code",
        "gnome-shell",
        false,
        2400.0,
    ),
    common("cargo", "", "/usr/bin/cargo", "bash", false, 2000.0),
];

const fn common(
    name: &'static str,
    signer: &'static str,
    path: &'static str,
    parent: &'static str,
    system: bool,
    cpu_per_day: f64,
) -> Common {
    Common {
        name,
        signer,
        path,
        parent,
        system,
        cpu_per_day,
    }
}

/// Days between releases of the self-updating browser.
const BROWSER_RELEASE_DAYS: i64 = 14;
/// Minutes between vitals summaries while the laptop is awake; the real agent's five would only make more rows.
const VITALS_MINUTES: i64 = 60;

/// A run of the kernel that the laptop is in.
struct Run {
    id: String,
    started: Timestamp,
}

/// How a run is to end.
struct Stop {
    end: boot::End,
    initiator: &'static str,
    code: &'static str,
    evidence: &'static str,
}

const ASKED: &str = "the stop was asked for and finished";
const STOP_ERROR: &str = "a stop error was recorded at the next start";

struct Diary<'a> {
    laptop: &'a Laptop,
    plan: &'a Plan,
    stories: &'a Stories,
    out: Vec<Observation>,
    run: Option<Run>,
    runs: u32,
    /// Identities reported so far: the first time carries `first_seen`.
    seen: std::collections::BTreeMap<String, Timestamp>,
}

/// Everything one laptop reports.
pub fn live(
    laptop: &Laptop,
    plan: &Plan,
    stories: &Stories,
    random: &mut SmallRng,
) -> Vec<Observation> {
    let mut diary = Diary {
        laptop,
        plan,
        stories,
        out: Vec::new(),
        run: None,
        runs: 0,
        seen: std::collections::BTreeMap::new(),
    };
    let zone = TimeZone::fixed(Offset::constant(laptop.zone));
    diary.say(
        plan.start() + SignedDuration::from_mins(5),
        Kind::Inventory(diary.inventory(plan.start())),
    );
    if let Some(at) = plan.after.mended.get(&laptop.name) {
        diary.say(*at, Kind::Inventory(diary.inventory(*at)));
    }
    let mut told_driver = false;
    let days = i64::from(plan.days) + plan.after.lasting.as_hours() / 24;
    for day in 0..=days {
        let midnight = (plan.start() + SignedDuration::from_hours(24 * day))
            .to_zoned(zone.clone())
            .start_of_day();
        let Ok(midnight) = midnight else { continue };
        if let Some(since) = Stories::since(&stories.outbreak, laptop)
            && !told_driver
            && midnight.timestamp() + SignedDuration::from_hours(24) > since
        {
            diary.say(since, Kind::Inventory(diary.inventory(since)));
            told_driver = true;
        }
        let free = matches!(midnight.weekday(), Weekday::Saturday | Weekday::Sunday);
        let beaconing = Stories::since(&stories.beacon, laptop)
            .is_some_and(|since| midnight.timestamp() + SignedDuration::from_hours(24) > since)
            && midnight.timestamp() < plan.suffers_until(laptop);
        // A few people work on a weekend; a laptop that a beacon keeps restarting is on day and night.
        if free && !beaconing && random.random_bool(0.92) {
            continue;
        }
        diary.day(
            midnight.timestamp(),
            midnight.weekday(),
            day,
            beaconing,
            random,
        );
    }
    diary.out
}

impl Diary<'_> {
    fn say(&mut self, at: Timestamp, kind: Kind) {
        if at >= self.plan.start() && at <= self.plan.end() {
            self.out.push(Observation {
                observed_at: Some(wire_time(at)),
                kind: Some(kind),
            });
        }
    }

    fn day(
        &mut self,
        midnight: Timestamp,
        weekday: Weekday,
        day: i64,
        beaconing: bool,
        random: &mut SmallRng,
    ) {
        let at = |hours: f64| midnight + SignedDuration::from_secs((hours * 3600.0) as i64);
        let morning = random.random_range(7.4..9.4);
        let evening = random.random_range(16.6..18.8);
        // Most mornings the lid is opened; some days begin with a cold start.
        match (&self.run, self.laptop.model.os_type) {
            (None, _) => self.start(at(morning)),
            (Some(_), "windows") if random.random_bool(0.3) => {
                self.resume(at(morning), resume::From::HybridBoot)
            }
            (Some(_), _) if random.random_bool(0.12) => {
                let asked = Stop {
                    end: boot::End::CleanRestart,
                    initiator: "user",
                    code: "",
                    evidence: ASKED,
                };
                self.restart(at(morning), asked, SignedDuration::from_secs(72), random);
            }
            (Some(_), _) => self.resume(at(morning), resume::From::Sleep),
        }
        // Patch day: the second Tuesday-like rhythm, every 28 days, everybody restarts once or twice.
        if weekday == Weekday::Tuesday && day % 28 < 7 && self.laptop.model.os_type == "windows" {
            let noon = random.random_range(12.0..14.5);
            for step in 0..random.random_range(1..=2) {
                let hour = noon + 0.15 * f64::from(step);
                let patch = Stop {
                    end: boot::End::Update,
                    initiator: "update",
                    code: "",
                    evidence: "restart asked for by the update service",
                };
                self.restart(at(hour), patch, SignedDuration::from_mins(3), random);
            }
        }
        // Ordinary bad luck: about one unexpected end in a hundred working days.
        if random.random_bool(0.01) {
            let hour = random.random_range(10.0..16.0);
            let end = if random.random_bool(0.5) {
                boot::End::ForcedOff
            } else {
                boot::End::PowerLossOrHang
            };
            let stop = Stop {
                end,
                initiator: "",
                code: "",
                evidence: "the log stops without a shutdown",
            };
            self.restart(at(hour), stop, SignedDuration::from_mins(6), random);
        }
        self.outbreak(midnight, random);
        self.beacon(midnight, random);
        self.programs(at(morning + 0.4), day, random);
        self.apps(at(morning + 0.5), day, random);
        let mut hour = morning + 0.3;
        while hour < if beaconing { 23.9 } else { evening } {
            self.vitals(at(hour), day, random);
            hour += VITALS_MINUTES as f64 / 60.0;
        }
        self.health(at(evening - 0.1), random);
        if !beaconing && random.random_bool(0.18) {
            self.stop(
                at(evening),
                Stop {
                    end: boot::End::CleanPoweroff,
                    initiator: "user",
                    code: "",
                    evidence: ASKED,
                },
                random,
            );
        }
    }

    fn outbreak(&mut self, midnight: Timestamp, random: &mut SmallRng) {
        let Some(since) = Stories::since(&self.stories.outbreak, self.laptop) else {
            return;
        };
        // In the order of the day, so that what comes after a moment changes nothing before it.
        let mut minutes: Vec<i64> = (0..random.random_range(1..=3))
            .map(|_| random.random_range(9 * 60..17 * 60))
            .collect();
        minutes.sort_unstable();
        for minute in minutes {
            let at = midnight + SignedDuration::from_mins(minute);
            if at > since
                && at < self.plan.suffers_until(self.laptop)
                && self.run.as_ref().is_some_and(|run| run.started < at)
            {
                self.restart(
                    at,
                    Stop {
                        end: boot::End::Crash,
                        initiator: "",
                        code: TDR,
                        evidence: STOP_ERROR,
                    },
                    SignedDuration::from_mins(2),
                    random,
                );
            }
        }
    }

    /// Restarts every 2 h 03 min, day and night, and an odd process that begins shortly before.
    fn beacon(&mut self, midnight: Timestamp, random: &mut SmallRng) {
        let Some(since) = Stories::since(&self.stories.beacon, self.laptop) else {
            return;
        };
        let tomorrow = midnight + SignedDuration::from_hours(24);
        if !self.seen.contains_key("odd") && since < tomorrow {
            let at = since - SignedDuration::from_mins(50);
            self.seen.insert("odd".to_owned(), at);
            self.say(at, Kind::Process(odd_process(at, 1, random)));
        }
        let beats_before = ((midnight.as_second() - since.as_second()).max(0) + BEAT.as_secs() - 1)
            / BEAT.as_secs();
        for beat in beats_before.. {
            let jitter = random.random_range(-120..=120);
            let at = since + SignedDuration::from_secs(beat * BEAT.as_secs() + jitter);
            if at >= tomorrow || at >= self.plan.suffers_until(self.laptop) {
                break;
            }
            if at < midnight {
                continue;
            }
            self.restart(
                at,
                Stop {
                    end: boot::End::Crash,
                    initiator: "",
                    code: ODD_STOP,
                    evidence: STOP_ERROR,
                },
                SignedDuration::from_secs(75),
                random,
            );
            self.say(
                at + SignedDuration::from_mins(4),
                Kind::Process(odd_process(self.seen["odd"], 1, random)),
            );
        }
    }

    fn start(&mut self, at: Timestamp) {
        self.runs += 1;
        let id = format!("{}:{}", self.laptop.name, self.runs);
        self.run = Some(Run {
            id: id.clone(),
            started: at,
        });
        let record = Boot {
            boot_id: id,
            started_at: Some(wire_time(at)),
            end: boot::End::Running.into(),
            confidence: 1.0,
            os_version: self.laptop.model.os_version.into(),
            ..Boot::default()
        };
        self.say(at + SignedDuration::from_secs(20), Kind::Boot(record));
    }

    /// Ends the run and begins the next one after `pause`; nothing happens when no run was on at that moment.
    fn restart(&mut self, at: Timestamp, stop: Stop, pause: SignedDuration, random: &mut SmallRng) {
        if self.stop(at, stop, random) {
            self.start(at + pause);
        }
    }

    /// Ends the run, when there is one to end. Its record is written after the next start, as on a real laptop.
    fn stop(&mut self, at: Timestamp, stop: Stop, random: &mut SmallRng) -> bool {
        let Some(run) = self.run.take_if(|run| run.started < at) else {
            return false;
        };
        let record = Boot {
            boot_id: run.id,
            started_at: Some(wire_time(run.started)),
            ended_at: Some(wire_time(at)),
            end: stop.end.into(),
            confidence: random.random_range(0.85..0.98),
            initiator: stop.initiator.into(),
            stop_code: stop.code.into(),
            evidence: vec![stop.evidence.into()],
            os_version: self.laptop.model.os_version.into(),
            ..Boot::default()
        };
        self.say(at + SignedDuration::from_mins(1), Kind::Boot(record));
        true
    }

    fn resume(&mut self, at: Timestamp, from: resume::From) {
        let Some(run) = &self.run else { return };
        let record = Resume {
            boot_id: run.id.clone(),
            from: from.into(),
            evidence: vec!["power records".into()],
        };
        self.say(at, Kind::Resume(record));
    }

    fn programs(&mut self, at: Timestamp, day: i64, random: &mut SmallRng) {
        let list: &[Common] = match self.laptop.model.os_type {
            "windows" => &WINDOWS,
            "darwin" => &MAC,
            _ => &LINUX,
        };
        for program in list {
            let version = match program.name {
                "chrome.exe" | "Google Chrome" | "firefox" => {
                    format!("{}", 128 + day / BROWSER_RELEASE_DAYS)
                }
                _ => self.laptop.model.os_build.to_owned(),
            };
            let package = if self.laptop.model.os_type == "linux" {
                format!("dpkg:{}@{version}", program.name)
            } else {
                String::new()
            };
            let record = Process {
                executable_name: program.name.into(),
                executable_path: program.path.into(),
                executable_sha256: content_hash(&[program.path, &version]),
                package,
                signer: program.signer.into(),
                parent_executable_name: program.parent.into(),
                user_class: if program.system {
                    process::UserClass::System
                } else {
                    process::UserClass::Person
                }
                .into(),
                place: if program.system {
                    process::Place::SystemPath
                } else {
                    process::Place::ProgramPath
                }
                .into(),
                starts: random.random_range(1..6),
                running: 1,
                cpu_time: program.cpu_per_day * random.random_range(0.6..1.4),
                memory_usage: random.random_range(40..900) << 20,
                pid: random.random_range(300..30_000),
                ..Process::default()
            };
            self.report_process(at, record);
        }
        if self.laptop.team == "Engineering" {
            self.compile(at, day, random);
        }
        // One or two tools of one's own, signed and properly installed.
        let own = TOOLS[self.laptop.index as usize % TOOLS.len()];
        let record = Process {
            executable_name: own.0.into(),
            executable_path: own.1.into(),
            executable_sha256: content_hash(&[own.0, "own"]),
            signer: own.2.into(),
            parent_executable_name: "explorer.exe".into(),
            user_class: process::UserClass::Person.into(),
            place: process::Place::ProgramPath.into(),
            starts: 1,
            running: 1,
            cpu_time: 40.0,
            memory_usage: 120 << 20,
            ..Process::default()
        };
        self.report_process(at, record);
    }

    /// A developer's own builds: new content in the home folder every day.
    fn compile(&mut self, at: Timestamp, day: i64, random: &mut SmallRng) {
        let suffix = if self.laptop.model.os_type == "windows" {
            ".exe"
        } else {
            ""
        };
        let record = Process {
            executable_name: format!("invoice-api-{:016x}{suffix}", random.random::<u64>()),
            executable_path: "~".into(),
            executable_sha256: content_hash(&[&self.laptop.name, &day.to_string()]),
            parent_executable_name: format!("cargo{suffix}"),
            user_class: process::UserClass::Person.into(),
            place: process::Place::Home.into(),
            starts: random.random_range(1..30),
            running: 0,
            cpu_time: random.random_range(1.0..90.0),
            memory_usage: 80 << 20,
            ..Process::default()
        };
        self.report_process(at + SignedDuration::from_mins(40), record);
    }

    fn report_process(&mut self, at: Timestamp, mut record: Process) {
        let first = *self
            .seen
            .entry(record.executable_sha256.clone())
            .or_insert(at);
        record.first_seen = Some(wire_time(first));
        self.say(at, Kind::Process(record));
    }

    fn apps(&mut self, at: Timestamp, day: i64, random: &mut SmallRng) {
        let domain = "example.com";
        let onedrive = App {
            app: "onedrive".into(),
            name: "OneDrive".into(),
            category: "cloud_sync".into(),
            state: app::State::RunningNow.into(),
            confidence: 0.95,
            evidence: vec!["process OneDrive".into()],
            account: app::Account::Business.into(),
            account_domain: domain.into(),
            sync_folders: 1,
            files_changed: random.random_range(5..120),
            bytes_changed: random.random_range(1..80) << 20,
            ..App::default()
        };
        self.say(at, Kind::App(onedrive));
        if day % 3 == 0 {
            let teams = App {
                app: "microsoft-teams".into(),
                name: "Microsoft Teams".into(),
                category: "messaging".into(),
                state: app::State::RunningNow.into(),
                confidence: 0.95,
                evidence: vec!["process ms-teams".into()],
                ..App::default()
            };
            self.say(at, Kind::App(teams));
        }
        let Some(since) = Stories::since(&self.stories.drift, self.laptop) else {
            return;
        };
        if at < since {
            return;
        }
        let weeks = (at.as_second() - since.as_second()) as f64 / (7.0 * 86_400.0);
        let dropbox = App {
            app: "dropbox".into(),
            name: "Dropbox".into(),
            category: "cloud_sync".into(),
            state: app::State::RunningNow.into(),
            confidence: 0.97,
            evidence: vec![
                "process Dropbox.exe".into(),
                "installed software Dropbox".into(),
            ],
            account: app::Account::Personal.into(),
            account_domain: "gmail.com".into(),
            sync_folders: 1,
            files_changed: random.random_range(20..60) + (weeks * 30.0) as u32,
            bytes_changed: (random.random_range(100..400) + (weeks * 250.0) as u64) << 20,
            ..App::default()
        };
        self.say(at + SignedDuration::from_mins(7), Kind::App(dropbox));
    }

    fn vitals(&mut self, at: Timestamp, day: i64, random: &mut SmallRng) {
        let laptop = self.laptop;
        let filling = Stories::since(&self.stories.disk, laptop).filter(|since| at > *since);
        let used = match filling {
            // At 94 % when the story is told, 5 GiB a day; nobody reports more than there is.
            Some(_) => {
                let left_days = (self.plan.now.as_second() - at.as_second()) as f64 / 86_400.0;
                ((laptop.model.disk as f64 * 0.94) - left_days * 5.0 * (1u64 << 30) as f64).clamp(
                    laptop.model.disk as f64 * 0.2,
                    laptop.model.disk as f64 * 0.99,
                ) as u64
            }
            None => (laptop.disk_used + laptop.disk_per_day * day as u64)
                .min(laptop.model.disk * 8 / 10),
        };
        let run = self.run.as_ref();
        let record = Vitals {
            window: VITALS_MINUTES as f64 * 60.0,
            cpu_utilization: random.random_range(0.05..0.45),
            cpu_utilization_max: random.random_range(0.5..1.0),
            memory_usage: (laptop.model.memory as f64 * random.random_range(0.45..0.78)) as u64,
            memory_limit: laptop.model.memory,
            paging_usage: random.random_range(0..900) << 20,
            memory_pressure: (laptop.model.os_type == "linux")
                .then(|| random.random_range(0.0..0.02)),
            io_pressure: None,
            filesystems: vec![vitals::Filesystem {
                mountpoint: if laptop.model.os_type == "windows" {
                    "C:"
                } else {
                    "/"
                }
                .into(),
                r#type: match laptop.model.os_type {
                    "windows" => "ntfs",
                    "darwin" => "apfs",
                    _ => "ext4",
                }
                .into(),
                usage: used,
                limit: laptop.model.disk,
            }],
            temperature_max: Some(random.random_range(48.0..81.0)),
            throttled: Some(0.0),
            battery_charge: Some(random.random_range(0.3..1.0)),
            on_battery: Some(random.random_bool(0.3)),
            uptime: run.map_or(0.0, |run| {
                (at.as_second() - run.started.as_second()).max(0) as f64
            }),
            process_count: random.random_range(180..420),
            boot_id: run.map(|run| run.id.clone()).unwrap_or_default(),
        };
        self.say(at, Kind::Vitals(record));
    }

    fn health(&mut self, at: Timestamp, random: &mut SmallRng) {
        let record = AgentHealth {
            service_version: env!("CARGO_PKG_VERSION").into(),
            cpu_time: random.random_range(2.0..9.0),
            memory_usage: 9 << 20,
            network_io: random.random_range(90_000..240_000),
            policy_version: 1,
            ..AgentHealth::default()
        };
        self.say(at, Kind::AgentHealth(record));
    }

    fn inventory(&self, at: Timestamp) -> Inventory {
        let model = self.laptop.model;
        let driver = match Stories::since(&self.stories.outbreak, self.laptop) {
            Some(since) if at >= since && at < self.plan.suffers_until(self.laptop) => BAD_DRIVER,
            _ => model.graphics.1,
        };
        let component = |name: &str, version: &str| inventory::Component {
            name: name.into(),
            version: version.into(),
        };
        Inventory {
            device_manufacturer: model.maker.into(),
            device_model_name: model.name.into(),
            device_model_identifier: model.identifier.into(),
            host_arch: if model.os_type == "darwin" {
                "arm64"
            } else {
                "amd64"
            }
            .into(),
            os_type: model.os_type.into(),
            os_name: model.os_name.into(),
            os_version: model.os_version.into(),
            os_build_id: model.os_build.into(),
            os_kernel: model.os_build.into(),
            cpu_model_name: model.cpu.into(),
            cpu_logical_count: 12,
            memory_limit: model.memory,
            disks: vec![inventory::Disk {
                name: "nvme0".into(),
                model: "NVMe 512".into(),
                size: model.disk,
                r#type: "nvme".into(),
                endurance_utilization: Some(0.08),
                health: "ok".into(),
            }],
            batteries: vec![inventory::Battery {
                model: "main".into(),
                health: self.laptop.battery_health,
                cycles: Some(180),
                chemistry: "lithium-ion".into(),
            }],
            bios_version: "1.21.0".into(),
            components: vec![
                component(model.graphics.0, driver),
                component("firmware", "1.21.0"),
            ],
            chassis: "laptop".into(),
            ..Inventory::default()
        }
    }
}

/// A person's own tool: name, path, signer.
const TOOLS: [(&str, &str, &str); 10] = [
    (
        "obsidian.exe",
        r"C:\Program Files\Obsidian\Obsidian.exe",
        "Dynalist Inc.",
    ),
    (
        "Figma.exe",
        r"C:\Program Files\Figma\Figma.exe",
        "Figma, Inc.",
    ),
    (
        "notepad++.exe",
        r"C:\Program Files\Notepad++\notepad++.exe",
        "Notepad++",
    ),
    (
        "7zFM.exe",
        r"C:\Program Files\7-Zip\7zFM.exe",
        "Igor Pavlov",
    ),
    (
        "vlc.exe",
        r"C:\Program Files\VideoLAN\VLC\vlc.exe",
        "VideoLAN",
    ),
    (
        "KeePassXC.exe",
        r"C:\Program Files\KeePassXC\KeePassXC.exe",
        "DroidMonkey Apps, LLC",
    ),
    (
        "Spotify.exe",
        r"C:\Program Files\Spotify\Spotify.exe",
        "Spotify AB",
    ),
    (
        "zotero.exe",
        r"C:\Program Files\Zotero\zotero.exe",
        "Corporation for Digital Scholarship",
    ),
    (
        "Postman.exe",
        r"C:\Program Files\Postman\Postman.exe",
        "Postman, Inc.",
    ),
    (
        "draw.io.exe",
        r"C:\Program Files\draw.io\draw.io.exe",
        "JGraph Ltd",
    ),
];

fn odd_process(first: Timestamp, starts: u32, random: &mut SmallRng) -> Process {
    Process {
        executable_name: ODD_PROCESS.into(),
        executable_path: "~".into(),
        executable_sha256: content_hash(&["odd", "one"]),
        parent_executable_name: "wscript.exe".into(),
        user_class: process::UserClass::Person.into(),
        place: process::Place::Home.into(),
        first_seen: Some(wire_time(first)),
        starts,
        running: 1,
        cpu_time: random.random_range(20.0..200.0),
        memory_usage: 34 << 20,
        pid: random.random_range(2_000..9_000),
        ..Process::default()
    }
}

/// Invented content has an invented, stable hash.
fn content_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}
