//! From a talk to its laptops: what the people here have in common, and how much more often their laptops end unexpectedly.
//!
//! **Invariant: what is told to somebody who is not staff passed [`anonymity`]**, and never names a program, an app or a team.
//! Not here: who takes part (threads), what was told before (the store).
//!
//! The comparison is a ratio of two Poisson rates, the part's over the rest of the fleet's, half an end added to each count:
//!
//! ```text
//! ratio = ((a + 0.5) / s) / ((b + 0.5) / t)          a, b: unexpected ends; s, t: device-days
//! var(ln ratio) = (1 / (a + 0.5) + 1 / (b + 0.5)) * dispersion
//! ```
//!
//! (Rothman, Greenland and Lash, *Modern Epidemiology*, ch. 14.) The dispersion, Pearson's chi-square over its freedom, widens the
//! interval when few laptops carry most ends: one wild laptop makes no cohort.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    anonymity::{self, Withheld},
    detect::{
        baseline::{Exposure, finite},
        wording,
    },
    device::{CohortBy, DeviceId, Traits},
};

/// Days that are looked at: a month is what people remember.
pub const DAYS: u32 = 30;
/// Parts told at once: more is a table, not an answer.
const MOST: usize = 8;
/// A driver or app is worth a word when most here have it, and clearly more often than the fleet.
const SHARE_HERE: f64 = 0.5;
const LIFT: f64 = 1.3;
/// A staff member is told about two laptops, but one laptop is a device page, not a cohort.
const LEAST_FOR_STAFF: usize = 2;

/// A laptop of the fleet in the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub device: DeviceId,
    pub traits: Traits,
    pub exposure: Exposure,
    /// "name version" of drivers and other components.
    pub components: Vec<String>,
    /// Catalog ids.
    pub apps: Vec<String>,
}

/// Who reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Not staff; with the own laptops.
    Peer { own: Vec<DeviceId> },
    /// Staff that may not see what people run.
    Technician,
    /// Staff that may.
    Reviewer,
}

/// A part of the laptops here that shares something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// `fleet`: everybody here.
    pub by: CohortBy,
    pub value: String,
    /// Laptops here that have it.
    pub here: usize,
    /// Times as many unexpected ends per day as the rest of the fleet; `None` when nothing was watched.
    pub ratio: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Unexpected ends and days watched; for staff only, peers get `None`.
    pub ends: Option<u32>,
    pub days: Option<f64>,
    /// Share of laptops here, and in the rest of the fleet, that have it.
    pub share_here: f64,
    pub share_elsewhere: Option<f64>,
    pub words: String,
}

/// A figure that is not told, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    pub by: CohortBy,
    pub why: String,
}

/// What may be said, with the sets behind it so that the store can remember them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub parts: Vec<(Part, BTreeSet<DeviceId>)>,
    pub silences: Vec<Silence>,
}

/// A figure told before: it is repeated while the group has hardly changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub by: CohortBy,
    pub value: String,
    pub devices: BTreeSet<DeviceId>,
    /// The part as it was told in this very talk; `None`: it was told in another.
    pub here: Option<Part>,
}

impl Told {
    /// A group that was told as something else than a cohort of a talk.
    pub fn elsewhere(devices: BTreeSet<DeviceId>) -> Self {
        Self {
            by: CohortBy::Fleet,
            value: String::new(),
            devices,
            here: None,
        }
    }
}

/// What the laptops `here` share, the most telling first.
pub fn about(
    here: &BTreeSet<DeviceId>,
    fleet: &[Member],
    audience: &Audience,
    told: &[Told],
) -> Report {
    let present: Vec<&Member> = fleet
        .iter()
        .filter(|member| here.contains(&member.device))
        .collect();
    let whole: BTreeSet<DeviceId> = present.iter().map(|member| member.device).collect();
    let mut report = Report::default();
    if let Audience::Peer { own } = audience
        && let Some(kept) = unchanged(&whole, told, own)
    {
        return kept;
    }
    let mut silent: BTreeSet<CohortBy> = BTreeSet::new();
    for (by, value, devices) in candidates(&present, fleet, audience) {
        if report.parts.len() >= MOST {
            break;
        }
        let Audience::Peer { own } = audience else {
            if devices.len() >= LEAST_FOR_STAFF {
                report
                    .parts
                    .push((part(by, &value, &devices, &whole, fleet, true), devices));
            }
            continue;
        };
        let mut before: Vec<BTreeSet<DeviceId>> =
            told.iter().map(|one| one.devices.clone()).collect();
        // What this very answer says counts as said: two sorts of groups can be one inside the other.
        before.extend(report.parts.iter().map(|(_, devices)| devices.clone()));
        let elsewhere = fleet.len().saturating_sub(devices.len());
        match anonymity::may_tell(&devices, &whole, elsewhere, own, &before) {
            Ok(()) => report
                .parts
                .push((part(by, &value, &devices, &whole, fleet, false), devices)),
            Err(why) => silence(&mut report, &mut silent, by, why),
        }
    }
    if let Audience::Peer { own } = audience {
        hide_rests(&mut report, &whole, own, &mut silent);
    }
    report
}

