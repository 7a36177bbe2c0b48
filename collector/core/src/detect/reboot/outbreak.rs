//! Like devices that fail together: who is affected, what they share that the spared do not, who is next.
//!
//! For each window (3, 7, 14 days) a device is *hit* when it had an unexpected end there. For each cohort (model, OS
//! build, component version, app, team, and a model on one build or component) two tests must agree:
//!
//! 1. *against the others*: Fisher's exact test and the risk ratio's interval (hit here, hit elsewhere, same window);
//! 2. *against what is usual*: the binomial tail under the share of devices that is hit in such a window when nothing is
//!    wrong, from the fleet's own prior ([`crate::detect::baseline`]). Without it one unlucky pair in ten is an outbreak.
//!
//! Where one device has more ends than all other affected ones together, it has trouble of its own, and the tests are asked
//! about the others alone: a sick laptop and two unlucky ones are no outbreak. What was always there explains worse why it
//! begins now than what came lately, so a stock trait needs a smaller chance than a fresh version.
//!
//! The chance of the second is multiplied by the number of different sets of devices tried, and a window shorter than a
//! week is taken for working days, on which laptops are used and fail. Component versions that came in the last weeks
//! are asked about first and on their own: they are few, and they are what changed. Of several cohorts that explain
//! the same devices the one that explains best wins (likelihood), and a plainer one wins over a combination that
//! explains hardly better. Its devices are taken out and the search is repeated for what remains.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    detect::{
        Settings,
        baseline::{Exposure, RiskRatio, TwoByTwo, binomial_tail, finite, learn},
        fleet::{DAY, Fleet, days, days_before, devices_by_app},
        reboot::history::{End, History},
        wording,
    },
    device::{Cohort, CohortBy, DeviceId},
    evidence::Evidence,
    finding::{EvidenceRow, Finding, Kind, Severity, Subject, cause},
};

const WINDOWS: [f64; 3] = [3.0, 7.0, 14.0];
/// More at once than this is one large trouble seen in pieces.
const MOST_OUTBREAKS: usize = 5;
/// What a combination must explain better (nats) than the plain cohort it refines.
const COMBINATION_COSTS: f64 = 3.0;
/// A driver or package version that came to its devices in the last weeks explains a change; one that was always there
/// does not. What it explains better for that (nats), and how new it must be on how many of its devices.
const FRESHNESS: f64 = 3.0;
const FRESH_DAYS: f64 = 21.0;
const FRESH_SHARE: f64 = 0.8;
/// What a trait that was always there must stay below, as a share of the allowed chance.
const STOCK_CHANCE: f64 = 0.25;
/// Share of a cohort that must be hit.
const LEAST_SHARE: f64 = 0.1;

/// A cohort, possibly narrowed by a second trait.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    first: Cohort,
    second: Option<Cohort>,
}

#[derive(Clone, Debug)]
pub struct Outbreak {
    group: Group,
    pub affected: BTreeSet<DeviceId>,
    exposed: BTreeSet<DeviceId>,
    table: TwoByTwo,
    ratio: Option<RiskRatio>,
    chance: f64,
    window: f64,
    usual: f64,
    /// "kernel 6.1.0-18 (10 of 11, spared: 1 of 27)".
    shared: Vec<String>,
    since: Timestamp,
}

pub fn find(
    fleet: &Fleet<'_>,
    evidence: &Evidence,
    histories: &[History],
    settings: &Settings,
) -> Vec<Outbreak> {
    let mut groups = groups(fleet, evidence);
    let fresh = fresh(fleet, evidence.now);
    let usual = usual(histories, settings);
    let mut left: BTreeSet<DeviceId> = fleet
        .devices()
        .filter(|(_, device)| days(device.last_report, evidence.now) <= settings.late_after_days)
        .map(|(id, _)| id)
        .collect();
    let mut outbreaks = Vec::new();
    while outbreaks.len() < MOST_OUTBREAKS {
        let Some(mut found) = best(&groups, &fresh, &left, histories, &usual, settings) else {
            break;
        };
        found.shared = shared(&groups, &found, &left);
        found.since = since(&found, histories, evidence.now);
        left.retain(|device| !found.exposed.contains(device));
        groups.retain(|group, _| *group != found.group);
        outbreaks.push(found);
    }
    outbreaks
}

