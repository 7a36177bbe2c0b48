//! Events from files: a saved System log (`.evtx`) or JSON lines.
//!
//! Invariant: what cannot be read is counted and skipped; of events that mean nothing to boots only number and time are
//! kept (they are signs of life), so that a log of any legal size fits.
//!
//! Not here: the log of the running system.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use evtx::{EvtxParser, ParserSettings};
use jiff::Timestamp;
use serde_json::Value;

use super::event::{self, Kind, WinEvent};
use crate::boot::Error;

/// Windows' own default for the System log is 20 MiB; administrators set up to 4 GiB and regret it.
const FILE_LIMIT: u64 = 2 * 1024 * 1024 * 1024;
/// Events kept: at about 100 bytes each, 200 MB at the very worst; a full 2 GiB log has about as many.
const MAX_EVENTS: usize = 2_000_000;
/// One JSON line; an event is at most 64 KiB of XML.
const LINE_LIMIT: u64 = 1024 * 1024;
/// Values longer than this are text for people.
const VALUE_LIMIT: usize = 1024;
const MAX_FIELDS: usize = 64;

/// What a file gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Saved {
    pub events: Vec<WinEvent>,
    /// Records that could not be read.
    pub skipped: u64,
    /// The file or the number of events went beyond a limit: the rest was not read.
    pub cut: bool,
}

/// Reads JSON lines: `{"machine","provider","event_id","record_id","time","data":{...}}`. Lines of `evtx_dump -o jsonl`
/// are understood too.
///
/// # Errors
/// The file cannot be opened.
pub fn read_jsonl(path: &Path) -> Result<Saved, Error> {
    let file = std::fs::File::open(path).map_err(|source| Error::Read {
        path: path.display().to_string(),
        source,
    })?;
    Ok(parse_jsonl(BufReader::new(file)))
}

/// The same from any reader. A read error ends it.
pub fn parse_jsonl(mut from: impl BufRead) -> Saved {
    let mut saved = Saved::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = match from.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return saved,
            Ok(length) => length as u64,
        };
        if length == LINE_LIMIT && line.last() != Some(&b'\n') {
            saved.skipped += 1;
            // The rest of this line comes as further pieces that do not parse; each is counted once more.
            continue;
        }
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if saved.events.len() >= MAX_EVENTS {
            saved.cut = true;
            return saved;
        }
        let parsed = serde_json::from_slice::<Value>(text).ok();
        match parsed.as_ref().and_then(event_of_line) {
            Some(event) => saved.events.push(event),
            None => saved.skipped += 1,
        }
    }
}

fn event_of_line(value: &Value) -> Option<WinEvent> {
    if let Some(event) = value.get("Event") {
        return event_of_tree(event, None, None);
    }
    let get = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| value.get(*name))
            .filter(|found| !found.is_null())
    };
    let provider = scalar(get(&["provider", "Provider"])?)?;
    let event_id = u32::try_from(integer(get(&["event_id", "EventID", "id"])?)?).ok()?;
    let time = event::time(&scalar(get(&["time", "TimeCreated"])?)?)?;
    let machine = get(&["machine", "Computer"])
        .and_then(scalar)
        .unwrap_or_default();
    let record_id = get(&["record_id", "EventRecordID"])
        .and_then(integer)
        .unwrap_or(0);
    let mut event = WinEvent {
        machine: machine.into(),
        provider,
        event_id,
        record_id,
        time,
        data: BTreeMap::new(),
        strings: Vec::new(),
        binary: Vec::new(),
    };
    fill(&mut event, get(&["data", "EventData"]));
    Some(event)
}

