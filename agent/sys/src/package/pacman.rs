//! Arch's database: /var/lib/pacman/local/NAME-VERSION-RELEASE/files.
//!
//! Invariant: one pass over the lists per question; nothing stays.
//!
//! Not here: packages of other roots' sync databases.

use std::collections::HashMap;
use std::path::Path;

use super::{Owner, wanted};
use crate::files;

pub const LOCAL: &str = "/var/lib/pacman/local";
const LIST_LIMIT: u64 = 16 * 1024 * 1024;
const MAX_PACKAGES: usize = 20_000;

pub fn owners(root: &Path, paths: &[&str]) -> HashMap<String, Owner> {
    let wanted = wanted(paths);
    let mut out = HashMap::new();
    for (entry, name, version) in packages(root) {
        if out.len() == paths.len() {
            break;
        }
        let list = files::under(root, LOCAL).join(&entry).join("files");
        let Some(raw) = files::bytes(&list, LIST_LIMIT) else {
            continue;
        };
        for line in raw.split(|byte| *byte == b'\n') {
            // Paths are listed without the leading slash.
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            if line.ends_with('/') || line.is_empty() {
                continue;
            }
            if let Some(path) = wanted.get(format!("/{line}").as_str()) {
                out.insert(
                    (*path).to_owned(),
                    Owner {
                        manager: "pacman",
                        name: name.clone(),
                        version: version.clone(),
                    },
                );
            }
        }
    }
    out
}

/// (directory, name, version) of every installed package.
pub fn packages(root: &Path) -> Vec<(String, String, String)> {
    files::names(&files::under(root, LOCAL), MAX_PACKAGES)
        .into_iter()
        .filter_map(|entry| {
            let mut parts = entry.rsplitn(3, '-');
            let release = parts.next()?.to_owned();
            let version = parts.next()?.to_owned();
            let name = parts.next()?.to_owned();
            Some((entry, name, format!("{version}-{release}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Owners;

    #[test]
    fn a_file_is_found_with_its_version() {
        let root = tempfile::tempdir().unwrap();
        let entry = root
            .path()
            .join("var/lib/pacman/local/gtk-update-icon-cache-1:4.14.4-1");
        std::fs::create_dir_all(&entry).unwrap();
        std::fs::write(
            entry.join("files"),
            "%FILES%\nusr/\nusr/bin/\nusr/bin/gtk-update-icon-cache\n",
        )
        .unwrap();
        let owner = Owners::new(root.path())
            .owner("/usr/bin/gtk-update-icon-cache")
            .unwrap();
        assert_eq!(owner.to_string(), "pacman:gtk-update-icon-cache@1:4.14.4-1");
    }
}
