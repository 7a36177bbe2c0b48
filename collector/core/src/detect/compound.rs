//! Restarts and an unusual program on the same device, then on its neighbours: one anomaly, told in order.
//!
//! **Invariant: it absorbs its parts.** A finding that became part of a compound one does not stand beside it, so people
//! see one story; the compound names each part in its `why`. Restarts alone or a program alone are never enough.
//!
//! The tie: an unusual, unowned program (rare, masquerading, spreading, or suddenly dear) was first seen on a device at
//! most [`Settings::compound_days`] before its restarts began, or up to a day after (agents see a process when
//! they look). On one device this is a suspicion (high; medium where the program is no finding of its own but the
//! only newcomer on a laptop that restarts with a beat, in a loop or daily: [`newcomer`]). When neighbours (a shared team) follow, or the program
//! spreads while devices that have it restart, it is an outbreak (critical).

mod newcomer;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    detect::{
        Settings, cap,
        fleet::{Fleet, days},
        wording,
    },
    device::{Cohort, CohortBy, DeviceId},
    evidence::{Evidence, ProcessIdentity},
    finding::{EvidenceRow, Finding, Kind, Severity, Subject, cause},
};

/// A program may be seen this long after the restart that it caused: the agent looks every few minutes, and after a crash late.
const SEEN_LATE_DAYS: f64 = 1.0;

/// One forced power-off in the days before says nothing against the story.
const EARLIER_BAD_LUCK: usize = 1;

/// One device's chapter.
struct Chapter {
    device: DeviceId,
    program_at: Timestamp,
    restart_at: Timestamp,
    restarts: usize,
}

pub fn detect(evidence: &Evidence, findings: Vec<Finding>, settings: &Settings) -> Vec<Finding> {
    let fleet = Fleet::new(evidence, settings);
    let restarts = restart_times(evidence, &findings);
    let mut parts: BTreeMap<String, Finding> = findings
        .iter()
        .filter(|finding| finding.kind == Kind::Process)
        .map(|finding| (finding.cause.clone(), finding.clone()))
        .collect();
    for weak in newcomer::parts(evidence, &troubled(&findings), &restarts, &fleet, settings) {
        parts.entry(weak.cause.clone()).or_insert(weak);
    }

    let histories = super::reboot::histories(evidence, settings);
    let beats = |chapters: &[Chapter]| {
        let devices = chapters.iter().map(|chapter| chapter.device).collect();
        super::reboot::beat_words(&devices, &histories, &fleet, settings)
    };
    let mut compounds: Vec<(Finding, BTreeSet<DeviceId>, String)> = Vec::new();
    for (suspect, part) in &parts {
        let chapters = chapters(evidence, part, &restarts, settings);
        if !chapters.is_empty() {
            let devices = chapters.iter().map(|chapter| chapter.device).collect();
            compounds.push((
                compound(part, &chapters, &findings, &fleet, beats(&chapters)),
                devices,
                suspect.clone(),
            ));
        }
    }
    absorb(findings, compounds)
}

/// Devices whose restarts are beyond bad luck on their own: a beat, a loop, or daily.
fn troubled(findings: &[Finding]) -> BTreeSet<DeviceId> {
    findings
        .iter()
        .filter(|finding| match finding.detector.as_str() {
            "reboot.periodic" | "reboot.crash_loop" => true,
            "reboot.rate" => finding.severity >= Severity::High,
            _ => false,
        })
        .flat_map(|finding| finding.devices.iter().copied())
        .collect()
}

/// When each device's unexplained restarts happened, for devices that a reboot finding is about.
fn restart_times(evidence: &Evidence, findings: &[Finding]) -> BTreeMap<DeviceId, Vec<Timestamp>> {
    let troubled: BTreeMap<DeviceId, Timestamp> = findings
        .iter()
        .filter(|finding| finding.kind == Kind::Reboot && finding.detector != "reboot.battery")
        .flat_map(|finding| finding.devices.iter().map(|device| (*device, finding.from)))
        .fold(BTreeMap::new(), |mut earliest, (device, from)| {
            let known = earliest.entry(device).or_insert(from);
            *known = (*known).min(from);
            earliest
        });
    let mut times: BTreeMap<DeviceId, BTreeSet<Timestamp>> = BTreeMap::new();
    for boots in &evidence.reboots {
        let Some(from) = troubled.get(&boots.device) else {
            continue;
        };
        let of_device = times.entry(boots.device).or_default();
        of_device.extend(
            boots
                .ends
                .iter()
                .filter(|end| end.ended_at >= *from && end.ended_at <= evidence.now)
                .map(|end| end.ended_at),
        );
    }
    times
        .into_iter()
        .filter(|(_, times)| !times.is_empty())
        .map(|(device, times)| (device, times.into_iter().collect()))
        .collect()
}

