//! The counters of every program identity on this laptop.
//!
//! Invariant: pure bookkeeping; it reads neither clock nor system. [`Ledger::due`] shows, [`Ledger::settle`] zeroes.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use weft_agent_sys::process::{Instance, InstanceKey};
use weft_proto::v1::Process;

use crate::observation::wire_time;

/// Identities remembered. A developer's laptop shows a few hundred per boot; building software makes thousands of short
/// ones, of which the oldest are forgotten.
const MAX_PROGRAMS: usize = 4096;

/// A program that used less than this since it was last told, and did not start, is not worth a record.
const LEAST_CPU: f64 = 1.0;
const LEAST_DISK: u64 = 1024 * 1024;

/// What makes two processes the same program.
pub(super) type Identity = String;

/// One identity.
#[derive(Clone, Debug)]
struct Program {
    /// What does not change, with the traits seen so far.
    facts: Process,
    first_seen: Timestamp,
    told: bool,
    starts: u32,
    running: u32,
    running_told: u32,
    cpu: f64,
    memory: u64,
    disk: u64,
    newest_pid: u32,
    last_seen: u64,
}

/// One followed instance.
#[derive(Clone, Debug)]
struct Followed {
    identity: Identity,
    cpu: f64,
    disk: u64,
    looks: u32,
}

/// How an instance came to be followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It began since the previous look: its whole cost is news.
    Started,
    /// It was another program until now: a start, but its cost so far was that program's.
    Executed,
    /// It ran before we looked for the first time: its cost so far is history.
    Found,
}

/// See the module.
#[derive(Default)]
pub(super) struct Ledger {
    programs: HashMap<Identity, Program>,
    instances: HashMap<InstanceKey, Followed>,
    /// First-seen times from before this start of the agent.
    remembered: BTreeMap<Identity, Timestamp>,
    looks: u64,
}

impl Ledger {
    pub(super) fn new(remembered: BTreeMap<Identity, Timestamp>) -> Self {
        Self {
            remembered,
            ..Self::default()
        }
    }

    /// A new look begins.
    pub(super) fn begin(&mut self) {
        self.looks += 1;
    }

    /// An instance of this identity appeared.
    pub(super) fn appeared(
        &mut self,
        identity: Identity,
        facts: Process,
        instance: &Instance,
        origin: Origin,
        now: Timestamp,
    ) {
        let program = self.program(&identity, facts, now);
        program.newest_pid = instance.key.pid;
        program.starts += u32::from(origin != Origin::Found);
        let (cpu, disk) = match origin {
            Origin::Started => (0.0, 0),
            Origin::Executed | Origin::Found => {
                (instance.cpu_time, instance.disk_io.unwrap_or_default())
            }
        };
        self.instances.insert(
            instance.key,
            Followed {
                identity,
                cpu,
                disk,
                looks: 0,
            },
        );
    }

    /// Starts of a program that were over before anybody looked. Their cost is not known.
    pub(super) fn heard(
        &mut self,
        identity: &Identity,
        facts: Process,
        starts: u32,
        now: Timestamp,
    ) {
        let (looks, pid) = (self.looks, facts.pid);
        let program = self.program(identity, facts, now);
        program.starts = program.starts.saturating_add(starts);
        program.newest_pid = pid;
        program.last_seen = looks;
    }

    /// The program of this identity; new traits make it news.
    fn program(&mut self, identity: &Identity, facts: Process, now: Timestamp) -> &mut Program {
        let first_seen = self.remembered.get(identity).copied();
        let program = self
            .programs
            .entry(identity.clone())
            .or_insert_with(|| Program {
                facts: facts.clone(),
                first_seen: first_seen.unwrap_or(now),
                // Known from before: it is told with the next summary, not at once.
                told: first_seen.is_some(),
                starts: 0,
                running: 0,
                running_told: 0,
                cpu: 0.0,
                memory: 0,
                disk: 0,
                newest_pid: 0,
                last_seen: 0,
            });
        for name in facts.traits {
            if !program.facts.traits.contains(&name) {
                program.facts.traits.push(name);
                program.told = false;
            }
        }
        program
    }

