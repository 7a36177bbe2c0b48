//! Writing the audit log: who did what, who was refused.
//!
//! **Invariant:** a failing audit log never stops the house and never goes unnoticed: it is an error in the log.
//! A peer that is refused again and again fills neither the log nor the table: [`Refusals`] counts per address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use weft_collector_store::control::{
    Control,
    audit::{Entry, Outcome},
};

use crate::clock::Clock;

/// Characters of a detail that are kept: a peer's words must not become the log's size.
const DETAIL_CHARACTERS: usize = 500;
/// Addresses that are counted at the same time; beyond, the table starts anew. 10,000 take about 1 MB.
const ADDRESSES: usize = 10_000;
/// The span over which refusals are counted.
const SPAN: SignedDuration = SignedDuration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Auditor {
    control: Control,
    clock: Clock,
}

impl Auditor {
    pub fn new(control: Control, clock: Clock) -> Self {
        Self { control, clock }
    }

    pub async fn ok(&self, actor: &str, action: &str, object: &str, detail: &str) {
        self.write(actor, action, object, detail, Outcome::Ok).await;
    }

    pub async fn refused(&self, actor: &str, action: &str, object: &str, detail: &str) {
        self.write(actor, action, object, detail, Outcome::Refused)
            .await;
    }

    async fn write(&self, actor: &str, action: &str, object: &str, detail: &str, outcome: Outcome) {
        let entry = Entry {
            id: self.clock.id(),
            at: self.clock.now(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            object: object.to_owned(),
            detail: detail.chars().take(DETAIL_CHARACTERS).collect(),
            outcome,
        };
        if let Err(error) = self.control.audit().write(entry).await {
            tracing::error!(actor, action, object, "no audit entry: {error}");
        }
    }
}

/// How often each address was refused within the last minute.
#[derive(Clone, Debug, Default)]
pub struct Refusals(Arc<Mutex<HashMap<IpAddr, (Timestamp, u32)>>>);

impl Refusals {
    /// Counts one more and gives the count, the new one included.
    pub fn count(&self, address: IpAddr, now: Timestamp) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= ADDRESSES && !counts.contains_key(&address) {
            counts.clear();
        }
        let (since, count) = counts.entry(address).or_insert((now, 0));
        if now.duration_since(*since) >= SPAN {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count
    }

    /// The count without adding to it.
    pub fn so_far(&self, address: IpAddr, now: Timestamp) -> u32 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get(&address) {
            Some((since, count)) if now.duration_since(*since) < SPAN => *count,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn refusals_are_forgotten_after_a_minute() {
        let refusals = Refusals::default();
        let at = |s| Timestamp::from_second(s).unwrap();
        let peer: IpAddr = [10, 0, 0, 1].into();
        assert_eq!(refusals.count(peer, at(0)), 1);
        assert_eq!(refusals.count(peer, at(59)), 2);
        assert_eq!(refusals.so_far(peer, at(59)), 2);
        assert_eq!(refusals.so_far(peer, at(60)), 0);
        assert_eq!(refusals.count(peer, at(60)), 1);
        assert_eq!(refusals.so_far([10, 0, 0, 2].into(), at(60)), 0);
    }
}
