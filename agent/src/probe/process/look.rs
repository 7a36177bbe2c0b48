//! The process probe: the table's changes, identified, into the ledger.
//!
//! Invariant: expensive questions (hash, package, parent) are asked once per instance and for all new ones together. Kernel
//! threads are left out: they are no programs, and their names change with what they do. A start is counted once: by the
//! look that finds its process running, or, if none does, by what the listener heard of it.

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
    process::{
        self as sys, Heard, HeardProgram, Identifier, InstanceKey, Listener, ProgramFacts, Table,
    },
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

impl RunningProgram {
    fn of(facts: &ProgramFacts) -> Self {
        Self {
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
        }
    }
}

impl Hearing {
    fn start(root: &Path) -> Self {
        if cfg!(target_os = "linux") && root != Path::new("/") {
            return Self::Deaf("processes of another tree are not heard of".to_owned());
        }
        match Listener::start(root) {
            Ok(listener) => Self::Open {
                listener,
                missed: 0,
                overflows: 0,
            },
            Err(reason) => Self::Deaf(reason),
        }
    }

    fn take(&mut self) -> Heard {
        let Self::Open {
            listener,
            missed,
            overflows,
        } = self
        else {
            return Heard::default();
        };
        let heard = listener.take();
        *missed += heard.missed;
        *overflows += heard.overflows;
        heard
    }

    fn blind_spots(&self) -> Vec<String> {
        let mut out = Vec::new();
        match self {
            Self::Untried => {}
            Self::Deaf(reason) => {
                out.push(reason.clone());
                out.push("programs that begin and end between two looks are not seen".to_owned());
            }
            Self::Open {
                missed, overflows, ..
            } => {
                // What anybody can do about it is nothing, so only that it happens.
                if *missed > 0 {
                    out.push(format!(
                        "{missed} starts of programs since the agent's start were over before they could be read"
                    ));
                }
                if *overflows > 0 {
                    out.push(format!(
                        "the kernel dropped word of short programs {overflows} times, too many started at once"
                    ));
                }
                out.push("what programs shorter than a look cost is not measured".to_owned());
            }
        }
        out
    }
}

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
    listener: Hearing,
    /// Heard and still running, but not yet in the table: the next look decides.
    undecided: Vec<HeardProgram>,
}

/// Of programs between two looks.
enum Hearing {
    /// Not tried yet.
    Untried,
    Open {
        listener: Listener,
        missed: u64,
        overflows: u64,
    },
    /// Why not.
    Deaf(String),
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
            listener: Hearing::Untried,
            undecided: Vec::new(),
        }
    }

    fn update(&mut self, moment: &Moment<'_>) {
        self.ledger.begin();
        if let Hearing::Untried = self.listener {
            self.listener = Hearing::start(moment.root);
        }
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
        let passing = self.hear(moment);
        self.ledger.count_running();
        self.publish(passing);
    }

    /// Programs that came and went since the last look: into the ledger, and as running programs of this interval.
    fn hear(&mut self, moment: &Moment<'_>) -> Vec<RunningProgram> {
        let mut programs = std::mem::take(&mut self.undecided);
        programs.extend(self.listener.take().programs);
        let mut short = Vec::new();
        for mut program in programs {
            // The table counts these, or will if they live until the next look.
            let table = &self.table;
            program
                .instances
                .retain(|key| table.get(key.pid).is_none_or(|one| one.key != *key));
            let (waiting, over): (Vec<_>, Vec<_>) = program
                .instances
                .into_iter()
                .partition(|key| sys::is_running(moment.root, *key));
            let starts = u32::try_from(over.len())
                .unwrap_or(u32::MAX)
                .saturating_add(program.more);
            if starts > 0 {
                short.push((program.sighting.clone(), starts));
            }
            if !waiting.is_empty() {
                self.undecided.push(HeardProgram {
                    sighting: program.sighting,
                    instances: waiting,
                    more: 0,
                });
            }
        }
        let (sightings, starts): (Vec<_>, Vec<_>) = short.into_iter().unzip();
        let facts = self.identifier.identify_heard(sightings);
        let mut passing = Vec::new();
        for (mut facts, starts) in facts.into_iter().zip(starts) {
            facts.traits.push("short_lived");
            passing.push(RunningProgram::of(&facts));
            let process = translate(facts);
            self.ledger
                .heard(&identity(&process), process, starts, moment.wall);
        }
        passing
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
        self.programs
            .insert(instance.key, RunningProgram::of(&facts));
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

    /// Tells the app probe what runs.
    fn publish(&self, passing: Vec<RunningProgram>) {
        let programs = once(self.programs.values().cloned().chain(passing).collect());
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = programs;
    }
}

