//! The cycle: one pass over /proc, one open-read-close per process, nothing allocated for what stayed as it was.
//!
//! Invariant: what is gone from /proc is reported ended exactly once, with the last cost that was seen; a reused process
//! id is an end and a start.
//!
//! Not here: what a program is (see `identify`).

use std::collections::HashMap;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, RawDir};

use super::stat::{self, Stat};
use super::{Instance, InstanceKey, Scan};
use crate::files;

/// A line of stat is under 400 bytes with the longest numbers; io is under 200.
const LINE_LIMIT: usize = 1024;
/// Directory entries are read in blocks of this size: about 250 processes at once.
const DIRECTORY_BLOCK: usize = 8 * 1024;
/// Kernel threads are half of a laptop's table and no programs: their cost is read every eighth round only. The price: a
/// program that gets a dead worker's id between two rounds is noticed up to seven rounds late.
const KERNEL_THREAD_ROUNDS: u64 = 8;
/// A process table beyond this is an attack on the host or on us.
const MAX_PROCESSES: usize = 65_536;

/// The kernel's units, fixed while it runs.
#[derive(Debug, Clone, Copy)]
struct Units {
    seconds_per_tick: f64,
    page: u64,
}

#[derive(Debug)]
struct Entry {
    instance: Instance,
    ticks: u64,
    seen: u64,
    can_read_io: bool,
}

/// Remembers the previous scan.
#[derive(Debug)]
pub struct Table {
    entries: HashMap<u32, Entry>,
    units: Units,
    round: u64,
    block: Vec<MaybeUninit<u8>>,
    pids: Vec<u32>,
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

impl Table {
    /// An empty table; its first scan reports every instance as started.
    pub fn new() -> Self {
        Self {
            entries: HashMap::new(),
            units: units(),
            round: 0,
            block: vec![MaybeUninit::uninit(); DIRECTORY_BLOCK],
            pids: Vec::new(),
        }
    }

    /// One pass. A /proc that cannot be opened changes nothing.
    pub fn scan(&mut self, root: &Path) -> Scan {
        let mut scan = Scan::default();
        let Ok(proc) = rustix::fs::open(
            files::under(root, "/proc"),
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        ) else {
            return scan;
        };
        self.round += 1;
        if !self.list(&proc) {
            return scan;
        }
        let pids = std::mem::take(&mut self.pids);
        for pid in &pids {
            self.look_at(proc.as_fd(), *pid, &mut scan);
        }
        self.pids = pids;
        self.sweep(&mut scan);
        scan
    }

    /// Every instance of the last scan.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.entries.values().map(|entry| &entry.instance)
    }

    /// The instance that has this process id now.
    pub fn get(&self, pid: u32) -> Option<&Instance> {
        self.entries.get(&pid).map(|entry| &entry.instance)
    }

    /// How many instances the last scan saw.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True before the first scan.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Fills `pids`; false when the directory could not be read whole.
    fn list(&mut self, proc: &OwnedFd) -> bool {
        self.pids.clear();
        let mut directory = RawDir::new(proc, &mut self.block);
        while let Some(entry) = directory.next() {
            let Ok(entry) = entry else { return false };
            if let Some(pid) = pid_of(entry.file_name())
                && self.pids.len() < MAX_PROCESSES
            {
                self.pids.push(pid);
            }
        }
        true
    }

    fn look_at(&mut self, proc: BorrowedFd<'_>, pid: u32, scan: &mut Scan) {
        if !self.round.is_multiple_of(KERNEL_THREAD_ROUNDS)
            && let Some(entry) = self.entries.get_mut(&pid)
            && entry.instance.kernel_thread
        {
            entry.seen = self.round;
            return;
        }
        let mut line = [0_u8; LINE_LIMIT];
        // Gone between listing and reading: the sweep reports it.
        let Some(length) = read_at(proc, pid, b"/stat", &mut line) else {
            return;
        };
        let Some(stat) = line.get(..length).and_then(stat::parse) else {
            return;
        };
        let key = InstanceKey {
            pid,
            start_ticks: stat.start_ticks,
        };
        match self.entries.get_mut(&pid) {
            Some(entry) if entry.instance.key == key => {
                entry.seen = self.round;
                let has_worked = entry.update(&stat, self.units);
                if entry.rename(&stat) {
                    scan.executed.push(key);
                }
                if has_worked {
                    entry.read_io(proc);
                }
            }
            _ => {
                let mut entry = Entry::new(key, &stat, self.units, self.round);
                entry.read_io(proc);
                if let Some(previous) = self.entries.insert(pid, entry) {
                    scan.ended.push(previous.instance);
                }
                scan.started.push(key);
            }
        }
    }

