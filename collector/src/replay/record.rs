//! What a line of any format becomes: a device, a moment, facts.

use jiff::Timestamp;
use serde_json::{Map, Value};
use weft_collector_core::{
    device::Traits,
    event::{Outcome, Process},
};

/// What a line said.
#[derive(Debug)]
pub enum Said {
    Facts(Vec<Record>),
    /// A well-formed record about something that is none of our kinds.
    Nothing,
}

#[derive(Debug)]
pub struct Record {
    pub device: Described,
    pub at: Timestamp,
    pub outcome: Outcome,
}

/// A device as the file describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Described {
    /// Any name that is unique in the file.
    pub id: String,
    /// What the file says; empty where it says nothing.
    pub traits: Traits,
}

/// Why a line is dirty, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Dirty(pub String);

impl Dirty {
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

/// Understands the lines of one format. It may remember earlier lines.
pub trait Reader {
    fn read(&mut self, line: &str) -> Result<Said, Dirty>;

    /// What the line itself calls this process, for a person who wants to find it there again.
    fn source(&self, _line: &str, _process: &Process) -> Option<Map<String, Value>> {
        None
    }
}
