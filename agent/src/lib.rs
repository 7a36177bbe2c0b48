//! The agent: looks at this laptop, redacts, keeps, ships, and answers to its owner.
//!
//! Invariant: the way of an observation is one way: probe, redactor, spool, shipper. Each step is a type that the one before it
//! makes. This crate contains no `unsafe` and no knowledge of an operating system beyond `weft_agent_sys`.
//!
//! Reading order: [`pipeline`] (the way on the laptop), [`probe`] and [`redact`], [`queue`], then [`transport`] and [`uplink`]
//! (the way to the collector), [`agent`] (who starts what), [`cli`].

pub mod pipeline;
pub mod probe;

pub mod observation;
pub mod redact;

pub mod drops;
pub mod queue;
pub mod sent;

pub mod transport;
pub mod uplink;

pub mod enroll;
pub mod identity;
pub mod policy;

pub mod service;

pub mod agent;
pub mod config;
pub mod herald;
pub mod join;
pub mod limits;
pub mod network;
pub mod notice;
pub mod sdnotify;
pub mod state;
pub mod status;

pub mod cli;
pub mod doctor;

/// This agent's version, as told to collectors and owners.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
