//! TLS settings of the agent: ring, pinned authorities, no session resumption.
//!
//! Invariant: what enrolment pinned is always trusted; the operating system's authorities only when the settings say so
//! (`trust = "system"`), and they are read at that moment and not kept. Resumption is off because a resumed session skips the
//! certificates, and revocation must bite at the next connection.

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore, client::Resumption, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use zeroize::Zeroizing;

use super::{Fault, Protocol, Target};

/// Where Linux distributions and the BSDs keep the authorities that the machine trusts.
#[cfg(not(any(windows, target_os = "macos")))]
const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// This device's certificate chain and key (PKCS#8, DER).
#[derive(Clone)]
pub struct ClientCertificate {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Wiped when dropped.
    pub key: Zeroizing<Vec<u8>>,
}

/// The one provider of the tree.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(crate) fn config(target: &Target, protocol: Protocol) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore::empty();
    for anchor in &target.anchors {
        roots
            .add(anchor.clone())
            .map_err(|error| Fault::BadAnchor(error.to_string()))?;
    }
    if target.trust_system {
        // Old systems carry authorities that no longer parse; the rest counts.
        roots.add_parsable_certificates(system_anchors());
    }
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::BadIdentity(error.to_string()))?
        .with_root_certificates(roots);
    let mut config = match &target.client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(client.key.to_vec()));
            builder
                .with_client_auth_cert(client.chain.clone(), key)
                .map_err(|error| Fault::BadIdentity(error.to_string()))?
        }
    };
    config.alpn_protocols = vec![protocol.alpn().to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The certificates of a PEM file.
///
/// # Errors
/// Unreadable, or not PEM.
pub fn pem_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(path)
        .map_err(|error| error.to_string())?
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}

/// What the operating system trusts; empty when it keeps no list where we know to look.
#[cfg(not(any(windows, target_os = "macos")))]
pub fn system_anchors() -> Vec<CertificateDer<'static>> {
    SYSTEM_BUNDLES
        .iter()
        .find_map(|path| {
            pem_file(Path::new(path))
                .ok()
                .filter(|anchors| !anchors.is_empty())
        })
        .unwrap_or_default()
}

/// What the operating system trusts: the certificate store of Windows, the keychain of macOS.
#[cfg(any(windows, target_os = "macos"))]
pub fn system_anchors() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}