/// What runs now, for a single look at apps: no file of a program is read.
pub fn running(root: &Path) -> Vec<RunningProgram> {
    let mut table = Table::new();
    table.scan(root);
    let programs = table.instances().filter(|one| !one.kernel_thread);
    let pids: Vec<u32> = programs.map(|one| one.key.pid).collect();
    let facts = Identifier::of_names(root).identify_all(&table, &pids);
    once(facts.iter().map(RunningProgram::of).collect())
}

/// Each program once.
fn once(mut programs: Vec<RunningProgram>) -> Vec<RunningProgram> {
    programs.sort_by(|one, other| {
        (&one.path, &one.name, &one.cgroup).cmp(&(&other.path, &other.name, &other.cgroup))
    });
    programs.dedup();
    programs
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
        spots.extend(self.listener.blind_spots());
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{process::Command, sync::Arc};

    use super::*;

    fn moment(policy: &Effective) -> Moment<'_> {
        Moment {
            wall: Timestamp::UNIX_EPOCH,
            instant: Instant::now(),
            root: Path::new("/"),
            policy,
        }
    }

    fn of_name(news: &[Observation], name: &str) -> Vec<Process> {
        let pick = |one: &Observation| match &one.kind {
            Some(Kind::Process(process)) if process.executable_name == name => {
                Some(process.clone())
            }
            _ => None,
        };
        news.iter().filter_map(pick).collect()
    }

    #[test]
    fn what_runs_now_is_what_the_probe_tells() {
        let policy = Effective::default();
        let shared = RunningPrograms::default();
        ProcessProbe::forgetful(Path::new("/"), Arc::clone(&shared)).look(&moment(&policy));
        let own = |programs: &[RunningProgram]| {
            let me = std::env::current_exe().unwrap();
            programs
                .iter()
                .find(|one| Path::new(&one.path) == me)
                .cloned()
        };
        let told = own(&shared.lock().unwrap());
        assert!(told.is_some());
        assert_eq!(own(&running(Path::new("/"))), told);
    }

    /// Real programs, one that came and went between two looks and one that stays: each start is told once.
    #[test]
    fn a_program_between_two_looks_is_told_once() {
        let policy = Effective::default();
        let running = RunningPrograms::default();
        let mut probe = ProcessProbe::forgetful(Path::new("/"), Arc::clone(&running));
        probe.look(&moment(&policy));
        probe.kept(&moment(&policy));
        if let Hearing::Deaf(reason) = &probe.listener {
            assert!(probe.blind_spots().iter().any(|spot| spot == reason));
            eprintln!("skipped: {reason}");
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let program = |name: &str| {
            let path = directory.path().join(name);
            std::fs::copy("/bin/sleep", &path).unwrap();
            path
        };
        let (short, long) = (program("weft-passing"), program("weft-staying"));
        for _ in 0..3 {
            Command::new(&short).arg("0.03").status().unwrap();
        }
        let mut child = Command::new(&long).arg("60").spawn().unwrap();
        let (mut passed, mut stayed) = (Vec::new(), Vec::new());
        let mut was_published = false;
        for _ in 0..100 {
            let news = probe.look(&moment(&policy));
            passed.extend(of_name(&news, "weft-passing"));
            stayed.extend(of_name(&news, "weft-staying"));
            was_published |= running
                .lock()
                .unwrap()
                .iter()
                .any(|one| one.name == "weft-passing");
            probe.kept(&moment(&policy));
            if !passed.is_empty() && !stayed.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let news = probe.look(&moment(&policy));
        stayed.extend(of_name(&news, "weft-staying"));
        let first = passed.first().expect("heard");
        assert!(first.traits.contains(&"short_lived".to_owned()));
        assert_eq!(first.executable_sha256.len(), 64);
        assert!(was_published);
        let spots = probe.blind_spots().join(" ");
        if !spots.contains("could be read") && !spots.contains("dropped") {
            assert_eq!(first.starts, 3);
        }
        assert_eq!(stayed.iter().map(|one| one.starts).sum::<u32>(), 1);
    }
}
