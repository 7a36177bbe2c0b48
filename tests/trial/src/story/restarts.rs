//! Stories of restarts. One rule: a story adds ends to a healthy life, it never takes the healthy ones away.

use rand::Rng as _;
use weft_collector_core::event::BootEnd;

use super::Stage;
use crate::world::World;

const DEVICE_RULES: [&str; 4] = [
    "reboot.rate",
    "reboot.crash_loop",
    "reboot.periodic",
    "reboot.failing_boot",
];
const MINUTE: f64 = 1.0 / 1440.0;
const DAY: f64 = 86_400.0;

/// A laptop that gets worse over four weeks: from one end a week to one a day.
pub fn slow_burn(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    stage.awake(device, 28.0);
    for day in 0..28 {
        let rate = 0.12 + 0.7 * f64::from(day) / 28.0;
        if stage.random.random_bool(rate) {
            let at = stage.at_work(device, f64::from(day));
            crash(stage, device, at, "0x00000124");
        }
    }
    stage.expect("reboot.rate", &DEVICE_RULES, &[device], (26.0, 45.0));
    Some(())
}

/// Healthy, then about once a day.
pub fn burst(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    stage.awake(device, 12.0);
    for day in 0..12 {
        for _ in 0..stage.random.random_range(0..=2) {
            let at = stage.at_work(device, f64::from(day));
            let end = if stage.random.random_bool(0.5) {
                BootEnd::Crash
            } else {
                BootEnd::PowerLossOrHang
            };
            stage.world.stop(device, at, end);
        }
    }
    stage.expect("reboot.rate", &DEVICE_RULES, &[device], (9.0, 25.0));
    Some(())
}

pub fn crash_loop(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    stage.awake(device, 1.0);
    let mut at = stage.at_work(device, 0.0);
    for _ in 0..stage.random.random_range(4..9) {
        crash(stage, device, at, "0x0000007E");
        at += stage.random.random_range(3.0..14.0) * MINUTE;
    }
    stage.expect("reboot.crash_loop", &DEVICE_RULES, &[device], (1.5, 20.0));
    Some(())
}

pub fn failing_boot(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    stage.awake(device, 1.0);
    let mut at = stage.at_work(device, 0.0);
    for _ in 0..stage.random.random_range(3..7) {
        stage.world.stop(device, at, BootEnd::FailedBoot).confidence = 0.8;
        at += stage.random.random_range(2.0..9.0) * MINUTE;
    }
    stage.expect("reboot.failing_boot", &DEVICE_RULES, &[device], (1.5, 20.0));
    Some(())
}

/// Every so often, with jitter; off at night for some.
pub fn beat(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    let hours = [2.0, 2.05, 0.75, 1.5, 3.33, 2.0, 4.0][stage.random.random_range(0..7)];
    let jitter = stage.random.random_range(0.003..0.03);
    let nights = hours < 2.5 && stage.random.random_bool(0.5);
    let days = 4.0;
    stage.awake(device, days);
    plant_beat(
        stage,
        device,
        hours,
        jitter,
        nights,
        days,
        |stage, device, at| {
            let end = if stage.random.random_bool(0.7) {
                BootEnd::PowerLossOrHang
            } else {
                BootEnd::Crash
            };
            stage.world.stop(device, at, end);
        },
    );
    stage
        .expect("reboot.periodic", &DEVICE_RULES, &[device], (2.5, 22.0))
        .period = Some(hours * 3_600.0);
    Some(())
}

/// A watchdog of somebody's own restarts the laptop cleanly, every 90 minutes or so.
pub fn clean_beat(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    let hours = stage.random.random_range(1.0..3.0);
    stage.awake(device, 4.0);
    plant_beat(
        stage,
        device,
        hours,
        0.01,
        false,
        4.0,
        |stage, device, at| {
            stage
                .world
                .stop(device, at, BootEnd::CleanRestart)
                .initiator = "guard-agent.exe".to_owned();
        },
    );
    stage
        .expect("reboot.periodic", &DEVICE_RULES, &[device], (3.5, 22.0))
        .period = Some(hours * 3_600.0);
    Some(())
}

