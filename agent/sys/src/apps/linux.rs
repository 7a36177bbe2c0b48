//! Apps' traces on Linux: package databases, desktop entries, bundles, mounts, folders of homes.
//!
//! Invariant: one pass reads at most the limits below; a home that we may not read gives nothing and no error.
//!
//! Not here: contents of any file in a home.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Home, RawFact};
use crate::account;
use crate::files;
use crate::package;

/// A full Debian desktop has about 3,000 packages; texlive and friends double that.
const MAX_PACKAGES: usize = 20_000;
const MAX_HOMES: usize = 64;
/// Names looked at per directory of a home.
const MAX_NAMES: usize = 2_000;
const MAX_FACTS: usize = 40_000;
const MOUNTS_LIMIT: u64 = 1024 * 1024;

/// Directories of a home whose entries name apps: their own, their settings, their data, portable programs.
const HOME_LEVELS: [&str; 8] = [
    "",
    ".config",
    ".local/share",
    ".local/bin",
    ".var/app",
    "snap",
    "Applications",
    ".cache",
];

pub fn facts(root: &Path, is_wanted: &dyn Fn(&RawFact) -> bool) -> Vec<RawFact> {
    let mut out = BTreeSet::new();
    packages(root, is_wanted, &mut out);
    bundles(
        &files::under(root, "/var/lib/flatpak/app"),
        "flatpak",
        false,
        &mut out,
    );
    snaps(root, &mut out);
    desktop_entries(
        &files::under(root, "/usr/share/applications"),
        false,
        &mut out,
    );
    desktop_entries(
        &files::under(root, "/usr/local/share/applications"),
        false,
        &mut out,
    );
    desktop_entries(
        &files::under(root, "/var/lib/flatpak/exports/share/applications"),
        false,
        &mut out,
    );
    optional_programs(root, &mut out);
    mounts(root, &mut out);
    for home in homes(root) {
        of_home(&home.path, &mut out);
    }
    out.into_iter()
        .filter(|fact| is_wanted(fact))
        .take(MAX_FACTS)
        .collect()
}

fn fact(kind: &'static str, value: impl Into<String>, version: &str, person_home: bool) -> RawFact {
    RawFact {
        kind,
        value: value.into(),
        version: version.to_owned(),
        person_home,
        ..RawFact::default()
    }
}

/// Thousands, a handful of which are wanted: the others are never together in memory.
fn packages(root: &Path, is_wanted: &dyn Fn(&RawFact) -> bool, out: &mut BTreeSet<RawFact>) {
    let mut count = 0;
    package::installed(root, |manager, name, version| {
        count += 1;
        let found = fact("package", format!("{manager}:{name}"), version, false);
        if count <= MAX_PACKAGES && is_wanted(&found) {
            out.insert(found);
        }
    });
}

fn bundles(directory: &Path, kind: &'static str, person_home: bool, out: &mut BTreeSet<RawFact>) {
    for id in files::names(directory, MAX_NAMES) {
        if id.contains('.') && !id.starts_with('.') {
            out.insert(fact(kind, id, "", person_home));
        }
    }
}

fn snaps(root: &Path, out: &mut BTreeSet<RawFact>) {
    for base in ["/snap", "/var/lib/snapd/snap"] {
        let directory = files::under(root, base);
        for name in files::names(&directory, MAX_NAMES) {
            if name == "bin" || name == "README" || name.starts_with('.') {
                continue;
            }
            let probe = format!("{base}/{name}/current/x");
            let version = package::owner_by_place(root, &probe)
                .map(|owner| owner.version)
                .unwrap_or_default();
            out.insert(fact("snap", name, &version, false));
        }
    }
}

fn desktop_entries(directory: &Path, person_home: bool, out: &mut BTreeSet<RawFact>) {
    for name in files::names(directory, MAX_NAMES) {
        if let Some(id) = name.strip_suffix(".desktop") {
            out.insert(fact("desktop_id", id, "", person_home));
        }
    }
}

/// Vendors that bring no package put themselves here.
fn optional_programs(root: &Path, out: &mut BTreeSet<RawFact>) {
    for base in ["/opt", "/usr/local/bin"] {
        for name in files::names(&files::under(root, base), MAX_NAMES) {
            out.insert(fact("path", format!("{base}/{name}"), "", false));
        }
    }
}

