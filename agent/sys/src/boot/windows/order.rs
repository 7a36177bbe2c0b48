//! Which record came first, and of which machine and log each one is.
//!
//! Invariant: record numbers order records, times do not (clocks step by years). A second, later run of lower numbers is a
//! new epoch of the log (a reverted snapshot, a log that began anew); a record that comes twice counts once.
//!
//! Not here: what records mean.

use std::collections::{BTreeMap, HashSet};

use super::WinEvent;

/// One machine's records: epochs in order of time, each in record order.
#[derive(Debug)]
pub struct Machine<'a> {
    pub name: String,
    pub epochs: Vec<Vec<&'a WinEvent>>,
}

/// More falls in record numbers than this are a shuffled file, not a history of logs.
const MAX_EPOCHS: usize = 8;

/// Groups and orders.
pub fn machines(events: &[WinEvent]) -> Vec<Machine<'_>> {
    let mut by_name: BTreeMap<String, Vec<&WinEvent>> = BTreeMap::new();
    for event in events {
        by_name
            .entry(event.machine.to_ascii_lowercase())
            .or_default()
            .push(event);
    }
    merge_setup_names(&mut by_name);
    by_name
        .into_values()
        .map(|events| {
            let name = events
                .iter()
                .max_by_key(|event| event.record_id)
                .map(|event| event.machine.to_string())
                .unwrap_or_default();
            Machine {
                name,
                epochs: epochs(events),
            }
        })
        .collect()
}

/// Setup runs under a name of its own and continues, record by record, under the machine's: one machine.
fn merge_setup_names(by_name: &mut BTreeMap<String, Vec<&WinEvent>>) {
    let range = |events: &[&WinEvent]| {
        let ids = events.iter().map(|event| event.record_id);
        Some((ids.clone().min()?, ids.max()?))
    };
    let setup: Vec<String> = by_name
        .keys()
        .filter(|name| is_setup_name(name))
        .cloned()
        .collect();
    for name in setup {
        let Some((_, last)) = by_name.get(&name).and_then(|events| range(events)) else {
            continue;
        };
        let heir = by_name
            .iter()
            .filter(|(other, _)| **other != name)
            .filter_map(|(other, events)| Some((range(events)?.0, other.clone())))
            .filter(|(first, _)| *first > last && *first - last <= SETUP_GAP)
            .min();
        if let Some((_, heir)) = heir
            && let Some(events) = by_name.remove(&name)
        {
            by_name.entry(heir).or_default().extend(events);
        }
    }
}

/// Records of the System log that may be missing between setup's last and the machine's first in a filtered file.
const SETUP_GAP: u64 = 500;

/// MINWINPC, WIN-XXXXXXXXXXX, and the build names of installation images.
fn is_setup_name(name: &str) -> bool {
    let generated = name
        .strip_prefix("win-")
        .is_some_and(|rest| rest.len() == 11 && rest.chars().all(|c| c.is_ascii_alphanumeric()));
    let image =
        name.len() == 13 && name.starts_with("37l4247") && name.as_bytes().get(10) == Some(&b'-');
    name == "minwinpc" || generated || image
}

fn epochs(mut events: Vec<&WinEvent>) -> Vec<Vec<&WinEvent>> {
    let mut seen = HashSet::new();
    events.retain(|event| {
        seen.insert((
            event.record_id,
            event.time,
            event.event_id,
            event.provider.clone(),
        ))
    });
    let falls = |events: &[&WinEvent]| events.windows(2).filter(|pair| is_fall(pair)).count();
    if falls(&events) > events.len() / 2 {
        // Newest first, as `Get-WinEvent` prints.
        events.reverse();
    }
    if falls(&events) >= MAX_EPOCHS {
        events.sort_by_key(|event| (event.record_id, event.time));
        return vec![events];
    }
    let mut runs: Vec<Vec<&WinEvent>> = Vec::new();
    for event in events {
        match runs.last_mut() {
            Some(run)
                if run
                    .last()
                    .is_none_or(|last| last.record_id <= event.record_id) =>
            {
                run.push(event)
            }
            _ => runs.push(vec![event]),
        }
    }
    join(runs)
}

fn is_fall(pair: &[&WinEvent]) -> bool {
    matches!(pair, [first, second] if second.record_id < first.record_id)
}

/// A run that begins no later than the one before it ended is the same log in another order (several files, a file that
/// wraps); one that begins later is a new epoch.
fn join(runs: Vec<Vec<&WinEvent>>) -> Vec<Vec<&WinEvent>> {
    let mut out: Vec<Vec<&WinEvent>> = Vec::new();
    for run in runs {
        let begins_later = match (out.last().and_then(|before| before.last()), run.first()) {
            (Some(last), Some(first)) => first.time >= last.time,
            _ => true,
        };
        match out.last_mut() {
            Some(before) if !begins_later => {
                before.extend(run);
                before.sort_by_key(|event| (event.record_id, event.time));
            }
            _ => out.push(run),
        }
    }
    out
}
