//! The child's words on disk, with a limit: the newest lines in `engine.log`, older ones in `engine.log.1`, no more.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// By, per file. Two such files hold days of warnings; an engine that complains in a loop cannot fill the disk.
const LIMIT: u64 = 4 * 1024 * 1024;

/// By of the tail shown in an error: the last dozen lines.
const TAIL: usize = 2_000;

/// Copies what the child writes until it ends. Losing a line for a full disk must not stop the engine: errors are dropped.
pub async fn copy(mut from: impl AsyncRead + Unpin, to: PathBuf) {
    let mut buffer = vec![0_u8; 8 * 1024];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        let _ = append(&to, &buffer[..read]);
    }
}

fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > LIMIT) {
        std::fs::rename(path, path.with_extension("log.1"))?;
    }
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?
        .write_all(bytes)
}

/// The end of the log, for an error message.
pub fn tail(path: &Path) -> String {
    let Ok(bytes) = std::fs::read(path) else {
        return "(no log)".to_owned();
    };
    let from = bytes.len().saturating_sub(TAIL);
    String::from_utf8_lossy(&bytes[from..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_log_never_grows_beyond_two_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("engine.log");
        let line = vec![b'x'; 1024 * 1024];
        for _ in 0..20 {
            append(&path, &line).unwrap();
        }
        let sizes: u64 = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().metadata().unwrap().len())
            .sum();
        assert!(sizes <= 2 * (LIMIT + 1024 * 1024), "{sizes}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
