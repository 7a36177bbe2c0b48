//! What the operating system knows, read without side effects. Topic first, OS second: `boot.rs` + `boot/{linux,macos,windows}.rs`.
//!
//! Invariant: this crate knows no wire format and no policy. It hands out plain facts with the words of
//! `proto/weft/v1/observation.proto`, and for everything that it cannot see it says so in a `blind_spots` sentence.
//!
//! Not here: redaction, cadence, the catalog of apps. A value from this crate may hold personal data (a path, a user id)
//! and MUST pass the agent's redactor before it is stored.
//!
//! Every reader takes `root`, normally `/`. With another root (a mounted disk) it reads that tree's records and asks the
//! running kernel nothing.
//!
//! Reading order: [`boot`] (the heart), [`process`] and [`package`], [`vitals`], [`inventory`], [`apps`], then the small
//! doors to the machine: [`clock`], [`identity`], [`account`], [`dirs`], [`secret`], [`usage`], [`heap`].

pub mod boot;
pub mod process;

pub mod package;

pub mod vitals;

pub mod inventory;

pub mod apps;

pub mod account;
pub mod clock;
pub mod dirs;
pub mod heap;
pub mod host;
pub mod identity;
pub mod managed;
pub mod secret;
pub mod usage;

// Fewer tools are asked on Windows.
#[cfg_attr(windows, allow(dead_code))]
pub mod command;
// Only its recorded form is used elsewhere than on Windows, by tests.
#[cfg(target_os = "macos")]
mod mac;
#[cfg_attr(not(windows), allow(dead_code))]
mod registry;
#[cfg(windows)]
mod win32;
// Fewer readers exist elsewhere, so less of this is called.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod files;

#[cfg(all(test, target_os = "linux"))]
mod hostile;
