//! What a process used, as the kernel tells it.
//!
//! Invariant: nanoseconds from the scheduler, not ticks of 10 ms: a cycle of the agent is shorter than a tick.

use std::path::PathBuf;

/// Processor seconds of all living threads; `None` when the process is gone.
pub fn cpu(pid: u32) -> Option<f64> {
    threads(pid, "schedstat", |text| {
        text.split(' ').next()?.parse().ok()
    })
    .map(|ns| ns as f64 / 1e9)
}

/// Times that a thread of the process went to sleep by itself: each is a wake-up.
pub fn wakeups(pid: u32) -> Option<u64> {
    threads(pid, "status", |text| {
        field(text, "voluntary_ctxt_switches:")
    })
}

fn threads(pid: u32, file: &str, read: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let texts = tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join(file)).ok());
    Some(texts.filter_map(|text| read(&text)).sum())
}

/// Bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    pub peak: u64,
    pub anonymous: u64,
}

pub fn memory(pid: u32) -> Option<Memory> {
    let text = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/status"))).ok()?;
    let bytes = |name| field(&text, name).map(|kibibytes| kibibytes * 1024);
    Some(Memory {
        peak: bytes("VmHWM:")?,
        anonymous: bytes("RssAnon:")?,
    })
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Processor seconds of the children that were waited for.
pub fn children_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // man 5 proc: cutime is 16, cstime is 17, counted from behind the name.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = fields.split_whitespace().skip(13).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}
