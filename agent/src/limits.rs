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

/// What lies beside the spool: two journals of 4 MiB, the probes' notes, the catalog.
const NOTES_BUDGET: u64 = 16 * 1024 * 1024;

/// Share of the day's bytes from which on the agent slows down, so that the rest lasts until midnight.
const DAY_SHARE: f64 = 0.75;

/// Easing begins below this share of a budget: far enough from it that it does not swing.
const EASE_SHARE: f64 = 0.6;

/// So many calm windows in a row ease by one step; one loud window is enough to slow down.
const CALM_WINDOWS: u32 = 2;

/// One judgement per window; long enough that one inventory is no reason.
const WINDOW: Duration = Duration::from_secs(600);

/// Steps 1 to 3 double the time between looks each; at eight times the cadence a look at processes comes every two minutes.
const SLOWEST: u32 = 3;

/// The last step: these probes rest as well. Watching folders is what may need memory without bound.
const LAST_STEP: u32 = 4;
const RESTING: [&str; 1] = ["app"];

/// What the agent used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU seconds since the start.
    pub cpu: f64,
    /// Resident bytes.
    pub memory: u64,
    /// Largest resident bytes so far.
    pub memory_peak: u64,
    /// Bytes of the state directory's files. Not read by [`usage`].
    pub disk: u64,
    /// Bytes of observations taken today. Not read by [`usage`].
    pub bytes_today: u64,
}

/// What it may use; the rest is in the constants above.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Bytes of the spool.
    pub spool: u64,
    /// Bytes of observations per day.
    pub bytes_per_day: u64,
}

/// Bytes of the regular files in the state directory and its spool.
pub fn disk_usage(state: &std::path::Path) -> u64 {
    [state.to_owned(), state.join("spool")]
        .iter()
        .filter_map(|directory| std::fs::read_dir(directory).ok())
        .flat_map(|entries| entries.filter_map(Result::ok))
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|metadata| metadata.len())
        .sum()
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
        ..Usage::default()
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
        ..Usage::default()
    }
}

/// Judges usage and says how much slower to look.
#[derive(Debug)]
pub struct Limits {
    window_since: Instant,
    window_cpu: f64,
    step: u32,
    calm: u32,
    reason: &'static str,
}

impl Limits {
    /// From the start of the agent on. The first window is the first look at everything and is not judged.
    pub fn new(now: Instant, usage: Usage) -> Self {
        Self {
            window_since: now,
            window_cpu: usage.cpu,
            step: 0,
            calm: 0,
            reason: "",
        }
    }

    /// Judges once per window; true when the step changed.
    pub fn judge(&mut self, now: Instant, usage: Usage, budget: Budget) -> bool {
        let elapsed = now.duration_since(self.window_since);
        if elapsed < WINDOW {
            return false;
        }
        let share = (usage.cpu - self.window_cpu) / elapsed.as_secs_f64();
        self.window_since = now;
        self.window_cpu = usage.cpu;
        let disk = budget.spool.saturating_add(NOTES_BUDGET) as f64;
        let day = budget.bytes_per_day as f64 * DAY_SHARE;
        // Each as a share of its budget.
        let shares = [
            ("CPU budget", share / CPU_BUDGET, CPU_EASE / CPU_BUDGET),
            (
                "memory budget",
                usage.memory as f64 / MEMORY_BUDGET as f64,
                EASE_SHARE,
            ),
            // A full spool is its normal state on a long journey; only what lies beside it can be too much.
            ("disk budget", usage.disk as f64 / disk, 1.0),
            ("bytes per day", usage.bytes_today as f64 / day, EASE_SHARE),
        ];
        let before = self.step;
        let over = shares.iter().find(|(_, share, _)| *share > 1.0);
        if let Some((reason, ..)) = over {
            self.step = (self.step + 1).min(LAST_STEP);
            (self.reason, self.calm) = (reason, 0);
        } else if shares.iter().all(|(_, share, ease)| share <= ease) {
            self.calm += 1;
            if self.calm >= CALM_WINDOWS {
                self.step = self.step.saturating_sub(1);
                self.calm = 0;
            }
        } else {
            self.calm = 0;
        }
        self.step != before
    }

    /// The time between two looks of a probe under the present step. Boots are never looked at less often: it costs nothing.
    pub fn stretch(&self, probe: &str, cadence: Duration) -> Duration {
        if probe == "boot" {
            cadence
        } else {
            cadence * 2_u32.pow(self.step.min(SLOWEST))
        }
    }

    /// Whether a probe looks at all under the present step.
    pub fn allows(&self, probe: &str) -> bool {
        self.step < LAST_STEP || !RESTING.contains(&probe)
    }

    /// In words, for each probe that is slowed down or rests.
    pub fn degraded(&self, cadences: &BTreeMap<&'static str, Duration>) -> Vec<String> {
        let slowed = cadences
            .iter()
            .filter(|(probe, cadence)| self.stretch(probe, **cadence) > **cadence);
        slowed
            .map(|(probe, cadence)| {
                if !self.allows(probe) {
                    return format!("{probe} probe rests: {}", self.reason);
                }
                let (slow, usual) = (self.stretch(probe, *cadence).as_secs(), cadence.as_secs());
                format!(
                    "{probe} probe every {slow} s instead of {usual} s: {}",
                    self.reason
                )
            })
            .collect()
    }
}

