//! A collector double: the real wire (mTLS, gRPC, zstd), a store in memory, and switches to misbehave.
//!
//! Invariant: it refuses what the protocol forbids (silent holes, a second Hello, a stranger's certificate) as the real one must,
//! so a test that passes here proves something about the agent.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{
    CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer,
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_rustls::TlsAcceptor;
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{
    Request, Response, Status, Streaming, codec::CompressionEncoding, service::Routes,
    transport::Server,
};
use weft_proto::{
    Timestamp,
    v1::{
        Ack, ClientMessage, EnrollRequest, EnrollResponse, FetchPolicyRequest, Hint, Observation,
        Policy, Rejection, RenewRequest, RenewResponse, Report, ServerMessage, Welcome,
        client_message,
        enrollment_server::{Enrollment, EnrollmentServer},
        hint,
        ingest_server::{Ingest, IngestServer},
        policies_server::{Policies, PoliciesServer},
        server_message,
    },
};

// Said in full, because the measuring example includes this file by its path.
#[path = "collector/plain.rs"]
mod plain;

/// A certificate authority.
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pub der: CertificateDer<'static>,
    pub pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            params,
            key,
            der: certificate.der().clone(),
            pem: certificate.pem(),
        }
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    fn server_certificate(&self, names: &[&str]) -> (CertificateDer<'static>, KeyPair) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        (
            params
                .signed_by(&key, &self.issuer())
                .unwrap()
                .der()
                .clone(),
            key,
        )
    }

    fn device_certificate(&self, csr: &[u8], device: &str, days: i64) -> CertificateDer<'static> {
        let mut request =
            CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(csr))
                .unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, device);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if days < 0 {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2020, 1, 2);
        }
        request.params = params;
        request.signed_by(&self.issuer()).unwrap().der().clone()
    }
}

/// What the double remembers and how it behaves.
#[derive(Default)]
pub struct Books {
    /// Epoch, number, observation.
    pub stored: BTreeMap<Vec<u8>, BTreeMap<u64, Observation>>,
    pub gaps: BTreeMap<Vec<u8>, Vec<(u64, u64, i32)>>,
    /// Highest contiguous number.
    pub durable: BTreeMap<Vec<u8>, u64>,
    /// Numbers that came again below the durable one.
    pub repeated: u64,
    pub hellos: u64,
    pub renewals: u64,
    pub policy: Policy,
    pub revoked: bool,
    pub too_old: bool,
    pub token_used: bool,
    /// Days of the next certificate; negative: already over.
    pub days: i64,
    /// Seconds until renewal of the next certificate.
    pub renew_in: i64,
    /// Sent after each Ack.
    pub hints: Vec<hint::Hint>,
    /// Reject this number once.
    pub reject: Option<u64>,
    /// Notices that the agent has.
    pub receipts: Vec<String>,
    /// Exchanges of the plain way.
    pub exchanges: u64,
    /// Refuse everything as busy, for so many seconds.
    pub busy: Option<f64>,
    /// Violations of the protocol by the agent.
    pub violations: Vec<String>,
}

impl Books {
    pub fn observations(&self) -> impl Iterator<Item = &Observation> {
        self.stored.values().flat_map(BTreeMap::values)
    }

    fn take(&mut self, report: Report) -> Result<(), Status> {
        let epoch = report.epoch.to_vec();
        let mut durable = self.durable.get(&epoch).copied().unwrap_or(0);
        let mut spans: Vec<(u64, u64, Option<i32>)> = report
            .gaps
            .iter()
            .map(|gap| (gap.first_seq, gap.last_seq, Some(gap.reason)))
            .collect();
        if !report.observations.is_empty() {
            let last = report.first_seq + report.observations.len() as u64 - 1;
            spans.push((report.first_seq, last, None));
        }
        spans.sort_unstable();
        for (first, last, reason) in spans {
            if first > durable + 1 {
                return Err(Status::failed_precondition(format!(
                    "a hole before number {first}"
                )));
            }
            self.repeated += (durable + 1).min(last + 1) - first;
            match reason {
                Some(reason) => self
                    .gaps
                    .entry(epoch.clone())
                    .or_default()
                    .push((first, last, reason)),
                None => {
                    for (seq, observation) in (first..).zip(&report.observations) {
                        if seq > durable {
                            self.stored
                                .entry(epoch.clone())
                                .or_default()
                                .insert(seq, observation.clone());
                        }
                    }
                }
            }
            durable = durable.max(last);
        }
        self.durable.insert(epoch, durable);
        Ok(())
    }
}

