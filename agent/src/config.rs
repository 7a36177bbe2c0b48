//! The agent's few settings: a file (annotated default: `agent.toml`), overridden by `WEFT_*`, overridden by the command line.
//!
//! Invariant: everything works without a file. An unknown key is an error that names the nearest key.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The annotated default file: documentation and default at once.
pub const DEFAULT: &str = include_str!("../agent.toml");

const KEYS: [&str; 2] = ["state", "log"];

/// The effective settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Spool, identity, journals.
    pub state: PathBuf,
    /// What goes to stderr, e.g. "info" or "weft_agent=debug".
    pub log: String,
    /// The tree to look at; only `probe` changes it.
    pub root: PathBuf,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML, or a value has the wrong type.
    #[error("{}: {reason}", .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A key that does not exist.
    #[error("{}: unknown key {key:?}{}", .path.display(), hint(.nearest))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// As written.
        key: String,
        /// What was meant, perhaps.
        nearest: Option<&'static str>,
    },
}

fn hint(nearest: &Option<&'static str>) -> String {
    nearest
        .map(|key| format!(": did you mean {key:?}?"))
        .unwrap_or_default()
}

#[derive(Default, Deserialize)]
struct File {
    state: Option<PathBuf>,
    log: Option<String>,
}

/// What the command line said.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--state`
    pub state: Option<PathBuf>,
    /// `--config`
    pub file: Option<PathBuf>,
}

impl Config {
    /// Puts the settings together.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(
        overrides: &Overrides,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let is_system = weft_agent_sys::account::current().is_root;
        let dirs = weft_agent_sys::dirs::locate(is_system, &env);
        let named = overrides
            .file
            .clone()
            .or_else(|| env("WEFT_CONFIG").map(PathBuf::from));
        let file = match named {
            Some(path) => read(&path)?,
            None => match dirs.config.join("agent.toml") {
                path if path.exists() => read(&path)?,
                _ => File::default(),
            },
        };
        Ok(Self {
            state: overrides
                .state
                .clone()
                .or_else(|| env("WEFT_STATE").map(PathBuf::from))
                .or(file.state)
                .unwrap_or(dirs.state),
            log: env("WEFT_LOG")
                .or(file.log)
                .unwrap_or_else(|| "info".into()),
            root: PathBuf::from("/"),
        })
    }
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<File, ConfigError> {
    let bad = |error: toml::de::Error| ConfigError::Parse {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let table: toml::Table = text.parse().map_err(bad)?;
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let distance = |known: &&str| strsim::damerau_levenshtein(known, key);
        let nearest = KEYS
            .into_iter()
            .min_by_key(|known| distance(known))
            .filter(|known| distance(known) <= 3);
        return Err(ConfigError::UnknownKey {
            path: path.to_owned(),
            key: key.clone(),
            nearest,
        });
    }
    table.try_into().map_err(bad)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_default_file_is_valid_and_names_every_key() {
        parse(DEFAULT, Path::new("agent.toml"))
            .map_err(|error| error.to_string())
            .unwrap();
        for key in KEYS {
            assert!(DEFAULT.contains(&format!("{key} =")), "{key}");
        }
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let Err(error) = parse("stat = '/x'", Path::new("a.toml")) else {
            panic!("accepted")
        };
        assert_eq!(
            error.to_string(),
            "a.toml: unknown key \"stat\": did you mean \"state\"?"
        );
    }

    #[test]
    fn the_command_line_outranks_the_environment() {
        let env = |name: &str| (name == "WEFT_STATE").then(|| "/from/env".to_owned());
        let overrides = Overrides {
            state: Some("/from/line".into()),
            file: None,
        };
        assert_eq!(
            Config::load(&overrides, env).unwrap().state,
            PathBuf::from("/from/line")
        );
        assert_eq!(
            Config::load(&Overrides::default(), env).unwrap().state,
            PathBuf::from("/from/env")
        );
    }
}