    /// The cost of an instance now.
    pub(super) fn cost(&mut self, instance: &Instance) {
        let Some(followed) = self.instances.get_mut(&instance.key) else {
            return;
        };
        followed.looks += 1;
        let Some(program) = self.programs.get_mut(&followed.identity) else {
            return;
        };
        program.charge(followed, instance);
        program.last_seen = self.looks;
    }

    /// An instance ended (or became another program).
    pub(super) fn ended(&mut self, instance: &Instance) {
        let Some(mut followed) = self.instances.remove(&instance.key) else {
            return;
        };
        let Some(program) = self.programs.get_mut(&followed.identity) else {
            return;
        };
        program.charge(&mut followed, instance);
        program.last_seen = self.looks;
        // Seen in one look only: it lived less than a cycle.
        let name = "short_lived";
        if followed.looks <= 1 && !program.facts.traits.iter().any(|own| own == name) {
            program.facts.traits.push(name.into());
        }
    }

    /// Whether this instance is followed.
    pub(super) fn follows(&self, key: &InstanceKey) -> bool {
        self.instances.contains_key(key)
    }

    /// Counts running instances after all changes of a look are in.
    pub(super) fn count_running(&mut self) {
        for program in self.programs.values_mut() {
            program.running = 0;
        }
        for followed in self.instances.values() {
            if let Some(program) = self.programs.get_mut(&followed.identity) {
                program.running += 1;
            }
        }
        self.forget_oldest();
    }

    /// What to tell: new identities always, and with `summary` everything that did something.
    pub(super) fn due(&self, summary: bool) -> Vec<(Identity, Process)> {
        let mut due: Vec<_> = self
            .programs
            .iter()
            .filter(|(_, program)| !program.told || (summary && program.is_active()))
            .map(|(identity, program)| (identity.clone(), program.observation()))
            .collect();
        due.sort_by(|(one, _), (other, _)| one.cmp(other));
        due
    }

    /// These observations are durable.
    pub(super) fn settle(&mut self, told: &[(Identity, Process)]) {
        for (identity, observation) in told {
            let Some(program) = self.programs.get_mut(identity) else {
                continue;
            };
            program.told = true;
            program.starts = program.starts.saturating_sub(observation.starts);
            program.cpu = (program.cpu - observation.cpu_time).max(0.0);
            program.disk = program.disk.saturating_sub(observation.disk_io);
            program.memory = 0;
            program.running_told = observation.running;
        }
    }

    /// First-seen times worth keeping for the next start.
    pub(super) fn first_seen(&self) -> BTreeMap<Identity, Timestamp> {
        let mut all = self.remembered.clone();
        let told = self.programs.iter().filter(|(_, program)| program.told);
        all.extend(told.map(|(identity, program)| (identity.clone(), program.first_seen)));
        while all.len() > MAX_PROGRAMS {
            let oldest = all
                .iter()
                .min_by_key(|(_, at)| **at)
                .map(|(identity, _)| identity.clone());
            let Some(oldest) = oldest else { break };
            all.remove(&oldest);
        }
        all
    }

    fn forget_oldest(&mut self) {
        let excess = self.programs.len().saturating_sub(MAX_PROGRAMS);
        if excess == 0 {
            return;
        }
        let mut idle: Vec<(u64, Identity)> = self
            .programs
            .iter()
            .filter(|(_, program)| program.running == 0 && program.told && !program.is_active())
            .map(|(identity, program)| (program.last_seen, identity.clone()))
            .collect();
        idle.sort_unstable();
        for (_, identity) in idle.into_iter().take(excess) {
            if let Some(program) = self.programs.remove(&identity) {
                self.remembered.insert(identity, program.first_seen);
            }
        }
    }
}

