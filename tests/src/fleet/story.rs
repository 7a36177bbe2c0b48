//! The planted stories: who is in them, when they begin, and what detectors should make of them.

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};

use super::{Plan, laptop::Laptop};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// All stories at once.
    Demo,
    /// Nothing but ordinary life and two patch days: nothing should be found.
    Quiet,
    /// A model whose last graphics driver makes it crash.
    Outbreak,
    /// A laptop that restarts every two hours with an odd new process that then appears on its neighbours.
    Beacon,
    /// A team drifting to a private cloud.
    Drift,
    /// A disk that fills.
    Disk,
}

/// What should be found, for the evaluation and the demo's own check.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Expected {
    pub story: &'static str,
    /// Kinds that count as found.
    pub kinds: Vec<&'static str>,
    /// Names of the laptops concerned.
    pub laptops: Vec<String>,
    /// Words that the title or the facts must hold, any of them.
    pub words: Vec<String>,
    pub since: Timestamp,
}

/// The graphics driver that crashes.
pub const BAD_DRIVER: &str = "31.0.101.5333";
/// VIDEO_TDR_FAILURE.
pub const TDR: &str = "0x00000116";
/// The odd process of the beacon story, and the stop code it leaves: CRITICAL_PROCESS_DIED.
pub const ODD_PROCESS: &str = "svchost32.exe";
pub const ODD_STOP: &str = "0x000000EF";
/// 2 h 03 min.
pub const BEAT: SignedDuration = SignedDuration::from_secs(2 * 3600 + 3 * 60);

#[derive(Clone, Debug)]
pub struct Part {
    pub laptop: u32,
    pub since: Timestamp,
}

/// The cast of every story of a scenario; empty parts where it has none.
#[derive(Clone, Debug, Default)]
pub struct Stories {
    /// Got the driver; those in `spared` of the same model did not.
    pub outbreak: Vec<Part>,
    /// The first is the seed, the rest its neighbours.
    pub beacon: Vec<Part>,
    pub drift: Vec<Part>,
    pub disk: Vec<Part>,
    names: Vec<String>,
}

/// Chooses who plays what. Pure: depends on the plan only.
pub fn cast(scenario: Scenario, laptops: &[Laptop], plan: &Plan) -> Stories {
    let ago = |hours: i64| (plan.now - SignedDuration::from_hours(hours)).max(plan.start());
    let mut stories = Stories {
        names: laptops.iter().map(|laptop| laptop.name.clone()).collect(),
        ..Stories::default()
    };
    let with = |wanted: Scenario| scenario == wanted || scenario == Scenario::Demo;
    if with(Scenario::Outbreak) {
        // Four of five get the update, within a day of each other.
        stories.outbreak = laptops
            .iter()
            .filter(|laptop| laptop.model.name == "Latitude 5440")
            .enumerate()
            .filter(|(position, _)| position % 5 != 4)
            .map(|(position, laptop)| Part {
                laptop: laptop.index,
                since: ago(24 * 4 + 3 * (position as i64 % 8)),
            })
            .collect();
    }
    if with(Scenario::Beacon) {
        stories.beacon = laptops
            .iter()
            .filter(|laptop| {
                laptop.team == "Sales"
                    && laptop.model.os_type == "windows"
                    && laptop.model.name != "Latitude 5440"
            })
            .take(4)
            .zip([24 * 5, 24 * 2 + 9, 24 + 20, 24 + 3])
            .map(|(laptop, hours)| Part {
                laptop: laptop.index,
                since: ago(hours),
            })
            .collect();
    }
    if with(Scenario::Drift) {
        stories.drift = laptops
            .iter()
            .filter(|laptop| laptop.team == "Design")
            .take(6)
            .enumerate()
            .map(|(position, laptop)| Part {
                laptop: laptop.index,
                since: ago(24 * (34 - 6 * position as i64)),
            })
            .collect();
    }
    if with(Scenario::Disk) {
        stories.disk = laptops
            .iter()
            .find(|laptop| laptop.team == "Support")
            .map(|laptop| Part {
                laptop: laptop.index,
                since: ago(24 * 30),
            })
            .into_iter()
            .collect();
    }
    stories
}

impl Stories {
    pub fn since(parts: &[Part], laptop: &Laptop) -> Option<Timestamp> {
        parts
            .iter()
            .find(|part| part.laptop == laptop.index)
            .map(|part| part.since)
    }

    pub fn expected(&self) -> Vec<Expected> {
        let about = |story, kinds: &[&'static str], parts: &[Part], words: &[&str]| {
            parts.first().map(|first| Expected {
                story,
                kinds: kinds.to_vec(),
                laptops: parts
                    .iter()
                    .filter_map(|part| self.names.get(part.laptop as usize).cloned())
                    .collect(),
                words: words.iter().map(|word| (*word).to_owned()).collect(),
                since: first.since,
            })
        };
        [
            about(
                "outbreak",
                &["reboot"],
                &self.outbreak,
                &["latitude 5440", BAD_DRIVER],
            ),
            about(
                "beacon",
                &["compound", "process", "reboot"],
                &self.beacon,
                &[ODD_PROCESS, "2 h 0"],
            ),
            about("drift", &["app"], &self.drift, &["dropbox"]),
            about("disk", &["capacity"], &self.disk, &["disk", "full"]),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
