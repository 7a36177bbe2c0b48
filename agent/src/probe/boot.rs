//! Boots and resumes, each told when it is news.
//!
//! Invariant: a boot is sent once while it runs and once when its end is known (and again only if a later record changes that
//! judgement). Boots from before the agent's time carry their own times. The memory of what was sent is a file; losing it
//! costs a repetition, which the collector supersedes, never a count.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use weft_agent_sys::{
    boot::{self, BootHistory, BootRecord, End, KnownBoot},
    clock,
};
use weft_proto::v1::{Observation, observation::Kind};

use super::{Moment, Probe};
use crate::{observation, policy::Effective, state};

/// The machine is asked whether it slept this often; asking costs two clock reads.
const CADENCE: Duration = Duration::from_secs(30);

/// The running clock that includes sleep runs ahead of the one that does not by this much after a sleep worth telling.
const SHORTEST_SLEEP: Duration = Duration::from_secs(2);

/// Records may appear late (a crash dump is archived minutes after the boot), so each look goes back this far.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(48);

/// And even without a sleep, the records are read again once in this time.
const FULL_LOOK: Duration = Duration::from_secs(6 * 3600);

/// Boots remembered; at 20 boots a day this is half a year.
const MAX_REMEMBERED: usize = 4096;

/// What was sent already.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Memory {
    /// Boot id to the end that was sent, and the start under which it was known.
    boots: BTreeMap<String, Sent>,
    /// Everything that woke up to here was sent.
    resumes_until: Option<Timestamp>,
    /// Records before this were read.
    read_until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sent {
    end: String,
    started_at: Option<Timestamp>,
}

/// See the module.
pub struct BootProbe {
    file: Option<PathBuf>,
    memory: Memory,
    pending: Option<Memory>,
    last_look: Option<(Instant, Duration)>,
    last_full: Option<Instant>,
    blind_spots: Vec<String>,
}

impl BootProbe {
    /// With its memory in `state`.
    pub fn new(state: &Path) -> Self {
        let file = state.join("boots.json");
        let memory = state::load(&file).unwrap_or_default();
        Self {
            file: Some(file),
            memory,
            ..Self::forgetful()
        }
    }

    /// Without memory: tells everything, for `weft-agent probe`.
    pub fn forgetful() -> Self {
        Self {
            file: None,
            memory: Memory::default(),
            pending: None,
            last_look: None,
            last_full: None,
            blind_spots: Vec::new(),
        }
    }

    /// True when there may be news: the first look, after a sleep, after a look that was not kept, and now and then.
    fn is_due(&mut self, now: Instant) -> bool {
        let since_boot = clock::read().since_boot;
        let slept = self.last_look.is_some_and(|(then, before)| {
            since_boot.saturating_sub(before) > now.duration_since(then) + SHORTEST_SLEEP
        });
        self.last_look = Some((now, since_boot));
        let old = self
            .last_full
            .is_none_or(|last| now.duration_since(last) >= FULL_LOOK);
        slept || old || self.pending.is_some()
    }

    /// The news in a history, and the memory once they are kept.
    fn news(&self, history: BootHistory, now: Timestamp) -> (Vec<Observation>, Memory) {
        let mut memory = self.memory.clone();
        let mut news = Vec::new();
        for record in history.boots {
            let end = record.end.word();
            let sent = memory.boots.get(&record.boot_id);
            // A judgement is never taken back to "unknown": records age away.
            let is_news = sent.is_none_or(|sent| sent.end != end && record.end != End::Unknown);
            if is_news {
                let sent = Sent {
                    end: end.to_owned(),
                    started_at: record.started_at,
                };
                memory.boots.insert(record.boot_id.clone(), sent);
                news.push(observation::observe(
                    time_of(&record, now),
                    Kind::Boot(observation::boot(record)),
                ));
            }
        }
        for record in history.resumes {
            if self
                .memory
                .resumes_until
                .is_none_or(|until| record.at > until)
            {
                memory.resumes_until = memory.resumes_until.max(Some(record.at));
                news.push(observation::observe(
                    record.at,
                    Kind::Resume(observation::resume(record)),
                ));
            }
        }
        memory.read_until = Some(now);
        memory.forget_oldest();
        (news, memory)
    }
}

impl Memory {
    fn known(&self) -> Vec<KnownBoot> {
        let known = |(id, sent): (&String, &Sent)| {
            Some(KnownBoot {
                boot_id: id.clone(),
                started_at: sent.started_at?,
            })
        };
        self.boots.iter().filter_map(known).collect()
    }

