//! What an invented fleet showed, fact by fact, each with the moment at which the collector learned of it.
//!
//! **Invariant: [`World::evidence`] never tells what was not known at its moment.** It answers what the store's queries
//! would (the same windows, the same limits), so that a round on paper sees what a round in a collector sees.
//! Time is in days since the fleet's first Monday; [`World::at`] makes a moment of it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector_core::{
    detect::process::identity_of,
    device::{DeviceId, Traits},
    event::BootEnd,
    evidence::{
        AppUse, BootEnded, Component, DeviceBoots, DeviceCapacity, DeviceEvidence, Evidence,
        FilesystemDays, ProcessIdentity, ProcessSeen,
    },
    verdict::Verdict,
};

use crate::story::Expected;

/// The store's own limits: days of boots and programs, days of capacity, sightings of one identity.
const HISTORY_DAYS: f64 = 90.0;
const CAPACITY_DAYS: usize = 60;
const MOST_SEEN: usize = 200;
const WEEK: f64 = 7.0;

#[derive(Clone, Debug)]
pub struct Laptop {
    pub id: DeviceId,
    pub traits: Traits,
    pub team: &'static str,
    pub developer: bool,
    /// When its agent first reported, and how many days of boots it found in the records then.
    pub enrolled: f64,
    pub history: f64,
    /// Whether it was switched on, day by day.
    pub on: Vec<bool>,
    /// Hours of its day in UTC.
    pub hours: Range<f64>,
    /// No network: what happens here is known at the end.
    pub offline: Vec<Range<f64>>,
    /// (known from, name, version)
    pub components: Vec<(f64, String, String)>,
}

#[derive(Clone, Debug)]
pub struct Stop {
    pub device: usize,
    pub at: f64,
    pub known: f64,
    pub end: BootEnd,
    pub confidence: f64,
    pub initiator: String,
    pub stop_code: String,
    pub battery_low: bool,
    started: f64,
    number: usize,
}

#[derive(Clone, Debug)]
pub struct Sighting {
    pub device: usize,
    pub first: f64,
    pub until: f64,
    pub parent: String,
    pub cpu: f64,
    /// From when it costs how much.
    pub surge: Option<(f64, f64)>,
}

#[derive(Clone, Debug, Default)]
pub struct Program {
    pub about: ProcessIdentity,
    pub seen: Vec<Sighting>,
    /// Where in `seen` a device stands.
    place: HashMap<usize, usize>,
}

#[derive(Clone, Debug)]
pub struct Use {
    pub device: usize,
    pub app: &'static str,
    pub name: &'static str,
    pub category: &'static str,
    pub state: &'static str,
    pub confidence: f64,
    pub account: &'static str,
    pub domain: &'static str,
    pub from: f64,
    pub until: f64,
    pub weekly: u64,
    pub surge: Option<(f64, u64)>,
    /// From when it is signed in elsewhere.
    pub moved: Option<(f64, &'static str, &'static str)>,
}

/// One figure a day for each day of the world.
#[derive(Clone, Debug)]
pub struct Figures {
    pub limit: u64,
    pub disk: Vec<f64>,
    pub throttled: Vec<f64>,
    pub memory: Vec<f64>,
    pub battery: Vec<f64>,
}

#[derive(Clone, Debug)]
pub struct World {
    pub start: Timestamp,
    pub days: usize,
    pub laptops: Vec<Laptop>,
    pub stops: Vec<Stop>,
    pub programs: BTreeMap<String, Program>,
    pub uses: Vec<Use>,
    pub figures: Vec<Figures>,
    /// (decided at, verdict)
    pub verdicts: Vec<(f64, Verdict)>,
    pub expected: Vec<Expected>,
    /// Devices that already have a part.
    pub cast: BTreeSet<usize>,
}

impl World {
    pub fn at(&self, day: f64) -> Timestamp {
        self.start + SignedDuration::from_millis((day * 86_400_000.0) as i64)
    }

    pub fn id(index: usize) -> DeviceId {
        DeviceId(Uuid::from_u128(
            0x7E57_0000_0000_4000_8000_0000_0000_0000 + index as u128,
        ))
    }

