//! The way to the collector: one TLS 1.3 connection with this device's certificate, gRPC inside.
//!
//! Invariant: only the authorities that enrolment pinned are trusted, and every failure leaves here as a [`Fault`] that
//! tells its reader what to do. What is sent, and when, is `transport/shipper.rs`; this file only connects.

mod backoff;
pub mod fault;
mod server;
pub mod shipper;
pub mod source;
mod tls;
mod watched;

use std::{sync::Arc, time::Duration};

use hyper_util::rt::TokioIo;
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tonic::{
    codec::CompressionEncoding,
    transport::{Channel, Uri},
};
use weft_proto::{
    MAX_MESSAGE_BYTES,
    v1::{
        enrollment_client::EnrollmentClient, ingest_client::IngestClient,
        policies_client::PoliciesClient,
    },
};

pub use backoff::Backoff;
pub use fault::Fault;
pub use server::{BadServer, Server};
pub use shipper::{Observer, Options, Outcome, Shipper, Until};
pub use source::{MemorySource, Source, SourceError};
pub use tls::ClientCertificate;
pub use watched::Traffic;

use watched::{Slot, Watched};

/// A laptop on a bad hotel network needs several seconds; nobody waits longer at a prompt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Below the five minutes after which home routers commonly forget an idle connection.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(120);

/// A collector that does not answer a ping for this long is gone.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// One call that is not a stream.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Where to connect, whom to trust, and as whom.
#[derive(Clone)]
pub struct Target {
    /// The collector.
    pub server: Server,
    /// Trusted authorities.
    pub anchors: Vec<CertificateDer<'static>>,
    /// This device; `None` only for enrolment.
    pub client: Option<ClientCertificate>,
}

/// A live connection.
#[derive(Clone)]
pub struct Connection {
    channel: Channel,
    slot: Slot,
    server: Server,
    identified: bool,
}

/// Connects and finishes the TLS handshake.
///
/// In TLS 1.3 the collector judges our certificate after our side is done: its refusal shows at the first call and is told
/// by [`Connection::explain`].
///
/// # Errors
/// What stands between us and the collector.
pub async fn connect(target: &Target, traffic: &Traffic) -> Result<Connection, Fault> {
    let config = tls::config(&target.anchors, target.client.as_ref())?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let slot = Slot::default();
    let (server, watch, traffic) = (target.server.clone(), slot.clone(), traffic.clone());
    let dial = tower::service_fn(move |_: Uri| {
        let (server, connector) = (server.clone(), connector.clone());
        let (watch, traffic) = (watch.clone(), traffic.clone());
        async move {
            let dialled = dial(&server, &connector).await;
            if let Err(error) = &dialled {
                watch.remember(error);
            }
            Ok::<_, std::io::Error>(TokioIo::new(Watched::new(dialled?, watch, traffic)))
        }
    });
    let endpoint = Channel::builder(target.server.plain_uri())
        .origin(target.server.origin())
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        // One small stream: large windows would only be memory.
        .initial_stream_window_size(Some(256 * 1024))
        .initial_connection_window_size(Some(256 * 1024))
        .buffer_size(Some(16));
    let connected =
        tokio::time::timeout(CONNECT_TIMEOUT, endpoint.connect_with_connector(dial)).await;
    let identified = target.client.is_some();
    match connected {
        Ok(Ok(channel)) => Ok(Connection {
            channel,
            slot,
            server: target.server.clone(),
            identified,
        }),
        Ok(Err(error)) => Err(slot
            .take(&target.server, identified)
            .unwrap_or_else(|| Fault::unreachable(&target.server, fault::chain(&error)))),
        Err(_) => Err(Fault::unreachable(&target.server, "no answer in time")),
    }
}

async fn dial(
    server: &Server,
    connector: &tokio_rustls::TlsConnector,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let tcp = TcpStream::connect((server.host(), server.port())).await?;
    tcp.set_nodelay(true)?;
    connector.connect(server.tls_name()?, tcp).await
}

impl Connection {
    /// The enrolment service.
    pub fn enrollment(&self) -> EnrollmentClient<Channel> {
        EnrollmentClient::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// The policy service.
    pub fn policies(&self) -> PoliciesClient<Channel> {
        PoliciesClient::new(self.channel.clone())
            .accept_compressed(CompressionEncoding::Zstd)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// The ingest service, compressed both ways.
    pub fn ingest(&self) -> IngestClient<Channel> {
        IngestClient::new(self.channel.clone())
            .send_compressed(CompressionEncoding::Zstd)
            .accept_compressed(CompressionEncoding::Zstd)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// What a failed call means: a TLS alert that came meanwhile outranks the status that it caused.
    pub fn explain(&self, status: &tonic::Status) -> Fault {
        self.slot
            .take(&self.server, self.identified)
            .unwrap_or_else(|| Fault::from_status(&self.server, status))
    }

    /// A unary call with its deadline and its words.
    pub(crate) async fn call<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> Result<T, Fault> {
        match tokio::time::timeout(CALL_TIMEOUT, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(self.explain(&status)),
            Err(_) => Err(Fault::unreachable(&self.server, "no answer in time")),
        }
    }
}
