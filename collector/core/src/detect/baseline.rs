//! What is normal, in numbers: the gamma-Poisson prior, exact tails, risk ratios, robust slopes.
//!
//! **Invariant: every function takes any input (empty, zero, infinite) and returns a finite number or `None`.**
//!
//! # The prior
//!
//! Device *i* had `y` unexpected ends in `t` days. Its rate is one draw from what this fleet's devices are like, and
//! its count one draw from that rate:
//!
//! ```text
//! rate_i ~ Gamma(shape a, rate b)          y_i ~ Poisson(rate_i * t_i)
//! ```
//!
//! so `y_i` is negative binomial, and after seeing `y` ends in `t` days the rate is `Gamma(a + y, b + t)`. The two
//! numbers are learned from the fleet itself (empirical Bayes) by moments for unequal exposures:
//!
//! ```text
//! m = sum y / sum t        s2 = sum(y^2 / t) / sum t - m^2        A = s2 - m * n / sum t
//! a = m^2 / A              b = m / A
//! ```
//!
//! A brand-new fleet of ten has next to nothing to learn from: one invented end in 60 invented device-days is added to
//! `m`, and `a` is drawn towards 1 by ten invented devices. In a fleet of 100,000 both are drops in the sea. Devices
//! that a fit finds absurd are left out of the next, so that the sick do not teach what health is; and a device is
//! always judged by a fit that it is not part of. Many sick at once widen a fit of everybody until it finds none of them
//! absurd (masking), so in a fleet of thirty and more the first fit leaves the worst fifth out and later ones let back in
//! whom they do not find absurd: the forward search of robust statistics (Hadi and Simonoff, JASA 88, 1993).
//!
//! Sources: Robbins, *The empirical Bayes approach* (1956); Clayton and Kaldor, *Empirical Bayes estimates of
//! age-standardized relative risks*, Biometrics 43 (1987); Marshall, *Mapping disease and mortality rates using empirical
//! Bayes estimators*, JRSS C 40 (1991), for the moments; DuMouchel, *Bayesian data mining in large frequency tables*,
//! The American Statistician 53 (1999), for ranking by the posterior; Katz et al., Biometrics 34 (1978), for the risk
//! ratio's interval; Benjamini and Hochberg, JRSS B 57 (1995); Sen, JASA 63 (1968), for the slope and its interval.

/// Invented experience: one end in 60 device-days. Field studies of office laptops report between one unexpected end
/// a month and one a year; being wrong by a factor of five either way is corrected by about 300 real device-days.
const INVENTED_ENDS: f64 = 1.0;
const INVENTED_DAYS: f64 = 60.0;
/// How many devices the belief "a is about 1" (rates differ about as much as their mean) is worth.
const INVENTED_DEVICES: f64 = 10.0;
/// Beyond these the prior is a point, or has no middle.
const SHAPE: std::ops::RangeInclusive<f64> = 0.3..=8.0;
/// A device whose count is less likely than this under one fit does not teach the next.
const ABSURD: f64 = 1e-3;
/// At most one device in this many is left out: a fleet whose rates simply differ much has no majority beneath them.
const LEFT_OUT_OF: usize = 5;
/// Fewer devices than this have no worst fifth to speak of: the invented experience, not a trimmed handful, holds there.
const LEAST_TO_TRIM: usize = 30;
/// Fits after the first; healthy fleets settle in three or four.
const FITS: usize = 8;
/// Smallest chance that double precision can tell from zero in `1 - sum`.
const SMALLEST_CHANCE: f64 = 1e-15;

/// Not a number and infinities become 0: a detector never speaks about them.
pub fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

/// What one device showed: ends, and the days in which they could have been seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    pub ends: u32,
    pub days: f64,
}

/// Sums from which the prior follows; a device can be taken out again in constant time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    devices: f64,
    ends: f64,
    days: f64,
    squares: f64,
}

