//! What the fleet did so far: on how many device-days each program, pair and form ran, and which device knows it.
//!
//! **Invariant: a count never falls, and one device-day counts once.** Bounded: beyond [`MOST`] keys of a kind new ones are
//! no longer remembered and stay rare, which at most repeats a line.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::{number, weigh::Keys};
use crate::device::DeviceId;

/// Keys of one kind. 10,000 laptops have some 50,000 programs; forms are more.
const MOST: usize = 2_000_000;

#[derive(Default)]
pub struct Memory {
    days: HashSet<Timestamp>,
    device_days: HashSet<(DeviceId, Timestamp)>,
    counts: HashMap<String, Count>,
    /// Pairs that a device ran on an earlier day.
    known: HashMap<(DeviceId, u32), Timestamp>,
}

#[derive(Default)]
struct Count {
    device_days: u32,
    last: Option<(DeviceId, Timestamp)>,
}

impl Memory {
    pub fn learn(&mut self, device: DeviceId, day: Timestamp, keys: &Keys) {
        self.days.insert(day);
        self.device_days.insert((device, day));
        for key in keys.all() {
            if self.counts.len() >= MOST && !self.counts.contains_key(key) {
                continue;
            }
            let count = self.counts.entry(key.to_owned()).or_default();
            if count.last != Some((device, day)) {
                count.last = Some((device, day));
                count.device_days += 1;
            }
        }
        if self.known.len() < MOST {
            self.known.entry((device, short(&keys.pair))).or_insert(day);
        }
    }

    pub fn days(&self) -> usize {
        self.days.len()
    }

    pub fn device_days(&self) -> u32 {
        u32::try_from(self.device_days.len()).unwrap_or(u32::MAX)
    }

    /// Device-days with this key.
    pub fn count(&self, key: &str) -> u32 {
        self.counts.get(key).map_or(0, |count| count.device_days)
    }

    /// True when this device ran this pair on a day before.
    pub fn is_familiar(&self, device: DeviceId, day: Timestamp, pair: &str) -> bool {
        self.known
            .get(&(device, short(pair)))
            .is_some_and(|first| *first < day)
    }
}

fn short(key: &str) -> u32 {
    u32::from_str_radix(&number(&[key]), 16).unwrap_or(0)
}

/// Bits of surprise of `part` among `whole`, smoothed so that one of one says nothing.
pub fn bits(part: u32, whole: u32) -> f64 {
    const MOST_BITS: f64 = 8.0;
    ((f64::from(whole) + 1.0) / (f64::from(part) + 0.5))
        .log2()
        .clamp(0.0, MOST_BITS)
}
