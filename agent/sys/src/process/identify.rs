//! What a program is: its file, its content, its owner, its account, its place.
//!
//! Invariant: read once per instance (and again after `exec`); a content hash is computed once per version of a file; a
//! process that ends while we look gives `None`, never half of two processes.
//!
//! Not here: cost (see `table`). Paths leave this module unredacted.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::place::{self, Known};
use super::sighting::{FileVersion, Sighting, base};
use super::{Contents, ProgramFacts, Script, Table, UserClass};
use crate::files;
use crate::package::{self, Owner, Owners};

/// Larger executables are hashed by nobody else either; at 256 MiB the largest browsers and electron apps fit.
const HASH_LIMIT: u64 = 256 * 1024 * 1024;
/// Versions of files whose hash is remembered (about 120 bytes each).
const MAX_HASHES: usize = 2048;
const PASSWD_LIMIT: u64 = 4 * 1024 * 1024;
const MOUNTS_LIMIT: u64 = 1024 * 1024;

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
    contents: Contents,
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
            contents: Contents::Hashed,
        }
    }

    /// The same, but files are not read: for whoever asks which program runs, not which version of it.
    pub fn of_names(root: &Path) -> Self {
        Self {
            contents: Contents::Unread,
            ..Self::new(root)
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
            .filter_map(|pid| self.live(table, *pid, &network))
            .collect();
        self.with_owners(drafts)
    }

    /// Identifies what a listener saw; one answer for each sight, in their order.
    pub fn identify_heard(&mut self, heard: Vec<Sighting>) -> Vec<ProgramFacts> {
        self.accounts.refresh(&self.root);
        let network = network_mounts(&self.root);
        let drafts = heard
            .into_iter()
            .map(|sighting| {
                // Its process may be gone: the file is hashed if it still is what ran.
                let path = files::under(&self.root, &sighting.executable.path);
                let content = match sighting.version {
                    Some(version) => self.content(&path, Some(version)),
                    None => Content::Unreadable,
                };
                self.draft(sighting, Some(content), &network)
            })
            .collect();
        self.with_owners(drafts)
    }

    fn with_owners(&mut self, drafts: Vec<Draft>) -> Vec<ProgramFacts> {
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

    /// A running instance of the table.
    fn live(&mut self, table: &Table, pid: u32, network: &[String]) -> Option<Draft> {
        let instance = table.get(pid)?;
        let process = files::under(&self.root, &format!("/proc/{pid}"));
        let parent_comm = table
            .get(instance.parent_pid)
            .map(|parent| parent.comm.clone());
        let sighting = Sighting::of(&self.root, instance, parent_comm.as_deref());
        let is_read = self.contents == Contents::Hashed && !instance.kernel_thread;
        let content = is_read.then(|| self.content(&process.join("exe"), None));
        Some(self.draft(sighting, content, network))
    }

    fn draft(&self, sighting: Sighting, content: Option<Content>, network: &[String]) -> Draft {
        let in_container = is_container(&sighting.cgroup);
        let link = sighting.executable;
        let place = place::of(Known {
            path: &link.path,
            deleted: link.deleted,
            kernel_thread: sighting.kernel_thread,
            in_container,
            on_network: network
                .iter()
                .any(|mount| place::is_below(&link.path, mount)),
        });
        let mut facts = ProgramFacts {
            pid: sighting.key.pid,
            executable_path: link.path.clone(),
            deleted: link.deleted,
            executable_sha256: String::new(),
            package: None,
            parent_executable_name: sighting.parent_name,
            parent_package: None,
            uid: sighting.uid,
            user_class: sighting
                .uid
                .map_or(UserClass::Unspecified, |uid| self.accounts.class_of(uid)),
            place,
            script: sighting.script.map(|path| Script {
                path,
                package: None,
            }),
            comm: sighting.comm.to_string(),
            kernel_thread: sighting.kernel_thread,
            traits: Vec::new(),
            signer: String::new(),
            original_file_name: String::new(),
            description: String::new(),
            bundle_id: String::new(),
            executable_name: sighting.name,
            cgroup: sighting.cgroup,
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
        Draft {
            own_path: if link.deleted {
                String::new()
            } else {
                askable(&link.path)
            },
            parent_path: askable(&sighting.parent.path),
            script_path: facts
                .script
                .as_ref()
                .map(|script| askable(&script.path))
                .unwrap_or_default(),
            bundle: package::flatpak_of_cgroup(&facts.cgroup)
                .or_else(|| package::snap_of_cgroup(&facts.cgroup)),
            facts,
        }
    }

    /// Hash of what the path leads to: for a link in /proc even if that file has been deleted or lies in another mount
    /// namespace. With `expected`, only if the file still is that version.
    fn content(&mut self, path: &Path, expected: Option<FileVersion>) -> Content {
        if let Some(hash) = expected.and_then(|version| self.hashes.get(&version)) {
            return Content::Hash(hash.clone());
        }
        let Ok(file) = files::open(path) else {
            return Content::Unreadable;
        };
        let Ok(meta) = file.metadata() else {
            return Content::Unreadable;
        };
        if !meta.is_file() {
            return Content::Unreadable;
        }
        let version = FileVersion::of(&meta);
        if expected.is_some_and(|expected| expected != version) {
            return Content::Unreadable;
        }
        if meta.len() > HASH_LIMIT {
            return Content::TooLarge;
        }
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
        if place::is_workshop(&self.executable_path) {
            self.traits.push("workshop");
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
}
