//! Which record came first, and of which machine and log each one is.
//!
//! Invariant: record numbers order records, times do not (clocks step by years). A second, later run of lower numbers is a
//! new epoch of the log (a reverted snapshot, a log that began anew); a record that comes twice counts once.
//!
//! Not here: what records mean.

use std::collections::{BTreeMap, HashSet};

use jiff::SignedDuration;

use super::{Kind, WinEvent};

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
    merge_qualified_names(&mut by_name);
    merge_told_names(&mut by_name);
    merge_by_stops(&mut by_name);
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

/// First and last record number.
fn range(events: &[&WinEvent]) -> Option<(u64, u64)> {
    let ids = events.iter().map(|event| event.record_id);
    Some((ids.clone().min()?, ids.max()?))
}

/// The records of an older name before those of the newer.
fn hand_over(by_name: &mut BTreeMap<String, Vec<&WinEvent>>, name: &str, heir: &str) {
    let Some(mut events) = by_name.remove(name) else {
        return;
    };
    let newer = by_name.entry(heir.to_owned()).or_default();
    for part in [&mut events, newer] {
        if falls(part) > part.len() / 2 {
            part.reverse();
        }
    }
    events.append(newer);
    *newer = events;
}

fn label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// "pc" became "pc.example.org" when it joined a domain: one machine, if exactly one qualified name begins so.
fn merge_qualified_names(by_name: &mut BTreeMap<String, Vec<&WinEvent>>) {
    let plain: Vec<String> = by_name
        .keys()
        .filter(|name| !name.is_empty() && !name.contains('.'))
        .cloned()
        .collect();
    for name in plain {
        let mut qualified = by_name
            .keys()
            .filter(|other| **other != name && label(other) == name);
        let (Some(heir), None) = (qualified.next().cloned(), qualified.next()) else {
            continue;
        };
        hand_over(by_name, &name, &heir);
    }
}

/// A stop that was asked for after a renaming names the machine as it will be called (1074's second parameter): the records
/// that follow under that name are the same machine's.
fn merge_told_names(by_name: &mut BTreeMap<String, Vec<&WinEvent>>) {
    let names: Vec<String> = by_name.keys().cloned().collect();
    // Oldest first, so that a chain of names ends in its newest.
    let mut renamings: Vec<(u64, String, String)> = Vec::new();
    for name in names {
        let Some(events) = by_name.get(&name) else {
            continue;
        };
        let told = events
            .iter()
            .filter(|event| event.kind() == Kind::StopAsked)
            .filter_map(|event| Some((event.record_id, event.parameter(2)?.to_ascii_lowercase())))
            .filter(|(_, next)| label(next) != label(&name))
            .max();
        let (Some((at, next)), Some((_, last))) = (told, range(events)) else {
            continue;
        };
        let heir = by_name
            .iter()
            .filter(|(other, _)| **other != name && label(other) == label(&next))
            .find(|(_, events)| range(events).is_some_and(|(first, _)| first > last));
        if let Some((heir, _)) = heir {
            renamings.push((at, name, heir.clone()));
        }
    }
    renamings.sort();
    for (_, name, heir) in renamings {
        hand_over(by_name, &name, &heir);
    }
}

/// A name changes over a restart: the old name's log service stops, and seconds later the kernel, which is recorded under
/// the new one.
fn merge_by_stops(by_name: &mut BTreeMap<String, Vec<&WinEvent>>) {
    for _ in 0..by_name.len() {
        let found = by_name.iter().find_map(|(name, events)| {
            let (_, last) = range(events)?;
            let asked = events
                .iter()
                .filter(|event| matches!(event.kind(), Kind::LogStopped | Kind::StopAsked))
                .max_by_key(|event| event.record_id)?;
            let (heir, _) = by_name.iter().find(|(other, events)| {
                *other != name
                    && range(events).is_some_and(|(first, _)| first > last)
                    && events
                        .iter()
                        .filter(|event| event.kind() == Kind::KernelStop)
                        .any(|stop| is_soon_after(stop, asked))
            })?;
            Some((name.clone(), heir.clone()))
        });
        let Some((name, heir)) = found else { return };
        hand_over(by_name, &name, &heir);
    }
}

fn is_soon_after(stop: &WinEvent, asked: &WinEvent) -> bool {
    /// From the log service's stop to the kernel's.
    const STOPPING: SignedDuration = SignedDuration::from_mins(2);
    let behind = stop.time.duration_since(asked.time);
    !behind.is_negative() && behind <= STOPPING
}

/// Setup runs under a name of its own and continues, record by record, under the machine's: one machine.
fn merge_setup_names(by_name: &mut BTreeMap<String, Vec<&WinEvent>>) {
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
        if let Some((_, heir)) = heir {
            hand_over(by_name, &name, &heir);
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
    if events.iter().all(|event| event.record_id == 0) {
        // No numbers at all: times are the only order there is.
        let backwards = events
            .windows(2)
            .filter(|pair| matches!(pair, [first, second] if second.time < first.time))
            .count();
        if backwards > events.len() / 2 {
            events.reverse();
        }
        events.sort_by_key(|event| event.time);
        return vec![events];
    }
    settle_spikes(&mut events);
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

/// A single number far above both its neighbours, in a file that otherwise rises, is a damaged number: where it stands is
/// not known, so it is left out.
fn settle_spikes(events: &mut Vec<&WinEvent>) {
    /// More falls than this in so many records are another order, not damage.
    const DAMAGED_ONE_IN: usize = 10;
    if falls(events) * DAMAGED_ONE_IN > events.len() {
        return;
    }
    let numbers: Vec<u64> = events.iter().map(|event| event.record_id).collect();
    let is_spike = |index: usize| {
        let neighbour = |at: Option<usize>| at.and_then(|at| numbers.get(at)).copied();
        let (Some(before), Some(own), Some(after)) = (
            neighbour(index.checked_sub(1)),
            neighbour(Some(index)),
            neighbour(Some(index + 1)),
        ) else {
            return false;
        };
        after > before && after - before <= DAMAGE_GAP && (own > after || own < before)
    };
    let mut index = 0;
    events.retain(|_| {
        index += 1;
        !is_spike(index - 1)
    });
}

/// Numbers of neighbours in an unfiltered log, a few lost records between them.
const DAMAGE_GAP: u64 = 4;

fn falls(events: &[&WinEvent]) -> usize {
    events.windows(2).filter(|pair| is_fall(pair)).count()
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
            (Some(last), Some(first)) => first.time > last.time,
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
