//! The state directory: where it is and how its small files are replaced.
//!
//! Invariant: a file is replaced whole or not at all. Files here are hints that can be lost (what was already reported, the
//! last status); what may not be lost is in the spool or behind `weft_agent_sys::secret`.

use std::{io, path::Path};

/// Creates the directory, readable by its owner alone; one that exists keeps its mode, because somebody chose it.
///
/// # Errors
/// From the file system.
pub fn prepare(state: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(state)
}

/// Writes a file by rename. Not synced: losing the newest version to a power cut costs a repetition, not a loss.
///
/// # Errors
/// From the file system.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, content)?;
    std::fs::rename(&fresh, path)
}

/// Reads what [`store`] wrote; anything else is as if nothing had been stored.
pub fn load<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Writes a value as JSON.
///
/// # Errors
/// From the file system.
pub fn store<T: serde::Serialize>(path: &Path, value: &T) -> io::Result<()> {
    replace(path, &serde_json::to_vec(value)?)
}
