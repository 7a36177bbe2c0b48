//! What an accepted answer did: devices that applied it, before and after, against matched controls.
//!
//! **Invariant: no effect is claimed from too little.** Below [`LEAST_DEVICES`], [`LEAST_ENDS`] and [`LEAST_DAYS`] the verdict
//! is "not yet enough", whatever the numbers look like. Not here: who applied what (people and events say that).
//!
//! Devices that get a fix were chosen because they were bad, and what is bad gets better by itself. So each treated device
//! is matched with up to four others that were about as bad before, preferring the same model, then the same OS build, and
//! the effect is the ratio of two ratios:
//!
//! ```text
//! effect = (treated after / treated before) / (controls after / controls before)      of ends per device-day
//! var(ln effect) = 1/a + 1/b + 1/c + 1/d       a..d: the four counts, half an end added to each
//! ```
//!
//! which is the difference-in-differences of Poisson rates (Rothman, Greenland and Lash, *Modern Epidemiology*, ch. 14); the
//! variance is widened by how much the treated devices' counts vary beyond Poisson. 0.2 means four fifths of the ends went.

use serde::{Deserialize, Serialize};

use crate::{
    detect::{
        baseline::{Exposure, finite},
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
const CONTROLS_EACH: usize = 4;

/// One device around the moment of the fix (for a control: around the same moment).
#[derive(Clone, Debug, PartialEq)]
pub struct Around {
    pub device: DeviceId,
    pub traits: Traits,
    pub before: Exposure,
    pub after: Exposure,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    pub enough: bool,
    pub devices: usize,
    pub controls: usize,
    /// Below 1: fewer ends than without the fix. `None` when not enough.
    pub ratio: Option<f64>,
    /// 95 % interval.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// As a colleague would say it.
    pub words: String,
}

pub fn measure(treated: &[Around], pool: &[Around]) -> Effect {
    let treated: Vec<&Around> = treated.iter().filter(|one| is_usable(one)).collect();
    let controls = matched(&treated, pool);
    let (before, after) = (
        sum(&treated, |one| one.before),
        sum(&treated, |one| one.after),
    );
    let (like_before, like_after) = (
        sum(&controls, |one| one.before),
        sum(&controls, |one| one.after),
    );
    let follow_up = after.days / treated.len().max(1) as f64;
    let missing = if treated.len() < LEAST_DEVICES {
        Some(format!(
            "{} of at least {LEAST_DEVICES} devices",
            treated.len()
        ))
    } else if before.ends < LEAST_ENDS {
        Some(format!(
            "{} of at least {LEAST_ENDS} restarts before it",
            before.ends
        ))
    } else if follow_up < LEAST_DAYS {
        Some(format!(
            "{follow_up:.0} of at least {LEAST_DAYS:.0} days since it"
        ))
    } else if controls.len() < treated.len() {
        Some("too few devices to compare with".to_owned())
    } else {
        None
    };
    if let Some(missing) = missing {
        return Effect {
            enough: false,
            devices: treated.len(),
            controls: controls.len(),
            ratio: None,
            low: None,
            high: None,
            words: format!("Not yet enough to say whether it helped: {missing}."),
        };
    }
    let rate = |seen: Exposure| (f64::from(seen.ends) + 0.5) / seen.days.max(0.1);
    let ratio = (rate(after) / rate(before)) / (rate(like_after) / rate(like_before));
    let plain: f64 = [before, after, like_before, like_after]
        .iter()
        .map(|seen| 1.0 / (f64::from(seen.ends) + 0.5))
        .sum();
    let reach = 1.96 * (plain * dispersion(&treated)).sqrt();
    let (low, high) = (finite(ratio * (-reach).exp()), finite(ratio * reach.exp()));
    let ratio = finite(ratio);
    Effect {
        enough: true,
        devices: treated.len(),
        controls: controls.len(),
        ratio: Some(ratio),
        low: Some(low),
        high: Some(high),
        words: words(ratio, low, high, treated.len(), controls.len()),
    }
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

/// How much the treated devices vary beyond Poisson (Pearson's chi-square over its freedom), never below 1.
fn dispersion(treated: &[&Around]) -> f64 {
    let all = sum(treated, |one| one.before);
    let rate = f64::from(all.ends) / all.days.max(0.1);
    let chi: f64 = treated
        .iter()
        .map(|one| {
            let expected = (rate * one.before.days).max(1e-6);
            (f64::from(one.before.ends) - expected).powi(2) / expected
        })
        .sum();
    finite(chi / (treated.len().saturating_sub(1)).max(1) as f64).clamp(1.0, 10.0)
}

fn sum(devices: &[&Around], which: impl Fn(&Around) -> Exposure) -> Exposure {
    devices
        .iter()
        .map(|one| which(one))
        .fold(Exposure { ends: 0, days: 0.0 }, |sum, seen| Exposure {
            ends: sum.ends.saturating_add(seen.ends),
            days: sum.days + seen.days,
        })
}

fn is_usable(one: &Around) -> bool {
    [one.before, one.after]
        .iter()
        .all(|seen| seen.days.is_finite() && seen.days > 0.0)
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
}