pub fn finding(
    outbreak: &Outbreak,
    fleet: &Fleet<'_>,
    histories: &[History],
    settings: &Settings,
) -> Finding {
    let table = outbreak.table;
    let who = outbreak.group.words();
    let mut rows: Vec<(&History, &End)> = histories
        .iter()
        .filter(|history| outbreak.affected.contains(&history.device))
        .flat_map(|history| {
            history
                .unexpected()
                .filter(|end| end.age <= outbreak.window)
                .map(move |end| (history, end))
        })
        .collect();
    rows.sort_by(|a, b| {
        b.1.at
            .cmp(&a.1.at)
            .then_with(|| a.0.device.cmp(&b.0.device))
    });
    let to = rows.first().map_or(outbreak.since, |(_, end)| end.at);
    let times = outbreak.ratio.map(|ratio| ratio.ratio);

    let others = match table.of_elsewhere {
        0 => String::new(),
        others => format!(
            "; of the other {} it was {} ({})",
            wording::count(others as usize, "device"),
            table.hit_elsewhere,
            wording::percent(table.share_elsewhere())
        ),
    };
    let mut why = vec![format!(
        "{} of {} {who} ({}) had an unexpected restart in the last {:.0} days{others}.",
        table.hit,
        table.of,
        wording::percent(table.share()),
        outbreak.window,
    )];
    if let Some(ratio) = outbreak.ratio {
        why.push(format!(
            "That is a risk ratio of {:.1} (95 % interval {:.1} to {:.1}).",
            ratio.ratio, ratio.low, ratio.high
        ));
    }
    why.push(format!(
        "In a usual stretch of {:.0} days {} of the devices are hit.",
        outbreak.window,
        wording::percent(outbreak.usual)
    ));
    if !outbreak.shared.is_empty() {
        why.push(format!(
            "The affected share what the spared do not: {}.",
            wording::list(&outbreak.shared, 4)
        ));
    }
    let codes = code_counts(&rows);
    if let Some((code, count)) = codes.first() {
        why.push(if *count == rows.len() && *count > 1 {
            format!("All {count} ends name {code}.")
        } else {
            format!("{count} of the {} ends name {code}.", rows.len())
        });
    }
    why.extend(super::beat_words(
        &outbreak.affected,
        histories,
        fleet,
        settings,
    ));
    let beating = histories
        .iter()
        .filter(|history| outbreak.affected.contains(&history.device))
        .filter(|history| super::periodic::of_device(history, settings).is_some())
        .count();
    if beating > 0 {
        why.push(format!(
            "{} of them restart with a regular beat.",
            wording::count(beating, "device")
        ));
    }
    let at_risk: Vec<DeviceId> = outbreak
        .exposed
        .difference(&outbreak.affected)
        .copied()
        .collect();
    if !at_risk.is_empty() {
        why.push(format!(
            "{} with the same traits were spared so far.",
            wording::count(at_risk.len(), "device")
        ));
    }
    let share = table.share();
    let severity = if table.hit >= 5 && share >= 0.25 {
        Severity::High
    } else {
        Severity::Medium
    };
    let mut facts = fleet.facts(outbreak.affected.iter().copied());
    outbreak.group.narrow(&mut facts);
    facts.symptoms = vec!["unexpected_restart".to_owned()];
    if rows
        .iter()
        .any(|(_, end)| end.end == crate::event::BootEnd::Crash)
    {
        facts.symptoms.push("crash".to_owned());
    }
    facts.codes = codes.iter().take(5).map(|(code, _)| code.clone()).collect();
    Finding {
        kind: Kind::Reboot,
        detector: "reboot.outbreak".to_owned(),
        subject: Subject::Cohort(outbreak.group.first.clone()),
        cause: cause(
            Kind::Reboot,
            &format!("outbreak:{}", outbreak.group.key()),
            "fleet",
        ),
        severity,
        confidence: (1.0 - outbreak.chance).clamp(0.5, 0.99),
        score: 30.0 - finite(outbreak.chance.log10()) + f64::from(table.hit),
        from: outbreak.since,
        to,
        title: format!(
            "{} of {} {who} restart unexpectedly{}, since {}",
            table.hit,
            table.of,
            times.map_or(String::new(), |ratio| format!(
                ", {} the rest of the fleet",
                wording::times(ratio)
            )),
            wording::day(outbreak.since)
        ),
        why,
        evidence: rows
            .iter()
            .take(crate::detect::EVIDENCE_LIMIT)
            .map(|(history, end)| EvidenceRow {
                kind: "boot".to_owned(),
                device: Some(history.device),
                at: end.at,
                text: end.words(),
            })
            .collect(),
        devices: outbreak.affected.iter().copied().collect(),
        at_risk,
        facts,
    }
}