/// What the agent cost on one day of its owner's calendar; kept over restarts in the status file.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Cost {
    /// The laptop's own date, "2026-03-01".
    pub date: String,
    /// CPU seconds.
    pub cpu_time: f64,
    /// Bytes over the network.
    pub network_io: u64,
    /// Largest resident bytes that were seen.
    pub memory_peak: u64,
    /// Bytes of its files, now.
    pub disk_usage: u64,
}

/// Adds up the cost of a day.
#[derive(Debug)]
pub struct Meter {
    cost: Cost,
    cpu: f64,
    network: u64,
}

impl Meter {
    /// Goes on with what an earlier run of the same day cost.
    pub fn new(kept: Cost) -> Self {
        Self {
            cost: kept,
            cpu: 0.0,
            network: 0,
        }
    }

    /// Reads the meter; `usage` and `network` count since the start of the process.
    pub fn read(&mut self, date: String, usage: Usage, network: u64) -> Cost {
        if self.cost.date != date {
            self.cost = Cost {
                date,
                ..Cost::default()
            };
        }
        self.cost.cpu_time += (usage.cpu - self.cpu).max(0.0);
        self.cost.network_io += network.saturating_sub(self.network);
        self.cost.memory_peak = self.cost.memory_peak.max(usage.memory);
        self.cost.disk_usage = usage.disk;
        (self.cpu, self.network) = (usage.cpu, network);
        self.cost.clone()
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

    const BUDGET: Budget = Budget {
        spool: 64 * 1024 * 1024,
        bytes_per_day: 32 * 1024 * 1024,
    };

    /// One window after the other, each with the CPU seconds and the bytes that it used.
    struct Day {
        limits: Limits,
        now: Instant,
        cpu: f64,
    }

    impl Day {
        fn new() -> Self {
            let now = Instant::now();
            Self {
                limits: Limits::new(now, Usage::default()),
                now,
                cpu: 0.0,
            }
        }

        fn window(&mut self, cpu: f64, usage: Usage) -> u32 {
            self.now += WINDOW;
            self.cpu += cpu;
            let usage = Usage {
                cpu: self.cpu,
                ..usage
            };
            self.limits.judge(self.now, usage, BUDGET);
            self.limits.step
        }

        fn words(&self) -> Vec<String> {
            let cadences = BTreeMap::from([
                ("process", Duration::from_secs(15)),
                ("boot", Duration::from_secs(30)),
                ("app", Duration::from_secs(300)),
            ]);
            self.limits.degraded(&cadences)
        }
    }

    #[test]
    fn slows_down_in_steps_rests_at_last_and_eases_again() {
        let mut day = Day::new();
        let calm = Usage::default();
        assert_eq!(day.window(60.0, calm), 1);
        assert_eq!(
            day.words(),
            [
                "app probe every 600 s instead of 300 s: CPU budget",
                "process probe every 30 s instead of 15 s: CPU budget"
            ]
        );
        let steps: Vec<u32> = (0..5).map(|_| day.window(60.0, calm)).collect();
        assert_eq!(steps, [2, 3, 4, 4, 4]);
        assert_eq!(
            day.words(),
            [
                "app probe rests: CPU budget",
                "process probe every 120 s instead of 15 s: CPU budget"
            ]
        );
        assert!(!day.limits.allows("app") && day.limits.allows("boot"));
        let steps: Vec<u32> = (0..9).map(|_| day.window(1.0, calm)).collect();
        assert_eq!(steps, [4, 3, 3, 2, 2, 1, 1, 0, 0]);
        assert!(day.words().is_empty());
    }

    #[test]
    fn does_not_swing_between_two_steps() {
        let mut day = Day::new();
        assert_eq!(day.window(60.0, Usage::default()), 1);
        // Under the budget, but not far under it: the step stays.
        for _ in 0..10 {
            assert_eq!(day.window(9.0, Usage::default()), 1);
        }
    }

    #[test]
    fn memory_disk_and_the_days_bytes_count_too() {
        for (usage, reason) in [
            (
                Usage {
                    memory: 65 << 20,
                    ..Usage::default()
                },
                "memory budget",
            ),
            (
                Usage {
                    disk: 81 << 20,
                    ..Usage::default()
                },
                "disk budget",
            ),
            (
                Usage {
                    bytes_today: 25 << 20,
                    ..Usage::default()
                },
                "bytes per day",
            ),
        ] {
            let mut day = Day::new();
            assert_eq!(day.window(0.0, usage), 1, "{reason}");
            assert!(day.words()[0].ends_with(reason), "{:?}", day.words());
        }
    }

    #[test]
    fn a_days_cost_outlives_a_restart_and_ends_at_midnight() {
        let usage = |cpu, memory| Usage {
            cpu,
            memory,
            ..Usage::default()
        };
        let mut meter = Meter::new(Cost::default());
        meter.read("d1".into(), usage(2.0, 10), 100);
        let cost = meter.read("d1".into(), usage(3.0, 5), 150);
        assert_eq!(
            (cost.cpu_time, cost.network_io, cost.memory_peak),
            (3.0, 150, 10)
        );
        let mut restarted = Meter::new(cost);
        let cost = restarted.read("d1".into(), usage(1.0, 7), 10);
        assert_eq!((cost.cpu_time, cost.network_io), (4.0, 160));
        let cost = restarted.read("d2".into(), usage(1.5, 7), 30);
        assert_eq!(
            (cost.cpu_time, cost.network_io, cost.memory_peak),
            (0.5, 20, 7)
        );
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