/// All models together must not leave a few laptops of the talk over, nor all builds: the smallest group gives way.
fn hide_rests(
    report: &mut Report,
    whole: &BTreeSet<DeviceId>,
    own: &[DeviceId],
    silent: &mut BTreeSet<CohortBy>,
) {
    for by in [CohortBy::Model, CohortBy::OsBuild] {
        loop {
            let parts = report.parts.iter().filter(|(part, _)| part.by == by);
            let sets = parts.clone().map(|(_, devices)| devices);
            if anonymity::rest_is_hidden(whole, sets, own) {
                break;
            }
            let smallest = parts.min_by_key(|(part, _)| part.here);
            let Some(value) = smallest.map(|(part, _)| part.value.clone()) else {
                break;
            };
            let is_it = |part: &Part| part.by == by && part.value == value;
            report.parts.retain(|(part, _)| !is_it(part));
            silence(report, silent, by, Withheld::Others);
        }
    }
}

/// The answer of before, whole: where few have come or gone, any figure made anew, next to an old one, would be about them.
fn unchanged(whole: &BTreeSet<DeviceId>, told: &[Told], own: &[DeviceId]) -> Option<Report> {
    let here = || told.iter().filter(|one| one.here.is_some());
    let before = here().find(|one| one.by == CohortBy::Fleet)?;
    if before.devices == *whole || anonymity::is_apart(&before.devices, whole, own) {
        return None;
    }
    let mut parts: Vec<(Part, BTreeSet<DeviceId>)> = here()
        .filter(|one| stays(one, own))
        .filter_map(|one| Some((one.here.clone()?, one.devices.clone())))
        .collect();
    // As they were told first: sort by sort, the largest before the smaller.
    parts.sort_by(|(a, _), (b, _)| {
        let key = |part: &Part| (part.by, std::cmp::Reverse(part.here), part.value.clone());
        key(a).cmp(&key(b))
    });
    Some(Report {
        parts,
        silences: vec![Silence {
            by: CohortBy::Fleet,
            why: Withheld::Near.words().to_owned(),
        }],
    })
}

/// An old figure is still about enough others for this listener.
fn stays(one: &Told, own: &[DeviceId]) -> bool {
    let others = one.devices.iter().filter(|device| !own.contains(device));
    others.count() >= anonymity::FLOOR
}

/// Said once per sort: which values are too rare is itself a fact about few.
fn silence(report: &mut Report, silent: &mut BTreeSet<CohortBy>, by: CohortBy, why: Withheld) {
    if silent.insert(by) {
        report.silences.push(Silence {
            by,
            why: why.words().to_owned(),
        });
    }
}

type Candidate = (CohortBy, String, BTreeSet<DeviceId>);

/// Everybody here, then models and builds by size, then what is far more common here than elsewhere.
fn candidates(present: &[&Member], fleet: &[Member], audience: &Audience) -> Vec<Candidate> {
    let everybody = present.iter().map(|member| member.device).collect();
    let mut found: Vec<Candidate> = vec![(CohortBy::Fleet, String::new(), everybody)];
    let sorted = |by: CohortBy, least_lift: Option<f64>| {
        let mut groups: Vec<Candidate> = grouped(present, by)
            .into_iter()
            .filter(|(value, devices)| {
                least_lift.is_none_or(|least| {
                    let share = devices.len() as f64 / present.len().max(1) as f64;
                    let elsewhere = share_elsewhere(by, value, present, fleet).unwrap_or(0.0);
                    share >= SHARE_HERE && share >= least * elsewhere
                })
            })
            .map(|(value, devices)| (by, value, devices))
            .collect();
        groups.sort_by(|a, b| b.2.len().cmp(&a.2.len()).then_with(|| a.1.cmp(&b.1)));
        groups.truncate(MOST);
        groups
    };
    found.extend(sorted(CohortBy::Model, None));
    found.extend(sorted(CohortBy::OsBuild, None));
    found.extend(sorted(CohortBy::Component, Some(LIFT)));
    if !matches!(audience, Audience::Peer { .. }) {
        found.extend(sorted(CohortBy::Team, Some(LIFT)));
    }
    if *audience == Audience::Reviewer {
        found.extend(sorted(CohortBy::App, Some(LIFT)));
    }
    found
}

