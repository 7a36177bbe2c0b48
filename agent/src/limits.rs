//! What the agent may cost, measured by the agent itself.
//!
//! Invariant: over budget it looks less often, in named steps; it never stops the boot probe and never stops sending. Every
//! step is said in words in `AgentHealth.degraded` and in `status`.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Processor share that the agent may use over a window, of one processor: 2 %. At rest it needs a tenth of that.
const CPU_BUDGET: f64 = 0.02;

/// Below this share it may look more often again. Far enough under the budget that it does not swing.
const CPU_EASE: f64 = 0.008;

/// Resident memory that it may use. The promise is 12 MiB at rest; a first look at a full machine is larger.
const MEMORY_BUDGET: u64 = 64 * 1024 * 1024;

/// One judgement per window; long enough that one inventory is no reason.
const WINDOW: Duration = Duration::from_secs(600);

/// Each step doubles the time between looks; at eight times the cadence a look at processes comes every two minutes.
const LAST_STEP: u32 = 3;

/// What the agent used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU seconds since the start.
    pub cpu: f64,
    /// Resident bytes.
    pub memory: u64,
    /// Largest resident bytes so far.
    pub memory_peak: u64,
}

/// Reads this process' own usage.
#[cfg(target_os = "linux")]
pub fn usage() -> Usage {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold anything; fields count from behind it (man 5 proc: utime is 14, stime 15).
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace()
        .collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
            .unwrap_or(0)
    };
    Usage {
        cpu: (ticks(11) + ticks(12)) as f64 / 100.0,
        memory: kilobytes("VmRSS:") * 1024,
        memory_peak: kilobytes("VmHWM:") * 1024,
    }
}

/// Reads this process' own usage.
#[cfg(not(target_os = "linux"))]
pub fn usage() -> Usage {
    let own = weft_agent_sys::usage::own();
    Usage {
        cpu: own.cpu,
        memory: own.memory,
        memory_peak: own.memory_peak,
    }
}

/// Judges usage and says how much slower to look.
#[derive(Debug)]
pub struct Limits {
    window_since: Instant,
    window_cpu: f64,
    step: u32,
    reason: &'static str,
}

impl Limits {
    /// From the start of the agent on. The first window is the first look at everything and is not judged.
    pub fn new(now: Instant, usage: Usage) -> Self {
        Self {
            window_since: now,
            window_cpu: usage.cpu,
            step: 0,
            reason: "",
        }
    }

    /// Judges once per window; true when the step changed.
    pub fn judge(&mut self, now: Instant, usage: Usage) -> bool {
        let elapsed = now.duration_since(self.window_since);
        if elapsed < WINDOW {
            return false;
        }
        let share = (usage.cpu - self.window_cpu) / elapsed.as_secs_f64();
        self.window_since = now;
        self.window_cpu = usage.cpu;
        let before = self.step;
        if share > CPU_BUDGET {
            self.step = (self.step + 1).min(LAST_STEP);
            self.reason = "CPU budget";
        } else if usage.memory > MEMORY_BUDGET {
            self.step = (self.step + 1).min(LAST_STEP);
            self.reason = "memory budget";
        } else if share < CPU_EASE {
            self.step = self.step.saturating_sub(1);
        }
        self.step != before
    }

    /// The time between two looks of a probe under the present step. Boots are never looked at less often: it costs nothing.
    pub fn stretch(&self, probe: &str, cadence: Duration) -> Duration {
        if probe == "boot" {
            cadence
        } else {
            cadence * 2_u32.pow(self.step)
        }
    }

    /// In words, for each probe that is slowed down.
    pub fn degraded(&self, cadences: &BTreeMap<&'static str, Duration>) -> Vec<String> {
        let slowed = cadences
            .iter()
            .filter(|(probe, cadence)| self.stretch(probe, **cadence) > **cadence);
        slowed
            .map(|(probe, cadence)| {
                let (slow, usual) = (self.stretch(probe, *cadence).as_secs(), cadence.as_secs());
                format!(
                    "{probe} probe every {slow} s instead of {usual} s: {}",
                    self.reason
                )
            })
            .collect()
    }
}

/// Payload bytes taken per day.
#[derive(Debug, Default)]
pub struct DailyBytes {
    day: i64,
    bytes: u64,
}

impl DailyBytes {
    /// True when these bytes still fit today; they are then taken.
    pub fn take(&mut self, bytes: u64, limit: u64, now: jiff::Timestamp) -> bool {
        let day = now.as_second().div_euclid(86_400);
        if day != self.day {
            *self = Self { day, bytes: 0 };
        }
        if self.bytes + bytes > limit {
            return false;
        }
        self.bytes += bytes;
        true
    }

    /// Taken today.
    pub fn today(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn slows_down_in_steps_and_eases_again() {
        let start = Instant::now();
        let mut limits = Limits::new(start, Usage::default());
        let cadences = BTreeMap::from([
            ("process", Duration::from_secs(15)),
            ("boot", Duration::from_secs(30)),
        ]);
        assert!(!limits.judge(
            start + Duration::from_secs(5),
            Usage {
                cpu: 5.0,
                ..Usage::default()
            }
        ));
        assert!(limits.judge(
            start + WINDOW,
            Usage {
                cpu: 60.0,
                ..Usage::default()
            }
        ));
        assert_eq!(
            limits.degraded(&cadences),
            ["process probe every 30 s instead of 15 s: CPU budget"]
        );
        assert!(limits.judge(
            start + 2 * WINDOW,
            Usage {
                cpu: 61.0,
                ..Usage::default()
            }
        ));
        assert!(limits.degraded(&cadences).is_empty());
    }

    #[test]
    fn a_day_has_a_limit_and_the_next_day_a_new_one() {
        let mut daily = DailyBytes::default();
        let noon: jiff::Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        assert!(daily.take(90, 100, noon));
        assert!(!daily.take(20, 100, noon));
        assert!(daily.take(20, 100, noon + jiff::SignedDuration::from_hours(24)));
        assert_eq!(daily.today(), 20);
    }

    #[test]
    fn this_process_uses_something() {
        assert!(usage().memory > 0);
    }
}