impl Moments {
    pub fn of<'a>(exposures: impl IntoIterator<Item = &'a Exposure>) -> Self {
        exposures
            .into_iter()
            .fold(Self::default(), |sums, exposure| sums.with(*exposure, 1.0))
    }

    pub fn without(self, exposure: Exposure) -> Self {
        self.with(exposure, -1.0)
    }

    /// Ends a day, drawn towards the invented experience.
    pub fn mean(self) -> f64 {
        (self.ends.max(0.0) + INVENTED_ENDS) / (self.days.max(0.0) + INVENTED_DAYS)
    }

    pub fn days(self) -> f64 {
        self.days.max(0.0)
    }

    pub fn ends(self) -> f64 {
        self.ends.max(0.0)
    }

    pub fn prior(self) -> Gamma {
        let mean = self.mean();
        let shape = match self.spread_beyond_chance() {
            Some(beyond) => mean * mean / beyond,
            None => *SHAPE.end(),
        };
        let shape = finite(shape).clamp(*SHAPE.start(), *SHAPE.end());
        let devices = self.devices.max(0.0);
        let shape = (devices * shape + INVENTED_DEVICES) / (devices + INVENTED_DEVICES);
        Gamma {
            shape,
            rate: shape / mean,
        }
    }

    fn with(mut self, exposure: Exposure, sign: f64) -> Self {
        if exposure.days > 0.0 && exposure.days.is_finite() {
            let ends = f64::from(exposure.ends);
            self.devices += sign;
            self.ends += sign * ends;
            self.days += sign * exposure.days;
            self.squares += sign * ends * ends / exposure.days;
        }
        self
    }

    /// Variance of the rates that Poisson noise does not explain; `None` when there is none.
    fn spread_beyond_chance(self) -> Option<f64> {
        if self.devices < 2.0 || self.days <= 0.0 {
            return None;
        }
        let mean = self.ends / self.days;
        let spread = self.squares / self.days - mean * mean - mean * self.devices / self.days;
        (spread.is_finite() && spread > 0.0).then_some(spread)
    }
}

/// Moments of the healthy majority, and which devices taught it.
pub fn learn(exposures: &[Exposure]) -> (Moments, Vec<bool>) {
    let everybody = Moments::of(exposures);
    if exposures.len() < LEAST_TO_TRIM {
        let taught = plausible(exposures, everybody.prior());
        return (of_taught(exposures, &taught), taught);
    }
    let mut taught = without_the_worst(exposures, everybody.prior(), 1.0);
    let mut moments = of_taught(exposures, &taught);
    for _ in 0..FITS {
        let next = without_the_worst(exposures, moments.prior(), ABSURD);
        if next == taught {
            break;
        }
        moments = of_taught(exposures, &next);
        taught = next;
    }
    (moments, taught)
}

fn of_taught(exposures: &[Exposure], taught: &[bool]) -> Moments {
    let teachers = exposures
        .iter()
        .zip(taught)
        .filter_map(|(exposure, taught)| taught.then_some(exposure));
    Moments::of(teachers)
}

fn plausible(exposures: &[Exposure], fit: Gamma) -> Vec<bool> {
    exposures
        .iter()
        .map(|exposure| fit.chance_of_at_least(exposure.ends, exposure.days) >= ABSURD)
        .collect()
}

/// Who may teach after `fit`: all but those less likely than `least`, of whom the least likely go first when they are too
/// many.
fn without_the_worst(exposures: &[Exposure], fit: Gamma, least: f64) -> Vec<bool> {
    let mut worst: Vec<(f64, usize)> = exposures
        .iter()
        .map(|exposure| fit.chance_of_at_least(exposure.ends, exposure.days))
        .zip(0..)
        .filter(|(chance, _)| *chance < least)
        .collect();
    worst.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    worst.truncate(exposures.len() / LEFT_OUT_OF);
    let mut taught = vec![true; exposures.len()];
    for (_, index) in worst {
        taught[index] = false;
    }
    taught
}

/// A rate per day, not known exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    pub shape: f64,
    pub rate: f64,
}

impl Gamma {
    pub fn mean(self) -> f64 {
        finite(self.shape / self.rate)
    }

    /// The same doubt around another mean.
    pub fn around(self, mean: f64) -> Self {
        if mean > 0.0 && mean.is_finite() {
            Self {
                shape: self.shape,
                rate: self.shape / mean,
            }
        } else {
            self
        }
    }

    /// After seeing `seen`.
    pub fn after(self, seen: Exposure) -> Self {
        Self {
            shape: self.shape + f64::from(seen.ends),
            rate: self.rate + finite(seen.days).max(0.0),
        }
    }

    /// Chance of `ends` or more in `days`: the upper tail of the negative binomial, summed exactly.
    pub fn chance_of_at_least(self, ends: u32, days: f64) -> f64 {
        if ends == 0 {
            return 1.0;
        }
        if days <= 0.0 || !days.is_finite() || self.rate <= 0.0 || self.shape <= 0.0 {
            return 1.0;
        }
        let stay = self.rate / (self.rate + days);
        let mut term = (self.shape * stay.ln()).exp();
        let mut below = term;
        for step in 1..ends {
            let step = f64::from(step);
            term *= (self.shape + step - 1.0) / step * (1.0 - stay);
            below += term;
            // What follows cannot be told from zero: a count out of this world must not cost a walk through all below it.
            if below >= 1.0 - SMALLEST_CHANCE {
                break;
            }
        }
        finite(1.0 - below).clamp(SMALLEST_CHANCE, 1.0)
    }

    /// Chance of no end at all in `days`.
    pub fn chance_of_none(self, days: f64) -> f64 {
        1.0 - self.chance_of_at_least(1, days)
    }
}

