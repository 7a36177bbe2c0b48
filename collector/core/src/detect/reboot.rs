//! Restarts that nobody asked for: too many, in a loop, with a beat, or on many like devices at once.
//!
//! **Invariant: one cause, one finding.** A device gets at most one finding about its restarts, the most telling one
//! (beat, loop, rate); a device inside an outbreak gets none of its own, because the outbreak is the cause.
//!
//! The way of the data:
//!
//! ```text
//! DeviceBoots ──history──> ends that count, placed at their own time, each once
//!                              │
//!        ┌──────────────┬──────┴───────┬───────────────┐
//!     outbreak       periodic        loops            rate
//!  (who shares it?)  (a beat?)   (3 in an hour?)  (more than own past, like devices, fleet?)
//! ```
//!
//! What counts as unexpected was decided on the laptop ([`BootEnd::is_unexpected`]) with a confidence; updates, clean
//! restarts by people and resumes never reach the counts. Ends that lie further back than
//! [`Settings::late_after_days`] are history when they arrive, however late they arrive: they teach what is normal and
//! raise no alarm of today. The maths is written down in [`super::baseline`].

mod history;
mod outbreak;
mod periodic;
mod rate;

pub(crate) use history::of_fleet as histories;
pub use history::{End, History};
pub use periodic::{Beat, beat};

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    detect::{Settings, baseline::finite, fleet::Fleet, wording},
    device::DeviceId,
    event::BootEnd,
    evidence::Evidence,
    finding::{EvidenceRow, Finding, Kind, Severity, Subject, cause},
};

/// The beats of those of `devices` that have one, in words: "LT-0001 restarts every 2 h 03 min ± 2 min". A finding about
/// several devices says so, because it takes the place of each device's own.
pub(crate) fn beat_words(
    devices: &BTreeSet<DeviceId>,
    histories: &[History],
    fleet: &Fleet<'_>,
    settings: &Settings,
) -> Option<String> {
    let words: Vec<String> = histories
        .iter()
        .filter(|history| devices.contains(&history.device))
        .filter_map(|history| Some((history.device, periodic::of_device(history, settings)?)))
        .map(|(device, beat)| format!("{} restarts every {}", fleet.name(device), beat.stated()))
        .collect();
    (!words.is_empty()).then(|| format!("There is a beat: {}.", wording::list(&words, 3)))
}

pub fn detect(evidence: &Evidence, settings: &Settings) -> Vec<Finding> {
    let fleet = Fleet::new(evidence, settings);
    let histories = history::of_fleet(evidence, settings);

    let outbreaks = outbreak::find(&fleet, evidence, &histories, settings);
    let explained: BTreeSet<DeviceId> = outbreaks
        .iter()
        .flat_map(|outbreak| outbreak.affected.iter().copied())
        .collect();
    let rates = rate::judge(&fleet, &histories, settings);

    let mut findings: Vec<Finding> = outbreaks
        .iter()
        .map(|outbreak| outbreak::finding(outbreak, &fleet, &histories, settings))
        .collect();
    for history in histories.iter().filter(|h| !explained.contains(&h.device)) {
        findings.extend(of_device(history, &rates, &fleet, settings));
    }
    findings
}

/// The most telling thing to say about one device, if anything.
fn of_device(
    history: &History,
    rates: &BTreeMap<DeviceId, rate::Excess>,
    fleet: &Fleet<'_>,
    settings: &Settings,
) -> Option<Finding> {
    let excess = rates.get(&history.device);
    if let Some(beat) = periodic::of_device(history, settings) {
        return Some(periodic_finding(history, &beat, excess, fleet));
    }
    if let Some(cluster) = history.loop_of(settings.loop_least, settings.recent_days) {
        return Some(loop_finding(history, cluster, excess, fleet));
    }
    excess
        .filter(|excess| excess.surprising)
        .filter(|excess| excess.changed || !mostly_on_battery(history, excess))
        .map(|excess| rate_finding(history, excess, fleet, settings))
}

