//! Where in the files a run stands, so that a finding can be looked up in what the person brought.
//!
//! **Invariant: only for showing.** Nothing is judged from here. Bounded: beyond [`MOST`] ways of running new ones have no
//! place, and a way of running has at most [`EACH`] places per day.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    fs::File,
    hash::{Hash as _, Hasher as _},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use weft_collector_core::{detect::process::daily::Run, device::DeviceId, event::Process};

use super::{opened, record::Reader};

const MOST: usize = 2_000_000;
pub const EACH: usize = 5;
/// As long as a line may be ([`super::lines`]).
const LONGEST: u64 = 8 * 1024 * 1024;
const DAY: i64 = 86_400;

#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub file: u16,
    pub line: u64,
    pub offset: u64,
}

#[derive(Default)]
pub struct Sources {
    files: Vec<PathBuf>,
    places: HashMap<u64, Vec<Place>>,
}

impl Sources {
    /// The number of a file.
    pub fn file(&mut self, name: &str) -> u16 {
        self.files.push(PathBuf::from(name));
        u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX)
    }

    /// The name of a file.
    pub fn name(&self, file: u16) -> String {
        self.files
            .get(usize::from(file))
            .map_or_else(String::new, |path| path.display().to_string())
    }

    pub fn remember(&mut self, device: DeviceId, at: Timestamp, process: &Process, place: Place) {
        let key = key(
            device,
            at.as_second().div_euclid(DAY),
            [
                &process.executable_name,
                &process.executable_path,
                &process.executable_sha256,
                &process.original_file_name,
                &process.parent_executable_name,
                &process.user_class,
                &process.place,
            ],
            &process.traits,
        );
        if self.places.len() >= MOST && !self.places.contains_key(&key) {
            return;
        }
        let places = self.places.entry(key).or_default();
        if places.len() < EACH {
            places.push(place);
        }
    }

    /// What the files say of a run: file, line, and the line's own words for it where it can be read again.
    pub fn of(&self, run: &Run, reader: &dyn Reader) -> Vec<Value> {
        let key = key(
            run.device,
            run.day.as_second().div_euclid(DAY),
            [
                &run.executable_name,
                &run.executable_path,
                &run.executable_sha256,
                &run.original_file_name,
                &run.parent_executable_name,
                &run.user_class,
                &run.place,
            ],
            &run.traits,
        );
        let places = self.places.get(&key).map(Vec::as_slice).unwrap_or(&[]);
        places
            .iter()
            .filter_map(|place| self.told(*place, run, reader))
            .collect()
    }

    fn told(&self, place: Place, run: &Run, reader: &dyn Reader) -> Option<Value> {
        let file = self.files.get(usize::from(place.file))?;
        let mut told = Map::new();
        told.insert("file".to_owned(), json!(file.display().to_string()));
        told.insert("line".to_owned(), json!(place.line));
        let process = Process {
            executable_name: run.executable_name.clone(),
            executable_path: run.executable_path.clone(),
            pid: run.pid,
            ..Process::default()
        };
        if let Some(words) =
            again(file, place.offset).and_then(|line| reader.source(&line, &process))
        {
            told.extend(words);
        }
        Some(Value::Object(told))
    }
}

/// The line at an offset. Pipes, packed files and UTF-16 are not read twice.
fn again(file: &Path, offset: u64) -> Option<String> {
    if !opened::is_plain(file) {
        return None;
    }
    let mut file = File::open(file).ok()?;
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut line = Vec::new();
    BufReader::new(file.take(LONGEST))
        .read_until(b'\n', &mut line)
        .ok()?;
    String::from_utf8(line).ok()
}

fn key(device: DeviceId, day: i64, words: [&String; 7], traits: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (device, day, words, traits).hash(&mut hasher);
    hasher.finish()
}
