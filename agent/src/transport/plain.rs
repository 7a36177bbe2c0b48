//! The plain way: the same messages as HTTPS/1.1 POSTs, for networks that break HTTP/2 (`ingest.proto`, "The plain way").
//!
//! Invariant: a call is made again on a fresh connection only when the old one ended before an answer began; every message of
//! this protocol bears repetition. An answer that is not ours (a middlebox's page) is never taken for the collector's word.

use std::{sync::Arc, time::Duration};

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use prost::{Message, bytes::Bytes};
use tokio::sync::{Mutex, mpsc};
use tonic::Status;
use weft_proto::{
    MAX_MESSAGE_BYTES,
    v1::{
        ClientMessage, ExchangeRequest, ExchangeResponse, Hello, Refusal, Report, ServerMessage,
        client_message, server_message,
    },
};

use super::{
    Fault, Protocol, Target,
    dial::dial,
    fault::pushback,
    watched::{Slot, Traffic},
};

/// Type of every body.
const PROTOBUF: &str = "application/x-protobuf";

/// Below this a zstd frame saves nothing worth its time.
const COMPRESS_FROM: usize = 512;

/// Reports are small and repetitive: the fastest level gets most of it and needs the least memory.
const LEVEL: i32 = 1;

/// The collector answers an exchange within 45 s; proxies commonly give up at 60 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(75);

/// Reports of one exchange together; with Hello and framing they stay under the limit of a message.
const MAX_EXCHANGE_BYTES: usize = MAX_MESSAGE_BYTES - 64 * 1024;

/// An agent with nothing to send still asks for hints and shows that it lives.
const IDLE: Duration = Duration::from_secs(300);

/// The plain connection. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Plain {
    target: Target,
    slot: Slot,
    traffic: Traffic,
    live: Arc<Mutex<Option<SendRequest<Full<Bytes>>>>>,
}

/// How a call failed.
enum Failed {
    /// Before any answer: the next connection may do better.
    Stale(Fault),
    Fault(Fault),
}

impl Plain {
    /// Dials once, so that what is wrong shows here.
    pub(crate) async fn connect(target: &Target, traffic: &Traffic) -> Result<Self, Fault> {
        let plain = Self {
            target: target.clone(),
            slot: Slot::default(),
            traffic: traffic.clone(),
            live: Arc::default(),
        };
        *plain.live.lock().await = Some(plain.dial().await?);
        Ok(plain)
    }

    async fn dial(&self) -> Result<SendRequest<Full<Bytes>>, Fault> {
        let stream = dial(&self.target, Protocol::Http1, &self.slot, &self.traffic).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken(&error))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// What a broken connection means: a TLS alert outranks the reset that follows it.
    fn broken(&self, error: &dyn std::error::Error) -> Fault {
        let server = &self.target.server;
        self.slot
            .take(server, self.target.client.is_some())
            .unwrap_or_else(|| Fault::unreachable(server, super::fault::chain(error)))
    }

