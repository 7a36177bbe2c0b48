//! What was seen and could not be kept, by kind, counted since the spool's epoch began.
//!
//! Invariant: a count is never lost. Every health record carries the whole sum, so that the loss of one loses nothing; and a
//! process that is killed while the disk is full takes no count with it: the file has its room from the first start on, and is
//! written over in place.
//!
//! Not here: numbers that were given and lost; the spool declares those.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};
use weft_agent_spool::Epoch;

const FILE: &str = "dropped.json";

/// Room for two counts of every kind there is, several times over.
const ROOM: usize = 2048;

type Counts = BTreeMap<String, u64>;

/// See the module.
#[derive(Debug, Default)]
pub struct Drops {
    /// `None`: the counts live as long as the process.
    file: Option<File>,
    kept: Kept,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    epoch: Epoch,
    counts: Counts,
    /// What the newest health record of this epoch carries.
    told: Counts,
}

impl Drops {
    /// With what earlier processes counted.
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
        let kept = (&file)
            .take(ROOM as u64)
            .read_to_string(&mut text)
            .ok()
            .and_then(|_| serde_json::from_str(text.trim()).ok())
            .unwrap_or_default();
        let mut drops = Self {
            file: Some(file),
            kept,
        };
        // Takes its room while there is some.
        drops.write();
        drops
    }

    /// Counts.
    pub fn add(&mut self, kind: &str, count: u64) {
        let sum = self.kept.counts.entry(kind.to_owned()).or_default();
        *sum = sum.saturating_add(count);
        self.write();
    }

    /// The sums for a health record of this epoch. The books add epochs up, so a new one begins with what none has told yet.
    pub fn sums(&mut self, epoch: Epoch) -> &Counts {
        if self.kept.epoch != epoch {
            let told = std::mem::take(&mut self.kept.told);
            for (kind, count) in &mut self.kept.counts {
                *count = count.saturating_sub(told.get(kind).copied().unwrap_or_default());
            }
            self.kept.counts.retain(|_, count| *count > 0);
            self.kept.epoch = epoch;
            self.write();
        }
        &self.kept.counts
    }

    /// The sums are in the spool now.
    pub fn told(&mut self) {
        if self.kept.told != self.kept.counts {
            self.kept.told = self.kept.counts.clone();
            self.write();
        }
    }

    /// In place and not synced: against the end of the process, not of the machine.
    fn write(&mut self) {
        let Some(file) = &mut self.file else { return };
        let mut text = serde_json::to_vec(&self.kept).unwrap_or_default();
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

    const EPOCH: Epoch = [7; 16];

    fn sums(drops: &mut Drops, epoch: Epoch) -> Vec<(&str, u64)> {
        let sums = drops.sums(epoch).iter();
        sums.map(|(kind, count)| (kind.as_str(), *count)).collect()
    }

    #[test]
    fn sums_outlive_the_process_and_being_told() {
        let state = tempfile::tempdir().unwrap();
        let mut drops = Drops::open(state.path());
        drops.add("vitals", 2);
        drops.add("vitals", 1);
        std::mem::forget(drops);
        let mut drops = Drops::open(state.path());
        assert_eq!(sums(&mut drops, EPOCH), [("vitals", 3)]);
        drops.told();
        drops.add("app", 1);
        let mut drops = Drops::open(state.path());
        assert_eq!(sums(&mut drops, EPOCH), [("app", 1), ("vitals", 3)]);
    }

    #[test]
    fn a_new_epoch_begins_with_what_none_has_told() {
        let state = tempfile::tempdir().unwrap();
        let mut drops = Drops::open(state.path());
        drops.add("vitals", 2);
        assert_eq!(sums(&mut drops, EPOCH), [("vitals", 2)]);
        drops.told();
        drops.add("vitals", 5);
        assert_eq!(sums(&mut drops, [8; 16]), [("vitals", 5)]);
        drops.told();
        assert_eq!(sums(&mut drops, [9; 16]), []);
    }

    #[test]
    fn damage_is_no_count_and_the_file_does_not_grow() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join(FILE);
        std::fs::write(&path, vec![0xff; 10 * ROOM]).unwrap();
        let mut drops = Drops::open(state.path());
        assert!(drops.sums(EPOCH).is_empty());
        drops.add("app", 1);
        assert_eq!(sums(&mut Drops::open(state.path()), EPOCH), [("app", 1)]);
        std::fs::remove_file(&path).unwrap();
        for _ in 0..100 {
            let mut drops = Drops::open(state.path());
            drops.add("app", u64::MAX);
            drops.told();
        }
        assert_eq!(std::fs::metadata(&path).unwrap().len(), ROOM as u64);
    }
}
