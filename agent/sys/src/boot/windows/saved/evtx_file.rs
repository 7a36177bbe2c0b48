//! Events from a saved `.evtx` file.
//!
//! Invariant: a file of another log, or of another form, is an error that says which; a damaged one gives what can be read,
//! and what could not be is counted by the gaps in its record numbers.
//!
//! Not here: what an event means.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use evtx::{EvtxParser, ParserSettings};

use super::{Record, Saved, event_of_tree};
use crate::boot::Error;
use crate::boot::windows::WinEvent;

/// Windows' own default for the System log is 20 MiB; administrators set up to 4 GiB and regret it.
const FILE_LIMIT: u64 = 2 * 1024 * 1024 * 1024;
/// A file whose header is damaged is read into memory to give it another.
const REPAIR_LIMIT: u64 = 256 * 1024 * 1024;
/// Where the first chunk lies, and how long each is ([MS-EVEN6] and libevtx' description of the format).
const FIRST_CHUNK: u64 = 4096;
const CHUNK: u64 = 65_536;
const FILE_MAGIC: &[u8; 8] = b"ElfFile\0";
const CHUNK_MAGIC: &[u8; 8] = b"ElfChnk\0";
/// Windows 2003 and older: this word stands at offset 4.
const OLD_MAGIC: &[u8; 4] = b"LfLe";
/// A name changes a few times in a log's life (setup, joining a domain); names that alternate are several machines.
const CHANGES_PER_NAME: usize = 4;

