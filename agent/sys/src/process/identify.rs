//! What a program is: its file, its content, its owner, its account, its place.
//!
//! Invariant: read once per instance (and again after `exec`); a content hash is computed once per version of a file; a
//! process that ends while we look gives `None`, never half of two processes.
//!
//! Not here: cost (see `table`). Paths leave this module unredacted.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::place::{self, Known};
use super::script::{self, Runs};
use super::{ProgramFacts, Script, Table, UserClass};
use crate::files;
use crate::package::{self, Owner, Owners};

/// Larger executables are hashed by nobody else either; at 256 MiB the largest browsers and electron apps fit.
const HASH_LIMIT: u64 = 256 * 1024 * 1024;
/// Versions of files whose hash is remembered (about 120 bytes each).
const MAX_HASHES: usize = 2048;
/// A command line may be megabytes; what names a script stands in front.
const COMMAND_LINE_LIMIT: u64 = 16 * 1024;
const PASSWD_LIMIT: u64 = 4 * 1024 * 1024;
const MOUNTS_LIMIT: u64 = 1024 * 1024;

/// Which version of which file a hash belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FileVersion {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    size: u64,
}

/// What hashing a file gave.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Hash(String),
    TooLarge,
    Unreadable,
}

/// Identifies programs and remembers what was expensive.
#[derive(Debug)]
pub struct Identifier {
    root: PathBuf,
    hashes: HashMap<FileVersion, String>,
    owners: Owners,
    accounts: Accounts,
}

/// Everything about one process except what is asked for all at once.
struct Draft {
    facts: ProgramFacts,
    /// Paths whose owner is wanted; empty when there is none to ask for.
    own_path: String,
    parent_path: String,
    script_path: String,
    bundle: Option<Owner>,
}

impl Identifier {
    /// For the processes of `root`/proc. Reads nothing yet.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            hashes: HashMap::new(),
            owners: Owners::new(root),
            accounts: Accounts::default(),
        }
    }

    /// Identifies one; prefer [`Self::identify_all`], which asks the package manager once.
    pub fn identify(&mut self, table: &Table, pid: u32) -> Option<ProgramFacts> {
        self.identify_all(table, &[pid]).pop()
    }

    /// Identifies these instances of the table's last scan. What has ended meanwhile is left out.
    pub fn identify_all(&mut self, table: &Table, pids: &[u32]) -> Vec<ProgramFacts> {
        self.accounts.refresh(&self.root);
        let network = network_mounts(&self.root);
        let drafts: Vec<Draft> = pids
            .iter()
            .filter_map(|pid| self.draft(table, *pid, &network))
            .collect();
        let asked: Vec<&str> = drafts
            .iter()
            .flat_map(|draft| [&draft.own_path, &draft.parent_path, &draft.script_path])
            .map(String::as_str)
            .collect();
        let mut answers = self.owners.owners(&asked).into_iter();
        drafts
            .into_iter()
            .map(|draft| {
                let mut facts = draft.facts;
                let own = answers.next().flatten();
                facts.package = draft.bundle.or(own);
                facts.parent_package = answers.next().flatten();
                let script_owner = answers.next().flatten();
                if let Some(script) = &mut facts.script {
                    script.package = script_owner;
                }
                facts
            })
            .collect()
    }

    fn draft(&mut self, table: &Table, pid: u32, network: &[String]) -> Option<Draft> {
        let instance = table.get(pid)?;
        let process = files::under(&self.root, &format!("/proc/{pid}"));
        let link = executable(&process);
        let arguments = if instance.kernel_thread {
            Vec::new()
        } else {
            command_line_of(&process)
        };
        let cgroup = cgroup_of(&process);
        let in_container = is_container(&cgroup);
        let executable_name = name_of(&link.path, &arguments, &instance.comm);
        let content = if instance.kernel_thread {
            None
        } else {
            Some(self.content(&process.join("exe")))
        };
        let place = place::of(Known {
            path: &link.path,
            deleted: link.deleted,
            kernel_thread: instance.kernel_thread,
            in_container,
            on_network: network
                .iter()
                .any(|mount| place::is_below(&link.path, mount)),
        });
        let script = script_of(&process, &executable_name, &arguments);
        let uid = std::fs::metadata(&process).ok().map(|meta| meta.uid());
        let parent = executable(&files::under(
            &self.root,
            &format!("/proc/{}", instance.parent_pid),
        ));
        let parent_name = table
            .get(instance.parent_pid)
            .map(|entry| name_of(&parent.path, &[], &entry.comm))
            .unwrap_or_default();
        let mut facts = ProgramFacts {
            pid,
            executable_path: link.path.clone(),
            deleted: link.deleted,
            executable_sha256: String::new(),
            package: None,
            parent_executable_name: parent_name,
            parent_package: None,
            uid,
            user_class: uid.map_or(UserClass::Unspecified, |uid| self.accounts.class_of(uid)),
            place,
            script,
            comm: instance.comm.to_string(),
            kernel_thread: instance.kernel_thread,
            traits: Vec::new(),
            signer: String::new(),
            original_file_name: String::new(),
            description: String::new(),
            bundle_id: String::new(),
            executable_name,
            cgroup,
        };
        facts.note_traits(content.as_ref());
        if let Some(Content::Hash(hash)) = content {
            facts.executable_sha256 = hash;
        }
        // Inside a container the path is the image's: asking the host's package manager would give a wrong owner.
        let askable = |path: &str| {
            if in_container {
                String::new()
            } else {
                path.to_owned()
            }
        };
        Some(Draft {
            own_path: if link.deleted {
                String::new()
            } else {
                askable(&link.path)
            },
            parent_path: askable(&parent.path),
            script_path: facts
                .script
                .as_ref()
                .map(|script| askable(&script.path))
                .unwrap_or_default(),
            bundle: package::flatpak_of_cgroup(&facts.cgroup)
                .or_else(|| package::snap_of_cgroup(&facts.cgroup)),
            facts,
        })
    }

    /// Hash of what the link points at, even if that file has been deleted or lies in another mount namespace.
    fn content(&mut self, link: &Path) -> Content {
        let Ok(file) = File::open(link) else {
            return Content::Unreadable;
        };
        let Ok(meta) = file.metadata() else {
            return Content::Unreadable;
        };
        if !meta.is_file() {
            return Content::Unreadable;
        }
        if meta.len() > HASH_LIMIT {
            return Content::TooLarge;
        }
        let version = FileVersion {
            device: meta.dev(),
            inode: meta.ino(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            size: meta.len(),
        };
        if let Some(hash) = self.hashes.get(&version) {
            return Content::Hash(hash.clone());
        }
        let Some(hash) = sha256(file) else {
            return Content::Unreadable;
        };
        if self.hashes.len() >= MAX_HASHES {
            self.hashes.clear();
        }
        self.hashes.insert(version, hash.clone());
        Content::Hash(hash)
    }
}

