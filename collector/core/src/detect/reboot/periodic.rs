//! A beat: restarts that come at one interval, such as "every 2 h 03 min ± 4 min".
//!
//! A beat shows in one of three measures, and each has a weakness that another does not have:
//!
//! | measure | survives | is blind to |
//! | --- | --- | --- |
//! | uptime of each run | nights, pauses, a lid closed for days | an `ended_at` that is only a lower bound |
//! | start to start | lower bounds of ends: a kernel's start is exact | pauses |
//! | end to end | wrong starts | pauses, lower bounds |
//!
//! In each measure every candidate period (each observed interval, and its half and third) is tried: how many
//! intervals lie within a tolerance (7 %, and 2.5 % for precise ones) of once, twice or three times the period (one or two
//! beats missed)? Under restarts that come at random (exponential intervals with the same mean) the chance of one such
//! hit is known, so the chance of that many among `n` is a binomial tail; it is multiplied by the number of different
//! periods, measures and tolerances tried.
//! A beat is named when that is below [`Settings::beat_chance`].
//!
//! **Not a beat**: the habit of a day (one end per day at about the same hour, or runs as long as a working day), what
//! people and updates ask for, and anything slower than 20 hours, where habit and fault cannot be told apart.

use std::{collections::BTreeSet, f64::consts::TAU};

use crate::detect::{
    Settings,
    baseline::{binomial_tail, finite, median, spread},
    fleet::{DAY, seconds},
    reboot::history::{End, History},
    wording,
};

/// Shorter than five minutes is a loop, not a beat.
const SHORTEST: f64 = 5.0 * 60.0;
const LONGEST: f64 = 20.0 * 3_600.0;
/// An interval belongs to the beat when it is this close, as a share of the period; at least a minute either way.
const TOLERANCE: f64 = 0.07;
/// A precise beat shows after fewer restarts when it is asked to be precise.
const TIGHT: f64 = 0.025;
/// Two refined candidates that differ by less, as a share, are one guess.
const SAME_GUESS: f64 = 0.01;
const LEAST_TOLERANCE: f64 = 60.0;
/// Beats that may be missed in a row.
const MISSED: u32 = 3;
/// Share of the intervals inside an activity that must fit.
const LEAST_SHARE: f64 = 0.6;
/// Only the newest ends are searched: a beat that stopped is not today's, and cost stays bounded.
const MOST_ENDS: usize = 60;
/// Intervals in a row that must fit where no end was unexpected: who switches off at noon and at night makes one.
const LEAST_CHAIN: usize = 4;
/// From an end to the next start; longer, and somebody went away.
const LONGEST_TURNAROUND: f64 = 30.0 * 60.0;
/// Runs of one device cannot overlap by more; where they do, its clock was moved between them.
const OVERLAP: f64 = 60.0;
/// Longer than this after the last beat the device was off, asleep, or cured.
const PAUSE: f64 = 20.0 * 3_600.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Uptime,
    StartToStart,
    EndToEnd,
}

impl Measure {
    pub fn words(self) -> &'static str {
        match self {
            Self::Uptime => "from each start to its end",
            Self::StartToStart => "from start to start",
            Self::EndToEnd => "from end to end",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// Seconds.
    pub period: f64,
    /// Spread of one interval around the period, seconds (a robust standard deviation).
    pub spread: f64,
    pub measure: Measure,
    pub fitting: usize,
    /// The most that fit one after another.
    pub chain: usize,
    /// Intervals looked at, pauses left out.
    pub intervals: usize,
    pub pauses: usize,
    /// Chance that restarts at random look like this.
    pub chance: f64,
    /// Positions of the ends in the history.
    pub ends: Vec<usize>,
}

impl Beat {
    /// "2 h 03 min (± 4 min)".
    pub fn stated(&self) -> String {
        // A laptop's records are not better than half a minute either way.
        let minutes = (self.spread / 60.0).round().max(1.0);
        let spread = if minutes < 60.0 {
            format!("{minutes:.0} min")
        } else {
            wording::duration(self.spread)
        };
        format!("{} ± {spread}", wording::duration(self.period))
    }

