//! Networks as they are: proxies with passwords, firewalls that break HTTP/2, other authorities, ports that speak no TLS.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use tokio::io::AsyncWriteExt as _;
use weft_agent::{
    enroll::{EnrollOptions, enroll},
    identity::Identity,
    transport::{
        Fault, MemorySource, Outcome, Protocol, Proxies, Shipper, Target, Traffic, Until, connect,
        connect_over, try_both,
    },
};

use crate::{
    collector::{Authority, Collector},
    middlebox::{Manners, Middlebox},
    shipping::{observation, options, session},
};

/// base64("anna:s3cr@t").
const CREDENTIALS: &str = "YW5uYTpzM2NyQHQ=";

fn through(middlebox: &Middlebox, credentials: &str) -> Proxies {
    Proxies::new(&middlebox.url(credentials), "", "test").unwrap()
}

fn target(identity: &Identity, proxies: Proxies) -> Target {
    Target {
        proxies,
        ..identity.target()
    }
}

async fn enrolled(collector: &Collector) -> Identity {
    enroll(options(collector, "good")).await.unwrap()
}

async fn ship_over(
    protocol: Protocol,
    target: &Target,
    source: &MemorySource,
) -> Result<Outcome, Fault> {
    let connection = connect_over(protocol, target, &Traffic::default()).await?;
    let options = session();
    let shipper = Shipper {
        connection: &connection,
        source,
        observer: &(),
        options: &options,
    };
    shipper.run(Until::Drained).await
}

#[tokio::test]
async fn a_proxy_with_a_password_is_used_for_everything() {
    let collector = Collector::start().await;
    let middlebox = Middlebox::start(Manners {
        credentials: Some(CREDENTIALS),
        ..Manners::default()
    })
    .await;
    let identity = enroll(EnrollOptions {
        proxies: through(&middlebox, "anna:s3cr%40t@"),
        ..options(&collector, "good")
    })
    .await
    .unwrap();
    assert_eq!(middlebox.manners.tunnels.load(SeqCst), 1);
    let target = target(&identity, through(&middlebox, "anna:s3cr%40t@"));
    let source = MemorySource::new([1; 16]);
    source.push((0..500).map(observation));
    for protocol in [Protocol::Http2, Protocol::Http1] {
        source.push((0..500).map(observation));
        assert_eq!(
            ship_over(protocol, &target, &source).await,
            Ok(Outcome::Drained)
        );
    }
    assert_eq!(middlebox.manners.tunnels.load(SeqCst), 3);
    let books = collector.books.lock().unwrap();
    assert_eq!(books.stored[&vec![1; 16]].len(), 1500);
    assert!(books.violations.is_empty() && books.repeated == 0);
}

#[tokio::test]
async fn each_refusal_of_a_proxy_has_its_cause_and_no_password() {
    let collector = Collector::start().await;
    let identity = enrolled(&collector).await;
    let check = async |proxies: Proxies, words: &str| {
        let fault = connect(&target(&identity, proxies), &Traffic::default())
            .await
            .err()
            .unwrap();
        let text = fault.to_string();
        assert!(text.contains(words), "{text}");
        assert!(
            !text.contains("s3cr") && !text.contains(CREDENTIALS),
            "{text}"
        );
        assert!(!fault.suspects_http2(), "{text}");
    };
    let strict = Middlebox::start(Manners {
        credentials: Some(CREDENTIALS),
        ..Manners::default()
    })
    .await;
    check(through(&strict, ""), "asks for a user name").await;
    check(
        through(&strict, "anna:s3cret@"),
        "does not accept this user name",
    )
    .await;
    let forbidding = Middlebox::start(Manners {
        refuse: Some(403),
        ..Manners::default()
    })
    .await;
    check(through(&forbidding, "anna:s3cret@"), "forbids a tunnel").await;
    let nobody = Proxies::new("http://anna:s3cret@127.0.0.1:1", "", "test").unwrap();
    check(nobody, "cannot be reached").await;
    // Excepted: reached without.
    let excepted = Proxies::new(&forbidding.url(""), "127.0.0.0/8", "test").unwrap();
    assert!(
        connect(&target(&identity, excepted), &Traffic::default())
            .await
            .is_ok()
    );
}

/// tinyproxy as Debian packs it, with a password, on a port of its own.
struct Tinyproxy {
    process: std::process::Child,
    port: u16,
    _settings: tempfile::TempDir,
}