impl ProgramFacts {
    fn note_traits(&mut self, content: Option<&Content>) {
        if self.script.is_some() {
            self.traits.push("script");
        }
        if self.deleted {
            self.traits.push("deleted_executable");
        }
        match content {
            Some(Content::Unreadable) => self.traits.push("hash_unreadable"),
            Some(Content::TooLarge) => self.traits.push("hash_too_large"),
            _ => {}
        }
        if self.executable_name.starts_with('.') && self.executable_name.len() > 1 {
            self.traits.push("hidden_name");
        }
        if self.executable_path.contains("/.mount_") {
            self.traits.push("appimage");
        }
        // A process may call itself anything. Threads and interpreters rename themselves in good faith, so only a name
        // that pretends to be a kernel thread counts.
        if !self.kernel_thread && (self.comm.starts_with("kworker") || self.comm.starts_with('[')) {
            self.traits.push("renamed");
        }
    }
}

fn sha256(file: File) -> Option<String> {
    let mut hash = Sha256::new();
    let mut reader = file.take(HASH_LIMIT);
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Some(hex::encode(hash.finalize())),
            Ok(n) => hash.update(&buffer[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[derive(Debug, Default)]
struct Link {
    path: String,
    deleted: bool,
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

fn base(path: &str) -> &str {
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

fn is_container(cgroup: &str) -> bool {
    [
        "/docker/",
        "docker-",
        "/kubepods",
        "libpod-",
        "/lxc/",
        "/lxc.payload",
        "crio-",
        "cri-containerd",
        "machine.slice/systemd-nspawn",
        "/garden/",
    ]
    .iter()
    .any(|mark| cgroup.contains(mark))
}

fn script_of(process: &Path, executable: &str, arguments: &[String]) -> Option<Script> {
    let rest = arguments.iter().skip(1).map(String::as_str);
    let path = match script::runs(executable, rest)? {
        Runs::File(path) if path.starts_with('/') => path,
        Runs::File(path) => {
            let directory = std::fs::read_link(process.join("cwd")).ok();
            match directory {
                Some(directory) => directory
                    .join(path.trim_start_matches("./"))
                    .to_string_lossy()
                    .into_owned(),
                None => path,
            }
        }
        Runs::Module => "(module)".to_owned(),
        Runs::Inline => "(inline)".to_owned(),
        Runs::Nothing => return None,
    };
    Some(Script {
        path,
        package: None,
    })
}

fn network_mounts(root: &Path) -> Vec<String> {
    let table =
        files::text(&files::under(root, "/proc/self/mounts"), MOUNTS_LIMIT).unwrap_or_default();
    table
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let point = fields.nth(1)?;
            let kind = fields.next()?;
            let is_network = matches!(
                kind,
                "nfs"
                    | "nfs4"
                    | "cifs"
                    | "smb3"
                    | "smbfs"
                    | "fuse.sshfs"
                    | "9p"
                    | "ceph"
                    | "glusterfs"
                    | "fuse.rclone"
                    | "davfs"
                    | "afs"
            );
            is_network.then(|| point.replace("\\040", " "))
        })
        .collect()
}

/// Account classes by user id, from passwd; re-read when it changes.
#[derive(Debug, Default)]
struct Accounts {
    modified: Option<SystemTime>,
    /// Ids of people's range whose shell lets nobody in.
    without_login: Vec<u32>,
}

impl Accounts {
    fn refresh(&mut self, root: &Path) {
        let path = files::under(root, "/etc/passwd");
        let modified = std::fs::metadata(&path)
            .ok()
            .and_then(|meta| meta.modified().ok());
        if modified.is_some() && modified == self.modified {
            return;
        }
        self.modified = modified;
        let text = files::text(&path, PASSWD_LIMIT).unwrap_or_default();
        self.without_login = text.lines().filter_map(id_without_login).collect();
    }

    /// Distributions give people ids from 1000 on (login.defs UID_MIN); 65534 is nobody; systemd takes 61184 to 65519
    /// for services without an account. Directory accounts (LDAP) have high ids and are people.
    fn class_of(&self, uid: u32) -> UserClass {
        match uid {
            0 => UserClass::System,
            1..1000 | 61_184..=65_519 | 65_534 | 65_535 => UserClass::Service,
            _ if self.without_login.contains(&uid) => UserClass::Service,
            _ => UserClass::Person,
        }
    }
}

fn id_without_login(line: &str) -> Option<u32> {
    let fields: Vec<&str> = line.split(':').collect();
    let shell = base(fields.get(6)?.trim());
    matches!(shell, "nologin" | "false" | "sync" | "git-shell")
        .then(|| fields.get(2)?.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn this_test_is_identified() {
        let mut table = Table::new();
        table.scan(Path::new("/"));
        let mut identifier = Identifier::new(Path::new("/"));
        let own = identifier.identify(&table, std::process::id()).unwrap();
        let exe = std::env::current_exe().unwrap();
        assert_eq!(own.executable_path, exe.to_string_lossy());
        assert_eq!(
            own.executable_sha256,
            hex::encode(Sha256::digest(std::fs::read(&exe).unwrap()))
        );
        assert!(!own.parent_executable_name.is_empty());
        assert!(own.script.is_none());
        let again = identifier.identify(&table, std::process::id()).unwrap();
        assert_eq!(own, again);
        assert_eq!(identifier.hashes.len(), 1);
    }

    #[test]
    fn a_deleted_program_is_told_and_still_hashed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gone");
        std::fs::copy("/bin/sleep", &path).unwrap();
        let mut child = Command::new(&path)
            .arg("60")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut table = Table::new();
        table.scan(Path::new("/"));
        let facts = Identifier::new(Path::new("/")).identify(&table, child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        let facts = facts.unwrap();
        assert!(facts.deleted);
        assert_eq!(facts.executable_name, "gone");
        assert_eq!(facts.place.word(), "deleted");
        assert!(facts.traits.contains(&"deleted_executable"));
        let expected = hex::encode(Sha256::digest(std::fs::read("/bin/sleep").unwrap()));
        assert_eq!(facts.executable_sha256, expected);
    }

    #[test]
    fn a_script_is_found_without_its_arguments() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("job.sh");
        std::fs::write(&path, "sleep 60\ntrue\n").unwrap();
        let mut child = Command::new("/bin/sh")
            .arg(&path)
            .arg("secret")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut table = Table::new();
        let mut identifier = Identifier::new(Path::new("/"));
        // Between fork and exec the child still is this test: look until it is the shell.
        let mut script = None;
        for _ in 0..500 {
            table.scan(Path::new("/"));
            script = identifier
                .identify(&table, child.id())
                .and_then(|facts| facts.script);
            if script.is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(script.unwrap().path, path.to_string_lossy());
    }

    #[test]
    fn accounts_by_class() {
        let without_login = [
            "svc:x:1501:1501::/srv:/usr/sbin/nologin",
            "anna:x:1000:1000:Anna:/home/anna:/bin/bash",
        ]
        .iter()
        .filter_map(|line| id_without_login(line))
        .collect();
        let accounts = Accounts {
            without_login,
            ..Accounts::default()
        };
        assert_eq!(accounts.class_of(0), UserClass::System);
        assert_eq!(accounts.class_of(33), UserClass::Service);
        assert_eq!(accounts.class_of(1501), UserClass::Service);
        assert_eq!(accounts.class_of(1000), UserClass::Person);
        assert_eq!(accounts.class_of(65_534), UserClass::Service);
        assert_eq!(accounts.class_of(1_234_567), UserClass::Person);
    }

    #[test]
    fn a_name_is_completed_only_by_its_own_beginning() {
        let arguments = ["/opt/x/a-very-long-daemon-name".to_owned()];
        assert_eq!(
            name_of("", &arguments, "a-very-long-dae"),
            "a-very-long-daemon-name"
        );
        assert_eq!(name_of("", &["pretender".to_owned()], "sshd"), "sshd");
    }
}
