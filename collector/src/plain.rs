//! The plain way: the same services as HTTPS/1.1 POSTs, for networks that break HTTP/2 (`ingest.proto`, "The plain way").
//!
//! **Invariant:** nothing is decided here. A body becomes the message that gRPC would have brought and goes to the same
//! service, behind the same gate, into the same queue; a refusal goes back with the same code and the same words.

use std::{collections::VecDeque, io::Read as _, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest as _, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use prost::Message;
use tokio::{sync::mpsc, time::timeout};
use tonic::Status;
use weft_proto::{
    MAX_MESSAGE_BYTES,
    v1::{
        ExchangeRequest, ExchangeResponse, Refusal, enrollment_server::Enrollment as _,
        policies_server::Policies as _,
    },
};

use crate::{
    enroll::Enroll,
    error::{Code, Fault, retry_after},
    ingest::{Inbound, Ingest, writer::Durable},
    policy::Policies,
};

const PROTOBUF: &str = "application/x-protobuf";

/// A body must be here within this time: 4 MiB over a line of 1 Mbit/s.
const BODY_TIMEOUT: Duration = Duration::from_secs(40);

/// An exchange has a Hello, a window of reports and a few receipts.
const MAX_MESSAGES: usize = 64;

/// Below this an answer is sent as it is.
const COMPRESS_FROM: usize = 1024;
const LEVEL: i32 = 3;

/// The services behind the paths. Cloning shares everything.
#[derive(Clone)]
pub struct Plain<D> {
    pub ingest: Ingest<D>,
    pub enroll: Enroll,
    pub policies: Policies,
}

/// The paths; to be served beside gRPC, on connections that our acceptor made.
pub fn router<D: Durable>(plain: Plain<D>) -> Router {
    Router::new()
        .route("/v1/enroll", post(enroll::<D>))
        .route("/v1/renew", post(renew::<D>))
        .route("/v1/policy", post(policy::<D>))
        .route("/v1/exchange", post(exchange::<D>))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES))
        .with_state(plain)
}

async fn enroll<D: Durable>(State(plain): State<Plain<D>>, request: Request) -> Response {
    call(request, async |request| plain.enroll.enroll(request).await).await
}

async fn renew<D: Durable>(State(plain): State<Plain<D>>, request: Request) -> Response {
    call(request, async |request| plain.enroll.renew(request).await).await
}

async fn policy<D: Durable>(State(plain): State<Plain<D>>, request: Request) -> Response {
    call(request, async |request| plain.policies.fetch(request).await).await
}

async fn exchange<D: Durable>(State(plain): State<Plain<D>>, request: Request) -> Response {
    call(request, async |request| {
        exchanged(&plain.ingest, request).await
    })
    .await
}

async fn exchanged<D: Durable>(
    ingest: &Ingest<D>,
    request: tonic::Request<ExchangeRequest>,
) -> Result<tonic::Response<ExchangeResponse>, Status> {
    let (_, extensions, ExchangeRequest { messages }) = request.into_parts();
    if messages.len() > MAX_MESSAGES {
        let words = format!(
            "{} messages in one exchange; the limit is {MAX_MESSAGES}",
            messages.len()
        );
        return Err(Fault::new(Code::Invalid, words).into());
    }
    // Everything said about one exchange fits, so nothing waits for a reader.
    let (outbox, mut said) = mpsc::channel(MAX_MESSAGES * 4);
    let inbound = Inbound::Exchange(VecDeque::from(messages));
    ingest.converse(&extensions, inbound, outbox).await?;
    let mut answer = ExchangeResponse::default();
    while let Some(message) = said.recv().await {
        match message {
            Ok(message) => answer.messages.push(message),
            Err(status) => answer.refusal = Some(refusal(&status)),
        }
    }
    Ok(tonic::Response::new(answer))
}

/// Body in, service, body out.
async fn call<Q, A>(
    request: Request,
    serve: impl AsyncFnOnce(tonic::Request<Q>) -> Result<tonic::Response<A>, Status>,
) -> Response
where
    Q: Message + Default,
    A: Message,
{
    let wants_zstd = lists_zstd(request.headers());
    let asked = match read(request).await {
        Ok(asked) => asked,
        Err(fault) => return refused(&fault.into()),
    };
    match serve(asked).await {
        Ok(answer) => answered(&answer.into_inner(), wants_zstd),
        Err(status) => refused(&status),
    }
}

