//! Shadow IT: an app that nobody approved, a new kind of app in the fleet, growth in a team, volume, a foreign account.
//!
//! **Invariant: one finding per app and team, never per device**, and no finding about an app that is sanctioned for the
//! team. What people are told here is what to talk about, not whom to blame: titles name the team and the app.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    detect::{
        Settings,
        baseline::{finite, median, slope},
        cap,
        fleet::{Fleet, believable, days},
        wording,
    },
    device::{Cohort, CohortBy, DeviceId},
    evidence::{AppUse, Evidence},
    finding::{EvidenceRow, Facts, Finding, Kind, Severity, Subject, cause},
    verdict::{Judged, chosen, in_force},
};

/// Categories of which a newcomer matters before anybody judged it: each can carry files or control out of the house.
const TELLING: [&str; 3] = ["cloud_sync", "file_transfer", "remote_access"];
/// A newcomer is news for this long, days.
const NEWS_DAYS: f64 = 7.0;
/// Half a day shows whether IT brings an app everywhere; remote control is told at once.
const WAIT_DAYS: f64 = 0.5;
/// A roll-out reaches this share of the fleet, and this many devices, within these days of its first device.
const ROLLOUT_SHARE: f64 = 0.25;
const ROLLOUT_LEAST: usize = 3;
const ROLLOUT_DAYS: f64 = 2.0;
/// Adoption takes at least this long from the first to the newest device, days.
const LEAST_SPAN_DAYS: f64 = 3.0;
/// Weeks over which growth is measured, and over which it is carried on.
const GROWTH_WEEKS: usize = 6;
const FORECAST_WEEKS: f64 = 4.0;

/// One app in one team.
struct InTeam<'a> {
    app: &'a str,
    name: &'a str,
    category: &'a str,
    team: &'a str,
    /// Each device once, the strongest use, by first sight.
    uses: Vec<&'a AppUse>,
    /// Devices of the team in all.
    team_size: usize,
    verdict: Option<Judged>,
    /// When the tolerance ended that the verdict was.
    tolerated_until: Option<Timestamp>,
}

pub fn detect(evidence: &Evidence, settings: &Settings) -> Vec<Finding> {
    let fleet = Fleet::new(evidence, settings);
    let groups = groups(evidence, &fleet, settings);
    let first_in_fleet = first_in_fleet(&groups, &fleet, settings);
    let mut findings = Vec::new();
    for group in &groups {
        if group.verdict == Some(Judged::Sanctioned) {
            findings.extend(account(group, evidence.now, &fleet));
            continue;
        }
        if group.verdict == Some(Judged::Unsanctioned) {
            findings.extend(unsanctioned(group, evidence.now, &fleet));
        }
        let spreading = growth(group, evidence.now, &fleet, settings);
        if group.verdict.is_none() && spreading.is_none() {
            findings.extend(newcomer(group, &first_in_fleet, evidence.now, &fleet));
        }
        findings.extend(spreading);
        findings.extend(volume(group, evidence.now, &fleet, settings));
        findings.extend(account(group, evidence.now, &fleet));
    }
    findings
}

fn groups<'a>(evidence: &'a Evidence, fleet: &Fleet<'a>, settings: &Settings) -> Vec<InTeam<'a>> {
    let mut by_team: BTreeMap<(&str, &str), BTreeMap<DeviceId, &AppUse>> = BTreeMap::new();
    for one in &evidence.apps {
        let current = matches!(
            one.state.as_str(),
            "installed" | "signed_in" | "running_now"
        );
        if one.app.is_empty()
            || !current
            || finite(one.confidence) < settings.app_confidence
            || !believable(one.first, evidence.now)
            || !evidence.devices.contains_key(&one.device)
            || is_decided_for(one, evidence, fleet)
        {
            continue;
        }
        let kept = by_team
            .entry((one.app.as_str(), fleet.team(one.device)))
            .or_default()
            .entry(one.device)
            .or_insert(one);
        if weight(one) > weight(kept) {
            *kept = one;
        }
    }
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for (device, _) in fleet.devices() {
        *sizes.entry(fleet.team(device)).or_default() += 1;
    }
    by_team
        .into_iter()
        .filter_map(|((app, team), uses)| {
            let mut uses: Vec<&AppUse> = uses.into_values().collect();
            uses.sort_by_key(|one| (one.first, one.device));
            let first = uses.first()?;
            Some(InTeam {
                app,
                name: if first.name.is_empty() {
                    app
                } else {
                    &first.name
                },
                category: &first.category,
                team,
                team_size: sizes.get(team).copied().unwrap_or(uses.len()),
                verdict: in_force(&evidence.verdicts, app, team, evidence.now),
                tolerated_until: chosen(&evidence.verdicts, app, team, None)
                    .filter(|verdict| verdict.verdict == Judged::Tolerated)
                    .and_then(|verdict| verdict.until),
                uses,
            })
        })
        .collect()
}

