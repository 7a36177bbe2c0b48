//! Events as JSON lines.
//!
//! Invariant: one line is one event or one counted loss; a line without end is one loss, whatever its length.
//!
//! Not here: files of Windows' own form.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::{CHANNEL, Record, Saved, event_of_tree, fill, integer, scalar};
use crate::boot::Error;
use crate::boot::windows::event::{self, WinEvent};

/// One JSON line; an event is at most 64 KiB of XML.
const LINE_LIMIT: usize = 1024 * 1024;

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

/// The same from any reader. A read error ends it and is told.
pub fn parse_jsonl(mut from: impl BufRead) -> Saved {
    let mut saved = Saved::default();
    let mut line = Vec::new();
    loop {
        let is_whole = match next_line(&mut from, &mut line) {
            Ok(Some(is_whole)) => is_whole,
            Ok(None) => return saved,
            Err(error) => {
                saved.faults.push(format!("reading stopped: {error}"));
                return saved;
            }
        };
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        if is_whole && text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let parsed = is_whole
            .then(|| serde_json::from_slice::<Value>(text).ok())
            .flatten();
        let record = parsed.as_ref().map_or(Record::Unreadable, record_of_line);
        if !saved.take(record) {
            return saved;
        }
    }
}

/// The next line into `line`; `Some(false)` for one beyond the limit, of which the rest is skipped, `None` at the end.
fn next_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Option<bool>> {
    line.clear();
    let mut is_whole = true;
    loop {
        let buffer = match from.fill_buf() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if buffer.is_empty() {
            return Ok((!line.is_empty() || !is_whole).then_some(is_whole));
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let piece = buffer
            .get(..end.unwrap_or(buffer.len()))
            .unwrap_or_default();
        if line.len() + piece.len() > LINE_LIMIT {
            is_whole = false;
            line.clear();
        } else if is_whole {
            line.extend_from_slice(piece);
        }
        let used = piece.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            return Ok(Some(is_whole));
        }
    }
}

fn record_of_line(value: &Value) -> Record {
    if let Some(event) = value.get("Event") {
        return event_of_tree(event, None, None);
    }
    let channel = ["channel", "Channel", "LogName"]
        .iter()
        .find_map(|name| scalar(value.get(*name)?));
    match channel {
        Some(channel) if !channel.eq_ignore_ascii_case(CHANNEL) => Record::Foreign(channel),
        _ => {
            event_of_line(value).map_or(Record::Unreadable, |event| Record::Event(Box::new(event)))
        }
    }
}

fn event_of_line(value: &Value) -> Option<WinEvent> {
    let get = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| value.get(*name))
            .filter(|found| !found.is_null())
    };
    let provider = scalar(get(&[
        "provider",
        "Provider",
        "ProviderName",
        "SourceName",
    ])?)?;
    let event_id = u32::try_from(integer(get(&["event_id", "EventID", "Id", "id"])?)?).ok()?;
    let time = time_of(get(&["time", "TimeCreated", "@timestamp"])?)?;
    let machine = get(&["machine", "Computer", "MachineName", "Hostname"])
        .and_then(scalar)
        .unwrap_or_default();
    let record_id = get(&["record_id", "EventRecordID", "RecordId", "RecordNumber"])
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

/// Text of a time, or seconds since 1970 (milliseconds, where seconds would lie beyond the year 5000).
fn time_of(value: &Value) -> Option<Timestamp> {
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    if let Some(number) = value.as_i64() {
        return if number.abs() >= MILLISECONDS_FROM {
            Timestamp::from_millisecond(number).ok()
        } else {
            Timestamp::from_second(number).ok()
        };
    }
    event::time(&scalar(value)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::boot::windows::Kind;
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
    fn another_logs_lines_and_endless_ones_are_counted() {
        let long = "x".repeat(3 * LINE_LIMIT);
        let text = format!(
            "{{\"channel\":\"Security\",\"provider\":\"x\",\"event_id\":1,\"time\":\"2020-08-07T12:50:29Z\"}}\n{long}\n{{\"provider\":\"EventLog\",\"event_id\":6005,\"record_id\":1,\"time\":1600000000}}"
        );
        let saved = parse_jsonl(text.as_bytes());
        assert_eq!((saved.read, saved.skipped, saved.foreign), (1, 1, 1));
        assert_eq!(saved.events[0].time.as_second(), 1_600_000_000);
        assert_eq!(saved.remarks().len(), 2);
    }

    #[test]
    fn named_nodes_of_other_tools_are_fields() {
        let line = r##"{"Event":{"System":{"Provider":{"@Name":"Microsoft-Windows-Kernel-Power"},"EventID":"41","TimeCreated":{"@SystemTime":"2017-07-12T17:16:28.2141616Z"},"EventRecordID":"9","Channel":"System","Computer":"WIN"},"EventData":{"Data":[{"@Name":"BugcheckCode","#text":"340"},{"@Name":"SleepInProgress","#text":"0"}]}}}"##;
        let saved = parse_jsonl(line.as_bytes());
        assert_eq!(saved.events[0].number("BugcheckCode"), Some(340));
        assert_eq!(saved.events[0].record_id, 9);
    }

    #[test]
    fn the_end_of_a_long_quiet_time_is_kept() {
        let text: String = (0..5000)
            .map(|second| {
                format!(
                    "{{\"provider\":\"x\",\"event_id\":7036,\"record_id\":{second},\"time\":{}}}\n",
                    1_600_000_000 + second
                )
            })
            .collect();
        let saved = parse_jsonl(text.as_bytes());
        assert_eq!(saved.read, 5000);
        assert!(saved.events.len() < 2 * super::super::SIGNS_OF_LIFE);
        assert_eq!(saved.events.last().unwrap().record_id, 4999);
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
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
        }
    }
}
