//! The same new, unowned program on more and more devices.
//!
//! A rollout by IT also puts one program on many devices. It differs in three ways, any of which is enough to stay
//! quiet: it has an owner (package or signer), it lies where an administrator installs, or it arrives everywhere at once.
//! What a person passes to a colleague, or what passes itself, arrives one by one.

use std::collections::BTreeMap;

use crate::{
    detect::{
        Settings, cap,
        fleet::{Fleet, days},
        process::{identity::is_made_here, masquerade::place_words, rarity::Subject},
        wording,
    },
    device::{Cohort, CohortBy, DeviceId},
    finding::{Finding, Kind, Severity, Subject as About, cause},
};

/// Arrivals within this many days of each other are one rollout when they reach [`AT_ONCE_SHARE`] of all arrivals.
const AT_ONCE_DAYS: f64 = 0.25;
const AT_ONCE_SHARE: f64 = 0.7;
/// A push by IT reaches at least this share of the fleet within these days; stragglers come when they are switched on.
const ROLLOUT_DAYS: f64 = 2.0;
const ROLLOUT_SHARE: f64 = 0.3;
/// Arrivals that were to be expected before the first one, had the program been about: none then has a chance of e⁻³
/// (Poisson), one in twenty.
const UNSEEN: f64 = 3.0;
/// The newest arrival must be younger than this: a spread that stopped is history.
const STILL_DAYS: f64 = 5.0;

pub fn judge(subject: &Subject<'_>, fleet: &Fleet<'_>, settings: &Settings) -> Option<Finding> {
    if subject.owned() || is_made_here(subject.about) || subject.key.starts_with("built:") {
        return None;
    }
    if matches!(
        subject.about.place.as_str(),
        "system_path" | "program_path" | "container" | "memory_only"
    ) {
        return None;
    }
    let arrivals = arrivals(subject);
    let (first, last) = (arrivals.first()?.0, arrivals.last()?.0);
    let age = days(first, subject.now);
    let enough = arrivals.len() >= settings.spread_least as usize;
    if !enough || age > settings.process_new_days || days(last, subject.now) > STILL_DAYS {
        return None;
    }
    // In its first days a fleet sees everything for the first time, on every device.
    if fleet.learning.is_some() && age > 0.8 * fleet_age(fleet, subject) {
        return None;
    }
    if !is_new(&arrivals, fleet) {
        return None;
    }
    let span = days(first, last);
    if span < AT_ONCE_DAYS || at_once(&arrivals, span) {
        return None;
    }
    let hidden = is_hidden(subject);
    if !hidden && is_rollout(&arrivals, fleet) {
        return None;
    }
    let devices: Vec<DeviceId> = arrivals.iter().map(|(_, device)| *device).collect();
    let curve = curve(&arrivals);
    let team = main_team(&devices, fleet);
    let at_risk = neighbours(&team, &devices, fleet);
    let name = subject.shown_name();
    let mut why = vec![
        format!(
            "It was first seen on {} on {} and is now on {}: {curve}.",
            fleet.name(devices[0]),
            wording::day(first),
            wording::count(subject.devices.max(devices.len()), "device"),
        ),
        "Neither a package nor a signature is known of the file, so it is no rollout that we can recognise."
            .to_owned(),
        format!("It runs from {}.", place_words(&subject.about.place)),
    ];
    if let Some((team, count)) = &team {
        why.push(format!(
            "{count} of the {} devices belong to team {team}.",
            devices.len()
        ));
    }
    why.extend(
        fleet
            .learning
            .as_ref()
            .map(|learning| learning.words.clone()),
    );
    let severity = if hidden || devices.len() >= 6 {
        Severity::High
    } else {
        Severity::Medium
    };
    let mut facts = fleet.facts(devices.iter().copied());
    facts.symptoms = vec!["malware_suspected".to_owned()];
    facts.processes = vec![subject.about.executable_name.clone(), subject.name.clone()];
    Some(Finding {
        kind: Kind::Process,
        detector: "process.spread".to_owned(),
        subject: About::Cohort(match &team {
            Some((team, count)) if 2 * count > devices.len() => Cohort {
                by: CohortBy::Team,
                value: team.clone(),
            },
            _ => Cohort {
                by: CohortBy::Fleet,
                value: name.to_owned(),
            },
        }),
        cause: cause(Kind::Process, &format!("program:{}", subject.key), "fleet"),
        severity: cap(severity, fleet.learning.is_some()),
        confidence: (0.5 + 0.08 * devices.len() as f64).min(0.95),
        score: 8.0 + devices.len() as f64 + if hidden { 4.0 } else { 0.0 },
        from: first,
        to: last,
        title: format!(
            "Unknown program \"{name}\" spreads: {} since {}",
            wording::count(devices.len(), "device"),
            wording::day(first)
        ),
        why,
        evidence: subject.rows(fleet),
        devices,
        at_risk,
        facts,
    })
}

