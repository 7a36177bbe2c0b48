//! What was seen and could not be kept, by kind, until it is told.
//!
//! Invariant: a process that is killed while the disk is full takes no count with it: the file has its room from the first
//! start on, and is written over in place. A count is rather told twice (killed between telling and noting that) than never.
//!
//! Not here: numbers that were given and lost; the spool declares those.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

const FILE: &str = "dropped.json";

/// Room for a count of every kind there is, several times over.
const ROOM: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub struct Drops {
    /// `None`: the counts live as long as the process.
    file: Option<File>,
    counts: BTreeMap<String, u64>,
}

impl Drops {
    /// With what an earlier process could not tell.
    pub fn open(state: &Path) -> Self {
        let opened = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(state.join(FILE));
        let Ok(file) = opened else {
            return Self::default();
        };
        let mut text = String::new();
        let counts = (&file)
            .take(ROOM as u64)
            .read_to_string(&mut text)
            .ok()
            .and_then(|_| serde_json::from_str(text.trim()).ok())
            .unwrap_or_default();
        let mut drops = Self {
            file: Some(file),
            counts,
        };
        // Takes its room while there is some.
        drops.write();
        drops
    }

    /// Counts.
    pub fn add(&mut self, kind: &str, count: u64) {
        *self.counts.entry(kind.to_owned()).or_default() += count;
        self.write();
    }

    /// Not told yet.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// They are in the spool now.
    pub fn told(&mut self) {
        if !self.counts.is_empty() {
            self.counts.clear();
            self.write();
        }
    }

    /// In place and not synced: against the end of the process, not of the machine.
    fn write(&mut self) {
        let Some(file) = &mut self.file else { return };
        let mut text = serde_json::to_vec(&self.counts).unwrap_or_default();
        text.resize(text.len().max(ROOM), b' ');
        // Without room the counts live as long as the process.
        let written = file
            .seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(&text));
        if let Err(error) = written {
            tracing::debug!(%error, "the counts of what was dropped are only in memory");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counts_outlive_the_process_until_they_are_told() {
        let state = tempfile::tempdir().unwrap();
        let mut drops = Drops::open(state.path());
        drops.add("vitals", 2);
        drops.add("vitals", 1);
        std::mem::forget(drops);
        let mut drops = Drops::open(state.path());
        assert_eq!(drops.counts(), &BTreeMap::from([("vitals".to_owned(), 3)]));
        drops.told();
        assert!(Drops::open(state.path()).counts().is_empty());
    }

    #[test]
    fn damage_is_no_count_and_the_file_does_not_grow() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join(FILE);
        std::fs::write(&path, vec![0xff; 10 * ROOM]).unwrap();
        let mut drops = Drops::open(state.path());
        assert!(drops.counts().is_empty());
        drops.add("app", 1);
        assert_eq!(Drops::open(state.path()).counts().get("app"), Some(&1));
        std::fs::remove_file(&path).unwrap();
        for _ in 0..100 {
            Drops::open(state.path()).add("app", u64::from(u32::MAX));
        }
        assert_eq!(std::fs::metadata(&path).unwrap().len(), ROOM as u64);
    }
}
