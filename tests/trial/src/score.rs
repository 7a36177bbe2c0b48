//! Figures of a trial: per rule how much was found, how much of what was said is true, how late, how loud.
//!
//! **Invariant: what is said about a device without a part is false**, and what is said about a device with a part is true
//! only if the story allows that rule, in the story's time. Updates are not counted as alerts: nobody is woken by one.

pub mod family;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    rounds::{Log, Voice},
    story::{Expected, Story},
    world::World,
};

#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub expected: usize,
    pub found: usize,
    /// Found, but after the story's last moment.
    pub late: usize,
    pub alerts: usize,
    pub true_alerts: usize,
    pub delays: Vec<f64>,
    /// |named - planted| / planted, of beats.
    pub period_errors: Vec<f64>,
}

impl Rule {
    pub fn recall(&self) -> Option<f64> {
        (self.expected > 0).then(|| self.found as f64 / self.expected as f64)
    }

    pub fn precision(&self) -> Option<f64> {
        (self.alerts > 0).then(|| self.true_alerts as f64 / self.alerts as f64)
    }

    /// Days from the story's beginning to the word, of what was found.
    pub fn delay(&self) -> Option<f64> {
        let mut delays = self.delays.clone();
        delays.sort_by(f64::total_cmp);
        delays.get(delays.len() / 2).copied()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Score {
    pub rules: BTreeMap<String, Rule>,
    /// The same worlds by the laxer measure that a peer can meet.
    pub weft: family::Families,
    pub fixed: family::Families,
    pub healthy_alerts: usize,
    pub healthy_device_days: f64,
    pub stories: usize,
    /// Alerts that belong to a story, for "one anomaly per cause".
    pub story_alerts: usize,
    pub relapses: usize,
    /// Stories that come back, and those of them that were told as a relapse.
    pub relapse_stories: usize,
    pub relapse_told: usize,
    pub misses: Vec<String>,
    pub false_alerts: Vec<String>,
    pub worlds: usize,
    pub rounds: usize,
    pub held_back: usize,
    pub judging: f64,
    pub slowest: f64,
}

impl Score {
    pub fn healthy_rate(&self) -> f64 {
        self.healthy_alerts as f64 / self.healthy_device_days.max(1.0)
    }

    pub fn add(&mut self, world: &World, log: &Log, (from, to): (f64, f64)) {
        self.worlds += 1;
        family::add(&mut self.weft, world, &family::of_weft(log), (from, to));
        family::add(&mut self.fixed, world, &log.peer, (from, to));
        self.rounds += log.rounds;
        self.held_back += log.held_back;
        self.judging += log.judging.as_secs_f64();
        self.slowest = self.slowest.max(log.slowest.as_secs_f64());
        self.stories += world.expected.len();
        for expected in world
            .expected
            .iter()
            .filter(|one| one.by <= to && one.since >= from)
        {
            self.recall(world, log, expected);
        }
        for voice in log.voices.iter().filter(|voice| voice.alert) {
            let rule = self
                .rules
                .entry(voice.finding.detector.clone())
                .or_default();
            rule.alerts += 1;
            self.relapses += usize::from(voice.relapse);
            let story = world.expected.iter().find(|one| justifies(one, voice));
            match story {
                Some(_) => {
                    rule.true_alerts += 1;
                    self.story_alerts += 1;
                }
                None => self.false_alerts.push(format!(
                    "day {:.2}: {} ({}): {}",
                    voice.day,
                    voice.finding.title,
                    voice.finding.detector,
                    voice.finding.why.join(" ")
                )),
            }
            let cast: BTreeSet<_> = world.cast.iter().map(|index| World::id(*index)).collect();
            if story.is_none() && !voice.finding.devices.iter().any(|id| cast.contains(id)) {
                self.healthy_alerts += 1;
            }
        }
        self.healthy_device_days += (0..world.laptops.len())
            .filter(|index| !world.cast.contains(index))
            .map(|index| (to - from.max(world.laptops[index].enrolled)).max(0.0))
            .sum::<f64>();
    }

    fn recall(&mut self, world: &World, log: &Log, expected: &Expected) {
        let rule = self.rules.entry(expected.detector.to_owned()).or_default();
        rule.expected += 1;
        let said = log.voices.iter().find(|voice| {
            voice.finding.detector == expected.detector
                && speaks_of(expected, voice)
                && voice.day >= expected.since
        });
        match said {
            Some(voice) if voice.day <= expected.by => {
                rule.found += 1;
                rule.delays.push(voice.day - expected.since);
                if let (Some(planted), Some(named)) =
                    (expected.period, crate::beat::named(&voice.finding.title))
                {
                    rule.period_errors.push((named - planted).abs() / planted);
                }
            }
            other => {
                rule.late += usize::from(other.is_some());
                let about: Vec<String> = log
                    .voices
                    .iter()
                    .filter(|voice| voice.finding.devices.iter().any(|id| holds(expected, *id)))
                    .take(6)
                    .map(|voice| {
                        format!(
                            "{:.2} {}: {}",
                            voice.day, voice.finding.detector, voice.finding.title
                        )
                    })
                    .collect();
                self.misses.push(format!(
                    "{:?} from day {:.1} to {:.1} on {} of {} devices: {}{}",
                    expected.story,
                    expected.since,
                    expected.by,
                    expected
                        .devices
                        .iter()
                        .take(4)
                        .map(|index| world.laptops[*index].traits.name.clone())
                        .collect::<Vec<_>>()
                        .join(","),
                    expected.devices.len(),
                    other.map_or("never".to_owned(), |voice| format!(
                        "late, day {:.1}",
                        voice.day
                    )),
                    if about.is_empty() {
                        String::new()
                    } else {
                        format!("; said: {}", about.join(" | "))
                    },
                ));
            }
        }
    }
}

/// A relapse must be told as one; everything else by its first alert.
pub fn relapsed(world: &World, log: &Log) -> (usize, usize) {
    let stories = world
        .expected
        .iter()
        .filter(|one| one.story == Story::Relapse);
    stories.fold((0, 0), |(told, all), one| {
        let again = log
            .voices
            .iter()
            .any(|voice| voice.relapse && speaks_of(one, voice));
        (told + usize::from(again), all + 1)
    })
}

fn holds(expected: &Expected, id: weft_collector_core::device::DeviceId) -> bool {
    expected.devices.iter().any(|index| World::id(*index) == id)
}

fn speaks_of(expected: &Expected, voice: &Voice) -> bool {
    let finding = &voice.finding;
    let ours = finding
        .devices
        .iter()
        .filter(|id| holds(expected, **id))
        .count();
    if ours == 0 || 2 * ours < finding.devices.len() {
        return false;
    }
    let app = finding.detector.starts_with("app.");
    if expected.word.is_empty() || !(app || finding.detector == expected.detector) {
        return true;
    }
    let facts = &finding.facts;
    let words = [
        &facts.apps,
        &facts.processes,
        &facts.os_builds,
        &facts.models,
    ];
    finding.title.to_lowercase().contains(&expected.word)
        || words
            .into_iter()
            .flatten()
            .any(|word| word.contains(&expected.word))
        || finding
            .why
            .iter()
            .any(|why| why.to_lowercase().contains(&expected.word))
}

fn justifies(expected: &Expected, voice: &Voice) -> bool {
    let rule = voice.finding.detector.as_str();
    (rule == expected.detector || expected.also.contains(&rule))
        && voice.day >= expected.since - 0.5
        && voice.day <= expected.until
        && speaks_of(expected, voice)
}
