//! Where words and data go.
//!
//! Invariant: a reader that closes the pipe early (`| head`) is no error.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

/// Says why on stderr and passes the exit code on.
pub(super) fn failed(error: &dyn std::error::Error, code: u8) -> u8 {
    eprintln!("weft-agent: {error}");
    code
}

/// Progress on stderr.
pub(super) fn trace(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let is_terminal = io::IsTerminal::is_terminal(&io::stderr());
    // A second initialisation, in tests, is harmless.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(is_terminal)
        .with_target(false)
        .try_init()
        .ok();
}

/// A log that is larger is begun anew, the old one kept beside it.
#[cfg(windows)]
const LOG_LIMIT: u64 = 4 * 1024 * 1024;

/// Progress in a file, for a service that has no standard error.
#[cfg(windows)]
pub(super) fn trace_to_file(filter: &str, path: &std::path::Path) {
    if std::fs::metadata(path).is_ok_and(|meta| meta.len() > LOG_LIMIT) {
        // A log that cannot be moved is written on.
        let _ = std::fs::rename(path, path.with_extension("old.log"));
    }
    let Ok(file) = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
    else {
        return;
    };
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::sync::Mutex::new(file))
        .with_ansi(false)
        .with_target(false)
        .try_init()
        .ok();
}

/// One thread is enough for one connection.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, u8> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // For what may hang: name resolution, the spool, the state directory's small files, Windows' service channel. Each
        // has one at a time, and none may wait for another's disk.
        .max_blocking_threads(8)
        .thread_keep_alive(std::time::Duration::from_secs(5))
        .build()
        .map_err(|error| failed(&error, 1))
}

/// Prints through a buffer.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> u8 {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => failed(&error, 1),
        _ => 0,
    }
}

/// One JSON value and a line end.
pub(super) fn line(out: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