    fn since(&self) -> Option<Timestamp> {
        // A boot that was running when it was last told must be found again, however long ago it began.
        let running = self
            .boots
            .values()
            .filter(|sent| sent.end == End::Running.word())
            .filter_map(|sent| sent.started_at);
        running
            .chain(self.read_until)
            .min()?
            .checked_sub(LOOK_BACK)
            .ok()
    }

    fn forget_oldest(&mut self) {
        while self.boots.len() > MAX_REMEMBERED {
            let oldest = self
                .boots
                .iter()
                .min_by_key(|(_, sent)| sent.started_at)
                .map(|(id, _)| id.clone());
            let Some(oldest) = oldest else { break };
            self.boots.remove(&oldest);
        }
    }
}

impl Probe for BootProbe {
    fn name(&self) -> &'static str {
        "boot"
    }

    fn cadence(&self, _policy: &Effective) -> Duration {
        CADENCE
    }

    fn look(&mut self, moment: &Moment<'_>) -> Vec<Observation> {
        if !self.is_due(moment.instant) {
            return Vec::new();
        }
        let live = moment.root == Path::new("/");
        let mut history = match boot::history(moment.root, live, self.memory.since()) {
            Ok(history) => history,
            Err(error) => {
                self.blind_spots = vec![format!("boots: {error}")];
                return Vec::new();
            }
        };
        self.last_full = Some(moment.instant);
        history.adopt_known(&self.memory.known());
        self.blind_spots = std::mem::take(&mut history.blind_spots);
        let (news, memory) = self.news(history, moment.wall);
        self.pending = Some(memory);
        news
    }

    fn kept(&mut self, _moment: &Moment<'_>) {
        let Some(memory) = self.pending.take() else {
            return;
        };
        let changed = memory != self.memory;
        self.memory = memory;
        if let (true, Some(file)) = (changed, &self.file) {
            // Losing this file repeats what was sent; nothing is lost.
            state::store(file, &self.memory).ok();
        }
    }

    fn blind_spots(&self) -> Vec<String> {
        self.blind_spots.clone()
    }
}

/// A whole history as observations, e.g. of a saved log.
pub fn tell_all(history: BootHistory, now: Timestamp) -> Vec<Observation> {
    let boots = history.boots.into_iter().map(|record| {
        observation::observe(time_of(&record, now), Kind::Boot(observation::boot(record)))
    });
    let resumes = history
        .resumes
        .into_iter()
        .map(|record| observation::observe(record.at, Kind::Resume(observation::resume(record))));
    boots.chain(resumes).collect()
}

/// When the fact was true: the end, or the start, or now for the boot that runs.
fn time_of(record: &BootRecord, now: Timestamp) -> Timestamp {
    match record.end {
        End::Running => now,
        _ => record.ended_at.or(record.started_at).unwrap_or(now),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn history(boots: &[(&str, End)]) -> BootHistory {
        let boots = boots
            .iter()
            .enumerate()
            .map(|(index, (id, end))| BootRecord {
                end: *end,
                ..BootRecord::new(*id, Some(at(1000 * index as i64)))
            });
        BootHistory {
            boots: boots.collect(),
            ..BootHistory::default()
        }
    }

    fn ends(news: &[Observation]) -> Vec<(String, i32)> {
        let pick = |one: &Observation| match &one.kind {
            Some(Kind::Boot(boot)) => Some((boot.boot_id.clone(), boot.end)),
            _ => None,
        };
        news.iter().filter_map(pick).collect()
    }

    #[test]
    fn a_boot_is_told_while_it_runs_and_when_it_ended_and_not_again() {
        let mut probe = BootProbe::forgetful();
        let (news, memory) = probe.news(history(&[("a", End::Running)]), at(5000));
        assert_eq!(ends(&news).len(), 1);
        // Not kept: told again.
        assert_eq!(
            probe
                .news(history(&[("a", End::Running)]), at(5000))
                .0
                .len(),
            1
        );
        probe.memory = memory;
        assert_eq!(
            probe
                .news(history(&[("a", End::Running)]), at(5001))
                .0
                .len(),
            0
        );
        let (news, memory) =
            probe.news(history(&[("a", End::Crash), ("b", End::Running)]), at(9000));
        assert_eq!(ends(&news).len(), 2);
        probe.memory = memory;
        let later = history(&[("a", End::Unknown), ("b", End::Running)]);
        assert_eq!(
            probe.news(later, at(9001)).0.len(),
            0,
            "records that aged away take nothing back"
        );
    }

    #[test]
    fn the_next_look_reaches_back_to_the_boot_that_was_running() {
        let mut probe = BootProbe::forgetful();
        let (_, memory) = probe.news(history(&[("a", End::Running)]), at(10_000_000));
        probe.memory = memory;
        assert_eq!(probe.memory.since(), Some(at(0) - LOOK_BACK));
    }
}
