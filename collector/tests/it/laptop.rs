//! A client of the protocol, straight on tonic: what it sends is up to the test.

use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Status, Streaming,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};
use weft_collector_core::device::DeviceId;
use weft_proto::v1::{
    Ack, Boot, ClientMessage, EnrollRequest, EnrollResponse, Gap, Hello, Hint, Inventory,
    Observation, Report, ServerMessage, Welcome, client_message,
    enrollment_client::EnrollmentClient, hint, ingest_client::IngestClient, observation::Kind,
    server_message,
};

use super::house::House;

pub const EPOCH: [u8; 16] = [7; 16];

/// A key and the certificate for it.
pub struct Laptop {
    pub device: DeviceId,
    pub key: KeyPair,
    pub certificate: Vec<u8>,
    pub answer: EnrollResponse,
}

/// An open stream.
pub struct Talk {
    pub out: mpsc::Sender<ClientMessage>,
    pub inbound: Streaming<ServerMessage>,
    pub welcome: Welcome,
}

pub fn endpoint(house: &House, identity: Option<Identity>, from: Option<[u8; 4]>) -> Endpoint {
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(house.anchors()))
        .domain_name("localhost");
    if let Some(identity) = identity {
        tls = tls.identity(identity);
    }
    let endpoint = Endpoint::from_shared(format!("https://{}", house.grpc)).unwrap();
    endpoint
        .tls_config(tls)
        .unwrap()
        .local_address(from.map(std::net::IpAddr::from))
}

pub fn identity(certificate: &[u8], key: &KeyPair) -> Identity {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let body = BASE64_STANDARD.encode(certificate);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    Identity::from_pem(pem, key.serialize_pem())
}

/// A request whose subject names somebody else: the collector must not care.
pub fn request(key: &KeyPair) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["attacker.example".to_owned()]).unwrap();
    params.distinguished_name.push(
        rcgen::DnType::CommonName,
        "00000000-0000-0000-0000-000000000000",
    );
    params.serialize_request(key).unwrap().der().to_vec()
}

pub async fn enroll(house: &House, token: &str, installation: [u8; 16]) -> Result<Laptop, Status> {
    let key = KeyPair::generate().unwrap();
    let channel = endpoint(house, None, None).connect().await.unwrap();
    let answer = EnrollmentClient::new(channel)
        .enroll(EnrollRequest {
            token: token.to_owned(),
            csr: request(&key).into(),
            service_version: "1.2.3".to_owned(),
            installation_id: installation.to_vec().into(),
            os_type: "linux".to_owned(),
            device_model_name: "Test".to_owned(),
        })
        .await?
        .into_inner();
    Ok(Laptop {
        device: answer.device_id.parse().unwrap(),
        key,
        certificate: answer.certificate_chain[0].to_vec(),
        answer,
    })
}

impl Laptop {
    /// A new one of its own token.
    pub async fn new(house: &House) -> Self {
        enroll(house, &house.token(1).await, rand::random())
            .await
            .unwrap()
    }

    pub async fn channel(&self, house: &House) -> Channel {
        self.channel_from(house, None).await
    }

    pub async fn channel_from(&self, house: &House, from: Option<[u8; 4]>) -> Channel {
        let identity = identity(&self.certificate, &self.key);
        endpoint(house, Some(identity), from)
            .connect()
            .await
            .unwrap()
    }

    pub async fn open(&self, house: &House, next_seq: u64) -> Talk {
        self.try_open(house, hello(EPOCH, next_seq), None)
            .await
            .unwrap()
    }

    pub async fn try_open(
        &self,
        house: &House,
        hello: Hello,
        from: Option<[u8; 4]>,
    ) -> Result<Talk, Status> {
        open(self.channel_from(house, from).await, hello).await
    }
}

pub async fn open(channel: Channel, hello: Hello) -> Result<Talk, Status> {
    let (out, messages) = mpsc::channel(64);
    out.send(said(client_message::Message::Hello(hello)))
        .await
        .unwrap();
    let mut client = IngestClient::new(channel)
        .send_compressed(tonic::codec::CompressionEncoding::Zstd)
        .accept_compressed(tonic::codec::CompressionEncoding::Zstd);
    let mut inbound = client
        .stream(ReceiverStream::new(messages))
        .await?
        .into_inner();
    match heard(&mut inbound).await? {
        server_message::Message::Welcome(welcome) => Ok(Talk {
            out,
            inbound,
            welcome,
        }),
        other => panic!("no Welcome but {other:?}"),
    }
}

