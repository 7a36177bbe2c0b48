//! How much changes in sync folders: counts and bytes, never names.
//!
//! Invariant: a name is looked at only to ask its size, inside the callback, and is gone when it returns. Whatever makes the
//! counts incomplete (overflow, the system's watch limit, a network file system) is said, not hidden. Nothing is polled.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode},
};
use weft_agent_sys::apps::{self, Reach};

/// More sync folders than this belong to a server.
const MAX_FOLDERS: usize = 64;

/// Directories watched at most: one costs about 300 bytes here and 1 KiB in the kernel, so this many cost 10 MiB here.
const MAX_WATCHES: usize = 32_768;

/// Watches belong to the account, not to the program: half of them stay for editors and sync clients.
const SHARE_OF_LIMIT: u64 = 2;

/// One save is many events on some systems; the same file within this time is one change.
const SAME_SAVE: Duration = Duration::from_secs(2);

/// Files remembered for that.
const MAX_RECENT: usize = 1024;

/// What changed since it was last told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Files written, moved in or removed.
    pub files: u32,
    /// Sizes of the files written or moved in.
    pub bytes: u64,
    /// Lower bounds only.
    pub incomplete: bool,
}

#[derive(Default)]
struct Counts {
    /// Folder to the app that owns it.
    folders: BTreeMap<PathBuf, String>,
    changes: BTreeMap<String, Change>,
    recent: Recent,
}

/// Files that changed a moment ago, as hashes under a key of this process: no name is kept.
#[derive(Default)]
struct Recent {
    key: RandomState,
    files: HashMap<u64, Instant>,
}

impl Recent {
    /// True when this file was not changed within [`SAME_SAVE`].
    fn is_new(&mut self, path: &Path, now: Instant) -> bool {
        if self.files.len() >= MAX_RECENT {
            self.files
                .retain(|_, at| now.duration_since(*at) < SAME_SAVE);
            if self.files.len() >= MAX_RECENT {
                self.files.clear();
            }
        }
        let before = self.files.insert(self.key.hash_one(path), now);
        before.is_none_or(|at| now.duration_since(at) >= SAME_SAVE)
    }
}

impl Counts {
    fn at(&mut self, path: &Path) -> Option<&mut Change> {
        let app = path
            .ancestors()
            .find_map(|folder| self.folders.get(folder))
            .cloned()?;
        Some(self.changes.entry(app).or_default())
    }

    fn overflowed(&mut self) {
        for app in self.folders.values().cloned().collect::<Vec<_>>() {
            self.changes.entry(app).or_default().incomplete = true;
        }
    }
}

/// Watches the folders that it is told to.
#[derive(Default)]
pub struct Folders {
    counts: Arc<Mutex<Counts>>,
    watcher: Option<RecommendedWatcher>,
    blind_spots: BTreeMap<PathBuf, String>,
    watches: BTreeMap<PathBuf, Watched>,
}

/// What is watched for one folder.
struct Watched {
    /// To take back: the folder alone when it is watched whole.
    directories: Vec<PathBuf>,
    /// Watches that it costs.
    count: usize,
}

/// Why a folder is not watched whole.
enum Blind {
    Watcher(notify::Error),
    Remote,
    Unreadable,
    Limit { watched: usize },
}

impl Folders {
    /// Watches exactly these folders, each for one app.
    pub fn watch(&mut self, folders: BTreeMap<PathBuf, String>) {
        let folders: BTreeMap<PathBuf, String> = folders.into_iter().take(MAX_FOLDERS).collect();
        let before = std::mem::replace(&mut self.lock().folders, folders.clone());
        let gone: Vec<&PathBuf> = before
            .keys()
            .filter(|path| !folders.contains_key(*path))
            .collect();
        let fresh: Vec<(&PathBuf, &String)> = folders
            .iter()
            .filter(|(path, _)| !before.contains_key(*path))
            .collect();
        if folders.is_empty() {
            self.watcher = None;
            self.blind_spots.clear();
            self.watches.clear();
            return;
        }
        for path in gone {
            self.blind_spots.remove(path);
            let watched = self.watches.remove(path);
            for directory in watched.into_iter().flat_map(|own| own.directories) {
                if let Some(watcher) = &mut self.watcher {
                    // A folder that was removed is no longer watched anyway.
                    watcher.unwatch(&directory).ok();
                }
            }
        }
        for (path, app) in fresh {
            if let Err(blind) = self.begin(path) {
                self.lock()
                    .changes
                    .entry(app.clone())
                    .or_default()
                    .incomplete = true;
                let reason = reason(&blind);
                self.blind_spots.insert(
                    path.clone(),
                    format!("changes in the sync folder of {app}: {reason}"),
                );
            }
        }
    }

