//! The collector's two memories: `telemetry` (ClickHouse: what devices reported) and `control` (SQL: what people said
//! and what was decided).
//!
//! **Invariant:** the only crate that knows `clickhouse` or `sea-orm`; no table lives in both.

pub mod control;
pub mod telemetry;
