//! The books: where every observation ended. They balance when nothing is unaccounted for.

use serde::{Deserialize, Serialize};

/// Counts of one device, or of a fleet. `sent` is what the agents numbered, as they told it themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// Numbered by the agent.
    pub sent: u64,
    /// Durable in ClickHouse.
    pub stored: u64,
    /// Refused by the collector, with a reason.
    pub rejected: u64,
    /// Refused by the agent's own quota before a number was given; not part of `sent`.
    pub dropped: u64,
    /// Numbered, then lost on the laptop, and declared.
    pub lost: u64,
}

impl Books {
    /// Numbered but not settled yet: still on the laptop or on the way.
    pub fn pending(&self) -> u64 {
        self.sent.saturating_sub(self.settled())
    }

    pub fn settled(&self) -> u64 {
        self.stored + self.rejected + self.lost
    }

    /// True when every numbered observation has ended in exactly one outcome.
    pub fn balanced(&self) -> bool {
        self.sent == self.settled()
    }

    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.stored += other.stored;
        self.rejected += other.rejected;
        self.dropped += other.dropped;
        self.lost += other.lost;
    }
}