/// Every group of at least two devices, with its members.
fn groups(fleet: &Fleet<'_>, evidence: &Evidence) -> BTreeMap<Group, BTreeSet<DeviceId>> {
    let by_app = devices_by_app(evidence);
    let mut apps: BTreeMap<DeviceId, Vec<Cohort>> = BTreeMap::new();
    for (app, devices) in &by_app {
        for device in devices {
            apps.entry(*device).or_default().push(Cohort {
                by: CohortBy::App,
                value: app.clone(),
            });
        }
    }
    let mut groups: BTreeMap<Group, BTreeSet<DeviceId>> = BTreeMap::new();
    for (device, about) in fleet.devices() {
        let mut traits = fleet.cohorts(device);
        let model = traits
            .iter()
            .find(|cohort| cohort.by == CohortBy::Model)
            .cloned();
        traits.extend(
            about
                .components
                .iter()
                .filter(|c| !c.name.is_empty())
                .map(version),
        );
        traits.extend(apps.remove(&device).unwrap_or_default());
        for cohort in traits {
            if let Some(model) = &model
                && matches!(cohort.by, CohortBy::OsBuild | CohortBy::Component)
            {
                let pair = Group {
                    first: model.clone(),
                    second: Some(cohort.clone()),
                };
                groups.entry(pair).or_default().insert(device);
            }
            let alone = Group {
                first: cohort,
                second: None,
            };
            groups.entry(alone).or_default().insert(device);
        }
    }
    let whole = Group {
        first: Cohort {
            by: CohortBy::Fleet,
            value: "fleet".to_owned(),
        },
        second: None,
    };
    groups.insert(whole, fleet.devices().map(|(id, _)| id).collect());
    groups.retain(|_, members| members.len() >= 2);
    groups
}

/// Share of devices that are hit in each window when nothing is wrong, from all ends older than the longest window.
fn usual(histories: &[History], settings: &Settings) -> [f64; 3] {
    let past: Vec<Exposure> = histories
        .iter()
        .map(|history| history.before(14.0))
        .collect();
    let known: f64 = past.iter().map(|exposure| exposure.days).sum();
    // A young fleet has no past: its whole time must serve, without the devices that stand out.
    let prior = if known >= 30.0 {
        learn(&past).0.prior()
    } else {
        let whole: Vec<Exposure> = histories
            .iter()
            .map(|h| h.last(settings.history_days))
            .collect();
        learn(&whole).0.prior()
    };
    WINDOWS.map(|window| {
        let weekdays = if window < 7.0 { 7.0 / 5.0 } else { 1.0 };
        prior.chance_of_at_least(1, window * weekdays)
    })
}