/// A running double.
pub struct Collector {
    pub authority: Arc<Authority>,
    pub books: Arc<Mutex<Books>>,
    pub address: SocketAddr,
    server: Option<JoinHandle<()>>,
    names: Vec<&'static str>,
    /// False: as behind a front that only offers http/1.1.
    pub speaks_http2: bool,
}

impl Collector {
    pub async fn start() -> Self {
        Self::named(&["localhost", "127.0.0.1"]).await
    }

    pub async fn named(names: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let books = Books {
            days: 30,
            renew_in: 86_400,
            ..Books::default()
        };
        let mut collector = Self {
            authority: Arc::new(Authority::new("weft test authority")),
            books: Arc::new(Mutex::new(books)),
            address: listener.local_addr().unwrap(),
            server: None,
            names: names.to_vec(),
            speaks_http2: true,
        };
        collector.serve(listener);
        collector
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.address.port())
    }

    /// Drops every connection; what was not acknowledged is forgotten like in a crash.
    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            server.await.ok();
        }
    }

    pub async fn restart(&mut self) {
        self.stop().await;
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        self.serve(listener);
    }

    fn serve(&mut self, listener: TcpListener) {
        let (certificate, key) = self.authority.server_certificate(&self.names);
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .unwrap();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![certificate],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        config.alpn_protocols = match self.speaks_http2 {
            true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            false => vec![b"http/1.1".to_vec()],
        };
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let service = Double {
            books: Arc::clone(&self.books),
            authority: Arc::clone(&self.authority),
        };
        self.server = Some(tokio::spawn(async move {
            let (accepted, incoming) = mpsc::channel(16);
            let accept = async move {
                loop {
                    let Ok((tcp, _)) = listener.accept().await else {
                        continue;
                    };
                    let (acceptor, accepted) = (acceptor.clone(), accepted.clone());
                    tokio::spawn(async move {
                        if let Ok(tls) = acceptor.accept(tcp).await {
                            accepted.send(Ok::<_, std::io::Error>(tls)).await.ok();
                        }
                    });
                }
            };
            let zstd = CompressionEncoding::Zstd;
            let plain = plain::router(service.clone());
            let routes = Routes::new(EnrollmentServer::new(service.clone()))
                .add_service(PoliciesServer::new(service.clone()))
                .add_service(
                    IngestServer::new(service)
                        .accept_compressed(zstd)
                        .send_compressed(zstd),
                );
            let serve = Server::builder()
                .accept_http1(true)
                .add_routes(Routes::from(routes.into_axum_router().merge(plain)))
                .serve_with_incoming(ReceiverStream::new(incoming));
            tokio::select! {
                () = accept => {}
                served = serve => served.unwrap(),
            }
        }));
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

#[derive(Clone)]
struct Double {
    books: Arc<Mutex<Books>>,
    authority: Arc<Authority>,
}

impl Double {
    fn admit<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let certificates = request.peer_certs();
        if certificates.is_none_or(|certificates| certificates.is_empty()) {
            return Err(Status::unauthenticated("no client certificate"));
        }
        if let Some(seconds) = self.books.lock().unwrap().busy {
            let mut status = Status::resource_exhausted("too many laptops at once");
            let wait = ((seconds * 1000.0) as u64).into();
            status.metadata_mut().insert("grpc-retry-pushback-ms", wait);
            return Err(status);
        }
        if self.books.lock().unwrap().revoked {
            return Err(Status::permission_denied("revoked on Monday by the test"));
        }
        Ok(())
    }

    fn renew_after(&self) -> Option<Timestamp> {
        let now = jiff::Timestamp::now().as_second();
        Some(Timestamp {
            seconds: now + self.books.lock().unwrap().renew_in,
            nanos: 0,
        })
    }
}

#[tonic::async_trait]
impl Enrollment for Double {
    async fn enroll(
        &self,
        request: Request<EnrollRequest>,
    ) -> Result<Response<EnrollResponse>, Status> {
        let request = request.into_inner();
        if request.token != "good" {
            return Err(Status::unauthenticated("this token is not known"));
        }
        if self.books.lock().unwrap().token_used {
            return Err(Status::unauthenticated("this token is used up"));
        }
        let days = self.books.lock().unwrap().days;
        let device = uuid::Uuid::from_slice(&request.installation_id)
            .unwrap()
            .to_string();
        let certificate = self
            .authority
            .device_certificate(&request.csr, &device, days);
        Ok(Response::new(EnrollResponse {
            device_id: device,
            certificate_chain: vec![certificate.to_vec().into()],
            trust_anchors: vec![self.authority.der.to_vec().into()],
            renew_after: self.renew_after(),
            device_name: "test laptop".into(),
        }))
    }