    /// When what `device` saw at `at` reaches the collector.
    pub fn known(&self, device: usize, at: f64) -> f64 {
        let laptop = &self.laptops[device];
        let known = laptop
            .offline
            .iter()
            .find(|away| away.contains(&at))
            .map_or(at + 0.005, |away| away.end);
        known.max(laptop.enrolled)
    }

    pub fn stop(&mut self, device: usize, at: f64, end: BootEnd) -> &mut Stop {
        let known = self.known(device, at);
        let number = self.stops.len();
        self.stops.push(Stop {
            device,
            at,
            known,
            end,
            confidence: 0.9,
            initiator: match end {
                BootEnd::Update => "update".to_owned(),
                BootEnd::CleanRestart | BootEnd::CleanPoweroff => "user".to_owned(),
                _ => String::new(),
            },
            stop_code: String::new(),
            battery_low: false,
            started: at,
            number,
        });
        &mut self.stops[number]
    }

    pub fn program(&mut self, about: ProcessIdentity, seen: Sighting) {
        let key = identity_of(&about);
        let program = self.programs.entry(key.clone()).or_insert_with(|| Program {
            about: ProcessIdentity { key, ..about },
            ..Program::default()
        });
        match program.place.get(&seen.device) {
            Some(place) => {
                let one = &mut program.seen[*place];
                one.first = one.first.min(seen.first);
                one.until = one.until.max(seen.until);
            }
            None => {
                program.place.insert(seen.device, program.seen.len());
                program.seen.push(seen);
            }
        }
    }

    /// Puts every start after the end before it. Call once, when all stories are planted.
    pub fn finish(&mut self) {
        self.stops.sort_by(|a, b| {
            (a.device.cmp(&b.device))
                .then(a.at.total_cmp(&b.at))
                .then(a.number.cmp(&b.number))
        });
        const TURNAROUND: f64 = 100.0 / 86_400.0;
        for index in 0..self.stops.len() {
            let (before, rest) = self.stops.split_at_mut(index);
            let stop = &mut rest[0];
            let last = before
                .last()
                .filter(|last| last.device == stop.device)
                .map_or(stop.at - 1.3, |last| {
                    if last.end == BootEnd::CleanPoweroff {
                        last.at + 0.6
                    } else {
                        last.at + TURNAROUND
                    }
                });
            stop.started = last.min(stop.at - 30.0 / 86_400.0);
        }
        for program in self.programs.values_mut() {
            program
                .seen
                .sort_by(|a, b| a.first.total_cmp(&b.first).then(a.device.cmp(&b.device)));
        }
    }

    /// The last moment at which `device` was awake and known to be, at `now`.
    fn last_report(&self, device: usize, now: f64) -> f64 {
        let laptop = &self.laptops[device];
        let reach = laptop
            .offline
            .iter()
            .find(|away| away.contains(&now))
            .map_or(now, |away| away.start);
        let today = (reach.max(0.0) as usize).min(self.days);
        (0..=today)
            .rev()
            .filter(|day| laptop.on.get(*day).copied().unwrap_or(true))
            .map(|day| (day as f64 + laptop.hours.end / 24.0).min(reach))
            .find(|at| *at <= now)
            .unwrap_or(laptop.enrolled)
            .max(laptop.enrolled)
    }

    pub fn evidence(&self, now: f64) -> Evidence {
        let enrolled: Vec<usize> = (0..self.laptops.len())
            .filter(|index| self.laptops[*index].enrolled <= now)
            .collect();
        let seen_until: HashMap<usize, f64> = enrolled
            .iter()
            .map(|index| (*index, self.last_report(*index, now)))
            .collect();
        let devices = enrolled
            .iter()
            .map(|index| {
                (
                    self.laptops[*index].id,
                    self.device(*index, seen_until[index], now),
                )
            })
            .collect();
        Evidence {
            now: self.at(now),
            devices,
            reboots: self.reboots(now),
            processes: self.processes(now, &seen_until),
            apps: self.apps(now, &seen_until),
            capacity: enrolled
                .iter()
                .map(|index| self.capacity(*index, seen_until[index]))
                .collect(),
            verdicts: self
                .verdicts
                .iter()
                .filter(|(at, _)| *at <= now)
                .map(|(_, verdict)| verdict.clone())
                .collect(),
        }
    }

