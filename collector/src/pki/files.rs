//! The authority's files: `ca-<n>.pem`, `ca-<n>.key` per generation, `serving` with the number of the one that signs the
//! collector's own certificate, and `ca.pem` with every anchor, for agents that enrol.
//!
//! **Invariant:** a key file is readable by its owner only from its first byte on, and a generation counts only when its
//! certificate is there, which is written last.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::PkiError;

pub fn certificate(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("ca-{number}.pem"))
}

pub fn key(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("ca-{number}.key"))
}

fn serving_file(dir: &Path) -> PathBuf {
    dir.join("serving")
}

/// Numbers of the generations, oldest first; empty when the directory is missing.
pub fn generations(dir: &Path) -> Result<Vec<u32>, PkiError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(dir)(source)),
    };
    let mut numbers: Vec<u32> = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed(dir))?.file_name();
        let number: Option<u32> = name
            .to_str()
            .and_then(|name| name.strip_prefix("ca-"))
            .and_then(|name| name.strip_suffix(".pem"))
            .and_then(|number| number.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

pub fn serving(dir: &Path) -> Result<Option<u32>, PkiError> {
    let path = serving_file(dir);
    match fs::read_to_string(&path) {
        Ok(text) => match text.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(PkiError::Damaged {
                path,
                reason: "it does not hold a number".to_owned(),
            }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(&path)(source)),
    }
}

pub fn set_serving(dir: &Path, number: u32) -> Result<(), PkiError> {
    write(&serving_file(dir), format!("{number}\n").as_bytes())
}

/// Keeps `ca.pem`, every anchor in one file for agents that enrol, up to date.
pub fn export(dir: &Path, anchors: &str) -> Result<(), PkiError> {
    let path = dir.join("ca.pem");
    if fs::read_to_string(&path).is_ok_and(|old| old == anchors) {
        return Ok(());
    }
    write(&path, anchors.as_bytes())
}

/// Makes the directory for its owner only.
pub fn prepare(dir: &Path) -> Result<(), PkiError> {
    fs::create_dir_all(dir).map_err(failed(dir))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(failed(dir))?;
    }
    Ok(())
}

pub fn read(path: &Path) -> Result<String, PkiError> {
    fs::read_to_string(path).map_err(failed(path))
}

pub fn remove(path: &Path) -> Result<(), PkiError> {
    fs::remove_file(path).map_err(failed(path))
}

/// Whole or not at all: a file beside it, synced, then renamed.
pub fn write(path: &Path, content: &[u8]) -> Result<(), PkiError> {
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    written.map_err(failed(path))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> PkiError + '_ {
    |source| PkiError::File {
        path: path.to_owned(),
        source,
    }
}
