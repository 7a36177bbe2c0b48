//! Which proxy stands between this laptop and the collector, and the tunnel through it (HTTP CONNECT).
//!
//! Invariant: credentials leave this module only in the one header that the proxy asks for; [`Proxies`] shows itself with
//! them masked, and so does every error. Matching (NO_PROXY with suffixes and CIDR ranges) is hyper-util's; the CONNECT is our
//! own, because hyper-util's tunnel does not say with which status a proxy refused, and that is what IT has to know.

use std::fmt;

use http::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::Server;

/// A proxy's answer to CONNECT is a few lines; some add a page of HTML, which we do not need.
const MAX_ANSWER: usize = 8 * 1024;

/// Variables that name a proxy, in the order that curl and its users know.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const NO_PROXY_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

const UNESCAPED: &str =
    "not a proxy's address (are special characters of the password percent-encoded?)";

/// Words that switch every proxy off.
const DIRECT: [&str; 3] = ["", "none", "direct"];

/// The proxy settings in force. Cloning is cheap enough for once per connection.
#[derive(Clone, Default)]
pub struct Proxies {
    proxy: Option<String>,
    exceptions: String,
    origin: &'static str,
}

/// Why a proxy setting cannot be used. The setting itself is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{origin}: {reason}; write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, or \"none\""
)]
pub struct BadProxy {
    origin: &'static str,
    reason: &'static str,
}

/// What happened at the proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}. {advice}")]
pub struct ProxyError {
    /// What.
    pub detail: String,
    /// What to do.
    pub advice: String,
}

/// One hop.
pub(crate) struct Hop {
    pub(crate) host: String,
    pub(crate) port: u16,
    authorization: Option<HeaderValue>,
    shown: String,
}

impl Proxies {
    /// Checks a proxy and its exceptions; `origin` says where they were written.
    ///
    /// # Errors
    /// A scheme that is not spoken here, or no host.
    pub fn new(proxy: &str, exceptions: &str, origin: &'static str) -> Result<Self, BadProxy> {
        let proxy = proxy.trim();
        if DIRECT.contains(&proxy.to_ascii_lowercase().as_str()) {
            return Ok(Self {
                proxy: None,
                exceptions: String::new(),
                origin,
            });
        }
        let bad = |reason| BadProxy { origin, reason };
        let (scheme, rest) = proxy.split_once("://").unwrap_or(("http", proxy));
        match scheme.to_ascii_lowercase().as_str() {
            "http" => {}
            "https" => {
                return Err(bad(
                    "TLS to the proxy itself is not spoken; the tunnel through it is encrypted anyway",
                ));
            }
            scheme if scheme.starts_with("socks") => {
                return Err(bad("SOCKS is not spoken"));
            }
            _ => return Err(bad("not a proxy's address")),
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let parsed: http::uri::Authority =
            host.parse().map_err(|_| bad("not a proxy's address"))?;
        let written_port = host
            .rsplit_once(']')
            .map_or(host, |(_, rest)| rest)
            .contains(':');
        if parsed.host().is_empty() || (written_port && parsed.port_u16().is_none()) {
            return Err(bad("not a proxy's address"));
        }
        // Would end the authority early, and with it the password.
        if authority.contains(['/', '#', '?', ' ']) {
            return Err(bad(UNESCAPED));
        }
        let made = Self {
            proxy: Some(format!("http://{authority}")),
            exceptions: exceptions.to_ascii_lowercase(),
            origin,
        };
        // The matcher drops what it cannot read without a word: a password with an unescaped "/" or "#".
        let any = http::Uri::from_static("https://weft.invalid");
        match Matcher::builder()
            .all(format!("http://{authority}"))
            .build()
            .intercept(&any)
        {
            Some(_) => Ok(made),
            None => Err(bad(UNESCAPED)),
        }
    }

    /// From HTTPS_PROXY, ALL_PROXY and NO_PROXY, as other programs on this machine read them.
    ///
    /// # Errors
    /// See [`Proxies::new`].
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Result<Self, BadProxy> {
        let found = PROXY_VARIABLES
            .into_iter()
            .find_map(|name| Some((name, env(name).filter(|value| !value.trim().is_empty())?)));
        match found {
            Some((name, proxy)) => Self::new(&proxy, &exceptions(env), name),
            None => Ok(Self::default()),
        }
    }

    /// The hop for a collector; `None` when it is reached directly.
    pub(crate) fn hop(&self, server: &Server) -> Option<Hop> {
        let matcher = Matcher::builder()
            .all(self.proxy.clone()?)
            .no(self.exceptions.clone())
            .build();
        let lower: http::Uri = server
            .origin()
            .to_string()
            .to_ascii_lowercase()
            .parse()
            .ok()?;
        let intercept = matcher.intercept(&lower)?;
        let host = intercept.uri().host()?.trim_matches(['[', ']']).to_owned();
        Some(Hop {
            // Port 80 is what a proxy without a port means.
            port: intercept.uri().port_u16().unwrap_or(80),
            authorization: intercept.basic_auth().cloned(),
            shown: self.to_string(),
            host,
        })
    }

    /// Whether there is one at all.
    pub fn is_set(&self) -> bool {
        self.proxy.is_some()
    }

    /// Whether this collector is reached through it.
    pub fn applies(&self, server: &Server) -> bool {
        self.hop(server).is_some()
    }

    /// The setting that named it, e.g. "HTTPS_PROXY".
    pub fn origin(&self) -> &'static str {
        self.origin
    }
}

