//! The fleet simulator: laptops that live through quiet months, a few planted stories, and people who talk about them.
//!
//! **Invariant: pure and seeded.** The same plan gives the same observations to the byte; nothing here reads a clock or
//! a network. [`ship`] is the one exception: it sends a plan through the real client.
//!
//! What each story must be found as stands beside it ([`story::Expected`]): that is what the evaluation counts.

pub mod laptop;
pub mod life;
pub mod people;
pub mod ship;
pub mod story;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rand::{SeedableRng as _, rngs::SmallRng};
use weft_proto::v1::Observation;

use self::{
    laptop::Laptop,
    story::{Expected, Scenario},
};

/// What to invent.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub devices: u32,
    pub days: u32,
    pub scenario: Scenario,
    /// Stories lead up to this moment.
    pub now: Timestamp,
    /// What happened after it, when time went on.
    pub after: After,
}

/// The time after a plan's `now`: the same laptops live on, and what people did to them shows.
#[derive(Clone, Debug, Default)]
pub struct After {
    /// How much longer the laptops live.
    pub lasting: SignedDuration,
    /// Laptops (by name) that were mended, and when: a story ends there for them.
    pub mended: BTreeMap<String, Timestamp>,
}

/// One laptop with everything that it will report, oldest first.
#[derive(Clone, Debug)]
pub struct Simulated {
    pub laptop: Laptop,
    pub observations: Vec<Observation>,
}

/// An invented fleet.
#[derive(Clone, Debug)]
pub struct Fleet {
    pub laptops: Vec<Simulated>,
    /// What detectors should find in it, and nothing else of weight.
    pub expected: Vec<Expected>,
}

impl Plan {
    pub fn start(&self) -> Timestamp {
        self.now - SignedDuration::from_hours(24 * i64::from(self.days))
    }

    /// The end of the history.
    pub fn end(&self) -> Timestamp {
        self.now + self.after.lasting
    }

    /// Until when a story goes on for a laptop.
    pub fn suffers_until(&self, laptop: &Laptop) -> Timestamp {
        let mended = self.after.mended.get(&laptop.name).copied();
        mended.unwrap_or(self.end()).min(self.end())
    }

    /// Invents the whole fleet. Each laptop has its own random stream, so that one more device changes no other.
    pub fn invent(&self) -> Fleet {
        let laptops: Vec<Laptop> = (0..self.devices)
            .map(|index| Laptop::invent(self.seed, index))
            .collect();
        let stories = story::cast(self.scenario, &laptops, self);
        let simulated = laptops
            .into_iter()
            .map(|laptop| {
                let mut random =
                    SmallRng::seed_from_u64(self.seed ^ (u64::from(laptop.index) << 20) ^ 0x11FE);
                let mut observations = life::live(&laptop, self, &stories, &mut random);
                observations.sort_by_key(when);
                Simulated {
                    laptop,
                    observations,
                }
            })
            .collect();
        Fleet {
            laptops: simulated,
            expected: stories.expected(),
        }
    }
}

/// Moment of an observation, for ordering; (0, 0) when it has none.
pub fn when(observation: &Observation) -> (i64, i32) {
    observation
        .observed_at
        .as_ref()
        .map_or((0, 0), |at| (at.seconds, at.nanos))
}

/// A moment as the wire writes it.
pub fn wire_time(at: Timestamp) -> weft_proto::Timestamp {
    weft_proto::Timestamp {
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond(),
    }
}
