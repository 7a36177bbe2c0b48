//! What an accepted answer did: devices that applied it, before and after, against matched controls.
//!
//! **Invariant: no effect is claimed from too little.** Below [`LEAST_DEVICES`], [`LEAST_ENDS`] and [`LEAST_DAYS`] the verdict
//! is "not yet enough" with everything that is missing, whatever the numbers look like. Not here: who applied what (people say that).
//!
//! Devices that get a fix were chosen because they were bad, and what is bad gets better by itself (regression to the mean). Two
//! things are done about it. Each treated device is matched with up to four others that were about as bad in the same weeks,
//! preferring the same model, then the same OS build. And what a device would have had without the fix is not its count carried
//! on but its posterior rate under what its fleet is like (the gamma-Poisson prior of [`baseline`](crate::detect::baseline)):
//!
//! ```text
//! expected_i = days after * (shape + ends before) / (rate + days before)      variance_i = expected_i^2 / (shape + ends before)
//! effect     = (treated after / expected of treated) / (controls after / expected of controls)
//! var(ln effect) = 1/a + 1/c + V_t / E_t^2 + V_c / E_c^2      a, c: ends after, half an end added to each
//! ```
//!
//! This is the empirical-Bayes before-after study with a comparison group (Hauer, *Observational Before-After Studies in Road
//! Safety*, 1997), a difference-in-differences of Poisson rates on the log scale (Rothman, Greenland and Lash, *Modern
//! Epidemiology*, ch. 14); the variance is widened by how much the treated devices' counts vary beyond Poisson. 0.2 means four
//! fifths of the ends went. The difference is given in ends per device-month, too. That people who try a fix may differ in other
//! ways (self-selection) no matching can take away, so it is said.
//!
//! Each device is looked at around its own moment, [`WINDOW_DAYS`] before and at most as many after, and its controls around the
//! very same moment: a patch day hits both.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    cohort::overdispersion,
    detect::{
        baseline::{Exposure, Gamma, Moments, finite},
        fleet::{days, days_before},
        wording,
    },
    device::{DeviceId, Traits},
};

/// Fewer devices than this could be recognised, and prove nothing.
pub const LEAST_DEVICES: usize = 3;
/// Fewer ends before than this leave nothing to measure.
pub const LEAST_ENDS: u32 = 6;
/// Days after the fix: a week holds every weekday once.
pub const LEAST_DAYS: f64 = 7.0;
/// Days before and after: four weeks hold a month's habits, and a patch day on each side.
pub const WINDOW_DAYS: f64 = 28.0;
const CONTROLS_EACH: usize = 4;
const MONTH: f64 = 30.0;
/// A before of less than this says nothing about a device's rate.
const LEAST_BEFORE: f64 = 3.0;

/// Said beside every effect.
pub const CAVEATS: [&str; 2] = [
    "Devices that get a fix were worse than usual and would have got better by themselves: that is reckoned with, by what such devices do and by controls that were as bad.",
    "People chose to apply it, nobody drew lots: they may differ in ways that are not measured.",
];

/// One device around the moment of the fix (for a control: around the same moment).
#[derive(Clone, Debug, PartialEq)]
pub struct Around {
    pub device: DeviceId,
    pub traits: Traits,
    pub before: Exposure,
    pub after: Exposure,
}

/// A device with what was seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched<'a> {
    pub device: DeviceId,
    pub traits: &'a Traits,
    /// What happened between these two is known.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Moments of unexpected ends, in any order.
    pub ends: Vec<Timestamp>,
}