    fn sweep(&mut self, scan: &mut Scan) {
        let round = self.round;
        // `extract_if` would move each out; most rounds have few ends, so collect ids first.
        let gone: Vec<u32> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.seen != round)
            .map(|(pid, _)| *pid)
            .collect();
        for pid in gone {
            if let Some(entry) = self.entries.remove(&pid) {
                scan.ended.push(entry.instance);
            }
        }
    }
}

impl Entry {
    fn new(key: InstanceKey, stat: &Stat<'_>, units: Units, seen: u64) -> Self {
        let mut entry = Self {
            instance: Instance {
                key,
                parent_pid: stat.parent_pid,
                comm: String::from_utf8_lossy(stat.comm).into(),
                kernel_thread: stat.kernel_thread,
                cpu_time: 0.0,
                memory_usage: 0,
                disk_io: None,
            },
            ticks: 0,
            seen,
            can_read_io: !stat.kernel_thread,
        };
        entry.update(stat, units);
        entry
    }

    /// Takes the new cost; true when it used CPU since.
    fn update(&mut self, stat: &Stat<'_>, units: Units) -> bool {
        let ticks = stat.user_ticks.saturating_add(stat.system_ticks);
        let has_worked = ticks != self.ticks;
        self.ticks = ticks;
        self.instance.parent_pid = stat.parent_pid;
        self.instance.cpu_time = ticks as f64 * units.seconds_per_tick;
        // A zombie holds no memory; its last size stays, which is what its end reports.
        if !stat.is_zombie {
            self.instance.memory_usage = stat.resident_pages.saturating_mul(units.page);
        }
        has_worked
    }

    /// A new name with the same start time: `exec`, or a program that renames itself.
    fn rename(&mut self, stat: &Stat<'_>) -> bool {
        if self.instance.comm.as_bytes() == stat.comm {
            return false;
        }
        let name = String::from_utf8_lossy(stat.comm);
        if *name == *self.instance.comm {
            return false;
        }
        self.instance.comm = name.into();
        // Kernel workers rename themselves to what they work on.
        !stat.kernel_thread
    }

    fn read_io(&mut self, proc: BorrowedFd<'_>) {
        if !self.can_read_io {
            return;
        }
        let mut text = [0_u8; LINE_LIMIT];
        let io = read_at(proc, self.instance.key.pid, b"/io", &mut text)
            .and_then(|length| disk_bytes(text.get(..length)?));
        match io {
            Some(io) => self.instance.disk_io = Some(io),
            // Not ours to read, now and later.
            None => self.can_read_io = false,
        }
    }
}

/// read_bytes + write_bytes of /proc/PID/io: what reached the disk, not what the cache served.
fn disk_bytes(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|value| value.trim().parse::<u64>().ok())
    };
    let written =
        field("write_bytes:")?.saturating_sub(field("cancelled_write_bytes:").unwrap_or(0));
    Some(field("read_bytes:")?.saturating_add(written))
}

