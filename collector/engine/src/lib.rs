//! The embedded ClickHouse: a complete engine in one shared library, run as a child process.
//!
//! **Invariant: the child never outlives its parent.** The parent holds the child's standard input; the child leaves the
//! moment that pipe ends, however the parent died. This crate knows nothing of tables or telemetry: it hands out an
//! [`Endpoint`], and a ClickHouse server elsewhere would give the same.
//!
//! ```text
//! collector ── Engine::start ──> supervisor ──spawn──> the same program, `engine --config X --library Y`
//!     │                             │   ^                   │ dlopen(libchdb.so), runs for ever
//!     │                             └───┘ backoff, restart  │
//!     └──────────── HTTP on 127.0.0.1:<port> ───────────────┘
//! ```
//!
//! Port and password are chosen once per [`Engine`], so an endpoint stays valid across restarts of the child.

mod child;
mod config;
mod library;
mod log;
mod probe;
mod supervisor;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;

pub use child::child_main;
pub use library::{LIBRARY_VARIABLE, Places, VERSION};
pub use supervisor::Engine;

/// How long a start may take. Measured: 0.4 to 0.8 s on two idle cores; a table with many parts or a loaded machine takes
/// longer, and a predecessor that has not let go of the data directory yet is waited for.
pub const START_TIMEOUT: Duration = Duration::from_secs(60);

/// What an engine needs to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// `libchdb.so`, see [`Places::find`].
    pub library: PathBuf,
    /// Directory of its own; made when missing. Only one engine can use it at a time.
    pub data: PathBuf,
    /// Program to run as the child, usually the current executable. It must call [`child_main`].
    pub program: PathBuf,
    /// Arguments before `--config X --library Y`, usually the hidden subcommand `engine`.
    pub arguments: Vec<OsString>,
}

/// Where a ClickHouse server answers HTTP.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// E.g. `http://127.0.0.1:41023`.
    pub url: String,
    pub user: String,
    pub password: SecretString,
}

/// Why the engine does not run. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the ClickHouse library libchdb.so was not found; looked at: {}. \
         Run `cargo xtask demo` once (it fetches the library), or set `library` under [engine] in the configuration, \
         or the variable {LIBRARY_VARIABLE}",
        list(looked)
    )]
    LibraryMissing { looked: Vec<PathBuf> },
    #[error("cannot prepare the engine's directory {path}: {source}")]
    Directory {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("no free port on 127.0.0.1 for the engine: {0}")]
    Port(std::io::Error),
    #[error("cannot run {program} as the engine: {source}")]
    Spawn {
        program: PathBuf,
        source: std::io::Error,
    },
    #[error("the engine did not answer within {} s; the end of {log}:\n{tail}", START_TIMEOUT.as_secs())]
    NotReady { log: PathBuf, tail: String },
}

fn list(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "nowhere (no place is known)".to_owned();
    }
    let words: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    words.join(", ")
}

fn directory_error(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    |source| Error::Directory {
        path: path.to_owned(),
        source,
    }
}
