//! Lines in, rows out: numbers the facts of each device, stores them in blocks, keeps the tally.

use std::{
    collections::BTreeMap,
    io::BufRead,
    time::{Duration, Instant},
};

use anyhow::Result;
use jiff::Timestamp;
use uuid::Uuid;
use weft_collector_core::{
    device::{DeviceId, Traits},
    event::{Event, Observed, Outcome},
};
use weft_collector_store::telemetry::Telemetry;

use super::{
    calendar::Calendar,
    lines::{Line, Lines},
    record::{Described, Dirty, Reader, Record, Said},
    sources::{Place, Sources},
};

/// Rows per insert: large blocks are cheap, and 20,000 wide rows are some 20 MB.
const BLOCK: usize = 20_000;

/// Dirty lines that are named one by one; the rest is counted.
const NAMED: u64 = 20;

/// Stretches of dirty lines whose numbers are told at the end.
const RANGES: usize = 100;

/// Lines kept to tell what a file of the wrong format is, and characters of each.
const SAMPLE: usize = 20;
const SAMPLE_LENGTH: usize = 4_000;

/// Between two words of progress.
const PROGRESS: Duration = Duration::from_secs(2);

/// Reads one file into a store.
pub struct Intake<'a> {
    telemetry: &'a Telemetry,
    until: Option<Timestamp>,
    read: Read,
    block: Vec<Event>,
    /// Named by a file's first line, so that the same file gets the same numbers again.
    epoch: Option<Uuid>,
    /// Number of the file being read.
    file: u16,
}

/// What the file held.
#[derive(Default)]
pub struct Read {
    pub calendar: Calendar,
    pub sources: Sources,
    devices: BTreeMap<DeviceId, Known>,
    lines: u64,
    facts: u64,
    known_before: u64,
    other: u64,
    later: u64,
    dirty: u64,
    /// The numbers of all dirty lines as far as [`RANGES`] goes: file, first, last.
    dirt: Vec<(u16, u64, u64)>,
    /// The first dirty lines, to tell what the file is instead.
    sample: Vec<String>,
}

struct Known {
    described: Described,
    /// Number of the last fact.
    seq: u64,
    /// Of the file being read: numbers up to here are in the store already. Asked at its first fact.
    watermark: Option<u64>,
}

impl<'a> Intake<'a> {
    pub fn new(telemetry: &'a Telemetry, until: Option<Timestamp>) -> Self {
        Self {
            telemetry,
            until,
            read: Read::default(),
            block: Vec::new(),
            epoch: None,
            file: 0,
        }
    }

    /// Reads one file to its end; [`Self::done`] after the last.
    pub async fn take<R: BufRead>(
        &mut self,
        name: &str,
        mut lines: Lines<R>,
        reader: &mut dyn Reader,
    ) -> Result<()> {
        let mut told = Instant::now();
        self.file = self.read.sources.file(name);
        // Each file is its own series of numbers: a further file changes nothing about the first.
        self.epoch = None;
        for known in self.read.devices.values_mut() {
            known.watermark = None;
        }
        while let Some(line) = lines.next() {
            self.read.lines += 1;
            if self.read.facts == 0
                && self.read.sample.len() < SAMPLE
                && let Line::Text(text) = &line
            {
                self.read
                    .sample
                    .push(text.chars().take(SAMPLE_LENGTH).collect());
            }
            let is_broken = matches!(line, Line::Broken(_));
            match said(line, reader) {
                None => {}
                Some(Ok(Said::Nothing)) => self.read.other += 1,
                Some(Ok(Said::Facts(facts))) => {
                    let place = Place {
                        file: self.file,
                        line: lines.number,
                        offset: lines.offset,
                    };
                    for fact in facts {
                        self.fact(fact, place).await?;
                    }
                }
                Some(Err(Dirty(why))) => {
                    self.read.dirty(self.file, lines.number);
                    if self.read.dirty <= NAMED || is_broken {
                        eprintln!(
                            "replay: {name}, line {} is passed over: {why}",
                            lines.number
                        );
                    }
                }
            }
            if self.block.len() >= BLOCK {
                self.flush().await?;
            }
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                eprintln!(
                    "replay: {} lines, {} facts, {} devices",
                    self.read.lines,
                    self.read.facts,
                    self.read.devices.len()
                );
            }
        }
        self.flush().await
    }

    pub fn done(self) -> Read {
        self.read
    }

    async fn fact(&mut self, record: Record, place: Place) -> Result<()> {
        if self.until.is_some_and(|until| record.at > until) {
            self.read.later += 1;
            return Ok(());
        }
        let epoch = *self.epoch.get_or_insert_with(|| epoch(&record));
        let device = device_id(&record.device.id);
        let known = self.read.devices.entry(device).or_insert_with(|| Known {
            described: record.device.clone(),
            watermark: None,
            seq: 0,
        });
        let stored = match known.watermark {
            Some(stored) => stored,
            None => {
                let stored = self.telemetry.watermark(device, epoch).await?;
                known.watermark = Some(stored);
                known.seq = 0;
                stored
            }
        };
        if let Outcome::Stored(observed) = &record.outcome
            && let Observed::Process(process) = observed.as_ref()
        {
            self.read
                .sources
                .remember(device, record.at, process, place);
        }
        known.learn(&record.device.traits);
        known.seq += 1;
        self.read.calendar.enter(record.at);
        self.read.facts += 1;
        if known.seq <= stored {
            self.read.known_before += 1;
            return Ok(());
        }
        self.block.push(Event {
            device,
            epoch,
            seq: known.seq,
            observed_at: record.at,
            // The order of the file, not its times, decides what supersedes what; one value keeps a block one part.
            received_at: Timestamp::UNIX_EPOCH,
            simulated: record.device.traits.simulated,
            outcome: record.outcome,
            original_times: Vec::new(),
        });
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        self.telemetry.insert(&self.block).await?;
        self.block.clear();
        Ok(())
    }
}

