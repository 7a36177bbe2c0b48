//! Can changes below a folder be watched, and at what price?
//!
//! Invariant: the question costs one call for the file system and a walk over names that stops at the limit it is given.
//!
//! Not here: the watching (the agent's `folders`).

use std::path::{Path, PathBuf};

/// What a folder allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Its directories, itself first, upper levels before lower ones. `complete` is false when there are more than asked for.
    Local {
        directories: Vec<PathBuf>,
        complete: bool,
    },
    /// On a network or a user-space file system: the kernel tells only what this machine does there, and walking it may hang.
    Remote,
    /// Not readable, or gone.
    Unreadable,
}

/// Looks at `folder`; lists at most `limit` directories.
pub fn reach(folder: &Path, limit: usize) -> Reach {
    if is_remote(folder) {
        return Reach::Remote;
    }
    if std::fs::read_dir(folder).is_err() {
        return Reach::Unreadable;
    }
    let mut directories = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(directory) = directories.get(next) {
        next += 1;
        let Ok(entries) = std::fs::read_dir(directory) else {
            continue;
        };
        for entry in entries.flatten() {
            // `file_type` does not follow links: a link out of the folder, or around in it, is not walked.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if directories.len() >= limit {
                    return Reach::Local {
                        directories,
                        complete: false,
                    };
                }
                directories.push(entry.path());
            }
        }
    }
    Reach::Local {
        directories,
        complete: true,
    }
}

/// By its file system's number (statfs(2)): NFS, SMB, FUSE, 9P, Ceph, AFS, Coda, NCP.
#[cfg(target_os = "linux")]
fn is_remote(folder: &Path) -> bool {
    const REMOTE: [i64; 11] = [
        0x6969,
        0x517B,
        0xFF53_4D42,
        0xFE53_4D42,
        0x6573_5546,
        0x0102_1997,
        0x00C3_6400,
        0x5346_414F,
        0x6B41_4653,
        0x7375_7245,
        0x564C,
    ];
    #[allow(clippy::unnecessary_cast)] // The type differs by processor.
    rustix::fs::statfs(folder).is_ok_and(|seen| REMOTE.contains(&(seen.f_type as i64)))
}

#[cfg(target_os = "macos")]
fn is_remote(folder: &Path) -> bool {
    rustix::fs::statfs(folder)
        .is_ok_and(|seen| seen.f_flags & u32::try_from(libc::MNT_LOCAL).unwrap_or(0) == 0)
}

/// A share's path, or a drive letter that stands for one.
#[cfg(windows)]
fn is_remote(folder: &Path) -> bool {
    crate::process::is_network_path(&folder.to_string_lossy())
}

/// How many watches an account may have, where the system limits them.
pub fn watch_limit() -> Option<u64> {
    crate::files::value(Path::new("/proc/sys/fs/inotify/max_user_watches"))?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn upper_levels_come_first_and_the_limit_holds() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a/deep/er", "b", "c"] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), dir.path().join("around")).unwrap();
        let Reach::Local {
            directories,
            complete,
        } = reach(dir.path(), 100)
        else {
            panic!("a temporary folder is local")
        };
        assert_eq!((directories.len(), complete), (6, true));
        assert_eq!(directories.first().unwrap(), dir.path());
        assert!(directories.last().unwrap().ends_with("a/deep/er"));
        let Reach::Local {
            directories,
            complete,
        } = reach(dir.path(), 4)
        else {
            panic!("a temporary folder is local")
        };
        assert_eq!((directories.len(), complete), (4, false));
        assert_eq!(reach(&dir.path().join("none"), 4), Reach::Unreadable);
    }
}