impl Watched<'_> {
    fn around(&self, at: Timestamp, now: Timestamp) -> Around {
        let seen = |from: Timestamp, to: Timestamp| Exposure {
            ends: self
                .ends
                .iter()
                .filter(|end| **end >= from && **end < to)
                .count() as u32,
            days: days(from, to).max(0.0),
        };
        let last = self.to.min(now).min(days_before(at, -WINDOW_DAYS));
        Around {
            device: self.device,
            traits: self.traits.clone(),
            before: seen(self.from.max(days_before(at, WINDOW_DAYS)), at),
            after: seen(at, last),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Effect {
    pub enough: bool,
    pub devices: usize,
    /// Which those are: who may hear the figure depends on them. An effect of an older version does not say.
    pub measured: Vec<DeviceId>,
    pub controls: usize,
    /// Below 1: fewer ends than without the fix. `None` when not enough.
    pub ratio: Option<f64>,
    /// 95 % interval.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// The same as ends per device-month: negative is fewer.
    pub difference: Option<f64>,
    pub difference_low: Option<f64>,
    pub difference_high: Option<f64>,
    /// Ends per device-month, treated before and after, controls before and after.
    pub rates: Option<[f64; 4]>,
    /// Ends after the fix: what the treated would have had going the controls' way, and what they had.
    pub expected: Option<f64>,
    pub happened: Option<u32>,
    /// What is still needed; empty when enough.
    pub missing: Vec<String>,
    /// As a colleague would say it.
    pub words: String,
    /// What no number here can rule out.
    pub caveats: Vec<String>,
}

impl Effect {
    /// What came out, without a figure.
    pub fn verdict(&self) -> &'static str {
        match (self.low, self.high) {
            (_, Some(high)) if high < 1.0 => "it helped",
            (Some(low), _) if low > 1.0 => "it made things worse",
            (Some(_), Some(_)) => "no effect can be shown",
            _ => "not yet enough",
        }
    }

    /// Without what could be taken for counts: rates times laptops are restarts, and those of two groups could be subtracted.
    pub fn for_everybody(&self) -> Self {
        let counts_restarts = |line: &&String| line.ends_with(RESTARTS_BEFORE);
        let mut missing: Vec<String> = self.missing.clone();
        missing.retain(|line| !counts_restarts(&line));
        if self.missing.iter().any(|line| counts_restarts(&line)) {
            missing.push(format!("at least {LEAST_ENDS} {RESTARTS_BEFORE}"));
        }
        Self {
            enough: self.enough,
            devices: self.devices,
            controls: self.controls,
            ratio: self.ratio,
            low: self.low,
            high: self.high,
            words: match self.enough {
                true => self.words.clone(),
                false => not_yet(&missing),
            },
            missing,
            caveats: self.caveats.clone(),
            ..Self::default()
        }
    }
}

const RESTARTS_BEFORE: &str = "restarts before it";

fn not_yet(missing: &[String]) -> String {
    format!(
        "Not yet enough to say whether it helped: {}.",
        missing.join("; ")
    )
}

/// The effect on devices that applied the fix at these moments.
pub fn measure_at(
    applied: &BTreeMap<DeviceId, Timestamp>,
    fleet: &[Watched<'_>],
    now: Timestamp,
) -> Effect {
    let mut treated = Vec::new();
    let mut controls = Vec::new();
    let mut taken: BTreeSet<DeviceId> = applied.keys().copied().collect();
    for (device, at) in applied.iter().filter(|(_, at)| **at < now) {
        let Some(own) = fleet.iter().find(|one| one.device == *device) else {
            continue;
        };
        let own = own.around(*at, now);
        if !is_usable(&own) {
            continue;
        }
        let others: Vec<Around> = fleet
            .iter()
            .filter(|one| !applied.contains_key(&one.device))
            .filter(|one| one.traits.os_type == own.traits.os_type)
            .map(|one| one.around(*at, now))
            .filter(is_usable)
            .collect();
        let prior = prior(&others);
        let free: Vec<Around> = others
            .into_iter()
            .filter(|one| !taken.contains(&one.device))
            .collect();
        for control in matched(&[&own], &free) {
            taken.insert(control.device);
            controls.push(Expected::of(control, prior));
        }
        treated.push(Expected::of(&own, prior));
    }
    conclude(&treated, &controls, applied.len())
}

/// The effect where every device of `pool` was looked at around the same moment as the treated.
pub fn measure(treated: &[Around], pool: &[Around]) -> Effect {
    let usable: Vec<&Around> = treated.iter().filter(|one| is_usable(one)).collect();
    let others: Vec<Around> = pool.iter().filter(|one| is_usable(one)).cloned().collect();
    let prior = prior(&others);
    let with = |of: &[&Around]| -> Vec<Expected> {
        of.iter().map(|one| Expected::of(one, prior)).collect()
    };
    let controls = with(&matched(&usable, &others));
    conclude(&with(&usable), &controls, treated.len())
}

/// What devices of this fleet are like, from those that did not get the fix.
fn prior(others: &[Around]) -> Gamma {
    let before: Vec<Exposure> = others.iter().map(|one| one.before).collect();
    Moments::of(&before).prior()
}

/// A device, and the ends it would have had after the moment had nothing changed.
#[derive(Clone, Copy, Debug)]
struct Expected {
    device: DeviceId,
    before: Exposure,
    after: Exposure,
    ends: f64,
    variance: f64,
}

impl Expected {
    fn of(one: &Around, prior: Gamma) -> Self {
        let known = prior.after(one.before);
        let ends = finite(known.mean() * one.after.days);
        Self {
            device: one.device,
            before: one.before,
            after: one.after,
            ends,
            variance: finite(ends * ends / known.shape.max(1e-6)),
        }
    }
}

fn conclude(treated: &[Expected], controls: &[Expected], applied: usize) -> Effect {
    let before = sum(treated.iter().map(|one| one.before));
    let after = sum(treated.iter().map(|one| one.after));
    let like_before = sum(controls.iter().map(|one| one.before));
    let like_after = sum(controls.iter().map(|one| one.after));
    let effect = Effect {
        devices: treated.len(),
        measured: treated.iter().map(|one| one.device).collect(),
        controls: controls.len(),
        caveats: CAVEATS.map(str::to_owned).to_vec(),
        ..Effect::default()
    };
    let missing = missing(treated.len(), controls.len(), before, after, applied);
    if !missing.is_empty() {
        return Effect {
            words: not_yet(&missing),
            missing,
            ..effect
        };
    }
    let (own, like) = (carried_on(treated), carried_on(controls));
    let seen = |exposure: Exposure| f64::from(exposure.ends) + 0.5;
    let trend = seen(like_after) / like.0.max(0.1);
    let ratio = seen(after) / own.0.max(0.1) / trend;
    let before_all: Vec<Exposure> = treated.iter().map(|one| one.before).collect();
    let wild = overdispersion(&before_all);
    let doubt = |(ends, variance): (f64, f64)| variance / (ends * ends).max(1e-6);
    let plain = 1.0 / seen(after) + 1.0 / seen(like_after) + doubt(own) + doubt(like);
    let reach = 1.96 * (plain * wild).sqrt();
    let (low, high) = (finite(ratio * (-reach).exp()), finite(ratio * reach.exp()));
    let ratio = finite(ratio);
    let monthly = |seen: Exposure| MONTH * f64::from(seen.ends) / seen.days.max(0.1);
    let rates = [before, after, like_before, like_after].map(monthly);
    // What they had less what they would have had, per device-month.
    let month = MONTH / after.days.max(0.1);
    let expected = finite(own.0 * trend);
    let difference = (f64::from(after.ends) - expected) * month;
    let spread =
        seen(after) + (expected * expected) * (doubt(own) + doubt(like) + 1.0 / seen(like_after));
    let away = 1.96 * (spread * wild).sqrt() * month;
    Effect {
        enough: true,
        ratio: Some(ratio),
        low: Some(low),
        high: Some(high),
        difference: Some(finite(difference)),
        difference_low: Some(finite(difference - away)),
        difference_high: Some(finite(difference + away)),
        rates: Some(rates.map(finite)),
        expected: Some(expected),
        happened: Some(after.ends),
        words: words(ratio, low, high, treated.len(), controls.len()),
        ..effect
    }
}

/// Ends expected of them together, and the variance of that.
fn carried_on(devices: &[Expected]) -> (f64, f64) {
    devices.iter().fold((0.0, 0.0), |(ends, variance), one| {
        (ends + one.ends, variance + one.variance)
    })
}

/// Everything that is still needed, so that nobody waits for one thing and then for the next.
fn missing(
    treated: usize,
    controls: usize,
    before: Exposure,
    after: Exposure,
    applied: usize,
) -> Vec<String> {
    let mut missing = Vec::new();
    if treated < LEAST_DEVICES {
        let unseen = applied.saturating_sub(treated);
        let unseen = match unseen {
            0 => String::new(),
            _ => format!(" ({unseen} more said so, but too little is known of them)"),
        };
        missing.push(format!(
            "{treated} of at least {LEAST_DEVICES} devices that applied it{unseen}"
        ));
    }
    if before.ends < LEAST_ENDS {
        missing.push(format!(
            "{} of at least {LEAST_ENDS} {RESTARTS_BEFORE}",
            before.ends
        ));
    }
    let follow_up = after.days / treated.max(1) as f64;
    if follow_up < LEAST_DAYS {
        missing.push(format!(
            "{follow_up:.1} of at least {LEAST_DAYS:.0} days since it"
        ));
    }
    let wanted = treated.max(LEAST_DEVICES);
    if controls < wanted {
        missing.push(format!(
            "{controls} of at least {wanted} devices to compare with"
        ));
    }
    missing
}

fn words(ratio: f64, low: f64, high: f64, devices: usize, controls: usize) -> String {
    let compared = format!(
        "measured on {} against {} like them",
        wording::count(devices, "device"),
        controls
    );
    if high < 1.0 {
        format!(
            "It helped: {} fewer unexpected restarts (95 % interval {} to {}), {compared}.",
            wording::percent(1.0 - ratio),
            wording::percent(1.0 - high),
            wording::percent(1.0 - low)
        )
    } else if low > 1.0 {
        format!(
            "It made things worse: {} as many unexpected restarts, {compared}.",
            wording::times(ratio)
        )
    } else {
        format!(
            "No effect can be shown: {ratio:.1} times as many restarts (95 % interval {low:.1} to {high:.1}), {compared}."
        )
    }
}

/// Up to four controls for each treated device, none twice: like in model or build, and about as bad before.
fn matched<'a>(treated: &[&Around], pool: &'a [Around]) -> Vec<&'a Around> {
    let mut free: Vec<&Around> = pool
        .iter()
        .filter(|one| is_usable(one) && !treated.iter().any(|own| own.device == one.device))
        .collect();
    free.sort_by_key(|one| one.device);
    free.dedup_by_key(|one| one.device);
    let mut chosen = Vec::new();
    for own in treated {
        for _ in 0..CONTROLS_EACH {
            let best = free
                .iter()
                .enumerate()
                .min_by(|(_, a), (_, b)| distance(own, a).total_cmp(&distance(own, b)))
                .filter(|(_, one)| distance(own, one).is_finite())
                .map(|(index, _)| index);
            let Some(best) = best else { break };
            chosen.push(free.remove(best));
        }
    }
    chosen
}