/// True where this very device got a verdict that lets it be, although its team has another.
fn is_decided_for(one: &AppUse, evidence: &Evidence, fleet: &Fleet<'_>) -> bool {
    let on = chosen(
        &evidence.verdicts,
        &one.app,
        fleet.team(one.device),
        Some(one.device),
    );
    on.is_some_and(|verdict| {
        verdict.device.is_some() && verdict.at(evidence.now) != Judged::Unsanctioned
    })
}

fn unsanctioned(group: &InTeam<'_>, now: Timestamp, fleet: &Fleet<'_>) -> Option<Finding> {
    let running = group
        .uses
        .iter()
        .filter(|one| one.state != "installed")
        .count();
    let remote = group.category == "remote_access";
    let severity = match (running, remote) {
        (0, _) => Severity::Low,
        (_, true) => Severity::High,
        _ if group.uses.len() >= 5 => Severity::High,
        _ => Severity::Medium,
    };
    let why = vec![
        match group.tolerated_until {
            Some(until) => format!(
                "{} was tolerated {} until {}; that is over.",
                group.name,
                group.whom(),
                wording::day(until)
            ),
            None => format!("{} is not approved {}.", group.name, group.whom()),
        },
        format!(
            "{} of {} have it; on {running} it is running or signed in.",
            group.uses.len(),
            wording::count(group.team_size, "device")
        ),
    ];
    Some(group.finding(
        "app.unsanctioned",
        "unsanctioned",
        severity,
        5.0 + group.uses.len() as f64,
        format!(
            "{} is used without approval {} ({})",
            group.name,
            group.where_words(),
            wording::count(group.uses.len(), "device")
        ),
        why,
        &group.uses,
        now,
        fleet,
    ))
}

/// The first of its kind in the fleet, in the team where it was seen first.
fn newcomer(
    group: &InTeam<'_>,
    first_in_fleet: &BTreeMap<&str, Arrival<'_>>,
    now: Timestamp,
    fleet: &Fleet<'_>,
) -> Option<Finding> {
    let arrival = first_in_fleet.get(group.app)?;
    let (first, team, devices) = (&arrival.first, arrival.team, &arrival.devices);
    let news = days(*first, now) <= NEWS_DAYS;
    if !news || team != group.team || !TELLING.contains(&group.category) {
        return None;
    }
    let remote = group.category == "remote_access";
    if arrival.with_the_fleet || arrival.rollout || (!remote && days(*first, now) < WAIT_DAYS) {
        return None;
    }
    let mut why = vec![
        format!(
            "{} was not in the fleet before {}; nobody decided about it yet.",
            group.name,
            wording::day(*first)
        ),
        format!(
            "It is on {} now, first {}.",
            wording::count(*devices, "device"),
            group.where_words()
        ),
    ];
    why.extend(
        fleet
            .learning
            .as_ref()
            .map(|learning| learning.words.clone()),
    );
    let severity = if remote {
        Severity::Medium
    } else {
        Severity::Low
    };
    Some(group.finding(
        "app.new",
        "new",
        cap(severity, fleet.learning.is_some()),
        3.0 + *devices as f64,
        format!(
            "New in the fleet: {} ({}), first {}",
            group.name,
            group.category.replace('_', " "),
            group.where_words()
        ),
        why,
        &group.uses,
        now,
        fleet,
    ))
}

