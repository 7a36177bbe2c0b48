//! Stories of programs, and of programs that come with restarts.

use rand::Rng as _;
use weft_collector_core::{event::BootEnd, evidence::ProcessIdentity};

use super::{Stage, restarts::plant_beat};
use crate::{life::file, world::Sighting};

const PROGRAM_RULES: [&str; 5] = [
    "process.rare",
    "process.masquerade",
    "process.spread",
    "process.cost",
    "compound.malware",
];

fn windows(stage: &mut Stage<'_>, most: usize) -> Vec<usize> {
    stage.cast(most, |world, index| {
        world.laptops[index].traits.os_type == "windows"
    })
}

fn stranger_file(stage: &mut Stage<'_>, name: &str, path: &str, place: &str) -> ProcessIdentity {
    let sha = format!("{:064x}", stage.random.random::<u128>());
    file(name, path, &sha, "", "", place, "person")
}

fn sight(device: usize, first: f64, parent: &str, cpu: f64) -> Sighting {
    Sighting {
        device,
        first,
        until: f64::INFINITY,
        parent: parent.to_owned(),
        cpu,
        surge: None,
    }
}

/// A name that looks like the system's, in a profile.
pub fn copy_cat(stage: &mut Stage<'_>) -> Option<()> {
    let device = windows(stage, 1).first().copied()?;
    stage.awake(device, 4.0);
    let at = stage.at_work(device, 0.0);
    let (name, path) = [
        ("svch0st.exe", r"~\AppData\Roaming\svch0st.exe"),
        ("lsass.exe", r"~\AppData\Local\Temp\lsass.exe"),
        ("csrss.exe", r"C:\Users\Public\csrss.exe"),
        ("expIorer.exe", r"~\Downloads\expIorer.exe"),
        (
            "RuntimeBroker.exe",
            r"~\AppData\Roaming\Fonts\RuntimeBroker.exe",
        ),
    ][stage.random.random_range(0..5)];
    let place = if path.contains("Temp") {
        "temp"
    } else {
        "home"
    };
    let about = stranger_file(stage, name, path, place);
    stage
        .world
        .program(about, sight(device, at, "wscript.exe", 30.0));
    stage.expect("process.masquerade", &PROGRAM_RULES, &[device], (2.0, 30.0));
    Some(())
}

/// Nobody's file in a temporary folder, started by a document or a shell, with no name that means anything.
pub fn stranger(stage: &mut Stage<'_>) -> Option<()> {
    let device = windows(stage, 1).first().copied()?;
    stage.awake(device, 4.0);
    let at = stage.at_work(device, 0.0);
    let name = format!(
        "{}.exe",
        ["qwzpl", "aupdt", "kx81", "invoice_view", "hlpr"][stage.random.random_range(0..5)]
    );
    let parent = ["powershell.exe", "WINWORD.EXE", "wscript.exe", "mshta.exe"]
        [stage.random.random_range(0..4)];
    let about = stranger_file(
        stage,
        &name,
        &format!(r"~\AppData\Local\Temp\{name}"),
        "temp",
    );
    stage.world.program(about, sight(device, at, parent, 30.0));
    stage.expect("process.rare", &PROGRAM_RULES, &[device], (2.0, 30.0));
    Some(())
}

/// A tool that was there for weeks and begins to eat the processor.
pub fn miner(stage: &mut Stage<'_>) -> Option<()> {
    let device = windows(stage, 1).first().copied()?;
    stage.awake(device, 8.0);
    let (first, day) = (stage.day - 25.0, stage.day);
    let first = first.max(stage.world.laptops[device].enrolled);
    let about = stranger_file(stage, "gamehelper.exe", r"~\Games\gamehelper.exe", "home");
    let mut seen = sight(device, first, "explorer.exe", 120.0);
    seen.surge = Some((day, 30_000.0));
    stage.world.program(about, seen);
    stage.expect("process.cost", &PROGRAM_RULES, &[device], (2.5, 20.0));
    Some(())
}

/// Passed from hand to hand: one more device every day or so.
pub fn spread(stage: &mut Stage<'_>) -> Option<()> {
    let most = if stage.world.laptops.len() <= 12 {
        4
    } else {
        8
    };
    let devices = windows(stage, most);
    if devices.len() < 3 {
        return None;
    }
    let about = stranger_file(
        stage,
        "photo_viewer_pro.exe",
        r"~\Downloads\photo_viewer_pro.exe",
        "home",
    );
    for (position, device) in devices.iter().enumerate() {
        let day = 1.1 * position as f64 + stage.random.random_range(0.0..0.6);
        stage.awake(*device, day + 3.0);
        let at = stage.at_work(*device, day);
        stage
            .world
            .program(about.clone(), sight(*device, at, "explorer.exe", 40.0));
    }
    stage.expect("process.spread", &PROGRAM_RULES, &devices, (7.0, 40.0));
    Some(())
}

/// An odd program, then a beat of restarts; days later the neighbours.
pub fn beacon(stage: &mut Stage<'_>) -> Option<()> {
    let team = stage
        .cast(1, |world, index| {
            world.laptops[index].traits.os_type == "windows"
        })
        .first()
        .copied()?;
    let name = stage.world.laptops[team].team;
    let mut devices = vec![team];
    devices.extend(stage.cast(2, |world, index| {
        world.laptops[index].team == name && world.laptops[index].traits.os_type == "windows"
    }));
    let about = stranger_file(
        stage,
        "svchost32.exe",
        r"~\AppData\Roaming\svchost32.exe",
        "home",
    );
    let hours = stage.random.random_range(1.6..2.6);
    let begin = stage.day;
    for (position, device) in devices.iter().enumerate() {
        stage.day = begin + 2.0 * position as f64;
        stage.awake(*device, 6.0);
        let at = stage.day.floor() + 0.33;
        stage
            .world
            .program(about.clone(), sight(*device, at, "wscript.exe", 120.0));
        plant_beat(
            stage,
            *device,
            hours,
            0.02,
            false,
            5.0,
            |stage, device, at| {
                stage.world.stop(device, at, BootEnd::Crash).stop_code = "0x000000EF".to_owned();
            },
        );
    }
    stage.day = begin;
    let mut also = PROGRAM_RULES.to_vec();
    also.extend([
        "reboot.rate",
        "reboot.periodic",
        "reboot.crash_loop",
        "reboot.outbreak",
    ]);
    stage
        .expect("compound.malware", &also, &devices, (3.0, 35.0))
        .word = "svchost32".to_owned();
    Some(())
}