impl Tinyproxy {
    /// `None` where it is not installed (`cargo xtask test` installs it).
    fn start(allowed: u16) -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let settings = tempfile::tempdir().unwrap();
        let file = settings.path().join("tinyproxy.conf");
        let words = format!(
            "Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nBasicAuth anna s3cret\nConnectPort {allowed}\n"
        );
        std::fs::write(&file, words).unwrap();
        let process = std::process::Command::new("tinyproxy")
            .args(["-d", "-c"])
            .arg(&file)
            .stdout(std::process::Stdio::null())
            .spawn()
            .ok()?;
        Some(Self {
            process,
            port,
            _settings: settings,
        })
    }

    fn with(&self, credentials: &str) -> Proxies {
        let url = format!("http://{credentials}127.0.0.1:{}", self.port);
        Proxies::new(&url, "", "test").unwrap()
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Not a double: what a proxy that people run says is understood, and reports go through it.
#[tokio::test]
async fn a_real_proxy_is_understood() {
    let collector = Collector::start().await;
    let Some(proxy) = Tinyproxy::start(collector.address.port()) else {
        eprintln!("skipped: tinyproxy is not installed");
        return;
    };
    let port = proxy.port;
    crate::eventually("the proxy listens", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    })
    .await;
    let identity = enrolled(&collector).await;
    let connected = async |proxies| {
        connect(&target(&identity, proxies), &Traffic::default())
            .await
            .map(drop)
            .map_err(|fault| fault.to_string())
    };
    assert_eq!(connected(proxy.with("anna:s3cret@")).await, Ok(()));
    let refused = connected(proxy.with("anna:wrong@")).await.unwrap_err();
    assert!(
        refused.contains("does not accept this user name"),
        "{refused}"
    );
    let anonymous = connected(proxy.with("")).await.unwrap_err();
    assert!(anonymous.contains("asks for a user name"), "{anonymous}");
    // Another port than the one that the proxy allows.
    let elsewhere = Collector::start().await;
    let identity = enrolled(&elsewhere).await;
    let forbidden = connect(
        &target(&identity, proxy.with("anna:s3cret@")),
        &Traffic::default(),
    )
    .await
    .err()
    .unwrap()
    .to_string();
    assert!(forbidden.contains("forbids a tunnel"), "{forbidden}");
}

#[tokio::test]
async fn a_firewall_that_breaks_http2_is_walked_around() {
    let mut collector = Collector::start().await;
    let middlebox = Middlebox::start(Manners::default()).await;
    middlebox.manners.breaks_http2.store(true, SeqCst);
    let proxies = through(&middlebox, "");
    let identity = enroll(EnrollOptions {
        proxies: proxies.clone(),
        ..options(&collector, "good")
    })
    .await
    .unwrap();
    let target = target(&identity, proxies);
    let fault = connect(&target, &Traffic::default()).await.err().unwrap();
    assert!(fault.suspects_http2(), "{fault}");

    let source = Arc::new(MemorySource::new([2; 16]));
    let mut pushed = 0;
    for _ in 0..6 {
        source.push((pushed..pushed + 700).map(observation));
        pushed += 700;
        let (shipped, target) = (Arc::clone(&source), target.clone());
        let shipping =
            tokio::spawn(async move { ship_over(Protocol::Http1, &target, &shipped).await });
        tokio::task::yield_now().await;
        // In the middle of an exchange or between two; what was not answered is sent again.
        collector.restart().await;
        shipping.await.unwrap().ok();
    }
    assert_eq!(
        ship_over(Protocol::Http1, &target, &source).await,
        Ok(Outcome::Drained)
    );
    let books = collector.books.lock().unwrap();
    let stored = &books.stored[&vec![2; 16]];
    assert_eq!(stored.len() as u64, pushed);
    assert_eq!(stored.keys().last(), Some(&pushed));
    assert!(books.violations.is_empty(), "{:?}", books.violations);
    assert!(books.exchanges > 0);
}

#[tokio::test]
async fn a_proxy_that_cuts_connections_costs_nothing() {
    let collector = Collector::start().await;
    let identity = enrolled(&collector).await;
    let middlebox = Middlebox::start(Manners::default()).await;
    // Enough for a handshake and some reports.
    middlebox.manners.cuts_after.store(9_000, SeqCst);
    let target = target(&identity, through(&middlebox, ""));
    let source = MemorySource::new([3; 16]);
    source.push((0..5_000).map(observation));
    for protocol in [Protocol::Http2, Protocol::Http1]
        .into_iter()
        .cycle()
        .take(400)
    {
        ship_over(protocol, &target, &source).await.ok();
        if source.waiting() == 0 {
            break;
        }
    }
    assert_eq!(source.waiting(), 0);
    assert!(middlebox.manners.cut.load(SeqCst) > 0);
    let books = collector.books.lock().unwrap();
    assert_eq!(books.stored[&vec![3; 16]].len(), 5_000);
    assert!(books.violations.is_empty(), "{:?}", books.violations);
}

#[tokio::test]
async fn a_front_without_http2_is_recognised_at_once() {
    let mut collector = Collector::start().await;
    let identity = enrolled(&collector).await;
    collector.speaks_http2 = false;
    collector.restart().await;
    let call =
        async |connection: weft_agent::transport::Connection| connection.fetch_policy(0).await;
    let (_, protocol) = try_both(&identity.target(), call).await.unwrap();
    assert_eq!(protocol, Protocol::Http1);
    // Refusals keep their words on the plain way.
    collector.books.lock().unwrap().revoked = true;
    let fault = try_both(&identity.target(), call).await.err().unwrap();
    assert!(matches!(fault, Fault::Revoked(_)), "{fault}");
    collector.books.lock().unwrap().busy = Some(7.0);
    let fault = try_both(&identity.target(), call).await.err().unwrap();
    assert_eq!(fault.retry_after().map(|wait| wait.as_secs()), Some(7));
}