fn grouped(members: &[&Member], by: CohortBy) -> BTreeMap<String, BTreeSet<DeviceId>> {
    let mut groups: BTreeMap<String, BTreeSet<DeviceId>> = BTreeMap::new();
    for member in members {
        for value in values(member, by).into_iter().filter(|v| !v.is_empty()) {
            groups
                .entry(value.to_owned())
                .or_default()
                .insert(member.device);
        }
    }
    groups
}

fn values(member: &Member, by: CohortBy) -> Vec<&str> {
    match by {
        CohortBy::Fleet => vec![""],
        CohortBy::Model => vec![&member.traits.model],
        CohortBy::OsBuild => vec![&member.traits.os_build],
        CohortBy::Team => vec![&member.traits.team],
        CohortBy::Component => member.components.iter().map(String::as_str).collect(),
        CohortBy::App => member.apps.iter().map(String::as_str).collect(),
    }
}

fn share_elsewhere(
    by: CohortBy,
    value: &str,
    present: &[&Member],
    fleet: &[Member],
) -> Option<f64> {
    let here: BTreeSet<DeviceId> = present.iter().map(|member| member.device).collect();
    let rest = || fleet.iter().filter(|member| !here.contains(&member.device));
    let all = rest().count();
    let with = rest()
        .filter(|member| values(member, by).contains(&value))
        .count();
    (all > 0).then(|| with as f64 / all as f64)
}

fn part(
    by: CohortBy,
    value: &str,
    devices: &BTreeSet<DeviceId>,
    whole: &BTreeSet<DeviceId>,
    fleet: &[Member],
    for_staff: bool,
) -> Part {
    let (mine, rest): (Vec<&Member>, Vec<&Member>) = fleet
        .iter()
        .partition(|member| devices.contains(&member.device));
    let (own, others) = (sum(&mine), sum(&rest));
    let ratio = rate_ratio(own, others, dispersion(&mine));
    let present: Vec<&Member> = fleet
        .iter()
        .filter(|member| whole.contains(&member.device))
        .collect();
    let elsewhere = share_elsewhere(by, value, &present, fleet);
    Part {
        by,
        value: value.to_owned(),
        here: devices.len(),
        ratio: ratio.map(|ratio| tenth(ratio.ratio)),
        low: ratio.map(|ratio| tenth(ratio.low)),
        high: ratio.map(|ratio| tenth(ratio.high)),
        ends: for_staff.then_some(own.ends),
        days: for_staff.then_some(finite(own.days).round()),
        share_here: hundredth(devices.len() as f64 / whole.len().max(1) as f64),
        // How common it is outside says nothing about the people here, but for a rare thing it says who has it.
        share_elsewhere: elsewhere
            .filter(|_| for_staff && by != CohortBy::Fleet)
            .map(hundredth),
        words: words(by, value, devices.len(), whole.len(), ratio),
    }
}

fn words(by: CohortBy, value: &str, here: usize, whole: usize, ratio: Option<Ratio>) -> String {
    let who = match by {
        CohortBy::Fleet => format!("All {} here", wording::count(here, "laptop")),
        CohortBy::Model => format!("{here} of {whole} laptops here are {value}"),
        CohortBy::OsBuild => format!("{here} of {whole} run build {value}"),
        CohortBy::Team => format!("{here} of {whole} belong to {value}"),
        CohortBy::Component => format!("{here} of {whole} have {value}"),
        CohortBy::App => format!("{here} of {whole} use {value}"),
    };
    let Some(Ratio { ratio, low, high }) = ratio else {
        return format!("{who}; nothing was watched that they could be compared by.");
    };
    let interval = format!("(95 % interval {low:.1} to {high:.1}, last {DAYS} days)");
    if low > 1.0 {
        format!(
            "{who}: their unexpected restarts are {} the rest of the fleet's {interval}.",
            wording::times(ratio)
        )
    } else if high < 1.0 {
        format!(
            "{who}: they restart unexpectedly less often than the rest of the fleet, {} {interval}.",
            wording::times(ratio)
        )
    } else {
        format!(
            "{who}: no difference to the rest of the fleet can be shown, {} {interval}.",
            wording::times(ratio)
        )
    }
}

