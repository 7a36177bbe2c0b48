//! What people look at: the console as bytes, Grafana boards, and the SQL behind both in files.
//!
//! **Invariant:** no behaviour. Who may see what is decided in `collector/core`, asked and answered in `collector`.

pub mod console;
pub mod grafana;
pub mod queries;
