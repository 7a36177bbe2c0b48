//! Who this device is: its certificate, its key, and the authorities that it trusts.
//!
//! Invariant: certificate and key change together, because they are one file that is replaced whole (mode 0600, through
//! `weft_agent_sys::secret`). A renewed identity waits in a second file until a connection has proven it; until then the
//! old one stays.

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::transport::{ClientCertificate, Proxies, Server, Target};

const CURRENT: &str = "identity.json";
const RENEWED: &str = "identity.renewed.json";
const INSTALLATION: &str = "installation";

/// 16 random bytes that make a repeated enrolment of one installation the same device.
pub type InstallationId = [u8; weft_proto::ID_BYTES];

/// An enrolled device.
#[derive(Clone)]
pub struct Identity {
    /// UUID, given by the collector.
    pub device_id: String,
    /// The name that IT or the token gave.
    pub device_name: String,
    /// The collector.
    pub server: Server,
    /// Certificate chain and key.
    pub client: ClientCertificate,
    /// The authorities to trust.
    pub anchors: Vec<CertificateDer<'static>>,
    /// When to renew.
    pub renew_after: Timestamp,
    /// When this certificate came.
    pub enrolled_at: Timestamp,
    /// The proxy that enrolment was told, with its credentials; the settings outrank it.
    pub proxy: Option<Zeroizing<String>>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Nobody enrolled.
    #[error("this device is not enrolled (nothing at {}): run `weft-agent enroll --server URL --token TOKEN`", .0.display())]
    NotEnrolled(PathBuf),
    /// Another account has one.
    #[error("the identity at {} may not be read by this account", .0.display())]
    Forbidden(PathBuf),
    /// The file cannot be used.
    #[error("the identity at {} cannot be used: {reason}", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// As it lies on disk. Byte strings are hex.
#[derive(Serialize, Deserialize)]
struct Stored {
    device_id: String,
    device_name: String,
    server: String,
    certificate_chain: Vec<String>,
    key: String,
    trust_anchors: Vec<String>,
    renew_after: Timestamp,
    enrolled_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.key.zeroize();
        self.proxy.zeroize();
    }
}

impl Identity {
    /// How to connect as this device, directly, trusting what enrolment pinned; the settings may add to it
    /// ([`crate::config::Config::target`]).
    pub fn target(&self) -> Target {
        Target {
            server: self.server.clone(),
            anchors: self.anchors.clone(),
            trust_system: false,
            client: Some(self.client.clone()),
            proxies: Proxies::default(),
        }
    }

    /// The end of the certificate, when it can be read.
    pub fn expires(&self) -> Option<Timestamp> {
        let (_, certificate) =
            x509_parser::parse_x509_certificate(self.client.chain.first()?).ok()?;
        Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
    }

    /// Reads the identity in force.
    ///
    /// # Errors
    /// Not enrolled, or a file that others can read or that is damaged.
    pub fn load(state: &Path) -> Result<Self, IdentityError> {
        read(&state.join(CURRENT))
    }

    /// Reads an identity that was renewed but not proven yet.
    pub fn load_renewed(state: &Path) -> Option<Self> {
        read(&state.join(RENEWED)).ok()
    }

    /// Puts this identity in force.
    ///
    /// # Errors
    /// From the file system; the old identity then stays.
    pub fn save(&self, state: &Path) -> io::Result<()> {
        crate::state::prepare(state)?;
        self.write(&state.join(CURRENT))
    }

    /// Keeps this identity aside until it is proven.
    ///
    /// # Errors
    /// From the file system.
    pub fn save_renewed(&self, state: &Path) -> io::Result<()> {
        self.write(&state.join(RENEWED))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let stored = Stored {
            device_id: self.device_id.clone(),
            device_name: self.device_name.clone(),
            server: self.server.to_string(),
            certificate_chain: self.client.chain.iter().map(hex::encode).collect(),
            key: hex::encode(self.client.key.as_slice()),
            trust_anchors: self.anchors.iter().map(hex::encode).collect(),
            renew_after: self.renew_after,
            enrolled_at: self.enrolled_at,
            proxy: self.proxy.as_deref().cloned(),
        };
        let json = Zeroizing::new(serde_json::to_vec_pretty(&stored)?);
        weft_agent_sys::secret::write(path, &json)
    }
}

/// The renewed identity worked: it replaces the old one.
///
/// # Errors
/// From the file system.
pub fn promote_renewed(state: &Path) -> io::Result<()> {
    std::fs::rename(state.join(RENEWED), state.join(CURRENT))
}

/// The renewed identity did not work.
pub fn discard_renewed(state: &Path) {
    weft_agent_sys::secret::remove(&state.join(RENEWED)).ok();
}

/// Removes every trace of an enrolment.
///
/// # Errors
/// From the file system; a missing file is fine.
pub fn remove(state: &Path) -> io::Result<()> {
    [CURRENT, RENEWED, INSTALLATION]
        .iter()
        .try_for_each(|name| weft_agent_sys::secret::remove(&state.join(name)))
}

/// The installation's id; made once and kept, so that an enrolment whose answer was lost can be repeated.
///
/// # Errors
/// From the file system.
pub fn installation_id(state: &Path, fresh: InstallationId) -> io::Result<InstallationId> {
    let path = state.join(INSTALLATION);
    match weft_agent_sys::secret::read(&path) {
        Ok(bytes) => {
            if let Ok(id) = bytes.as_slice().try_into() {
                return Ok(id);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    crate::state::prepare(state)?;
    weft_agent_sys::secret::write(&path, &fresh)?;
    Ok(fresh)
}

fn read(path: &Path) -> Result<Identity, IdentityError> {
    let bytes = match weft_agent_sys::secret::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(IdentityError::NotEnrolled(path.to_owned()));
        }
        // The system's own refusal; a file that too many may read is refused in other words.
        Err(error)
            if error.kind() == io::ErrorKind::PermissionDenied
                && error.raw_os_error().is_some() =>
        {
            return Err(IdentityError::Forbidden(path.to_owned()));
        }
        Err(error) => {
            return Err(IdentityError::Unusable {
                path: path.to_owned(),
                reason: error.to_string(),
            });
        }
    };
    parse(&bytes).map_err(|reason| IdentityError::Unusable {
        path: path.to_owned(),
        reason,
    })
}

fn parse(bytes: &[u8]) -> Result<Identity, String> {
    let mut stored: Stored = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let certificates = |hexes: &[String]| -> Result<Vec<CertificateDer<'static>>, String> {
        hexes
            .iter()
            .map(|text| Ok(hex::decode(text).map_err(|error| error.to_string())?.into()))
            .collect()
    };
    Ok(Identity {
        device_id: std::mem::take(&mut stored.device_id),
        device_name: std::mem::take(&mut stored.device_name),
        server: stored
            .server
            .parse()
            .map_err(|error: crate::transport::BadServer| error.to_string())?,
        client: ClientCertificate {
            chain: certificates(&stored.certificate_chain)?,
            key: Zeroizing::new(
                hex::decode(stored.key.as_bytes()).map_err(|error| error.to_string())?,
            ),
        },
        anchors: certificates(&stored.trust_anchors)?,
        renew_after: stored.renew_after,
        enrolled_at: stored.enrolled_at,
        proxy: stored.proxy.take().map(Zeroizing::new),
    })
}
