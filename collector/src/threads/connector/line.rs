//! The line: how a request leaves the house for another system.
//!
//! **Invariant: nothing inside this network is reached unless the operator named it** (`[connect] private`): a name is
//! resolved, addresses that are not public are taken out, and exactly what is left is connected to; redirects are not
//! followed, and plain HTTP, on which secrets could be read, goes only to what was named. So an address that an admin
//! types, or a name server that changes its mind, cannot make the collector ask the cloud's metadata service or a printer.
//! Every answer is read up to [`MAX_ANSWER`]. Not here: what an answer means to a platform.

use std::{
    error::Error as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use ipnet::IpNet;
use jiff::fmt::rfc2822;
use reqwest::{
    Client, Method, RequestBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use serde::de::DeserializeOwned;
use thiserror::Error;
use url::{Host, Url};

use super::Fault;

/// A platform on another continent answers a handshake within seconds.
const CONNECT: Duration = Duration::from_secs(10);
/// Longer than any platform thinks about one post; who waits for news (a long poll) sets its own.
const WHOLE: Duration = Duration::from_secs(30);
/// The largest page that a platform gives for one question (a Matrix sync after a week) is a few MB.
pub const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Words of a foreign error that are worth showing.
const MAX_WORDS: usize = 300;
/// A platform that asks for more patience than this is asked again anyway.
pub const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// Nothing was sent, because nobody took the call: as good a time to call again as any.
const CALL_AGAIN: Duration = Duration::from_secs(5);

/// Where the line may lead beside the public network.
#[derive(Clone, Debug, Default)]
pub struct Reach(Arc<Vec<Named>>);

#[derive(Clone, Debug, PartialEq)]
enum Named {
    Net(IpNet),
    /// The name itself and everything below it.
    Host(String),
}

/// What `[connect] private` may not say.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is neither an address, a network (10.1.0.0/16) nor a host's name")]
pub struct Unreadable(pub String);

impl Reach {
    /// From what the operator wrote.
    pub fn read<S: AsRef<str>>(words: &[S]) -> Result<Self, Unreadable> {
        let named = words.iter().map(|word| read_one(word.as_ref().trim()));
        Ok(Self(Arc::new(named.collect::<Result<_, _>>()?)))
    }

    fn allows_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().any(|named| match named {
            Named::Net(_) => false,
            Named::Host(name) => host
                .strip_suffix(name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
        })
    }

    /// Did the operator name it? Then nobody reads on the way whom the operator does not trust.
    fn names(&self, host: &Host<&str>) -> bool {
        match host {
            Host::Domain(name) => self.allows_host(name),
            Host::Ipv4(v4) => self.names_address(IpAddr::V4(*v4)),
            Host::Ipv6(v6) => self.names_address(IpAddr::V6(*v6)),
        }
    }

    fn names_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|named| match named {
            Named::Net(net) => net.contains(&address),
            Named::Host(_) => false,
        })
    }

    fn allows(&self, address: IpAddr) -> bool {
        is_public(address.to_canonical()) || self.names_address(address)
    }
}

fn read_one(word: &str) -> Result<Named, Unreadable> {
    if let Ok(net) = word.parse::<IpNet>() {
        return Ok(Named::Net(net));
    }
    if let Ok(address) = word.parse::<IpAddr>() {
        return Ok(Named::Net(IpNet::from(address)));
    }
    let name = word.to_ascii_lowercase();
    let fits = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    match fits && name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        true => Ok(Named::Host(name)),
        false => Err(Unreadable(word.to_owned())),
    }
}

/// Addresses that the public network routes, by the IANA special-purpose registries (RFC 6890 and its updates). An IPv6
/// address that carries an IPv4 one is judged by that.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_multicast()
        || a == 0
        // Shared by carriers (RFC 6598), protocol assignments, benchmarks, reserved.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let segments = v6.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low),
        // NAT64 (RFC 6052) and 6to4 (RFC 3056).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Global unicast, without Teredo, benchmarks and documentation.
        [0x2001, second, ..] => second != 0 && second != 2 && second != 0xdb8,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The name leads only to addresses inside this network.
#[derive(Clone, Debug, Error)]
#[error(
    "{0} is inside this network: whoever runs the collector can allow it under [connect] private"
)]
struct Inside(String);

#[derive(Clone, Debug)]
struct Resolver(Reach);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let anywhere = reach.allows_host(&host);
            let kept: Vec<SocketAddr> = found
                .filter(|address| anywhere || reach.allows(address.ip()))
                .collect();
            match kept.is_empty() {
                true => Err(Inside(host).into()),
                false => Ok(Box::new(kept.into_iter()) as Addrs),
            }
        })
    }
}

