//! A healthy fleet, with everything that only looks like trouble.
//!
//! **Invariant: nothing here is a story.** Whatever a detector says about a device that no story has cast is counted as
//! false. So ordinary life is made as odd as real life is: people who hold the power button, patch days with a hang
//! here and there, developers who compile and restart all day, roll-outs, browsers that update themselves, portable tools,
//! travel without network, new hires, private laptops, clocks that are wrong.

use jiff::Timestamp;
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use weft_collector_core::{
    device::Traits,
    event::BootEnd,
    evidence::ProcessIdentity,
    verdict::{Judged, Verdict},
};

use crate::world::{Figures, Laptop, Sighting, Use, World};

pub const MODELS: [(&str, &str, &str); 6] = [
    ("Lenovo ThinkPad T14 Gen 3", "windows", "22631.4460"),
    ("Dell Latitude 5440", "windows", "22631.4460"),
    ("HP EliteBook 840 G10", "windows", "26100.2314"),
    ("Apple MacBook Air M2", "darwin", "24B83"),
    ("Lenovo ThinkPad X1 Carbon Gen 11", "windows", "26100.2314"),
    ("Framework Laptop 13", "linux", "6.8.0-49-generic"),
];
pub const TEAMS: [&str; 5] = ["Sales", "Engineering", "Finance", "Design", "Support"];

const GIB: u64 = 1 << 30;
/// Unexpected ends a day of a median laptop; the mean is about a third higher.
const USUAL_ENDS: f64 = 0.006;
/// A patch day comes every four weeks.
const PATCH_RHYTHM: usize = 28;
const BROWSER_RHYTHM: usize = 14;

/// (name, signer or package, path below its root, under the system)
const COMMON: [(&str, &str, bool); 24] = [
    ("svchost.exe", "Microsoft Windows", true),
    ("lsass.exe", "Microsoft Windows", true),
    ("explorer.exe", "Microsoft Windows", false),
    ("RuntimeBroker.exe", "Microsoft Windows", false),
    ("SearchIndexer.exe", "Microsoft Windows", true),
    ("MsMpEng.exe", "Microsoft Windows Publisher", true),
    ("OUTLOOK.EXE", "Microsoft Corporation", false),
    ("EXCEL.EXE", "Microsoft Corporation", false),
    ("WINWORD.EXE", "Microsoft Corporation", false),
    ("ms-teams.exe", "Microsoft Corporation", false),
    ("OneDrive.exe", "Microsoft Corporation", false),
    ("powershell.exe", "Microsoft Windows", false),
    ("conhost.exe", "Microsoft Windows", false),
    ("msedge.exe", "Microsoft Corporation", false),
    ("chrome.exe", "Google LLC", false),
    ("Zoom.exe", "Zoom Video Communications, Inc.", false),
    ("AcroRd32.exe", "Adobe Inc.", false),
    ("Code.exe", "Microsoft Corporation", false),
    ("slack.exe", "Slack Technologies, LLC", false),
    ("igfxEM.exe", "Intel Corporation", true),
    ("RtkAudUService64.exe", "Realtek Semiconductor Corp.", true),
    ("dllhost.exe", "Microsoft Windows", false),
    ("taskhostw.exe", "Microsoft Windows", false),
    ("backgroundTaskHost.exe", "Microsoft Windows", false),
];
const LINUX: [(&str, &str); 14] = [
    ("systemd", "deb:systemd"),
    ("systemd-journald", "deb:systemd"),
    ("gnome-shell", "deb:gnome-shell"),
    ("dbus-daemon", "deb:dbus"),
    ("NetworkManager", "deb:network-manager"),
    ("firefox", "snap:firefox"),
    ("code", "deb:code"),
    ("cargo", "deb:cargo"),
    ("git", "deb:git"),
    ("bash", "deb:bash"),
    ("python3.12", "deb:python3.12-minimal"),
    ("docker", "deb:docker-ce-cli"),
    ("sshd", "deb:openssh-server"),
    ("snapd", "deb:snapd"),
];

