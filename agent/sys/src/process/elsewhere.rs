//! The process doors where there is no /proc: the list of `listed`, and what a program is, over a thin shell per system.
//!
//! Invariant: hash, signature and version record are read once per version of a file; per look at most [`SIGNATURES`] new
//! signatures, the rest says so in a trait and comes with the program's next start.
//!
//! Not here: the calls (`windows`, `macos`).

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::listed::Listed;
use super::script::{self, Runs};
use super::{About, Contents, Heard, Instance, InstanceKey, ProgramFacts, Scan, Script, UserClass};

#[cfg(target_os = "macos")]
use super::macos as system;
#[cfg(windows)]
use super::windows as system;

/// Larger executables are hashed by nobody else either; at 256 MiB the largest browsers and electron apps fit.
const HASH_LIMIT: u64 = 256 * 1024 * 1024;
/// Versions of files that are remembered (about 400 bytes each).
const MAX_FILES: usize = 2048;
/// Checking a signature costs up to a tenth of a second; a first look at 400 processes must not take the machine.
const SIGNATURES: usize = 24;

/// See `super::Table` on Linux: the same doors.
#[derive(Debug, Default)]
pub struct Table(Listed);

impl Table {
    /// An empty table; its first scan reports every instance as started.
    pub fn new() -> Self {
        Self::default()
    }

    /// One pass. A list that cannot be read changes nothing, and so does a `root` that is not this system's.
    pub fn scan(&mut self, root: &Path) -> Scan {
        if root.parent().is_some() {
            return Scan::default();
        }
        system::list().map_or_else(Scan::default, |list| self.0.take(list))
    }

    /// Every instance of the last scan.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.0.instances()
    }

    /// The instance that has this process id now.
    pub fn get(&self, pid: u32) -> Option<&Instance> {
        self.0.get(pid)
    }

    /// How many instances the last scan saw.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True before the first scan.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Which version of which file an answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct FileVersion {
    path: String,
    modified: Option<SystemTime>,
    size: u64,
}

#[derive(Debug, Clone)]
struct Known {
    sha256: Result<String, &'static str>,
    about: Option<About>,
}

/// Identifies programs and remembers what was expensive.
#[derive(Debug)]
pub struct Identifier {
    files: HashMap<FileVersion, Known>,
    signatures_left: usize,
    contents: Contents,
}

impl Identifier {
    /// Reads nothing yet.
    pub fn new(_root: &Path) -> Self {
        Self {
            files: HashMap::new(),
            signatures_left: SIGNATURES,
            contents: Contents::Hashed,
        }
    }

    /// The same, but nothing is hashed: for whoever asks which program runs, not which version of it. Signatures are checked.
    pub fn of_names(root: &Path) -> Self {
        Self {
            contents: Contents::Unread,
            ..Self::new(root)
        }
    }

    /// One program; `None` when it ended meanwhile.
    pub fn identify(&mut self, table: &Table, pid: u32) -> Option<ProgramFacts> {
        self.identify_all(table, &[pid]).pop()
    }

    /// Nothing was heard.
    pub fn identify_heard(&mut self, _heard: Vec<Sighting>) -> Vec<ProgramFacts> {
        Vec::new()
    }

    /// Those that still run, in order.
    pub fn identify_all(&mut self, table: &Table, pids: &[u32]) -> Vec<ProgramFacts> {
        self.signatures_left = SIGNATURES;
        pids.iter()
            .filter_map(|pid| self.facts(table, *pid))
            .collect()
    }

    fn facts(&mut self, table: &Table, pid: u32) -> Option<ProgramFacts> {
        let instance = table.get(pid)?;
        let path = system::path_of(pid).unwrap_or_default();
        let executable_name = match base(&path) {
            "" => instance.comm.to_string(),
            name => name.to_owned(),
        };
        let mut traits = Vec::new();
        let script = script_of(pid, &executable_name);
        if script.is_some() {
            traits.push("script");
        }
        let deleted = !path.is_empty()
            && Path::new(&path)
                .try_exists()
                .is_ok_and(|is_there| !is_there);
        if deleted {
            traits.push("deleted_executable");
        }
        if executable_name.starts_with('.') && executable_name.len() > 1 {
            traits.push("hidden_name");
        }
        if super::place::is_workshop(&path) {
            traits.push("workshop");
        }
        let known = self.known(&path);
        let executable_sha256 = known.sha256.unwrap_or_else(|reason| {
            traits.push(reason);
            String::new()
        });
        let about = known.about.unwrap_or_else(|| {
            traits.push("signer_unread");
            About::default()
        });
        let (uid, user_class) = system::account_of(pid);
        Some(ProgramFacts {
            pid,
            place: system::place_of(&path, deleted),
            executable_path: path,
            deleted,
            executable_sha256,
            package: None,
            parent_executable_name: table
                .get(instance.parent_pid)
                // On Windows the parent's id may have been given to a later process: that is no parent.
                .filter(|parent| parent.key.start_ticks <= instance.key.start_ticks)
                .map(|parent| match system::path_of(parent.key.pid) {
                    Some(path) => base(&path).to_owned(),
                    None => parent.comm.to_string(),
                })
                .unwrap_or_default(),
            parent_package: None,
            uid,
            user_class,
            script,
            comm: instance.comm.to_string(),
            cgroup: String::new(),
            kernel_thread: false,
            traits,
            signer: about.signer,
            original_file_name: about.original_file_name,
            description: about.description,
            bundle_id: about.bundle_id,
            executable_name,
        })
    }

