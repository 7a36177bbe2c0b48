//! What runs out before people notice: disk, battery, cooling, memory.
//!
//! **Invariant: a forecast comes with its interval, and without an interval there is no forecast.** Slopes are
//! Theil-Sen ([`crate::detect::baseline::slope`]) over what is left when the largest rises are taken for ordinary days
//! (`without_jumps`), so a large copy is a step and not a trend: a trend is carried by several days.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    detect::{
        Settings,
        baseline::{Slope, finite, median, slope},
        fleet::{DAY, Fleet, believable, days, seconds},
        wording,
    },
    device::DeviceId,
    evidence::{DeviceCapacity, Evidence, FilesystemDays},
    finding::{EvidenceRow, Finding, Kind, Severity, Subject, cause},
};

/// Days of a trend: longer than a project, shorter than a habit.
const TREND_DAYS: f64 = 30.0;
/// Stretches on which a disk's trend is looked for, days: what began last week drowns in a month.
const STRETCHES: [f64; 3] = [TREND_DAYS, 14.0, 7.0];
/// Fewest days that can carry a trend once one of them is set aside.
const TREND_POINTS: usize = 6;
/// One rise in this many days may be a large copy, days.
const JUMP_EVERY: f64 = 7.0;
/// A disk that is emptier than this has time, whatever its slope.
const FORECAST_FROM: f64 = 0.7;
/// A forecast whose late end lies further out than this many times the horizon is a guess, and is not told.
const WIDEST: f64 = 4.0;
/// An agent tells its inventory when it changes: a battery's last reading holds for as long as the agent reports.
const BATTERY_DAYS: f64 = 60.0;
/// Readings whose middle is a battery's state. One alone must have stood unchanged for a day.
const BATTERY_READINGS: usize = 3;
const BATTERY_STANDS_DAYS: f64 = 1.0;
/// Days on which a daily figure must be high before it is the device's state and not one bad afternoon.
const BAD_DAYS: usize = 4;
/// And on how much of the week: a state is there on nearly every day.
const BAD_SHARE: f64 = 0.8;
/// Figures older than this say nothing about today, days.
const STALE_DAYS: f64 = 3.0;

pub fn detect(evidence: &Evidence, settings: &Settings) -> Vec<Finding> {
    let fleet = Fleet::new(evidence, settings);
    let mut by_device: BTreeMap<DeviceId, Vec<&DeviceCapacity>> = BTreeMap::new();
    for capacity in &evidence.capacity {
        if evidence.devices.contains_key(&capacity.device) {
            by_device.entry(capacity.device).or_default().push(capacity);
        }
    }
    let mut findings = Vec::new();
    for (device, told) in &by_device {
        let about = About {
            device: *device,
            now: evidence.now,
            fleet: &fleet,
            settings,
        };
        let mut mounts: BTreeMap<&str, Vec<&FilesystemDays>> = BTreeMap::new();
        for filesystem in told.iter().flat_map(|capacity| &capacity.filesystems) {
            mounts
                .entry(&filesystem.mountpoint)
                .or_default()
                .push(filesystem);
        }
        findings.extend(
            mounts
                .iter()
                .filter_map(|(mount, told)| about.disk(mount, told)),
        );
        findings.extend(about.battery(told));
        findings.extend(about.share(
            told.iter().flat_map(|capacity| &capacity.throttled),
            Share {
                what: "throttled",
                least: settings.throttled_share,
                symptom: "thermal",
                says: "is slowed down by heat",
                because: "of the time its processor was throttled",
            },
        ));
        findings.extend(about.share(
            told.iter().flat_map(|capacity| &capacity.memory_pressure),
            Share {
                what: "memory",
                least: settings.pressure_share,
                symptom: "slow",
                says: "runs short of memory",
                because: "of the time programs waited for memory",
            },
        ));
    }
    findings
}

struct About<'a> {
    device: DeviceId,
    now: Timestamp,
    fleet: &'a Fleet<'a>,
    settings: &'a Settings,
}

struct Share {
    what: &'static str,
    least: f64,
    symptom: &'static str,
    says: &'static str,
    because: &'static str,
}