/// More and more devices of a team, without IT having rolled it out: arrivals on at least three different days.
fn growth(
    group: &InTeam<'_>,
    now: Timestamp,
    fleet: &Fleet<'_>,
    settings: &Settings,
) -> Option<Finding> {
    const WEEK: f64 = 7.0;
    let ages: Vec<f64> = group
        .uses
        .iter()
        .map(|one| days(one.first, now).max(0.0))
        .collect();
    let arrived = ages
        .iter()
        .filter(|age| **age <= GROWTH_WEEKS as f64 * WEEK)
        .count();
    let recent = ages.iter().filter(|age| **age <= 2.0 * WEEK).count();
    let before = ages.len() - arrived;
    let mut moments: Vec<f64> = ages
        .iter()
        .copied()
        .filter(|age| *age <= GROWTH_WEEKS as f64 * WEEK)
        .collect();
    moments.sort_by(f64::total_cmp);
    // A roll-out comes in one push, whatever hour a round looks at it; adoption is spread out.
    let busiest = moments
        .iter()
        .map(|from| {
            let push = *from..=*from + ROLLOUT_DAYS;
            moments.iter().filter(|age| push.contains(age)).count()
        })
        .max()
        .unwrap_or(0);
    let span = match (moments.first(), moments.last()) {
        (Some(newest), Some(oldest)) => oldest - newest,
        _ => 0.0,
    };
    let steady = span >= LEAST_SPAN_DAYS && busiest * 3 <= arrived * 2;
    if arrived < settings.growth_least as usize
        || recent < 2
        || arrived < before
        || !steady
        || group.team_size < 4
    {
        return None;
    }
    // In the first days everything "arrives" when its device does.
    if fleet.learning.is_some()
        || group
            .uses
            .iter()
            .filter(|one| with_its_device(one, fleet))
            .count()
            * 2
            > arrived
    {
        return None;
    }
    let curve: Vec<(f64, f64)> = (0..=GROWTH_WEEKS)
        .map(|week| {
            let age = (GROWTH_WEEKS - week) as f64 * WEEK;
            (
                week as f64,
                ages.iter().filter(|first| **first >= age).count() as f64,
            )
        })
        .collect();
    let slope = slope(&curve)?;
    if slope.per_unit <= 0.0 {
        return None;
    }
    let devices = group.uses.len();
    let room = group.team_size as f64;
    let ahead = (devices as f64 + slope.per_unit * FORECAST_WEEKS).min(room);
    let low = (devices as f64 + slope.low.max(0.0) * FORECAST_WEEKS).min(room);
    let high = (devices as f64 + slope.high * FORECAST_WEEKS).min(room);
    let counts: Vec<String> = curve
        .iter()
        .map(|(_, count)| format!("{count:.0}"))
        .collect();
    let why = vec![
        format!(
            "{} of {} {} have it, week by week {}.",
            devices,
            wording::count(group.team_size, "device"),
            group.where_words(),
            counts.join(", ")
        ),
        format!(
            "At this pace it will be about {ahead:.0} ({low:.0} to {high:.0}) in {FORECAST_WEEKS:.0} weeks."
        ),
        match group.verdict {
            Some(Judged::Unsanctioned) => "It is not approved.".to_owned(),
            Some(Judged::Tolerated) => "It is tolerated for now.".to_owned(),
            _ => "Nobody decided about it yet.".to_owned(),
        },
    ];
    let severity = if group.verdict == Some(Judged::Tolerated) {
        Severity::Low
    } else {
        Severity::Medium
    };
    Some(group.finding(
        "app.growth",
        "growth",
        severity,
        6.0 + arrived as f64,
        format!(
            "{} grows {}: {before} to {devices} devices in {GROWTH_WEEKS} weeks",
            group.name,
            group.where_words()
        ),
        why,
        &group.uses,
        now,
        fleet,
    ))
}