/// Invents `devices` laptops and their `days`.
pub fn healthy(seed: u64, devices: usize, days: usize) -> World {
    let mut random = SmallRng::seed_from_u64(seed ^ 0x11FE_11FE);
    let laptops: Vec<Laptop> = (0..devices)
        .map(|index| laptop(index, devices, days, &mut random))
        .collect();
    let figures = laptops
        .iter()
        .map(|laptop| figures(laptop, days, &mut random))
        .collect();
    let mut world = World {
        start: Timestamp::from_second(1_780_272_000).unwrap_or(Timestamp::UNIX_EPOCH),
        days,
        laptops,
        stops: Vec::new(),
        programs: Default::default(),
        uses: Vec::new(),
        figures,
        verdicts: ["onedrive", "microsoft-teams", "zoom"]
            .into_iter()
            .map(|app| (-100.0, verdict(app, Judged::Sanctioned)))
            .collect(),
        expected: Vec::new(),
        cast: Default::default(),
    };
    for index in 0..devices {
        restarts(&mut world, index, &mut random);
        programs(&mut world, index, &mut random);
        apps(&mut world, index, &mut random);
    }
    rollouts(&mut world, &mut random);
    world
}

pub fn verdict(app: &str, judged: Judged) -> Verdict {
    Verdict {
        app: app.to_owned(),
        verdict: judged,
        team: None,
        until: None,
        device: None,
        replace_by: String::new(),
        reason: String::new(),
    }
}

fn laptop(index: usize, devices: usize, days: usize, random: &mut SmallRng) -> Laptop {
    // Small fleets are two models; large ones all, the first ones more often.
    let kinds = if devices <= 12 { 3 } else { MODELS.len() };
    let model = if index.is_multiple_of(3) {
        MODELS[index / 3 % 2]
    } else {
        MODELS[random.random_range(0..kinds)]
    };
    let team = TEAMS[if devices <= 12 {
        index % 2
    } else {
        index % TEAMS.len()
    }];
    // One in twelve is a new hire; agents of the others came within the first three days.
    let hired = devices > 12 && index % 12 == 11;
    let enrolled = if hired {
        random.random_range(10.0..days as f64 * 0.8)
    } else {
        random.random_range(0.3..3.0)
    };
    let zone = random.random_range(-1.0..2.0);
    let begin = 7.5 - zone + random.random_range(0.0..1.5);
    let on = (0..days)
        .map(|day| !(day % 7 >= 5 && random.random_bool(0.9)) && random.random_bool(0.97))
        .collect();
    let mut offline = Vec::new();
    // A fifth travels once, for a few days without network.
    if random.random_bool(0.2) && days > 30 {
        let leave = random.random_range(10.0..days as f64 - 10.0);
        offline.push(leave..leave + random.random_range(2.0..9.0));
    }
    let private = devices > 12 && index % 25 == 13;
    Laptop {
        id: World::id(index),
        traits: Traits {
            name: format!("LT-{:04}", index + 1),
            os_type: model.1.to_owned(),
            os_build: model.2.to_owned(),
            model: if private {
                format!("ASUS Zenbook UX{}", 300 + index)
            } else {
                model.0.to_owned()
            },
            team: team.to_owned(),
            simulated: true,
        },
        team,
        developer: team == "Engineering" && !index.is_multiple_of(3),
        enrolled,
        history: if hired {
            2.0
        } else {
            random.random_range(5.0..80.0)
        },
        on,
        hours: begin..begin + random.random_range(8.0..10.5),
        offline,
        components: vec![
            (
                -100.0,
                "graphics driver".to_owned(),
                format!("{}.5186", model.2),
            ),
            (
                -100.0,
                "firmware".to_owned(),
                format!("1.{}.0", 10 + index % 4),
            ),
            (-100.0, "wifi driver".to_owned(), "22.250.1".to_owned()),
        ],
    }
}

fn figures(laptop: &Laptop, days: usize, random: &mut SmallRng) -> Figures {
    let limit = [256u64, 512, 512, 1024][random.random_range(0..4)] * GIB;
    let mut used: f64 = random.random_range(0.2..0.82);
    let slope = random.random_range(0.0..0.0012);
    let mut health: f64 = random.random_range(0.72..1.02);
    let hot: f64 = if random.random_bool(0.1) { 0.06 } else { 0.005 };
    let squeezed: f64 = if random.random_bool(0.1) { 0.08 } else { 0.01 };
    let mut disk = Vec::with_capacity(days);
    let (mut throttled, mut memory, mut battery) = (Vec::new(), Vec::new(), Vec::new());
    for day in 0..days {
        if laptop.on[day] {
            used += slope + random.random_range(-0.003..0.003);
        }
        // Somebody copies a project, somebody empties the bin; Windows keeps the last version for ten days.
        if random.random_bool(0.012) {
            used += random.random_range(0.02..0.08);
        }
        if random.random_bool(0.012) {
            used -= random.random_range(0.02..0.12);
        }
        let kept = if laptop.traits.os_type == "windows" && day % PATCH_RHYTHM < 12 {
            0.02
        } else {
            0.0
        };
        used = used.clamp(0.12, 0.86);
        health = (health - random.random_range(0.0..0.0004)).max(0.66);
        disk.push(used + kept);
        battery.push(health + random.random_range(-0.01..0.01));
        // A bad afternoon: a video call in the sun, forty tabs.
        let bad = random.random_bool(0.04);
        throttled.push(if bad {
            random.random_range(0.1..0.5)
        } else {
            hot * random.random_range(0.2..1.5)
        });
        memory.push(if bad {
            random.random_range(0.1..0.5)
        } else {
            squeezed * random.random_range(0.2..1.5)
        });
    }
    Figures {
        limit,
        disk,
        throttled,
        memory,
        battery,
    }
}