/// NO_PROXY.
pub(crate) fn exceptions(env: impl Fn(&str) -> Option<String>) -> String {
    NO_PROXY_VARIABLES
        .into_iter()
        .find_map(env)
        .unwrap_or_default()
}

/// With the credentials masked.
impl fmt::Display for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.proxy {
            None => f.write_str("none"),
            Some(proxy) => {
                let rest = proxy.trim_start_matches("http://");
                match rest.rsplit_once('@') {
                    Some((_, host)) => write!(f, "http://***@{host}"),
                    None => f.write_str(proxy),
                }
            }
        }
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxies({self} from {:?})", self.origin)
    }
}

impl Hop {
    /// The proxy cannot be reached at all.
    pub(crate) fn unreachable(&self, error: &std::io::Error) -> ProxyError {
        ProxyError {
            detail: format!("the proxy {} cannot be reached: {error}", self.shown),
            advice: "Check the proxy's address (`proxy` in agent.toml, HTTPS_PROXY), or list the collector in no_proxy if it is reached without".into(),
        }
    }

    /// No answer in time.
    pub(crate) fn silent(&self) -> ProxyError {
        self.failed(
            "does not answer",
            "Check that it is an HTTP proxy that allows CONNECT",
        )
    }

    fn failed(&self, what: &str, advice: &str) -> ProxyError {
        ProxyError {
            detail: format!("the proxy {} {what}", self.shown),
            advice: advice.into(),
        }
    }

