//! The process probe: the table's changes, identified, into the ledger.
//!
//! Invariant: expensive questions (hash, package, parent) are asked once per instance and for all new ones together. Kernel
//! threads are left out: they are no programs, and their names change with what they do.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::PoisonError,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weft_agent_sys::{
    host,
    process::{self as sys, Identifier, InstanceKey, ProgramFacts, Table},
};
use weft_proto::v1::{
    Observation, Process,
    observation::Kind,
    process::{Place, UserClass},
};

use super::{
    RunningProgram, RunningPrograms,
    ledger::{Identity, Ledger, Origin},
};
use crate::{
    observation,
    policy::Effective,
    probe::{Moment, Probe},
    state,
};

/// Starts and costs are told this often: 144 times a day, only for programs that did something.
const SUMMARY: Duration = Duration::from_secs(600);

/// The unit of start times: USER_HZ on Linux, where every architecture that we run on has 100 (man 5 proc).
const TICKS_PER_SECOND: f64 = 100.0;

/// What survives a restart of the agent.
#[derive(Default, Serialize, Deserialize)]
struct Memory {
    boot_id: String,
    /// Seconds on the clock of start times at the last look that was kept.
    looked_at: f64,
    first_seen: BTreeMap<Identity, Timestamp>,
}

/// See the module.
pub struct ProcessProbe {
    file: Option<PathBuf>,
    table: Table,
    identifier: Identifier,
    ledger: Ledger,
    /// Instances of the first look that began before this (ticks since boot) are not starts.
    starts_after: u64,
    running: RunningPrograms,
    programs: BTreeMap<InstanceKey, RunningProgram>,
    pending: Vec<(Identity, Process)>,
    last_summary: Option<Instant>,
    looked: bool,
}

impl ProcessProbe {
    /// With its memory in `state`.
    pub fn new(root: &Path, state: &Path, running: RunningPrograms) -> Self {
        let file = state.join("programs.json");
        let memory: Memory = state::load(&file).unwrap_or_default();
        let starts_after = match (
            memory.first_seen.is_empty(),
            memory.boot_id == host::boot_id(root),
        ) {
            // Never looked before: what runs now began before our time.
            (true, _) => u64::MAX,
            (false, true) => (memory.looked_at * TICKS_PER_SECOND) as u64,
            // A new boot: everything began since the last look.
            (false, false) => 0,
        };
        let ledger = Ledger::new(memory.first_seen);
        Self {
            file: Some(file),
            ledger,
            starts_after,
            ..Self::forgetful(root, running)
        }
    }

    /// Without memory, for `weft-agent probe`.
    pub fn forgetful(root: &Path, running: RunningPrograms) -> Self {
        Self {
            file: None,
            table: Table::new(),
            identifier: Identifier::new(root),
            ledger: Ledger::default(),
            starts_after: u64::MAX,
            running,
            programs: BTreeMap::new(),
            pending: Vec::new(),
            last_summary: None,
            looked: false,
        }
    }

    fn update(&mut self, moment: &Moment<'_>) {
        self.ledger.begin();
        let scan = self.table.scan(moment.root);
        for ended in &scan.ended {
            self.ledger.ended(ended);
            self.programs.remove(&ended.key);
        }
        for key in &scan.executed {
            if let Some(instance) = self.table.get(key.pid) {
                self.ledger.ended(instance);
            }
        }
        for (keys, executed) in [(&scan.started, false), (&scan.executed, true)] {
            let is_program = |key: &&InstanceKey| {
                self.table
                    .get(key.pid)
                    .is_some_and(|one| !one.kernel_thread)
            };
            let pids: Vec<u32> = keys.iter().filter(is_program).map(|key| key.pid).collect();
            for facts in self.identifier.identify_all(&self.table, &pids) {
                self.appeared(facts, executed, moment);
            }
        }
        for instance in self.table.instances() {
            if self.ledger.follows(&instance.key) {
                self.ledger.cost(instance);
            }
        }
        self.ledger.count_running();
        self.publish();
    }

    fn appeared(&mut self, facts: ProgramFacts, executed: bool, moment: &Moment<'_>) {
        let Some(instance) = self.table.get(facts.pid) else {
            return;
        };
        let origin = match (
            executed,
            self.looked || instance.key.start_ticks > self.starts_after,
        ) {
            (true, _) => Origin::Executed,
            (false, true) => Origin::Started,
            (false, false) => Origin::Found,
        };
        let program = RunningProgram {
            name: facts.executable_name.clone(),
            path: facts.executable_path.clone(),
            cgroup: facts.cgroup.clone(),
            package: facts
                .package
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            signer: facts.signer.clone(),
            original_file_name: facts.original_file_name.clone(),
            description: facts.description.clone(),
            bundle_id: facts.bundle_id.clone(),
        };
        self.programs.insert(instance.key, program);
        let command_line = match moment.policy.privacy.command_lines {
            true => sys::command_line(moment.root, facts.pid).unwrap_or_default(),
            false => String::new(),
        };
        let process = Process {
            command_line,
            ..translate(facts)
        };
        self.ledger
            .appeared(identity(&process), process, instance, origin, moment.wall);
    }

