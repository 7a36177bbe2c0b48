//! A scored, explained tie between an anomaly and a thread.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Sure enough to show, not sure enough to act.
    Suggested,
    /// Sure enough to act: the anomaly shows in the thread.
    Automatic,
    /// A person said yes / no. The linker never overrules a person.
    Confirmed,
    Rejected,
}

/// One reason with its share of the score, in words: "the author owns this laptop".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Machine word: `owner`, `participant`, `model`, `symptom`, `app`, `process`, `code`, `time`, `history`.
    pub feature: String,
    pub weight: f64,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub anomaly: Uuid,
    pub thread: Uuid,
    /// Probability that they are about the same thing, 0..1.
    pub score: f64,
    pub state: LinkState,
    pub reasons: Vec<Reason>,
}
