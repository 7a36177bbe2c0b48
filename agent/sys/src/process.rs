//! Which programs run, what each costs, and what each is.
//!
//! Invariant: an instance is (process id, start time), never the id alone; what is expensive (path, hash, owner) is read
//! once per instance, what is cheap (cost) every cycle. A program that replaced itself (`exec`) is identified again.
//!
//! Not here: which program is unusual, and what may leave the machine (paths and script names pass the redactor).
//!
//! [`Table`] is the cycle: who came, who went, what it cost. [`Identifier`] answers "what is it". [`Listener`] hears of
//! programs that live between two cycles, where the kernel lets it.

pub mod place;
pub mod script;

#[cfg(target_os = "linux")]
mod identify;
#[cfg(target_os = "linux")]
mod listener;
#[cfg(target_os = "linux")]
mod sighting;
#[cfg(target_os = "linux")]
mod stat;
#[cfg(target_os = "linux")]
mod table;
#[cfg(target_os = "linux")]
mod watcher;

// Pure parsers, so compiled and tested everywhere.
pub mod listed;
pub mod macos;
pub mod windows;

#[cfg(not(target_os = "linux"))]
mod elsewhere;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Identifier, Listener, Sighting, Table, command_line, is_running};
#[cfg(target_os = "linux")]
pub use identify::Identifier;
#[cfg(target_os = "linux")]
pub use listener::Listener;
pub use place::Place;
#[cfg(target_os = "linux")]
pub use sighting::{Sighting, command_line, is_running};
#[cfg(target_os = "linux")]
pub use table::Table;
#[cfg(windows)]
pub(crate) use windows::is_network_path;

use crate::package::Owner;

/// Whether an identifier reads the files of programs, which costs more than all else about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    Hashed,
    Unread,
}

/// One run of one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceKey {
    pub pid: u32,
    /// Start time in hundredths of a second on the clock of [`now_ticks`]; with `pid` it names one instance within a boot.
    pub start_ticks: u64,
}

/// An instance and its cost so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    pub key: InstanceKey,
    pub parent_pid: u32,
    /// The kernel's 15-byte name of it.
    pub comm: Box<str>,
    pub kernel_thread: bool,
    /// CPU seconds since its start, own and no children's.
    pub cpu_time: f64,
    /// Resident bytes now.
    pub memory_usage: u64,
    /// Disk bytes read plus written since its start; `None` when not readable.
    pub disk_io: Option<u64>,
}

/// What changed since the previous scan. The first scan reports everything as started.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scan {
    pub started: Vec<InstanceKey>,
    /// Same instance, another program now.
    pub executed: Vec<InstanceKey>,
    /// With the last cost that was seen.
    pub ended: Vec<Instance>,
}

/// What the kernel tells a `Watcher`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessEvent {
    /// The process started a program.
    Exec { pid: u32 },
}

/// A program that started between two looks, maybe many times.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardProgram {
    pub sighting: Sighting,
    /// Its starts, as far as they could be told apart.
    pub instances: Vec<InstanceKey>,
    /// Further starts.
    pub more: u32,
}

/// What a [`Listener`] heard since it was last asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    pub programs: Vec<HeardProgram>,
    /// Starts that were over before they could be read, or too many at once.
    pub missed: u64,
    /// Times that the kernel dropped events because we were slow.
    pub overflows: u64,
}

/// Whose account runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserClass {
    System,
    Service,
    Person,
    /// The account could not be read.
    Unspecified,
}

impl UserClass {
    /// The public word.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Service => "service",
            Self::Person => "person",
            Self::Unspecified => "user_class_unspecified",
        }
    }
}

/// What an interpreter runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Personal data until the redactor has seen it. For a module or inline code: "(module)", "(inline)".
    pub path: String,
    pub package: Option<Owner>,
}

/// What a file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Who signed it; empty when nobody did or when the signature does not hold.
    pub signer: String,
    /// Windows: its name when it was built.
    pub original_file_name: String,
    /// Windows: its description.
    pub description: String,
    /// macOS: its bundle id.
    pub bundle_id: String,
}

/// What a program is. Names as in `weft.v1.Process`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramFacts {
    pub pid: u32,
    pub executable_name: String,
    /// Full and unredacted; empty when unreadable or when there is no file.
    pub executable_path: String,
    pub deleted: bool,
    /// SHA-256 of the content, hex; empty when unreadable (trait "hash_unreadable") or too large ("hash_too_large").
    pub executable_sha256: String,
    pub package: Option<Owner>,
    pub parent_executable_name: String,
    pub parent_package: Option<Owner>,
    pub uid: Option<u32>,
    pub user_class: UserClass,
    pub place: Place,
    pub script: Option<Script>,
    pub comm: String,
    /// Control group path; may hold a user id.
    pub cgroup: String,
    pub kernel_thread: bool,
    /// Who signed the file (Windows: name of the certificate; macOS: team id or "Apple"); empty on Linux, when nobody did, and
    /// when the signature does not hold.
    pub signer: String,
    /// Windows: the name in the file's version record.
    pub original_file_name: String,
    /// Windows: the description in the file's version record.
    pub description: String,
    /// macOS: the bundle id in the signature.
    pub bundle_id: String,
    /// "script", "deleted_executable", "hash_unreadable", "hidden_name", "renamed", "appimage", "short_lived".
    pub traits: Vec<&'static str>,
}

/// The clock of [`InstanceKey::start_ticks`] now: since boot on Linux, since 1970 elsewhere.
pub fn now_ticks() -> u64 {
    let now = crate::clock::read();
    if cfg!(target_os = "linux") {
        (now.since_boot.as_secs_f64() * 100.0) as u64
    } else {
        u64::try_from(now.wall.as_millisecond() / 10).unwrap_or(0)
    }
}

/// What this build cannot see of processes on this system, beyond missing rights (see `account`).
pub fn blind_spots() -> Vec<String> {
    #[cfg(target_os = "linux")]
    return Vec::new();
    #[cfg(not(target_os = "linux"))]
    elsewhere::blind_spots()
}
