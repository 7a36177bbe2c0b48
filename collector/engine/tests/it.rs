//! The engine as a real child process. Needs `libchdb.so`: fails with the instruction where it is missing, never skips.
#![allow(clippy::unwrap_used)]

use std::{path::Path, process::Command, time::Duration};

use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use weft_collector_engine::{Endpoint, Engine, Options, Places};

fn options(data: &Path) -> Options {
    Options {
        library: Places::from_environment(None, String::new())
            .find()
            .unwrap_or_else(|error| panic!("{error}")),
        data: data.to_owned(),
        program: env!("CARGO_BIN_EXE_weft-engine").into(),
        arguments: Vec::new(),
    }
}

async fn ask(endpoint: &Endpoint, user: &str, password: &str, sql: &str) -> Option<String> {
    let address = endpoint.url.strip_prefix("http://")?;
    let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let request = format!(
        "POST / HTTP/1.0\r\nContent-Length: {}\r\nX-ClickHouse-User: {user}\r\nX-ClickHouse-Key: {password}\r\n\r\n{sql}",
        sql.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some(format!("{} {}", head.split(' ').nth(1)?, body.trim()))
}

async fn query(endpoint: &Endpoint, sql: &str) -> Option<String> {
    ask(
        endpoint,
        &endpoint.user,
        endpoint.password.expose_secret(),
        sql,
    )
    .await
}

async fn eventually(mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("did not happen within 20 s");
}

fn alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}/exe")).read_link().is_ok()
}

#[tokio::test]
async fn answers_survives_a_kill_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(options(dir.path()))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let endpoint = engine.endpoint().clone();
    assert!(
        query(&endpoint, "SELECT version()")
            .await
            .unwrap()
            .starts_with("200 26.")
    );
    query(
        &endpoint,
        "CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS fsync_after_insert = 1",
    )
    .await;
    assert_eq!(
        query(&endpoint, "INSERT INTO t VALUES (7)").await.unwrap(),
        "200 "
    );

    let first = engine.pid().unwrap();
    assert!(
        Command::new("kill")
            .args(["-9", &first.to_string()])
            .status()
            .unwrap()
            .success()
    );
    eventually(async || engine.starts() == 2 && engine.ready(Duration::from_secs(20)).await).await;
    assert_eq!(
        query(&endpoint, "SELECT a FROM t").await.unwrap(),
        "200 7",
        "the same endpoint, the same data"
    );

    let second = engine.pid().unwrap();
    engine.stop().await;
    assert!(!alive(second));
    assert!(query(&endpoint, "SELECT 1").await.is_none());
}

#[tokio::test]
async fn a_stranger_reads_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(options(dir.path()))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    for sql in [
        "SELECT 1 FROM system.users",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "CREATE TABLE x (a Int8) ENGINE = Memory",
    ] {
        let answer = ask(engine.endpoint(), "default", "", sql).await.unwrap();
        assert!(!answer.starts_with("200"), "{sql}: {answer}");
    }
    let answer = ask(engine.endpoint(), "weft", "wrong", "SELECT 1")
        .await
        .unwrap();
    assert!(!answer.starts_with("200"), "{answer}");

    use std::os::unix::fs::PermissionsExt as _;
    for name in ["config.xml", "users.xml"] {
        let mode = std::fs::metadata(dir.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn a_wrong_library_is_an_error_that_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path());
    options.library = dir.path().join("nothing.so");
    let error = Engine::start(options).await.unwrap_err().to_string();
    assert!(
        error.contains("nothing.so") && error.contains("cargo xtask demo"),
        "{error}"
    );
}

/// The pact: a parent that is killed without a chance to say good-bye takes its engine along.
#[tokio::test]
async fn the_child_does_not_outlive_its_parent() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(options(dir.path()))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let config = dir.path().join("config.xml");
    let library = options(dir.path()).library;
    let endpoint = engine.endpoint().clone();
    engine.stop().await;
    // A shell as the parent: it holds the pipe's other end and dies by SIGKILL.
    let script = format!(
        "exec 3> >(exec {} --config {} --library {} 2>/dev/null); echo $!; exec sleep 600",
        env!("CARGO_BIN_EXE_weft-engine"),
        config.display(),
        library.display()
    );
    let mut parent = Command::new("bash")
        .args(["-c", &script])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(parent.stdout.take().unwrap()),
        &mut line,
    )
    .unwrap();
    let child: u32 = line.trim().parse().unwrap();
    eventually(async || query(&endpoint, "SELECT 1").await.as_deref() == Some("200 1")).await;
    assert!(alive(child));
    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually(async || !alive(child)).await;
}
