//! A program that suddenly costs far more than it did on the same device.
//!
//! **Not here**: compilers, browsers and other owned software, whose cost follows their person's work; they are left
//! to the vitals. What remains is work that nobody ordered.

use crate::{
    detect::{
        Settings,
        baseline::finite,
        cap,
        fleet::Fleet,
        process::{identity::is_made_here, rarity::Subject},
        wording,
    },
    evidence::ProcessSeen,
    finding::{EvidenceRow, Finding, Kind, Severity, Subject as About, cause},
};

pub fn judge(subject: &Subject<'_>, fleet: &Fleet<'_>, settings: &Settings) -> Option<Finding> {
    if subject.owned() || !subject.provenance || is_made_here(subject.about) {
        return None;
    }
    if subject.key.starts_with("built:")
        || matches!(
            subject.about.place.as_str(),
            "container" | "system_path" | "program_path"
        )
    {
        return None;
    }
    // A program that costs as much everywhere is how it is.
    if subject.devices > 2 && subject.devices * 20 > fleet.size() {
        return None;
    }
    let sudden: Vec<&ProcessSeen> = subject
        .seen
        .iter()
        .copied()
        .filter(|seen| is_sudden(seen, settings))
        .collect();
    let worst = sudden.iter().copied().max_by(|a, b| {
        finite(a.cpu_last_day)
            .total_cmp(&finite(b.cpu_last_day))
            .then_with(|| b.device.cmp(&a.device))
    })?;
    let name = subject.shown_name();
    let before = finite(worst.cpu_per_day_before).max(0.0);
    let ratio = finite(worst.cpu_last_day) / before.max(1.0);
    let mut why = vec![
        format!(
            "It used {} of processor time in the last day on {}; before it was {} a day.",
            wording::duration(worst.cpu_last_day),
            fleet.name(worst.device),
            wording::duration(before)
        ),
        "No package owns the file and nobody signed it.".to_owned(),
    ];
    why.extend(
        fleet
            .learning
            .as_ref()
            .map(|learning| learning.words.clone()),
    );
    let devices: Vec<_> = sudden.iter().map(|seen| seen.device).collect();
    let mut facts = fleet.facts(devices.iter().copied());
    facts.symptoms = vec!["slow".to_owned(), "thermal".to_owned()];
    facts.processes = vec![subject.about.executable_name.clone(), subject.name.clone()];
    Some(Finding {
        kind: Kind::Process,
        detector: "process.cost".to_owned(),
        subject: About::Device(worst.device),
        cause: cause(Kind::Process, &format!("program:{}", subject.key), "fleet"),
        severity: cap(
            if worst.cpu_last_day >= 8.0 * settings.cost_least {
                Severity::Medium
            } else {
                Severity::Low
            },
            fleet.learning.is_some(),
        ),
        confidence: 0.6,
        score: 4.0 + finite(ratio.log10()).clamp(0.0, 4.0),
        from: worst.last,
        to: worst.last,
        title: format!(
            "\"{name}\" on {} suddenly costs {} what it did",
            fleet.name(worst.device),
            wording::times(ratio)
        ),
        why,
        evidence: sudden
            .iter()
            .map(|seen| EvidenceRow {
                kind: "process".to_owned(),
                device: Some(seen.device),
                at: seen.last,
                text: format!(
                    "{name}: {} of processor time in a day",
                    wording::duration(seen.cpu_last_day)
                ),
            })
            .collect(),
        devices,
        at_risk: Vec::new(),
        facts,
    })
}

/// Known for a while, then suddenly dear. Without a "before" there is nothing sudden.
fn is_sudden(seen: &ProcessSeen, settings: &Settings) -> bool {
    let (before, now) = (finite(seen.cpu_per_day_before), finite(seen.cpu_last_day));
    before > 0.0 && now >= settings.cost_least && now >= settings.cost_ratio * before
}