impl Program {
    fn charge(&mut self, followed: &mut Followed, instance: &Instance) {
        let disk = instance.disk_io.unwrap_or(followed.disk);
        self.cpu += (instance.cpu_time - followed.cpu).max(0.0);
        self.disk += disk.saturating_sub(followed.disk);
        self.memory = self.memory.max(instance.memory_usage);
        followed.cpu = followed.cpu.max(instance.cpu_time);
        followed.disk = followed.disk.max(disk);
    }

    fn is_active(&self) -> bool {
        self.starts > 0
            || self.cpu >= LEAST_CPU
            || self.disk >= LEAST_DISK
            || self.running != self.running_told
    }

    fn observation(&self) -> Process {
        Process {
            first_seen: Some(wire_time(self.first_seen)),
            starts: self.starts,
            running: self.running,
            cpu_time: self.cpu,
            memory_usage: self.memory,
            disk_io: self.disk,
            pid: self.newest_pid,
            ..self.facts.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(pid: u32, start: u64, cpu: f64) -> Instance {
        Instance {
            key: InstanceKey {
                pid,
                start_ticks: start,
            },
            parent_pid: 1,
            comm: "x".into(),
            kernel_thread: false,
            cpu_time: cpu,
            memory_usage: 100,
            disk_io: Some(0),
        }
    }

    fn facts() -> Process {
        Process {
            executable_name: "x".into(),
            ..Process::default()
        }
    }

    #[test]
    fn counts_once_and_zeroes_only_when_kept() {
        let mut ledger = Ledger::default();
        let now = Timestamp::UNIX_EPOCH;
        ledger.begin();
        ledger.appeared(
            "x".into(),
            facts(),
            &instance(1, 5, 100.0),
            Origin::Found,
            now,
        );
        ledger.cost(&instance(1, 5, 100.0));
        ledger.count_running();
        let due = ledger.due(false);
        assert_eq!(
            (
                due.len(),
                due[0].1.starts,
                due[0].1.cpu_time,
                due[0].1.running
            ),
            (1, 0, 0.0, 1)
        );
        assert_eq!(ledger.due(false).len(), 1, "not kept, so told again");
        ledger.settle(&due);
        assert_eq!(ledger.due(true).len(), 0, "idle programs are not told");

        ledger.begin();
        ledger.appeared(
            "x".into(),
            facts(),
            &instance(2, 9, 3.0),
            Origin::Started,
            now,
        );
        ledger.cost(&instance(1, 5, 101.5));
        ledger.cost(&instance(2, 9, 3.0));
        ledger.count_running();
        assert_eq!(
            ledger.due(false).len(),
            0,
            "a known identity waits for the summary"
        );
        let due = ledger.due(true);
        assert_eq!(
            (due[0].1.starts, due[0].1.cpu_time, due[0].1.running),
            (1, 4.5, 2)
        );

        // Before this is kept, more happens: nothing of it is lost.
        ledger.cost(&instance(1, 5, 102.5));
        ledger.ended(&instance(2, 9, 3.5));
        ledger.count_running();
        ledger.settle(&due);
        let due = ledger.due(true);
        assert_eq!(
            (due[0].1.starts, due[0].1.cpu_time, due[0].1.running),
            (0, 1.5, 1)
        );
        assert!(due[0].1.traits.contains(&"short_lived".to_owned()));
    }

    #[test]
    fn what_was_known_before_a_restart_is_not_news() {
        let seen = Timestamp::from_second(7).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut ledger = Ledger::new([("x".to_owned(), seen)].into());
        ledger.begin();
        ledger.appeared(
            "x".into(),
            facts(),
            &instance(1, 5, 0.0),
            Origin::Found,
            Timestamp::MAX,
        );
        ledger.count_running();
        assert_eq!(ledger.due(false).len(), 0);
        assert_eq!(
            ledger.due(true)[0]
                .1
                .first_seen
                .as_ref()
                .map(|at| at.seconds),
            Some(7)
        );
    }
}
