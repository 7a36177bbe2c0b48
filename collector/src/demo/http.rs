//! The demo's own look at the console's API, over loopback, signed in as IT.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who signs in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    pub login: String,
    pub password: String,
}

/// The overview of a large simulated fleet is the slowest thing asked for.
const TIMEOUT: Duration = Duration::from_secs(30);

pub struct Http {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
    cookie: Option<String>,
}

impl Http {
    pub fn new(port: u16) -> Self {
        Self {
            base: format!("http://127.0.0.1:{port}"),
            client: Client::builder(TokioExecutor::new()).build_http(),
            cookie: None,
        }
    }

    pub async fn ready(&self) -> bool {
        matches!(
            self.call(Method::GET, "/readyz", None).await,
            Ok((StatusCode::OK, ..))
        )
    }

    pub async fn sign_in(&mut self, login: &Login) -> Result<()> {
        let body = serde_json::json!({"login": login.login, "password": login.password});
        let (status, cookie, answer) = self
            .call(Method::POST, "/api/v1/session", Some(&body))
            .await?;
        if !status.is_success() {
            bail!("sign-in as {} failed ({status}): {answer}", login.login);
        }
        self.cookie = cookie;
        Ok(())
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, _, answer) = self.call(method.clone(), path, body).await?;
        if !status.is_success() {
            bail!("{method} {path} failed ({status}): {answer}");
        }
        Ok(answer)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Option<String>, Value)> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("x-weft-csrf", "1");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let bytes = match body {
            Some(value) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(serde_json::to_vec(value)?)
            }
            None => Bytes::new(),
        };
        let answer = tokio::time::timeout(
            TIMEOUT,
            self.client.request(request.body(Full::new(bytes))?),
        )
        .await
        .with_context(|| format!("no answer to {path} within {} s", TIMEOUT.as_secs()))??;
        let status = answer.status();
        let cookie = answer
            .headers()
            .get(header::SET_COOKIE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(str::to_owned);
        let bytes = answer.into_body().collect().await?.to_bytes();
        Ok((
            status,
            cookie,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        ))
    }
}
