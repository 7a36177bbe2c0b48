//! The plain way: the same protocol as HTTPS/1.1 POSTs, by a client that knows nothing but sockets and TLS.

use std::sync::Arc;

use prost::Message;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, pem::PemObject as _,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tonic::Code;
use weft_collector::ingest::NotifyOwner as _;
use weft_proto::v1::{
    ExchangeRequest, ExchangeResponse, FetchPolicyRequest, Notice, Policy, Refusal, RenewRequest,
    RenewResponse, Report, client_message, hint, server_message,
};

use super::{
    house::{House, eventually},
    laptop::{EPOCH, Laptop, gap, hello, report, request, said},
};

struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    fn ok<A: Message + Default>(&self) -> A {
        assert_eq!(self.status, 200, "{:?}", Refusal::decode(&*self.body));
        A::decode(&*self.body).unwrap()
    }

    fn refusal(&self) -> Refusal {
        assert_ne!(self.status, 200);
        Refusal::decode(&*self.body).unwrap()
    }
}

async fn post(house: &House, laptop: Option<&Laptop>, head: &str, body: &[u8]) -> Answer {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(
        CertificateDer::pem_slice_iter(house.anchors().as_bytes()).map(Result::unwrap),
    );
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
    let mut config = match laptop {
        None => builder.with_no_client_auth(),
        Some(laptop) => builder
            .with_client_auth_cert(
                vec![laptop.certificate.clone().into()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(laptop.key.serialize_der())),
            )
            .unwrap(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let tcp = TcpStream::connect(house.grpc).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .unwrap();
    let head = format!(
        "{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\nContent-Type: application/x-protobuf\r\n\r\n",
        body.len()
    );
    tls.write_all(head.as_bytes()).await.unwrap();
    tls.write_all(body).await.unwrap();
    let mut raw = Vec::new();
    // An end without close_notify is an end.
    tls.read_to_end(&mut raw).await.ok();
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    Answer {
        status: head.split_whitespace().nth(1).unwrap().parse().unwrap(),
        body: raw[end + 4..].to_vec(),
    }
}

async fn exchange(
    house: &House,
    laptop: &Laptop,
    next_seq: u64,
    reports: Vec<Report>,
) -> ExchangeResponse {
    let mut greeting = hello(EPOCH, next_seq);
    greeting.capabilities = vec!["notices".to_owned()];
    let mut messages = vec![said(client_message::Message::Hello(greeting))];
    messages.extend(
        reports
            .into_iter()
            .map(|report| said(client_message::Message::Report(report))),
    );
    let body = ExchangeRequest { messages }.encode_to_vec();
    post(house, Some(laptop), "POST /v1/exchange", &body)
        .await
        .ok()
}

fn durable(answer: &ExchangeResponse) -> Vec<u64> {
    let of = |message: &weft_proto::v1::ServerMessage| match &message.message {
        Some(server_message::Message::Welcome(welcome)) => Some(welcome.durable_seq),
        Some(server_message::Message::Ack(ack)) => Some(ack.durable_seq),
        _ => None,
    };
    answer.messages.iter().filter_map(of).collect()
}

#[tokio::test]
async fn exchanges_and_streams_make_one_book() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let answer = exchange(&house, &laptop, 1, vec![]).await;
    assert_eq!((durable(&answer), answer.refusal), (vec![0], None));
    let answer = exchange(&house, &laptop, 301, vec![report(1, 200), report(201, 300)]).await;
    assert_eq!(durable(&answer).last(), Some(&300));
    // The answer was lost: the same once more, and what follows.
    let again = vec![
        report(1, 200),
        report(201, 300),
        gap(301, 310),
        report(311, 320),
    ];
    let answer = exchange(&house, &laptop, 321, again).await;
    assert_eq!(
        (durable(&answer).first(), durable(&answer).last()),
        (Some(&300), Some(&320))
    );
    // A stream goes on where an exchange ended, and the other way round.
    let mut talk = laptop.open(&house, 331).await;
    assert_eq!(talk.welcome.durable_seq, 320);
    talk.send(report(321, 330)).await;
    talk.durable(330).await;
    let answer = exchange(&house, &laptop, 332, vec![report(331, 331)]).await;
    assert_eq!(durable(&answer), [330, 331]);
    let books = eventually("the books know what was sent", async || {
        Some(house.books(laptop.device).await).filter(|books| books.sent == 331)
    })
    .await;
    assert_eq!((books.stored, books.lost), (321, 10));
    assert!(books.balanced());
}

#[tokio::test]
async fn the_same_refusals() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let answer = exchange(&house, &laptop, 10, vec![report(5, 6)]).await;
    let refusal = answer.refusal.unwrap();
    assert_eq!(Code::from_i32(refusal.code), Code::FailedPrecondition);
    assert!(refusal.words.contains("hole"), "{}", refusal.words);

    let hello_only = ExchangeRequest {
        messages: vec![said(client_message::Message::Hello(hello(EPOCH, 1)))],
    };
    let nobody = post(
        &house,
        None,
        "POST /v1/exchange",
        &hello_only.encode_to_vec(),
    )
    .await;
    assert_eq!(
        (nobody.status, nobody.refusal().code),
        (401, Code::Unauthenticated.into())
    );
    let empty = exchange_raw(&house, &laptop, b"").await;
    assert_eq!(empty.refusal, None, "nothing said, nothing answered");
    for garbage in [&b"\xff\xff\xff"[..], &[0x0a; 300]] {
        let refused = post(&house, Some(&laptop), "POST /v1/exchange", garbage).await;
        assert_eq!(
            (refused.status, refused.refusal().code),
            (400, Code::InvalidArgument.into())
        );
    }
    assert_eq!(
        post(&house, Some(&laptop), "GET /v1/exchange", b"")
            .await
            .status,
        405
    );
    let many = ExchangeRequest {
        messages: vec![hello_only.messages[0].clone(); 100],
    };
    let refused = post(
        &house,
        Some(&laptop),
        "POST /v1/exchange",
        &many.encode_to_vec(),
    )
    .await;
    assert!(refused.refusal().words.contains("limit"));
    let twice = ExchangeRequest {
        messages: vec![hello_only.messages[0].clone(); 2],
    };
    let answer = exchange_raw(&house, &laptop, &twice.encode_to_vec()).await;
    assert_eq!(
        Code::from_i32(answer.refusal.unwrap().code),
        Code::InvalidArgument
    );
}

