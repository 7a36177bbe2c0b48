//! Why the spool could not do what it was asked. Every message names the file; loss is never an error but a gap.

use std::{io, path::PathBuf};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process uses this spool.
    #[error("another process uses the spool in {}: stop it first (only one agent may run per state directory)", .0.display())]
    Locked(PathBuf),
    /// The disk (or the account's disk quota) is full. No number was given.
    #[error("no space left for the spool at {}", .0.display())]
    NoSpace(PathBuf),
    /// The batch alone is larger than the spool may grow. No number was given.
    #[error("{got} bytes do not fit into a spool of {limit} bytes")]
    OverQuota {
        /// Bytes of the batch as stored.
        got: u64,
        /// The limit.
        limit: u64,
    },
    /// One payload is over [`crate::MAX_PAYLOAD`]. No number was given.
    #[error("a record of {0} bytes is larger than a record may be")]
    TooLarge(usize),
    /// Kind 0 is the spool's own.
    #[error("kind 0 is reserved for seals")]
    ReservedKind,
    /// The receiver acknowledges a number that was never given.
    #[error(
        "number {acknowledged} was acknowledged but the head is {head}: these numbers belong to another life of this spool"
    )]
    NotGiven {
        /// What the receiver said.
        acknowledged: u64,
        /// Our next number.
        head: u64,
    },
    /// The file system refused.
    #[error("{what} {}: {source}", .path.display())]
    Io {
        /// In words, e.g. "cannot write".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

impl Error {
    /// The disk takes nothing now, and may again later: it is full, or read-only.
    pub(crate) fn is_of_a_full_disk(&self) -> bool {
        match self {
            Self::NoSpace(_) => true,
            Self::Io { source, .. } => source.kind() == io::ErrorKind::ReadOnlyFilesystem,
            _ => false,
        }
    }

    /// For `map_err`.
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let path = path.into();
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace(path),
                _ => Self::Io { what, path, source },
            }
        }
    }
}
