//! Reads small files of the system with a limit, under any root.
//!
//! Invariant: no read grows beyond the limit that its caller names or waits for somebody else (a pipe in a strange tree), a
//! file that lies about its size (procfs, sysfs) is read to its real end, and a path below a root leads to nothing outside.
//!
//! Not here: parsing, and large files (those are streamed where they are needed).

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// One value of sysfs or procfs is at most one page on every architecture that we run on, rounded up.
pub const VALUE_LIMIT: u64 = 64 * 1024;

/// More links than this in one path are a circle; Linux itself gives up at 40.
const MAX_LINKS: usize = 40;

/// `path` ("/proc/stat") below `root`; `root` "/" gives the path itself. In the tree of another machine links are followed as
/// that machine would: an absolute one leads from its root on, and none leads out of it.
pub fn under(root: &Path, path: &str) -> PathBuf {
    if is_own_tree(root) {
        return root.join(path.trim_start_matches('/'));
    }
    let mut found: Vec<OsString> = Vec::new();
    let mut ahead = parts(Path::new(path));
    let mut links = 0;
    while let Some(part) = ahead.pop_front() {
        if part == ".." {
            found.pop();
            continue;
        }
        found.push(part);
        let here = root.join(found.iter().collect::<PathBuf>());
        let Ok(target) = std::fs::read_link(&here) else {
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            return here;
        }
        found.pop();
        if target.has_root() {
            found.clear();
        }
        ahead = parts(&target).into_iter().chain(ahead).collect();
    }
    root.join(found.iter().collect::<PathBuf>())
}

/// Names and "..", in order.
fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| part.as_os_str().to_owned())
        .collect()
}

/// Opens for reading, and never waits: a pipe without a writer would hold its reader for ever.
pub fn open(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NONBLOCK | libc::O_NOCTTY,
    );
    options.open(path)
}

/// The whole file as bytes, cut at `limit`; `None` when it cannot be opened or read.
pub fn bytes(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    open(path).ok()?.take(limit).read_to_end(&mut out).ok()?;
    Some(out)
}

/// The whole file as text, cut at `limit`; bytes that are no UTF-8 are replaced.
pub fn text(path: &Path, limit: u64) -> Option<String> {
    bytes(path, limit).map(|raw| String::from_utf8_lossy(&raw).into_owned())
}

/// A one-value file of sysfs or procfs, trimmed; `None` when absent or empty.
pub fn value(path: &Path) -> Option<String> {
    let raw = text(path, VALUE_LIMIT)?;
    let trimmed = raw.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// A one-number file of sysfs.
pub fn number(path: &Path) -> Option<i64> {
    value(path)?.parse().ok()
}

/// Names in a directory, sorted, at most `limit`; empty when it cannot be read.
pub fn names(path: &Path, limit: usize) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return Vec::new();
    };
    let mut out: Vec<String> = entries
        .flatten()
        .take(limit)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    out.sort();
    out
}

/// True when `root` is the running system's own tree.
pub fn is_own_tree(root: &Path) -> bool {
    root == Path::new("/")
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_of_a_strange_tree_stay_in_it() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir_all(at("usr/lib")).unwrap();
        std::fs::create_dir_all(at("etc")).unwrap();
        std::fs::write(at("usr/lib/os-release"), "theirs").unwrap();
        symlink("/usr/lib/os-release", at("etc/absolute")).unwrap();
        symlink("../usr/lib/os-release", at("etc/relative")).unwrap();
        symlink("../../../../../../../../etc/passwd", at("etc/climbs")).unwrap();
        symlink("/etc/passwd", at("etc/leaves")).unwrap();
        symlink("/usr", at("linked")).unwrap();
        for path in ["/etc/absolute", "/etc/relative", "linked/lib/os-release"] {
            let text = text(&under(root.path(), path), 100);
            assert_eq!(text.as_deref(), Some("theirs"), "{path}");
        }
        for path in ["/etc/climbs", "/etc/leaves", "/../etc/passwd"] {
            assert_eq!(text(&under(root.path(), path), 100), None, "{path}");
        }
    }

    #[test]
    fn circles_end_and_pipes_do_not_hold_us() {
        let root = tempfile::tempdir().unwrap();
        symlink("/b", root.path().join("a")).unwrap();
        symlink("/a", root.path().join("b")).unwrap();
        assert_eq!(text(&under(root.path(), "/a"), 100), None);
        let pipe = root.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert_eq!(value(&pipe), None);
        assert_eq!(bytes(Path::new("/dev/zero"), 100), Some(vec![0; 100]));
    }
}
