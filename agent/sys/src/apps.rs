//! Raw facts for the catalog of apps: what is installed, mounted, and which folders lie in people's homes.
//!
//! Invariant: bounded in count and depth; of a home only the names of its first levels are looked at, and only as paths
//! relative to it. Which of them is an app is the catalog's business.
//!
//! Not here: running programs (see `process`), the catalog itself.

use std::path::Path;

#[cfg(target_os = "linux")]
mod linux;

/// One fact. `kind` is a word of the catalog's contract: "package", "path", "desktop_id", "flatpak", "snap",
/// "app_path", "mount".
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RawFact {
    pub kind: &'static str,
    /// Paths in a home begin with "~/"; packages are "manager:name".
    pub value: String,
    pub version: String,
    /// The fact lies in a person's home, not in the system.
    pub person_home: bool,
}

/// A person's home directory. Holds a name: for the agent's own use (watching folders), never to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub path: std::path::PathBuf,
    pub uid: u32,
}

/// All facts of the tree at `root`.
#[cfg(target_os = "linux")]
pub fn facts(root: &Path) -> Vec<RawFact> {
    linux::facts(root)
}

/// People's homes below `root`.
#[cfg(target_os = "linux")]
pub fn homes(root: &Path) -> Vec<Home> {
    linux::homes(root)
}

/// Not read on this system so far; see [`blind_spots`].
#[cfg(not(target_os = "linux"))]
pub fn facts(_root: &Path) -> Vec<RawFact> {
    Vec::new()
}

/// Not read on this system so far; see [`blind_spots`].
#[cfg(not(target_os = "linux"))]
pub fn homes(_root: &Path) -> Vec<Home> {
    Vec::new()
}

/// What cannot be seen here.
pub fn blind_spots() -> Vec<String> {
    if cfg!(target_os = "linux") {
        Vec::new()
    } else {
        vec!["apps: installed apps are not read on this system so far".to_owned()]
    }
}