/// The way out. Cloning shares its connections.
#[derive(Clone, Debug)]
pub struct Line {
    client: Client,
    reach: Reach,
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Line {
    /// `proxy`: an HTTP proxy's address, or empty. Behind a proxy the names are resolved there; what this network may not
    /// reach is then the proxy's rule.
    pub fn new(reach: Reach, proxy: &str) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .user_agent(concat!("weft-collector/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .dns_resolver(Arc::new(Resolver(reach.clone())))
            // The environment's proxy is not ours: what the operator means stands in the configuration.
            .no_proxy();
        let builder = match proxy {
            "" => builder,
            proxy => builder.proxy(reqwest::Proxy::all(proxy)?),
        };
        Ok(Self {
            client: builder.build()?,
            reach,
        })
    }

    /// A request to an address that a person typed; refused before anything is sent when it cannot be asked.
    pub fn request(&self, method: Method, address: &str) -> Result<RequestBuilder, Fault> {
        let url = Url::parse(address)
            .map_err(|error| Fault::Locked(format!("the address cannot be read: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Fault::Locked(
                "the address must begin with https:// or http://".to_owned(),
            ));
        }
        // A literal address is never asked of the resolver.
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            Some(Host::Domain(_)) => None,
            None => return Err(Fault::Locked("the address names no host".to_owned())),
        };
        if let Some(address) = literal
            && !self.reach.allows(address)
        {
            return Err(Fault::Locked(Inside(address.to_string()).to_string()));
        }
        if url.scheme() == "http" && !url.host().is_some_and(|host| self.reach.names(&host)) {
            return Err(Fault::Locked(
                "http:// can be read on its way, secrets too: use https://, or whoever runs the collector names this host under [connect] private".to_owned(),
            ));
        }
        Ok(self.client.request(method, url))
    }

    /// Sends and reads the answer, whatever its status. The errors never hold the address, which may be a secret.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Fault> {
        let mut response = request.send().await.map_err(broken)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(part) = response.chunk().await.map_err(broken)? {
            if body.len() + part.len() > MAX_ANSWER {
                return Err(Fault::later(format!(
                    "the answer is larger than {} MiB",
                    MAX_ANSWER >> 20
                )));
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer {
            status,
            headers,
            body: body.freeze(),
        })
    }
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Fault::later(format!("the answer cannot be read: {error}")))
    }

    /// What the status says, where the platform's own words say no more. `None`: it worked.
    pub fn fault(&self) -> Option<Fault> {
        let status = self.status;
        if status.is_success() {
            return None;
        }
        let why = format!("{status}: {}", self.words());
        Some(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Fault::Locked(why),
            StatusCode::TOO_MANY_REQUESTS => Fault::Later {
                why,
                after: Some(self.retry_after().unwrap_or(CALL_AGAIN)),
            },
            StatusCode::REQUEST_TIMEOUT => Fault::later(why),
            status if status.is_server_error() => Fault::Later {
                why,
                after: self.retry_after(),
            },
            status if status.is_redirection() => Fault::Locked(format!(
                "{why}: the address leads elsewhere, use the one it leads to"
            )),
            _ => Fault::Never(why),
        })
    }

    /// `Retry-After` (RFC 9110, 10.2.3): seconds, which some send with fractions, or a date, which is read by the clock
    /// of whoever sent it.
    pub fn retry_after(&self) -> Option<Duration> {
        let header = |name| self.headers.get(name)?.to_str().ok().map(str::trim);
        let value = header(header::RETRY_AFTER)?;
        let seconds = match value.parse::<f64>() {
            Ok(seconds) => seconds,
            Err(_) => {
                let until = rfc2822::parse(value).ok()?.timestamp();
                let sent = rfc2822::parse(header(header::DATE)?).ok()?.timestamp();
                until.duration_since(sent).as_secs_f64()
            }
        };
        Duration::try_from_secs_f64(seconds)
            .ok()
            .map(|wait| wait.min(LONGEST_WAIT))
    }

    /// The beginning of the body, fit to be shown.
    pub fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MAX_WORDS)
            .collect::<String>()
            .trim()
            .to_owned()
    }
}

