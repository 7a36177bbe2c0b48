//! The collector: takes reports of laptops, keeps them, finds what is unusual, and ties it to what people say.
//!
//! Read in this order: [`app`] (what there is and which tasks run), [`ingest`] (the way of a report), [`enroll`] (how a
//! laptop gets in), [`pki`] and [`tls`] (the door), [`policy`], then the people's side.
//!
//! **Invariants:** only [`app`] starts tasks. Detectors and the linker are pure and live in `collector/core`; SQL lives in
//! `collector/store`; here is the wiring.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod error;
pub mod lifecycle;
pub mod nearest;

pub mod enroll;
pub mod gate;
pub mod ingest;
pub mod pki;
pub mod plain;
pub mod policy;
pub mod tls;
pub mod vault;

pub mod audit;
pub mod http;
pub mod jobs;
pub mod metrics;

pub mod accounts;
pub mod api;
pub mod calls;
pub mod cohorts;
pub mod connect;
pub mod correlate;
pub mod effects;
pub mod feeds;
pub mod groups;
pub mod import;
pub mod mail;
pub mod replay;
pub mod threads;
pub mod watch;

pub mod demo;