/// Infinite where there is nothing to compare: another system, or trouble of another size.
fn distance(own: &Around, other: &Around) -> f64 {
    const FARTHEST: f64 = 1.1;
    let rate = |one: &Around| ((f64::from(one.before.ends) + 0.5) / one.before.days.max(0.1)).ln();
    let apart = (rate(own) - rate(other)).abs();
    let other_model = own.traits.model != other.traits.model;
    let other_build = own.traits.os_build != other.traits.os_build;
    if own.traits.os_type != other.traits.os_type || apart > FARTHEST {
        return f64::INFINITY;
    }
    apart + if other_model { 1.0 } else { 0.0 } + if other_build { 0.5 } else { 0.0 }
}

fn sum(seen: impl Iterator<Item = Exposure>) -> Exposure {
    seen.fold(Exposure { ends: 0, days: 0.0 }, |sum, seen| Exposure {
        ends: sum.ends.saturating_add(seen.ends),
        days: sum.days + seen.days,
    })
}

fn is_usable(one: &Around) -> bool {
    let watched = |seen: Exposure, least: f64| seen.days.is_finite() && seen.days > least;
    watched(one.before, LEAST_BEFORE) && watched(one.after, 0.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use uuid::Uuid;

    use super::*;

    fn around(n: u128, before: u32, after: u32) -> Around {
        Around {
            device: DeviceId(Uuid::from_u128(n)),
            traits: Traits {
                model: "T14".to_owned(),
                ..Traits::default()
            },
            before: Exposure {
                ends: before,
                days: 14.0,
            },
            after: Exposure {
                ends: after,
                days: 14.0,
            },
        }
    }

    #[test]
    fn a_fix_that_helps_is_told_from_getting_better_by_itself() {
        let treated: Vec<Around> = (0..8).map(|n| around(n, 6, u32::from(n == 0))).collect();
        let same: Vec<Around> = (100..140).map(|n| around(n, 6, 6)).collect();
        let helped = measure(&treated, &same);
        assert!(
            helped.high.unwrap() < 1.0 && helped.words.starts_with("It helped"),
            "{}",
            helped.words
        );
        // The controls got better just as much: no effect.
        let better: Vec<Around> = (100..140)
            .map(|n| around(n, 6, u32::from(n % 8 == 0)))
            .collect();
        let nothing = measure(&treated, &better);
        assert!(nothing.words.starts_with("No effect"), "{}", nothing.words);
    }

    #[test]
    fn too_little_is_said_to_be_too_little() {
        let pool: Vec<Around> = (100..140).map(|n| around(n, 6, 6)).collect();
        for treated in [
            vec![],
            vec![around(1, 9, 0)],
            (0..5).map(|n| around(n, 1, 0)).collect::<Vec<_>>(),
        ] {
            let effect = measure(&treated, &pool);
            assert!(
                !effect.enough && effect.ratio.is_none() && effect.words.contains("Not yet enough"),
                "{effect:?}"
            );
        }
        let unlike = measure(
            &(0..5).map(|n| around(n, 6, 0)).collect::<Vec<_>>(),
            &[around(100, 0, 0)],
        );
        assert!(!unlike.enough, "{unlike:?}");
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * day)
    }

    fn watched<'a>(
        n: u128,
        traits: &'a Traits,
        ends: impl IntoIterator<Item = i64>,
    ) -> Watched<'a> {
        Watched {
            device: DeviceId(Uuid::from_u128(n)),
            traits,
            from: at(0),
            to: at(90),
            ends: ends.into_iter().map(at).collect(),
        }
    }

    #[test]
    fn each_device_is_measured_around_its_own_moment() {
        let traits = Traits {
            model: "T14".to_owned(),
            ..Traits::default()
        };
        // Treated on day 30, 32, 34 and so on: an end every third day before, none after. The others go on as before.
        let mut fleet: Vec<Watched<'_>> = (0..6)
            .map(|n| watched(n, &traits, (1..30 + 2 * n as i64).step_by(3)))
            .collect();
        fleet.extend((100..140).map(|n| watched(n, &traits, (1..90).step_by(3))));
        let applied: BTreeMap<DeviceId, Timestamp> = (0..6)
            .map(|n| (DeviceId(Uuid::from_u128(n)), at(30 + 2 * n as i64)))
            .collect();
        let effect = measure_at(&applied, &fleet, at(70));
        assert!(effect.enough && effect.high.unwrap() < 0.3, "{effect:?}");
        assert_eq!((effect.devices, effect.controls), (6, 24));
        assert!(effect.difference_high.unwrap() < 0.0, "{effect:?}");
        assert!(
            effect.expected.unwrap() > 50.0 && effect.happened == Some(0),
            "{effect:?}"
        );
        assert_eq!(effect.caveats.len(), 2);

        let early = measure_at(&applied, &fleet, at(33));
        assert_eq!(early.missing.len(), 2, "{:?}", early.missing);
        assert!(
            early.words.contains("2 of at least 3 devices"),
            "{}",
            early.words
        );
        assert!(early.words.contains("days since it"), "{}", early.words);
        let future = measure_at(&applied, &fleet, at(10));
        assert!(!future.enough && future.devices == 0, "{future:?}");
    }

    /// Chosen at their worst, nothing done: better by themselves, and no effect is claimed.
    #[test]
    fn regression_to_the_mean_is_no_effect() {
        let traits = Traits::default();
        let mut state = 11_u64;
        let mut chance = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let mut claims = 0;
        for _ in 0..60 {
            let fleet: Vec<Watched<'_>> = (0..200)
                .map(|n| {
                    let ends: Vec<i64> = (0..90).filter(|_| chance() < 0.1).collect();
                    watched(n, &traits, ends)
                })
                .collect();
            let mut worst: Vec<&Watched<'_>> = fleet.iter().collect();
            worst.sort_by_key(|one| {
                std::cmp::Reverse(
                    one.ends
                        .iter()
                        .filter(|end| **end >= at(17) && **end < at(45))
                        .count(),
                )
            });
            let applied = worst[..10].iter().map(|one| (one.device, at(45))).collect();
            let effect = measure_at(&applied, &fleet, at(90));
            claims += usize::from(effect.high.is_some_and(|high| high < 1.0));
        }
        assert!(
            claims <= 6,
            "{claims} of 60 claimed an effect that is not there"
        );
    }
}