pub async fn heard(
    inbound: &mut Streaming<ServerMessage>,
) -> Result<server_message::Message, Status> {
    let message = inbound.message().await?;
    let message = message.ok_or_else(|| Status::new(Code::Ok, "the stream ended"))?;
    Ok(message.message.expect("a message of this version"))
}

impl Talk {
    pub async fn send_message(&self, message: ClientMessage) {
        self.out.send(message).await.unwrap();
    }

    pub async fn send(&self, report: Report) {
        self.out
            .send(said(client_message::Message::Report(report)))
            .await
            .unwrap();
    }

    pub async fn hear(&mut self) -> Result<server_message::Message, Status> {
        heard(&mut self.inbound).await
    }

    /// The next Ack; hints are passed over.
    pub async fn ack(&mut self) -> Ack {
        loop {
            match self.hear().await.unwrap() {
                server_message::Message::Ack(ack) => return ack,
                server_message::Message::Hint(_) => {}
                other => panic!("no Ack but {other:?}"),
            }
        }
    }

    /// Acks until everything up to `seq` is durable.
    pub async fn durable(&mut self, seq: u64) {
        while self.ack().await.durable_seq < seq {}
    }

    pub async fn hint(&mut self) -> hint::Hint {
        loop {
            match self.hear().await.unwrap() {
                server_message::Message::Hint(Hint { hint: Some(hint) }) => return hint,
                server_message::Message::Ack(_) => {}
                other => panic!("no Hint but {other:?}"),
            }
        }
    }

    /// How the stream ends; whatever comes before is passed over.
    pub async fn end(&mut self) -> Status {
        loop {
            if let Err(status) = self.hear().await {
                return status;
            }
        }
    }
}

pub fn said(message: client_message::Message) -> ClientMessage {
    ClientMessage {
        message: Some(message),
    }
}

pub fn hello(epoch: [u8; 16], next_seq: u64) -> Hello {
    Hello {
        protocol_min: 1,
        protocol_max: 3,
        service_version: "1.2.3".to_owned(),
        capabilities: vec!["of_the_future".to_owned()],
        epoch: epoch.to_vec().into(),
        next_seq,
        policy_version: 0,
        clock: Some(wire(Timestamp::now())),
    }
}

/// Boots with the numbers `first..=last`.
pub fn report(first: u64, last: u64) -> Report {
    Report {
        epoch: EPOCH.to_vec().into(),
        first_seq: first,
        observations: (first..=last).map(boot).collect(),
        gaps: Vec::new(),
        next_seq: last + 1,
        clock: Some(wire(Timestamp::now())),
    }
}

pub fn with(first: u64, observations: Vec<Observation>) -> Report {
    Report {
        next_seq: first + observations.len() as u64,
        observations,
        ..report(first, first)
    }
}

pub fn gap(first_seq: u64, last_seq: u64) -> Report {
    Report {
        first_seq: 0,
        observations: Vec::new(),
        gaps: vec![Gap {
            first_seq,
            last_seq,
            reason: 1,
        }],
        ..report(last_seq, last_seq)
    }
}

pub fn boot(number: u64) -> Observation {
    observed(Kind::Boot(Boot {
        boot_id: format!("boot-{number}"),
        started_at: Some(wire(Timestamp::now())),
        end: 5,
        ..Boot::default()
    }))
}

pub fn inventory() -> Observation {
    observed(Kind::Inventory(Inventory {
        device_manufacturer: "Lenovo".to_owned(),
        device_model_name: "ThinkPad T14".to_owned(),
        os_type: "linux".to_owned(),
        os_version: "12".to_owned(),
        ..Inventory::default()
    }))
}

pub fn observed(kind: Kind) -> Observation {
    Observation {
        observed_at: Some(wire(Timestamp::now())),
        kind: Some(kind),
    }
}

pub fn wire(at: Timestamp) -> weft_proto::Timestamp {
    weft_collector::ingest::convert::to_wire_time(at)
}
