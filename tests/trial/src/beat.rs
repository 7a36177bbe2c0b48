//! How many restarts a beat takes until it is named, and how far the name is off.
//!
//! **Invariant: the laptop is judged after each of its restarts, never before**, so that "within six" means six ends.

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use weft_collector_core::{
    detect::{self, Settings},
    event::BootEnd,
};

use crate::{life, world::World};

/// What one beating laptop gave.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// `None`: not within a day and a half.
    pub after: Option<usize>,
    pub error: f64,
}

/// Restarts every `hours` with `jitter` (a share, uniform either way) in a healthy fleet of `devices`.
pub fn measure(seed: u64, devices: usize, hours: f64, jitter: f64) -> Named {
    const MOST: usize = 18;
    let mut random = SmallRng::seed_from_u64(seed ^ 0xBEA7);
    let mut world = life::healthy(seed, devices, 40);
    let device = random.random_range(0..devices);
    world.laptops[device].offline.clear();
    world.laptops[device].enrolled = 0.5;
    world
        .stops
        .retain(|stop| stop.device != device || stop.at < 28.0);
    let mut moments = Vec::new();
    let mut at = 30.3;
    for day in 28..40 {
        world.laptops[device].on[day] = true;
    }
    for _ in 0..MOST {
        at += hours / 24.0 * (1.0 + random.random_range(-jitter..=jitter));
        world.stop(device, at, BootEnd::PowerLossOrHang);
        moments.push(at);
    }
    world.finish();
    for (count, at) in moments.iter().enumerate() {
        let findings = detect::run(&world.evidence(at + 0.01), &Settings::default());
        let about = findings.iter().find(|finding| {
            finding.detector == "reboot.periodic" && finding.devices.contains(&World::id(device))
        });
        if let Some(named) = about.and_then(|finding| named(&finding.title)) {
            let planted = hours * 3_600.0;
            return Named {
                after: Some(count + 1),
                error: (named - planted).abs() / planted,
            };
        }
    }
    Named {
        after: None,
        error: 1.0,
    }
}

/// Seconds of the beat in a title, "... every 2 h 03 min ± 4 min, ...".
pub fn named(title: &str) -> Option<f64> {
    let (_, rest) = title.split_once("every ")?;
    let (words, _) = rest.split_once(" ±")?;
    let mut seconds = 0.0;
    let mut number: Option<f64> = None;
    for word in words.split_whitespace() {
        match (word, number) {
            ("h", Some(hours)) => seconds += hours * 3_600.0,
            ("min", Some(minutes)) => seconds += minutes * 60.0,
            ("s", Some(value)) => seconds += value,
            _ => {
                number = word.parse().ok();
                continue;
            }
        }
        number = None;
    }
    (seconds > 0.0).then_some(seconds)
}