/// Reads a saved event log.
///
/// # Errors
/// The file cannot be opened or has no event log's header.
pub fn read_evtx(path: &Path) -> Result<Saved, Error> {
    let name = || path.display().to_string();
    let length = std::fs::metadata(path)
        .map_err(|source| Error::Read {
            path: name(),
            source,
        })?
        .len();
    if length > FILE_LIMIT {
        return Err(Error::NotAnEventLog {
            path: name(),
            reason: format!("larger than {FILE_LIMIT} bytes"),
        });
    }
    let settings = ParserSettings::new().num_threads(1);
    let mut parser = EvtxParser::from_path(path)
        .map_err(|error| Error::NotAnEventLog {
            path: name(),
            reason: error.to_string(),
        })?
        .with_configuration(settings);
    let mut saved = Saved::default();
    for record in parser.records_json_value() {
        if saved.events.len() >= MAX_EVENTS {
            saved.cut = true;
            break;
        }
        let event = record.ok().and_then(|record| {
            let tree = record.data.get("Event")?;
            event_of_tree(tree, Some(record.event_record_id), Some(record.timestamp))
        });
        match event {
            Some(event) => saved.events.push(event),
            None => saved.skipped += 1,
        }
    }
    // One file is one machine, under whatever names it went: its newest names it.
    if let Some(machine) = saved
        .events
        .iter()
        .max_by_key(|event| event.record_id)
        .map(|event| event.machine.clone())
    {
        for event in &mut saved.events {
            event.machine = machine.clone();
        }
    }
    Ok(saved)
}

/// From the tree that an event's XML is.
fn event_of_tree(
    tree: &Value,
    record_id: Option<u64>,
    time: Option<Timestamp>,
) -> Option<WinEvent> {
    let system = tree.get("System")?;
    let provider_node = system.get("Provider")?;
    let provider = attribute(provider_node, "Name")
        .or_else(|| attribute(provider_node, "EventSourceName"))
        .unwrap_or_default();
    let event_id = u32::try_from(integer(system.get("EventID")?)?).ok()?;
    let time =
        time.or_else(|| event::time(&attribute(system.get("TimeCreated")?, "SystemTime")?))?;
    let record_id = record_id
        .or_else(|| integer(system.get("EventRecordID")?))
        .unwrap_or(0);
    let machine = system.get("Computer").and_then(scalar).unwrap_or_default();
    let is_ours = Kind::of(&provider, event_id) != Kind::Other;
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
            "Data" => event.strings = list(value),
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
    use proptest::prelude::*;

    #[test]
    fn lines_of_the_contract_are_read_and_broken_ones_counted() {
        let text = concat!(
            r#"{"machine":"PC","provider":"Microsoft-Windows-Kernel-Power","event_id":41,"record_id":7,"time":"2020-08-07T12:50:29Z","data":{"BugcheckCode":340,"SleepInProgress":false}}"#,
            "\nnot json\n\n",
            r#"{"machine":"PC","provider":"EventLog","event_id":"6008","record_id":8,"time":"2020-08-07T12:50:30Z","data":{"Data":["a","b"],"Binary":"E4070800"}}"#,
            "\n",
            r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"EventLog"}},"EventID":{"#attributes":{"Qualifiers":32768},"#text":6009},"TimeCreated":{"#attributes":{"SystemTime":"2017-07-12T17:16:28.2141616Z"}},"EventRecordID":1,"Computer":"WIN"},"EventData":{"Data":{"#text":["10.00.","15063"]}}}}"##,
        );
        let saved = parse_jsonl(text.as_bytes());
        assert_eq!((saved.events.len(), saved.skipped), (3, 1));
        assert_eq!(saved.events[0].number("BugcheckCode"), Some(340));
        assert_eq!(saved.events[0].number("SleepInProgress"), Some(0));
        assert_eq!(saved.events[1].parameter(2), Some("b"));
        assert_eq!(saved.events[1].binary, [0xe4, 7, 8, 0]);
        assert_eq!(saved.events[2].strings, ["10.00.", "15063"]);
        assert_eq!(saved.events[2].kind(), Kind::Banner);
    }

    #[test]
    fn what_is_no_log_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.evtx");
        std::fs::write(&path, "hello").unwrap();
        assert!(matches!(read_evtx(&path), Err(Error::NotAnEventLog { .. })));
        assert!(matches!(
            read_jsonl(&directory.path().join("none")),
            Err(Error::Read { .. })
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = parse_jsonl(bytes.as_slice());
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("x.evtx");
            let mut file = b"ElfFile\0".to_vec();
            file.extend(&bytes);
            std::fs::write(&path, file).unwrap();
            let _ = read_evtx(&path);
        }
    }
}