    /// Asks for a tunnel to the collector.
    pub(crate) async fn tunnel(
        &self,
        mut stream: TcpStream,
        authority: &str,
    ) -> Result<TcpStream, ProxyError> {
        let mut request =
            format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
        if let Some(authorization) = &self.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(authorization.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        let broke = |error: std::io::Error| {
            self.failed(
                &format!("broke the connection off: {error}"),
                "Check that it is an HTTP proxy that allows CONNECT",
            )
        };
        stream.write_all(&request).await.map_err(broke)?;
        let mut answer = Vec::with_capacity(512);
        while !answer.ends_with(b"\r\n\r\n") {
            // Byte by byte: what follows the answer belongs to TLS. It is read once per connection.
            match stream.read_u8().await {
                Ok(byte) if answer.len() < MAX_ANSWER => answer.push(byte),
                Ok(_) => break,
                // A refusal without a proper end still has its first line.
                Err(_) if answer.contains(&b'\n') => break,
                Err(error) => return Err(broke(error)),
            }
        }
        self.judge(&answer, authority)?;
        Ok(stream)
    }

    fn judge(&self, answer: &[u8], authority: &str) -> Result<(), ProxyError> {
        let first = answer
            .split(|byte| *byte == b'\r' || *byte == b'\n')
            .next()
            .unwrap_or_default();
        let first = String::from_utf8_lossy(first);
        let status = first
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u16>().ok());
        match status {
            Some(200..=299) if answer.ends_with(b"\r\n\r\n") => Ok(()),
            // tinyproxy says 401 where RFC 9110 has 407.
            Some(status @ (401 | 407)) if self.authorization.is_none() => Err(self.failed(
                &format!("asks for a user name and a password ({status})"),
                "Write them into the proxy setting: http://USER:PASSWORD@HOST:PORT. Only Basic is spoken: for NTLM or Kerberos run a local proxy that translates, or allow the collector without",
            )),
            Some(status @ (401 | 407)) => Err(self.failed(
                &format!("does not accept this user name and password ({status})"),
                "Check them in the proxy setting; percent-encode special characters. Only Basic is spoken, neither NTLM nor Kerberos",
            )),
            Some(403 | 405) => Err(self.failed(
                &format!("forbids a tunnel to {authority} ({})", status.unwrap_or(403)),
                &format!("Ask whoever runs it to allow CONNECT to {authority}; many allow port 443 only"),
            )),
            Some(status @ (502..=504)) => Err(self.failed(
                &format!("cannot reach {authority} ({status})"),
                "Check the collector's address and that the proxy may reach it",
            )),
            Some(status) => Err(self.failed(
                &format!("refuses a tunnel to {authority} ({status})"),
                "Ask whoever runs it to allow CONNECT to the collector",
            )),
            None => Err(self.failed(
                "does not answer like an HTTP proxy",
                "Check the proxy's address and port",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn applies(exceptions: &str, server: &str, expect: bool) {
        let proxies = Proxies::new("http://proxy:3128", exceptions, "test").unwrap();
        assert_eq!(
            proxies.applies(&server.parse().unwrap()),
            expect,
            "{exceptions} {server}"
        );
    }

    #[test]
    fn exceptions_are_names_suffixes_addresses_and_ranges() {
        applies("", "weft.example.org", true);
        applies("example.org", "weft.example.org", false);
        applies(".Example.org, other", "WEFT.example.org", false);
        applies("ample.org", "weft.example.org", true);
        applies("10.0.0.0/8", "10.1.2.3:7443", false);
        applies("10.0.0.0/8", "11.1.2.3:7443", true);
        applies("fd00::/8", "[fd00::1]:7443", false);
        applies("127.0.0.1", "127.0.0.1", false);
        applies("*", "weft.example.org", false);
    }

    #[test]
    fn credentials_are_never_shown() {
        let proxies = Proxies::new("http://anna:s3cr%40t@proxy.example:3128/", "", "test").unwrap();
        let hop = proxies.hop(&"weft.example.org".parse().unwrap()).unwrap();
        assert_eq!((hop.host.as_str(), hop.port), ("proxy.example", 3128));
        // base64("anna:s3cr@t")
        assert_eq!(hop.authorization.clone().unwrap(), "Basic YW5uYTpzM2NyQHQ=");
        for shown in [
            proxies.to_string(),
            format!("{proxies:?}"),
            hop.silent().to_string(),
            hop.judge(b"HTTP/1.1 407 No\r\n\r\n", "weft:1")
                .unwrap_err()
                .to_string(),
        ] {
            assert!(
                !shown.contains("s3cr") && !shown.contains("anna"),
                "{shown}"
            );
            assert!(shown.contains("proxy.example:3128"), "{shown}");
        }
        let bad = Proxies::new("socks5://anna:s3cret@proxy:1", "", "HTTPS_PROXY")
            .unwrap_err()
            .to_string();
        assert!(bad.contains("SOCKS") && !bad.contains("s3cret"), "{bad}");
    }

    #[test]
    fn bad_settings_are_told_and_none_is_none() {
        for bad in [
            "ftp://x",
            "http://",
            "http://proxy:port",
            "https://proxy",
            "pro xy",
            "http://a:p#w@h:1",
        ] {
            assert!(Proxies::new(bad, "", "test").is_err(), "{bad}");
        }
        for none in ["", "none", "Direct"] {
            assert!(!Proxies::new(none, "", "test").unwrap().is_set(), "{none}");
        }
        let env = |name: &str| (name == "https_proxy").then(|| "proxy.example:8080".to_owned());
        let proxies = Proxies::from_env(env).unwrap();
        assert_eq!(
            (proxies.to_string().as_str(), proxies.origin()),
            ("http://proxy.example:8080", "https_proxy")
        );
    }

    #[test]
    fn each_answer_has_its_cause() {
        let hop = Proxies::new("http://proxy:3128", "", "test")
            .unwrap()
            .hop(&"weft.example.org".parse().unwrap())
            .unwrap();
        let check = |answer: &[u8], words: &str| {
            let error = hop
                .judge(answer, "weft.example.org:7443")
                .unwrap_err()
                .to_string();
            assert!(error.contains(words), "{error}");
        };
        hop.judge(
            b"HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n",
            "w:1",
        )
        .unwrap();
        check(
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "asks for a user name",
        );
        check(
            b"HTTP/1.0 401 Unauthorized\r\n\r\n",
            "asks for a user name and a password (401)",
        );
        check(
            b"HTTP/1.1 403 Forbidden\r\n\r\n<html>",
            "forbids a tunnel to weft.example.org:7443 (403)",
        );
        check(
            b"HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "cannot reach weft.example.org:7443 (503)",
        );
        check(b"HTTP/1.1 418 Teapot\r\n", "(418)");
        check(b"220 smtp.example ESMTP\r\n", "like an HTTP proxy");
        check(b"", "like an HTTP proxy");
    }
}
