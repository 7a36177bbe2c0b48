//! The double's plain way: the same services as POSTs, as `ingest.proto` describes them.

use axum::{
    Router,
    body::Bytes,
    extract::{Request as Http, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response as Answer},
    routing::post,
};
use prost::Message;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, metadata::MetadataMap};
use weft_proto::v1::{
    ExchangeRequest, ExchangeResponse, Refusal, enrollment_server::Enrollment as _,
    policies_server::Policies as _,
};

use super::Double;

const PROTOBUF: [(&str, &str); 1] = [("content-type", "application/x-protobuf")];

pub fn router(double: Double) -> Router {
    Router::new()
        .route("/v1/enroll", post(enroll))
        .route("/v1/renew", post(renew))
        .route("/v1/policy", post(policy))
        .route("/v1/exchange", post(exchange))
        .with_state(double)
}

async fn enroll(State(double): State<Double>, http: Http) -> Answer {
    call(http, async |request| double.enroll(request).await).await
}

async fn renew(State(double): State<Double>, http: Http) -> Answer {
    call(http, async |request| double.renew(request).await).await
}

async fn policy(State(double): State<Double>, http: Http) -> Answer {
    call(http, async |request| double.fetch(request).await).await
}

async fn exchange(State(double): State<Double>, http: Http) -> Answer {
    call(http, async |request: Request<ExchangeRequest>| {
        double.admit(&request)?;
        double.books.lock().unwrap().exchanges += 1;
        let (answers, mut said) = mpsc::channel(64);
        let messages = request.into_inner().messages.into_iter().map(Ok);
        let mut inbound = tokio_stream::iter(messages.collect::<Vec<Result<_, Status>>>());
        let ended = double.converse(&mut inbound, &answers).await;
        drop(answers);
        let mut answer = ExchangeResponse::default();
        while let Some(Ok(message)) = said.recv().await {
            answer.messages.push(message);
        }
        answer.refusal = ended.err().map(|status| refusal(&status));
        Ok(Response::new(answer))
    })
    .await
}

async fn call<Q: Message + Default, A: Message>(
    http: Http,
    serve: impl AsyncFnOnce(Request<Q>) -> Result<Response<A>, Status>,
) -> Answer {
    let (parts, body) = http.into_parts();
    let body = axum::body::to_bytes(body, 8 << 20).await.unwrap();
    let message = Q::decode(unpack(&parts.headers, body)).unwrap();
    let request = Request::from_parts(MetadataMap::new(), parts.extensions, message);
    match serve(request).await {
        Ok(answer) => (
            StatusCode::OK,
            PROTOBUF,
            answer.into_inner().encode_to_vec(),
        ),
        Err(status) => (
            StatusCode::FORBIDDEN,
            PROTOBUF,
            refusal(&status).encode_to_vec(),
        ),
    }
    .into_response()
}

fn unpack(headers: &HeaderMap, body: Bytes) -> Bytes {
    match headers.get("content-encoding") {
        Some(_) => zstd::bulk::decompress(&body, 8 << 20).unwrap().into(),
        None => body,
    }
}

fn refusal(status: &Status) -> Refusal {
    let wait = status.metadata().get("grpc-retry-pushback-ms");
    let wait = wait.and_then(|wait| wait.to_str().ok()?.parse::<f64>().ok());
    Refusal {
        code: status.code().into(),
        words: status.message().to_owned(),
        retry_after: wait.unwrap_or(0.0) / 1000.0,
    }
}