/// Times as often, with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
}

/// Of two rates; `None` when one side was not watched.
pub fn rate_ratio(own: Exposure, others: Exposure, dispersion: f64) -> Option<Ratio> {
    let watched = |seen: Exposure| seen.days.is_finite() && seen.days > 0.0;
    if !watched(own) || !watched(others) {
        return None;
    }
    let count = |seen: Exposure| f64::from(seen.ends) + 0.5;
    let ratio = (count(own) / own.days) / (count(others) / others.days);
    let spread = (1.0 / count(own) + 1.0 / count(others)) * finite(dispersion).clamp(1.0, 100.0);
    let reach = 1.96 * spread.sqrt();
    Some(Ratio {
        ratio: finite(ratio),
        low: finite(ratio * (-reach).exp()),
        high: finite(ratio * reach.exp()),
    })
}

fn dispersion(members: &[&Member]) -> f64 {
    let exposures: Vec<Exposure> = members.iter().map(|member| member.exposure).collect();
    overdispersion(&exposures)
}

/// How much counts vary beyond Poisson (Pearson's chi-square over its freedom), never below 1.
pub fn overdispersion(exposures: &[Exposure]) -> f64 {
    let ends: f64 = exposures.iter().map(|seen| f64::from(seen.ends)).sum();
    let days: f64 = exposures.iter().map(|seen| seen.days.max(0.0)).sum();
    let rate = ends / days.max(0.1);
    let chi: f64 = exposures
        .iter()
        .filter(|seen| seen.days > 0.0)
        .map(|seen| {
            let expected = (rate * seen.days).max(1e-6);
            (f64::from(seen.ends) - expected).powi(2) / expected
        })
        .sum();
    finite(chi / exposures.len().saturating_sub(1).max(1) as f64).clamp(1.0, 10.0)
}

fn sum(members: &[&Member]) -> Exposure {
    members
        .iter()
        .map(|member| member.exposure)
        .filter(|seen| seen.days.is_finite() && seen.days > 0.0)
        .fold(Exposure { ends: 0, days: 0.0 }, |sum, seen| Exposure {
            ends: sum.ends.saturating_add(seen.ends),
            days: sum.days + seen.days,
        })
}

fn tenth(value: f64) -> f64 {
    (finite(value) * 10.0).round() / 10.0
}