fn restarts(world: &mut World, index: usize, random: &mut SmallRng) {
    let laptop = world.laptops[index].clone();
    let normal = (0..6).map(|_| random.random_range(-1.0..1.0)).sum::<f64>() / 1.41;
    // One in thirty holds the power button as a habit, one in forty lets the battery run empty.
    let clumsy = random.random_bool(1.0 / 30.0);
    let forgetful = random.random_bool(1.0 / 40.0);
    let rate = USUAL_ENDS * (0.8 * normal).exp() + if clumsy { 0.03 } else { 0.0 };
    let from = (laptop.enrolled - laptop.history).floor() as i64;
    for day in from..world.days as i64 {
        let on = usize::try_from(day).map_or(day.rem_euclid(7) < 5, |day| laptop.on[day]);
        if !on {
            continue;
        }
        let hour = |random: &mut SmallRng| {
            day as f64 + random.random_range(laptop.hours.start..laptop.hours.end) / 24.0
        };
        if random.random_bool((rate * 7.0 / 5.0).min(1.0)) {
            let at = hour(random);
            let end = match random.random_range(0..10) {
                0..5 => BootEnd::PowerLossOrHang,
                5..8 => BootEnd::ForcedOff,
                _ => BootEnd::Crash,
            };
            let confidence = random.random_range(0.5..0.95);
            let code = ["0x0000009F", "0x00000133", "0x0000001A"][random.random_range(0..3)];
            let stop = world.stop(index, at, end);
            stop.confidence = confidence;
            if end == BootEnd::Crash {
                stop.stop_code = code.to_owned();
            }
        }
        if forgetful && random.random_bool(0.05) {
            let at = hour(random);
            world.stop(index, at, BootEnd::PowerLossOrHang).battery_low = true;
        }
        // Cold starts and the odd restart by hand.
        if random.random_bool(0.2) {
            let at = day as f64 + laptop.hours.end / 24.0;
            world.stop(index, at, BootEnd::CleanPoweroff);
        }
        if random.random_bool(0.1) {
            let at = hour(random);
            world.stop(index, at, BootEnd::CleanRestart);
        }
        // A developer at work on a driver, a kernel or a container host.
        if laptop.developer && random.random_bool(0.25) {
            for _ in 0..random.random_range(2..6) {
                let at = hour(random);
                let who = ["user", "systemctl", "shutdown", "reboot"][random.random_range(0..4)];
                world.stop(index, at, BootEnd::CleanRestart).initiator = who.to_owned();
            }
        }
        patch_day(world, index, day, random);
        // Everybody's endpoint tool restarts laptops one evening, by its own name.
        if day == 45 && !index.is_multiple_of(3) {
            let at = day as f64 + 0.75 + random.random_range(0.0..0.02);
            world.stop(index, at, BootEnd::CleanRestart).initiator = "CcmExec.exe".to_owned();
        }
        // A kiosk habit: a scheduled restart each night.
        if index % 60 == 7 {
            let at = day as f64 + 0.05 + random.random_range(0.0..0.002);
            world.stop(index, at, BootEnd::CleanRestart).initiator = "schtasks.exe".to_owned();
        }
    }
    // The same records twice, and a clock that was a year ahead for one of them.
    if index % 20 == 3
        && let Some(stop) = world
            .stops
            .iter()
            .rfind(|stop| stop.device == index)
            .cloned()
    {
        world.stops.push(stop.clone());
        let ahead = world.days as f64 + 365.0;
        world.stop(index, ahead, BootEnd::PowerLossOrHang).known = stop.known;
    }
}

