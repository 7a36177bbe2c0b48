//! The agent as a service of the system: put in place, taken away, and run by the service manager.
//!
//! Invariant: installing twice is installing once; uninstalling takes away the service and nothing else (certificate, spool and
//! settings stay: `weft-agent unenroll` removes those). Where packages own the service (Linux) this says so and does nothing.
//!
//! Not here: what the agent does (`agent`).

pub mod launchd;
#[cfg(windows)]
mod windows;

use std::path::Path;

/// Name with the service manager of Windows.
pub const NAME: &str = "weft-agent";

/// Why it did not work.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Elsewhere the package does it.
    #[error(
        "on this system the package brings the service: `systemctl enable --now weft-agent` starts it"
    )]
    PackageDoesIt,
    /// Not root, not an administrator.
    #[error("this needs {0}")]
    Rights(&'static str),
    /// The service manager said no.
    #[error("the service manager refused to {what}: {why}")]
    Refused {
        /// What we wanted.
        what: &'static str,
        /// Its words.
        why: String,
    },
    /// A file.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Started by hand.
    #[error("only the service manager can run this; use `weft-agent run` to run it here")]
    NotAService,
}

impl ServiceError {
    /// For the command line.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Rights(_) => 77,
            Self::PackageDoesIt | Self::NotAService => 2,
            Self::Refused { .. } | Self::Write { .. } => 1,
        }
    }
}

/// Puts the service in place and starts it.
///
/// # Errors
/// See [`ServiceError`].
pub fn install(program: &Path) -> Result<(), ServiceError> {
    #[cfg(windows)]
    return windows::install(program);
    #[cfg(target_os = "macos")]
    return launchd::install(program);
    #[cfg(not(any(windows, target_os = "macos")))]
    {
        let _ = program;
        Err(ServiceError::PackageDoesIt)
    }
}

/// Stops the service and takes it away.
///
/// # Errors
/// See [`ServiceError`].
pub fn uninstall() -> Result<(), ServiceError> {
    #[cfg(windows)]
    return windows::uninstall();
    #[cfg(target_os = "macos")]
    return launchd::uninstall();
    #[cfg(not(any(windows, target_os = "macos")))]
    Err(ServiceError::PackageDoesIt)
}

/// Runs under the service manager until it says stop. Only Windows needs a word of its own for that; elsewhere a service runs
/// `weft-agent run`.
///
/// # Errors
/// See [`ServiceError`].
pub fn run() -> Result<(), ServiceError> {
    #[cfg(windows)]
    return windows::run();
    #[cfg(not(windows))]
    Err(ServiceError::NotAService)
}
