//! How a laptop becomes a device: a key born here, a token from IT, a certificate from the collector.
//!
//! Invariant: the private key never leaves this process except into the identity file. Trust in the server is never assumed:
//! it comes from `--ca` or from the operating system's own authorities, or there is no enrolment.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::CertificateDer;
use weft_proto::v1::{EnrollRequest, RenewRequest};
use zeroize::Zeroizing;

use crate::{
    identity::{Identity, InstallationId},
    observation::local_time,
    transport::{self, ClientCertificate, Connection, Fault, Proxies, Server, Target, pem_file},
};

/// Whom to trust at enrolment; afterwards only what the collector named counts.
#[derive(Clone, Debug)]
pub enum Trust {
    /// These authorities.
    Anchors(Vec<CertificateDer<'static>>),
    /// What the operating system trusts.
    System,
}

/// What enrolment needs.
#[derive(Clone)]
pub struct EnrollOptions {
    /// The collector.
    pub server: Server,
    /// From IT.
    pub token: String,
    /// Whom to trust.
    pub trust: Trust,
    /// What may stand in between.
    pub proxies: Proxies,
    /// The proxy to remember with the identity, as `--proxy` gave it.
    pub proxy: Option<Zeroizing<String>>,
    /// Makes a repeated enrolment the same device.
    pub installation_id: InstallationId,
    /// "linux", "windows", "darwin".
    pub os_type: String,
    /// E.g. "ThinkPad T14 Gen 3"; may be empty.
    pub device_model_name: String,
    /// The wall clock.
    pub now: Timestamp,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// The token was refused, with the collector's reason.
    #[error("the collector refuses this token: {0}. Ask IT for a new one")]
    Token(String),
    /// Without --ca, and the system does not know the server's authority.
    #[error(
        "this machine does not know the authority of {0}. Get the collector's authority certificate from IT \
         (`weft-collector ca export`) and pass it with --ca FILE; weft does not trust a server on first sight"
    )]
    NeedsCa(Server),
    /// No bundle of authorities on this machine.
    #[error("no list of trusted authorities was found on this machine: pass --ca FILE")]
    NoSystemTrust,
    /// `--ca` cannot be read.
    #[error("{}: {reason}", .path.display())]
    BadCa {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No key or request.
    #[error("cannot make a key: {0}")]
    Key(String),
    /// The answer makes no sense.
    #[error("the collector's answer cannot be used: {0}")]
    BadAnswer(&'static str),
    /// On the way.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Asks for a certificate. Nothing is written.
///
/// # Errors
/// See [`EnrollError`].
pub async fn enroll(options: EnrollOptions) -> Result<Identity, EnrollError> {
    let (anchors, trust_system) = match options.trust {
        Trust::Anchors(anchors) => (anchors, false),
        Trust::System if transport::system_anchors().is_empty() => {
            return Err(EnrollError::NoSystemTrust);
        }
        Trust::System => (Vec::new(), true),
    };
    let target = Target {
        server: options.server.clone(),
        anchors,
        trust_system,
        client: None,
        proxies: options.proxies,
    };
    let (key, csr) = fresh_request()?;
    let request = EnrollRequest {
        token: options.token,
        csr: csr.into(),
        service_version: crate::VERSION.into(),
        installation_id: options.installation_id.to_vec().into(),
        os_type: options.os_type,
        device_model_name: options.device_model_name,
    };
    let called = transport::try_both(&target, async |connection| {
        connection.enroll(request.clone()).await
    });
    let response = match called.await {
        Err(Fault::ServerUnknown { .. }) if trust_system => {
            return Err(EnrollError::NeedsCa(options.server));
        }
        Err(Fault::Unauthenticated(words)) => return Err(EnrollError::Token(words)),
        other => other?.0,
    };
    let anchors = certificates(response.trust_anchors);
    let chain = certificates(response.certificate_chain);
    if anchors.is_empty() || chain.is_empty() || response.device_id.is_empty() {
        return Err(EnrollError::BadAnswer(
            "it lacks the certificate, the authorities or the device's id",
        ));
    }
    let renew_after = response.renew_after.as_ref().and_then(local_time);
    Ok(Identity {
        device_id: response.device_id,
        device_name: response.device_name,
        server: options.server,
        client: ClientCertificate { chain, key },
        anchors,
        renew_after: renew_after.ok_or(EnrollError::BadAnswer("it does not say when to renew"))?,
        enrolled_at: options.now,
        proxy: options.proxy,
    })
}

/// Asks for a new certificate with a new key for the same device.
///
/// # Errors
/// See [`EnrollError`]; the old identity stays good.
pub async fn renew(
    connection: &Connection,
    identity: &Identity,
    now: Timestamp,
) -> Result<Identity, EnrollError> {
    let (key, csr) = fresh_request()?;
    let response = connection.renew(RenewRequest { csr: csr.into() }).await?;
    let anchors = certificates(response.trust_anchors);
    let chain = certificates(response.certificate_chain);
    if anchors.is_empty() || chain.is_empty() {
        return Err(EnrollError::BadAnswer(
            "it lacks the certificate or the authorities",
        ));
    }
    let renew_after = response.renew_after.as_ref().and_then(local_time);
    Ok(Identity {
        client: ClientCertificate { chain, key },
        anchors,
        renew_after: renew_after.ok_or(EnrollError::BadAnswer("it does not say when to renew"))?,
        enrolled_at: now,
        ..identity.clone()
    })
}

/// Reads `--ca`.
///
/// # Errors
/// Unreadable, or no certificate in it.
pub fn read_ca(path: &Path) -> Result<Trust, EnrollError> {
    let bad = |reason: String| EnrollError::BadCa {
        path: path.to_owned(),
        reason,
    };
    let anchors = pem_file(path).map_err(bad)?;
    if anchors.is_empty() {
        return Err(bad("holds no certificate in PEM form".into()));
    }
    Ok(Trust::Anchors(anchors))
}

/// A new P-256 key (PKCS#8) and a request for it. The collector writes every name in the certificate itself, so the request
/// carries none.
fn fresh_request() -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), EnrollError> {
    let failed = |error: rcgen::Error| EnrollError::Key(error.to_string());
    let key = KeyPair::generate().map_err(failed)?;
    let request = CertificateParams::default()
        .serialize_request(&key)
        .map_err(failed)?;
    Ok((Zeroizing::new(key.serialize_der()), request.der().to_vec()))
}

fn certificates(raw: Vec<prost::bytes::Bytes>) -> Vec<CertificateDer<'static>> {
    raw.into_iter()
        .map(|bytes| CertificateDer::from(bytes.to_vec()))
        .collect()
}

impl EnrollError {
    /// For the command line.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Token(_) => 77,
            Self::Fault(fault) => fault.exit_code(),
            Self::NeedsCa(_) | Self::BadAnswer(_) => 69,
            Self::NoSystemTrust | Self::BadCa { .. } => 78,
            Self::Key(_) => 1,
        }
    }
}