fn periodic_finding(
    history: &History,
    beat: &Beat,
    excess: Option<&rate::Excess>,
    fleet: &Fleet<'_>,
) -> Finding {
    let name = fleet.name(history.device);
    let stated = beat.stated();
    let ends: Vec<&End> = beat
        .ends
        .iter()
        .map(|index| &history.ends[*index])
        .collect();
    let from = ends.first().map_or(history.now, |end| end.at);
    let mut why = vec![
        format!(
            "{} of {} fit one beat of {stated}, measured {}.",
            if beat.fitting == beat.intervals {
                "All".to_owned()
            } else {
                beat.fitting.to_string()
            },
            wording::count(beat.intervals, "interval"),
            beat.measure.words(),
        ),
        format!(
            "Luck alone would make restarts look this regular {}.",
            chance_words(beat.chance)
        ),
    ];
    why.push(who_asked(&ends));
    if beat.pauses > 0 {
        why.push(format!(
            "{} (nights, missed beats) were left out.",
            wording::count(beat.pauses, "longer pause")
        ));
    }
    if ends.iter().any(|end| end.unexpected()) {
        why.extend(excess.map(|excess| excess.compared.clone()));
    }
    why.extend(history.cause_words());
    let severity = if history.unexpected_within(1.0) >= 3 {
        Severity::High
    } else {
        Severity::Medium
    };
    Finding {
        kind: Kind::Reboot,
        detector: "reboot.periodic".to_owned(),
        subject: Subject::Device(history.device),
        cause: device_cause(history.device),
        severity,
        confidence: (1.0 - beat.chance).clamp(0.5, 0.99) * beat.share_fitting(),
        score: 20.0 - finite(beat.chance.log10()),
        from,
        to: ends.last().map_or(history.now, |end| end.at),
        title: format!(
            "{name} restarts every {stated}, {} times since {}",
            ends.len(),
            wording::day(from)
        ),
        why,
        evidence: rows(history, ends.iter().copied()),
        devices: vec![history.device],
        at_risk: Vec::new(),
        facts: facts(fleet, history, &["unexpected_restart"]),
    }
}

/// How the runs of a beat ended: of themselves, by whom, or nobody knows.
fn who_asked(ends: &[&End]) -> String {
    let unexpected = ends.iter().filter(|end| end.unexpected()).count();
    let untold = ends
        .iter()
        .filter(|end| end.end == BootEnd::Unknown)
        .count();
    let clean = ends.len() - unexpected - untold;
    if unexpected == ends.len() {
        return "None of these restarts was asked for by a person or an update.".to_owned();
    }
    if untold == ends.len() {
        return "The records tell when these runs began, not how they ended: what asked for the restarts is not known.".to_owned();
    }
    let asked_by = wording::list(&history::initiators(ends), 3);
    let mut parts = Vec::new();
    if unexpected > 0 {
        parts.push(format!("{unexpected} were unexpected"));
    }
    if clean > 0 {
        parts.push(format!(
            "{clean} were clean restarts asked for by {asked_by}"
        ));
    }
    if untold > 0 {
        parts.push(format!(
            "of {untold} the records do not tell how they ended"
        ));
    }
    format!("Of {} restarts, {}.", ends.len(), parts.join(", "))
}

fn loop_finding(
    history: &History,
    cluster: std::ops::Range<usize>,
    excess: Option<&rate::Excess>,
    fleet: &Fleet<'_>,
) -> Finding {
    let name = fleet.name(history.device);
    let ends: Vec<&End> = history
        .unexpected()
        .skip(cluster.start)
        .take(cluster.len())
        .collect();
    let from = ends.first().map_or(history.now, |end| end.at);
    let to = ends.last().map_or(history.now, |end| end.at);
    let failing = ends.iter().all(|end| end.end == BootEnd::FailedBoot);
    let span = wording::duration(crate::detect::fleet::seconds(from, to));
    let (detector, title) = if failing {
        (
            "reboot.failing_boot",
            format!(
                "{name} fails to start: {} failed attempts within {span}",
                ends.len()
            ),
        )
    } else {
        (
            "reboot.crash_loop",
            format!(
                "{name} is in a crash loop: {} unexpected restarts within {span}",
                ends.len()
            ),
        )
    };
    let still = history.hours_since_last().is_some_and(|hours| hours < 24.0);
    let mut why = vec![format!(
        "{} unexpected ends between {} and {}.",
        ends.len(),
        wording::moment(from),
        wording::moment(to)
    )];
    why.extend(excess.map(|excess| excess.compared.clone()));
    why.extend(history.cause_words());
    if !still {
        why.push("Nothing since then; it may have been cured.".to_owned());
    }
    Finding {
        kind: Kind::Reboot,
        detector: detector.to_owned(),
        subject: Subject::Device(history.device),
        cause: device_cause(history.device),
        severity: if still {
            Severity::High
        } else {
            Severity::Medium
        },
        confidence: history::mean_confidence(&ends),
        score: 10.0 + ends.len() as f64,
        from,
        to,
        title,
        why,
        evidence: rows(history, ends.iter().copied()),
        devices: vec![history.device],
        at_risk: Vec::new(),
        facts: facts(fleet, history, &["unexpected_restart", "crash"]),
    }
}