/// Once or twice everybody, and for one in eighty the restart hangs.
fn patch_day(world: &mut World, index: usize, day: i64, random: &mut SmallRng) {
    if day.rem_euclid(PATCH_RHYTHM as i64) != 8 {
        return;
    }
    let noon = day as f64 + 0.5 + random.random_range(0.0..0.1);
    for step in 0..random.random_range(1..=3) {
        let at = noon + 0.006 * f64::from(step);
        if random.random_bool(0.7) {
            world.stop(index, at, BootEnd::Update);
        } else {
            world.stop(index, at, BootEnd::CleanRestart).initiator =
                "MoUsoCoreWorker.exe".to_owned();
        }
    }
    if random.random_bool(1.0 / 80.0) {
        world
            .stop(index, noon + 0.03, BootEnd::PowerLossOrHang)
            .confidence = 0.6;
    }
    // A feature update: starts in the set-up system leave no ends.
    if random.random_bool(0.05) {
        for step in 0..4 {
            world.stop(
                index,
                noon + 0.04 + 0.004 * f64::from(step),
                BootEnd::Unknown,
            );
        }
    }
}

fn programs(world: &mut World, index: usize, random: &mut SmallRng) {
    let laptop = world.laptops[index].clone();
    let first = laptop.enrolled;
    let always = f64::INFINITY;
    let linux = laptop.traits.os_type == "linux";
    let sight = |first: f64, parent: &str, cpu: f64| Sighting {
        device: index,
        first,
        until: always,
        parent: parent.to_owned(),
        cpu,
        surge: None,
    };
    if linux {
        for (name, package) in LINUX {
            let cpu = random.random_range(20.0..2_000.0);
            world.program(
                file(
                    name,
                    &format!("/usr/bin/{name}"),
                    "",
                    package,
                    "",
                    "system_path",
                    "person",
                ),
                sight(first, "systemd", cpu),
            );
        }
    } else {
        for (position, (name, signer, system)) in COMMON.iter().enumerate() {
            if position > 13 && random.random_bool(0.5) {
                continue;
            }
            let (place, user, parent) = if *system {
                ("system_path", "system", "services.exe")
            } else {
                ("program_path", "person", "explorer.exe")
            };
            let path = if *system {
                format!(r"C:\Windows\System32\{name}")
            } else {
                format!(r"C:\Program Files\{name}\{name}")
            };
            let cpu = random.random_range(20.0..2_000.0);
            world.program(
                file(name, &path, "", "", signer, place, user),
                sight(first, parent, cpu),
            );
        }
        // A browser in the profile that renews itself: another folder and other content each time.
        for release in 0..=world.days / BROWSER_RHYTHM {
            let at = (release * BROWSER_RHYTHM) as f64 + random.random_range(0.2..6.0);
            let path = format!(r"~\AppData\Local\Bravo\Application\1{release}.0.67\bravo.exe");
            let sha = format!("{:064x}", 0xB0_0000 + release);
            world.program(
                file(
                    "bravo.exe",
                    &path,
                    &sha,
                    "",
                    "Bravo Software, Inc.",
                    "home",
                    "person",
                ),
                sight(at.max(first), "explorer.exe", 900.0),
            );
        }
        // Installers in temporary folders, signed by their makers.
        if random.random_bool(0.5) {
            let at = random.random_range(first..world.days as f64);
            let path = format!(
                r"~\AppData\Local\Temp\is-{:05X}.tmp\setup-{}.tmp",
                random.random_range(0..1u32 << 20),
                index
            );
            let mut seen = sight(at, "explorer.exe", 20.0);
            seen.until = at + 0.02;
            world.program(
                file(
                    "setup.tmp",
                    &path,
                    &format!("{:064x}", random.random::<u128>()),
                    "",
                    "Ypsilon Tools GmbH",
                    "temp",
                    "person",
                ),
                seen,
            );
        }
    }
    // A portable tool in the home folder that only this person has.
    if random.random_bool(0.25) {
        let at = if random.random_bool(0.6) {
            first
        } else {
            random.random_range(first..world.days as f64)
        };
        let path = if linux {
            format!("~/bin/tool{index}")
        } else {
            format!(r"~\Tools\tool{index}.exe")
        };
        let name = path.rsplit(['/', '\\']).next().unwrap_or("tool").to_owned();
        world.program(
            file(
                &name,
                &path,
                &format!("{:064x}", 0x70_0000 + index),
                "",
                "",
                "home",
                "person",
            ),
            sight(at, if linux { "bash" } else { "explorer.exe" }, 60.0),
        );
    }
    if laptop.developer {
        let day_of = |day: usize| day as f64 + laptop.hours.start / 24.0 + 0.1;
        for day in (first.ceil() as usize)..world.days {
            if !laptop.on[day] || random.random_bool(0.4) {
                continue;
            }
            let sha = format!("{:064x}", random.random::<u128>());
            let (name, parent) = if linux {
                ("api-server", "cargo")
            } else {
                ("api-server.exe", "devenv.exe")
            };
            let mut seen = sight(day_of(day), parent, random.random_range(10.0..4_000.0));
            seen.until = day_of(day) + 1.2;
            // Of a path in a home an agent tells nothing by default, but that it is a place where software is made.
            let built = ProcessIdentity {
                traits: vec!["workshop".to_owned()],
                ..file(name, "~", &sha, "", "", "home", "person")
            };
            world.program(built, seen);
        }
    }
}