    /// Watches that may still be made.
    fn watches_left(&self) -> usize {
        let share = apps::watch_limit().map_or(MAX_WATCHES, |limit| {
            usize::try_from(limit / SHARE_OF_LIMIT).unwrap_or(MAX_WATCHES)
        });
        let used: usize = self.watches.values().map(|own| own.count).sum();
        share.min(MAX_WATCHES).saturating_sub(used)
    }

    fn begin(&mut self, path: &Path) -> Result<(), Blind> {
        // Windows and macOS watch a whole tree with one handle.
        let left = if cfg!(target_os = "linux") {
            self.watches_left()
        } else {
            1
        };
        let (directories, complete) = match apps::reach(path, left.max(1)) {
            Reach::Remote => return Err(Blind::Remote),
            Reach::Unreadable => return Err(Blind::Unreadable),
            Reach::Local { .. } if left == 0 => return Err(Blind::Limit { watched: 0 }),
            Reach::Local {
                directories,
                complete,
            } => (directories, complete || !cfg!(target_os = "linux")),
        };
        if self.watcher.is_none() {
            let counts = Arc::clone(&self.counts);
            let watcher = notify::recommended_watcher(move |event| {
                heard(
                    &mut counts.lock().unwrap_or_else(PoisonError::into_inner),
                    event,
                    Instant::now(),
                );
            });
            self.watcher = Some(watcher.map_err(Blind::Watcher)?);
        }
        let Some(watcher) = &mut self.watcher else {
            return Ok(());
        };
        if complete {
            watcher
                .watch(path, RecursiveMode::Recursive)
                .map_err(Blind::Watcher)?;
            let watched = Watched {
                directories: vec![path.to_owned()],
                count: directories.len(),
            };
            self.watches.insert(path.to_owned(), watched);
            return Ok(());
        }
        let watched = directories
            .iter()
            .take_while(|directory| {
                watcher
                    .watch(directory, RecursiveMode::NonRecursive)
                    .is_ok()
            })
            .count();
        let own = Watched {
            directories: directories.into_iter().take(watched).collect(),
            count: watched,
        };
        self.watches.insert(path.to_owned(), own);
        Err(Blind::Limit { watched })
    }

    /// Folders watched for an app.
    pub fn count(&self, app: &str) -> u32 {
        let count = self
            .lock()
            .folders
            .values()
            .filter(|own| *own == app)
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// What changed for an app since it was last settled.
    pub fn changed(&self, app: &str) -> Change {
        self.lock().changes.get(app).copied().unwrap_or_default()
    }

    /// This much was told.
    pub fn settle(&mut self, app: &str, told: Change) {
        let still_blind = self
            .blind_spots
            .keys()
            .any(|path| self.lock().folders.get(path).is_some_and(|own| own == app));
        if let Some(change) = self.lock().changes.get_mut(app) {
            change.files = change.files.saturating_sub(told.files);
            change.bytes = change.bytes.saturating_sub(told.bytes);
            change.incomplete = still_blind;
        }
    }

    /// What is not seen here, and why.
    pub fn blind_spots(&self) -> Vec<String> {
        self.blind_spots.values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn heard(counts: &mut Counts, event: notify::Result<Event>, now: Instant) {
    let Ok(event) = event else {
        counts.overflowed();
        return;
    };
    if event.need_rescan() {
        counts.overflowed();
        return;
    }
    let Some(has_content) = changes(&event.kind, cfg!(target_os = "linux")) else {
        return;
    };
    for path in &event.paths {
        let meta = std::fs::metadata(path).ok();
        // Only the kernel of Linux says which event is about a directory.
        if meta.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            continue;
        }
        let size = meta.filter(|_| has_content).map_or(0, |meta| meta.len());
        if !cfg!(target_os = "linux") && !counts.recent.is_new(path, now) {
            continue;
        }
        if let Some(change) = counts.at(path) {
            change.files = change.files.saturating_add(1);
            change.bytes = change.bytes.saturating_add(size);
        }
    }
}

/// Whether an event is a change that counts, and whether the file's size belongs to it. inotify tells the end of a write; the
/// other systems only tell that there was one.
fn changes(kind: &EventKind, tells_close: bool) -> Option<bool> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(true),
        EventKind::Remove(RemoveKind::File) => Some(false),
        EventKind::Create(CreateKind::File | CreateKind::Any)
        | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any)
        | EventKind::Modify(ModifyKind::Name(RenameMode::Any))
            if !tells_close =>
        {
            Some(true)
        }
        EventKind::Remove(RemoveKind::Any) if !tells_close => Some(false),
        _ => None,
    }
}

