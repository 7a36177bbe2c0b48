//! Processes on systems whose reader is not written yet: the same doors, nothing behind them.
//!
//! Invariant: nothing is invented. Every answer is empty and `process::blind_spots` says why.
//!
//! Not here: anything that runs on Linux.

use std::path::Path;

use super::{Instance, ProcessEvent, ProgramFacts, Scan};

/// Sees no process.
#[derive(Debug, Default)]
pub struct Table;

impl Table {
    /// An empty table that stays empty.
    pub fn new() -> Self {
        Self
    }

    /// Nothing changes.
    pub fn scan(&mut self, _root: &Path) -> Scan {
        Scan::default()
    }

    /// None.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        std::iter::empty()
    }

    /// None.
    pub fn get(&self, _pid: u32) -> Option<&Instance> {
        None
    }

    /// Zero.
    pub fn len(&self) -> usize {
        0
    }

    /// True.
    pub fn is_empty(&self) -> bool {
        true
    }
}

/// Identifies nothing.
#[derive(Debug)]
pub struct Identifier;

impl Identifier {
    /// Reads nothing.
    pub fn new(_root: &Path) -> Self {
        Self
    }

    /// Nothing is known.
    pub fn identify(&mut self, _table: &Table, _pid: u32) -> Option<ProgramFacts> {
        None
    }

    /// Nothing is known.
    pub fn identify_all(&mut self, _table: &Table, _pids: &[u32]) -> Vec<ProgramFacts> {
        Vec::new()
    }
}

/// No command line is readable.
pub fn command_line(_root: &Path, _pid: u32) -> Option<String> {
    None
}

/// Hears nothing: there is no value of this type.
#[derive(Debug)]
pub enum Watcher {}

#[cfg_attr(test, allow(dead_code))]
impl Watcher {
    /// Cannot be opened.
    ///
    /// # Errors
    /// Always.
    pub fn open() -> Result<Self, String> {
        Err(
            "processes shorter than the sampling interval: not heard of on this system so far"
                .to_owned(),
        )
    }

    /// Never called.
    pub fn drain(&mut self) -> Vec<ProcessEvent> {
        match *self {}
    }

    /// Never called.
    pub fn overflows(&self) -> u64 {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_invented() {
        let mut table = Table::new();
        assert_eq!(table.scan(Path::new("/")), Scan::default());
        assert!(table.is_empty() && table.get(1).is_none());
        assert_eq!(table.len(), 0);
        assert_eq!(table.instances().count(), 0);
        let mut identifier = Identifier::new(Path::new("/"));
        assert!(
            identifier.identify(&table, 1).is_none()
                && identifier.identify_all(&table, &[1]).is_empty()
        );
        assert!(Watcher::open().is_err() && command_line(Path::new("/"), 1).is_none());
    }
}