/// Component versions that most of their devices got lately, and not with their first report.
fn fresh(fleet: &Fleet<'_>, now: Timestamp) -> BTreeSet<Cohort> {
    let mut counts: BTreeMap<Cohort, (usize, usize)> = BTreeMap::new();
    for (_, about) in fleet.devices() {
        for component in &about.components {
            let age = days(component.since, now);
            let came = (0.0..=FRESH_DAYS).contains(&age)
                && days(about.first_report, component.since) >= 1.0;
            let of = counts.entry(version(component)).or_default();
            of.0 += usize::from(came);
            of.1 += 1;
        }
    }
    counts
        .into_iter()
        .filter(|(_, (came, all))| *came as f64 >= FRESH_SHARE * *all as f64)
        .map(|(cohort, _)| cohort)
        .collect()
}

fn version(component: &crate::evidence::Component) -> Cohort {
    Cohort {
        by: CohortBy::Component,
        value: format!("{} {}", component.name, component.version),
    }
}

fn best(
    groups: &BTreeMap<Group, BTreeSet<DeviceId>>,
    fresh: &BTreeSet<Cohort>,
    left: &BTreeSet<DeviceId>,
    histories: &[History],
    usual: &[f64; 3],
    settings: &Settings,
) -> Option<Outbreak> {
    let mut found: Vec<(f64, Outbreak)> = Vec::new();
    // Questions asked about stock, and about what is fresh.
    let mut tried: [BTreeSet<(BTreeSet<DeviceId>, usize)>; 2] = Default::default();
    for (window, usual) in WINDOWS.into_iter().zip(usual) {
        let hit: BTreeSet<DeviceId> = histories
            .iter()
            .filter(|history| {
                left.contains(&history.device) && history.unexpected_within(window) > 0
            })
            .map(|history| history.device)
            .collect();
        if hit.len() < settings.outbreak_least as usize {
            continue;
        }
        let ends: BTreeMap<DeviceId, u32> = histories
            .iter()
            .filter(|history| hit.contains(&history.device))
            .map(|history| (history.device, history.unexpected_within(window)))
            .collect();
        for (group, members) in groups {
            let affected: BTreeSet<DeviceId> = members.intersection(&hit).copied().collect();
            if affected.len() < settings.outbreak_least as usize {
                continue;
            }
            let exposed: BTreeSet<DeviceId> = members.intersection(left).copied().collect();
            // A small fleet's model, build and driver are often the same devices: one question, not three.
            let is_fresh = fresh.contains(&group.first) && group.second.is_none();
            tried[usize::from(is_fresh)].insert((affected.clone(), exposed.len()));
            let table = TwoByTwo {
                hit: affected.len() as u32,
                of: exposed.len() as u32,
                hit_elsewhere: (hit.len() - affected.len()) as u32,
                of_elsewhere: (left.len() - exposed.len()) as u32,
            };
            let alone = u32::from(one_carries_it(&affected, &ends));
            let judged = TwoByTwo {
                hit: table.hit - alone,
                of: table.of - alone,
                ..table
            };
            let chance = binomial_tail(judged.hit, judged.of, *usual);
            let stands_out = match group.first.by {
                CohortBy::Fleet => whole_stands_out(judged, chance),
                _ => stands_out(judged, chance, settings),
            };
            if !stands_out || !is_present(&affected, histories, settings) {
                continue;
            }
            let gain = table.gain() + if is_fresh { FRESHNESS } else { 0.0 }
                - if group.second.is_some() {
                    COMBINATION_COSTS
                } else {
                    0.0
                };
            let outbreak = Outbreak {
                group: group.clone(),
                affected,
                exposed,
                table,
                ratio: table.risk_ratio(),
                chance,
                window,
                usual: *usual,
                shared: Vec::new(),
                since: Timestamp::MIN,
            };
            found.push((gain, outbreak));
        }
    }
    found
        .into_iter()
        .map(|(gain, mut outbreak)| {
            let is_fresh = fresh.contains(&outbreak.group.first) && outbreak.group.second.is_none();
            let asked = tried[1].len() + if is_fresh { 0 } else { tried[0].len() };
            outbreak.chance = finite(outbreak.chance * asked as f64).clamp(0.0, 1.0);
            let allowed = settings.outbreak_chance * if is_fresh { 1.0 } else { STOCK_CHANCE };
            (gain, outbreak, allowed)
        })
        .filter(|(_, outbreak, allowed)| outbreak.chance <= *allowed)
        .map(|(gain, outbreak, _)| (gain, outbreak))
        .max_by(|(a, left), (b, right)| {
            // Equal explanations: the one that says more about a remedy, then the name, so that rounds agree.
            (a * 1e6)
                .round()
                .total_cmp(&(b * 1e6).round())
                .then_with(|| left.group.preference().cmp(&right.group.preference()))
                .then_with(|| right.window.total_cmp(&left.window))
                .then_with(|| right.group.cmp(&left.group))
        })
        .map(|(_, outbreak)| outbreak)
}

