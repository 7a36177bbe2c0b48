//! The way to the collector: one TLS connection with this device's certificate, gRPC inside, or plain POSTs where the
//! network breaks HTTP/2; through a proxy if there is one.
//!
//! Invariant: nobody is trusted whom enrolment or the settings did not name, and every failure leaves here as a [`Fault`] that
//! tells its reader what to do. What is sent, and when, is `transport/shipper.rs`; which way is taken, `transport/way.rs`; this
//! file only connects.

mod backoff;
mod dial;
pub mod fault;
mod plain;
pub mod proxy;
mod server;
pub mod shipper;
pub mod source;
mod tls;
mod watched;
pub mod way;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper_util::rt::TokioIo;
use rustls_pki_types::CertificateDer;
use tonic::{
    codec::CompressionEncoding,
    transport::{Channel, Uri},
};
use weft_proto::{
    MAX_MESSAGE_BYTES,
    v1::{
        EnrollRequest, EnrollResponse, FetchPolicyRequest, Policy, RenewRequest, RenewResponse,
        enrollment_client::EnrollmentClient, ingest_client::IngestClient,
        policies_client::PoliciesClient,
    },
};

pub use backoff::Backoff;
pub use dial::Protocol;
pub use fault::Fault;
pub use proxy::Proxies;
pub use server::{BadServer, Server};
pub use shipper::{Observer, Options, Outcome, Shipper, Until};
pub use source::{MemorySource, Source, SourceError};
pub use tls::{ClientCertificate, pem_file, system_anchors};
pub use watched::Traffic;
pub use way::Way;

use dial::CONNECT_TIMEOUT;
use plain::Plain;
use watched::Slot;

/// Below the five minutes after which home routers commonly forget an idle connection.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(120);

/// A collector that does not answer a ping for this long is gone.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// One call that is not a stream.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Where to connect, through what, whom to trust, and as whom.
#[derive(Clone)]
pub struct Target {
    /// The collector.
    pub server: Server,
    /// Trusted authorities.
    pub anchors: Vec<CertificateDer<'static>>,
    /// Trust the operating system's authorities too.
    pub trust_system: bool,
    /// This device; `None` only for enrolment.
    pub client: Option<ClientCertificate>,
    /// What may stand in between.
    pub proxies: Proxies,
}

/// A live connection.
#[derive(Clone)]
pub struct Connection {
    line: Line,
    slot: Slot,
    server: Server,
    identified: bool,
    /// Something was answered: what fails later is no sign of a network that breaks HTTP/2.
    answered: Arc<AtomicBool>,
}

#[derive(Clone)]
enum Line {
    Http2(Channel),
    Http1(Plain),
}

/// Connects over HTTP/2 and finishes the TLS handshake.
///
/// In TLS 1.3 the collector judges our certificate after our side is done: its refusal shows at the first call and is told
/// by [`Connection::explain`].
///
/// # Errors
/// What stands between us and the collector.
pub async fn connect(target: &Target, traffic: &Traffic) -> Result<Connection, Fault> {
    connect_over(Protocol::Http2, target, traffic).await
}

/// The same over the given protocol.
///
/// # Errors
/// What stands between us and the collector.
pub async fn connect_over(
    protocol: Protocol,
    target: &Target,
    traffic: &Traffic,
) -> Result<Connection, Fault> {
    let slot = Slot::default();
    let line = match protocol {
        Protocol::Http2 => Line::Http2(channel(target, &slot, traffic).await?),
        Protocol::Http1 => Line::Http1(Plain::connect(target, traffic).await?),
    };
    Ok(Connection {
        line,
        slot,
        server: target.server.clone(),
        identified: target.client.is_some(),
        answered: Arc::default(),
    })
}

/// Makes one call, over HTTP/2 and, when that looks blocked, the plain way: for commands that a person waits for.
///
/// # Errors
/// Of HTTP/2 when both fail.
pub async fn try_both<T>(
    target: &Target,
    call: impl AsyncFn(Connection) -> Result<T, Fault>,
) -> Result<(T, Protocol), Fault> {
    let attempt = async |protocol| {
        let connection = connect_over(protocol, target, &Traffic::default()).await?;
        Ok::<_, Fault>((call(connection).await?, protocol))
    };
    match attempt(Protocol::Http2).await {
        Err(blocked) if blocked.suspects_http2() => match attempt(Protocol::Http1).await {
            // A refusal in words is worth more than "cut off".
            Err(Fault::Unreachable { .. } | Fault::CutOff { .. } | Fault::Protocol(_)) => {
                Err(blocked)
            }
            other => other,
        },
        other => other,
    }
}