/// Without the path that notify's own words hold.
fn reason(blind: &Blind) -> String {
    match blind {
        Blind::Remote => "it lies on a network or FUSE file system, whose changes the kernel does not tell",
        Blind::Unreadable => "gone, or not readable by this agent's account",
        Blind::Limit { watched } => {
            return format!(
                "only its upper {watched} directories are watched: more would take over half of the account's watches \
                 (fs.inotify.max_user_watches)"
            );
        }
        Blind::Watcher(error) => match &error.kind {
            notify::ErrorKind::MaxFilesWatch => {
                "the system's limit of watches is reached (fs.inotify.max_user_watches)"
            }
            notify::ErrorKind::PathNotFound => "the folder is gone",
            notify::ErrorKind::Io(io) if io.kind() == std::io::ErrorKind::PermissionDenied => {
                "not readable by this agent's account"
            }
            _ => "it cannot be watched",
        },
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_save_is_one_change_where_the_system_tells_every_write() {
        let mut recent = Recent::default();
        let now = Instant::now();
        assert!(recent.is_new(Path::new("/a"), now));
        assert!(!recent.is_new(Path::new("/a"), now + Duration::from_secs(1)));
        assert!(recent.is_new(Path::new("/b"), now));
        assert!(recent.is_new(Path::new("/a"), now + Duration::from_secs(4)));
        for index in 0..MAX_RECENT * 3 {
            recent.is_new(Path::new(&format!("/{index}")), now);
        }
        assert!(recent.files.len() <= MAX_RECENT);
        assert_eq!(changes(&EventKind::Modify(ModifyKind::Any), true), None);
        assert_eq!(
            changes(&EventKind::Modify(ModifyKind::Any), false),
            Some(true)
        );
        assert_eq!(changes(&EventKind::Remove(RemoveKind::Folder), false), None);
    }

    #[test]
    fn an_overflow_makes_every_count_a_lower_bound() {
        let mut counts = Counts::default();
        counts.folders.insert("/h/Dropbox".into(), "dropbox".into());
        let event = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        heard(&mut counts, Ok(event), Instant::now());
        assert!(counts.changes["dropbox"].incomplete);
    }

    #[test]
    fn counts_changes_once_and_names_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap();
        let folder = home.join("Dropbox");
        std::fs::create_dir_all(folder.join("deep/er")).unwrap();
        let mut folders = Folders::default();
        folders.watch(
            [
                (folder.clone(), "dropbox".to_owned()),
                (home.join("none"), "mega".to_owned()),
            ]
            .into(),
        );
        assert_eq!(
            (folders.count("dropbox"), folders.blind_spots().len()),
            (1, 1)
        );
        assert!(folders.changed("mega").incomplete);
        std::fs::write(folder.join("deep/er/secret.txt"), [0; 1000]).unwrap();
        std::fs::write(folder.join("other.txt"), [0; 500]).unwrap();
        std::fs::remove_file(folder.join("other.txt")).unwrap();
        std::fs::write(home.join("outside.txt"), [0; 500]).unwrap();
        let begun = Instant::now();
        while folders.changed("dropbox").files < 3 && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let change = folders.changed("dropbox");
        assert_eq!((change.files, change.incomplete), (3, false));
        assert!(change.bytes >= 1000);
        folders.settle("dropbox", change);
        assert_eq!(folders.changed("dropbox"), Change::default());
    }
}
