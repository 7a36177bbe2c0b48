//! More unexpected ends than the device's own past, its like and the fleet explain. The maths: [`crate::detect::baseline`].
//!
//! Two questions, either of which is enough:
//!
//! 1. *Has it changed?* The last week, and the last 30 days, against what its own ends before them, added to the prior of
//!    its like, predict. The month is for laptops that get worse so slowly that last week is no surprise after the
//!    weeks before it; their own quiet past speaks even while many sick laptops at once make the fleet look unsteady.
//! 2. *Is it worse than its like?* The last 30 days against what devices like it predict, its own past left aside;
//!    without this, a laptop that crashed daily since it was bought would be "normal for itself".
//!
//! "Its like" is the worst of the fleet, its model, its OS build and its team, each drawn towards the fleet by 90
//! invented device-days and without the device itself: where the whole model is worse, the single device is not the
//! anomaly (the outbreak is).

use std::collections::BTreeMap;

use crate::{
    detect::{
        Settings,
        baseline::{Exposure, Gamma, Moments, believable, finite, learn},
        fleet::Fleet,
        reboot::history::History,
        wording,
    },
    device::{Cohort, CohortBy, DeviceId},
};

/// The longer window of both questions: enough for one a week to show.
const MONTH_DAYS: f64 = 30.0;
/// Trouble that stopped a week ago is not trouble of today, and one end is never a pattern.
const PRESENT_LEAST: u32 = 2;
/// How many device-days the belief "a cohort is like the fleet" is worth.
const COHORT_DAYS: f64 = 90.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Excess {
    pub surprising: bool,
    /// Chance of this under the most telling question.
    pub chance: f64,
    /// Whether the last week is a surprise after its own past: this is no habit of old.
    pub changed: bool,
    /// Count over what was expected.
    pub ratio: f64,
    pub window_days: f64,
    /// "7 unexpected restarts in the last 7 days; devices like it (ThinkPad T14) have 0.3."
    pub compared: String,
    /// "It had 1 in the 83 days before."
    pub own: String,
}

pub fn judge(
    fleet: &Fleet<'_>,
    histories: &[History],
    settings: &Settings,
) -> BTreeMap<DeviceId, Excess> {
    let whole: Vec<Exposure> = histories
        .iter()
        .map(|h| h.last(settings.history_days))
        .collect();
    let (moments, taught) = learn(&whole);
    let cohorts = cohort_moments(fleet, histories, &whole, &taught);

    let mut judged: Vec<(DeviceId, Excess)> = histories
        .iter()
        .enumerate()
        .map(|(index, history)| {
            let alone = |moments: Moments| {
                if taught[index] {
                    moments.without(whole[index])
                } else {
                    moments
                }
            };
            let (like, mean) = worst_like(fleet, history.device, alone(moments), &cohorts, &alone);
            let prior = alone(moments).prior().around(mean);
            (history.device, excess(history, prior, &like, settings))
        })
        .collect();
    let chances: Vec<f64> = judged.iter().map(|(_, excess)| excess.chance).collect();
    let limit = believable(&chances, settings.rate_false_share).min(settings.rate_chance);
    for (_, excess) in &mut judged {
        excess.surprising = excess.surprising && excess.chance <= limit;
    }
    judged.into_iter().collect()
}

fn excess(history: &History, prior: Gamma, like: &str, settings: &Settings) -> Excess {
    let week = settings.recent_days;
    let recent = history.last(week);
    let changed = Asked::after_own_past(history, prior, week);
    let asked = [
        changed,
        Asked::after_own_past(history, prior, MONTH_DAYS),
        Asked::of_its_like(history, prior, MONTH_DAYS),
    ]
    .into_iter()
    .reduce(|best, next| {
        if next.chance < best.chance {
            next
        } else {
            best
        }
    })
    .unwrap_or(changed);

    let (count, days) = (asked.seen.ends, asked.seen.days.max(1.0));
    let ratio = finite(f64::from(count) / asked.expected.max(1e-6));
    let past = history.before(asked.window);
    Excess {
        surprising: recent.ends >= PRESENT_LEAST
            && count >= settings.rate_least
            && ratio >= settings.rate_ratio,
        chance: asked.chance,
        changed: recent.ends >= settings.rate_least && changed.chance <= settings.rate_chance,
        ratio,
        window_days: days,
        compared: format!(
            "{} in the last {days:.0} days; {like} have {} in that time.",
            wording::count(count as usize, "unexpected restart"),
            few(prior.mean() * days)
        ),
        own: if past.days >= 1.0 {
            format!("It had {} in the {:.0} days before.", past.ends, past.days)
        } else {
            "Nothing is known about its time before.".to_owned()
        },
    }
}

/// One question and its answer.
#[derive(Clone, Copy, Debug)]
struct Asked {
    window: f64,
    seen: Exposure,
    expected: f64,
    chance: f64,
}

impl Asked {
    fn after_own_past(history: &History, prior: Gamma, window: f64) -> Self {
        Self::of(history, prior.after(history.before(window)), window)
    }

    fn of_its_like(history: &History, prior: Gamma, window: f64) -> Self {
        Self::of(history, prior, window)
    }

    fn of(history: &History, rate: Gamma, window: f64) -> Self {
        let seen = history.last(window);
        Self {
            window,
            seen,
            expected: rate.mean() * seen.days,
            chance: rate.chance_of_at_least(seen.ends, seen.days),
        }
    }
}

fn cohort_moments(
    fleet: &Fleet<'_>,
    histories: &[History],
    whole: &[Exposure],
    taught: &[bool],
) -> BTreeMap<Cohort, Moments> {
    let mut members: BTreeMap<Cohort, Vec<Exposure>> = BTreeMap::new();
    for ((history, exposure), taught) in histories.iter().zip(whole).zip(taught) {
        for cohort in fleet.cohorts(history.device) {
            let of_cohort = members.entry(cohort).or_default();
            if *taught {
                of_cohort.push(*exposure);
            }
        }
    }
    members
        .into_iter()
        .map(|(cohort, exposures)| (cohort, Moments::of(&exposures)))
        .collect()
}

/// The cohort with the highest expectation, in words, and that expectation.
fn worst_like(
    fleet: &Fleet<'_>,
    device: DeviceId,
    whole: Moments,
    cohorts: &BTreeMap<Cohort, Moments>,
    alone: &impl Fn(Moments) -> Moments,
) -> (String, f64) {
    let fleet_mean = whole.mean();
    let mut worst = ("the fleet's devices".to_owned(), fleet_mean);
    for cohort in fleet.cohorts(device) {
        let Some(moments) = cohorts.get(&cohort) else {
            continue;
        };
        let moments = alone(*moments);
        let mean = (moments.ends() + COHORT_DAYS * fleet_mean) / (moments.days() + COHORT_DAYS);
        if mean > worst.1 {
            worst = (words(&cohort), mean);
        }
    }
    worst
}

fn words(cohort: &Cohort) -> String {
    match cohort.by {
        CohortBy::Model => format!("devices of its model ({})", cohort.value),
        CohortBy::OsBuild => format!("devices on its OS build ({})", cohort.value),
        CohortBy::Team => format!("devices of its team ({})", cohort.value),
        _ => format!("devices with {}", cohort.value),
    }
}

/// "0.3", "fewer than 0.1".
fn few(expected: f64) -> String {
    if expected < 0.05 {
        "fewer than 0.1".to_owned()
    } else {
        format!("{expected:.1}")
    }
}
