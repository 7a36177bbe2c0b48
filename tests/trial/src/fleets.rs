//! The fleets on trial: what is planted in a fleet of which size.
//!
//! **Invariant: a world follows from its seed and its size.** Apps of stories stand once in a world, because a detector
//! speaks about an app in a team and not about who planted it.

use crate::{
    life,
    rounds::{self, Log},
    score::Score,
    story::{self, Story},
    world::World,
};
use weft_collector_core::detect::Settings;

/// Rounds a day: enough to tell half a day from a day.
pub const PER_DAY: usize = 3;

/// Sixty days without a story, from the fleet's first hour: learning, patch days, roll-outs, travel.
pub fn quiet(seed: u64, devices: usize, per_day: usize) -> (World, Log, (f64, f64)) {
    let mut world = life::healthy(seed, devices, 62);
    world.finish();
    let span = (0.5, 60.5);
    let log = rounds::run(&world, span, per_day, &Settings::default());
    (world, log, span)
}

/// One story in a fleet too small to compare with.
pub fn alone(
    seed: u64,
    devices: usize,
    story: Story,
    per_day: usize,
) -> Option<(World, Log, (f64, f64))> {
    let mut world = life::healthy(seed, devices, 80);
    if !story::plant(&mut world, story, 28.0 + (seed % 5) as f64, seed) {
        return None;
    }
    world.finish();
    let span = (20.0, 70.0);
    let log = rounds::run(&world, span, per_day, &Settings::default());
    Some((world, log, span))
}

/// Every story in one fleet, spread over six weeks: those of an app once, those of many laptops twice where the fleet is
/// large enough, those of single laptops `copies` times.
pub fn crowded(seed: u64, devices: usize, copies: usize) -> World {
    let mut world = life::healthy(seed, devices, 96);
    for (position, story) in story::ALL.into_iter().enumerate() {
        let copies = match story {
            Story::Unsanctioned
            | Story::NewApp
            | Story::Growth
            | Story::Volume
            | Story::ExpiredTolerance => 1,
            Story::DriverOutbreak
            | Story::AgentOutbreak
            | Story::BuildOutbreak
            | Story::Spread
            | Story::Beacon => copies.min(2),
            _ => copies,
        };
        for copy in 0..copies {
            let day = 22.0 + ((position * 7 + copy * 11 + seed as usize) % 38) as f64;
            story::plant(&mut world, story, day, seed + copy as u64 * 31);
        }
    }
    world.finish();
    world
}

/// A flood: from `day` on, the same three weeks bring every story to as many laptops as there are.
pub fn flood(seed: u64, devices: usize) -> World {
    let mut world = life::healthy(seed, devices, 60);
    let mut copy = 0;
    loop {
        let mut planted = 0;
        for story in story::ALL {
            let day = 24.0 + (copy % 3) as f64;
            planted += usize::from(story::plant(&mut world, story, day, seed + copy * 31));
        }
        copy += 1;
        if planted == 0 || copy > devices as u64 {
            break;
        }
    }
    world.finish();
    world
}

pub fn all_stories(seed: u64, devices: usize, copies: usize, score: &mut Score) {
    let world = crowded(seed, devices, copies);
    let span = (14.0, 90.0);
    let log = rounds::run(&world, span, PER_DAY, &Settings::default());
    score.add(&world, &log, span);
    let (told, all) = crate::score::relapsed(&world, &log);
    score.relapse_told += told;
    score.relapse_stories += all;
}