pub fn plant_beat(
    stage: &mut Stage<'_>,
    device: usize,
    hours: f64,
    jitter: f64,
    nights: bool,
    days: f64,
    mut end: impl FnMut(&mut Stage<'_>, usize, f64),
) {
    let mut at = stage.day.floor() + 0.35;
    while at < stage.day.floor() + days {
        let night = nights && !(0.3..0.8).contains(&at.fract());
        if night {
            // Switched off in the evening, on again next morning: the beat begins anew.
            at = at.floor() + if at.fract() < 0.3 { 0.35 } else { 1.35 };
            continue;
        }
        at += hours / 24.0 * (1.0 + stage.random.random_range(-jitter..=jitter)) + 100.0 / DAY;
        end(stage, device, at);
    }
}

pub fn empty_battery(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    stage.awake(device, 14.0);
    for day in 0..14 {
        if day % 2 == 0 || stage.random.random_bool(0.3) {
            let at = stage.at_work(device, f64::from(day));
            stage
                .world
                .stop(device, at, BootEnd::PowerLossOrHang)
                .battery_low = true;
        }
    }
    stage.expect("reboot.battery", &["reboot.rate"], &[device], (12.0, 30.0));
    Some(())
}

/// A driver that some of a model get; those crash.
pub fn driver_outbreak(stage: &mut Stage<'_>) -> Option<()> {
    let model = most_common(stage, |world, index| {
        world.laptops[index].traits.model.clone()
    })?;
    let concerned = stage.cast(14, |world, index| {
        world.laptops[index].traits.model == model
    });
    if concerned.len() < 3 {
        return None;
    }
    outbreak(
        stage,
        &concerned,
        "graphics driver",
        "32.0.101.6078",
        Some("0x00000116"),
        0.5,
    );
    let mut word = model.to_lowercase();
    word.truncate(12);
    stage.expect("reboot.outbreak", &DEVICE_RULES, &concerned, (8.0, 35.0));
    Some(())
}

/// A security agent's new version, on any model.
pub fn agent_outbreak(stage: &mut Stage<'_>) -> Option<()> {
    let most = (stage.world.laptops.len() / 10).clamp(4, 12);
    let concerned = stage.cast(most, |_, _| true);
    if concerned.len() < 4 {
        return None;
    }
    outbreak(stage, &concerned, "endpoint guard", "7.1.2", None, 0.45);
    stage
        .expect("reboot.outbreak", &DEVICE_RULES, &concerned, (8.0, 35.0))
        .word = "endpoint guard".to_owned();
    Some(())
}

/// An OS build that reaches a few first.
pub fn build_outbreak(stage: &mut Stage<'_>) -> Option<()> {
    let most = (stage.world.laptops.len() / 12).clamp(4, 12);
    let concerned = stage.cast(most, |world, index| {
        world.laptops[index].traits.os_type == "windows"
    });
    if concerned.len() < 4 {
        return None;
    }
    outbreak(
        stage,
        &concerned,
        "os",
        "26100.9999",
        Some("0x0000003B"),
        0.45,
    );
    for device in &concerned {
        stage.world.laptops[*device].traits.os_build = "26100.9999".to_owned();
    }
    stage
        .expect("reboot.outbreak", &DEVICE_RULES, &concerned, (8.0, 35.0))
        .word = "26100.9999".to_owned();
    Some(())
}

/// Four of five of those who get `version` crash, for twelve days.
fn outbreak(
    stage: &mut Stage<'_>,
    concerned: &[usize],
    name: &str,
    version: &str,
    code: Option<&str>,
    rate: f64,
) {
    let marked = format!("{version}-{}", stage.day as u64);
    for (position, device) in concerned.iter().enumerate() {
        let from = stage.day + stage.random.random_range(0.0..1.2);
        stage.world.laptops[*device]
            .components
            .push((from, name.to_owned(), marked.clone()));
        stage.awake(*device, 12.0);
        if position % 5 == 4 {
            continue;
        }
        for day in 0..12 {
            for _ in 0..stage.random.random_range(0..=2) {
                if stage.random.random_bool(rate) {
                    let at = stage.at_work(*device, f64::from(day));
                    if at > from {
                        crash(stage, *device, at, code.unwrap_or(""));
                    }
                }
            }
        }
    }
}

fn most_common(stage: &Stage<'_>, of: impl Fn(&World, usize) -> String) -> Option<String> {
    let mut counts: std::collections::BTreeMap<String, usize> = Default::default();
    for index in (0..stage.world.laptops.len()).filter(|index| !stage.world.cast.contains(index)) {
        *counts.entry(of(stage.world, index)).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(value, _)| value)
}

/// Bad, cured for two weeks, bad again.
pub fn relapse(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    stage.awake(device, 34.0);
    for day in (0..7).chain(24..33) {
        for _ in 0..2 {
            let at = stage.at_work(device, f64::from(day));
            crash(stage, device, at, "0x000000EF");
        }
    }
    stage.expect("reboot.rate", &DEVICE_RULES, &[device], (6.0, 45.0));
    Some(())
}

/// Offline for twenty days; three crashes of the first of them arrive at the end. No news of today.
pub fn late_history(stage: &mut Stage<'_>) -> Option<()> {
    let device = stage.one()?;
    let (leave, back) = (stage.day, stage.day + 20.0);
    stage.world.laptops[device].offline.push(leave..back);
    for step in 0..3 {
        let at = leave + 1.0 + 1.2 * f64::from(step);
        crash(stage, device, at, "0x0000001A");
    }
    Some(())
}

fn crash(stage: &mut Stage<'_>, device: usize, at: f64, code: &str) {
    stage.world.stop(device, at, BootEnd::Crash).stop_code = code.to_owned();
}