    fn known(&mut self, path: &str) -> Known {
        let nothing = |reason| Known {
            sha256: Err(reason),
            about: Some(About::default()),
        };
        let Some(meta) = std::fs::metadata(path).ok().filter(|meta| meta.is_file()) else {
            return nothing("hash_unreadable");
        };
        let version = FileVersion {
            path: path.to_owned(),
            modified: meta.modified().ok(),
            size: meta.len(),
        };
        let mut known = match self.files.get(&version) {
            Some(known) => known.clone(),
            None => Known {
                sha256: match self.contents {
                    Contents::Hashed => sha256(path, meta.len()),
                    Contents::Unread => Ok(String::new()),
                },
                about: None,
            },
        };
        if known.about.is_none() && self.signatures_left > 0 {
            self.signatures_left -= 1;
            known.about = Some(system::about(path));
        }
        if self.files.len() >= MAX_FILES {
            self.files.clear();
        }
        self.files.insert(version, known.clone());
        known
    }
}

fn sha256(path: &str, size: u64) -> Result<String, &'static str> {
    if size > HASH_LIMIT {
        return Err("hash_too_large");
    }
    let mut file = File::open(path).map_err(|_| "hash_unreadable")?;
    let mut hash = Sha256::new();
    let mut block = vec![0_u8; 64 * 1024];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(hex::encode(hash.finalize())),
            Ok(length) => hash.update(block.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err("hash_unreadable"),
        }
    }
}

fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

fn script_of(pid: u32, executable: &str) -> Option<Script> {
    let plain = executable
        .get(..executable.len().saturating_sub(4))
        .filter(|_| executable.to_ascii_lowercase().ends_with(".exe"))
        .unwrap_or(executable);
    let arguments = system::arguments_of(pid);
    let path = match script::runs(plain, arguments.iter().skip(1).map(String::as_str))? {
        Runs::File(path) => path,
        Runs::Module => "(module)".to_owned(),
        Runs::Inline => "(inline)".to_owned(),
        Runs::Nothing => return None,
    };
    Some(Script {
        path,
        package: None,
    })
}

/// The whole command line, joined with blanks. Personal data: only for a policy that asks for it.
pub fn command_line(_root: &Path, pid: u32) -> Option<String> {
    let arguments = system::arguments_of(pid);
    (!arguments.is_empty()).then(|| arguments.join(" "))
}

/// Asked only of what was heard, which here is nothing.
pub fn is_running(_root: &Path, _key: InstanceKey) -> bool {
    false
}

/// A sight that nobody has: nothing makes one. (An empty enum would say so too, and make code elsewhere unreachable.)
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    _nothing: (),
}

/// Hears nothing: there is no value of this type. Windows (ETW) and macOS (Endpoint Security) tell of short-lived
/// processes only to sessions and entitlements that this agent does not ask for.
#[derive(Debug)]
pub enum Listener {}

impl Listener {
    /// Cannot be opened.
    ///
    /// # Errors
    /// Always.
    pub fn start(_root: &Path) -> Result<Self, String> {
        Err("processes shorter than the sampling interval: not heard of on this system".to_owned())
    }

    /// Never called.
    pub fn take(&self) -> Heard {
        match *self {}
    }
}

/// What this agent's account cannot see of processes here.
pub fn blind_spots() -> Vec<String> {
    system::blind_spots()
}

// Kept beside its users: a class that could not be read.
pub(super) const UNKNOWN_ACCOUNT: (Option<u32>, UserClass) = (None, UserClass::Unspecified);