fn volume(
    group: &InTeam<'_>,
    now: Timestamp,
    fleet: &Fleet<'_>,
    settings: &Settings,
) -> Option<Finding> {
    const TIMES: u64 = 5;
    let heavy: Vec<&AppUse> = group
        .uses
        .iter()
        .copied()
        .filter(|one| {
            one.bytes_last_week >= settings.volume_least
                && one.bytes_last_week / TIMES >= one.bytes_per_week_before.max(1)
        })
        // The first week of an app is its first sync, not a change.
        .filter(|one| days(one.first, now) >= 7.0 || group.verdict == Some(Judged::Unsanctioned))
        .collect();
    if heavy.is_empty() {
        return None;
    }
    let total: u64 = heavy
        .iter()
        .fold(0, |sum, one| sum.saturating_add(one.bytes_last_week));
    let before: Vec<f64> = heavy
        .iter()
        .map(|one| one.bytes_per_week_before as f64)
        .collect();
    let usual = median(&before).unwrap_or(0.0);
    let why = vec![
        format!(
            "{} changed in its folders in the last week on {}.",
            wording::bytes(total),
            wording::count(heavy.len(), "device")
        ),
        format!(
            "A usual week on these devices is {}.",
            wording::bytes(usual as u64)
        ),
    ];
    let severity = if group.verdict == Some(Judged::Unsanctioned) {
        Severity::High
    } else {
        Severity::Medium
    };
    Some(
        group.finding(
            "app.volume",
            "volume",
            severity,
            4.0 + (total as f64 / settings.volume_least.max(1) as f64)
                .log2()
                .max(0.0),
            format!(
                "Much more data than usual in {} {}: {} in a week",
                group.name,
                group.where_words(),
                wording::bytes(total)
            ),
            why,
            &heavy,
            now,
            fleet,
        ),
    )
}

/// Accounts of other organisations, and people's own in an app that is not condemned anyway: two causes, two findings.
fn account(group: &InTeam<'_>, now: Timestamp, fleet: &Fleet<'_>) -> Vec<Finding> {
    let of = |kind: &str| {
        group
            .uses
            .iter()
            .copied()
            .filter(|one| one.account == kind)
            .collect::<Vec<&AppUse>>()
    };
    let foreign = signed_in(
        group,
        of("foreign_tenant"),
        "an account of another organisation",
        "foreign_account",
        Severity::Medium,
    );
    // A personal account in an app that is not approved anyway adds nothing, and in a messenger it is the rule.
    let matters = group.category != "messaging"
        && group
            .verdict
            .is_some_and(|verdict| verdict != Judged::Unsanctioned);
    let personal = matters.then(|| {
        signed_in(
            group,
            of("personal"),
            "a personal account",
            "personal_account",
            Severity::Low,
        )
    });
    [foreign, personal.flatten()]
        .into_iter()
        .flatten()
        .map(|account| account.finding(group, now, fleet))
        .collect()
}

struct SignedIn<'a> {
    uses: Vec<&'a AppUse>,
    words: &'static str,
    what: &'static str,
    severity: Severity,
    why: Vec<String>,
}

fn signed_in<'a>(
    group: &InTeam<'a>,
    uses: Vec<&'a AppUse>,
    words: &'static str,
    what: &'static str,
    severity: Severity,
) -> Option<SignedIn<'a>> {
    if uses.is_empty() {
        return None;
    }
    let domains: BTreeSet<String> = uses
        .iter()
        .map(|one| one.account_domain.to_lowercase())
        .filter(|domain| !domain.is_empty())
        .collect();
    let domains: Vec<String> = domains.into_iter().collect();
    let mut why = vec![format!(
        "{} of {} with {} {} are signed in with {words}.",
        uses.len(),
        wording::count(group.uses.len(), "device"),
        group.name,
        group.where_words()
    )];
    if !domains.is_empty() {
        why.push(format!(
            "The accounts belong to {}.",
            wording::list(&domains, 3)
        ));
    }
    Some(SignedIn {
        uses,
        words,
        what,
        severity,
        why,
    })
}

impl SignedIn<'_> {
    fn finding(self, group: &InTeam<'_>, now: Timestamp, fleet: &Fleet<'_>) -> Finding {
        group.finding(
            &format!("app.{}", self.what),
            self.what,
            self.severity,
            4.0 + self.uses.len() as f64,
            format!(
                "{} is signed in with {} {}",
                group.name,
                self.words,
                group.where_words()
            ),
            self.why,
            &self.uses,
            now,
            fleet,
        )
    }
}

/// How an app came into the fleet.
struct Arrival<'a> {
    first: Timestamp,
    team: &'a str,
    devices: usize,
    /// Many devices at once: IT brought it.
    rollout: bool,
    /// It was on the first laptops when anybody began to look: stock, not news.
    with_the_fleet: bool,
}

