//! Which way to take: HTTP/2, or the plain way when the network breaks it. Pure; the uplink asks and tells.
//!
//! Invariant: HTTP/2 is always tried first and always tried again; the plain way is kept only while it works and HTTP/2 does
//! not. What was learned outlives a restart of the agent (a hint: losing it costs a few failed connections).

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Fault, Protocol};

const FILE: &str = "way.json";

/// Suspicious failures of HTTP/2 in a row before the plain way is tried: one may be a collector in the middle of starting.
const SUSPICIONS: u32 = 2;

/// Streams that end this soon, so many in a row, mean that somebody cuts long connections.
const SHORT_LIVED: SignedDuration = SignedDuration::from_secs(60);
const CUT_STREAMS: u32 = 3;

/// HTTP/2 is tried again after this time, doubling up to the longest: a laptop comes home from the hotel.
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(10);
const LAST_RETRY: SignedDuration = SignedDuration::from_hours(6);

/// What was learned about this network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Way {
    /// The plain way worked when HTTP/2 did not: when to try HTTP/2 again.
    plain_until: Option<Timestamp>,
    /// How often in a row that was so.
    rounds: u32,
    #[serde(skip)]
    suspicions: u32,
    #[serde(skip)]
    cut_streams: u32,
    /// The plain way is on trial.
    #[serde(skip)]
    on_trial: bool,
}

/// What the settings say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Found out by itself.
    #[default]
    Auto,
    /// Always HTTP/2.
    Http2,
    /// Always the plain way.
    Http1,
}

impl Way {
    /// What an earlier run learned.
    pub fn load(state: &Path) -> Self {
        crate::state::load(&state.join(FILE)).unwrap_or_default()
    }

    /// Kept for the next start.
    pub fn save(&self, state: &Path) {
        let path = state.join(FILE);
        let kept = match self.plain_until {
            Some(_) => crate::state::store(&path, self),
            None if path.exists() => std::fs::remove_file(&path),
            None => Ok(()),
        };
        if let Err(error) = kept {
            tracing::debug!(%error, "what was learned about the network could not be kept");
        }
    }

    /// The protocol of the next connection.
    pub fn next(&self, choice: Choice, now: Timestamp) -> Protocol {
        match choice {
            Choice::Http2 => Protocol::Http2,
            Choice::Http1 => Protocol::Http1,
            Choice::Auto if self.on_trial => Protocol::Http1,
            Choice::Auto if self.plain_until.is_some_and(|until| now < until) => Protocol::Http1,
            Choice::Auto => Protocol::Http2,
        }
    }

    /// When a session over the plain way ends to try HTTP/2 again.
    pub fn retry_at(&self, choice: Choice) -> Option<Timestamp> {
        self.plain_until.filter(|_| choice == Choice::Auto)
    }

    /// A connection failed.
    pub fn failed(&mut self, protocol: Protocol, fault: &Fault) {
        match protocol {
            Protocol::Http2 if fault.is_without_http2() => self.on_trial = true,
            Protocol::Http2 if fault.suspects_http2() => {
                self.suspicions += 1;
                self.on_trial = self.suspicions >= SUSPICIONS;
            }
            Protocol::Http2 => {}
            // It is not HTTP/2 that is broken: look at both in turn until one works.
            Protocol::Http1 => {
                self.on_trial = false;
                self.plain_until = None;
                self.suspicions = SUSPICIONS - 1;
            }
        }
    }

    /// A call was answered. True when that changed what is kept. `jitter` is a factor about 1.
    pub fn worked(&mut self, protocol: Protocol, now: Timestamp, jitter: f64) -> bool {
        match protocol {
            Protocol::Http2 => {
                self.suspicions = 0;
                self.on_trial = false;
                self.plain_until.take().is_some()
            }
            Protocol::Http1 if self.on_trial => {
                self.on_trial = false;
                let doubled = FIRST_RETRY
                    .saturating_mul(1 << self.rounds.min(6))
                    .min(LAST_RETRY);
                let wait = SignedDuration::try_from_secs_f64(doubled.as_secs_f64() * jitter)
                    .unwrap_or(doubled);
                self.rounds = self.rounds.saturating_add(1);
                self.plain_until = now.checked_add(wait).ok();
                true
            }
            Protocol::Http1 => false,
        }
    }

