//! A platform that is none: a server on this machine that answers as its vendor documents, has accidents when a test says
//! so, and remembers what it was asked. No test's outcome hangs on how fast it is.

#![allow(clippy::unwrap_used)]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Line, Reach};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: Method,
    /// Decoded, with a slash in front.
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A pair of the form in the body.
    pub fn form(&self, name: &str) -> Option<String> {
        pair(url::form_urlencoded::parse(&self.body), name)
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The path's parts.
    pub fn parts(&self) -> Vec<&str> {
        self.path.trim_matches('/').split('/').collect()
    }
}

fn pair(pairs: url::form_urlencoded::Parse<'_>, name: &str) -> Option<String> {
    pairs
        .into_owned()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

/// What goes back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Value,
    /// A long poll that nothing ended: it comes a little later, so that whoever asks again does not ask all the time.
    pub held: bool,
}

impl Reply {
    pub fn ok(body: Value) -> Self {
        Self::status(200, body)
    }

    pub fn status(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: vec![],
            body,
            held: false,
        }
    }

    pub fn with(mut self, header: &'static str, value: &str) -> Self {
        self.headers.push((header, value.to_owned()));
        self
    }
}

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Mishap {
    /// Nothing is done; this comes back.
    Says(Reply),
    /// The next that changes something is done, and the line breaks before the answer.
    Loses,
}

/// What a vendor's server knows.
pub trait World: Send + 'static {
    fn answer(&mut self, asked: &Asked) -> Reply;

    /// What people read there now, in order.
    fn texts(&self) -> Vec<String>;

    /// How this vendor says that there were too many requests, for seven seconds.
    fn too_many() -> Reply;

    /// How this vendor turns a bad key away.
    fn locked() -> Reply;
}

/// A running server.
pub struct Fake<W> {
    pub address: String,
    inner: Arc<Inner<W>>,
    server: JoinHandle<()>,
}

struct Inner<W> {
    world: Mutex<W>,
    mishaps: Mutex<VecDeque<Mishap>>,
    asked: Mutex<Vec<Asked>>,
}

impl<W: World> Fake<W> {
    pub async fn start(world: W) -> Self {
        let inner = Arc::new(Inner {
            world: Mutex::new(world),
            mishaps: Mutex::default(),
            asked: Mutex::default(),
        });
        let app = Router::new()
            .fallback(serve::<W>)
            .with_state(Arc::clone(&inner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self {
            address,
            inner,
            server,
        }
    }

    pub fn world(&self) -> MutexGuard<'_, W> {
        self.inner.world.lock().unwrap()
    }

    /// The next request meets this.
    pub fn mishap(&self, mishap: Mishap) {
        self.inner.mishaps.lock().unwrap().push_back(mishap);
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    pub fn texts(&self) -> Vec<String> {
        self.world().texts()
    }
}

impl<W> Drop for Fake<W> {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve<W: World>(State(inner): State<Arc<Inner<W>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let asked = Asked {
        method: parts.method,
        path: percent_decoded(parts.uri.path()),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        headers: parts.headers,
        body,
    };
    inner.asked.lock().unwrap().push(asked.clone());
    let mishap = {
        let mut mishaps = inner.mishaps.lock().unwrap();
        match mishaps.front() {
            Some(Mishap::Loses) if asked.method == Method::GET => None,
            _ => mishaps.pop_front(),
        }
    };
    let reply = match &mishap {
        Some(Mishap::Says(reply)) => reply.clone(),
        Some(Mishap::Loses) | None => inner.world.lock().unwrap().answer(&asked),
    };
    if reply.held {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    match mishap {
        Some(Mishap::Loses) => broken(),
        _ => whole(reply),
    }
}

fn percent_decoded(path: &str) -> String {
    // A path is a form's value but for the plus.
    let pairs = format!("p={}", path.replace('+', "%2B"));
    pair(url::form_urlencoded::parse(pairs.as_bytes()), "p").unwrap_or_default()
}

fn whole(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body.to_string()));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in reply.headers {
        response.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(&value).unwrap(),
        );
    }
    response
}

/// An answer that never ends well.
fn broken() -> Response {
    let fails =
        futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("the line broke")) });
    Response::new(Body::from_stream(fails))
}

/// A line that reaches this machine.
pub fn line() -> Line {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Line::new(Reach::read(&["127.0.0.1"]).unwrap(), "").unwrap()
}

/// Nothing here.
pub fn gone() -> Reply {
    Reply::status(404, json!({"error": "not found"}))
}

/// Headers of a delivery.
pub fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let value = HeaderValue::from_str(value).unwrap();
        (HeaderName::from_static(name), value)
    });
    pairs.collect()
}