    /// Tells the app probe what runs, each program once.
    fn publish(&self) {
        let mut programs: Vec<RunningProgram> = self.programs.values().cloned().collect();
        programs.sort_by(|one, other| {
            (&one.path, &one.name, &one.cgroup).cmp(&(&other.path, &other.name, &other.cgroup))
        });
        programs.dedup();
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = programs;
    }
}

impl Probe for ProcessProbe {
    fn name(&self) -> &'static str {
        "process"
    }

    fn cadence(&self, policy: &Effective) -> Duration {
        policy.process
    }

    fn look(&mut self, moment: &Moment<'_>) -> Vec<Observation> {
        self.update(moment);
        self.looked = true;
        let last = *self.last_summary.get_or_insert(moment.instant);
        let summary = moment.instant.duration_since(last) >= SUMMARY;
        if summary {
            self.last_summary = Some(moment.instant);
        }
        self.pending = self.ledger.due(summary);
        let told = self.pending.iter().cloned();
        told.map(|(_, process)| observation::observe(moment.wall, Kind::Process(process)))
            .collect()
    }

    fn kept(&mut self, moment: &Moment<'_>) {
        let pending = std::mem::take(&mut self.pending);
        self.ledger.settle(&pending);
        if let (Some(file), false) = (&self.file, pending.is_empty()) {
            let memory = Memory {
                boot_id: host::boot_id(moment.root),
                looked_at: sys::now_ticks() as f64 / TICKS_PER_SECOND,
                first_seen: self.ledger.first_seen(),
            };
            // Losing this file tells running programs once more; nothing is lost.
            state::store(file, &memory).ok();
        }
    }

    fn blind_spots(&self) -> Vec<String> {
        let mut spots = weft_agent_sys::account::current().blind_spots();
        spots.retain(|spot| !spot.starts_with("processes shorter than"));
        spots.extend(sys::blind_spots());
        spots.push("processes that begin and end between two looks are not seen".to_owned());
        spots
    }
}

/// Content (where it is readable), name, package and place; what an interpreter runs makes it another program.
fn identity(process: &Process) -> Identity {
    let Process {
        executable_sha256,
        executable_name,
        package,
        place,
        script,
        user_class,
        ..
    } = process;
    format!("{executable_sha256}|{executable_name}|{package}|{place}|{script}|{user_class}")
}

fn translate(facts: ProgramFacts) -> Process {
    let package = |owner: Option<weft_agent_sys::package::Owner>| {
        owner.map(|owner| owner.to_string()).unwrap_or_default()
    };
    let script = facts.script.map(|script| match script.package {
        Some(_) => script
            .path
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_owned(),
        None => "(script)".to_owned(),
    });
    // Where a file still has the name that it was built with, the record says nothing new.
    let original_file_name = match facts
        .original_file_name
        .eq_ignore_ascii_case(&facts.executable_name)
    {
        true => String::new(),
        false => facts.original_file_name,
    };
    Process {
        signer: facts.signer,
        original_file_name,
        executable_name: facts.executable_name,
        executable_path: facts.executable_path,
        executable_sha256: facts.executable_sha256,
        package: package(facts.package),
        parent_executable_name: facts.parent_executable_name,
        parent_package: package(facts.parent_package),
        user_class: match facts.user_class {
            sys::UserClass::System => UserClass::System,
            sys::UserClass::Service => UserClass::Service,
            sys::UserClass::Person => UserClass::Person,
            sys::UserClass::Unspecified => UserClass::Unspecified,
        }
        .into(),
        place: place(facts.place).into(),
        traits: facts.traits.into_iter().map(str::to_owned).collect(),
        script: script.unwrap_or_default(),
        pid: facts.pid,
        ..Process::default()
    }
}

fn place(place: sys::Place) -> Place {
    match place {
        sys::Place::SystemPath => Place::SystemPath,
        sys::Place::ProgramPath => Place::ProgramPath,
        sys::Place::Home => Place::Home,
        sys::Place::Temp => Place::Temp,
        sys::Place::Removable => Place::Removable,
        sys::Place::Network => Place::Network,
        sys::Place::Container => Place::Container,
        sys::Place::OtherPlace => Place::OtherPlace,
        sys::Place::Deleted => Place::Deleted,
        sys::Place::MemoryOnly => Place::MemoryOnly,
        sys::Place::Unspecified => Place::Unspecified,
    }
}