async fn exchange_raw(house: &House, laptop: &Laptop, body: &[u8]) -> ExchangeResponse {
    post(house, Some(laptop), "POST /v1/exchange", body)
        .await
        .ok()
}

#[tokio::test]
async fn policy_renewal_and_notices_come_this_way_too() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let asked = FetchPolicyRequest { have_version: 0 }.encode_to_vec();
    let policy: Policy = post(&house, Some(&laptop), "POST /v1/policy", &asked)
        .await
        .ok();
    assert!(policy.version > 0);
    assert!(policy.notices.unwrap().console_url.starts_with("http"));
    let renewal = RenewRequest {
        csr: request(&laptop.key).into(),
    }
    .encode_to_vec();
    let renewed: RenewResponse = post(&house, Some(&laptop), "POST /v1/renew", &renewal)
        .await
        .ok();
    assert!(!renewed.certificate_chain.is_empty());
    let notice = Notice {
        id: "n".into(),
        title: "t".into(),
        ..Notice::default()
    };
    house
        .rooms
        .notices
        .notify_device(laptop.device, notice.clone())
        .await
        .unwrap();
    let answer = exchange(&house, &laptop, 1, vec![]).await;
    let hints: Vec<_> = answer
        .messages
        .into_iter()
        .filter_map(|message| match message.message {
            Some(server_message::Message::Hint(hint)) => hint.hint,
            _ => None,
        })
        .collect();
    // The Hello of this test has no policy.
    assert_eq!(
        hints,
        [
            hint::Hint::PolicyVersion(policy.version),
            hint::Hint::Notice(notice)
        ]
    );
}
