//! The labelled stories: what is planted, and what must be said about it.
//!
//! **Invariant: a story tells its truth before anything is judged**: whom it concerns, from when it can be seen, until when
//! it must have been found, and by which rules. Each device plays in one story at most.

pub mod apps;
pub mod capacity;
pub mod programs;
pub mod restarts;

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};

use crate::world::World;

/// What must be found.
#[derive(Clone, Debug)]
pub struct Expected {
    pub story: Story,
    /// The rule that must speak.
    pub detector: &'static str,
    /// Rules that are right, too, about the same devices.
    pub also: Vec<&'static str>,
    pub devices: Vec<usize>,
    /// A word that the title or the facts must hold; empty: none.
    pub word: String,
    /// From when on it can be seen, and when it must have been seen.
    pub since: f64,
    pub by: f64,
    /// Until when its traces justify a word.
    pub until: f64,
    /// Seconds, where the story has a beat.
    pub period: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Story {
    SlowBurn,
    Burst,
    CrashLoop,
    FailingBoot,
    Beat,
    CleanBeat,
    EmptyBattery,
    DriverOutbreak,
    AgentOutbreak,
    BuildOutbreak,
    Relapse,
    LateHistory,
    DiskFill,
    DiskFull,
    BatteryWear,
    Throttling,
    MemoryPressure,
    Unsanctioned,
    NewApp,
    Growth,
    Volume,
    ForeignTenant,
    PersonalAccount,
    ExpiredTolerance,
    CopyCat,
    TempStranger,
    Miner,
    Spread,
    Beacon,
}

pub const ALL: [Story; 29] = [
    Story::DriverOutbreak,
    Story::AgentOutbreak,
    Story::BuildOutbreak,
    Story::Spread,
    Story::Beacon,
    Story::Growth,
    Story::Unsanctioned,
    Story::NewApp,
    Story::Volume,
    Story::ForeignTenant,
    Story::PersonalAccount,
    Story::ExpiredTolerance,
    Story::SlowBurn,
    Story::Burst,
    Story::CrashLoop,
    Story::FailingBoot,
    Story::Beat,
    Story::CleanBeat,
    Story::EmptyBattery,
    Story::Relapse,
    Story::LateHistory,
    Story::DiskFill,
    Story::DiskFull,
    Story::BatteryWear,
    Story::Throttling,
    Story::MemoryPressure,
    Story::CopyCat,
    Story::TempStranger,
    Story::Miner,
];

/// Plants `story` from `day` on; false when the fleet has nobody left who could play it.
pub fn plant(world: &mut World, story: Story, day: f64, seed: u64) -> bool {
    let mut stage = Stage {
        random: SmallRng::seed_from_u64(seed ^ ((story as u64) << 32) ^ (day as u64)),
        world,
        story,
        day,
    };
    match story {
        Story::SlowBurn => restarts::slow_burn(&mut stage),
        Story::Burst => restarts::burst(&mut stage),
        Story::CrashLoop => restarts::crash_loop(&mut stage),
        Story::FailingBoot => restarts::failing_boot(&mut stage),
        Story::Beat => restarts::beat(&mut stage),
        Story::CleanBeat => restarts::clean_beat(&mut stage),
        Story::EmptyBattery => restarts::empty_battery(&mut stage),
        Story::DriverOutbreak => restarts::driver_outbreak(&mut stage),
        Story::AgentOutbreak => restarts::agent_outbreak(&mut stage),
        Story::BuildOutbreak => restarts::build_outbreak(&mut stage),
        Story::Relapse => restarts::relapse(&mut stage),
        Story::LateHistory => restarts::late_history(&mut stage),
        Story::DiskFill => capacity::disk_fill(&mut stage),
        Story::DiskFull => capacity::disk_full(&mut stage),
        Story::BatteryWear => capacity::battery(&mut stage),
        Story::Throttling => capacity::throttling(&mut stage),
        Story::MemoryPressure => capacity::memory(&mut stage),
        Story::Unsanctioned => apps::unsanctioned(&mut stage),
        Story::NewApp => apps::new_app(&mut stage),
        Story::Growth => apps::growth(&mut stage),
        Story::Volume => apps::volume(&mut stage),
        Story::ForeignTenant => apps::foreign(&mut stage),
        Story::PersonalAccount => apps::personal(&mut stage),
        Story::ExpiredTolerance => apps::expired(&mut stage),
        Story::CopyCat => programs::copy_cat(&mut stage),
        Story::TempStranger => programs::stranger(&mut stage),
        Story::Miner => programs::miner(&mut stage),
        Story::Spread => programs::spread(&mut stage),
        Story::Beacon => programs::beacon(&mut stage),
    }
    .is_some()
}

/// The world while one story is planted.
pub struct Stage<'a> {
    pub world: &'a mut World,
    pub random: SmallRng,
    pub story: Story,
    pub day: f64,
}

impl Stage<'_> {
    /// Up to `most` devices that fit, have no part yet, are enrolled well before and do not travel in the story's time.
    pub fn cast(&mut self, most: usize, fits: impl Fn(&World, usize) -> bool) -> Vec<usize> {
        let mut free: Vec<usize> = (0..self.world.laptops.len())
            .filter(|index| !self.world.cast.contains(index))
            .filter(|index| {
                let laptop = &self.world.laptops[*index];
                laptop.enrolled < self.day - 12.0
                    && laptop
                        .offline
                        .iter()
                        .all(|away| away.end < self.day - 2.0 || away.start > self.day + 40.0)
            })
            .filter(|index| fits(self.world, *index))
            .collect();
        free.shuffle(&mut self.random);
        free.truncate(most);
        free.sort_unstable();
        self.world.cast.extend(&free);
        free
    }

    pub fn one(&mut self) -> Option<usize> {
        self.cast(1, |_, _| true).first().copied()
    }

    pub fn expect(
        &mut self,
        detector: &'static str,
        also: &[&'static str],
        devices: &[usize],
        (by, until): (f64, f64),
    ) -> &mut Expected {
        self.world.expected.push(Expected {
            story: self.story,
            detector,
            also: also.to_vec(),
            devices: devices.to_vec(),
            word: String::new(),
            since: self.day,
            by: self.day + by,
            until: self.day + until,
            period: None,
        });
        let last = self.world.expected.len() - 1;
        &mut self.world.expected[last]
    }

    /// A moment of `device`'s working day `day` days into the story.
    pub fn at_work(&mut self, device: usize, day: f64) -> f64 {
        let hours = self.world.laptops[device].hours.clone();
        (self.day + day).floor() + self.random.random_range(hours) / 24.0
    }

    /// The laptop is used on every day of the story: its person waits for help.
    pub fn awake(&mut self, device: usize, days: f64) {
        let end = ((self.day + days) as usize).min(self.world.days.saturating_sub(1));
        for day in self.day as usize..=end {
            self.world.laptops[device].on[day] = true;
        }
    }
}
