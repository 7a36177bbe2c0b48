//! Reads small files of the system with a limit, under any root.
//!
//! Invariant: no read grows beyond the limit that its caller names, and a file that lies about its size (procfs, sysfs)
//! is read to its real end.
//!
//! Not here: parsing, and large files (those are streamed where they are needed).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// One value of sysfs or procfs is at most one page on every architecture that we run on, rounded up.
pub const VALUE_LIMIT: u64 = 64 * 1024;

/// Joins `path` ("/proc/stat") below `root`; `root` "/" gives the path itself.
pub fn under(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// The whole file as bytes, cut at `limit`; `None` when it cannot be opened or read.
pub fn bytes(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    File::open(path)
        .ok()?
        .take(limit)
        .read_to_end(&mut out)
        .ok()?;
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