    pub fn share_fitting(&self) -> f64 {
        finite(self.fitting as f64 / self.intervals.max(1) as f64)
    }
}

/// The beat of a device that is still beating.
pub fn of_device(history: &History, settings: &Settings) -> Option<Beat> {
    let eligible: Vec<usize> = history
        .ends
        .iter()
        .enumerate()
        .filter(|(_, end)| end.age <= settings.late_after_days)
        .filter(|(_, end)| (end.unexpected() || unasked(end)) && !end.on_battery_end())
        .map(|(index, _)| index)
        .collect();
    let eligible = &eligible[eligible.len().saturating_sub(MOST_ENDS)..];
    let ends: Vec<&End> = eligible.iter().map(|index| &history.ends[*index]).collect();
    let mut beat = beat(&ends, settings)?;
    beat.ends = beat.ends.iter().map(|index| eligible[*index]).collect();
    let newest = beat.ends.last().map(|index| history.ends[*index].age)?;
    // Restarts that a program asks for may be somebody's cron job, and ends that nobody recorded may be a person's lunch: say
    // so only when it is beyond doubt, and when several came in a row.
    let none_unexpected = beat
        .ends
        .iter()
        .all(|index| !history.ends[*index].unexpected());
    let sure = if none_unexpected {
        beat.chain >= LEAST_CHAIN && beat.chance <= settings.beat_chance * 1e-2
    } else {
        beat.chance <= settings.beat_chance
    };
    (newest <= settings.recent_days && sure).then_some(beat)
}

/// The most telling beat in `ends` (oldest first), whatever its age.
pub fn beat(ends: &[&End], settings: &Settings) -> Option<Beat> {
    if ends.len() < settings.beat_least.max(4) || is_daily_habit(ends) {
        return None;
    }
    // A moved clock folds one run over another; only what each run says of itself stands then.
    let measures: &[Measure] = if overlap(ends) {
        &[Measure::Uptime]
    } else {
        &[Measure::StartToStart, Measure::EndToEnd, Measure::Uptime]
    };
    let found: Vec<Beat> = measures
        .iter()
        .copied()
        .filter_map(|measure| in_measure(ends, measure))
        .filter(|beat| beat.chance <= settings.beat_chance)
        .collect();
    // From restart to restart is what people mean by "every two hours"; the uptime speaks where pauses hide that.
    found
        .into_iter()
        .min_by(|a, b| {
            let by_uptime = |beat: &Beat| beat.measure == Measure::Uptime;
            by_uptime(a)
                .cmp(&by_uptime(b))
                .then_with(|| a.spread.total_cmp(&b.spread))
                .then_with(|| a.chance.total_cmp(&b.chance))
        })
        .map(|beat| with_turnaround(beat, ends))
}

fn overlap(ends: &[&End]) -> bool {
    ends.windows(2)
        .any(|pair| seconds(pair[1].started_at, pair[0].at) > OVERLAP)
}

/// The most fitting intervals one after another; runs that only their own length measures must follow each other at once.
fn longest_chain(fitting: &[(usize, f64)], ends: &[&End], measure: Measure) -> usize {
    let (mut longest, mut chain, mut before) = (0, 0, None);
    for (index, _) in fitting {
        let follows = before.is_some_and(|before| before + 1 == *index)
            && (measure != Measure::Uptime
                || seconds(ends[index - 1].at, ends[*index].started_at) <= LONGEST_TURNAROUND);
        chain = if follows { chain + 1 } else { 1 };
        longest = longest.max(chain);
        before = Some(*index);
    }
    longest
}

/// A run of two hours and three minutes of starting again make a beat of 2 h 03 min.
fn with_turnaround(mut beat: Beat, ends: &[&End]) -> Beat {
    if beat.measure == Measure::Uptime {
        let off: Vec<f64> = ends
            .windows(2)
            .map(|pair| seconds(pair[0].at, pair[1].started_at))
            .filter(|off| (0.0..=LONGEST_TURNAROUND).contains(off))
            .collect();
        beat.period += median(&off).unwrap_or(0.0);
    }
    beat
}

fn in_measure(ends: &[&End], measure: Measure) -> Option<Beat> {
    let all = intervals(ends, measure);
    // Longer than a pause says nothing about the beat; shorter than a loop's step is the echo of one failure.
    let used: Vec<(usize, f64)> = all
        .iter()
        .copied()
        .filter(|(_, interval)| (SHORTEST..=PAUSE).contains(interval))
        .collect();
    if used.len() < 4 {
        return None;
    }
    let values: Vec<f64> = used.iter().map(|(_, interval)| *interval).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let candidates: Vec<f64> = values
        .iter()
        .flat_map(|value| (1..=2).map(move |part| value / f64::from(part)))
        .filter(|period| (SHORTEST..=LONGEST).contains(period))
        .collect();
    const MEASURES: usize = 3;
    const TOLERANCES: usize = 2;
    let mut guesses: Vec<f64> = candidates
        .iter()
        .map(|candidate| refine(&values, *candidate))
        .collect();
    guesses.sort_by(f64::total_cmp);
    guesses.dedup_by(|next, kept| *next - *kept <= SAME_GUESS * *kept);
    let tried = (guesses.len() * MEASURES * TOLERANCES) as f64;
    let (period, _) = guesses
        .iter()
        .map(|period| (*period, chance(&values, *period, mean)))
        .filter(|(period, _)| mostly_single(&values, *period))
        .min_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.total_cmp(&a.0)))?;
    let fitting: Vec<(usize, f64)> = used
        .iter()
        .filter_map(|(index, value)| {
            beats(*value, period).map(|beats| (*index, value / f64::from(beats)))
        })
        .collect();
    let share = fitting.len() as f64 / values.len() as f64;
    if fitting.len() < 4 || share < LEAST_SHARE {
        return None;
    }
    let around: Vec<f64> = fitting.iter().map(|(_, value)| *value).collect();
    let mut touched: Vec<usize> = fitting
        .iter()
        .flat_map(|(index, _)| match measure {
            Measure::Uptime => vec![*index],
            _ => vec![*index, index + 1],
        })
        .collect();
    touched.sort_unstable();
    touched.dedup();
    Some(Beat {
        period: median(&around)?,
        spread: finite(spread(&around)?),
        measure,
        fitting: fitting.len(),
        chain: longest_chain(&fitting, ends, measure),
        intervals: values.len(),
        pauses: all.iter().filter(|(_, interval)| *interval > PAUSE).count(),
        chance: finite(chance(&values, period, mean) * tried).clamp(0.0, 1.0),
        ends: touched,
    })
}

