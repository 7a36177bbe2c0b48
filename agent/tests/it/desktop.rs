//! Notices on a real, private session bus: a dbus-daemon of the test's own, and a desktop that takes notices and clicks them.
//!
//! Needs `dbus-daemon` and `gdbus`; `cargo xtask test` installs them.

mod receiver;

use std::{
    io::Write as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use receiver::Receiver;

/// A bus that ends with the test.
struct Bus {
    daemon: Child,
    dir: tempfile::TempDir,
}

impl Bus {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("bus");
        let config = dir.path().join("bus.conf");
        let rules = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
             <allow own=\"*\"/></policy></busconfig>",
            socket.display()
        );
        std::fs::write(&config, rules).unwrap();
        let daemon = Command::new("dbus-daemon")
            .arg("--nofork")
            .arg(format!("--config-file={}", config.display()))
            .stdout(Stdio::null())
            .spawn()
            .expect("this test needs dbus-daemon (Debian: dbus-daemon) and gdbus (libglib2.0-bin)");
        let begun = Instant::now();
        while !socket.exists() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the bus did not start"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { daemon, dir }
    }

    fn socket(&self) -> std::path::PathBuf {
        self.dir.path().join("bus")
    }

    fn agent(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft-agent"));
        command
            .arg("notice")
            .args(arguments)
            .env(
                "DBUS_SESSION_BUS_ADDRESS",
                format!("unix:path={}", self.socket().display()),
            )
            .env("HOME", self.dir.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn present(&self, notice: &str) -> Output {
        let mut child = self.agent(&["present"]).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(notice.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.daemon.kill().ok();
        self.daemon.wait().ok();
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_notice_appears_and_a_click_opens_its_thread() {
    let bus = Bus::start();
    let desktop = Receiver::start(&bus.socket());
    let notice = r#"{"title": "4 restarts 'today' \\ $(id)", "body": "<b>3</b> & more", "url": "https://weft.example.org/threads/1?a='b'"}"#;
    let shown = bus.present(notice);
    assert!(shown.status.success(), "{}", words(&shown));
    let seen = desktop.seen();
    assert_eq!(
        seen.notices,
        [(
            "4 restarts 'today' \\ $(id)".to_owned(),
            "&lt;b&gt;3&lt;/b&gt; &amp; more".to_owned()
        )]
    );
    assert_eq!(seen.opened, ["https://weft.example.org/threads/1?a='b'"]);

    // Without a link nothing waits for a click.
    let shown = bus.present(r#"{"title": "t", "body": "b", "url": null}"#);
    assert!(shown.status.success(), "{}", words(&shown));
    assert_eq!(desktop.seen().notices.len(), 2);
    assert_eq!(desktop.seen().opened.len(), 1);
}

#[test]
fn the_owner_may_want_none_and_the_helper_shows_each_once() {
    let bus = Bus::start();
    let desktop = Receiver::start(&bus.socket());
    let file = bus.dir.path().join("notices.json");
    std::fs::write(
        &file,
        r#"[{"id": "1", "title": "t1", "body": "b", "url": null}]"#,
    )
    .unwrap();
    let watch = |file: &Path| {
        let done = bus
            .agent(&["watch", "--once", "--file", file.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", words(&done));
    };
    let titles = || {
        desktop
            .seen()
            .notices
            .into_iter()
            .map(|(title, _)| title)
            .collect::<Vec<_>>()
    };
    watch(&file);
    let begun = Instant::now();
    // The helper's child shows it on its own time.
    while titles() != ["t1"] {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", titles());
        std::thread::sleep(Duration::from_millis(20));
    }
    watch(&file);
    assert!(bus.agent(&["off"]).output().unwrap().status.success());
    let silent = bus.present(r#"{"title": "unwanted", "body": "b"}"#);
    assert!(silent.status.success(), "{}", words(&silent));
    assert!(bus.agent(&["on"]).output().unwrap().status.success());
    let shown = bus.present(r#"{"title": "wanted", "body": "b"}"#);
    assert!(shown.status.success(), "{}", words(&shown));
    assert_eq!(titles(), ["t1", "wanted"]);
}

#[test]
fn without_a_desktop_it_says_so() {
    let bus = Bus::start();
    let failed = bus.present(r#"{"title": "t", "body": "b"}"#);
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        words(&failed).contains("does not take notices"),
        "{}",
        words(&failed)
    );
    let unreadable = bus.present("nonsense");
    assert!(
        words(&unreadable).contains("cannot be read"),
        "{}",
        words(&unreadable)
    );
}
