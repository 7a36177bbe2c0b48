//! Where `libchdb.so` lies: configuration, environment, cache, in this order; the first that is named wins.
//!
//! It only looks. Fetching is the work of `cargo xtask` and of packages.

use std::path::{Path, PathBuf};

use crate::Error;

/// The pinned release; the cache keeps each release in a directory of its name.
pub const VERSION: &str = "26.7.3-stable.1";

/// Environment variable that names the library.
pub const LIBRARY_VARIABLE: &str = "WEFT_ENGINE_LIBRARY";

const FILE: &str = "libchdb.so";

/// The places of one process. Only `main` (and tests) read them from the environment.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// `[engine] library` of the configuration.
    pub configured: Option<PathBuf>,
    /// Value of [`LIBRARY_VARIABLE`].
    pub variable: Option<PathBuf>,
    /// `$XDG_CACHE_HOME`, or `~/.cache`.
    pub cache: Option<PathBuf>,
    /// Empty: [`VERSION`].
    pub version: String,
}

impl Places {
    pub fn from_environment(configured: Option<PathBuf>, version: String) -> Self {
        let path = |name| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        Self {
            configured,
            variable: path(LIBRARY_VARIABLE),
            cache: path("XDG_CACHE_HOME").or_else(|| path("HOME").map(|home| home.join(".cache"))),
            version,
        }
    }

    /// The library's path. A place that somebody named must exist: falling through to another release would surprise.
    pub fn find(&self) -> Result<PathBuf, Error> {
        let named = self.configured.as_ref().or(self.variable.as_ref());
        let candidates: Vec<PathBuf> = match named {
            Some(path) if path.is_dir() => vec![path.join(FILE)],
            Some(path) => vec![path.clone()],
            None => self.cached().into_iter().collect(),
        };
        candidates
            .iter()
            .find(|path| path.is_file())
            .cloned()
            .ok_or(Error::LibraryMissing { looked: candidates })
    }

    fn cached(&self) -> Option<PathBuf> {
        let version = if self.version.is_empty() {
            VERSION
        } else {
            &self.version
        };
        let cache: &Path = self.cache.as_deref()?;
        Some(cache.join("weft").join("engine").join(version).join(FILE))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_named_library_must_exist_and_wins() {
        let dir = tempfile::tempdir().unwrap();
        let cached = dir.path().join("weft/engine").join(VERSION);
        std::fs::create_dir_all(&cached).unwrap();
        std::fs::write(cached.join(FILE), b"").unwrap();
        let mut places = Places {
            cache: Some(dir.path().to_owned()),
            ..Places::default()
        };
        assert_eq!(places.find().unwrap(), cached.join(FILE));

        places.variable = Some(dir.path().join("elsewhere.so"));
        let error = places.find().unwrap_err().to_string();
        assert!(
            error.contains("elsewhere.so") && error.contains("cargo xtask demo"),
            "{error}"
        );

        places.configured = Some(cached.clone());
        assert_eq!(
            places.find().unwrap(),
            cached.join(FILE),
            "a directory may be named too"
        );
    }
}
