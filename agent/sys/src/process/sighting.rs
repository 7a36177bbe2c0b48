//! One look at one process in /proc: what can only be read while it is there.
//!
//! Invariant: quick (a handful of small reads, no content), because a program may live a millisecond; nothing of a command
//! line is kept but the script's path. What is not readable is empty.
//!
//! Not here: what the facts mean (see `identify`).

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::script::{self, Runs};
use super::{Instance, InstanceKey, stat};
use crate::files;

/// A command line may be megabytes; what names a script stands in front.
const COMMAND_LINE_LIMIT: u64 = 16 * 1024;

/// Which version of which file a hash belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileVersion {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    size: u64,
}

impl FileVersion {
    pub(super) fn of(meta: &std::fs::Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            size: meta.len(),
        }
    }
}

/// See the module. Unredacted; stays in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub(super) key: InstanceKey,
    pub(super) comm: Box<str>,
    pub(super) kernel_thread: bool,
    pub(super) name: String,
    pub(super) executable: Link,
    /// What an interpreter runs.
    pub(super) script: Option<String>,
    pub(super) cgroup: String,
    pub(super) uid: Option<u32>,
    pub(super) parent: Link,
    pub(super) parent_name: String,
    /// Of the executable, where it was asked for.
    pub(super) version: Option<FileVersion>,
}

/// What makes two sightings starts of one program.
pub(super) type Likeness = (Link, Option<FileVersion>, Option<String>, Option<u32>, Link);

impl Sighting {
    /// Of an instance that the table knows.
    pub(super) fn of(root: &Path, instance: &Instance, parent_comm: Option<&str>) -> Self {
        let process = files::under(root, &format!("/proc/{}", instance.key.pid));
        let link = executable(&process);
        let arguments = if instance.kernel_thread {
            Vec::new()
        } else {
            command_line_of(&process)
        };
        let parent = executable(&files::under(
            root,
            &format!("/proc/{}", instance.parent_pid),
        ));
        let name = name_of(&link.path, &arguments, &instance.comm);
        Self {
            key: instance.key,
            comm: instance.comm.clone(),
            kernel_thread: instance.kernel_thread,
            script: script_of(&process, &name, &arguments),
            name,
            executable: link,
            cgroup: cgroup_of(&process),
            uid: std::fs::metadata(&process).ok().map(|meta| meta.uid()),
            parent_name: parent_comm
                .map(|comm| name_of(&parent.path, &[], comm))
                .unwrap_or_default(),
            parent,
            version: None,
        }
    }

    /// Of a process that has just started a program and may be gone in a moment; `None` if it is.
    pub(super) fn in_passing(root: &Path, pid: u32) -> Option<Self> {
        let process = files::under(root, &format!("/proc/{pid}"));
        // In the order of what would be missed most.
        let link = executable(&process);
        if link.path.is_empty() {
            return None;
        }
        let arguments = command_line_of(&process);
        let line = files::bytes(&process.join("stat"), files::VALUE_LIMIT)?;
        let stat = stat::parse(&line)?;
        let version = std::fs::metadata(process.join("exe"))
            .ok()
            .map(|meta| FileVersion::of(&meta));
        let name = name_of(&link.path, &arguments, "");
        let parent = files::under(root, &format!("/proc/{}", stat.parent_pid));
        let parent_link = executable(&parent);
        let parent_name = if parent_link.path.is_empty() {
            files::value(&parent.join("comm")).unwrap_or_default()
        } else {
            base(&parent_link.path).to_owned()
        };
        Some(Self {
            key: InstanceKey {
                pid,
                start_ticks: stat.start_ticks,
            },
            comm: String::from_utf8_lossy(stat.comm).into(),
            kernel_thread: false,
            script: script_of(&process, &name, &arguments),
            name,
            executable: link,
            cgroup: cgroup_of(&process),
            uid: std::fs::metadata(&process).ok().map(|meta| meta.uid()),
            parent: parent_link,
            parent_name,
            version,
        })
    }

    /// See [`Likeness`].
    pub(super) fn likeness(&self) -> Likeness {
        (
            self.executable.clone(),
            self.version,
            self.script.clone(),
            self.uid,
            self.parent.clone(),
        )
    }
}