fn chapters(
    evidence: &Evidence,
    part: &Finding,
    restarts: &BTreeMap<DeviceId, Vec<Timestamp>>,
    settings: &Settings,
) -> Vec<Chapter> {
    let mut first_seen: BTreeMap<DeviceId, Timestamp> = BTreeMap::new();
    for seen in evidence
        .processes
        .iter()
        .filter(|process| is_of(process, part))
        .flat_map(|process| &process.seen)
        .filter(|seen| part.devices.contains(&seen.device))
    {
        let at = first_seen.entry(seen.device).or_insert(seen.first);
        *at = (*at).min(seen.first);
    }
    let mut chapters: Vec<Chapter> = first_seen
        .into_iter()
        .filter_map(|(device, program_at)| {
            let times = restarts.get(&device)?;
            let before = times
                .iter()
                .take_while(|at| days(program_at, **at) < -SEEN_LATE_DAYS)
                .count();
            // A laptop that restarted for days before the program came has another story.
            if before > EARLIER_BAD_LUCK {
                return None;
            }
            let restart_at = *times.get(before)?;
            (days(program_at, restart_at) <= settings.compound_days).then_some(Chapter {
                device,
                program_at,
                restart_at,
                restarts: times.len() - before,
            })
        })
        .collect();
    chapters.sort_by_key(|chapter| (chapter.program_at, chapter.device));
    chapters
}

fn is_of(process: &ProcessIdentity, part: &Finding) -> bool {
    part.cause
        == cause(
            Kind::Process,
            &format!("program:{}", identity_of(process)),
            "fleet",
        )
}

fn identity_of(process: &ProcessIdentity) -> String {
    if process.key.is_empty() {
        super::process::identity_of(process)
    } else {
        process.key.clone()
    }
}

fn compound(
    part: &Finding,
    chapters: &[Chapter],
    findings: &[Finding],
    fleet: &Fleet<'_>,
    beats: Option<String>,
) -> Finding {
    let program = part.facts.processes.first().cloned().unwrap_or_default();
    let devices: Vec<DeviceId> = chapters.iter().map(|chapter| chapter.device).collect();
    let carriers: Vec<DeviceId> = part
        .devices
        .iter()
        .copied()
        .filter(|device| !devices.contains(device))
        .collect();
    let team = shared_team(&devices, fleet);
    let spreads = devices.len() >= 2 || part.detector == "process.spread";
    let weak = part.detector == "process.newcomer";
    let severity = match (spreads, weak) {
        (true, _) => Severity::Critical,
        (false, false) => Severity::High,
        (false, true) => Severity::Medium,
    };

    let mut why: Vec<String> = vec![if devices.len() == 1 {
        format!(
            "On {} an unusual program and unexplained restarts came together.",
            fleet.name(devices[0])
        )
    } else {
        format!(
            "On {} an unusual program and unexplained restarts came together, one after the other{}.",
            wording::count(devices.len(), "device"),
            team.as_ref()
                .map_or(String::new(), |team| format!(", all in team {team}"))
        )
    }];
    why.extend(
        chapters
            .iter()
            .take(4)
            .map(|chapter| chapter_words(chapter, &program, fleet)),
    );
    why.extend(beats);
    if !carriers.is_empty() {
        why.push(format!(
            "{} with the program {} not restart yet.",
            wording::count(carriers.len(), "more device"),
            if carriers.len() == 1 { "does" } else { "do" }
        ));
    }
    why.extend(part.why.iter().take(3).cloned());
    let parts = absorbed_titles(part, &devices, findings);
    why.push(format!("This takes the place of: {}.", parts.join("; ")));
    why.extend(
        fleet
            .learning
            .as_ref()
            .map(|learning| learning.words.clone()),
    );

    let mut evidence: Vec<EvidenceRow> = chapters
        .iter()
        .flat_map(|chapter| {
            [
                EvidenceRow {
                    kind: "process".to_owned(),
                    device: Some(chapter.device),
                    at: chapter.program_at,
                    text: format!("\"{program}\" first seen on {}", fleet.name(chapter.device)),
                },
                EvidenceRow {
                    kind: "boot".to_owned(),
                    device: Some(chapter.device),
                    at: chapter.restart_at,
                    text: format!(
                        "first of {} on {}",
                        wording::count(chapter.restarts, "unexplained restart"),
                        fleet.name(chapter.device)
                    ),
                },
            ]
        })
        .collect();
    evidence.sort_by(|a, b| (a.at, a.device, &a.kind).cmp(&(b.at, b.device, &b.kind)));

    let from = chapters
        .iter()
        .map(|chapter| chapter.program_at.min(chapter.restart_at))
        .min()
        .unwrap_or(part.from);
    let to = chapters
        .iter()
        .map(|chapter| chapter.restart_at)
        .max()
        .unwrap_or(part.to)
        .max(part.to);
    let mut facts = fleet.facts(devices.iter().copied());
    facts.symptoms = ["unexpected_restart", "malware_suspected"]
        .map(String::from)
        .to_vec();
    facts.processes = part.facts.processes.clone();
    let at_risk = at_risk(&devices, &carriers, &team, fleet);
    Finding {
        kind: Kind::Compound,
        detector: "compound.malware".to_owned(),
        subject: match (&team, devices.as_slice()) {
            (_, [one]) => Subject::Device(*one),
            (Some(team), _) => Subject::Cohort(Cohort {
                by: CohortBy::Team,
                value: team.clone(),
            }),
            (None, _) => Subject::Cohort(Cohort {
                by: CohortBy::Fleet,
                value: program.clone(),
            }),
        },
        cause: cause(
            Kind::Compound,
            part.cause
                .strip_prefix("process/")
                .unwrap_or(&part.cause)
                .trim_end_matches("/fleet"),
            "fleet",
        ),
        // In its first days a fleet knows too little to wake anybody, but two devices in a row are worth today.
        severity: if spreads {
            severity
        } else {
            cap(severity, fleet.learning.is_some())
        },
        confidence: (if weak { 0.35 } else { 0.55 } + 0.15 * devices.len() as f64).min(0.95),
        score: 50.0 + 10.0 * devices.len() as f64 + part.score,
        from,
        to,
        title: if devices.len() == 1 {
            format!(
                "Suspected malware on {}: \"{program}\" appeared, then the restarts began",
                fleet.name(devices[0])
            )
        } else {
            format!(
                "Suspected malware spreads: \"{program}\" and restarts on {} since {}",
                wording::count(devices.len(), "device"),
                wording::day(from)
            )
        },
        why,
        evidence,
        devices: devices.iter().chain(&carriers).copied().collect(),
        at_risk,
        facts,
    }
}

