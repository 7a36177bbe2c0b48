//! TLS settings of the agent: ring, pinned authorities, HTTP/2, no session resumption.
//!
//! Invariant: no authority of the operating system is trusted here. Resumption is off because a resumed session skips the
//! certificates, and revocation must bite at the next connection.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, client::Resumption, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::Fault;

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

pub(crate) fn config(
    anchors: &[CertificateDer<'static>],
    client: Option<&ClientCertificate>,
) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        roots
            .add(anchor.clone())
            .map_err(|error| Fault::BadAnchor(error.to_string()))?;
    }
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::BadIdentity(error.to_string()))?
        .with_root_certificates(roots);
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(client.key.to_vec()));
            builder
                .with_client_auth_cert(client.chain.clone(), key)
                .map_err(|error| Fault::BadIdentity(error.to_string()))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}