/// What a line said; `None` for an empty one.
fn said(line: Line, reader: &mut dyn Reader) -> Option<Result<Said, Dirty>> {
    match line {
        Line::Empty => None,
        Line::Text(text) => Some(reader.read(&text)),
        Line::TooLong => Some(Err(Dirty::new("longer than 8 MiB"))),
        Line::NotText => Some(Err(Dirty::new("not UTF-8"))),
        Line::Broken(why) => Some(Err(Dirty(format!(
            "the file cannot be read further ({why}); what came before counts"
        )))),
    }
}

impl Read {
    fn dirty(&mut self, file: u16, number: u64) {
        self.dirty += 1;
        if let Some((known, _, last)) = self.dirt.last_mut()
            && *known == file
            && *last + 1 == number
        {
            *last = number;
        } else if self.dirt.len() < RANGES {
            self.dirt.push((file, number, number));
        }
    }

    /// "2, 4, 9-11 (and more)", per file.
    fn dirty_lines(&self) -> Vec<(String, String)> {
        let mut told: Vec<(u16, Vec<String>)> = Vec::new();
        for (file, first, last) in &self.dirt {
            let range = if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            };
            match told.last_mut() {
                Some((known, ranges)) if known == file => ranges.push(range),
                _ => told.push((*file, vec![range])),
            }
        }
        let more = if self.dirt.len() == RANGES {
            ", ... (only the first are told)"
        } else {
            ""
        };
        told.into_iter()
            .map(|(file, ranges)| (self.sources.name(file), ranges.join(", ") + more))
            .collect()
    }

    /// The tally, on stderr.
    pub fn report(&self) {
        eprintln!(
            "replay: {} lines, {} facts about {} devices",
            self.lines,
            self.facts,
            self.devices.len()
        );
        for (count, what) in [
            (self.dirty, "dirty lines passed over"),
            (self.other, "records about other things"),
            (self.later, "facts after --until left out"),
            (self.known_before, "facts that the store held already"),
        ] {
            if count > 0 {
                eprintln!("replay: {count} {what}");
            }
        }
        // The first ones were named with their reasons.
        if self.dirty > NAMED {
            for (file, lines) in self.dirty_lines() {
                eprintln!("replay: dirty lines of {file}: {lines}");
            }
        }
    }

    /// Dirt only: the format was wrong.
    pub fn is_hopeless(&self) -> bool {
        self.dirty > 0 && self.facts + self.other + self.later == 0
    }

    pub fn sample(&self) -> &[String] {
        &self.sample
    }

    pub fn traits(&self) -> BTreeMap<DeviceId, Traits> {
        let named = self.devices.iter().map(|(id, known)| {
            let mut traits = known.described.traits.clone();
            if traits.name.is_empty() {
                traits.name.clone_from(&known.described.id);
            }
            (*id, traits)
        });
        named.collect()
    }

    /// The file's own names of its devices.
    pub fn names(&self) -> BTreeMap<DeviceId, &str> {
        self.devices
            .iter()
            .map(|(id, known)| (*id, known.described.id.as_str()))
            .collect()
    }
}

impl Known {
    /// What a later line says of the device stands; silence changes nothing.
    fn learn(&mut self, said: &Traits) {
        let known = &mut self.described.traits;
        for (known, said) in [
            (&mut known.name, &said.name),
            (&mut known.os_type, &said.os_type),
            (&mut known.os_build, &said.os_build),
            (&mut known.model, &said.model),
            (&mut known.team, &said.team),
        ] {
            if !said.is_empty() {
                known.clone_from(said);
            }
        }
        known.simulated |= said.simulated;
    }
}

/// A UUID as it stands; any other name gives one that is the same in every replay.
fn device_id(name: &str) -> DeviceId {
    DeviceId(
        name.parse()
            .unwrap_or_else(|_| named_uuid(&["device", name])),
    )
}

fn epoch(first: &Record) -> Uuid {
    named_uuid(&[
        "file",
        &first.device.id,
        &first.at.to_string(),
        &format!("{:?}", first.outcome),
    ])
}

fn named_uuid(words: &[&str]) -> Uuid {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    for word in words {
        hash.update((word.len() as u64).to_le_bytes());
        hash.update(word.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