impl About<'_> {
    fn disk(&self, mount: &str, told: &[&FilesystemDays]) -> Option<Finding> {
        let limit = told
            .iter()
            .map(|filesystem| filesystem.limit)
            .max()
            .filter(|limit| *limit > 0)? as f64;
        let usage = by_day(
            told.iter()
                .flat_map(|f| f.usage.iter().map(|(at, used)| (*at, *used as f64))),
            self.now,
        );
        let (last_at, last) = *usage.last()?;
        if days(last_at, self.now) > STALE_DAYS || last > limit * 1.01 {
            return None;
        }
        let share = last / limit;
        let trend = since_last_cleaning(&usage, limit);
        let points: Vec<(f64, f64)> = trend
            .iter()
            .map(|(at, used)| (seconds(self.now, *at) / DAY, *used))
            .collect();
        let (slope, points) = self.fastest(&points, limit - last);
        let until = |per_day: f64| {
            if per_day > 0.0 {
                (limit - last) / per_day
            } else {
                f64::INFINITY
            }
        };
        let forecast =
            slope.map(|slope| (until(slope.per_unit), until(slope.high), until(slope.low)));
        let soon = forecast.is_some_and(|(days, _, late)| {
            days <= self.settings.disk_days
                && late <= WIDEST * self.settings.disk_days
                && share >= FORECAST_FROM
        });
        let full = share >= self.settings.disk_share;
        if !soon && !full {
            return None;
        }
        let name = self.fleet.name(self.device);
        let free = wording::bytes((limit - last).max(0.0) as u64);
        let mut why = vec![format!(
            "{} of {mount} is used; {free} are left.",
            wording::percent(share)
        )];
        let title = match forecast.filter(|_| soon) {
            Some((middle, low, high)) => {
                why.push(format!(
                    "It grew by {} a day over the last {}.",
                    wording::bytes(slope.map_or(0.0, |slope| slope.per_unit) as u64),
                    wording::count(points.len(), "day")
                ));
                format!(
                    "{mount} on {name} will be full in about {} ({})",
                    in_days(middle),
                    between(low, high)
                )
            }
            None => format!(
                "{mount} on {name} is nearly full: {} used",
                wording::percent(share)
            ),
        };
        let left = forecast
            .filter(|_| soon)
            .map_or(if share >= 0.99 { 1.0 } else { 7.0 }, |(middle, _, _)| {
                middle
            });
        let severity = match left {
            left if left <= 3.0 => Severity::High,
            left if left <= 7.0 => Severity::Medium,
            _ => Severity::Low,
        };
        Some(self.finding(
            "capacity.disk",
            &format!("disk:{}", mount.replace('/', "|")),
            severity,
            10.0 / left.max(0.5) + share,
            (trend.first().map_or(last_at, |(at, _)| *at), last_at),
            title,
            why,
            usage.iter().rev().take(10).map(|(at, used)| {
                (
                    *at,
                    format!(
                        "{mount}: {} of {} used",
                        wording::bytes(*used as u64),
                        wording::bytes(limit as u64)
                    ),
                )
            }),
            "disk_full",
        ))
    }

    /// The trend that is told: of the longest stretch on which the disk will be full in time, else of the longest.
    fn fastest<'p>(
        &self,
        points: &'p [(f64, f64)],
        free: f64,
    ) -> (Option<Slope>, &'p [(f64, f64)]) {
        let of = |days: f64| {
            let first = points.partition_point(|(at, _)| *at < -days);
            let stretch = &points[first..];
            let carried = (stretch.len() >= TREND_POINTS)
                .then(|| slope(&without_jumps(stretch)))
                .flatten();
            (carried.filter(|slope| slope.low > 0.0), stretch)
        };
        let soon = |slope: &Slope| {
            free <= slope.per_unit * self.settings.disk_days
                && free <= slope.low * WIDEST * self.settings.disk_days
        };
        STRETCHES
            .into_iter()
            .map(of)
            .find(|(slope, _)| slope.as_ref().is_some_and(soon))
            .unwrap_or_else(|| of(TREND_DAYS))
    }

    fn battery(&self, told: &[&DeviceCapacity]) -> Option<Finding> {
        let mut wear: Vec<(Timestamp, f64, Option<u32>)> = told
            .iter()
            .flat_map(|capacity| capacity.battery.iter().copied())
            .filter(|(at, health, _)| {
                believable(*at, self.now) && health.is_finite() && *health > 0.0 && *health <= 1.5
            })
            .collect();
        wear.sort_by(|a, b| {
            a.0.cmp(&b.0)
                .then_with(|| a.1.total_cmp(&b.1))
                .then_with(|| a.2.cmp(&b.2))
        });
        let (last_at, _, cycles) = *wear.last()?;
        if days(last_at, self.now) > BATTERY_DAYS {
            return None;
        }
        // One reading of a battery's gauge may be anything; its middle over several is not.
        wear.dedup_by_key(|(at, _, _)| *at);
        let recent: Vec<f64> = wear
            .iter()
            .rev()
            .take(BATTERY_READINGS)
            .map(|(_, health, _)| *health)
            .collect();
        let stood = self
            .fleet
            .get(self.device)
            .map_or(0.0, |device| days(last_at, device.last_report));
        if recent.len() < 3 && stood < BATTERY_STANDS_DAYS {
            return None;
        }
        let health = median(&recent)?;
        if health >= self.settings.battery_health {
            return None;
        }
        let name = self.fleet.name(self.device);
        let mut why = vec![format!(
            "A full charge holds {} of what the battery was made for.",
            wording::percent(health)
        )];
        why.extend(cycles.map(|cycles| format!("It went through {cycles} charge cycles.")));
        let points: Vec<(f64, f64)> = wear
            .iter()
            .map(|(at, health, _)| (seconds(self.now, *at) / DAY, *health))
            .collect();
        if let Some(slope) = slope(&points).filter(|slope| slope.high < 0.0) {
            why.push(format!(
                "It loses {:.1} percentage points a month.",
                -slope.per_unit * 30.0 * 100.0
            ));
        }
        let severity = if health < 0.4 {
            Severity::Medium
        } else {
            Severity::Low
        };
        Some(self.finding(
            "capacity.battery",
            "battery",
            severity,
            1.0 + (self.settings.battery_health - health) * 10.0,
            (wear.first().map_or(last_at, |(at, _, _)| *at), last_at),
            format!(
                "The battery of {name} is worn: {} of its capacity is left",
                wording::percent(health)
            ),
            why,
            wear.iter().rev().take(10).map(|(at, health, _)| {
                (
                    *at,
                    format!("full charge is {} of design", wording::percent(*health)),
                )
            }),
            "battery",
        ))
    }

    fn share<'b>(
        &self,
        told: impl Iterator<Item = &'b (Timestamp, f64)>,
        share: Share,
    ) -> Option<Finding> {
        let figures = by_day(told.map(|(at, value)| (*at, *value)), self.now);
        let (last_at, _) = *figures.last()?;
        let of = |range: std::ops::Range<f64>| -> Vec<f64> {
            figures
                .iter()
                .filter(|(at, _)| range.contains(&days(*at, self.now)))
                .map(|(_, value)| value.clamp(0.0, 1.0))
                .collect()
        };
        let recent = of(-1.0..7.0);
        let bad = recent.iter().filter(|value| **value >= share.least).count();
        let middle = median(&recent)?;
        if bad < BAD_DAYS || (bad as f64) < BAD_SHARE * recent.len() as f64 || middle < share.least
        {
            return None;
        }
        let before = median(&of(7.0..TREND_DAYS));
        let name = self.fleet.name(self.device);
        let mut why = vec![format!(
            "{} {} on a usual day of the last week; on {bad} of {} days it was {} or more.",
            wording::percent(middle),
            share.because,
            recent.len(),
            wording::percent(share.least)
        )];
        why.extend(
            before
                .map(|before| format!("In the weeks before it was {}.", wording::percent(before))),
        );
        let rising = before.is_some_and(|before| middle >= 2.0 * before.max(0.01));
        let severity = if rising || middle >= 2.0 * share.least {
            Severity::Medium
        } else {
            Severity::Low
        };
        Some(self.finding(
            &format!("capacity.{}", share.what),
            share.what,
            severity,
            1.0 + middle * 5.0,
            (figures.first().map_or(last_at, |(at, _)| *at), last_at),
            format!(
                "{name} {}: {} of the time this week",
                share.says,
                wording::percent(middle)
            ),
            why,
            figures.iter().rev().take(10).map(|(at, value)| {
                (
                    *at,
                    format!("{} {}", wording::percent(*value), share.because),
                )
            }),
            share.symptom,
        ))
    }

    #[allow(clippy::too_many_arguments)]
    fn finding(
        &self,
        detector: &str,
        what: &str,
        severity: Severity,
        score: f64,
        (from, to): (Timestamp, Timestamp),
        title: String,
        why: Vec<String>,
        rows: impl Iterator<Item = (Timestamp, String)>,
        symptom: &str,
    ) -> Finding {
        let mut facts = self.fleet.facts([self.device]);
        facts.symptoms = vec![symptom.to_owned()];
        Finding {
            kind: Kind::Capacity,
            detector: detector.to_owned(),
            subject: Subject::Device(self.device),
            cause: cause(Kind::Capacity, what, &format!("device:{}", self.device)),
            severity,
            confidence: 0.8,
            score: finite(score),
            from,
            to,
            title,
            why,
            evidence: rows
                .map(|(at, text)| EvidenceRow {
                    kind: "vitals".to_owned(),
                    device: Some(self.device),
                    at,
                    text,
                })
                .collect(),
            devices: vec![self.device],
            at_risk: Vec::new(),
            facts,
        }
    }
}