    /// A stream over HTTP/2 ended by itself after this long. Answered calls do not excuse streams that are cut.
    pub fn stream_ended(&mut self, lasted: SignedDuration, was_cut: bool) {
        if !was_cut || lasted >= SHORT_LIVED {
            self.cut_streams = 0;
            if lasted >= FIRST_RETRY {
                self.rounds = 0;
            }
            return;
        }
        self.cut_streams += 1;
        if self.cut_streams >= CUT_STREAMS {
            self.cut_streams = 0;
            self.on_trial = true;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn cut() -> Fault {
        Fault::cut_off(&"weft.example.org".parse().unwrap(), "reset")
    }

    fn later(minutes: i64) -> Timestamp {
        NOW + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn two_suspicions_lead_to_a_trial_and_its_success_is_kept() {
        let mut way = Way::default();
        way.failed(Protocol::Http2, &cut());
        assert_eq!(way.next(Choice::Auto, NOW), Protocol::Http2);
        way.failed(Protocol::Http2, &cut());
        assert_eq!(way.next(Choice::Auto, NOW), Protocol::Http1);
        assert_eq!(way.next(Choice::Http2, NOW), Protocol::Http2);
        assert!(way.worked(Protocol::Http1, NOW, 1.0));
        assert_eq!(way.retry_at(Choice::Auto), Some(later(10)));
        assert_eq!(way.next(Choice::Auto, later(9)), Protocol::Http1);
        assert_eq!(way.next(Choice::Auto, later(10)), Protocol::Http2);
        let dir = tempfile::tempdir().unwrap();
        way.save(dir.path());
        assert_eq!(
            Way::load(dir.path()).next(Choice::Auto, later(9)),
            Protocol::Http1
        );
        assert!(way.worked(Protocol::Http2, later(10), 1.0));
        way.save(dir.path());
        assert_eq!(Way::load(dir.path()), Way::default());
    }

    #[test]
    fn an_ordinary_outage_is_no_suspicion() {
        let mut way = Way::default();
        for _ in 0..10 {
            way.failed(
                Protocol::Http2,
                &Fault::unreachable(&"weft.example.org".parse().unwrap(), "refused"),
            );
        }
        assert_eq!(way.next(Choice::Auto, NOW), Protocol::Http2);
    }

    #[test]
    fn when_neither_works_both_are_tried_in_turn() {
        let mut way = Way::default();
        let mut tried = Vec::new();
        for _ in 0..6 {
            let protocol = way.next(Choice::Auto, NOW);
            tried.push(protocol);
            way.failed(protocol, &cut());
        }
        use Protocol::{Http1, Http2};
        assert_eq!(tried, [Http2, Http2, Http1, Http2, Http1, Http2]);
    }

    #[test]
    fn a_network_that_cuts_streams_is_left_for_longer_each_time() {
        let mut way = Way::default();
        for expect in [10, 20, 40] {
            for _ in 0..3 {
                way.worked(Protocol::Http2, NOW, 1.0);
                assert_eq!(way.next(Choice::Auto, NOW), Protocol::Http2);
                way.stream_ended(SignedDuration::from_secs(5), true);
            }
            assert_eq!(way.next(Choice::Auto, NOW), Protocol::Http1);
            way.worked(Protocol::Http1, NOW, 1.0);
            assert_eq!(way.retry_at(Choice::Auto), Some(later(expect)));
        }
        way.worked(Protocol::Http2, NOW, 1.0);
        way.stream_ended(SignedDuration::from_hours(1), false);
        assert_eq!(way.rounds, 0);
    }
}
