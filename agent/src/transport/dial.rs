//! From an address to an encrypted stream: name, TCP, perhaps a proxy's tunnel, TLS.
//!
//! Invariant: a failure names its stage. Only a connection that broke while TLS was under way, or that came out speaking
//! something else, is a sign that somebody on the way dislikes HTTP/2 ([`Fault::suspects_http2`]).

use std::{io, sync::Arc, time::Duration};

use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Fault, Target,
    fault::NOT_OFFERED,
    tls,
    watched::{Slot, Traffic, Watched},
};

/// A laptop on a bad hotel network needs several seconds; nobody waits longer at a prompt.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// What is spoken inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC.
    Http2,
    /// The plain way.
    Http1,
}

impl Protocol {
    pub(crate) fn alpn(self) -> &'static [u8] {
        match self {
            Self::Http2 => b"h2",
            Self::Http1 => b"http/1.1",
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Http2 => "HTTP/2",
            Self::Http1 => "HTTPS/1.1",
        })
    }
}

pub(crate) type Stream = Watched<TlsStream<TcpStream>>;

/// Everything up to the end of the handshake.
pub(crate) async fn dial(
    target: &Target,
    protocol: Protocol,
    slot: &Slot,
    traffic: &Traffic,
) -> Result<Stream, Fault> {
    let server = &target.server;
    let config = tls::config(target, protocol)?;
    let late = |detail: &str| Fault::unreachable(server, detail);
    let tcp = tokio::time::timeout(CONNECT_TIMEOUT, reach(target))
        .await
        .map_err(|_| late("no answer in time"))??;
    let name = server
        .tls_name()
        .map_err(|error| Fault::unreachable(server, error.to_string()))?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    let tls = match tokio::time::timeout(CONNECT_TIMEOUT, handshake).await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => return Err(broken_off(target, &error)),
        Err(_) => return Err(Fault::cut_off(server, "silence instead of a TLS handshake")),
    };
    let spoken = tls.get_ref().1.alpn_protocol();
    if protocol == Protocol::Http2 && spoken != Some(protocol.alpn()) {
        return Err(Fault::cut_off(server, NOT_OFFERED));
    }
    Ok(Watched::new(tls, slot.clone(), traffic.clone()))
}

async fn reach(target: &Target) -> Result<TcpStream, Fault> {
    let server = &target.server;
    let Some(hop) = target.proxies.hop(server) else {
        let tcp = connect(server.host(), server.port()).await;
        return tcp.map_err(|error| Fault::unreachable(server, error.to_string()));
    };
    let proxy = |error| Fault::Proxy {
        server: server.to_string(),
        cause: error,
    };
    let tcp = connect(&hop.host, hop.port)
        .await
        .map_err(|error| proxy(hop.unreachable(&error)))?;
    let authority = server.authority();
    let tunnel = hop.tunnel(tcp, &authority);
    match tokio::time::timeout(CONNECT_TIMEOUT, tunnel).await {
        Ok(tunnel) => tunnel.map_err(proxy),
        Err(_) => Err(proxy(hop.silent())),
    }
}

async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = None;
    for address in tokio::net::lookup_host((host, port))
        .await?
        .take(MAX_ADDRESSES)
    {
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                tcp.set_nodelay(true)?;
                return Ok(tcp);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
}

fn broken_off(target: &Target, error: &io::Error) -> Fault {
    let server = &target.server;
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(tls) => Fault::from_tls(server, tls, target.client.is_some()),
        None => Fault::cut_off(server, error.to_string()),
    }
}