/// (position of the end that begins or carries the interval, seconds)
fn intervals(ends: &[&End], measure: Measure) -> Vec<(usize, f64)> {
    match measure {
        Measure::Uptime => ends
            .iter()
            .enumerate()
            .filter_map(|(index, end)| end.uptime().map(|uptime| (index, uptime)))
            .collect(),
        Measure::StartToStart => pairs(ends, |end| end.started_at),
        Measure::EndToEnd => pairs(ends, |end| end.at),
    }
}

fn pairs(ends: &[&End], moment: impl Fn(&End) -> jiff::Timestamp) -> Vec<(usize, f64)> {
    ends.windows(2)
        .enumerate()
        .map(|(index, pair)| (index, seconds(moment(pair[0]), moment(pair[1]))))
        .collect()
}

/// Mostly missed beats are a shorter period's wishful thinking.
fn mostly_single(values: &[f64], period: f64) -> bool {
    let beats: Vec<u32> = values
        .iter()
        .filter_map(|value| beats(*value, period))
        .collect();
    2 * beats.iter().filter(|beats| **beats == 1).count() >= beats.len()
}

/// How many beats long an interval is, when it fits at all.
fn beats(interval: f64, period: f64) -> Option<u32> {
    beats_within(interval, period, tolerance(period))
}

