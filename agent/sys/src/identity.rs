//! A stable, unlinkable name for this installation of the operating system.
//!
//! Invariant: the machine id itself never leaves this module; only a keyed hash of it does, so nobody can join our
//! records with those of another program on the same machine (systemd asks for exactly that in machine-id(5)).
//!
//! Not here: the device's identity in the fleet, which is a certificate given at enrolment.

use std::path::Path;

use sha2::{Digest, Sha256};

#[cfg(not(windows))]
use crate::command;
use crate::files;

/// Separates our hash from every other program's.
const PURPOSE: &[u8] = b"weft agent machine identity v1\0";

/// Hash of the machine id as 32 hex digits; `None` when the system has none.
pub fn machine(root: &Path) -> Option<String> {
    raw(root).map(|id| hashed(id.trim()))
}

/// The pure part: 128 bits of SHA-256 over the purpose and the id.
pub fn hashed(id: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(PURPOSE);
    hash.update(id.to_ascii_lowercase().as_bytes());
    let digest = hash.finalize();
    hex::encode(&digest[..16])
}

/// Linux: /etc/machine-id, or D-Bus' older copy. A disk image that has not booted yet holds "uninitialized".
fn raw(root: &Path) -> Option<String> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .iter()
        .find_map(|path| {
            let id = files::value(&files::under(root, path))?;
            (id.len() >= 16 && id != "uninitialized").then_some(id)
        })
        .or_else(|| raw_of_system(root))
}

#[cfg(windows)]
fn raw_of_system(root: &Path) -> Option<String> {
    use crate::registry::Registry as _;
    // `root` is not asked: a Windows disk that is mounted elsewhere is read by another system.
    let _ = root;
    crate::win32::registry::Live
        .text(r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid")
        .filter(|id| id.len() >= 16)
}

#[cfg(not(windows))]
fn raw_of_system(root: &Path) -> Option<String> {
    const LIMITS: command::Limits = command::Limits {
        time: std::time::Duration::from_secs(5),
        max_bytes: 64 * 1024,
        max_lines: 2000,
    };
    let (program, args, key): (&str, &[&str], &str) = if cfg!(target_os = "macos") {
        (
            "ioreg",
            &["-rd1", "-c", "IOPlatformExpertDevice"],
            "IOPlatformUUID",
        )
    } else {
        return None;
    };
    if !files::is_own_tree(root) {
        return None;
    }
    let output = command::run(program, args, LIMITS)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.contains(key))?;
    let id = line
        .trim_end_matches(['"', ' '])
        .rsplit(['"', ' '])
        .next()?;
    (id.len() >= 16).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_id_is_not_in_its_hash_and_the_hash_is_stable() {
        let id = "0123456789abcdef0123456789abcdef";
        assert_ne!(hashed(id), id);
        assert_eq!(hashed(id), hashed("0123456789ABCDEF0123456789ABCDEF"));
        assert_eq!(hashed(id).len(), 32);
    }

    #[test]
    fn it_is_read_from_any_root() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("etc")).unwrap();
        std::fs::write(root.path().join("etc/machine-id"), "uninitialized\n").unwrap();
        assert_eq!(machine(root.path()), None);
        std::fs::write(
            root.path().join("etc/machine-id"),
            "0123456789abcdef0123456789abcdef\n",
        )
        .unwrap();
        assert_eq!(
            machine(root.path()),
            Some(hashed("0123456789abcdef0123456789abcdef"))
        );
    }
}
