//! The door for everything that must stay secret at rest: private key, tokens.
//!
//! Invariant: after [`write`] returns, the file is complete, durable and readable by its owner only, and before it
//! returns the old content is still there: never half a key, never a moment of 0644.
//!
//! On Windows the file holds what DPAPI made of the content (under this account's key), on a Mac the name of a keychain item.
//! A file that holds a plain secret (from before, or written where there is no keychain) is still read.
//!
//! Not here: who may read the directory; the installer sets that.

#[cfg(target_os = "macos")]
mod keychain;
#[cfg(windows)]
mod protect;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// A private key in PEM is under 4 KiB; anything larger is not ours.
const SECRET_LIMIT: u64 = 256 * 1024;

/// Replaces `path` with `content`, mode 0600, atomically and durably.
///
/// # Errors
/// Any step of it: the directory is missing, full, or not writable. The old file is then untouched.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a secret needs a file name"))?;
    let mut temporary_name = std::ffi::OsString::from(".");
    temporary_name.push(name);
    // The process id keeps two agents on one directory from writing into each other's file.
    temporary_name.push(format!(".{}.new", std::process::id()));
    let temporary = directory.join(temporary_name);
    // A left-over of a crash under the same process id may exist with any mode: never reuse it.
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let sealed = seal(content)?;
    let written = create_private(&temporary).and_then(|mut file| {
        file.write_all(&sealed)?;
        file.sync_all()
    });
    let before = std::fs::read(path).unwrap_or_default();
    let placed = written.and_then(|()| std::fs::rename(&temporary, path));
    if placed.is_err() {
        // Best effort: the error that we return is the one that matters.
        let _ = std::fs::remove_file(&temporary);
        discard(&sealed);
        return placed;
    }
    discard(&before);
    sync_directory(directory)
}

/// Removes a secret, and what the system's store keeps for it. A secret that is not there is removed.
///
/// # Errors
/// The file cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    let before = std::fs::read(path).unwrap_or_default();
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    discard(&before);
    Ok(())
}

/// Reads a secret back.
///
/// # Errors
/// It is missing, unreadable, or (on Unix) readable by others: then somebody may have copied it, and the caller decides.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    refuse_if_shared(&file)?;
    let mut content = Vec::new();
    file.take(SECRET_LIMIT + 1).read_to_end(&mut content)?;
    if content.len() as u64 > SECRET_LIMIT {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "too large for a secret",
        ));
    }
    open_sealed(content)
}

// What is written: elsewhere than on Windows and macOS the secret as it is, behind the file's mode.
#[cfg(not(any(windows, target_os = "macos")))]
fn seal(content: &[u8]) -> io::Result<Vec<u8>> {
    Ok(content.to_owned())
}

#[cfg(not(any(windows, target_os = "macos")))]
fn open_sealed(content: Vec<u8>) -> io::Result<Vec<u8>> {
    Ok(content)
}

#[cfg(not(target_os = "macos"))]
fn discard(_sealed: &[u8]) {}

#[cfg(windows)]
use protect::{open_sealed, seal};

#[cfg(target_os = "macos")]
use keychain::{discard, open_sealed, seal};

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

// The service's state directory carries the access list (SYSTEM and administrators); a file inherits it.
#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn refuse_if_shared(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "mode {:04o} lets others read it; it should be 0600",
                mode & 0o7777
            ),
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_shared(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_private_complete_and_replaces() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("device.key");
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(read(&path).unwrap(), b"second");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn removing_is_done_once_and_twice() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("device.key");
        write(&path, b"x").unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
        remove(&path).unwrap();
    }

    #[test]
    fn a_shared_secret_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("device.key");
        write(&path, b"x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(
            read(&path).unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(write(&directory.path().join("none/device.key"), b"x").is_err());
    }
}