async fn channel(target: &Target, slot: &Slot, traffic: &Traffic) -> Result<Channel, Fault> {
    let stream = dial::dial(target, Protocol::Http2, slot, traffic).await?;
    // Handed over once: a channel that lost its connection ends, and the uplink dials anew, with the cause in its hand.
    let once = Arc::new(Mutex::new(Some(TokioIo::new(stream))));
    let hand_over = tower::service_fn(move |_: Uri| {
        let stream = once.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move { stream.ok_or_else(|| std::io::Error::other("the connection has ended")) }
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
    endpoint
        .connect_with_connector(hand_over)
        .await
        .map_err(|error| {
            slot.take(&target.server, target.client.is_some())
                .unwrap_or_else(|| Fault::cut_off(&target.server, fault::chain(&error)))
        })
}

impl Connection {
    /// What is spoken.
    pub fn protocol(&self) -> Protocol {
        match self.line {
            Line::Http2(_) => Protocol::Http2,
            Line::Http1(_) => Protocol::Http1,
        }
    }

    /// Token and CSR in, certificate out.
    ///
    /// # Errors
    /// The collector's refusal, or what happened on the way.
    pub async fn enroll(&self, request: EnrollRequest) -> Result<EnrollResponse, Fault> {
        match &self.line {
            Line::Http1(plain) => plain.call("/v1/enroll", &request).await,
            Line::Http2(channel) => {
                let mut client = enrollment(channel);
                self.call(client.enroll(request)).await
            }
        }
    }

    /// A new certificate for the device that calls.
    ///
    /// # Errors
    /// The collector's refusal, or what happened on the way.
    pub async fn renew(&self, request: RenewRequest) -> Result<RenewResponse, Fault> {
        match &self.line {
            Line::Http1(plain) => plain.call("/v1/renew", &request).await,
            Line::Http2(channel) => {
                let mut client = enrollment(channel);
                self.call(client.renew(request)).await
            }
        }
    }

    /// What IT asks.
    ///
    /// # Errors
    /// The collector's refusal, or what happened on the way.
    pub async fn fetch_policy(&self, have_version: u64) -> Result<Policy, Fault> {
        let request = FetchPolicyRequest { have_version };
        match &self.line {
            Line::Http1(plain) => plain.call("/v1/policy", &request).await,
            Line::Http2(channel) => {
                let mut client = PoliciesClient::new(channel.clone())
                    .accept_compressed(CompressionEncoding::Zstd)
                    .max_decoding_message_size(MAX_MESSAGE_BYTES);
                self.call(client.fetch(request)).await
            }
        }
    }

    /// What a failed call means: a TLS alert that came meanwhile outranks the status that it caused.
    pub fn explain(&self, status: &tonic::Status) -> Fault {
        let fault = self
            .slot
            .take(&self.server, self.identified)
            .unwrap_or_else(|| Fault::from_status(&self.server, status));
        match fault {
            Fault::Unreachable { detail, .. } if self.is_doubtful() => {
                Fault::cut_off(&self.server, detail)
            }
            fault => fault,
        }
    }

    /// HTTP/2 that never carried an answer.
    fn is_doubtful(&self) -> bool {
        matches!(self.line, Line::Http2(_)) && !self.answered.load(Ordering::Relaxed)
    }

    /// A unary call with its deadline and its words.
    async fn call<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> Result<T, Fault> {
        match tokio::time::timeout(CALL_TIMEOUT, call).await {
            Ok(Ok(response)) => {
                self.answered.store(true, Ordering::Relaxed);
                Ok(response.into_inner())
            }
            Ok(Err(status)) => Err(self.explain(&status)),
            Err(_) if self.is_doubtful() => Err(Fault::cut_off(&self.server, "no answer in time")),
            Err(_) => Err(Fault::unreachable(&self.server, "no answer in time")),
        }
    }
}

fn enrollment(channel: &Channel) -> EnrollmentClient<Channel> {
    EnrollmentClient::new(channel.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
}

/// Compressed both ways.
fn ingest(channel: &Channel) -> IngestClient<Channel> {
    IngestClient::new(channel.clone())
        .send_compressed(CompressionEncoding::Zstd)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES)
}
