//! Events from files: a saved System log (`.evtx`) or JSON lines.
//!
//! Invariant: what cannot be read is counted and skipped; of events that mean nothing to boots only number and time are
//! kept (they are signs of life), and of a long run of them only the newest, so that a log of any legal size fits.
//!
//! Not here: the log of the running system.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::event::{self, Kind, WinEvent};

mod evtx_file;
mod lines;

pub use evtx_file::read_evtx;
pub use lines::{parse_jsonl, read_jsonl};

/// Events kept: at about 200 bytes each, 400 MB at the very worst, of a log that holds nothing but starts and stops.
const MAX_EVENTS: usize = 2_000_000;
/// Of consecutive events without meaning at least this many are kept, the newest: the last sign of life is among them.
const SIGNS_OF_LIFE: usize = 256;
/// Values longer than this are text for people.
const VALUE_LIMIT: usize = 1024;
const MAX_FIELDS: usize = 64;
/// The log that this is about.
const CHANNEL: &str = "system";

/// What a file gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Saved {
    pub events: Vec<WinEvent>,
    /// Records of the System log that were read, kept or not.
    pub read: u64,
    /// Records that could not be read.
    pub skipped: u64,
    /// Records of another log than System.
    pub foreign: u64,
    /// The number of events went beyond a limit: the rest was not read.
    pub cut: bool,
    /// What else is wrong with the file, as sentences.
    pub faults: Vec<String>,
    /// Consecutive events without meaning at the end of `events`.
    idle: usize,
}

/// What one record of a file is to us.
enum Record {
    Event(Box<WinEvent>),
    /// Of another log.
    Foreign(String),
    Unreadable,
}

impl Saved {
    /// Takes a record; false when no more fit.
    fn take(&mut self, record: Record) -> bool {
        match record {
            Record::Foreign(_) => self.foreign += 1,
            Record::Unreadable => self.skipped += 1,
            Record::Event(event) => {
                if self.events.len() >= MAX_EVENTS {
                    self.cut = true;
                    return false;
                }
                self.read += 1;
                self.idle = if event.kind() == Kind::Other {
                    self.idle + 1
                } else {
                    0
                };
                self.events.push(*event);
                if self.idle >= 2 * SIGNS_OF_LIFE {
                    let begin = self.events.len() - self.idle;
                    self.events.drain(begin..begin + SIGNS_OF_LIFE);
                    self.idle -= SIGNS_OF_LIFE;
                }
            }
        }
        true
    }

    /// What a reader of the result must know of the file, as sentences.
    pub fn remarks(&self) -> Vec<String> {
        let mut out = self.faults.clone();
        if self.skipped > 0 {
            out.push(format!(
                "{} records could not be read (damaged, or cut off); boots among them are not seen",
                self.skipped
            ));
        }
        if self.foreign > 0 {
            out.push(format!(
                "{} records of other logs than System were left out",
                self.foreign
            ));
        }
        if self.cut {
            out.push("too many records; the rest was not read".to_owned());
        }
        out
    }
}

/// From the tree that an event's XML is.
fn event_of_tree(tree: &Value, record_id: Option<u64>, time: Option<Timestamp>) -> Record {
    let channel = tree
        .get("System")
        .and_then(|system| system.get("Channel"))
        .and_then(scalar);
    match channel {
        Some(channel) if !channel.eq_ignore_ascii_case(CHANNEL) => Record::Foreign(channel),
        _ => system_event(tree, record_id, time)
            .map_or(Record::Unreadable, |event| Record::Event(Box::new(event))),
    }
}

fn system_event(tree: &Value, record_id: Option<u64>, time: Option<Timestamp>) -> Option<WinEvent> {
    let system = tree.get("System")?;
    let provider_node = system.get("Provider")?;
    let provider = attribute(provider_node, "Name")
        .or_else(|| attribute(provider_node, "EventSourceName"))
        .unwrap_or_default();
    let event_id = u32::try_from(integer(system.get("EventID")?)?).ok()?;
    // The event's own time. The number that the file keeps beside each record is the same, but zero (1601) in some tools'
    // copies and after a crash: only where the event has none it is asked.
    let time = system
        .get("TimeCreated")
        .and_then(|created| event::time(&attribute(created, "SystemTime")?))
        .filter(is_said)
        .or(time.filter(is_said))?;
    // The record's own number: an exported file numbers its records anew.
    let record_id = system
        .get("EventRecordID")
        .and_then(integer)
        .or(record_id)
        .unwrap_or(0);
    let machine = system.get("Computer").and_then(scalar).unwrap_or_default();
    let is_ours = match Kind::of(&provider, event_id) {
        Kind::Other => false,
        // Of whichever log was cleared, the System log tells.
        Kind::LogCleared => {
            cleared_channel(tree).is_none_or(|channel| channel.eq_ignore_ascii_case(CHANNEL))
        }
        _ => true,
    };
    let mut event = WinEvent {
        machine: machine.into(),
        provider: if is_ours { provider } else { String::new() },
        event_id: if is_ours { event_id } else { 0 },
        record_id,
        time,
        data: BTreeMap::new(),
        strings: Vec::new(),
        binary: Vec::new(),
    };
    if is_ours {
        fill(&mut event, tree.get("EventData"));
    }
    Some(event)
}

