//! Processes on macOS: a thin shell over pure parsers.
//!
//! Invariant: libproc and sysctl only, no private entitlement; what another account's process hides stays hidden and is
//! said.
//!
//! Not here: comparing lists (`listed`).

pub mod arguments;
pub mod codesign;

#[cfg(target_os = "macos")]
mod shell;

#[cfg(target_os = "macos")]
pub use shell::{about, account_of, arguments_of, blind_spots, list, path_of, place_of};
