//! Which package owns a file.
//!
//! Invariant: nothing is held in memory but answers. A question reads the package manager's own lists, once for all paths
//! of the question, because a map of every file of a desktop would be larger than the whole agent may be.
//!
//! Not here: which packages are installed (see `apps`), and whether a file still is as its package delivered it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::files;

mod bundle;
mod dpkg;
mod pacman;
mod rpm;

pub use bundle::{flatpak_of_cgroup, owner_by_place, snap_of_cgroup};

/// A package, written "manager:name@version".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// "dpkg", "rpm", "pacman", "flatpak", "snap".
    pub manager: &'static str,
    pub name: String,
    /// Empty when not known.
    pub version: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.manager, self.name)?;
        if self.version.is_empty() {
            Ok(())
        } else {
            write!(f, "@{}", self.version)
        }
    }
}

/// Answers kept; a desktop runs a few hundred different programs in a boot.
const MAX_ANSWERS: usize = 2048;

/// Answers "whose file is this", and remembers.
#[derive(Debug)]
pub struct Owners {
    root: PathBuf,
    answers: HashMap<String, Option<Owner>>,
    /// When the package database last changed: older answers are void.
    database: Option<SystemTime>,
}

impl Owners {
    /// For the tree at `root`. Reads nothing yet.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            answers: HashMap::new(),
            database: None,
        }
    }

    /// The owner of one path. Ask for many at once where you can.
    pub fn owner(&mut self, path: &str) -> Option<Owner> {
        self.owners(&[path]).pop().flatten()
    }

    /// The owners of these absolute paths, in order.
    pub fn owners(&mut self, paths: &[&str]) -> Vec<Option<Owner>> {
        self.forget_if_changed();
        let open: BTreeSet<String> = paths
            .iter()
            .filter(|path| path.starts_with('/') && !self.answers.contains_key(**path))
            .map(|path| (*path).to_owned())
            .collect();
        if !open.is_empty() {
            self.look_up(open);
        }
        paths
            .iter()
            .map(|path| self.answers.get(*path).cloned().flatten())
            .collect()
    }

    fn look_up(&mut self, open: BTreeSet<String>) {
        if self.answers.len() + open.len() > MAX_ANSWERS {
            self.answers.clear();
        }
        let mut found: HashMap<String, Owner> = HashMap::new();
        for path in &open {
            if let Some(owner) = bundle::owner_by_place(&self.root, path) {
                found.insert(path.clone(), owner);
            }
        }
        for look in [dpkg::owners, pacman::owners, rpm::owners] {
            let rest: Vec<&str> = open
                .iter()
                .map(String::as_str)
                .filter(|path| !found.contains_key(*path) && !is_out_of_bounds(path))
                .collect();
            if !rest.is_empty() {
                found.extend(look(&self.root, &rest));
            }
        }
        for path in open {
            let owner = found.remove(&path);
            self.answers.insert(path, owner);
        }
    }

    fn forget_if_changed(&mut self) {
        let newest = [
            dpkg::STATUS,
            pacman::LOCAL,
            "/var/lib/rpm",
            "/usr/lib/sysimage/rpm",
        ]
        .iter()
        .filter_map(|path| {
            std::fs::metadata(files::under(&self.root, path))
                .ok()?
                .modified()
                .ok()
        })
        .max();
        if newest != self.database {
            self.answers.clear();
            self.database = newest;
        }
    }
}

/// Places that the file system hierarchy keeps from packages: people's, temporary and mounted ones. Whoever builds software at
/// home makes programs by the hundred, and to find no owner of one takes a pass over all lists.
fn is_out_of_bounds(path: &str) -> bool {
    const PLACES: [&str; 8] = [
        "/home/",
        "/root/",
        "/tmp/",
        "/var/tmp/",
        "/run/",
        "/mnt/",
        "/media/",
        "/dev/shm/",
    ];
    PLACES.iter().any(|place| path.starts_with(place))
}

/// The spellings under which a list may name this file: distributions that merged /bin into /usr/bin still ship lists
/// from before (Debian until 13), and the running path has either form.
fn spellings(path: &str) -> Vec<String> {
    const MERGED: [&str; 5] = ["/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/"];
    let mut out = vec![path.to_owned()];
    if let Some(short) = path.strip_prefix("/usr")
        && MERGED.iter().any(|prefix| short.starts_with(prefix))
    {
        out.push(short.to_owned());
    } else if MERGED.iter().any(|prefix| path.starts_with(prefix)) {
        out.push(format!("/usr{path}"));
    }
    out
}

/// Every spelling of every path, pointing at the path that was asked for.
fn wanted<'a>(paths: &[&'a str]) -> HashMap<String, &'a str> {
    paths
        .iter()
        .flat_map(|path| {
            spellings(path)
                .into_iter()
                .map(|spelling| (spelling, *path))
        })
        .collect()
}

/// Calls `each` with manager, name and version of every installed package of the system's managers.
pub fn installed(root: &Path, mut each: impl FnMut(&'static str, &str, &str)) {
    dpkg::installed(root, |name, version| each("dpkg", name, version));
    rpm::installed(root, |name, version| each("rpm", name, version));
    for (_, name, version) in pacman::packages(root) {
        each("pacman", &name, &version);
    }
}
