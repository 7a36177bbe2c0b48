//! The owner's desktop session, as a system service finds it: one bus per person in /run/user.
//!
//! Invariant: nobody's bus is spoken to as somebody else. The agent reaches a session only when it runs as that person or as
//! root, and then through a child that *is* that person; otherwise the helper in the session (`weft-agent notice watch`) comes
//! for the notices.

use std::{
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where logind keeps what belongs to a session.
const RUN_USER: &str = "/run/user";

/// System accounts have no desktop (login.defs, UID_MIN).
const FIRST_PERSON: u32 = 1000;

/// One person's session bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bus {
    /// Whose.
    pub uid: u32,
    gid: u32,
    directory: PathBuf,
}

/// The buses that an agent of this account may use.
pub fn buses(own_uid: u32) -> Vec<Bus> {
    found(Path::new(RUN_USER))
        .into_iter()
        .filter(|bus| bus.uid == own_uid || (own_uid == 0 && bus.uid >= FIRST_PERSON))
        .collect()
}

fn found(run_user: &Path) -> Vec<Bus> {
    let Ok(entries) = std::fs::read_dir(run_user) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let directory = entry.ok()?.path();
            let uid = directory.file_name()?.to_str()?.parse().ok()?;
            let metadata = directory.metadata().ok()?;
            // A directory that belongs to somebody else than its name says is a trap.
            let is_honest = metadata.uid() == uid && directory.join("bus").exists();
            is_honest.then(|| Bus {
                uid,
                gid: metadata.gid(),
                directory,
            })
        })
        .collect()
}

/// A child that runs this program's `notice present` as the person of the bus; the notice goes to its standard input.
pub fn presenter(program: &Path, bus: &Bus, own_uid: u32) -> Command {
    let mut command = Command::new(program);
    let address = format!("unix:path={}", bus.directory.join("bus").display());
    command
        .args(["notice", "present"])
        .env("DBUS_SESSION_BUS_ADDRESS", address)
        .env("XDG_RUNTIME_DIR", &bus.directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/");
    if own_uid != bus.uid {
        command
            .gid(bus.gid)
            .uid(bus.uid)
            .env_remove("XDG_CONFIG_HOME");
        if let Some(home) = home_of(bus.uid) {
            command.env("HOME", home);
        }
    }
    command
}

/// From the local accounts; a directory service's people keep the service's HOME, which has no settings in it.
fn home_of(uid: u32) -> Option<String> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields.get(2)?.parse() == Ok(uid)).then(|| fields.get(5).map(|home| (*home).to_owned()))?
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_honest_directories_with_a_bus_count() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().metadata().unwrap().uid();
        for name in [own.to_string(), (own + 1).to_string(), "x".into()] {
            std::fs::create_dir(dir.path().join(&name)).unwrap();
            std::fs::write(dir.path().join(&name).join("bus"), "").unwrap();
        }
        let buses = found(dir.path());
        assert_eq!(buses.iter().map(|bus| bus.uid).collect::<Vec<_>>(), [own]);
        assert!(found(&dir.path().join("none")).is_empty());
    }
}
