//! The two clocks of a machine: one that people set, and one that only runs.
//!
//! Invariant: durations come from the running clock (it includes sleep); the wall clock only labels. A step of the wall
//! clock is what remains when the two disagree.
//!
//! Not here: timers and sleeping.

use std::time::Duration;

use jiff::Timestamp;

/// Both clocks, read together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The wall clock.
    pub wall: Timestamp,
    /// Time since boot, sleep included (`CLOCK_BOOTTIME`, `mach_continuous_time`, biased interrupt time).
    pub since_boot: Duration,
}

/// Reads both clocks now.
pub fn read() -> Reading {
    Reading {
        wall: Timestamp::now(),
        since_boot: since_boot(),
    }
}

/// When this kernel started, by today's wall clock. Moves when the wall clock is set: keep the first answer.
pub fn boot_time(reading: &Reading) -> Option<Timestamp> {
    let since = jiff::SignedDuration::try_from(reading.since_boot).ok()?;
    reading.wall.checked_sub(since).ok()
}

/// Finds steps of the wall clock between readings.
#[derive(Debug, Clone)]
pub struct StepDetector {
    last: Reading,
}

/// Below this a difference is slewing and scheduling, not a step: NTP steps at 0.128 s and above, and two clock reads
/// may lie a scheduling delay apart.
pub const STEP_THRESHOLD_SECONDS: f64 = 2.0;

impl StepDetector {
    /// Starts from a first reading.
    pub fn new(first: Reading) -> Self {
        Self { last: first }
    }

    /// The wall clock's step since the previous reading, in seconds, signed; 0 when it only ran.
    pub fn observe(&mut self, now: Reading) -> f64 {
        let ran = now.since_boot.as_secs_f64() - self.last.since_boot.as_secs_f64();
        let shown = now.wall.duration_since(self.last.wall).as_secs_f64();
        self.last = now;
        // A new boot between the readings: the running clock began anew, nothing can be said.
        if ran < 0.0 {
            return 0.0;
        }
        let step = shown - ran;
        if step.abs() < STEP_THRESHOLD_SECONDS {
            0.0
        } else {
            step
        }
    }
}

#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

// macOS: CLOCK_MONOTONIC_RAW is mach_continuous_time there, which includes sleep; CLOCK_UPTIME_RAW does not.
#[cfg(target_os = "macos")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

// Includes sleep and hibernation (Microsoft Learn, GetTickCount64).
#[cfg(windows)]
#[allow(unsafe_code)]
fn since_boot() -> Duration {
    // SAFETY: no arguments, no failure.
    Duration::from_millis(unsafe {
        windows_sys::Win32::System::SystemInformation::GetTickCount64()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reading(wall: i64, since_boot: u64) -> Reading {
        Reading {
            wall: Timestamp::from_second(wall).unwrap(),
            since_boot: Duration::from_secs(since_boot),
        }
    }

    #[test]
    fn running_is_no_step() {
        let mut detector = StepDetector::new(reading(1000, 10));
        assert_eq!(detector.observe(reading(1060, 70)), 0.0);
        // Case 33: NTP slews by a second.
        assert_eq!(detector.observe(reading(1121, 130)), 0.0);
    }

    #[test]
    fn steps_are_found_in_both_directions() {
        let mut detector = StepDetector::new(reading(1000, 10));
        assert_eq!(detector.observe(reading(5000, 20)), 3990.0);
        assert_eq!(detector.observe(reading(1030, 30)), -3980.0);
    }

    #[test]
    fn a_new_boot_is_no_step() {
        let mut detector = StepDetector::new(reading(1000, 5000));
        assert_eq!(detector.observe(reading(9000, 3)), 0.0);
    }

    #[test]
    fn the_clocks_of_this_machine_run() {
        let first = read();
        let second = read();
        assert!(second.since_boot >= first.since_boot);
        assert!(boot_time(&first).unwrap() <= first.wall);
    }
}