async fn read<Q: Message + Default>(request: Request) -> Result<tonic::Request<Q>, Fault> {
    let invalid = |words: String| Fault::new(Code::Invalid, words);
    let (parts, body) = request.into_parts();
    if header_word(&parts.headers, header::CONTENT_TYPE) != PROTOBUF {
        return Err(invalid(format!(
            "this path takes {PROTOBUF} from weft agents; people find the console on its own port"
        )));
    }
    let encoding = header_word(&parts.headers, header::CONTENT_ENCODING).to_owned();
    // They hold the peer, as on every request of this door.
    let extensions = parts.extensions.clone();
    let request = Request::from_parts(parts, body);
    let body = match timeout(BODY_TIMEOUT, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejection)) => {
            return Err(invalid(format!(
                "unreadable body: {}",
                rejection.body_text()
            )));
        }
        Err(_) => {
            return Err(Fault::new(
                Code::Unavailable,
                "the body did not come in time",
            ));
        }
    };
    let body = match encoding.as_str() {
        "" | "identity" => body,
        "zstd" => unpack(&body).map_err(invalid)?,
        other => {
            return Err(invalid(format!(
                "content-encoding {other:?} is not known here; send zstd or none"
            )));
        }
    };
    let message =
        Q::decode(body).map_err(|error| invalid(format!("unreadable message: {error}")))?;
    let metadata = tonic::metadata::MetadataMap::new();
    Ok(tonic::Request::from_parts(metadata, extensions, message))
}

/// At most one message's worth, whatever the frame promises.
fn unpack(body: &[u8]) -> Result<Bytes, String> {
    let mut plain = Vec::new();
    let limit = MAX_MESSAGE_BYTES as u64;
    zstd::stream::read::Decoder::new(body)
        .and_then(|decoder| decoder.take(limit + 1).read_to_end(&mut plain))
        .map_err(|error| format!("unreadable zstd: {error}"))?;
    if plain.len() > MAX_MESSAGE_BYTES {
        return Err(format!(
            "more than {MAX_MESSAGE_BYTES} bytes once decompressed"
        ));
    }
    Ok(plain.into())
}

fn lists_zstd(headers: &HeaderMap) -> bool {
    header_word(headers, header::ACCEPT_ENCODING)
        .split(',')
        .any(|encoding| encoding.trim() == "zstd")
}

fn header_word(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}

fn answered(answer: &impl Message, wants_zstd: bool) -> Response {
    let body = answer.encode_to_vec();
    if wants_zstd && body.len() >= COMPRESS_FROM {
        match zstd::bulk::compress(&body, LEVEL) {
            Ok(packed) => {
                let mut response = protobuf(StatusCode::OK, packed);
                response
                    .headers_mut()
                    .insert(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
                return response;
            }
            Err(error) => tracing::warn!("an answer is sent uncompressed: {error}"),
        }
    }
    protobuf(StatusCode::OK, body)
}

fn refused(status: &Status) -> Response {
    let http = Code::ALL
        .into_iter()
        .find(|code| code.grpc() == status.code())
        .map_or(StatusCode::INTERNAL_SERVER_ERROR, Code::http);
    protobuf(http, refusal(status).encode_to_vec())
}

fn refusal(status: &Status) -> Refusal {
    Refusal {
        code: status.code().into(),
        words: status.message().to_owned(),
        retry_after: retry_after(status).map_or(0.0, |wait| wait.as_secs_f64()),
    }
}

fn protobuf(status: StatusCode, body: Vec<u8>) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(PROTOBUF))];
    (status, kind, Body::from(body)).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_frame_that_promises_more_than_a_message_is_refused() {
        let bomb = zstd::bulk::compress(&vec![0; MAX_MESSAGE_BYTES + 1], 1).unwrap();
        assert!(bomb.len() < 4096, "{}", bomb.len());
        assert!(unpack(&bomb).unwrap_err().contains("once decompressed"));
        assert!(unpack(b"no zstd").is_err());
        let good = zstd::bulk::compress(b"hello", 1).unwrap();
        assert_eq!(unpack(&good).unwrap().as_ref(), b"hello");
    }

    #[test]
    fn refusals_keep_code_words_and_patience() {
        let status: Status = Fault::new(Code::Exhausted, "too many").into();
        let refusal = refusal(&status);
        assert_eq!((refusal.code, refusal.words.as_str()), (8, "too many"));
        assert!(refusal.retry_after > 0.0);
        assert_eq!(refused(&status).status(), StatusCode::TOO_MANY_REQUESTS);
    }
}
