//! Apps' traces on macOS: applications and their bundle ids, installer receipts, folders of homes, mounts.
//!
//! Invariant: pure over a tree; bounded; a home is always written "~". Of a settings file only its bundle id is read.
//!
//! Sources: Apple's File System Programming Guide (the Library directory), pkgutil(1) (receipts), and where File Provider
//! keeps its folders (`~/Library/CloudStorage`, Apple Platform Deployment).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Home, RawFact};
use crate::files;

const MAX_HOMES: usize = 64;
const MAX_NAMES: usize = 2_000;
const MAX_FACTS: usize = 40_000;
/// An Info.plist is a few kilobytes.
const PLIST_LIMIT: u64 = 256 * 1024;

const HOME_LEVELS: [&str; 8] = [
    "",
    ".config",
    ".local/bin",
    "Library/Application Support",
    "Library/CloudStorage",
    "Library/Containers",
    "Library/Group Containers",
    "Library/Caches",
];

/// All facts of the tree at `root`.
pub fn facts(root: &Path) -> Vec<RawFact> {
    let mut out = BTreeSet::new();
    applications(
        &files::under(root, "/Applications"),
        "/Applications",
        false,
        &mut out,
    );
    for name in files::names(&files::under(root, "/var/db/receipts"), MAX_NAMES) {
        if let Some(id) = name.strip_suffix(".plist") {
            out.insert(fact("package", id, false));
        }
    }
    for base in [
        "/opt/homebrew/Cellar",
        "/usr/local/Cellar",
        "/opt/homebrew/Caskroom",
        "/usr/local/Caskroom",
    ] {
        for name in files::names(&files::under(root, base), MAX_NAMES) {
            out.insert(fact("package", format!("brew:{name}"), false));
        }
    }
    for name in files::names(&files::under(root, "/Volumes"), MAX_NAMES) {
        // A volume's name may be anything; only one that the catalog knows goes on.
        out.insert(fact("path", format!("/Volumes/{name}"), false));
    }
    for home in homes(root) {
        applications(
            &home.path.join("Applications"),
            "~/Applications",
            true,
            &mut out,
        );
        of_home(&home.path, &mut out);
    }
    out.into_iter().take(MAX_FACTS).collect()
}

fn fact(kind: &'static str, value: impl Into<String>, person_home: bool) -> RawFact {
    RawFact {
        kind,
        value: value.into(),
        person_home,
        ..RawFact::default()
    }
}

fn applications(directory: &Path, written: &str, person: bool, out: &mut BTreeSet<RawFact>) {
    for name in files::names(directory, MAX_NAMES) {
        if !name.ends_with(".app") {
            continue;
        }
        out.insert(fact("app_path", format!("{written}/{name}"), person));
        let plist = files::bytes(
            &directory.join(&name).join("Contents/Info.plist"),
            PLIST_LIMIT,
        )
        .unwrap_or_default();
        if let Some(id) = plist_text(&plist, "CFBundleIdentifier") {
            out.insert(RawFact {
                version: plist_text(&plist, "CFBundleShortVersionString").unwrap_or_default(),
                ..fact("bundle_id", id, person)
            });
        }
    }
}

/// A text value of an XML property list. Binary lists (rare for applications) give none: the app is still known by its name.
pub fn plist_text(raw: &[u8], key: &str) -> Option<String> {
    let text = std::str::from_utf8(raw).ok()?;
    let after = text.split_once(&format!("<key>{key}</key>"))?.1;
    let value = after
        .trim_start()
        .strip_prefix("<string>")?
        .split_once("</string>")?
        .0;
    let value = value.replace("&amp;", "&");
    (!value.is_empty() && value.len() <= 256).then_some(value)
}

fn of_home(home: &Path, out: &mut BTreeSet<RawFact>) {
    for level in HOME_LEVELS {
        let directory = home.join(level);
        for name in files::names(&directory, MAX_NAMES) {
            // Loose files in the home itself are people's, not apps'.
            if directory.join(&name).is_dir() || level == ".local/bin" {
                let value = if level.is_empty() {
                    format!("~/{name}")
                } else {
                    format!("~/{level}/{name}")
                };
                out.insert(fact("path", value, true));
            }
        }
    }
}

/// People's homes below `root`.
pub fn homes(root: &Path) -> Vec<Home> {
    let users = files::under(root, "/Users");
    files::names(&users, MAX_HOMES * 2)
        .into_iter()
        .filter(|name| name != "Shared" && name != "Guest" && !name.starts_with('.'))
        .map(|name| users.join(name))
        .filter(|path| path.is_dir())
        .take(MAX_HOMES)
        .map(|path: PathBuf| Home {
            uid: owner_of(&path),
            path,
        })
        .collect()
}

#[cfg(unix)]
fn owner_of(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map_or(u32::MAX, |meta| meta.uid())
}

#[cfg(not(unix))]
fn owner_of(_path: &Path) -> u32 {
    u32::MAX
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PLIST: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n\t<key>CFBundleIdentifier</key>\n\t<string>com.getdropbox.dropbox</string>\n\t<key>CFBundleShortVersionString</key>\n\t<string>208.4.5824</string>\n</dict>\n</plist>\n";

    #[test]
    fn a_tree_gives_its_facts_and_no_names_of_people() {
        let root = tempfile::tempdir().unwrap();
        let make = |path: &str| std::fs::create_dir_all(root.path().join(path)).unwrap();
        make("Applications/Dropbox.app/Contents");
        std::fs::write(
            root.path()
                .join("Applications/Dropbox.app/Contents/Info.plist"),
            PLIST,
        )
        .unwrap();
        make("Applications/Broken.app");
        make("Users/anna/Library/CloudStorage/OneDrive-Personal");
        make("Users/anna/Library/Group Containers/G7HH3F8CAK.com.getdropbox.dropbox.sync");
        make("Users/anna/Nextcloud");
        make("Users/Shared/Box");
        make("var/db/receipts");
        std::fs::write(
            root.path()
                .join("var/db/receipts/com.microsoft.OneDrive.plist"),
            "x",
        )
        .unwrap();
        make("opt/homebrew/Cellar/rclone");
        std::fs::write(root.path().join("Users/anna/diary.txt"), "x").unwrap();
        let facts = facts(root.path());
        let has = |kind: &str, value: &str| {
            facts
                .iter()
                .any(|one| one.kind == kind && one.value == value)
        };
        assert!(
            has("bundle_id", "com.getdropbox.dropbox")
                && has("app_path", "/Applications/Dropbox.app")
        );
        assert!(has("package", "com.microsoft.OneDrive") && has("package", "brew:rclone"));
        assert!(
            has("path", "~/Library/CloudStorage/OneDrive-Personal") && has("path", "~/Nextcloud")
        );
        assert_eq!(homes(root.path()).len(), 1);
        let all = format!("{facts:?}");
        assert!(!all.contains("anna") && !all.contains("diary"));
        assert_eq!(plist_text(b"bplist00\xff", "CFBundleIdentifier"), None);
    }
}