    fn device(&self, index: usize, last: f64, now: f64) -> DeviceEvidence {
        let laptop = &self.laptops[index];
        let mut newest: BTreeMap<&str, (f64, &str)> = BTreeMap::new();
        for (from, name, version) in laptop.components.iter().filter(|(from, _, _)| *from <= now) {
            let kept = newest.entry(name).or_insert((*from, version));
            if *from >= kept.0 {
                *kept = (*from, version);
            }
        }
        DeviceEvidence {
            traits: laptop.traits.clone(),
            first_report: self.at(laptop.enrolled),
            last_report: self.at(last),
            history_from: self.at((laptop.enrolled - laptop.history).max(now - HISTORY_DAYS)),
            components: newest
                .into_iter()
                .map(|(name, (since, version))| Component {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    since: self.at(since.max(laptop.enrolled)),
                })
                .collect(),
        }
    }

    fn reboots(&self, now: f64) -> Vec<DeviceBoots> {
        const NOT_ASKED: [&str; 4] = ["user", "person", "power_button", "update"];
        let mut boots: BTreeMap<DeviceId, DeviceBoots> = BTreeMap::new();
        for stop in self
            .stops
            .iter()
            .filter(|stop| stop.known <= now && stop.at >= now - HISTORY_DAYS)
        {
            let device = self.laptops[stop.device].id;
            let of = boots.entry(device).or_insert_with(|| DeviceBoots {
                device,
                ..DeviceBoots::default()
            });
            of.boots += 1;
            let told = stop.end.is_unexpected()
                || (stop.end == BootEnd::CleanRestart
                    && stop.at >= now - 14.0
                    && !NOT_ASKED.contains(&stop.initiator.to_lowercase().as_str()));
            if told {
                of.ends.push(BootEnded {
                    boot_id: format!("boot-{}", stop.number),
                    started_at: self.at(stop.started),
                    ended_at: self.at(stop.at),
                    end: stop.end,
                    confidence: stop.confidence,
                    initiator: stop.initiator.clone(),
                    stop_code: stop.stop_code.clone(),
                    os_version: self.laptops[stop.device].traits.os_build.clone(),
                    tags: stop
                        .battery_low
                        .then(|| "battery_low".to_owned())
                        .into_iter()
                        .collect(),
                });
            }
        }
        boots.into_values().collect()
    }

    fn processes(&self, now: f64, seen_until: &HashMap<usize, f64>) -> Vec<ProcessIdentity> {
        let visible = |seen: &&Sighting| {
            seen_until
                .get(&seen.device)
                .is_some_and(|last| seen.first <= *last && seen.until >= now - HISTORY_DAYS)
        };
        let mut with_name: HashMap<String, BTreeSet<usize>> = HashMap::new();
        for program in self.programs.values() {
            let devices = with_name
                .entry(program.about.executable_name.to_lowercase())
                .or_default();
            devices.extend(program.seen.iter().filter(visible).map(|seen| seen.device));
        }
        self.programs
            .values()
            .filter_map(|program| {
                let seen: Vec<&Sighting> = program.seen.iter().filter(visible).collect();
                if seen.is_empty() {
                    return None;
                }
                let name = program.about.executable_name.to_lowercase();
                Some(ProcessIdentity {
                    devices: seen.len() as u32,
                    devices_with_name: with_name.get(&name).map_or(0, |of| of.len() as u32),
                    seen: seen
                        .iter()
                        .take(MOST_SEEN)
                        .map(|seen| self.seen(seen, seen_until[&seen.device], now))
                        .collect(),
                    ..program.about.clone()
                })
            })
            .collect()
    }