/// Somebody who has always let the battery run empty is no news, however rare that is among the others: where batteries
/// explain the ends, only a change is told. A battery that is worn out has a word of its own (`capacity.battery`).
fn mostly_on_battery(history: &History, excess: &rate::Excess) -> bool {
    let (empty, all) = history
        .unexpected()
        .filter(|end| end.age <= excess.window_days)
        .fold((0usize, 0usize), |(empty, all), end| {
            (empty + usize::from(end.on_battery_end()), all + 1)
        });
    2 * empty > all
}

fn rate_finding(
    history: &History,
    excess: &rate::Excess,
    fleet: &Fleet<'_>,
    settings: &Settings,
) -> Finding {
    let name = fleet.name(history.device);
    let ends: Vec<&End> = history
        .unexpected()
        .filter(|end| end.age <= excess.window_days)
        .collect();
    let from = ends.first().map_or(history.now, |end| end.at);
    let to = ends.last().map_or(history.now, |end| end.at);
    let mostly =
        |test: fn(&End) -> bool| 2 * ends.iter().filter(|end| test(end)).count() > ends.len();
    let (detector, symptom, title) = if mostly_on_battery(history, excess) {
        (
            "reboot.battery",
            "battery",
            format!(
                "{name} runs until its battery is empty: {} in {:.0} days",
                times_word(ends.len()),
                excess.window_days
            ),
        )
    } else if mostly(|end| end.end == BootEnd::FailedBoot) {
        (
            "reboot.failing_boot",
            "unexpected_restart",
            format!(
                "{name} fails to start: {} in {:.0} days",
                times_word(ends.len()),
                excess.window_days
            ),
        )
    } else {
        (
            "reboot.rate",
            "unexpected_restart",
            format!(
                "{name} restarts unexpectedly: {} in {:.0} days, {} what is usual",
                times_word(ends.len()),
                excess.window_days,
                wording::times(excess.ratio)
            ),
        )
    };
    let mut why = vec![excess.compared.clone(), excess.own.clone()];
    why.push(format!(
        "Luck alone would do this to a healthy device of this fleet {}.",
        chance_words(excess.chance)
    ));
    why.extend(history.cause_words());
    let per_day = ends.len() as f64 / excess.window_days.max(1.0);
    let severity = match detector {
        "reboot.battery" => Severity::Low,
        _ if per_day >= 1.0 => Severity::High,
        _ if ends.len() >= 5 => Severity::Medium,
        _ => Severity::Low,
    };
    let mut symptoms = vec![symptom];
    if mostly(|end| end.end == BootEnd::Crash) {
        symptoms.push("crash");
    }
    Finding {
        kind: Kind::Reboot,
        detector: detector.to_owned(),
        subject: Subject::Device(history.device),
        cause: device_cause(history.device),
        severity,
        confidence: (1.0 - excess.chance / settings.rate_chance.max(1e-12) * 0.3).clamp(0.5, 0.99)
            * history::mean_confidence(&ends).max(0.5),
        score: -finite(excess.chance.log10()),
        from,
        to,
        title,
        why,
        evidence: rows(history, ends.iter().copied()),
        devices: vec![history.device],
        at_risk: Vec::new(),
        facts: facts(fleet, history, &symptoms),
    }
}

/// One cause a device: whether its restarts look like a rate, a loop or a beat today, it is the same trouble.
fn device_cause(device: DeviceId) -> String {
    cause(Kind::Reboot, "restarts", &format!("device:{device}"))
}

fn times_word(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// "about once in 3125 times" reads better than 3.2e-4.
fn chance_words(chance: f64) -> String {
    if chance < 1e-6 {
        "less than once in a million times".to_owned()
    } else {
        format!("about once in {:.0} times", 1.0 / chance.max(1e-9))
    }
}

fn facts(fleet: &Fleet<'_>, history: &History, symptoms: &[&str]) -> crate::finding::Facts {
    let mut facts = fleet.facts([history.device]);
    facts.symptoms = symptoms.iter().map(|word| (*word).to_owned()).collect();
    facts.codes = history.codes();
    facts
}

/// Newest last: the story in its order, at most what a finding may hold, the newest kept.
fn rows<'a>(history: &History, ends: impl IntoIterator<Item = &'a End>) -> Vec<EvidenceRow> {
    let rows: Vec<EvidenceRow> = ends
        .into_iter()
        .map(|end| EvidenceRow {
            kind: "boot".to_owned(),
            device: Some(history.device),
            at: end.at,
            text: end.words(),
        })
        .collect();
    let surplus = rows.len().saturating_sub(super::EVIDENCE_LIMIT);
    rows.into_iter().skip(surplus).collect()
}
