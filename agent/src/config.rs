//! The agent's few settings: a file (annotated default: `agent.toml`), overridden by `WEFT_*`, overridden by the command line.
//!
//! Invariant: everything works without a file. An unknown key is an error that names the nearest key.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{
    join::Offer,
    network::Network,
    transport::{Proxies, pem_file, proxy::BadProxy, way::Choice},
};

/// The annotated default file: documentation and default at once.
pub const DEFAULT: &str = include_str!("../agent.toml");

const KEYS: [&str; 7] = [
    "state",
    "log",
    "proxy",
    "no_proxy",
    "ca",
    "trust",
    "transport",
];

/// The effective settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Spool, identity, journals.
    pub state: PathBuf,
    /// What goes to stderr, e.g. "info" or "weft_agent=debug".
    pub log: String,
    /// The tree to look at; only `probe` and measurements change it.
    pub root: PathBuf,
    /// The way to the collector.
    pub network: Network,
    /// How a laptop that is not enrolled yet enrols by itself.
    pub offer: Option<Offer>,
}

/// A variable as the machine says it: what IT enforces (group policy, configuration profile), then the environment, then what
/// the installer was told.
pub fn environment(name: &str) -> Option<String> {
    weft_agent_sys::managed::enforced(name)
        .or_else(|| std::env::var(name).ok())
        .or_else(|| weft_agent_sys::managed::installed(name))
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
    /// The proxy.
    #[error(transparent)]
    Proxy(#[from] BadProxy),
    /// `ca` names no bundle of certificates.
    #[error("ca: {}: {reason}", .path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// `WEFT_SERVER` names no collector.
    #[error("WEFT_SERVER: {found:?}: {reason}")]
    Server {
        /// As written.
        found: String,
        /// Why.
        reason: String,
    },
    /// A word that is none of those that are known.
    #[error("{key}: {found:?} is not known: write {known}")]
    Word {
        /// The key.
        key: &'static str,
        /// As written.
        found: String,
        /// What may be written.
        known: &'static str,
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
    proxy: Option<String>,
    no_proxy: Option<String>,
    ca: Option<PathBuf>,
    trust: Option<String>,
    transport: Option<String>,
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
            network: network(&file, &env)?,
            offer: Offer::from_env(&env)?,
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

/// The way to the collector: `WEFT_*` outranks the file, the file outranks what other programs use.
fn network(file: &File, env: &impl Fn(&str) -> Option<String>) -> Result<Network, ConfigError> {
    let said = |variable: &str, key: &Option<String>| {
        let variable = env(variable).filter(|value| !value.trim().is_empty());
        variable.or_else(|| key.clone())
    };
    let mut network = Network::from_env(env);
    if let Some(no_proxy) = said("WEFT_NO_PROXY", &file.no_proxy) {
        network.exceptions = no_proxy;
    }
    if let Some(proxy) = said("WEFT_PROXY", &file.proxy) {
        network.explicit = Some(Proxies::new(&proxy, &network.exceptions, "proxy")?);
    }
    let ca = env("WEFT_CA")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| file.ca.clone());
    if let Some(path) = ca {
        let bad = |reason: String| ConfigError::Ca {
            path: path.clone(),
            reason,
        };
        network.anchors = pem_file(&path).map_err(bad)?;
        if network.anchors.is_empty() {
            return Err(bad("holds no certificate in PEM form".into()));
        }
    }
    network.trust_system = match said("WEFT_TRUST", &file.trust).as_deref() {
        None | Some("pinned") => false,
        Some("system") => true,
        Some(found) => return Err(word("trust", found, "\"pinned\" or \"system\"")),
    };
    network.choice = match said("WEFT_TRANSPORT", &file.transport).as_deref() {
        None | Some("auto") => Choice::Auto,
        Some("http2") => Choice::Http2,
        Some("http1") => Choice::Http1,
        Some(found) => return Err(word("transport", found, "\"auto\", \"http2\" or \"http1\"")),
    };
    Ok(network)
}

fn word(key: &'static str, found: &str, known: &'static str) -> ConfigError {
    ConfigError::Word {
        key,
        found: found.to_owned(),
        known,
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
    fn the_way_is_checked_and_passwords_are_not_repeated() {
        let file =
            |text: &str| network(&parse(text, Path::new("a.toml")).unwrap(), &|_: &str| None);
        let good = file("proxy = 'http://anna:s3cret@proxy:3128'\nno_proxy = '10.0.0.0/8'\ntrust = 'system'\ntransport = 'http1'").unwrap();
        assert!(good.trust_system && good.choice == Choice::Http1);
        assert!(!format!("{good:?}").contains("s3cret"));
        for (text, words) in [
            ("proxy = 'socks5://anna:s3cret@x'", "SOCKS"),
            ("trust = 'everybody'", "\"pinned\" or \"system\""),
            ("transport = 'http3'", "\"auto\""),
            ("ca = '/does/not/exist.pem'", "/does/not/exist.pem"),
        ] {
            let error = file(text).unwrap_err().to_string();
            assert!(
                error.contains(words) && !error.contains("s3cret"),
                "{error}"
            );
        }
        let outranked = |name: &str| (name == "WEFT_PROXY").then(|| "none".to_owned());
        let none = network(
            &parse("proxy = 'http://x:1'", Path::new("a.toml")).unwrap(),
            &outranked,
        )
        .unwrap();
        assert!(!none.explicit.unwrap().is_set());
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