#[tokio::test]
async fn the_plain_way_says_which_certificate_is_wrong() {
    let collector = Collector::start().await;
    let stranger = Collector::start().await;
    let mut identity = enrolled(&stranger).await;
    identity.server = collector.url().parse().unwrap();
    identity.anchors = vec![collector.authority.der.clone()];
    let source = MemorySource::new([4; 16]);
    source.push([observation(1)]);
    assert_eq!(
        ship_over(Protocol::Http1, &identity.target(), &source).await,
        Err(Fault::DeviceUnknown)
    );
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_named() {
    let collector = Collector::start().await;
    let mut identity = enrolled(&collector).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    identity.server = listener.local_addr().unwrap().to_string().parse().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .ok();
            tokio::spawn(async move { tokio::io::copy(&mut stream, &mut tokio::io::sink()).await });
        }
    });
    let fault = connect(&identity.target(), &Traffic::default())
        .await
        .err()
        .unwrap();
    assert!(matches!(fault, Fault::PlainText { .. }), "{fault}");
}

#[tokio::test]
async fn two_anchors_bear_a_rotation() {
    let collector = Collector::start().await;
    let mut identity = enrolled(&collector).await;
    let old = Authority::new("weft test authority of last year");
    identity.anchors = vec![old.der.clone(), collector.authority.der.clone()];
    assert!(
        connect(&identity.target(), &Traffic::default())
            .await
            .is_ok()
    );
    identity.anchors = vec![old.der.clone()];
    let fault = connect(&identity.target(), &Traffic::default())
        .await
        .err()
        .unwrap();
    assert!(matches!(fault, Fault::ServerUnknown { .. }), "{fault}");
}

#[tokio::test]
async fn a_busy_collector_is_not_asked_before_its_time() {
    let collector = Collector::start().await;
    let identity = enrolled(&collector).await;
    collector.books.lock().unwrap().busy = Some(30.0);
    let connection = connect(&identity.target(), &Traffic::default())
        .await
        .unwrap();
    let fault = connection.fetch_policy(0).await.err().unwrap();
    assert_eq!(fault.retry_after().map(|wait| wait.as_secs()), Some(30));
}

#[tokio::test]
async fn a_backlog_of_days_goes_out_paced_and_within_the_window() {
    use std::sync::Mutex;
    use std::time::Instant;
    use weft_agent::transport::Observer;
    use weft_proto::v1::{Ack, Report};

    /// Reports in flight at most, and when each went.
    #[derive(Default)]
    struct Watch(Mutex<(usize, usize, Vec<Instant>)>);
    impl Observer for Watch {
        fn sent(&self, _: &Report) {
            let mut watch = self.0.lock().unwrap();
            watch.0 += 1;
            watch.1 = watch.1.max(watch.0);
            watch.2.push(Instant::now());
        }
        fn acknowledged(&self, _: &Ack) {
            self.0.lock().unwrap().0 -= 1;
        }
    }

    let collector = Collector::start().await;
    let identity = enrolled(&collector).await;
    let source = Arc::new(MemorySource::new([5; 16]));
    // The double takes 100 in a report and 4 reports at once.
    source.push((0..2_500).map(observation));
    let watch = Arc::new(Watch::default());
    let (shipped, seen) = (Arc::clone(&source), Arc::clone(&watch));
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let connection = connect(&identity.target(), &Traffic::default())
        .await
        .unwrap();
    let running = tokio::spawn(async move {
        let options = session();
        let shipper = Shipper {
            connection: &connection,
            source: &*shipped,
            observer: &*seen,
            options: &options,
        };
        shipper.run(Until::Stopped(stopped)).await
    });
    crate::eventually("everything is there", || source.waiting() == 0).await;
    running.abort();
    let watch = watch.0.lock().unwrap();
    assert!(watch.1 <= 4, "{} in flight", watch.1);
    assert_eq!(watch.2.len(), 25);
    // 24 pauses of at least three quarters of 100 ms, the last of which is no full report's.
    let took = watch.2.last().unwrap().duration_since(watch.2[0]);
    assert!(took.as_millis() >= 23 * 75, "{took:?}");
}

#[tokio::test]
async fn what_a_report_could_not_hold_follows_it_and_waits_for_no_company() {
    let collector = Collector::start().await;
    let identity = enrolled(&collector).await;
    let source = Arc::new(MemorySource::new([6; 16]));
    // The double takes 100 in a report: the second is not full.
    source.push((0..150).map(observation));
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let connection = connect(&identity.target(), &Traffic::default())
        .await
        .unwrap();
    let shipped = Arc::clone(&source);
    let running = tokio::spawn(async move {
        let hour = std::time::Duration::from_secs(3600);
        let options = weft_agent::transport::Options {
            ship_after: hour,
            ship_idle: hour,
            ..session()
        };
        let shipper = Shipper {
            connection: &connection,
            source: &*shipped,
            observer: &(),
            options: &options,
        };
        shipper.run(Until::Stopped(stopped)).await
    });
    crate::eventually("everything is there", || source.waiting() == 0).await;
    running.abort();
}
