//! What the alert budget made wait, kept where every collector's console can read it.
//!
//! **Invariant: it is the last round's word**, whichever collector went round: each round writes it anew, so a cause that
//! found room stands here no longer. Not here: who may read it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weft_collector_core::anomaly::{HeldBack, Limit};
use weft_collector_store::control::{Control, ControlError};

const SETTING: &str = "watch.waiting";
const BY: &str = "watch";
/// More titles than this are a flood, and a flood is told by its number.
const MOST: usize = 20;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    pub at: Timestamp,
    /// Causes by whose budget was used up.
    pub counts: Vec<(Limit, usize)>,
    /// Most severe first.
    pub worst: Vec<HeldBack>,
}

impl Waiting {
    pub fn of(held_back: &[HeldBack], at: Timestamp) -> Self {
        let mut counts: BTreeMap<Limit, usize> = BTreeMap::new();
        for held in held_back {
            *counts.entry(held.limit).or_default() += 1;
        }
        Self {
            at,
            counts: counts.into_iter().collect(),
            worst: held_back.iter().take(MOST).cloned().collect(),
        }
    }

    /// `None` before the first round.
    pub async fn read(control: &Control) -> Result<Option<Self>, ControlError> {
        let told = control.settings().get(SETTING).await?;
        // A word of another version is no word: the next round writes its own.
        Ok(told.and_then(|told| serde_json::from_value(told.value).ok()))
    }

    pub async fn write(&self, control: &Control) -> Result<(), ControlError> {
        let value = serde_json::to_value(self).unwrap_or_default();
        control
            .settings()
            .set(SETTING, &value, BY, self.at)
            .await
            .map(drop)
    }
}
