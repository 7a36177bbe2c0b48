//! What the fleet did so far: on how many device-days each program, pair and form ran, and which device knows it.
//!
//! **Invariant: a count never falls, and one device-day counts once.** Bounded: beyond [`MOST`] keys of a kind new ones are
//! no longer remembered and stay rare, which at most repeats a line.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::{LEARNING_DAYS, LEARNING_DEVICE_DAYS, number, weigh::Keys};
use crate::device::DeviceId;

/// Device-days after the first of a fleet before its newcomers tell how often such a thing comes.
const WATCHED: u32 = 60;

/// Keys of one kind. 10,000 laptops have some 50,000 programs; forms are more.
const MOST: usize = 2_000_000;

#[derive(Default)]
pub struct Memory {
    days: HashSet<Timestamp>,
    device_days: HashSet<(DeviceId, Timestamp)>,
    counts: HashMap<String, Count>,
    /// Device-days since the first days were over: in the beginning everything comes for the first time.
    watched: u32,
    /// Pairs that a device ran on an earlier day.
    known: HashMap<(DeviceId, u32), Timestamp>,
    /// Kinds of work (a person's shell that starts an administrator's tool) by device: days, and the last of them.
    work: HashMap<(DeviceId, u32), (u32, Timestamp)>,
}

#[derive(Default)]
struct Count {
    device_days: u32,
    last: Option<(DeviceId, Timestamp)>,
}

impl Memory {
    pub fn learn(&mut self, device: DeviceId, day: Timestamp, keys: &Keys) {
        self.days.insert(day);
        let is_new_day = self.device_days.insert((device, day));
        let past_the_first_days =
            self.days.len() > LEARNING_DAYS && self.device_days() > LEARNING_DEVICE_DAYS;
        self.watched += u32::from(is_new_day && past_the_first_days);
        let is_first_here = !self.known.contains_key(&(device, short(&keys.pair)));
        if past_the_first_days && is_first_here && self.is_rare(&keys.program) {
            self.count_once(&keys.arrival, device, day);
        }
        for key in keys.all() {
            self.count_once(key, device, day);
        }
        if self.known.len() < MOST {
            self.known.entry((device, short(&keys.pair))).or_insert(day);
        }
        if self.work.len() < MOST && !keys.work.is_empty() {
            let work = self
                .work
                .entry((device, short(&keys.work)))
                .or_insert((0, Timestamp::MIN));
            if work.1 != day {
                *work = (work.0 + 1, day);
            }
        }
    }

    /// On at most one device-day of a hundred, or on three.
    fn is_rare(&self, program: &str) -> bool {
        self.count(program) <= (self.device_days() / 100).max(3)
    }

    fn count_once(&mut self, key: &str, device: DeviceId, day: Timestamp) {
        if self.counts.len() >= MOST && !self.counts.contains_key(key) {
            return;
        }
        let count = self.counts.entry(key.to_owned()).or_default();
        if count.last != Some((device, day)) {
            count.last = Some((device, day));
            count.device_days += 1;
        }
    }

    /// On how many device-days a rare program came to a device for the first time in such a way, and of how many that is
    /// known; `None` while too few were watched.
    pub fn arrivals(&self, keys: &Keys) -> Option<(u32, u32)> {
        (self.watched >= WATCHED).then(|| (self.count(&keys.arrival), self.watched))
    }

    /// Days, this one included, on which this device did such work.
    pub fn days_of_work(&self, device: DeviceId, keys: &Keys) -> u32 {
        self.work
            .get(&(device, short(&keys.work)))
            .map_or(0, |work| work.0)
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
