//! What a dying kernel left: pstore dumps, and memory images of kdump.
//!
//! Invariant: of a dump only its kind and a title from a fixed list come out, never its text.
//!
//! Not here: which boot died (the judge places dumps by time).

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use crate::files;

/// Directories and files looked at; one crash leaves up to a few dozen parts.
const MAX_FILES: usize = 512;
/// A kernel log part in flash is at most 64 KiB; systemd joins parts of one crash.
const DUMP_LIMIT: u64 = 512 * 1024;

/// How the kernel died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An oops need not be the end: it counts only where the boot also ended uncleanly.
    Oops,
    Panic,
    /// The memory image of a crash kernel.
    Image,
}

/// One crash's trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Dump {
    pub kind: Kind,
    /// When it happened, or when the next boot stored it away: see `is_own_time`.
    pub at: Timestamp,
    /// `at` is the crash's own time; otherwise it lies in the boot after it.
    pub is_own_time: bool,
    /// Panic title from the fixed list; empty when none was recognised.
    pub title: &'static str,
}

/// Dumps below `root`, and a sentence when the store cannot be looked into.
pub fn read(root: &Path) -> (Vec<Dump>, Option<String>) {
    let mut dumps = Vec::new();
    let live = files::under(root, "/sys/fs/pstore");
    for name in files::names(&live, MAX_FILES) {
        dumps.extend(dump(&live.join(&name), &name, true));
    }
    let archive = files::under(root, "/var/lib/systemd/pstore");
    for name in files::names(&archive, MAX_FILES) {
        let path = archive.join(&name);
        if path.is_dir() {
            for part in files::names(&path, MAX_FILES) {
                dumps.extend(dump(&path.join(&part), &format!("{name}/{part}"), false));
            }
        } else {
            dumps.extend(dump(&path, &name, false));
        }
    }
    dumps.extend(images(&files::under(root, "/var/crash")));
    let is_closed = std::fs::read_dir(&archive)
        .or_else(|_| std::fs::read_dir(&live))
        .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    let sentence = is_closed
        .then(|| "boots: kernel crash dumps (pstore) are not readable without root".to_owned());
    (dumps, sentence)
}

fn dump(path: &Path, name: &str, is_live: bool) -> Option<Dump> {
    if !name.contains("dmesg") {
        return None;
    }
    let text = files::text(path, DUMP_LIMIT)?;
    let kind = kind_of(&text)?;
    let (at, is_own_time) = match time_in(name) {
        Some(at) => (at, true),
        // The kernel shows a live record with the crash's own time; systemd writes its copy in the next boot.
        None => (modified(path)?, is_live),
    };
    Some(Dump {
        kind,
        at,
        is_own_time,
        title: title_of(&text),
    })
}

/// pstore heads each part with "Panic#2 Part1" or "Oops#1 Part1"; a joined log has no head.
fn kind_of(text: &str) -> Option<Kind> {
    if text.starts_with("Panic#") || text.contains("Kernel panic - not syncing") {
        Some(Kind::Panic)
    } else if text.starts_with("Oops#") || text.contains("BUG: ") || text.contains("Oops: ") {
        Some(Kind::Oops)
    } else {
        None
    }
}

/// EFI names carry the crash's second as their first ten digits: "dmesg-efi_pstore-170000000001001".
fn time_in(name: &str) -> Option<Timestamp> {
    // 2010 to 2100: anything else is a record number.
    const PLAUSIBLE: std::ops::Range<i64> = 1_262_304_000..4_102_444_800;
    let digits = name
        .split(|c: char| !c.is_ascii_digit())
        .find(|run| run.len() >= 10)?;
    let second: i64 = digits.get(..10)?.parse().ok()?;
    PLAUSIBLE
        .contains(&second)
        .then(|| Timestamp::from_second(second).ok())
        .flatten()
}

/// kdump-tools: /var/crash/202405011020/dump.*; kexec-tools: /var/crash/127.0.0.1-2024-05-01-10:20:30/vmcore.
fn images(crash: &Path) -> Vec<Dump> {
    files::names(crash, MAX_FILES)
        .into_iter()
        .filter_map(|name| {
            let directory = crash.join(name);
            let image: PathBuf = files::names(&directory, MAX_FILES)
                .into_iter()
                .find(|file| {
                    file.starts_with("vmcore") && !file.contains("dmesg")
                        || file.starts_with("dump.")
                })
                .map(|file| directory.join(file))?;
            let log = ["vmcore-dmesg.txt", "dmesg.txt"]
                .iter()
                .find_map(|file| files::text(&directory.join(file), DUMP_LIMIT))
                .unwrap_or_default();
            Some(Dump {
                kind: Kind::Image,
                at: modified(&image)?,
                is_own_time: true,
                title: title_of(&log),
            })
        })
        .collect()
}

