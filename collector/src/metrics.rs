//! Numbers about the collector itself, for Prometheus (`/metrics`).
//!
//! **Invariant:** no label grows with the fleet: nothing here names a device.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabel {
    /// `stored`, `rejected`, `lost`.
    pub outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TimeLabel {
    /// `missing`, `clamped`.
    pub what: &'static str,
}

/// Every number; each is shared by cloning.
pub struct Metrics {
    registry: Registry,
    pub streams: Gauge,
    pub reports: Counter,
    pub observations: Family<OutcomeLabel, Counter>,
    pub adjusted_times: Family<TimeLabel, Counter>,
    pub inserts: Counter,
    pub insert_failures: Counter,
    pub insert_seconds: Histogram,
    pub insert_rows: Histogram,
    pub refusals: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("weft");
        let metrics = Self {
            registry: Registry::default(),
            streams: Gauge::default(),
            reports: Counter::default(),
            observations: Family::default(),
            adjusted_times: Family::default(),
            inserts: Counter::default(),
            insert_failures: Counter::default(),
            // 1 ms to 16 s; 1 to 262,144 rows.
            insert_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 15)),
            insert_rows: Histogram::new(exponential_buckets(1.0, 4.0, 10)),
            refusals: Counter::default(),
        };
        registry.register(
            "streams",
            "Live streams of devices",
            metrics.streams.clone(),
        );
        registry.register(
            "reports",
            "Reports that became durable",
            metrics.reports.clone(),
        );
        registry.register(
            "observations",
            "Observations that became durable, by outcome",
            metrics.observations.clone(),
        );
        registry.register(
            "adjusted_times",
            "Observations whose own time was missing or outside of what ClickHouse holds",
            metrics.adjusted_times.clone(),
        );
        registry.register(
            "inserts",
            "Inserts into ClickHouse",
            metrics.inserts.clone(),
        );
        registry.register(
            "insert_failures",
            "Inserts that failed and were tried again",
            metrics.insert_failures.clone(),
        );
        registry.register(
            "insert_seconds",
            "Time of one insert",
            metrics.insert_seconds.clone(),
        );
        registry.register(
            "insert_rows",
            "Rows of one insert",
            metrics.insert_rows.clone(),
        );
        registry.register(
            "refusals",
            "Calls and streams that were refused",
            metrics.refusals.clone(),
        );
        Self {
            registry,
            ..metrics
        }
    }
}

impl Metrics {
    /// OpenMetrics text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!("metrics cannot be written: {error}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::default();
        metrics.reports.inc();
        let stored = OutcomeLabel { outcome: "stored" };
        metrics.observations.get_or_create(&stored).inc_by(7);
        let text = metrics.render();
        assert!(text.contains("weft_reports_total 1"), "{text}");
        assert!(
            text.contains("weft_observations_total{outcome=\"stored\"} 7"),
            "{text}"
        );
    }
}