/// The two tests of the head comment, before correction.
fn stands_out(table: TwoByTwo, chance: f64, settings: &Settings) -> bool {
    // Without others there is no comparison, and without a comparison no claim about a cohort.
    if table.of_elsewhere == 0 || table.share() < LEAST_SHARE || chance > settings.outbreak_chance {
        return false;
    }
    let ratio = table.risk_ratio();
    let wide_enough = ratio.is_some_and(|ratio| ratio.low >= settings.outbreak_ratio);
    // Where nobody else was hit in a small fleet the interval is wide though the contrast is total.
    let total = table.hit_elsewhere == 0 && table.share() >= 0.5;
    (wide_enough || total) && table.chance() <= 0.05
}

/// One device has more ends than all the others together.
fn one_carries_it(affected: &BTreeSet<DeviceId>, ends: &BTreeMap<DeviceId, u32>) -> bool {
    let of = |device: &DeviceId| ends.get(device).copied().unwrap_or(0);
    let all: u32 = affected.iter().map(of).sum();
    let most = affected.iter().map(of).max().unwrap_or(0);
    2 * most > all
}

/// The whole fleet can only be compared with its own usual weeks, so much more is asked of it.
fn whole_stands_out(table: TwoByTwo, chance: f64) -> bool {
    const LEAST: u32 = 6;
    const SHARE: f64 = 0.5;
    const CHANCE: f64 = 1e-5;
    table.hit >= LEAST && table.share() >= SHARE && chance <= CHANCE
}

/// Somebody was hit in the last days: what ended two weeks ago is no outbreak of today.
fn is_present(affected: &BTreeSet<DeviceId>, histories: &[History], settings: &Settings) -> bool {
    histories
        .iter()
        .filter(|history| affected.contains(&history.device))
        .any(|history| history.unexpected_within(settings.recent_days) > 0)
}

/// Traits that at least four of five affected devices have and at most one of three spared, best contrast first.
fn shared(
    groups: &BTreeMap<Group, BTreeSet<DeviceId>>,
    found: &Outbreak,
    left: &BTreeSet<DeviceId>,
) -> Vec<String> {
    let spared: BTreeSet<DeviceId> = left.difference(&found.affected).copied().collect();
    let mut traits: Vec<(f64, String)> = groups
        .iter()
        .filter(|(group, _)| group.second.is_none() && !found.group.says(&group.first))
        .filter_map(|(group, members)| {
            let hit = members.intersection(&found.affected).count();
            let safe = members.intersection(&spared).count();
            let of_hit = hit as f64 / found.affected.len().max(1) as f64;
            let of_spared = safe as f64 / spared.len().max(1) as f64;
            (of_hit >= 0.8 && of_spared <= 0.34 && !spared.is_empty()).then(|| {
                let words = format!(
                    "{} ({hit} of {}, spared: {safe} of {})",
                    describe(&group.first),
                    found.affected.len(),
                    spared.len()
                );
                (of_hit - of_spared, words)
            })
        })
        .collect();
    traits.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    traits.into_iter().map(|(_, words)| words).take(6).collect()
}