    fn seen(&self, seen: &Sighting, last: f64, now: f64) -> ProcessSeen {
        let last = last.min(seen.until).max(seen.first);
        let active = last >= now - 1.0;
        let surging = seen.surge.filter(|(from, _)| *from <= now - 0.5);
        let usual = if now - seen.first > 1.0 {
            seen.cpu
        } else {
            0.0
        };
        ProcessSeen {
            device: self.laptops[seen.device].id,
            first: self.at(seen.first),
            last: self.at(last),
            starts: 1 + (last - seen.first) as u32,
            parent_executable_name: seen.parent.clone(),
            parent_package: String::new(),
            cpu_per_day_before: match surging {
                // The surge's own earlier days are part of the mean.
                Some((from, cpu)) if now - 1.0 > from => {
                    let all = (now - 1.0 - seen.first).max(1.0);
                    (usual * (from - seen.first).max(0.0) + cpu * (now - 1.0 - from)) / all
                }
                _ => usual,
            },
            cpu_last_day: if active {
                surging.map_or(seen.cpu, |(_, cpu)| cpu)
            } else {
                0.0
            },
        }
    }

    fn apps(&self, now: f64, seen_until: &HashMap<usize, f64>) -> Vec<AppUse> {
        self.uses
            .iter()
            .filter_map(|one| {
                let last = *seen_until.get(&one.device)?;
                if one.from > last || last.min(one.until) < now - HISTORY_DAYS {
                    return None;
                }
                let moved = one.moved.filter(|(from, _, _)| *from <= last);
                let weeks = |from: f64, to: f64| (to - from).max(0.0) / WEEK;
                let surge = |from: f64, to: f64| {
                    one.surge
                        .map_or(0.0, |(at, bytes)| weeks(from.max(at), to) * bytes as f64)
                };
                let begin = (now - WEEK).max(one.from);
                let recent = weeks(begin, last.min(one.until)) * one.weekly as f64
                    + surge(begin, last.min(one.until));
                let before = if one.from < now - WEEK {
                    one.weekly as f64
                        + surge(one.from, now - WEEK) / weeks(one.from, now - WEEK).max(0.2)
                } else {
                    0.0
                };
                Some(AppUse {
                    device: self.laptops[one.device].id,
                    app: one.app.to_owned(),
                    name: one.name.to_owned(),
                    category: one.category.to_owned(),
                    state: if one.until <= last {
                        "removed"
                    } else {
                        one.state
                    }
                    .to_owned(),
                    confidence: one.confidence,
                    flags: Vec::new(),
                    account: moved
                        .map_or(one.account, |(_, account, _)| account)
                        .to_owned(),
                    account_domain: moved.map_or(one.domain, |(_, _, domain)| domain).to_owned(),
                    first: self.at(one.from),
                    last: self.at(last.min(one.until)),
                    bytes_last_week: recent as u64,
                    bytes_per_week_before: before as u64,
                    evidence: Vec::new(),
                })
            })
            .collect()
    }

    fn capacity(&self, index: usize, last: f64) -> DeviceCapacity {
        let laptop = &self.laptops[index];
        let figures = &self.figures[index];
        let first = laptop.enrolled.max(0.0).ceil() as usize;
        let end = (last.max(0.0) as usize).min(self.days.saturating_sub(1));
        let days: Vec<usize> = (first.max((end + 1).saturating_sub(CAPACITY_DAYS))..=end)
            .filter(|day| laptop.on[*day])
            .collect();
        let of = |series: &[f64]| -> Vec<(Timestamp, f64)> {
            days.iter()
                .filter_map(|day| Some((self.at(*day as f64), *series.get(*day)?)))
                .collect()
        };
        DeviceCapacity {
            device: laptop.id,
            filesystems: vec![FilesystemDays {
                mountpoint: if laptop.traits.os_type == "windows" {
                    "C:"
                } else {
                    "/"
                }
                .to_owned(),
                limit: figures.limit,
                usage: of(&figures.disk)
                    .into_iter()
                    .map(|(at, used)| (at, (used * figures.limit as f64) as u64))
                    .collect(),
            }],
            memory_pressure: of(&figures.memory),
            throttled: of(&figures.throttled),
            temperature_max: Vec::new(),
            // Inventories come weekly.
            battery: of(&figures.battery)
                .into_iter()
                .enumerate()
                .filter(|(position, _)| position % 5 == 0)
                .map(|(_, (at, health))| (at, health, Some(150)))
                .collect(),
        }
    }
}