/// First sight per device, in order.
fn arrivals(subject: &Subject<'_>) -> Vec<(jiff::Timestamp, DeviceId)> {
    let mut first: BTreeMap<DeviceId, jiff::Timestamp> = BTreeMap::new();
    for seen in &subject.seen {
        let at = first.entry(seen.device).or_insert(seen.first);
        *at = (*at).min(seen.first);
    }
    let mut arrivals: Vec<(jiff::Timestamp, DeviceId)> =
        first.into_iter().map(|(device, at)| (at, device)).collect();
    arrivals.sort();
    arrivals
}

/// True when the fleet was watched long enough before the first arrival: what comes to one device a day and was not there
/// for a week came lately; what comes to five a day and began on the fleet's second day was there before we looked.
fn is_new(arrivals: &[(jiff::Timestamp, DeviceId)], fleet: &Fleet<'_>) -> bool {
    let (Some((first, _)), Some((last, _))) = (arrivals.first(), arrivals.last()) else {
        return false;
    };
    let watched = fleet
        .devices()
        .map(|(_, about)| days(about.first_report, *first))
        .fold(0.0, f64::max);
    // Half a day at least: three in one hour are no rate of seventy a day.
    let a_day = (arrivals.len() - 1) as f64 / days(*first, *last).max(0.5);
    watched * a_day >= UNSEEN
}

/// True when most arrivals fall into one short stretch: somebody pushed a button.
fn at_once(arrivals: &[(jiff::Timestamp, DeviceId)], span: f64) -> bool {
    let stretch = AT_ONCE_DAYS.min(span / 2.0);
    let most = arrivals
        .iter()
        .enumerate()
        .map(|(index, (start, _))| {
            arrivals[index..]
                .iter()
                .take_while(|(at, _)| days(*start, *at) <= stretch)
                .count()
        })
        .max()
        .unwrap_or(0);
    arrivals.len() >= 4 && most as f64 >= AT_ONCE_SHARE * arrivals.len() as f64
}

/// Places and marks that no administrator chooses.
fn is_hidden(subject: &Subject<'_>) -> bool {
    matches!(
        subject.about.place.as_str(),
        "temp" | "deleted" | "removable"
    ) || subject
        .about
        .traits
        .iter()
        .any(|mark| mark == "hidden_name" || mark == "deleted_executable")
        || subject.about.user_class == "system"
}

/// A large part of the fleet within two days.
fn is_rollout(arrivals: &[(jiff::Timestamp, DeviceId)], fleet: &Fleet<'_>) -> bool {
    let most = arrivals
        .iter()
        .enumerate()
        .map(|(index, (start, _))| {
            arrivals[index..]
                .iter()
                .take_while(|(at, _)| days(*start, *at) <= ROLLOUT_DAYS)
                .count()
        })
        .max()
        .unwrap_or(0);
    most >= 5 && most as f64 >= ROLLOUT_SHARE * fleet.size() as f64
}

/// "1 on Mon 16 Nov, 3 by Tue 17 Nov, 6 by Thu 19 Nov".
fn curve(arrivals: &[(jiff::Timestamp, DeviceId)]) -> String {
    let mut by_day: Vec<(String, usize)> = Vec::new();
    for (index, (at, _)) in arrivals.iter().enumerate() {
        let day = wording::day(*at);
        match by_day.last_mut() {
            Some((last, count)) if *last == day => *count = index + 1,
            _ => by_day.push((day, index + 1)),
        }
    }
    let words: Vec<String> = by_day
        .iter()
        .map(|(day, count)| format!("{count} by {day}"))
        .collect();
    words[words.len().saturating_sub(6)..].join(", ")
}

fn main_team(devices: &[DeviceId], fleet: &Fleet<'_>) -> Option<(String, usize)> {
    let mut teams: BTreeMap<&str, usize> = BTreeMap::new();
    for device in devices {
        let team = fleet.team(*device);
        if !team.is_empty() {
            *teams.entry(team).or_default() += 1;
        }
    }
    teams
        .into_iter()
        .max_by_key(|(team, count)| (*count, std::cmp::Reverse(*team)))
        .filter(|(_, count)| *count >= 2)
        .map(|(team, count)| (team.to_owned(), count))
}

fn neighbours(
    team: &Option<(String, usize)>,
    devices: &[DeviceId],
    fleet: &Fleet<'_>,
) -> Vec<DeviceId> {
    let Some((team, _)) = team else {
        return Vec::new();
    };
    fleet
        .devices()
        .filter(|(id, about)| about.traits.team == *team && !devices.contains(id))
        .map(|(id, _)| id)
        .take(crate::detect::DEVICES_LIMIT)
        .collect()
}

fn fleet_age(fleet: &Fleet<'_>, subject: &Subject<'_>) -> f64 {
    fleet
        .devices()
        .map(|(_, about)| days(about.first_report, subject.now))
        .fold(0.0, f64::max)
}
