//! What the operator may set. `collector/config.toml` is the documentation and the default in one.
//!
//! **Invariant:** a key that the default file does not have is an error that names the nearest one; so a spelling
//! mistake never silently leaves a default in force.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use weft_collector_core::impact::Minutes;
use weft_collector_store::telemetry::KeepDays;

use crate::{
    calls::{Template, Unfit},
    mail::{self, settings::Settings},
    threads::connector::{Line, Reach, line::Unreadable},
    vault::{Source, Vault, keys::Unusable},
};

mod keys;
mod lasting;

pub use lasting::Lasting;

/// The annotated default file.
pub const DEFAULT: &str = include_str!("../config.toml");

/// Before each variable: `WEFT_COLLECTOR__SECTION__KEY`.
pub const ENVIRONMENT_PREFIX: &str = "WEFT_COLLECTOR__";

/// A day: no restart costs more.
const MOST_MINUTES: f64 = 1_440.0;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {source}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{origin} is not valid TOML: {source}")]
    Syntax {
        origin: String,
        source: toml::de::Error,
    },
    #[error("{origin}: there is no setting {key:?}{}", hint(nearest))]
    UnknownKey {
        origin: String,
        key: String,
        nearest: Option<String>,
    },
    #[error("{origin}: {key} = {value:?} is not {expected}")]
    Value {
        origin: String,
        key: String,
        value: String,
        expected: String,
    },
    #[error(transparent)]
    Call(#[from] Unfit),
    #[error("connect.private: {0}")]
    Private(#[from] Unreadable),
    #[error("connect.proxy cannot be used: {0}")]
    Proxy(reqwest::Error),
    #[error(transparent)]
    Mail(#[from] mail::settings::Unfit),
    #[error("control.secrets_key: {0}")]
    SecretsKey(Unusable),
    #[error("{key} = {minutes}: minutes of one event, from 0 to {MOST_MINUTES}")]
    Minutes { key: String, minutes: f64 },
    #[error("the configuration does not hold together: {0}")]
    Shape(#[from] toml::de::Error),
}

fn hint(nearest: &Option<String>) -> String {
    match nearest {
        Some(key) => format!("; did you mean {key:?}?"),
        None => "; `weft-collector check` prints every setting".to_owned(),
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub data: Data,
    pub grpc: Grpc,
    pub http: Http,
    pub engine: Engine,
    pub control: Control,
    pub keep_days: KeepDays,
    pub certificates: Certificates,
    pub detect: Detect,
    pub threads: Threads,
    pub connect: Connect,
    pub impact: Minutes,
    pub mail: Mail,
    pub limits: Limits,
    pub log: Log,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    pub dir: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grpc {
    pub listen: SocketAddr,
    pub names: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub listen: SocketAddr,
    pub public_url: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    pub library: String,
    pub version: String,
    pub url: String,
    pub user: String,
    pub password: SecretString,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    pub url: SecretString,
    pub secrets_key_file: String,
    pub secrets_key: SecretString,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    pub device_validity: Lasting,
    pub server_validity: Lasting,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detect {
    pub interval: Lasting,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threads {
    pub call_url: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    pub private: Vec<String>,
    pub proxy: SecretString,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub smtp: SecretString,
    pub from: String,
    pub name: String,
    pub reply: String,
    pub imap: SecretString,
    pub done: String,
    pub ca: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub handshakes: usize,
    pub handshake_timeout: Lasting,
    pub connections: usize,
    pub window: u32,
    pub report_observations: usize,
    pub queue_bytes: usize,
    pub batch_observations: usize,
    pub batch_delay: Lasting,
    pub refusals_per_minute: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Defaults, then the file, then the environment.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let config: Self = keys::effective(file, environment)?.try_into()?;
        config.call_template()?;
        config.check_minutes()?;
        config.check_connect()?;
        config.check_secrets_key()?;
        config.mail_settings()?;
        Ok(config)
    }

    /// The effective configuration as TOML with its secrets masked: what `check` prints.
    pub fn masked(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<String, ConfigError> {
        Ok(keys::masked(keys::effective(file, environment)?).to_string())
    }

    /// The control database's address; SQLite in the data directory when none was set.
    pub fn control_url(&self) -> String {
        match self.control.url.expose_secret() {
            "" => format!("sqlite:{}", self.data.dir.join("weft.db").display()),
            url => url.to_owned(),
        }
    }

    /// Where the keys are that seal secrets in the control database.
    pub fn secrets_key(&self) -> Source {
        let key = &self.control.secrets_key;
        match (key.expose_secret(), self.control.secrets_key_file.as_str()) {
            ("", "") => Source::File(self.pki_dir().join("secrets.key")),
            ("", path) => Source::File(path.into()),
            _ => Source::Given(key.clone()),
        }
    }

    pub fn public_url(&self) -> String {
        match self.http.public_url.trim_end_matches('/') {
            "" => format!("http://{}", self.http.listen),
            url => url.to_owned(),
        }
    }

    /// How call links are made; `None`: calls are off.
    pub fn call_template(&self) -> Result<Option<Template>, ConfigError> {
        Ok(Template::read(&self.threads.call_url)?)
    }

    /// The way out to other systems.
    pub fn line(&self) -> Result<Line, ConfigError> {
        let reach = Reach::read(&self.connect.private)?;
        Line::new(reach, self.connect.proxy.expose_secret()).map_err(ConfigError::Proxy)
    }

    /// What [`Config::line`] would stumble over, without opening anything.
    fn check_connect(&self) -> Result<(), ConfigError> {
        Reach::read(&self.connect.private)?;
        match self.connect.proxy.expose_secret() {
            "" => Ok(()),
            proxy => reqwest::Proxy::all(proxy)
                .map(drop)
                .map_err(ConfigError::Proxy),
        }
    }

    /// A key that was written here is a key. A file is looked at when the house opens.
    fn check_secrets_key(&self) -> Result<(), ConfigError> {
        match self.secrets_key() {
            given @ Source::Given(_) => Vault::at(given).fault().map_err(ConfigError::SecretsKey),
            Source::File(_) => Ok(()),
        }
    }

    /// How mail goes out and comes in; `None`: mail is off.
    pub fn mail_settings(&self) -> Result<Option<Settings>, ConfigError> {
        Ok(Settings::read(&self.mail, &self.public_url())?)
    }

    /// Minutes are multiplied and shown: each must be a number that a person could mean.
    fn check_minutes(&self) -> Result<(), ConfigError> {
        let Minutes {
            crash,
            forced_off,
            power_loss_or_hang,
            failed_boot,
            update,
        } = self.impact;
        let named = [
            ("crash", crash),
            ("forced_off", forced_off),
            ("power_loss_or_hang", power_loss_or_hang),
            ("failed_boot", failed_boot),
            ("update", update),
        ];
        match named
            .into_iter()
            .find(|(_, minutes)| !(0.0..=MOST_MINUTES).contains(minutes))
        {
            Some((key, minutes)) => Err(ConfigError::Minutes {
                key: format!("impact.{key}"),
                minutes,
            }),
            None => Ok(()),
        }
    }

    pub fn pki_dir(&self) -> PathBuf {
        self.data.dir.join("pki")
    }

    pub fn engine_dir(&self) -> PathBuf {
        self.data.dir.join("engine")
    }

    pub fn detect_interval(&self) -> Duration {
        self.detect.interval.0
    }
}

#[cfg(test)]
mod tests;