fn beats_within(interval: f64, period: f64, tolerance: f64) -> Option<u32> {
    (1..=MISSED).find(|beats| (interval - f64::from(*beats) * period).abs() <= tolerance)
}

fn tolerance(period: f64) -> f64 {
    (period * TOLERANCE).max(LEAST_TOLERANCE)
}

/// The median of the intervals that fit: one step is enough because the candidate already is an interval.
fn refine(values: &[f64], candidate: f64) -> f64 {
    let fitting: Vec<f64> = values
        .iter()
        .filter_map(|value| beats(*value, candidate).map(|beats| value / f64::from(beats)))
        .collect();
    median(&fitting).unwrap_or(candidate)
}

/// Chance that exponential intervals of this mean hit the beat as often as these do, at the more telling tolerance.
fn chance(values: &[f64], period: f64, mean: f64) -> f64 {
    let tight = (period * TIGHT).max(LEAST_TOLERANCE);
    chance_within(values, period, mean, tolerance(period))
        .min(chance_within(values, period, mean, tight))
}

fn chance_within(values: &[f64], period: f64, mean: f64, tolerance: f64) -> f64 {
    let hits = values
        .iter()
        .filter(|value| beats_within(**value, period, tolerance).is_some())
        .count();
    let below = |x: f64| 1.0 - (-x.max(0.0) / mean).exp();
    let one: f64 = (1..=MISSED)
        .map(|beats| f64::from(beats) * period)
        .map(|middle| below(middle + tolerance) - below(middle - tolerance))
        .sum();
    binomial_tail(hits as u32, values.len() as u32, one)
}

/// Ends that come about once a day, at about the same hour, or after about one working day: how people switch off.
fn is_daily_habit(ends: &[&End]) -> bool {
    const CONCENTRATED: f64 = 0.8;
    const AFTER_HOURS: f64 = 6.0 * 3_600.0;
    const A_DAY: f64 = 1.6;
    // Days without an end are left out: six ends of one morning after a quiet fortnight are no daily habit.
    let days: BTreeSet<i64> = ends
        .iter()
        .map(|end| end.at.as_second().div_euclid(DAY as i64))
        .collect();
    if ends.len() as f64 > A_DAY * days.len() as f64 {
        return false;
    }
    let (mut x, mut y) = (0.0, 0.0);
    for end in ends {
        let angle = TAU * (end.at.as_second().rem_euclid(DAY as i64) as f64) / DAY;
        x += angle.cos();
        y += angle.sin();
    }
    let concentration = (x * x + y * y).sqrt() / ends.len() as f64;
    let uptimes: Vec<f64> = ends.iter().filter_map(|end| end.uptime()).collect();
    let long = median(&uptimes).is_some_and(|uptime| uptime >= AFTER_HOURS);
    concentration >= CONCENTRATED || long
}

/// A clean restart for which the records name neither a person nor an update, or an end of which they tell nothing.
fn unasked(end: &End) -> bool {
    /// Words for people and for those who restart on their behalf.
    const PEOPLE: [&str; 12] = [
        "user",
        "power_button",
        "explorer.exe",
        "startmenuexperiencehost.exe",
        "winlogon.exe",
        "loginwindow",
        "gnome-session",
        "systemd-logind",
        "systemctl",
        "shutdown",
        "reboot",
        "runtimebroker.exe",
    ];
    const UPDATES: [&str; 10] = [
        "update",
        "upgrade",
        "trustedinstaller",
        "mousocoreworker",
        "usoclient",
        "wuauclt",
        "packagekit",
        "msiexec",
        "softwareupdate",
        "dnf",
    ];
    let initiator = end.initiator.to_lowercase();
    !PEOPLE.contains(&initiator.as_str()) && !UPDATES.iter().any(|word| initiator.contains(word))
}

#[cfg(test)]
mod tests;
