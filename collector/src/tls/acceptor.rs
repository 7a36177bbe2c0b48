//! Accepting connections: bounded in number, in concurrent handshakes and in time; refusals are said and written down.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::{CertificateError, Error as TlsFailure};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Connection, SharedTls};
use crate::{
    audit::{Auditor, Refusals},
    clock::Clock,
};

/// Refusals of one address that are written down within a minute; the rest is counted only.
const REFUSALS_WRITTEN: u32 = 5;
/// After an error of `accept` (no file descriptors left): wait for connections to end instead of spinning.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub handshakes: usize,
    pub handshake_timeout: Duration,
    pub connections: usize,
}

/// Everything that the door needs. Cloning shares it.
#[derive(Clone)]
pub struct Acceptor {
    pub tls: SharedTls,
    pub limits: Limits,
    pub auditor: Auditor,
    pub refusals: Refusals,
    pub clock: Clock,
}

impl Acceptor {
    /// Accepts until `stop`; connections whose handshake succeeded go to `accepted`.
    pub async fn run(
        self,
        listener: TcpListener,
        accepted: mpsc::Sender<io::Result<Connection>>,
        stop: CancellationToken,
    ) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let handshakes = Arc::new(Semaphore::new(self.limits.handshakes));
        let greeting = TaskTracker::new();
        loop {
            // The semaphores are never closed, so both permits come.
            let permits = tokio::select! {
                () = stop.cancelled() => break,
                permits = async {
                    (places.clone().acquire_owned().await, handshakes.clone().acquire_owned().await)
                } => permits,
            };
            let (Ok(place), Ok(turn)) = permits else {
                break;
            };
            let (stream, address) = tokio::select! {
                () = stop.cancelled() => break,
                accept = listener.accept() => match accept {
                    Ok(connection) => connection,
                    Err(error) => {
                        tracing::warn!("cannot accept a connection: {error}");
                        sleep(PAUSE_AFTER_ERROR).await;
                        continue;
                    }
                },
            };
            let (door, accepted, stop) = (self.clone(), accepted.clone(), stop.clone());
            greeting.spawn(async move {
                let greeted = tokio::select! {
                    () = stop.cancelled() => return,
                    greeted = door.handshake(stream, address) => greeted,
                };
                drop(turn);
                if let Some(tls) = greeted {
                    // Nobody listens any more only when the server has ended.
                    let _ = accepted
                        .send(Ok(Connection::new(tls, address, place)))
                        .await;
                }
            });
        }
        greeting.close();
        greeting.wait().await;
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        address: SocketAddr,
    ) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
        // Acks are small and waited for.
        let _ = stream.set_nodelay(true);
        let handshake = TlsAcceptor::from(self.tls.load_full()).accept(stream);
        match timeout(self.limits.handshake_timeout, handshake).await {
            Ok(Ok(tls)) => Some(tls),
            Ok(Err(error)) => {
                self.refused(address, &error).await;
                None
            }
            Err(_) => {
                tracing::debug!(%address, "handshake took too long");
                None
            }
        }
    }

    async fn refused(&self, address: SocketAddr, error: &io::Error) {
        let failure = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<TlsFailure>());
        let Some(failure) = failure else {
            tracing::debug!(%address, "handshake broke off: {error}");
            return;
        };
        let words = in_words(failure);
        let count = self.refusals.count(address.ip(), self.clock.now());
        if count > REFUSALS_WRITTEN {
            tracing::debug!(%address, "handshake refused: {words}");
            return;
        }
        tracing::warn!(%address, "handshake refused: {words}");
        if matches!(failure, TlsFailure::InvalidCertificate(_)) {
            let actor = format!("peer:{}", address.ip());
            self.auditor
                .refused(&actor, "handshake", "grpc", &words)
                .await;
        }
        if count == REFUSALS_WRITTEN {
            tracing::warn!(%address, "more refusals of this address within this minute are not listed");
        }
    }
}

/// Why, as the person who runs the fleet would say it.
fn in_words(failure: &TlsFailure) -> String {
    match failure {
        TlsFailure::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the client's certificate has expired: the agent must enrol again".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the client's certificate is not valid yet: is this machine's clock right?"
                    .to_owned()
            }
            // A bad signature: an authority of the same name, with another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "the client's certificate comes from an authority that this collector does not know"
                    .to_owned()
            }
            other => format!("the client's certificate cannot be used: {other:?}"),
        },
        TlsFailure::AlertReceived(alert) => {
            format!(
                "the client gave up ({alert:?}): does it trust this collector's authority (`ca export`)?"
            )
        }
        other => other.to_string(),
    }
}
