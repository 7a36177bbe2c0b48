//! Vitals: many cheap samples, one summary per window.
//!
//! Invariant: a summary tells maxima and means of its whole window; a value that the machine does not have stays absent.

use std::time::{Duration, Instant};

use weft_agent_sys::vitals::{Sample, Sampler};
use weft_proto::v1::{Observation, Vitals, observation::Kind};

use super::{Moment, Probe};
use crate::{observation, policy::Effective};

/// One summary in five minutes: 288 a day, a tenth of the daily bytes, fine enough to see a disk fill.
const WINDOW: Duration = Duration::from_secs(300);

/// The first summary comes early, so that a new device has a face; long enough for a processor load that means something.
const FIRST_WINDOW: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Default)]
pub struct VitalsProbe {
    sampler: Sampler,
    window: Option<Fold>,
    summaries: u64,
}

impl VitalsProbe {
    /// Before its first sample.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Samples of one window.
struct Fold {
    since: Instant,
    latest: Sample,
    cpu_sum: f64,
    cpu_count: u32,
    cpu_max: f64,
    memory_max: u64,
    paging_max: u64,
    memory_pressure: Option<f64>,
    io_pressure: Option<f64>,
    temperature: Option<f64>,
    throttled_sum: f64,
    throttled_count: u32,
}

impl Fold {
    fn new(since: Instant, sample: Sample) -> Self {
        let mut fold = Self {
            since,
            latest: Sample::default(),
            cpu_sum: 0.0,
            cpu_count: 0,
            cpu_max: 0.0,
            memory_max: 0,
            paging_max: 0,
            memory_pressure: None,
            io_pressure: None,
            temperature: None,
            throttled_sum: 0.0,
            throttled_count: 0,
        };
        fold.add(sample);
        fold
    }

    fn add(&mut self, sample: Sample) {
        if let Some(cpu) = sample.cpu_utilization {
            self.cpu_sum += cpu;
            self.cpu_count += 1;
            self.cpu_max = self.cpu_max.max(cpu);
        }
        if let Some(throttled) = sample.throttled {
            self.throttled_sum += throttled;
            self.throttled_count += 1;
        }
        self.memory_max = self.memory_max.max(sample.memory_usage);
        self.paging_max = self.paging_max.max(sample.paging_usage);
        self.memory_pressure = larger(self.memory_pressure, sample.memory_pressure);
        self.io_pressure = larger(self.io_pressure, sample.io_pressure);
        self.temperature = larger(self.temperature, sample.temperature_max);
        self.latest = sample;
    }

    fn summary(self, now: Instant) -> Vitals {
        let mean = |sum: f64, count: u32| {
            if count == 0 {
                0.0
            } else {
                sum / f64::from(count)
            }
        };
        Vitals {
            window: now.duration_since(self.since).as_secs_f64(),
            cpu_utilization: mean(self.cpu_sum, self.cpu_count),
            cpu_utilization_max: self.cpu_max,
            memory_usage: self.memory_max,
            paging_usage: self.paging_max,
            memory_pressure: self.memory_pressure,
            io_pressure: self.io_pressure,
            temperature_max: self.temperature,
            throttled: (self.throttled_count > 0)
                .then(|| mean(self.throttled_sum, self.throttled_count)),
            ..observation::vitals(self.latest)
        }
    }
}

fn larger(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

impl Probe for VitalsProbe {
    fn name(&self) -> &'static str {
        "vitals"
    }

    fn cadence(&self, policy: &Effective) -> Duration {
        if self.summaries == 0 {
            FIRST_WINDOW
        } else {
            policy.vitals
        }
    }

    fn look(&mut self, moment: &Moment<'_>) -> Vec<Observation> {
        let sample = self.sampler.sample(moment.root);
        let Some(mut fold) = self.window.take() else {
            self.window = Some(Fold::new(moment.instant, sample));
            return Vec::new();
        };
        fold.add(sample);
        let length = if self.summaries == 0 {
            FIRST_WINDOW
        } else {
            WINDOW
        };
        // A timer fires a little early or late; half a second decides nothing.
        if moment.instant.duration_since(fold.since) + Duration::from_millis(500) < length {
            self.window = Some(fold);
            return Vec::new();
        }
        self.summaries += 1;
        // The next window begins where this one ends.
        self.window = Some(Fold::new(moment.instant, fold.latest.clone()));
        vec![observation::observe(
            moment.wall,
            Kind::Vitals(fold.summary(moment.instant)),
        )]
    }

    fn blind_spots(&self) -> Vec<String> {
        let mut spots = weft_agent_sys::vitals::blind_spots();
        // Rates need two samples, so the first summary comes first.
        if let (Some(fold), true) = (&self.window, self.summaries > 0) {
            spots.extend(weft_agent_sys::vitals::missing(&fold.latest));
        }
        spots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_keeps_its_peaks() {
        let start = Instant::now();
        let sample = |cpu, memory, heat| Sample {
            cpu_utilization: Some(cpu),
            memory_usage: memory,
            temperature_max: heat,
            ..Sample::default()
        };
        let mut fold = Fold::new(start, sample(0.2, 10, None));
        fold.add(sample(1.0, 30, Some(90.0)));
        fold.add(sample(0.3, 20, Some(50.0)));
        let vitals = fold.summary(start + Duration::from_secs(60));
        assert_eq!(
            (
                vitals.cpu_utilization_max,
                vitals.memory_usage,
                vitals.temperature_max
            ),
            (1.0, 30, Some(90.0))
        );
        assert!((vitals.cpu_utilization - 0.5).abs() < 1e-9);
        assert_eq!((vitals.window, vitals.throttled), (60.0, None));
    }
}