fn chapter_words(chapter: &Chapter, program: &str, fleet: &Fleet<'_>) -> String {
    let name = fleet.name(chapter.device);
    let lead = days(chapter.program_at, chapter.restart_at);
    let between = wording::duration(lead.abs() * 86_400.0);
    if lead >= 0.0 {
        format!(
            "{name}: \"{program}\" was first seen on {}; the first of {} followed {between} later.",
            wording::moment(chapter.program_at),
            wording::count(chapter.restarts, "restart")
        )
    } else {
        format!(
            "{name}: the first of {} was on {}; \"{program}\" was seen {between} later.",
            wording::count(chapter.restarts, "restart"),
            wording::moment(chapter.restart_at)
        )
    }
}

fn shared_team(devices: &[DeviceId], fleet: &Fleet<'_>) -> Option<String> {
    let teams: BTreeSet<&str> = devices.iter().map(|device| fleet.team(*device)).collect();
    match teams.into_iter().collect::<Vec<_>>().as_slice() {
        [one] if !one.is_empty() => Some((*one).to_owned()),
        _ => None,
    }
}

/// Those who carry the program, then the neighbours.
/// The team's other devices: neither restarting nor carrying the program yet.
fn at_risk(
    devices: &[DeviceId],
    carriers: &[DeviceId],
    team: &Option<String>,
    fleet: &Fleet<'_>,
) -> Vec<DeviceId> {
    fleet
        .devices()
        .filter(|(id, about)| {
            team.as_ref().is_some_and(|team| about.traits.team == *team)
                && !devices.contains(id)
                && !carriers.contains(id)
        })
        .map(|(id, _)| id)
        .take(super::DEVICES_LIMIT)
        .collect()
}

/// A reboot finding is a part when most of its devices are in the story.
fn is_part(finding: &Finding, devices: &BTreeSet<DeviceId>) -> bool {
    finding.kind == Kind::Reboot
        && !finding.devices.is_empty()
        && 2 * finding
            .devices
            .iter()
            .filter(|device| devices.contains(device))
            .count()
            > finding.devices.len()
}

fn absorbed_titles(part: &Finding, devices: &[DeviceId], findings: &[Finding]) -> Vec<String> {
    let devices: BTreeSet<DeviceId> = devices.iter().copied().collect();
    let reboots = findings
        .iter()
        .filter(|finding| is_part(finding, &devices))
        .map(|finding| finding.title.clone());
    std::iter::once(part.title.clone())
        .chain(reboots)
        .take(4)
        .collect()
}

fn absorb(
    findings: Vec<Finding>,
    compounds: Vec<(Finding, BTreeSet<DeviceId>, String)>,
) -> Vec<Finding> {
    let mut kept: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| {
            !compounds
                .iter()
                .any(|(_, devices, suspect)| finding.cause == *suspect || is_part(finding, devices))
        })
        .collect();
    kept.extend(compounds.into_iter().map(|(compound, _, _)| compound));
    kept
}