pub fn file(
    name: &str,
    path: &str,
    sha256: &str,
    package: &str,
    signer: &str,
    place: &str,
    user_class: &str,
) -> ProcessIdentity {
    ProcessIdentity {
        executable_name: name.to_owned(),
        executable_path: path.to_owned(),
        executable_sha256: sha256.to_owned(),
        package: package.to_owned(),
        signer: signer.to_owned(),
        place: place.to_owned(),
        user_class: user_class.to_owned(),
        ..ProcessIdentity::default()
    }
}

/// What IT brings: a signed program, and one of the house's own that nobody signed, each within two days.
fn rollouts(world: &mut World, random: &mut SmallRng) {
    for (name, signer, path, place, day) in [
        (
            "vpnclient.exe",
            "Fjord Networks",
            r"C:\Program Files\Fjord\vpnclient.exe",
            "program_path",
            33.0,
        ),
        (
            "house-inventory.exe",
            "",
            r"C:\ProgramData\House\house-inventory.exe",
            "program_path",
            40.0,
        ),
    ] {
        for index in 0..world.laptops.len() {
            let laptop = &world.laptops[index];
            if laptop.traits.os_type != "windows" || laptop.enrolled > day {
                continue;
            }
            let first = day + random.random_range(0.3..1.9);
            let sha = format!("{:064x}", 0x4011 + name.len());
            world.program(
                file(name, path, &sha, "", signer, place, "system"),
                Sighting {
                    device: index,
                    first,
                    until: f64::INFINITY,
                    parent: "services.exe".to_owned(),
                    cpu: 30.0,
                    surge: None,
                },
            );
        }
    }
    // An approved app that IT installs everywhere on day 50.
    for index in 0..world.laptops.len() {
        let from = 50.0 + random.random_range(0.3..1.5);
        if world.laptops[index].enrolled < from {
            world.uses.push(Use {
                app: "box",
                name: "Box Drive",
                category: "cloud_sync",
                account: "business",
                domain: "example.com",
                weekly: 50 << 20,
                ..usage(index, from)
            });
        }
    }
}

pub fn usage(device: usize, from: f64) -> Use {
    Use {
        device,
        app: "",
        name: "",
        category: "",
        state: "running_now",
        confidence: 0.95,
        account: "",
        domain: "",
        from,
        until: f64::INFINITY,
        weekly: 0,
        surge: None,
        moved: None,
    }
}

fn apps(world: &mut World, index: usize, random: &mut SmallRng) {
    let enrolled = world.laptops[index].enrolled + 0.1;
    let weekly = random.random_range(50u64..3_000) << 20;
    world.uses.push(Use {
        app: "onedrive",
        name: "OneDrive",
        category: "cloud_sync",
        account: "business",
        domain: "example.com",
        weekly,
        ..usage(index, enrolled)
    });
    world.uses.push(Use {
        app: "microsoft-teams",
        name: "Microsoft Teams",
        category: "messaging",
        ..usage(index, enrolled)
    });
    if random.random_bool(0.6) {
        world.uses.push(Use {
            app: "zoom",
            name: "Zoom",
            category: "messaging",
            ..usage(index, enrolled)
        });
    }
    // What was on the laptop before anybody looked: nobody decided about it.
    if index % 9 == 2 {
        world.uses.push(Use {
            app: "icloud",
            name: "iCloud Drive",
            category: "cloud_sync",
            account: "personal",
            domain: "icloud.com",
            weekly: 200 << 20,
            state: "signed_in",
            ..usage(index, enrolled)
        });
    }
    if index % 7 == 4 {
        world.uses.push(Use {
            app: "whatsapp",
            name: "WhatsApp",
            category: "messaging",
            account: "personal",
            ..usage(index, enrolled)
        });
    }
    // A doubtful sign of an app that is not there.
    if index % 10 == 6 {
        world.uses.push(Use {
            app: "mega",
            name: "MEGA",
            category: "cloud_sync",
            confidence: 0.3,
            state: "folder_left",
            ..usage(index, enrolled)
        });
    }
}
