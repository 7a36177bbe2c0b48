//! The real binary on this machine: enrol, run, kill, stop, and the owner's commands.

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use weft_proto::v1::{Cadence, Notice, Policy, hint, observation::Kind};

use crate::{
    collector::Collector,
    eventually,
    middlebox::{Manners, Middlebox},
};

struct Agent {
    child: Child,
}

impl Agent {
    fn start(state: &Path) -> Self {
        let child = command(state, &["run"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how long it took.
    fn terminate(mut self) -> Duration {
        let begun = Instant::now();
        Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(self.child.wait().unwrap().success());
        begun.elapsed()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn command(state: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft-agent"));
    command
        .args(arguments)
        .arg("--state")
        .arg(state)
        .env_remove("WEFT_STATE")
        .env_remove("HTTPS_PROXY")
        .env_remove("https_proxy")
        .env_remove("ALL_PROXY")
        .env_remove("all_proxy");
    command
}

fn ask(state: &Path, arguments: &[&str]) -> Output {
    command(state, arguments).output().unwrap()
}

fn enrol(collector: &Collector, state: &Path) -> Output {
    let ca = state.join("ca.pem");
    std::fs::create_dir_all(state).unwrap();
    std::fs::write(&ca, &collector.authority.pem).unwrap();
    let output = ask(
        state,
        &[
            "enroll",
            "--server",
            &collector.url(),
            "--token",
            "good",
            "--ca",
            ca.to_str().unwrap(),
        ],
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn count(collector: &Collector, is: fn(&Kind) -> bool) -> usize {
    let books = collector.books.lock().unwrap();
    books
        .observations()
        .filter(|one| one.kind.as_ref().is_some_and(is))
        .count()
}

fn quick() -> Policy {
    let cadence = Cadence {
        process: 5,
        ship: 1,
        vitals: 10,
        ..Cadence::default()
    };
    Policy {
        version: 3,
        cadence: Some(cadence),
        ..Policy::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_machine_arrives_and_the_owner_sees_the_same() {
    let collector = Collector::start().await;
    collector.books.lock().unwrap().policy = quick();
    let state = tempfile::tempdir().unwrap();
    let state = state.path().join("state");
    assert_eq!(
        ask(&state, &["run"]).status.code(),
        Some(78),
        "not enrolled"
    );
    let first = enrol(&collector, &state);
    assert_eq!(
        enrol(&collector, &state).stdout,
        first.stdout,
        "the same installation is the same device"
    );

    let agent = Agent::start(&state);
    eventually("boot, inventory, vitals, processes and health", || {
        count(&collector, |kind| matches!(kind, Kind::Boot(_))) > 0
            && count(&collector, |kind| matches!(kind, Kind::Inventory(_))) == 1
            && count(&collector, |kind| matches!(kind, Kind::Vitals(_))) > 0
            && count(&collector, |kind| matches!(kind, Kind::Process(_))) > 0
            && count(&collector, |kind| matches!(kind, Kind::AgentHealth(_))) == 1
    })
    .await;

    // A program that starts now appears.
    let copy = state.join("weft-test-sleeper");
    std::fs::copy("/bin/sleep", &copy).unwrap();
    let mut sleeper = Command::new(&copy).arg("60").spawn().unwrap();
    eventually("the new program", || {
        count(&collector, |kind| matches!(kind, Kind::Process(p) if p.executable_name == "weft-test-sleeper" && p.starts == 1)) == 1
    })
    .await;
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();

    let status: serde_json::Value =
        serde_json::from_slice(&ask(&state, &["status", "--json"]).stdout).unwrap();
    assert_eq!(
        (status["running"].as_bool(), status["connection"].as_str()),
        (Some(true), Some("connected"))
    );
    assert_eq!(status["policy_version"], 3);
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(
        count(
            &collector,
            |kind| matches!(kind, Kind::Vitals(v) if v.boot_id.is_empty())
        ),
        0
    );
    {
        let books = collector.books.lock().unwrap();
        let vitals = books.observations().find_map(|one| match &one.kind {
            Some(Kind::Vitals(vitals)) => Some(vitals.boot_id.clone()),
            _ => None,
        });
        assert_eq!(vitals.as_deref(), Some(boot_id.trim()));
    }

    let took = agent.terminate();
    assert!(took < Duration::from_secs(6), "{took:?}");
    // What `sent` shows is what the collector has, record by record.
    let sent = ask(&state, &["sent", "--last", "1h"]).stdout;
    let books = collector.books.lock().unwrap();
    assert!(books.violations.is_empty(), "{:?}", books.violations);
    let mut shown = 0;
    for line in String::from_utf8(sent).unwrap().lines() {
        let head: serde_json::Value = serde_json::from_str(line).unwrap();
        let epoch = hex::decode(head["epoch"].as_str().unwrap()).unwrap();
        let stored = &books.stored[&epoch][&head["seq"].as_u64().unwrap()];
        // As text: reading a number back may cost its last digit.
        assert!(
            line.contains(&serde_json::to_string(stored).unwrap()),
            "{line}"
        );
        shown += 1;
    }
    assert_eq!(shown, books.observations().count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_nothing_is_lost_and_nothing_doubled() {
    let mut collector = Collector::start().await;
    collector.books.lock().unwrap().policy = quick();
    let state = tempfile::tempdir().unwrap();
    enrol(&collector, state.path());
    for round in 0_u64..8 {
        let agent = Agent::start(state.path());
        // Spread over start, first look, first report and acknowledgement.
        tokio::time::sleep(Duration::from_millis(150 + 450 * round)).await;
        if round % 3 == 1 {
            collector.restart().await;
        }
        agent.kill();
    }
    // Health is the last word of the first round of looks.
    let is_health: fn(&Kind) -> bool = |kind| matches!(kind, Kind::AgentHealth(_));
    let told = count(&collector, is_health);
    let agent = Agent::start(state.path());
    eventually("a whole round", || count(&collector, is_health) > told).await;
    agent.terminate();
    let status: serde_json::Value =
        serde_json::from_slice(&ask(state.path(), &["status", "--json"]).stdout).unwrap();
    let books = collector.books.lock().unwrap();
    assert!(books.violations.is_empty(), "{:?}", books.violations);
    assert!(books.gaps.is_empty(), "{:?}", books.gaps);
    assert_eq!(books.stored.len(), 1, "one spool, one epoch");
    let stored = books.stored.values().next().unwrap();
    assert_eq!(
        stored.len() as u64,
        *stored.keys().last().unwrap(),
        "no holes"
    );
    assert_eq!(
        (status["waiting"].as_u64(), status["acknowledged"].as_u64()),
        (Some(0), Some(stored.len() as u64))
    );
    // Told once while running: not once per start.
    let boots = stored
        .values()
        .filter(|one| matches!(one.kind, Some(Kind::Boot(_))))
        .count();
    let ids: std::collections::BTreeSet<_> = stored
        .values()
        .filter_map(|one| match &one.kind {
            Some(Kind::Boot(boot)) => Some((boot.boot_id.clone(), boot.end)),
            _ => None,
        })
        .collect();
    assert!(
        boots <= ids.len() + 1,
        "{boots} boots told for {} facts",
        ids.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_change_the_policy_and_renew_the_certificate() {
    let collector = Collector::start().await;
    collector.books.lock().unwrap().policy = quick();
    let state = tempfile::tempdir().unwrap();
    enrol(&collector, state.path());
    let before = std::fs::read(state.path().join("identity.json")).unwrap();
    let agent = Agent::start(state.path());
    eventually("a first report", || {
        collector.books.lock().unwrap().observations().count() > 0
    })
    .await;
    {
        let mut books = collector.books.lock().unwrap();
        books.policy = Policy {
            version: 4,
            ..quick()
        };
        books.hints = vec![hint::Hint::PolicyVersion(4)];
    }
    let status = || -> serde_json::Value {
        serde_json::from_slice(&ask(state.path(), &["status", "--json"]).stdout).unwrap()
    };
    eventually("the new policy", || status()["policy_version"] == 4).await;
    collector.books.lock().unwrap().hints = vec![hint::Hint::Renew(true)];
    eventually("the renewal", || {
        collector.books.lock().unwrap().renewals == 1
    })
    .await;
    eventually("the new identity in force", || {
        std::fs::read(state.path().join("identity.json")).unwrap() != before
    })
    .await;
    eventually("connected again", || status()["connection"] == "connected").await;
    assert!(!state.path().join("identity.renewed.json").exists());

    // Revoked: the owner is told why, and the agent goes on looking.
    collector.books.lock().unwrap().revoked = true;
    collector.books.lock().unwrap().hints = vec![hint::Hint::PolicyVersion(5)];
    eventually("the reason", || {
        status()["fault"]
            .as_str()
            .is_some_and(|fault| fault.contains("revoked by IT"))
    })
    .await;
    let doctor = ask(state.path(), &["doctor"]);
    assert_eq!(doctor.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("revoked by IT"));
    agent.terminate();
    assert!(ask(state.path(), &["unenroll"]).status.success());
    assert_eq!(ask(state.path(), &["status"]).status.code(), Some(78));
    let left: Vec<_> = std::fs::read_dir(state.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["ca.pem"], "nothing stays behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_firewall_that_breaks_http2_the_agent_finds_its_way() {
    use std::sync::atomic::Ordering::SeqCst;
    let collector = Collector::start().await;
    collector.books.lock().unwrap().policy = quick();
    let middlebox = Middlebox::start(Manners {
        credentials: Some("YW5uYTpzM2NyQHQ="),
        ..Manners::default()
    })
    .await;
    middlebox.manners.breaks_http2.store(true, SeqCst);
    let state = tempfile::tempdir().unwrap();
    let state = state.path();
    let ca = state.join("ca.pem");
    std::fs::write(&ca, &collector.authority.pem).unwrap();
    let proxy = middlebox.url("anna:s3cr%40t@");
    let enrolled = ask(
        state,
        &[
            "enroll",
            "--server",
            &collector.url(),
            "--token",
            "good",
            "--ca",
            ca.to_str().unwrap(),
            "--proxy",
            &proxy,
        ],
    );
    assert!(
        enrolled.status.success(),
        "{}",
        String::from_utf8_lossy(&enrolled.stderr)
    );

    let agent = Agent::start(state);
    let health: fn(&Kind) -> bool = |kind| matches!(kind, Kind::AgentHealth(_));
    eventually("the first round of looks", || {
        count(&collector, health) == 1
    })
    .await;
    {
        let mut books = collector.books.lock().unwrap();
        books.hints = vec![hint::Hint::Notice(Notice {
            id: "n1".into(),
            title: "4 restarts today".into(),
            ..Notice::default()
        })];
    }
    eventually("the notice and its receipt", || {
        collector.books.lock().unwrap().receipts == ["n1"]
    })
    .await;
    let status: serde_json::Value =
        serde_json::from_slice(&ask(state, &["status", "--json"]).stdout).unwrap();
    assert_eq!(
        (status["connection"].as_str(), status["protocol"].as_str()),
        (Some("connected"), Some("HTTPS/1.1"))
    );
    assert_eq!(status["notices"][0]["title"], "4 restarts today");
    agent.terminate();
    assert!(
        state.join("way.json").exists(),
        "learned for the next start"
    );

    let doctor = ask(state, &["doctor", "--json"]);
    let words = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(1), "{words}");
    assert!(words.contains("HTTP/2 is blocked on the way"), "{words}");
    let told = ask(state, &["status"]).stdout;
    assert!(words.contains("http://***@127.0.0.1"), "{words}");
    for shown in [words, String::from_utf8_lossy(&told).into_owned()] {
        assert!(!shown.contains("s3cr"), "{shown}");
    }
    let books = collector.books.lock().unwrap();
    assert!(books.violations.is_empty(), "{:?}", books.violations);
    assert_eq!(books.hellos, books.exchanges, "no stream got through");
    let stored = books.stored.values().next().unwrap();
    assert_eq!(
        stored.len() as u64,
        *stored.keys().last().unwrap(),
        "no holes"
    );
}