fn broken(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let mut cause = error.source();
    let mut deepest = error.to_string();
    while let Some(error) = cause {
        if let Some(inside) = error.downcast_ref::<Inside>() {
            return Fault::Locked(inside.to_string());
        }
        deepest = error.to_string();
        cause = error.source();
    }
    match error.is_connect() {
        true => Fault::Later {
            why: format!("nobody answers: {deepest}"),
            after: Some(CALL_AGAIN),
        },
        false => Fault::later(format!("the line broke: {deepest}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn line(private: &[&str]) -> Line {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Line::new(Reach::read(private).unwrap(), "").unwrap()
    }

    #[test]
    fn only_what_the_world_routes_is_public() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.31.0.1", false),
            ("172.32.0.1", true),
            ("192.168.0.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("224.0.0.1", false),
            ("198.19.0.1", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("ff02::1", false),
            ("2606:4700::1111", true),
            ("2001:db8::1", false),
            ("2001::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("64:ff9b::a00:1", false),
            ("2002:7f00:1::", false),
            ("::7f00:1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn the_operator_names_what_is_reached_inside() {
        let reach = Reach::read(&["10.1.0.0/16", "192.168.7.9", "Chat.Example"]).unwrap();
        assert!(reach.allows("10.1.2.3".parse().unwrap()));
        assert!(reach.allows("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!reach.allows("10.2.0.1".parse().unwrap()));
        assert!(reach.allows("192.168.7.9".parse().unwrap()));
        assert!(reach.allows_host("chat.example") && reach.allows_host("a.chat.example."));
        assert!(!reach.allows_host("evilchat.example"));
        for wrong in ["", "10.0.0.0/99", "a b", "http://x", "*"] {
            assert!(Reach::read(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_inside_is_refused_before_anything_is_sent() {
        for address in [
            "http://127.0.0.1:1/",
            "http://[::1]/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::ffff:10.0.0.1]/",
            "file:///etc/passwd",
            "not an address",
        ] {
            let refused = line(&[]).request(Method::GET, address);
            assert!(matches!(refused, Err(Fault::Locked(_))), "{address}");
        }
        assert!(
            line(&["127.0.0.1"])
                .request(Method::GET, "http://127.0.0.1:1/")
                .is_ok()
        );
    }

    #[test]
    fn plain_http_goes_only_to_what_was_named() {
        let line = line(&["10.1.0.0/16", "chat.example"]);
        for (address, fits) in [
            ("http://chat.example/x", true),
            ("http://a.chat.example/", true),
            ("http://10.1.2.3:8065/", true),
            ("http://8.8.8.8/", false),
            ("http://forum.example.org/", false),
            ("https://forum.example.org/", true),
        ] {
            assert_eq!(
                line.request(Method::GET, address).is_ok(),
                fits,
                "{address}"
            );
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
        let line = line(&[]);
        let request = line.request(Method::GET, "https://localhost:1/").unwrap();
        let fault = line.send(request).await.unwrap_err();
        assert!(
            matches!(&fault, Fault::Locked(why) if why.contains("[connect] private")),
            "{fault:?}"
        );
    }

    #[tokio::test]
    async fn nobody_home_is_told_apart_from_a_lost_answer() {
        let line = line(&["127.0.0.1"]);
        // Bound and given back: nobody listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let request = line
            .request(Method::GET, &format!("http://127.0.0.1:{port}/?secret=x"))
            .unwrap();
        let fault = line.send(request).await.unwrap_err();
        assert!(
            matches!(&fault, Fault::Later { after: Some(_), why } if !why.contains("secret")),
            "{fault:?}"
        );
    }

    #[test]
    fn a_status_says_whether_to_come_again() {
        let answer_with = |status: u16, retry: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(retry) = retry {
                headers.insert(header::RETRY_AFTER, retry.parse().unwrap());
            }
            Answer {
                status: StatusCode::from_u16(status).unwrap(),
                headers,
                body: Bytes::from_static(b"words\nof theirs"),
            }
        };
        let answer = |status, retry| answer_with(status, retry).fault();
        assert_eq!(answer(200, None), None);
        assert!(matches!(answer(401, None), Some(Fault::Locked(_))));
        assert!(
            matches!(answer(404, None), Some(Fault::Never(why)) if why.contains("words of theirs"))
        );
        assert!(matches!(answer(302, None), Some(Fault::Locked(_))));
        let mut dated = answer_with(503, Some("Mon, 30 Nov 2026 10:02:00 GMT"));
        assert_eq!(dated.retry_after(), None, "nobody knows from when");
        let sent = "Mon, 30 Nov 2026 10:00:00 GMT".parse().unwrap();
        dated.headers.insert(header::DATE, sent);
        assert_eq!(dated.retry_after(), Some(Duration::from_secs(120)));
        let wait = |fault| match fault {
            Some(Fault::Later { after, .. }) => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(answer(429, Some("7"))), Some(Duration::from_secs(7)));
        assert_eq!(
            wait(answer(429, Some("0.5"))),
            Some(Duration::from_millis(500))
        );
        assert_eq!(wait(answer(429, Some("1e99"))), Some(CALL_AGAIN));
        assert_eq!(wait(answer(429, Some("999999"))), Some(LONGEST_WAIT));
        assert_eq!(wait(answer(502, None)), None);
    }
}