/// Which of `chances` may be believed when at most `share` of the believed may be luck (Benjamini-Hochberg): the largest
/// chance that passes, or 0.
pub fn believable(chances: &[f64], share: f64) -> f64 {
    let mut sorted: Vec<f64> = chances.iter().copied().filter(|c| c.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let tried = sorted.len() as f64;
    sorted
        .iter()
        .enumerate()
        .rev()
        .find(|(rank, chance)| **chance <= share * (*rank as f64 + 1.0) / tried)
        .map_or(0.0, |(_, chance)| *chance)
}

/// Chance of `hits` or more among `tries` that each hit with `chance`.
pub fn binomial_tail(hits: u32, tries: u32, chance: f64) -> f64 {
    if hits == 0 {
        return 1.0;
    }
    let chance = finite(chance);
    if hits > tries || chance <= 0.0 {
        return SMALLEST_CHANCE;
    }
    if chance >= 1.0 {
        return 1.0;
    }
    let sum: f64 = (hits..=tries)
        .map(|k| {
            (ln_choose(tries, k)
                + f64::from(k) * chance.ln()
                + f64::from(tries - k) * (1.0 - chance).ln())
            .exp()
        })
        .sum();
    finite(sum).clamp(SMALLEST_CHANCE, 1.0)
}

/// Two groups and how many of each are hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoByTwo {
    pub hit: u32,
    pub of: u32,
    pub hit_elsewhere: u32,
    pub of_elsewhere: u32,
}

/// How many times more often a group is hit, with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiskRatio {
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
}

impl TwoByTwo {
    pub fn share(self) -> f64 {
        f64::from(self.hit) / f64::from(self.of.max(1))
    }

    pub fn share_elsewhere(self) -> f64 {
        f64::from(self.hit_elsewhere) / f64::from(self.of_elsewhere.max(1))
    }

    /// Katz's interval on the log scale; half a device is added where a cell is empty. `None` without a second group.
    pub fn risk_ratio(self) -> Option<RiskRatio> {
        if self.of == 0 || self.of_elsewhere == 0 {
            return None;
        }
        let half = if self.hit_elsewhere == 0 || self.hit == 0 {
            0.5
        } else {
            0.0
        };
        let (a, n) = (f64::from(self.hit) + half, f64::from(self.of) + half);
        let (c, m) = (
            f64::from(self.hit_elsewhere) + half,
            f64::from(self.of_elsewhere) + half,
        );
        let ratio = (a / n) / (c / m);
        let error = (1.0 / a - 1.0 / n + 1.0 / c - 1.0 / m).max(0.0).sqrt();
        Some(RiskRatio {
            ratio: finite(ratio),
            low: finite(ratio * (-1.96 * error).exp()),
            high: finite(ratio * (1.96 * error).exp()),
        })
    }

    /// Fisher's exact test, upper side: chance that the group holds `hit` or more of all hits by luck.
    pub fn chance(self) -> f64 {
        let hits = self.hit + self.hit_elsewhere;
        let all = self.of + self.of_elsewhere;
        // More hit than there are is a contradiction, and a contradiction is no certainty.
        if hits == 0 || self.hit > self.of || self.hit_elsewhere > self.of_elsewhere {
            return 1.0;
        }
        let total = ln_choose(all, hits);
        let most = hits.min(self.of);
        let sum: f64 = (self.hit..=most)
            .filter(|k| hits - k <= self.of_elsewhere)
            .map(|k| (ln_choose(self.of, k) + ln_choose(self.of_elsewhere, hits - k) - total).exp())
            .sum();
        finite(sum).clamp(SMALLEST_CHANCE, 1.0)
    }

    /// By how much two shares explain the hits better than one, in nats.
    pub fn gain(self) -> f64 {
        let pooled = f64::from(self.hit + self.hit_elsewhere)
            / f64::from((self.of + self.of_elsewhere).max(1));
        let one = |hit: u32, of: u32, share: f64| {
            let miss = f64::from(of.saturating_sub(hit));
            let hit = f64::from(hit);
            let part = |count: f64, share: f64| {
                if count > 0.0 { count * share.ln() } else { 0.0 }
            };
            part(hit, share) + part(miss, 1.0 - share)
        };
        finite(
            one(self.hit, self.of, self.share())
                + one(
                    self.hit_elsewhere,
                    self.of_elsewhere,
                    self.share_elsewhere(),
                )
                - one(self.hit, self.of, pooled)
                - one(self.hit_elsewhere, self.of_elsewhere, pooled),
        )
    }
}

/// A robust line through points: the median of all pairwise slopes, with Sen's 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    pub per_unit: f64,
    pub low: f64,
    pub high: f64,
}