    /// One POST.
    pub(crate) async fn call<Q: Message, A: Message + Default>(
        &self,
        path: &'static str,
        question: &Q,
    ) -> Result<A, Fault> {
        let late = || Fault::unreachable(&self.target.server, "no answer in time");
        let mut live = self.live.lock().await;
        let was_used = live.is_some();
        let answered = tokio::time::timeout(CALL_TIMEOUT, async {
            match self.ask(&mut live, path, question).await {
                Err(Failed::Stale(_)) if was_used => self.ask(&mut live, path, question).await,
                other => other,
            }
        });
        match answered.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Failed::Stale(fault) | Failed::Fault(fault))) => Err(fault),
            Err(_) => {
                *live = None;
                Err(late())
            }
        }
    }

    async fn ask<Q: Message, A: Message + Default>(
        &self,
        live: &mut Option<SendRequest<Full<Bytes>>>,
        path: &'static str,
        question: &Q,
    ) -> Result<A, Failed> {
        let mut sender = match live.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.dial().await.map_err(Failed::Fault)?,
        };
        let request = self.request(path, question).map_err(Failed::Fault)?;
        let stale = |error: hyper::Error| Failed::Stale(self.broken(&error));
        sender.ready().await.map_err(stale)?;
        let answer = sender.send_request(request).await.map_err(stale)?;
        let status = answer.status();
        let is_ours = answer
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == PROTOBUF);
        let is_compressed = answer
            .headers()
            .get(header::CONTENT_ENCODING)
            .is_some_and(|encoding| encoding == "zstd");
        if !is_ours {
            return Err(Failed::Fault(Fault::Protocol(format!(
                "something on the way (or another server) answered HTTP {} in the collector's place",
                status.as_u16()
            ))));
        }
        let body = Limited::new(answer.into_body(), MAX_MESSAGE_BYTES)
            .collect()
            .await;
        let body = body
            .map_err(|error| Failed::Fault(self.broken(error.as_ref())))?
            .to_bytes();
        // The connection serves again only when the answer was read to its end.
        *live = Some(sender);
        self.read(status, &body, is_compressed)
            .map_err(Failed::Fault)
    }

    fn request<Q: Message>(
        &self,
        path: &'static str,
        question: &Q,
    ) -> Result<Request<Full<Bytes>>, Fault> {
        let plain = question.encode_to_vec();
        let odd = |error: &dyn std::error::Error| Fault::Protocol(error.to_string());
        let mut request = Request::post(path)
            .header(header::HOST, self.target.server.authority())
            .header(header::CONTENT_TYPE, PROTOBUF)
            .header(header::ACCEPT_ENCODING, "zstd")
            .header(
                header::USER_AGENT,
                concat!("weft-agent/", env!("CARGO_PKG_VERSION")),
            );
        let body = if plain.len() >= COMPRESS_FROM {
            request = request.header(header::CONTENT_ENCODING, "zstd");
            zstd::bulk::compress(&plain, LEVEL).map_err(|error| odd(&error))?
        } else {
            plain
        };
        request
            .body(Full::new(body.into()))
            .map_err(|error| odd(&error))
    }

    fn read<A: Message + Default>(
        &self,
        status: StatusCode,
        body: &Bytes,
        is_compressed: bool,
    ) -> Result<A, Fault> {
        let unreadable = |error: &dyn std::error::Error| {
            Fault::Protocol(format!("its answer cannot be read: {error}"))
        };
        let body: Bytes = if is_compressed {
            zstd::bulk::decompress(body, MAX_MESSAGE_BYTES)
                .map_err(|error| unreadable(&error))?
                .into()
        } else {
            body.clone()
        };
        if status == StatusCode::OK {
            return A::decode(body).map_err(|error| unreadable(&error));
        }
        let refusal = Refusal::decode(body).map_err(|error| unreadable(&error))?;
        Err(Fault::from_status(
            &self.target.server,
            &status_of(&refusal),
        ))
    }

    /// A stream in the form of exchanges: what the shipper hands over goes out in POSTs, what comes back is heard one by one.
    pub(crate) fn stream(
        &self,
        hello: Hello,
        outbound: mpsc::Receiver<ClientMessage>,
    ) -> mpsc::Receiver<Result<ServerMessage, Fault>> {
        let (heard, inbound) = mpsc::channel(64);
        let plain = self.clone();
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = plain.exchange_all(hello, outbound, &heard) => ended,
                // The session is over: an answer that is on its way has no reader.
                () = heard.closed() => return,
            };
            if let Err(fault) = ended {
                heard.send(Err(fault)).await.ok();
            }
        });
        inbound
    }

    async fn exchange_all(
        &self,
        mut hello: Hello,
        mut outbound: mpsc::Receiver<ClientMessage>,
        heard: &mpsc::Sender<Result<ServerMessage, Fault>>,
    ) -> Result<(), Fault> {
        let (mut window, mut is_first) = (1, true);
        let mut carry = None;
        loop {
            let batch = match is_first {
                true => Vec::new(),
                false => match gather(&mut outbound, &mut carry, window).await {
                    Some(batch) => batch,
                    None => return Ok(()),
                },
            };
            for report in batch.iter().filter_map(report_in) {
                // The collector judges by it whether a spool went back in time.
                hello.next_seq = hello.next_seq.max(report.next_seq);
                hello.clock = report.clock.or(hello.clock.take());
            }
            let mut messages = vec![ClientMessage {
                message: Some(client_message::Message::Hello(hello.clone())),
            }];
            messages.extend(batch);
            let answer: ExchangeResponse = self
                .call("/v1/exchange", &ExchangeRequest { messages })
                .await?;
            for message in answer.messages {
                if let Some(server_message::Message::Welcome(welcome)) = &message.message {
                    window = welcome.window.clamp(1, 8) as usize;
                    // The session begins once, however many exchanges it takes.
                    if !is_first {
                        continue;
                    }
                }
                if heard.send(Ok(message)).await.is_err() {
                    return Ok(());
                }
            }
            is_first = false;
            if let Some(refusal) = answer.refusal {
                return Err(Fault::from_status(
                    &self.target.server,
                    &status_of(&refusal),
                ));
            }
        }
    }
}

/// What goes into the next exchange: everything that waits, or nothing after [`IDLE`]; `None` when the session is over.
async fn gather(
    outbound: &mut mpsc::Receiver<ClientMessage>,
    carry: &mut Option<ClientMessage>,
    window: usize,
) -> Option<Vec<ClientMessage>> {
    let first = match carry.take() {
        Some(message) => message,
        // Jittered, so that a fleet behind one proxy does not ask in step.
        None => {
            match tokio::time::timeout(IDLE.mul_f64(rand::random_range(0.8..1.2)), outbound.recv())
                .await
            {
                Ok(message) => message?,
                Err(_) => return Some(Vec::new()),
            }
        }
    };
    let mut bytes = first.encoded_len();
    let mut batch = vec![first];
    while batch.len() < window {
        let Ok(message) = outbound.try_recv() else {
            break;
        };
        bytes += message.encoded_len();
        if bytes > MAX_EXCHANGE_BYTES {
            *carry = Some(message);
            break;
        }
        batch.push(message);
    }
    Some(batch)
}

fn report_in(message: &ClientMessage) -> Option<&Report> {
    match &message.message {
        Some(client_message::Message::Report(report)) => Some(report),
        _ => None,
    }
}

fn status_of(refusal: &Refusal) -> Status {
    let mut status = Status::new(tonic::Code::from_i32(refusal.code), refusal.words.clone());
    pushback::set(&mut status, refusal.retry_after);
    status
}
