//! The door: TLS with our own acceptor, because certificates must be renewable, refusals must be heard, and each request
//! must know who is at the other end.
//!
//! **Invariant:** a client certificate of another authority, or an expired one, ends in the handshake with the proper
//! alert. No certificate at all is let in: enrolment needs none, every other service asks for one.
//! Revocation is not judged here but per call and per stream (`pki::RevocationList`).

mod acceptor;
mod connection;

pub use acceptor::{Acceptor, Limits};
pub use connection::{Connection, Peer};

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};

use crate::pki::{Authority, PkiError};

/// The configuration that new connections get; swapped when a certificate or the authority changes.
pub type SharedTls = Arc<ArcSwap<ServerConfig>>;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    Pki(#[from] PkiError),
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] rustls::Error),
    #[error("TLS cannot verify clients: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// A configuration with a fresh server certificate, and when to make the next.
pub fn server_config(
    authority: &Authority,
    names: &[String],
    now: Timestamp,
    validity: Duration,
) -> Result<(Arc<ServerConfig>, Timestamp), TlsError> {
    let provider = Arc::new(ring::default_provider());
    let mut trusted = RootCertStore::empty();
    for anchor in authority.trust_anchors() {
        trusted.add(anchor)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), provider.clone())
        .allow_unauthenticated()
        .build()?;
    let identity = authority.issue_server(names, now, validity)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain, identity.key)?;
    // The second for networks that break the first (`plain`).
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A resumed session would skip the check of the client's certificate, and with it its end.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok((Arc::new(config), identity.renew_after))
}