/// FUSE and network mounts: many sync clients are one. A source is told only where it is a bare program word: others name
/// servers, accounts and folders.
fn mounts(root: &Path, out: &mut BTreeSet<RawFact>) {
    let table =
        files::text(&files::under(root, "/proc/self/mounts"), MOUNTS_LIMIT).unwrap_or_default();
    for line in table.lines() {
        let mut fields = line.split(' ');
        let source = fields.next().unwrap_or_default();
        let kind = fields.nth(1).unwrap_or_default();
        let is_desktop = matches!(
            kind,
            "fuse.portal"
                | "fuse.gvfsd-fuse"
                | "fuse.snapfuse"
                | "fuse.lxcfs"
                | "fusectl"
                | "fuseblk"
        );
        let is_fuse = kind.starts_with("fuse") && !is_desktop;
        if is_fuse || matches!(kind, "davfs" | "cifs" | "nfs" | "nfs4" | "smb3") {
            out.insert(fact("mount", kind, "", false));
        }
        let is_word = source.len() <= 40
            && source
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if is_fuse && is_word && !source.is_empty() {
            out.insert(fact("mount", source, "", false));
        }
    }
}

fn of_home(home: &Path, out: &mut BTreeSet<RawFact>) {
    for level in HOME_LEVELS {
        let directory = home.join(level);
        for name in files::names(&directory, MAX_NAMES) {
            let value = if level.is_empty() {
                format!("~/{name}")
            } else {
                format!("~/{level}/{name}")
            };
            // Loose files in the home itself are people's, not apps'.
            let is_directory = directory.join(&name).is_dir();
            let is_program = matches!(level, "Applications" | ".local/bin")
                || name.to_ascii_lowercase().ends_with(".appimage");
            if is_directory || is_program {
                out.insert(fact("path", value, "", true));
            }
        }
    }
    bundles(&home.join(".local/share/flatpak/app"), "flatpak", true, out);
    desktop_entries(&home.join(".local/share/applications"), true, out);
    desktop_entries(&home.join(".config/autostart"), true, out);
}

/// Homes of accounts in people's range, and of root where it is a person's session (its home is looked at as well).
pub fn homes(root: &Path) -> Vec<Home> {
    let text = account::database(root);
    let mut seen = BTreeSet::new();
    let mut out: Vec<Home> = text
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let uid: u32 = fields.get(2)?.parse().ok()?;
            let home = fields.get(5)?;
            let is_person = uid == 0 || (1000..61_184).contains(&uid) || uid > 65_535;
            (is_person && home.len() > 1 && *home != "/nonexistent")
                .then(|| (uid, files::under(root, home)))
        })
        .filter(|(_, path)| path.is_dir())
        .filter(|(_, path)| seen.insert(path.clone()))
        .map(|(uid, path)| Home { path, uid })
        .take(MAX_HOMES)
        .collect();
    // Directory accounts (LDAP) are not in passwd but have a home.
    for name in files::names(&files::under(root, "/home"), MAX_HOMES) {
        let path: PathBuf = files::under(root, "/home").join(name);
        if out.len() < MAX_HOMES && path.is_dir() && seen.insert(path.clone()) {
            let uid = owner_of(&path);
            out.push(Home { path, uid });
        }
    }
    out
}

fn owner_of(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map_or(u32::MAX, |meta| meta.uid())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_tree_gives_its_facts_and_no_names_of_people() {
        let root = tempfile::tempdir().unwrap();
        let make = |path: &str| std::fs::create_dir_all(root.path().join(path)).unwrap();
        let write = |path: &str, text: &str| {
            make(Path::new(path).parent().unwrap().to_str().unwrap());
            std::fs::write(root.path().join(path), text).unwrap();
        };
        write(
            "etc/passwd",
            "root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/bash\nwww:x:33:33::/var/www:/usr/sbin/nologin\n",
        );
        write(
            "var/lib/dpkg/status",
            "Package: dropbox\nStatus: install ok installed\nVersion: 2024.04\n",
        );
        make("home/anna/Dropbox");
        make("home/anna/.dropbox-dist");
        make("home/anna/.config/Nextcloud");
        write("home/anna/diary.txt", "x");
        write("home/anna/Applications/MEGAsync.AppImage", "x");
        write("usr/share/applications/org.gnome.Boxes.desktop", "x");
        make("var/lib/flatpak/app/com.dropbox.Client");
        write(
            "proc/self/mounts",
            "drive: /home/anna/drive fuse.rclone rw\n",
        );
        let facts = facts(root.path(), &|_| true);
        let has = |kind: &str, value: &str| {
            facts
                .iter()
                .any(|fact| fact.kind == kind && fact.value == value)
        };
        assert!(has("package", "dpkg:dropbox"));
        assert!(has("path", "~/Dropbox"));
        assert!(has("path", "~/.config/Nextcloud"));
        assert!(has("path", "~/Applications/MEGAsync.AppImage"));
        assert!(has("desktop_id", "org.gnome.Boxes"));
        assert!(has("flatpak", "com.dropbox.Client"));
        assert!(has("mount", "fuse.rclone"));
        assert!(
            !facts
                .iter()
                .any(|fact| fact.value.contains("anna") || fact.value.contains("diary"))
        );
        assert_eq!(
            facts
                .iter()
                .find(|fact| fact.kind == "package")
                .unwrap()
                .version,
            "2024.04"
        );
    }
}