/// When it began: the day whose "before" and "after" differ most in ends per day (largest likelihood ratio).
fn since(found: &Outbreak, histories: &[History], now: Timestamp) -> Timestamp {
    const LOOK_BACK: f64 = 30.0;
    let mut ages: Vec<f64> = histories
        .iter()
        .filter(|history| found.affected.contains(&history.device))
        .flat_map(|history| history.unexpected().map(|end| end.age))
        .filter(|age| *age <= LOOK_BACK)
        .collect();
    ages.sort_by(|a, b| b.total_cmp(a));
    let all = ages.len() as f64;
    let part = |count: f64, days: f64| {
        if count > 0.0 && days > 0.0 {
            count * (count / days).ln()
        } else {
            0.0
        }
    };
    let start = ages
        .iter()
        .enumerate()
        .filter(|(_, age)| **age > 0.0)
        .map(|(index, age)| {
            let before = index as f64;
            (
                part(before, LOOK_BACK - age) + part(all - before, age.max(0.1)),
                *age,
            )
        })
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)))
        .map_or(found.window, |(_, age)| age);
    days_before(now, start.max(1.0 / DAY))
}

fn code_counts(rows: &[(&History, &End)]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (_, end) in rows.iter().filter(|(_, end)| !end.stop_code.is_empty()) {
        *counts.entry(end.stop_code.clone()).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

fn describe(cohort: &Cohort) -> String {
    match cohort.by {
        CohortBy::Model => cohort.value.clone(),
        CohortBy::OsBuild => format!("OS build {}", cohort.value),
        CohortBy::Team => format!("team {}", cohort.value),
        CohortBy::Component => cohort.value.clone(),
        CohortBy::App => format!("the app {}", cohort.value),
        CohortBy::Fleet => "the whole fleet".to_owned(),
    }
}

impl Group {
    fn words(&self) -> String {
        let first = match self.first.by {
            CohortBy::Model => self.first.value.clone(),
            CohortBy::OsBuild => format!("devices on OS build {}", self.first.value),
            CohortBy::Team => format!("devices of team {}", self.first.value),
            CohortBy::Fleet => "devices of the fleet".to_owned(),
            _ => format!("devices with {}", describe(&self.first)),
        };
        match &self.second {
            None => first,
            Some(second) => match second.by {
                CohortBy::OsBuild => format!("{first} on build {}", second.value),
                _ => format!("{first} with {}", describe(second)),
            },
        }
    }

    fn key(&self) -> String {
        let part = |cohort: &Cohort| format!("{:?}:{}", cohort.by, cohort.value).to_lowercase();
        match &self.second {
            None => part(&self.first),
            Some(second) => format!("{}+{}", part(&self.first), part(second)),
        }
    }

    fn says(&self, cohort: &Cohort) -> bool {
        self.first == *cohort || self.second.as_ref() == Some(cohort)
    }

    /// Among equal explanations: what can be rolled back first, who happens to use it last.
    fn preference(&self) -> u8 {
        let of = |by: CohortBy| match by {
            CohortBy::Model => 5,
            CohortBy::OsBuild => 4,
            CohortBy::Component => 3,
            CohortBy::App => 2,
            CohortBy::Team => 1,
            CohortBy::Fleet => 0,
        };
        of(self.first.by)
    }

    /// Keeps of the facts what the group is about: an outbreak of one model on five builds is not about the builds.
    fn narrow(&self, facts: &mut crate::finding::Facts) {
        let model = self.first.by == CohortBy::Model;
        if model {
            facts.models = vec![self.first.value.to_lowercase()];
        }
        for cohort in [Some(&self.first), self.second.as_ref()]
            .into_iter()
            .flatten()
        {
            match cohort.by {
                CohortBy::OsBuild => facts.os_builds = vec![cohort.value.to_lowercase()],
                CohortBy::App => facts.apps = vec![cohort.value.to_lowercase()],
                CohortBy::Component => facts.processes.push(cohort.value.to_lowercase()),
                _ => {}
            }
        }
    }
}