fn hundredth(value: f64) -> f64 {
    (finite(value) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn id(n: u128) -> DeviceId {
        DeviceId(Uuid::from_u128(n))
    }

    fn member(n: u128, model: &str, ends: u32) -> Member {
        Member {
            device: id(n),
            traits: Traits {
                model: model.to_owned(),
                os_build: "22631".to_owned(),
                team: "Design".to_owned(),
                ..Traits::default()
            },
            exposure: Exposure { ends, days: 30.0 },
            components: vec![format!(
                "gpu {}",
                if model == "T14" { "31.1" } else { "30.2" }
            )],
            apps: vec!["dropbox".to_owned()],
        }
    }

    /// 14 laptops here, 9 of them T14 with 6 ends each, in a fleet of 60 with 1 end each.
    fn fleet() -> (BTreeSet<DeviceId>, Vec<Member>) {
        let mut fleet: Vec<Member> = (0..9).map(|n| member(n, "T14", 6)).collect();
        fleet.extend((9..60).map(|n| member(n, "X1", 1)));
        ((0..14).map(id).collect(), fleet)
    }

    fn peer() -> Audience {
        Audience::Peer { own: vec![id(0)] }
    }

    #[test]
    fn nine_of_fourteen_restart_six_times_as_often() {
        let (here, fleet) = fleet();
        let report = about(&here, &fleet, &peer(), &[]);
        let (part, devices) = report
            .parts
            .iter()
            .find(|(part, _)| part.by == CohortBy::Model)
            .unwrap();
        assert_eq!((part.here, part.value.as_str()), (9, "T14"));
        assert_eq!(devices.len(), 9);
        assert!(
            part.words.starts_with(
                "9 of 14 laptops here are T14: their unexpected restarts are 6.0 times the rest of the fleet's"
            ),
            "{}",
            part.words
        );
        assert!(
            part.low.unwrap() > 3.0 && part.high.unwrap() < 12.0,
            "{part:?}"
        );
        assert_eq!((part.ends, part.share_elsewhere), (None, None));
    }

    #[test]
    fn peers_hear_no_app_and_no_team_and_staff_by_its_table() {
        let (here, mut fleet) = fleet();
        // Nobody elsewhere has the app or the team, so that both are worth a word.
        for member in fleet.iter_mut().filter(|one| !here.contains(&one.device)) {
            member.apps.clear();
            member.traits.team = "Sales".to_owned();
        }
        let sorts = |audience: &Audience| -> BTreeSet<CohortBy> {
            let report = about(&here, &fleet, audience, &[]);
            report.parts.iter().map(|(part, _)| part.by).collect()
        };
        let technician = sorts(&Audience::Technician);
        let reviewer = sorts(&Audience::Reviewer);
        let peers = sorts(&peer());
        assert!(!peers.contains(&CohortBy::App) && !peers.contains(&CohortBy::Team));
        assert!(!technician.contains(&CohortBy::App) && technician.contains(&CohortBy::Team));
        assert!(reviewer.contains(&CohortBy::App));
    }

    #[test]
    fn small_groups_are_not_told_and_say_so() {
        let (_, fleet) = fleet();
        let few: BTreeSet<DeviceId> = (0..4).map(id).collect();
        let report = about(&few, &fleet, &peer(), &[]);
        assert!(report.parts.is_empty());
        assert!(report.silences.iter().any(|one| one.by == CohortBy::Model));
        assert!(
            !about(&few, &fleet, &Audience::Technician, &[])
                .parts
                .is_empty()
        );
    }

    #[test]
    fn a_figure_stays_while_the_group_hardly_changes() {
        let (mut here, fleet) = fleet();
        let first = about(&here, &fleet, &peer(), &[]);
        let told: Vec<Told> = first
            .parts
            .iter()
            .map(|(part, devices)| Told {
                by: part.by,
                value: part.value.clone(),
                devices: devices.clone(),
                here: Some(part.clone()),
            })
            .collect();
        here.remove(&id(3));
        let mut fleet = fleet;
        fleet[4].exposure.ends = 60;
        let again = about(&here, &fleet, &peer(), &told);
        let model = |report: &Report| {
            let found = report
                .parts
                .iter()
                .find(|(part, _)| part.by == CohortBy::Model);
            found.map(|(part, _)| part.clone())
        };
        assert_eq!(model(&again), model(&first));
        assert_eq!(again.parts, first.parts, "the whole answer stays");
        // In another talk with almost the same people nothing is told about almost the same group.
        let elsewhere: Vec<Told> = told
            .into_iter()
            .map(|one| Told { here: None, ..one })
            .collect();
        let other = about(&here, &fleet, &peer(), &elsewhere);
        assert!(
            other
                .parts
                .iter()
                .all(|(part, _)| part.value != "T14" && part.by != CohortBy::Fleet)
        );
    }

    proptest! {
        #[test]
        fn any_numbers_give_finite_figures(
            ends in proptest::collection::vec((0_u32..u32::MAX, -1.0_f64..1e9), 1..40),
            here in 0_usize..40,
        ) {
            let fleet: Vec<Member> = ends
                .iter()
                .enumerate()
                .map(|(n, (ends, days))| Member {
                    exposure: Exposure { ends: *ends, days: *days },
                    ..member(n as u128, if n % 2 == 0 { "T14" } else { "X1" }, 0)
                })
                .collect();
            let here: BTreeSet<DeviceId> = (0..here as u128).map(id).collect();
            for audience in [peer(), Audience::Technician, Audience::Reviewer] {
                let report = about(&here, &fleet, &audience, &[]);
                for (part, devices) in &report.parts {
                    for figure in [part.ratio, part.low, part.high].into_iter().flatten() {
                        prop_assert!(figure.is_finite() && figure >= 0.0);
                    }
                    if audience == peer() {
                        prop_assert!(devices.iter().filter(|one| **one != id(0)).count() >= anonymity::FLOOR);
                        prop_assert!(part.ends.is_none() && part.days.is_none());
                    }
                }
                for (index, (_, one)) in report.parts.iter().enumerate() {
                    for (_, other) in &report.parts[..index] {
                        prop_assert!(audience != peer() || anonymity::is_apart(one, other, &[id(0)]));
                    }
                }
            }
        }
    }
}