fn first_in_fleet<'a>(
    groups: &[InTeam<'a>],
    fleet: &Fleet<'_>,
    settings: &Settings,
) -> BTreeMap<&'a str, Arrival<'a>> {
    let began = fleet.devices().map(|(_, device)| device.first_report).min();
    let mut by_app: BTreeMap<&str, Vec<(Timestamp, &'a str, &AppUse)>> = BTreeMap::new();
    for group in groups {
        let of_app = by_app.entry(group.app).or_default();
        of_app.extend(group.uses.iter().map(|one| (one.first, group.team, *one)));
    }
    by_app
        .into_iter()
        .filter_map(|(app, uses)| {
            let (first, team, earliest) = uses
                .iter()
                .copied()
                .min_by_key(|(first, team, one)| (*first, *team, one.device))?;
            let early = uses
                .iter()
                .filter(|(at, _, _)| days(first, *at) <= ROLLOUT_DAYS)
                .count();
            let watched = began.map_or(0.0, |began| days(began, first));
            Some((
                app,
                Arrival {
                    first,
                    team,
                    devices: uses.len(),
                    rollout: early >= ROLLOUT_LEAST
                        && early as f64 >= ROLLOUT_SHARE * fleet.size() as f64,
                    with_the_fleet: watched < settings.learning_days
                        && with_its_device(earliest, fleet),
                },
            ))
        })
        .collect()
}

/// The app came with the device's first report: that is enrolment, not adoption.
fn with_its_device(one: &AppUse, fleet: &Fleet<'_>) -> bool {
    fleet
        .get(one.device)
        .is_some_and(|device| days(device.first_report, one.first) < 1.0)
}

fn weight(one: &AppUse) -> (u8, u64, u64, Timestamp, &str, &str) {
    let state = match one.state.as_str() {
        "running_now" => 3,
        "signed_in" => 2,
        _ => 1,
    };
    let confidence = (finite(one.confidence).clamp(0.0, 1.0) * 1e6) as u64;
    (
        state,
        confidence,
        one.bytes_last_week,
        one.last,
        &one.account,
        &one.account_domain,
    )
}

impl InTeam<'_> {
    fn where_words(&self) -> String {
        if self.team.is_empty() {
            "on devices without a team".to_owned()
        } else {
            format!("in team {}", self.team)
        }
    }

    fn whom(&self) -> String {
        if self.team.is_empty() {
            "here".to_owned()
        } else {
            format!("for team {}", self.team)
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn finding(
        &self,
        detector: &str,
        what: &str,
        severity: Severity,
        score: f64,
        title: String,
        why: Vec<String>,
        uses: &[&AppUse],
        now: Timestamp,
        fleet: &Fleet<'_>,
    ) -> Finding {
        let devices: Vec<DeviceId> = uses.iter().map(|one| one.device).collect();
        let from = uses.iter().map(|one| one.first).min().unwrap_or(now);
        let to = uses
            .iter()
            .map(|one| one.last.max(one.first))
            .max()
            .unwrap_or(now)
            .min(now)
            .max(from);
        let confidence =
            uses.iter().map(|one| finite(one.confidence)).sum::<f64>() / uses.len().max(1) as f64;
        let teams = if self.team.is_empty() {
            Vec::new()
        } else {
            vec![self.team.to_owned()]
        };
        Finding {
            kind: Kind::App,
            detector: detector.to_owned(),
            subject: Subject::Cohort(if self.team.is_empty() {
                Cohort {
                    by: CohortBy::App,
                    value: self.app.to_owned(),
                }
            } else {
                Cohort {
                    by: CohortBy::Team,
                    value: self.team.to_owned(),
                }
            }),
            cause: cause(
                Kind::App,
                &format!("{what}:{}", self.app),
                &format!("team:{}", self.team),
            ),
            severity,
            confidence,
            score,
            from,
            to,
            title,
            why,
            evidence: uses
                .iter()
                .take(crate::detect::EVIDENCE_LIMIT)
                .map(|one| EvidenceRow {
                    kind: "app".to_owned(),
                    device: Some(one.device),
                    at: one.last,
                    text: format!(
                        "{} {} on {}, since {}, {} changed last week",
                        self.name,
                        one.state.replace('_', " "),
                        fleet.name(one.device),
                        wording::day(one.first),
                        wording::bytes(one.bytes_last_week)
                    ),
                })
                .collect(),
            devices,
            at_risk: Vec::new(),
            facts: Facts {
                symptoms: vec!["app_sync".to_owned()],
                apps: vec![self.app.to_owned(), self.name.to_owned()],
                teams,
                ..Facts::default()
            },
        }
    }
}
