//! The file operations that the spool needs, as a trait, so that a test can fail each of them on purpose.
//!
//! Invariant: nothing else in this crate touches a file. [`Disk`] is the real one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

/// A file system.
pub trait Fs {
    /// An open file.
    type File;
    /// Held while a process owns the spool; dropping releases it.
    type Lock;

    /// Creates the directory and its parents, readable by the owner alone.
    fn prepare(&self, dir: &Path) -> io::Result<()>;
    /// Takes the lock, or `None` when another process has it.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;
    /// Names and lengths of the files in a directory.
    fn list(&self, dir: &Path) -> io::Result<Vec<(String, u64)>>;
    /// The whole content of a small file.
    fn load(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// An empty file, replacing what was there.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// An existing file, for reading.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// Reads at an offset; 0 is the end.
    fn read_at(&self, file: &mut Self::File, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    /// Writes everything at an offset.
    fn write_at(&self, file: &mut Self::File, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts or extends.
    fn truncate(&self, file: &mut Self::File, len: u64) -> io::Result<()>;
    /// Makes the content durable.
    fn sync(&self, file: &mut Self::File) -> io::Result<()>;
    /// Replaces atomically.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes creations, renames and removals in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// The machine's own file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Fs for Disk {
    type File = File;
    type Lock = File;

    fn prepare(&self, dir: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<File>> {
        let file = match private().create(true).write(true).open(path) {
            // The lock needs no writing once its file is there.
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => File::open(path)?,
            opened => opened?,
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            // Names that are not UTF-8 are not ours.
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                files.push((name, metadata.len()));
            }
        }
        Ok(files)
    }

    fn load(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        private()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn read_at(&self, file: &mut File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        file.seek(SeekFrom::Start(offset))?;
        file.read(into)
    }

    fn write_at(&self, file: &mut File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    fn truncate(&self, file: &mut File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn sync(&self, file: &mut File) -> io::Result<()> {
        file.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    // Windows has no way to flush a directory; NTFS journals its entries.
    #[cfg(not(unix))]
    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }
}

fn private() -> OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
