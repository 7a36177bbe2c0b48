//! Programs that start and end between two looks, seen in the moment they start.
//!
//! Invariant: memory and work are bounded: starts of one program are one entry with a count, further programs and starts beyond
//! [`READS_PER_SECOND`] are counted as missed. A thread of its own sleeps in the kernel until something starts.
//!
//! Not here: what the programs are (see `identify`), and their cost: who is gone cannot be asked.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::sighting::{Likeness, Sighting};
use super::watcher::Watcher;
use super::{Heard, HeardProgram, ProcessEvent};

/// Different programs between two looks. A full build of software starts a few hundred.
const MAX_PROGRAMS: usize = 1024;
/// Starts of one program that are told apart by process id; the rest is a number.
const MAX_INSTANCES: usize = 256;
/// Starts that are read per second, about 50 microseconds each: one percent of a processor in the worst second.
const READS_PER_SECOND: u32 = 200;
/// The thread reads links and short files into small buffers.
const STACK: usize = 128 * 1024;

/// Hears until it is dropped.
#[derive(Debug)]
pub struct Listener {
    notes: Arc<Mutex<Notes>>,
}

#[derive(Debug, Default)]
struct Notes {
    programs: HashMap<Likeness, HeardProgram>,
    missed: u64,
    overflows: u64,
}

impl Listener {
    /// Begins to hear.
    ///
    /// # Errors
    /// A sentence for the blind spots: the kernel does not tell us.
    pub fn start(root: &Path) -> Result<Self, String> {
        let watcher = Watcher::open()?;
        let notes = Arc::new(Mutex::new(Notes::default()));
        let (weak, root) = (Arc::downgrade(&notes), root.to_owned());
        std::thread::Builder::new()
            .name("weft-starts".to_owned())
            .stack_size(STACK)
            .spawn(move || listen(watcher, &weak, root))
            .map_err(|error| {
                format!("processes shorter than the sampling interval: no thread to hear of them ({error})")
            })?;
        Ok(Self { notes })
    }

    /// What was heard since the last call.
    pub fn take(&self) -> Heard {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let notes = std::mem::take(&mut *notes);
        let mut programs: Vec<HeardProgram> = notes.programs.into_values().collect();
        programs.sort_by_key(|program| program.sighting.key);
        Heard {
            programs,
            missed: notes.missed,
            overflows: notes.overflows,
        }
    }
}

/// Ends at the first start of any program after the listener was dropped.
fn listen(mut watcher: Watcher, notes: &Weak<Mutex<Notes>>, root: PathBuf) {
    let mut pace = Pace::new(Instant::now());
    let mut overflows = 0;
    while watcher.wait() {
        let events = watcher.drain();
        let Some(notes) = notes.upgrade() else { return };
        for ProcessEvent::Exec { pid } in events {
            let sighting = pace
                .allows(Instant::now())
                .then(|| Sighting::in_passing(&root, pid))
                .flatten();
            let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            match sighting {
                Some(sighting) => notes.note(sighting),
                None => notes.missed += 1,
            }
        }
        let now = watcher.overflows();
        if now > overflows {
            notes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .overflows += now - overflows;
            overflows = now;
        }
    }
}

impl Notes {
    fn note(&mut self, sighting: Sighting) {
        let likeness = sighting.likeness();
        if let Some(known) = self.programs.get_mut(&likeness) {
            if known.instances.len() < MAX_INSTANCES {
                known.instances.push(sighting.key);
            } else {
                known.more = known.more.saturating_add(1);
            }
            return;
        }
        if self.programs.len() >= MAX_PROGRAMS {
            self.missed += 1;
            return;
        }
        let program = HeardProgram {
            instances: vec![sighting.key],
            more: 0,
            sighting,
        };
        self.programs.insert(likeness, program);
    }
}

/// So many per second, and the same again after a quiet second.
#[derive(Debug)]
struct Pace {
    since: Instant,
    used: u32,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            used: 0,
        }
    }

    fn allows(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        self.used = self.used.saturating_add(1);
        self.used <= READS_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::Command;

    #[test]
    fn a_second_has_its_measure() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert!((0..READS_PER_SECOND).all(|_| pace.allows(start)));
        assert!(!pace.allows(start));
        assert!(pace.allows(start + Duration::from_secs(1)));
    }

    #[test]
    fn many_starts_of_one_program_are_one_note_and_many_programs_are_bounded() {
        let own = Sighting::in_passing(Path::new("/"), std::process::id()).unwrap();
        let mut notes = Notes::default();
        for _ in 0..MAX_INSTANCES + 5 {
            notes.note(own.clone());
        }
        assert_eq!(notes.programs.len(), 1);
        let known = notes.programs.values().next().unwrap();
        assert_eq!((known.instances.len(), known.more), (MAX_INSTANCES, 5));
        for uid in 0..2 * MAX_PROGRAMS as u32 {
            let uid = Some(1_000_000 + uid);
            notes.note(Sighting { uid, ..own.clone() });
        }
        assert_eq!(notes.programs.len(), MAX_PROGRAMS);
        assert_eq!(notes.missed, MAX_PROGRAMS as u64 + 1);
    }

    /// Real programs of a few milliseconds: each start is either noted with its path or counted as missed.
    #[test]
    fn short_programs_are_noted_or_counted() {
        let listener = match Listener::start(Path::new("/")) {
            Ok(listener) => listener,
            Err(sentence) => {
                assert!(sentence.contains("process connector"));
                eprintln!("skipped: {sentence}");
                return;
            }
        };
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("weft-short-program");
        std::fs::copy("/bin/sleep", &program).unwrap();
        for _ in 0..5 {
            Command::new(&program).arg("0.02").status().unwrap();
        }
        let (mut starts, mut missed) = (0, 0);
        for _ in 0..200 {
            let heard = listener.take();
            missed += heard.missed + heard.overflows;
            starts += heard
                .programs
                .iter()
                .filter(|one| one.sighting.name == "weft-short-program")
                .map(|one| one.instances.len() as u64)
                .sum::<u64>();
            if starts >= 5 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(starts == 5 || starts + missed >= 5, "{starts} {missed}");
        assert!(starts > 0, "a program of 20 ms can be read");
    }
}
