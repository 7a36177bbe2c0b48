//! Raw facts for the catalog of apps: what is installed, mounted, and which folders lie in people's homes.
//!
//! Invariant: bounded in count and depth; of a home only the names of its first levels are looked at, and only as paths
//! relative to it. Which of them is an app is the catalog's business.
//!
//! Not here: running programs (see `process`), the catalog itself.

use std::path::Path;

#[cfg(target_os = "linux")]
mod linux;
// Pure over a tree and a registry, so tested everywhere.
#[cfg(any(target_os = "macos", test))]
mod macos;
#[cfg(any(windows, test))]
mod windows;

mod reach;

pub use reach::{Reach, reach, watch_limit};

/// One fact. `kind` is a word of the catalog's contract: "package", "path", "desktop_id", "flatpak", "snap",
/// "app_path", "mount", "bundle_id", "installed_software", "domain" (of a service that somebody is signed in to).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RawFact {
    pub kind: &'static str,
    /// Paths in a home begin with "~"; packages are "manager:name".
    pub value: String,
    pub version: String,
    /// The fact lies in a person's home, not in the system.
    pub person_home: bool,
    /// Domain part of the signed-in account; the part before the "@" is never kept.
    pub account_domain: String,
    /// Tenant of the signed-in account.
    pub tenant: String,
}

/// A person's home directory. Holds a name: for the agent's own use (watching folders), never to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub path: std::path::PathBuf,
    /// Its owner; 0 on Windows, which has no such number.
    pub uid: u32,
}

/// The wanted facts of the tree at `root`. On Windows `root` is not asked: the system's drive and its registry are.
pub fn facts(root: &Path, is_wanted: impl Fn(&RawFact) -> bool) -> Vec<RawFact> {
    #[cfg(target_os = "linux")]
    return linux::facts(root, &is_wanted);
    #[cfg(not(target_os = "linux"))]
    {
        #[cfg(target_os = "macos")]
        let mut found = macos::facts(root);
        #[cfg(windows)]
        let mut found = {
            let _ = root;
            windows::facts(&crate::win32::registry::Live, &system_drive())
        };
        found.retain(is_wanted);
        found
    }
}

/// People's homes below `root`.
pub fn homes(root: &Path) -> Vec<Home> {
    #[cfg(target_os = "linux")]
    return linux::homes(root);
    #[cfg(target_os = "macos")]
    return macos::homes(root);
    #[cfg(windows)]
    {
        let _ = root;
        windows::homes(&system_drive())
    }
}

#[cfg(windows)]
fn system_drive() -> std::path::PathBuf {
    // "C:" alone would mean the current folder on C.
    let drive = std::env::var("SystemDrive").unwrap_or_else(|_| "C:".to_owned());
    std::path::PathBuf::from(format!("{drive}\\"))
}

/// What cannot be seen here.
pub fn blind_spots() -> Vec<String> {
    let mut out = Vec::new();
    if cfg!(windows) {
        out.push("apps: of people who are not signed in only folders are seen, not their installed software and accounts".to_owned());
    }
    if cfg!(target_os = "macos") {
        out.push("apps: folders of other homes are seen only with Full Disk Access".to_owned());
    }
    out
}