/// One figure per moment (the largest where several are told), oldest first, only finite and believable ones of the trend.
fn by_day(told: impl Iterator<Item = (Timestamp, f64)>, now: Timestamp) -> Vec<(Timestamp, f64)> {
    let mut figures: Vec<(Timestamp, f64)> = told
        .filter(|(at, value)| {
            value.is_finite()
                && *value >= 0.0
                && believable(*at, now)
                && days(*at, now) <= TREND_DAYS
        })
        .collect();
    figures.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.total_cmp(&a.1)));
    figures.dedup_by_key(|(at, _)| *at);
    figures
}

/// The same days with the largest rises (one in seven days) as large as a usual day's. What rises day by day still does;
/// what rose once no longer does.
fn without_jumps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let rates: Vec<f64> = points
        .windows(2)
        .map(|pair| finite((pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0)))
        .collect();
    let usual = median(&rates).unwrap_or(0.0);
    let span = points.last().map_or(0.0, |last| last.0 - points[0].0);
    let jumps = ((span / JUMP_EVERY).round() as usize).max(1);
    let mut largest: Vec<usize> = (0..rates.len()).collect();
    largest.sort_by(|a, b| {
        let rise = |index: &usize| points[index + 1].1 - points[*index].1;
        rise(b).total_cmp(&rise(a)).then_with(|| a.cmp(b))
    });
    largest.truncate(jumps);
    let mut taken = 0.0;
    let mut left = points.to_vec();
    for (index, rate) in rates.iter().enumerate() {
        if largest.contains(&index) && *rate > usual {
            taken += (rate - usual) * (points[index + 1].0 - points[index].0);
        }
        left[index + 1].1 -= taken;
    }
    left
}

/// The days after the last large fall: people who clean up start a new trend.
fn since_last_cleaning(usage: &[(Timestamp, f64)], limit: f64) -> &[(Timestamp, f64)] {
    const FALL: f64 = 0.05;
    let start = usage
        .windows(2)
        .rposition(|pair| pair[0].1 - pair[1].1 > FALL * limit)
        .map_or(0, |index| index + 1);
    &usage[start..]
}

fn whole(days: f64) -> String {
    if days.is_finite() {
        format!("{days:.0}")
    } else {
        "never".to_owned()
    }
}

/// "5 to 9 days"; what grows steadily is known to the hour, and "3 to 3 days" would say nothing. Tenths are rounded outwards.
fn between(low: f64, high: f64) -> String {
    if low.round() == high.round() {
        let (low, high) = ((low * 10.0).floor() / 10.0, (high * 10.0).ceil() / 10.0);
        format!("{low:.1} to {high:.1} days")
    } else {
        format!("{} to {}", whole(low), in_days(high))
    }
}

fn in_days(days: f64) -> String {
    if !days.is_finite() || days > 365.0 {
        "more than a year".to_owned()
    } else {
        wording::count(days.round().max(0.0) as usize, "day")
    }
}