/// Theil-Sen over (x, y); `None` below five different x. At most 200 points are used, the last ones.
pub fn slope(points: &[(f64, f64)]) -> Option<Slope> {
    const MOST_POINTS: usize = 200;
    let points: Vec<(f64, f64)> = points
        .iter()
        .copied()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect();
    let points = &points[points.len().saturating_sub(MOST_POINTS)..];
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (index, (x1, y1)) in points.iter().enumerate() {
        for (x2, y2) in &points[index + 1..] {
            if (x2 - x1).abs() > f64::EPSILON {
                slopes.push((y2 - y1) / (x2 - x1));
            }
        }
    }
    if points.len() < 5 || slopes.len() < 10 {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    let n = points.len() as f64;
    let reach = 1.96 * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let count = slopes.len() as f64;
    let at = |rank: f64| slopes[(rank.max(0.0) as usize).min(slopes.len() - 1)];
    Some(Slope {
        per_unit: median_of_sorted(&slopes),
        low: at((count - reach) / 2.0),
        high: at((count + reach) / 2.0),
    })
}

pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    Some(median_of_sorted(&sorted))
}

/// Median absolute deviation, scaled so that it estimates a standard deviation.
pub fn spread(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let away: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    median(&away).map(|away| 1.4826 * away)
}

fn median_of_sorted(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    } else {
        sorted[middle]
    }
}

fn ln_choose(n: u32, k: u32) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// Exact below 32, Stirling's series (error under 1e-12) above.
fn ln_factorial(n: u32) -> f64 {
    if n < 32 {
        return (2..=n).map(|k| f64::from(k).ln()).sum();
    }
    let x = f64::from(n);
    (x + 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + 1.0 / (12.0 * x)
        - 1.0 / (360.0 * x.powi(3))
        + 1.0 / (1260.0 * x.powi(5))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance, "{a} is not {b}");
    }

    #[test]
    fn the_prior_learns_from_a_large_fleet_and_guesses_in_a_small_one() {
        let large: Vec<Exposure> = (0..10_000)
            .map(|i| Exposure {
                ends: u32::from(i % 5 == 0),
                days: 30.0,
            })
            .collect();
        close(Moments::of(&large).mean(), 0.2 / 30.0, 1e-4);
        let none = Moments::default().prior();
        close(none.mean(), 1.0 / 60.0, 1e-9);
        close(none.shape, 1.0, 1e-9);
    }

    #[test]
    fn the_sick_do_not_teach_what_health_is() {
        let mut fleet = vec![
            Exposure {
                ends: 0,
                days: 60.0
            };
            9
        ];
        fleet.push(Exposure {
            ends: 90,
            days: 60.0,
        });
        let (moments, taught) = learn(&fleet);
        assert!(!taught[9] && taught[..9].iter().all(|t| *t));
        assert!(moments.mean() < 0.01);
    }

    #[test]
    fn tails_agree_with_closed_forms() {
        // shape 1: geometric, P(K >= k) = (days / (rate + days))^k
        let gamma = Gamma {
            shape: 1.0,
            rate: 50.0,
        };
        close(
            gamma.chance_of_at_least(5, 7.0),
            (7.0f64 / 57.0).powi(5),
            1e-12,
        );
        close(binomial_tail(2, 3, 0.5), 0.5, 1e-12);
        let table = TwoByTwo {
            hit: 4,
            of: 4,
            hit_elsewhere: 0,
            of_elsewhere: 6,
        };
        close(table.chance(), 1.0 / 210.0, 1e-12);
        close(
            ln_factorial(40),
            (2..=40u32).map(|k| f64::from(k).ln()).sum(),
            1e-9,
        );
    }

    #[test]
    fn a_slope_survives_a_jump_and_a_fall() {
        let mut points: Vec<(f64, f64)> = (0..30)
            .map(|d| (f64::from(d), 100.0 + 2.0 * f64::from(d)))
            .collect();
        points[10].1 += 500.0;
        points[20].1 -= 500.0;
        let slope = slope(&points).unwrap();
        close(slope.per_unit, 2.0, 0.2);
        assert!(slope.low <= slope.per_unit && slope.per_unit <= slope.high);
    }

    #[test]
    fn nothing_in_gives_nothing_not_nan() {
        assert_eq!(median(&[]), None);
        assert_eq!(slope(&[]), None);
        assert_eq!(believable(&[], 0.1), 0.0);
        assert_eq!(
            TwoByTwo {
                hit: 0,
                of: 0,
                hit_elsewhere: 0,
                of_elsewhere: 0
            }
            .risk_ratio(),
            None
        );
        let odd = Gamma {
            shape: f64::NAN,
            rate: 0.0,
        };
        assert!(odd.chance_of_at_least(3, f64::INFINITY).is_finite());
    }
}
