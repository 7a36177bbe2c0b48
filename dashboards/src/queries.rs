//! The SQL behind screens and detectors, one file each in `queries/`, so that people can read, run and chart it.
//!
//! Parameters stand as `{name:Type}` (ClickHouse's own notation); times are microseconds since 1970. Who may run which
//! query is not decided here.

pub const BOOKS: &str = include_str!("../queries/books.sql");
pub const LOSSES: &str = include_str!("../queries/losses.sql");
pub const WATERMARK: &str = include_str!("../queries/watermark.sql");
pub const WATERMARK_HOLE: &str = include_str!("../queries/watermark_hole.sql");
