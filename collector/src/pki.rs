//! The collector's certificate authority: it lets laptops in and takes them out again.
//!
//! **Invariants:** every name in a certificate is written here; a request contributes its public key and nothing else.
//! Private keys of devices never come here; the authority's own never leave [`Authority`] and its files (mode 0600).
//!
//! Rotation keeps the fleet connected with two trust anchors: `rotate` makes the next generation, which signs devices at
//! once and is told to every agent that renews; `finish` lets it sign the collector's own certificate too; `retire`
//! ends trust in the old one.

mod authority;
mod files;
mod issue;
mod peer;
mod revocation;

pub use authority::Authority;
pub use issue::{Issued, ServerIdentity};
pub use peer::DeviceCertificate;
pub use revocation::RevocationList;

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;

/// The authority in force; swapped as a whole when the files change.
pub type SharedAuthority = Arc<ArcSwap<Authority>>;

#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    #[error("cannot use {path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "{path} is damaged: {reason}. Restore the data directory from a backup, or remove the pki directory to begin anew (every agent must then enrol again)"
    )]
    Damaged { path: PathBuf, reason: String },
    #[error("the certificate request cannot be used: {0}")]
    Request(rcgen::Error),
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    #[error("{0:?} is neither a DNS name nor an address")]
    Name(String),
    #[error("{0}")]
    Rotation(&'static str),
}
