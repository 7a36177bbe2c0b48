//! Asks the engine whether it answers: one hand-made HTTP/1.0 request, no client library.
//!
//! It asks with the collector's password, so that another server that took the port in between is not mistaken for ours.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A local engine answers in milliseconds; a second means that it does not.
const TIMEOUT: Duration = Duration::from_secs(1);

pub async fn answers(port: u16, user: &str, password: &str) -> bool {
    tokio::time::timeout(TIMEOUT, ask(port, user, password))
        .await
        .is_ok_and(|answer| answer.unwrap_or(false))
}

async fn ask(port: u16, user: &str, password: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!(
        "GET /?query=SELECT%201 HTTP/1.0\r\nHost: 127.0.0.1\r\nX-ClickHouse-User: {user}\r\nX-ClickHouse-Key: {password}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4 * 1024).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let status_is_200 = answer
        .lines()
        .next()
        .is_some_and(|line| line.contains(" 200 "));
    Ok(status_is_200 && answer.trim_end().ends_with('1'))
}
