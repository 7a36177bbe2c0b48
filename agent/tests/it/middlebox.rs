//! What stands between laptops and collectors in real networks: an HTTP proxy (CONNECT, Basic credentials, forbidden ports)
//! and a firewall that looks into TLS and breaks HTTP/2.
//!
//! Invariant: it is a real TCP relay; what it lets through, it does not touch.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Switches and counters; shared with the test.
#[derive(Default)]
pub struct Manners {
    /// "user:password" that is demanded, base64.
    pub credentials: Option<&'static str>,
    /// Answer every CONNECT with this status.
    pub refuse: Option<u16>,
    /// Cut connections whose ClientHello offers HTTP/2.
    pub breaks_http2: AtomicBool,
    /// Cut every connection after so many bytes to the collector (0: never).
    pub cuts_after: AtomicU64,
    pub tunnels: AtomicU64,
    pub cut: AtomicU64,
}

pub struct Middlebox {
    pub address: SocketAddr,
    pub manners: Arc<Manners>,
    task: JoinHandle<()>,
}

impl Middlebox {
    pub async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let manners = Arc::new(manners);
        let shared = Arc::clone(&manners);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let manners = Arc::clone(&shared);
                tokio::spawn(async move {
                    relay(stream, &manners).await.ok();
                });
            }
        });
        Self {
            address,
            manners,
            task,
        }
    }

    pub fn url(&self, credentials: &str) -> String {
        format!("http://{credentials}{}", self.address)
    }
}

impl Drop for Middlebox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(mut client: TcpStream, manners: &Manners) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    assert!(head.starts_with("CONNECT "), "{head}");
    let authorized = manners
        .credentials
        .is_none_or(|wanted| head.contains(&format!("Proxy-Authorization: Basic {wanted}\r\n")));
    let status = match (authorized, manners.refuse) {
        (false, _) => 407,
        (true, Some(status)) => status,
        (true, None) => 200,
    };
    let answer = format!("HTTP/1.1 {status} Words\r\nVia: middlebox\r\n\r\n");
    client.write_all(answer.as_bytes()).await?;
    if status != 200 {
        return Ok(());
    }
    manners.tunnels.fetch_add(1, SeqCst);
    let mut server = TcpStream::connect(target).await?;
    // The ClientHello comes in one record.
    let mut hello = vec![0; 5];
    client.read_exact(&mut hello).await?;
    let length = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
    let mut rest = vec![0; length];
    client.read_exact(&mut rest).await?;
    hello.extend(rest);
    // ALPN names are written with their length before them.
    let offers_http2 = hello.windows(3).any(|bytes| bytes == b"\x02h2");
    if offers_http2 && manners.breaks_http2.load(SeqCst) {
        manners.cut.fetch_add(1, SeqCst);
        // Unread data makes the close a reset.
        client.set_zero_linger()?;
        return Ok(());
    }
    server.write_all(&hello).await?;
    match manners.cuts_after.load(SeqCst) {
        0 => drop(copy_bidirectional(&mut client, &mut server).await?),
        limit => {
            let (mut from, mut to) = client.split();
            let (mut back, mut forth) = server.split();
            let mut up = (&mut from).take(limit);
            tokio::select! {
                _ = tokio::io::copy(&mut up, &mut forth) => {}
                _ = tokio::io::copy(&mut back, &mut to) => {}
            }
            manners.cut.fetch_add(1, SeqCst);
        }
    }
    Ok(())
}
