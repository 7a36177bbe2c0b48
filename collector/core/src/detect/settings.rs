//! The thresholds of the detectors, each with its reason. Not here: what an organisation decided (verdicts, rules).

use serde::{Deserialize, Serialize};

/// The defaults follow from the reasons beside them. Those of restarts were checked on paper fleets of 10 to 300 devices
/// (`tests/it/reboots.rs`); the others by single stories only, so expect the fleet simulator to move them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The stretch in which trouble counts as present, days. A week holds every weekday once, so weekday habits cancel.
    pub recent_days: f64,
    /// How far back a device is compared with itself, days; also the longest history asked of the store.
    pub history_days: f64,
    /// Ends older than this raise no alarm of today: late data is placed at its own time, days.
    pub late_after_days: f64,

    /// Largest chance, under the device's own history and its like, at which a count of ends is still called chance.
    pub rate_chance: f64,
    /// Share of wrong rate findings that is tolerated among all (Benjamini-Hochberg), so that size brings no noise.
    pub rate_false_share: f64,
    /// Fewer unexpected ends than this in a week are bad luck, not a pattern.
    pub rate_least: u32,
    /// A rate that is not at least this many times what was expected is not worth a person's minute.
    pub rate_ratio: f64,
    /// That many unexpected ends inside one hour are a crash loop.
    pub loop_least: u32,
    /// Ends whose cause the agent itself doubts more than this are not counted.
    pub least_confidence: f64,

    /// Fewest restarts from which a beat may be named; the contract says six, five intervals.
    pub beat_least: usize,
    /// Largest chance that irregular restarts look as regular as this.
    pub beat_chance: f64,

    /// Fewest affected devices of an outbreak.
    pub outbreak_least: u32,
    /// Lower end of the risk ratio's 95 % interval that an outbreak must reach.
    pub outbreak_ratio: f64,
    /// Largest chance (after correction for the number of cohorts tried) that a cohort is hit this hard by luck. A round
    /// every few minutes asks anew each day, so this is a fifth of what a single question would allow.
    pub outbreak_chance: f64,

    /// A fleet younger than this has not seen its own normal yet, days.
    pub learning_days: f64,
    /// A fleet smaller than this cannot tell rare from personal.
    pub learning_devices: usize,
    /// An identity that was first seen longer ago than this is no news, days.
    pub process_new_days: f64,
    /// Points (see `detect::process`) from which an identity is a finding.
    pub process_points: f64,
    /// Devices on which a new unowned identity must appear to be called a spread.
    pub spread_least: u32,
    /// Sudden cost: CPU seconds in the last day below which nobody minds (30 min).
    pub cost_least: f64,
    /// Sudden cost: how many times the usual day.
    pub cost_ratio: f64,

    /// App findings start at this catalog confidence.
    pub app_confidence: f64,
    /// Devices of one team on which an app must appear before it is called growth.
    pub growth_least: u32,
    /// Bytes in a week below which volume is not worth a word (1 GiB).
    pub volume_least: u64,

    /// A disk that will be full within this many days is a finding.
    pub disk_days: f64,
    /// A disk fuller than this share is a finding whatever its slope.
    pub disk_share: f64,
    /// Full charge over design capacity below which a battery is worn.
    pub battery_health: f64,
    /// Share of time throttled that people feel.
    pub throttled_share: f64,
    /// Share of memory pressure that people feel.
    pub pressure_share: f64,

    /// How long before the first restart (or after it) an unusual process may appear to be called together with it, days.
    pub compound_days: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            recent_days: 7.0,
            history_days: 90.0,
            late_after_days: 14.0,
            rate_chance: 2e-4,
            rate_false_share: 0.02,
            rate_least: 3,
            rate_ratio: 3.0,
            loop_least: 3,
            least_confidence: 0.3,
            beat_least: 6,
            beat_chance: 1e-4,
            outbreak_least: 3,
            outbreak_ratio: 1.5,
            outbreak_chance: 2e-3,
            learning_days: 7.0,
            learning_devices: 5,
            process_new_days: 14.0,
            process_points: 6.0,
            spread_least: 3,
            cost_least: 1_800.0,
            cost_ratio: 8.0,
            app_confidence: 0.6,
            growth_least: 4,
            volume_least: 1 << 30,
            disk_days: 14.0,
            disk_share: 0.96,
            battery_health: 0.6,
            throttled_share: 0.15,
            pressure_share: 0.2,
            compound_days: 3.0,
        }
    }
}
