//! Debian's lists: /var/lib/dpkg/info/PACKAGE.list names files, /var/lib/dpkg/status names versions.
//!
//! Invariant: one pass over the lists and at most one over the status per question, with one buffer; nothing stays.
//!
//! Not here: diversions (a diverted file is found under its package's original name or not at all).

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::{Owner, wanted};
use crate::files;

pub const STATUS: &str = "/var/lib/dpkg/status";
const INFO: &str = "/var/lib/dpkg/info";
/// The largest real list (a texlive documentation package) has about 3 MiB.
const LIST_LIMIT: u64 = 16 * 1024 * 1024;
/// Lists are read in blocks: the largest at once would be half of the agent's memory.
const LIST_BLOCK: usize = 16 * 1024;
/// A status file of a machine with every package of Debian has about 100 MiB.
const STATUS_LIMIT: u64 = 128 * 1024 * 1024;

pub fn owners(root: &Path, paths: &[&str]) -> HashMap<String, Owner> {
    let wanted = wanted(paths);
    let mut names: HashMap<String, String> = HashMap::new();
    let Ok(entries) = std::fs::read_dir(files::under(root, INFO)) else {
        return HashMap::new();
    };
    let longest = wanted.keys().map(String::len).max().unwrap_or(0);
    let mut lengths = vec![false; longest + 1];
    for path in wanted.keys() {
        if let Some(known) = lengths.get_mut(path.len()) {
            *known = true;
        }
    }
    let mut line = Vec::new();
    for entry in entries.flatten() {
        if names.len() == paths.len() {
            break;
        }
        let file_name = entry.file_name();
        let Some(package) = file_name
            .to_str()
            .and_then(|name| name.strip_suffix(".list"))
        else {
            continue;
        };
        let Ok(file) = files::open(&entry.path()) else {
            continue;
        };
        let mut list = BufReader::with_capacity(LIST_BLOCK, file.take(LIST_LIMIT));
        // A list that breaks off has told what it has told.
        while read_line(&mut list, &mut line) {
            // Most lines have a length that no path of the question has: neither decoded nor hashed.
            if lengths.get(line.len()) == Some(&true)
                && let Ok(text) = std::str::from_utf8(&line)
                && let Some(path) = wanted.get(text)
            {
                names.insert((*path).to_owned(), package.to_owned());
            }
        }
    }
    let versions = versions(root, names.values().map(|name| bare(name)));
    names
        .into_iter()
        .map(|(path, name)| {
            let name = bare(&name).to_owned();
            let version = versions.get(&name).cloned().unwrap_or_default();
            (
                path,
                Owner {
                    manager: "dpkg",
                    name,
                    version,
                },
            )
        })
        .collect()
}

/// One line without its end; false at the end of the list.
fn read_line(list: &mut impl BufRead, line: &mut Vec<u8>) -> bool {
    line.clear();
    let length = list.read_until(b'\n', line).unwrap_or(0);
    line.pop_if(|last| *last == b'\n');
    length > 0
}

/// "libc6:amd64" is libc6.
fn bare(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

fn versions<'a>(root: &Path, names: impl Iterator<Item = &'a str>) -> HashMap<String, String> {
    let wanted: std::collections::HashSet<&str> = names.collect();
    if wanted.is_empty() {
        return HashMap::new();
    }
    let mut out = HashMap::new();
    installed(root, |name, version| {
        if wanted.contains(name) {
            out.insert(name.to_owned(), version.to_owned());
        }
    });
    out
}

/// Calls `each` with name and version of every installed package.
pub fn installed(root: &Path, mut each: impl FnMut(&str, &str)) {
    let Ok(file) = files::open(&files::under(root, STATUS)) else {
        return;
    };
    let mut reader = BufReader::new(file.take(STATUS_LIMIT));
    let mut line = Vec::new();
    let (mut name, mut version, mut is_installed) = (String::new(), String::new(), false);
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).unwrap_or(0);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if let Some(value) = text.strip_prefix("Package: ") {
            value.clone_into(&mut name);
        } else if let Some(value) = text.strip_prefix("Version: ") {
            value.clone_into(&mut version);
        } else if let Some(value) = text.strip_prefix("Status: ") {
            is_installed = value.ends_with(" installed");
        } else if text.is_empty() {
            if is_installed && !name.is_empty() {
                each(&name, &version);
            }
            name.clear();
            version.clear();
            is_installed = false;
            if length == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Owners;

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let info = root.path().join("var/lib/dpkg/info");
        std::fs::create_dir_all(&info).unwrap();
        std::fs::write(info.join("bash.list"), "/.\n/bin\n/bin/bash\n").unwrap();
        std::fs::write(info.join("libx:amd64.list"), "/usr/lib/x/tool\n").unwrap();
        std::fs::write(
            root.path().join("var/lib/dpkg/status"),
            "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n\nPackage: libx\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.0\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
        )
        .unwrap();
        root
    }

    #[test]
    fn merged_directories_are_the_same() {
        let root = tree();
        let mut owners = Owners::new(root.path());
        for path in ["/usr/bin/bash", "/bin/bash"] {
            assert_eq!(owners.owner(path).unwrap().to_string(), "dpkg:bash@5.2-1");
        }
        assert_eq!(
            owners.owner("/usr/lib/x/tool").unwrap().to_string(),
            "dpkg:libx@1:2.0"
        );
        assert_eq!(owners.owner("/usr/bin/other"), None);
        assert_eq!(owners.owner("relative"), None);
    }

    #[test]
    fn removed_packages_are_not_installed() {
        let root = tree();
        let mut names = Vec::new();
        super::installed(root.path(), |name, _| names.push(name.to_owned()));
        assert_eq!(names, ["bash", "libx"]);
    }

    #[test]
    fn answers_are_void_when_the_database_changes() {
        let root = tree();
        let mut owners = Owners::new(root.path());
        assert_eq!(owners.owner("/usr/bin/new"), None);
        std::fs::write(
            root.path().join("var/lib/dpkg/info/new.list"),
            "/usr/bin/new\n",
        )
        .unwrap();
        let status = root.path().join("var/lib/dpkg/status");
        let file = std::fs::File::options().append(true).open(&status).unwrap();
        file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(5))
            .unwrap();
        assert_eq!(owners.owner("/usr/bin/new").unwrap().name, "new");
    }
}