fn modified(path: &Path) -> Option<Timestamp> {
    let time: SystemTime = std::fs::metadata(path).ok()?.modified().ok()?;
    Timestamp::try_from(time).ok()
}

/// Titles that the kernel's own source prints after "Kernel panic - not syncing: ". Longer ones first where one begins
/// another. What is not here may hold anything and is called just "Kernel panic".
const TITLES: [(&str, &str); 18] = [
    (
        "Fatal exception in interrupt",
        "Kernel panic - not syncing: Fatal exception in interrupt",
    ),
    (
        "Fatal exception",
        "Kernel panic - not syncing: Fatal exception",
    ),
    (
        "Attempted to kill init",
        "Kernel panic - not syncing: Attempted to kill init!",
    ),
    (
        "Attempted to kill the idle task",
        "Kernel panic - not syncing: Attempted to kill the idle task!",
    ),
    (
        "VFS: Unable to mount root fs",
        "Kernel panic - not syncing: VFS: Unable to mount root fs",
    ),
    (
        "No working init found",
        "Kernel panic - not syncing: No working init found",
    ),
    (
        "softlockup: hung tasks",
        "Kernel panic - not syncing: softlockup: hung tasks",
    ),
    (
        "hung_task: blocked tasks",
        "Kernel panic - not syncing: hung_task: blocked tasks",
    ),
    ("Hard LOCKUP", "Kernel panic - not syncing: Hard LOCKUP"),
    ("RCU Stall", "Kernel panic - not syncing: RCU Stall"),
    (
        "sysrq triggered crash",
        "Kernel panic - not syncing: sysrq triggered crash",
    ),
    ("Out of memory", "Kernel panic - not syncing: Out of memory"),
    (
        "stack-protector",
        "Kernel panic - not syncing: stack-protector: Kernel stack is corrupted",
    ),
    (
        "corrupted stack end",
        "Kernel panic - not syncing: corrupted stack end detected inside scheduler",
    ),
    (
        "Fatal machine check",
        "Kernel panic - not syncing: Fatal machine check",
    ),
    (
        "Fatal local machine check",
        "Kernel panic - not syncing: Fatal local machine check",
    ),
    (
        "Timeout: Not all CPUs entered",
        "Kernel panic - not syncing: Timeout: Not all CPUs entered broadcast exception handler",
    ),
    (
        "NMI: Not continuing",
        "Kernel panic - not syncing: NMI: Not continuing",
    ),
];

/// The fixed title of the first panic in a kernel log; empty without one.
pub fn title_of(text: &str) -> &'static str {
    let Some((_, rest)) = text.split_once("Kernel panic - not syncing") else {
        return "";
    };
    let rest = rest.trim_start_matches([':', ' ']);
    TITLES
        .iter()
        .find(|(mark, _)| rest.starts_with(mark))
        .map_or("Kernel panic", |(_, title)| title)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn titles_are_from_the_list() {
        assert_eq!(
            title_of("x\n[ 1.0] Kernel panic - not syncing: Fatal exception in interrupt\n"),
            "Kernel panic - not syncing: Fatal exception in interrupt"
        );
        assert_eq!(
            title_of("Kernel panic - not syncing: anna's own words"),
            "Kernel panic"
        );
        assert_eq!(title_of("all is well"), "");
    }

    #[test]
    fn a_store_is_read_with_times() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "var/lib/systemd/pstore/1715000000/dmesg.txt",
            "Kernel panic - not syncing: Fatal exception\n",
        );
        write(
            "sys/fs/pstore/dmesg-ramoops-0",
            "Panic#1 Part1\nKernel panic - not syncing: RCU Stall\n",
        );
        write(
            "sys/fs/pstore/console-ramoops-0",
            "Kernel panic - not syncing: x\n",
        );
        write("var/crash/202405011020/dump.202405011020", "x");
        let (dumps, sentence) = read(root.path());
        assert_eq!(sentence, None);
        assert_eq!(dumps.len(), 3);
        let archived = dumps
            .iter()
            .find(|dump| dump.at.as_second() == 1_715_000_000)
            .unwrap();
        assert!(archived.is_own_time && archived.kind == Kind::Panic);
        assert!(dumps.iter().any(|dump| dump.kind == Kind::Image));
    }
}