fn pid_of(name: &CStr) -> Option<u32> {
    let bytes = name.to_bytes();
    if !bytes.first()?.is_ascii_digit() {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// Reads "PID<suffix>" below /proc into `into`, without allocating.
fn read_at(proc: BorrowedFd<'_>, pid: u32, suffix: &[u8], into: &mut [u8]) -> Option<usize> {
    let mut path = [0_u8; 24];
    let mut length = 0;
    let mut divisor = 1_000_000_000_u32;
    let mut started = false;
    while divisor > 0 {
        let digit = u8::try_from(pid / divisor % 10).ok()?;
        if digit > 0 || started || divisor == 1 {
            *path.get_mut(length)? = b'0' + digit;
            length += 1;
            started = true;
        }
        divisor /= 10;
    }
    path.get_mut(length..length + suffix.len())?
        .copy_from_slice(suffix);
    let path = CStr::from_bytes_until_nul(&path).ok()?;
    let file =
        rustix::fs::openat(proc, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    rustix::io::read(&file, into).ok()
}

/// The kernel tells every process its units in the auxiliary vector (getauxval(3)).
fn units() -> Units {
    const PAGE_SIZE: u64 = 6;
    const CLOCK_TICK: u64 = 17;
    const WORD: usize = size_of::<usize>();
    let raw = files::bytes(&PathBuf::from("/proc/self/auxv"), 4096).unwrap_or_default();
    let mut units = Units {
        seconds_per_tick: 0.01,
        page: 4096,
    };
    let word = |bytes: &[u8]| {
        bytes
            .try_into()
            .ok()
            .map(|array| usize::from_ne_bytes(array) as u64)
    };
    for pair in raw.chunks_exact(2 * WORD) {
        let (kind, value) = pair.split_at(WORD);
        match (word(kind), word(value)) {
            (Some(PAGE_SIZE), Some(page)) if page > 0 => units.page = page,
            (Some(CLOCK_TICK), Some(ticks)) if ticks > 0 => {
                units.seconds_per_tick = 1.0 / ticks as f64
            }
            _ => {}
        }
    }
    units
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn this_test_sees_itself() {
        let mut table = Table::new();
        let scan = table.scan(Path::new("/"));
        let own = table.get(std::process::id()).unwrap();
        assert!(scan.started.contains(&own.key));
        assert!(own.memory_usage > 0);
        assert!(own.disk_io.is_some());
        assert!(!own.kernel_thread);
    }

    #[test]
    fn a_child_starts_and_ends_once() {
        let mut table = Table::new();
        table.scan(Path::new("/"));
        let mut child = Command::new("sleep")
            .arg("60")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let first = table.scan(Path::new("/"));
        assert!(first.started.iter().any(|key| key.pid == child.id()));
        let again = table.scan(Path::new("/"));
        assert!(!again.started.iter().any(|key| key.pid == child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        let last = table.scan(Path::new("/"));
        assert_eq!(
            last.ended
                .iter()
                .filter(|one| one.key.pid == child.id())
                .count(),
            1
        );
        assert!(
            !table
                .scan(Path::new("/"))
                .ended
                .iter()
                .any(|one| one.key.pid == child.id())
        );
    }

    fn recorded(root: &Path, pid: u32, comm: &str, start: u64) {
        let directory = root.join(format!("proc/{pid}"));
        std::fs::create_dir_all(&directory).unwrap();
        let line =
            format!("{pid} ({comm}) S 1 1 1 0 -1 0 0 0 0 0 200 100 0 0 20 0 1 0 {start} 0 10 0\n");
        std::fs::write(directory.join("stat"), line).unwrap();
    }

    #[test]
    fn a_reused_id_is_an_end_and_a_start() {
        let root = tempfile::tempdir().unwrap();
        recorded(root.path(), 77, "one", 100);
        let mut table = Table::new();
        assert_eq!(table.scan(root.path()).started.len(), 1);
        recorded(root.path(), 77, "two", 900);
        let scan = table.scan(root.path());
        assert_eq!(
            scan.started,
            [InstanceKey {
                pid: 77,
                start_ticks: 900
            }]
        );
        assert_eq!(&*scan.ended[0].comm, "one");
        assert!((scan.ended[0].cpu_time - 3.0).abs() < 0.1);
    }

    #[test]
    fn a_program_that_replaces_itself_is_told() {
        let root = tempfile::tempdir().unwrap();
        recorded(root.path(), 77, "sh", 100);
        let mut table = Table::new();
        table.scan(root.path());
        recorded(root.path(), 77, "backup", 100);
        let scan = table.scan(root.path());
        assert_eq!(scan.executed.len(), 1);
        assert!(scan.started.is_empty() && scan.ended.is_empty());
    }

    #[test]
    fn disk_use_is_what_reached_the_disk() {
        let text = b"rchar: 999\nwchar: 999\nsyscr: 1\nsyscw: 1\nread_bytes: 100\nwrite_bytes: 50\ncancelled_write_bytes: 10\n";
        assert_eq!(disk_bytes(text), Some(140));
    }
}
