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

/// One thread is enough for one connection.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, u8> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Only name resolution uses them.
        .max_blocking_threads(2)
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
