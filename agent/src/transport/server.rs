//! The collector's address as people write it: `https://weft.example.org`, `weft.example.org:7443`, `[::1]:7443`.
//!
//! Invariant: a parsed address has a host, a port and a name that TLS can check. Plain `http://` is refused.

use rustls_pki_types::ServerName;
use tonic::transport::Uri;

/// The collector's gRPC port.
pub const DEFAULT_PORT: u16 = 7443;

/// Host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: u16,
}

/// Why an address is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no collector address: write https://HOST or https://HOST:PORT (port {DEFAULT_PORT} when left out)"
)]
pub struct BadServer(String);

impl std::str::FromStr for Server {
    type Err = BadServer;

    fn from_str(text: &str) -> Result<Self, BadServer> {
        let bad = || BadServer(text.to_owned());
        let rest = text.trim().strip_prefix("https://").unwrap_or(text.trim());
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '@', ' ', '?', '#']) {
            return Err(bad());
        }
        let authority: http::uri::Authority = authority.parse().map_err(|_| bad())?;
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        // A port that is no number parses as no port; say so instead of using the default.
        let written_port = authority
            .as_str()
            .rsplit_once("]")
            .map_or(authority.as_str(), |(_, rest)| rest)
            .contains(':');
        let port = match authority.port_u16() {
            Some(port) => port,
            None if written_port => return Err(bad()),
            None => DEFAULT_PORT,
        };
        let server = Self { host, port };
        server.tls_name().map_err(|_| bad())?;
        Ok(server)
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "https://{}", self.authority())
    }
}

impl Server {
    /// Host name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// What the certificate must be for.
    pub(crate) fn tls_name(&self) -> std::io::Result<ServerName<'static>> {
        ServerName::try_from(self.host.clone()).map_err(std::io::Error::other)
    }

    /// tonic refuses `https` unless it does TLS itself; we do, so the transport's own scheme is plain.
    pub(crate) fn plain_uri(&self) -> Uri {
        self.uri("http")
    }

    /// What requests name as their scheme and authority.
    pub(crate) fn origin(&self) -> Uri {
        self.uri("https")
    }

    fn uri(&self, scheme: &str) -> Uri {
        // Both parts were parsed as an authority before; the fallback keeps this total.
        format!("{scheme}://{}", self.authority())
            .parse()
            .unwrap_or_else(|_| Uri::from_static("http://invalid"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<(&str, u16)>) {
        let got = text.parse::<Server>().ok();
        assert_eq!(
            got.as_ref().map(|server| (server.host(), server.port())),
            expect,
            "{text}"
        );
    }

    #[test]
    fn addresses_as_people_write_them() {
        check("https://weft.example.org", Some(("weft.example.org", 7443)));
        check("weft.example.org:9", Some(("weft.example.org", 9)));
        check("https://127.0.0.1:7443/", Some(("127.0.0.1", 7443)));
        check("https://[::1]:7443", Some(("::1", 7443)));
        check("[::1]", Some(("::1", 7443)));
        check("http://weft.example.org", None);
        check("weft.example.org:port", None);
        check("https://weft.example.org/path", None);
        check("https://user@weft.example.org", None);
        check("", None);
    }
}