    async fn renew(
        &self,
        request: Request<RenewRequest>,
    ) -> Result<Response<RenewResponse>, Status> {
        self.admit(&request)?;
        let certificate =
            self.authority
                .device_certificate(&request.into_inner().csr, "renewed", 30);
        let mut books = self.books.lock().unwrap();
        books.renewals += 1;
        books.renew_in = 86_400;
        drop(books);
        Ok(Response::new(RenewResponse {
            certificate_chain: vec![certificate.to_vec().into()],
            trust_anchors: vec![self.authority.der.to_vec().into()],
            renew_after: self.renew_after(),
        }))
    }
}

#[tonic::async_trait]
impl Policies for Double {
    async fn fetch(
        &self,
        request: Request<FetchPolicyRequest>,
    ) -> Result<Response<Policy>, Status> {
        self.admit(&request)?;
        Ok(Response::new(self.books.lock().unwrap().policy.clone()))
    }
}

#[tonic::async_trait]
impl Ingest for Double {
    type StreamStream = ReceiverStream<Result<ServerMessage, Status>>;

    async fn stream(
        &self,
        request: Request<Streaming<ClientMessage>>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        self.admit(&request)?;
        let (answers, stream) = mpsc::channel(16);
        let (mut inbound, double) = (request.into_inner(), self.clone());
        tokio::spawn(async move {
            if let Err(status) = double.converse(&mut inbound, &answers).await {
                answers.send(Err(status)).await.ok();
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

type Answers = mpsc::Sender<Result<ServerMessage, Status>>;

impl Double {
    async fn converse(
        &self,
        inbound: &mut (impl Stream<Item = Result<ClientMessage, Status>> + Unpin),
        answers: &Answers,
    ) -> Result<(), Status> {
        let first = inbound
            .next()
            .await
            .transpose()?
            .and_then(|message| message.message);
        let Some(client_message::Message::Hello(hello)) = first else {
            return self.violated("the first message is no Hello");
        };
        let welcome = {
            let mut books = self.books.lock().unwrap();
            books.hellos += 1;
            if books.too_old {
                return Err(Status::failed_precondition(
                    "protocol 1 is too old: update the agent",
                ));
            }
            let durable = books
                .durable
                .get(hello.epoch.as_ref())
                .copied()
                .unwrap_or(0);
            Welcome {
                protocol: 1,
                durable_seq: durable,
                window: 4,
                max_observations: 100,
                capabilities: vec!["notice_receipts".into()],
            }
        };
        say(answers, server_message::Message::Welcome(welcome)).await;
        while let Some(message) = inbound.next().await.transpose()? {
            let report = match message.message {
                Some(client_message::Message::Report(report)) => report,
                Some(client_message::Message::NoticeReceipt(receipt)) => {
                    self.books.lock().unwrap().receipts.extend(receipt.ids);
                    continue;
                }
                _ => return self.violated("something else than a Report"),
            };
            if report.epoch != hello.epoch {
                return self.violated("a report of another epoch");
            }
            let (ack, hints) = {
                let mut books = self.books.lock().unwrap();
                let epoch = report.epoch.clone();
                if let Err(status) = books.take(report) {
                    books.violations.push(status.message().to_owned());
                    return Err(status);
                }
                let durable_seq = books.durable[epoch.as_ref()];
                let rejected = books.reject.take_if(|seq| *seq <= durable_seq);
                let rejections = rejected.into_iter().map(|seq| Rejection {
                    seq,
                    code: "invalid_field".into(),
                    detail: "for the test".into(),
                });
                (
                    Ack {
                        epoch,
                        durable_seq,
                        rejections: rejections.collect(),
                    },
                    std::mem::take(&mut books.hints),
                )
            };
            say(answers, server_message::Message::Ack(ack)).await;
            for hint in hints {
                say(
                    answers,
                    server_message::Message::Hint(Hint { hint: Some(hint) }),
                )
                .await;
            }
        }
        Ok(())
    }

    fn violated(&self, words: &str) -> Result<(), Status> {
        self.books.lock().unwrap().violations.push(words.to_owned());
        Err(Status::invalid_argument(words.to_owned()))
    }
}

async fn say(answers: &Answers, message: server_message::Message) {
    answers
        .send(Ok(ServerMessage {
            message: Some(message),
        }))
        .await
        .ok();
}
