//! How much changes in sync folders: counts and bytes, never names.
//!
//! Invariant: a name is looked at only to ask its size, inside the callback, and is gone when it returns. Whatever makes the
//! counts incomplete (overflow, the system's watch limit, a network file system) is said, not hidden.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind, RemoveKind, RenameMode},
};

/// More sync folders than this belong to a server.
const MAX_FOLDERS: usize = 64;

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
            return;
        }
        for path in gone {
            self.blind_spots.remove(path);
            if let Some(watcher) = &mut self.watcher {
                // A folder that was removed is no longer watched anyway.
                watcher.unwatch(path).ok();
            }
        }
        for (path, app) in fresh {
            if let Err(error) = self.begin(path) {
                self.lock()
                    .changes
                    .entry(app.clone())
                    .or_default()
                    .incomplete = true;
                self.blind_spots.insert(
                    path.clone(),
                    format!("changes in the sync folder of {app}: {}", reason(&error)),
                );
            }
        }
    }

    fn begin(&mut self, path: &Path) -> notify::Result<()> {
        if self.watcher.is_none() {
            let counts = Arc::clone(&self.counts);
            self.watcher = Some(notify::recommended_watcher(move |event| {
                heard(
                    &mut counts.lock().unwrap_or_else(PoisonError::into_inner),
                    event,
                );
            })?);
        }
        match &mut self.watcher {
            Some(watcher) => watcher.watch(path, RecursiveMode::Recursive),
            None => Ok(()),
        }
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

fn heard(counts: &mut Counts, event: notify::Result<Event>) {
    let Ok(event) = event else {
        counts.overflowed();
        return;
    };
    if event.need_rescan() {
        counts.overflowed();
        return;
    }
    let has_content = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => true,
        EventKind::Remove(RemoveKind::File) => false,
        _ => return,
    };
    for path in &event.paths {
        let size = if has_content {
            std::fs::metadata(path)
                .map(|metadata| metadata.len())
                .unwrap_or(0)
        } else {
            0
        };
        if let Some(change) = counts.at(path) {
            change.files = change.files.saturating_add(1);
            change.bytes = change.bytes.saturating_add(size);
        }
    }
}

/// Without the path that notify's own words hold.
fn reason(error: &notify::Error) -> &'static str {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of watches is reached (fs.inotify.max_user_watches)"
        }
        notify::ErrorKind::PathNotFound => "the folder is gone",
        notify::ErrorKind::Io(io) if io.kind() == std::io::ErrorKind::PermissionDenied => {
            "not readable by this agent's account"
        }
        _ => "it cannot be watched",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::{Duration, Instant};

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