/// Reads a saved event log.
///
/// # Errors
/// The file cannot be opened, has no event log's form, or holds another log than System.
pub fn read_evtx(path: &Path) -> Result<Saved, Error> {
    let name = path.display().to_string();
    let unreadable = |source| Error::Read {
        path: name.clone(),
        source,
    };
    let no_log = |reason: String| Error::NotAnEventLog {
        path: name.clone(),
        reason,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    if length > FILE_LIMIT {
        return Err(no_log(format!("larger than {FILE_LIMIT} bytes")));
    }
    let mut head = Vec::new();
    file.by_ref()
        .take(FIRST_CHUNK + 8)
        .read_to_end(&mut head)
        .map_err(unreadable)?;
    if head.get(4..8) == Some(OLD_MAGIC) {
        return Err(no_log(
            "a log of Windows 2003 or older (.evt); give its events as JSON lines with --events"
                .to_owned(),
        ));
    }
    file.rewind().map_err(unreadable)?;
    let has_header = head.starts_with(FILE_MAGIC);
    let has_chunk = head.get(FIRST_CHUNK as usize..) == Some(CHUNK_MAGIC);
    let mut saved = Saved::default();
    if has_header {
        note_length(&mut saved, &head, length);
        read_records(file, &mut saved).map_err(no_log)?;
    } else if has_chunk && length <= REPAIR_LIMIT {
        saved
            .faults
            .push("the file's header is damaged; its records were read all the same".to_owned());
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        give_header(&mut bytes);
        read_records(Cursor::new(bytes), &mut saved).map_err(no_log)?;
    } else {
        return Err(no_log("it does not begin as one".to_owned()));
    }
    Ok(saved)
}

/// The header counts the chunks; a copy that was cut off has fewer. (A log that was open says fewer than there are.)
fn note_length(saved: &mut Saved, head: &[u8], length: u64) {
    const COUNT_AT: usize = 42;
    let Some(Ok(count)) = head.get(COUNT_AT..COUNT_AT + 2).map(<[u8; 2]>::try_from) else {
        return;
    };
    let chunks = u64::from(u16::from_le_bytes(count));
    let there = length.saturating_sub(FIRST_CHUNK) / CHUNK;
    if there < chunks {
        saved.faults.push(format!(
            "the file is cut off: {} of its {chunks} blocks are missing",
            chunks - there
        ));
    }
}

/// The least that a header must say.
fn give_header(bytes: &mut [u8]) {
    let mut put = |at: usize, value: &[u8]| {
        if let Some(place) = bytes.get_mut(at..at + value.len()) {
            place.copy_from_slice(value);
        }
    };
    put(0, FILE_MAGIC);
    put(32, &128_u32.to_le_bytes());
    put(36, &1_u16.to_le_bytes());
    put(38, &3_u16.to_le_bytes());
    put(40, &(FIRST_CHUNK as u16).to_le_bytes());
}

fn read_records<T: Read + Seek>(from: T, saved: &mut Saved) -> Result<(), String> {
    let settings = ParserSettings::new().num_threads(1);
    let mut parser = EvtxParser::from_read_seek(from)
        .map_err(|error| error.to_string())?
        .with_configuration(settings);
    let mut numbers = Numbers::default();
    let mut names = Names::default();
    let mut other = None;
    for record in parser.records_json_value() {
        let record = match record {
            Err(_) => Record::Unreadable,
            Ok(record) => {
                numbers.saw(record.event_record_id);
                match record.data.get("Event") {
                    Some(tree) => {
                        event_of_tree(tree, Some(record.event_record_id), Some(record.timestamp))
                    }
                    None => Record::Unreadable,
                }
            }
        };
        match &record {
            Record::Event(event) => names.saw(event),
            Record::Foreign(channel) => other = Some(channel.clone()),
            Record::Unreadable => {}
        }
        if !saved.take(record) {
            break;
        }
    }
    if let (Some(channel), 0) = (other, saved.read) {
        return Err(format!(
            "it holds the log {channel:?}; boots are told by the log System (System.evtx)"
        ));
    }
    // A damaged block is one error but many records.
    saved.skipped = saved.skipped.max(numbers.missing());
    names.settle(saved);
    Ok(())
}

/// The file's own record numbers: they have no gaps, whatever was filtered on export.
#[derive(Default)]
struct Numbers {
    first: Option<u64>,
    last: u64,
    count: u64,
}

impl Numbers {
    fn saw(&mut self, number: u64) {
        self.first = Some(self.first.map_or(number, |first| first.min(number)));
        self.last = self.last.max(number);
        self.count += 1;
    }

    fn missing(&self) -> u64 {
        /// A number changed by damage is no million lost records.
        const MAX_PLAUSIBLE: u64 = 100_000_000;
        let span = self
            .first
            .map_or(0, |first| self.last.saturating_sub(first) + 1);
        let missing = span.saturating_sub(self.count);
        if missing > MAX_PLAUSIBLE { 0 } else { missing }
    }
}

/// The machine's names in a file, in its order.
#[derive(Default)]
struct Names {
    seen: HashMap<Arc<str>, u64>,
    last: Option<Arc<str>>,
    changes: usize,
}

impl Names {
    fn saw(&mut self, event: &WinEvent) {
        if self.last.as_ref() != Some(&event.machine) {
            self.changes += 1;
            self.last = Some(event.machine.clone());
        }
        let newest = self.seen.entry(event.machine.clone()).or_default();
        *newest = (*newest).max(event.record_id);
    }

    /// One file is one machine, under whatever names it went: its newest names it. Only where names keep alternating
    /// (a collector's forwarded events) it is several.
    fn settle(self, saved: &mut Saved) {
        if self.changes > CHANGES_PER_NAME * self.seen.len() {
            return;
        }
        let newest = self.seen.into_iter().max_by_key(|(_, number)| *number);
        if let Some((machine, _)) = newest {
            for event in &mut saved.events {
                event.machine = machine.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn reason(bytes: &[u8]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.evtx");
        std::fs::write(&path, bytes).unwrap();
        read_evtx(&path).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_log_is_an_error() {
        for bytes in [b"hello".as_slice(), b"", &[0; 5000]] {
            assert!(reason(bytes).contains("does not begin as one"));
        }
        assert!(reason(b"\x30\0\0\0LfLe\x01").contains("Windows 2003"));
    }

    #[test]
    fn a_gap_in_the_numbers_is_lost_records() {
        let mut numbers = Numbers::default();
        for number in [7, 8, 11, 9] {
            numbers.saw(number);
        }
        assert_eq!(numbers.missing(), 1);
        numbers.saw(u64::MAX - 1);
        assert_eq!(numbers.missing(), 0, "a flipped bit is not believed");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..2000), chunk in any::<bool>()) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("x.evtx");
            let mut file = FILE_MAGIC.to_vec();
            if chunk {
                file = vec![0; FIRST_CHUNK as usize];
                file.extend(CHUNK_MAGIC);
            }
            file.extend(&bytes);
            std::fs::write(&path, file).unwrap();
            let _ = read_evtx(&path);
        }
    }
}