/// Zero of a FILETIME is 1601, and no clock of a PC shows a year before 1980, however dead its battery.
fn is_said(time: &Timestamp) -> bool {
    const YEAR_1980: i64 = 315_532_800;
    time.as_second() >= YEAR_1980
}

fn cleared_channel(tree: &Value) -> Option<String> {
    tree.get("UserData")?
        .get("LogFileCleared")?
        .get("Channel")
        .and_then(scalar)
}

/// Attributes lie under "#attributes", or flat with an "@" in other tools' output.
fn attribute(node: &Value, name: &str) -> Option<String> {
    node.get("#attributes")
        .and_then(|attributes| attributes.get(name))
        .or_else(|| node.get(format!("@{name}")))
        .or_else(|| node.get(name))
        .and_then(scalar)
}

fn fill(event: &mut WinEvent, data: Option<&Value>) {
    let Some(Value::Object(fields)) = data else {
        return;
    };
    for (name, value) in fields.iter().take(MAX_FIELDS) {
        match name.as_str() {
            "Data" => take_data(event, value),
            "Binary" => {
                event.binary = scalar(value)
                    .and_then(|text| hex::decode(text.trim()).ok())
                    .unwrap_or_default()
            }
            "#attributes" => {}
            _ => {
                if let Some(text) = scalar(value) {
                    event.data.insert(name.clone(), text);
                }
            }
        }
    }
}

/// A classic event's strings; or, in other tools' output, a list of nodes that carry their names.
fn take_data(event: &mut WinEvent, value: &Value) {
    let nodes = match value {
        Value::Array(nodes) => nodes.as_slice(),
        one => std::slice::from_ref(one),
    };
    for node in nodes.iter().take(MAX_FIELDS) {
        if let (Some(name), Some(text)) = (attribute(node, "Name"), text_of(node)) {
            event.data.insert(name, text);
        }
    }
    if event.data.is_empty() {
        event.strings = list(value);
    }
}

fn text_of(node: &Value) -> Option<String> {
    scalar(node.get("#text").or_else(|| node.get("$"))?)
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items
            .iter()
            .take(MAX_FIELDS)
            .map(|item| scalar(item).unwrap_or_default())
            .collect(),
        Value::Object(node) => node.get("#text").map(list).unwrap_or_default(),
        Value::Null => Vec::new(),
        other => scalar(other).into_iter().collect(),
    }
}

/// Text of a scalar, or of a node that wraps one; cut at a limit.
fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Object(node) => return node.get("#text").and_then(scalar),
        Value::Array(items) => return items.first().and_then(scalar),
        Value::Null => return None,
    };
    Some(text.chars().take(VALUE_LIMIT).collect())
}

fn integer(value: &Value) -> Option<u64> {
    event::number(&scalar(value)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(own: Option<&str>, of_the_file: Option<&str>, expect: Option<&str>) {
        let mut tree = json!({"System": {
            "Provider": {"#attributes": {"Name": "EventLog"}}, "EventID": 6005, "Channel": "System", "Computer": "PC",
        }});
        if let Some(own) = own {
            tree["System"]["TimeCreated"] = json!({"#attributes": {"SystemTime": own}});
        }
        let time = |text: Option<&str>| text.map(|text| text.parse::<Timestamp>().unwrap());
        let record = event_of_tree(&tree, Some(7), time(of_the_file));
        match (record, time(expect)) {
            (Record::Event(event), Some(expect)) => assert_eq!(event.time, expect),
            (Record::Unreadable, None) => {}
            (_, expect) => panic!("{own:?} {of_the_file:?}: not {expect:?}"),
        }
    }

    const NEVER: &str = "1601-01-01T00:00:00Z";
    const THEN: &str = "2024-05-01T10:00:00.1234567Z";
    const LATER: &str = "2024-05-01T10:00:09Z";

    #[test]
    fn a_record_has_its_own_time_and_zero_is_none() {
        check(Some(THEN), Some(LATER), Some(THEN));
        // Zero beside the record: some tools' copies, and logs of a machine that crashed.
        check(Some(THEN), Some(NEVER), Some(THEN));
        check(None, Some(LATER), Some(LATER));
        check(Some(NEVER), Some(LATER), Some(LATER));
        check(Some("gibberish"), Some(LATER), Some(LATER));
        // A record that nobody dates is counted as unreadable, not put before all others.
        check(Some(NEVER), Some(NEVER), None);
        check(None, Some(NEVER), None);
        check(None, None, None);
        // A dead battery's year is what the machine's clock said.
        check(
            Some("1999-01-01T00:00:03Z"),
            None,
            Some("1999-01-01T00:00:03Z"),
        );
    }
}