/// This very instance still runs.
pub fn is_running(root: &Path, key: InstanceKey) -> bool {
    let path = files::under(root, &format!("/proc/{}/stat", key.pid));
    files::bytes(&path, files::VALUE_LIMIT)
        .and_then(|line| stat::parse(&line).map(|stat| stat.start_ticks))
        == Some(key.start_ticks)
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub(super) path: String,
    pub(super) deleted: bool,
}

/// /proc/PID/exe; the kernel appends " (deleted)" to the path of a file that is gone.
fn executable(process: &Path) -> Link {
    let Ok(target) = std::fs::read_link(process.join("exe")) else {
        return Link::default();
    };
    let text = String::from_utf8_lossy(target.as_os_str().as_bytes());
    match text.strip_suffix(" (deleted)") {
        Some(path) => Link {
            path: path.to_owned(),
            deleted: !path.starts_with("/memfd:"),
        },
        None => Link {
            path: text.into_owned(),
            deleted: false,
        },
    }
}

pub(super) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The file's name; without a readable path, argument 0 where the kernel's 15-byte name is its beginning, else that name.
fn name_of(path: &str, arguments: &[String], comm: &str) -> String {
    if !path.is_empty() {
        return base(path).to_owned();
    }
    let first = arguments
        .first()
        .map(|argument| base(argument))
        .unwrap_or_default();
    if comm.len() == 15 && first.starts_with(comm) && !first.contains(' ') {
        return first.to_owned();
    }
    comm.to_owned()
}

fn command_line_of(process: &Path) -> Vec<String> {
    let raw = files::bytes(&process.join("cmdline"), COMMAND_LINE_LIMIT).unwrap_or_default();
    raw.split(|byte| *byte == 0)
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .collect::<Vec<_>>()
        .split_last()
        .map(|(_, all)| all.to_vec())
        .unwrap_or_default()
}

/// The whole command line, joined with blanks. Personal data: only for a policy that asks for it.
pub fn command_line(root: &Path, pid: u32) -> Option<String> {
    let arguments = command_line_of(&files::under(root, &format!("/proc/{pid}")));
    (!arguments.is_empty()).then(|| arguments.join(" "))
}

/// The unified hierarchy's path, else the first of the old ones.
fn cgroup_of(process: &Path) -> String {
    let text = files::text(&process.join("cgroup"), files::VALUE_LIMIT).unwrap_or_default();
    let path_of = |line: &str| line.splitn(3, ':').nth(2).map(str::to_owned);
    text.lines()
        .find(|line| line.starts_with("0::/") && line.len() > 4)
        .or_else(|| text.lines().find(|line| !line.ends_with(":/")))
        .and_then(path_of)
        .unwrap_or_default()
}

fn script_of(process: &Path, executable: &str, arguments: &[String]) -> Option<String> {
    // Busybox is called by a name of its own, or by one of its programs' names.
    let called = arguments.first().map(|first| base(first));
    let executable = match called {
        Some(called) if executable == "busybox" && called != "busybox" => called,
        _ => executable,
    };
    let rest = arguments.iter().skip(1).map(String::as_str);
    match script::runs(executable, rest)? {
        Runs::File(path) if path.starts_with('/') => Some(path),
        Runs::File(path) => {
            let directory = std::fs::read_link(process.join("cwd")).ok();
            Some(match directory {
                Some(directory) => directory
                    .join(path.trim_start_matches("./"))
                    .to_string_lossy()
                    .into_owned(),
                None => path,
            })
        }
        Runs::Module => Some("(module)".to_owned()),
        Runs::Inline => Some("(inline)".to_owned()),
        Runs::Nothing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_completed_only_by_its_own_beginning() {
        let arguments = ["/opt/x/a-very-long-daemon-name".to_owned()];
        assert_eq!(
            name_of("", &arguments, "a-very-long-dae"),
            "a-very-long-daemon-name"
        );
        assert_eq!(name_of("", &["pretender".to_owned()], "sshd"), "sshd");
    }

    #[test]
    fn this_test_runs_and_a_wrong_start_does_not() {
        let own = Sighting::in_passing(Path::new("/"), std::process::id());
        let key = own.map(|own| own.key).unwrap_or(InstanceKey {
            pid: 0,
            start_ticks: 0,
        });
        assert!(is_running(Path::new("/"), key));
        let other = InstanceKey {
            start_ticks: key.start_ticks + 1,
            ..key
        };
        assert!(!is_running(Path::new("/"), other));
    }
}
