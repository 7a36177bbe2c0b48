//! A room of a real homeserver: Synapse, started here on loopback, restarted in the middle, with limits that bite.
//!
//! Runs where `WEFT_SYNAPSE` names a Python that has it (`cargo xtask test` installs one); says so where it does not.

use std::{
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use reqwest::Client;
use serde_json::{Value, json};

use super::*;
use crate::threads::connector::{Kind, Line, Reach};

/// Synapse starts in a few seconds; a loaded machine takes longer.
const PATIENCE: u32 = 1_200;
const STEP: Duration = Duration::from_millis(100);

struct Synapse {
    python: String,
    home: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
    client: Client,
    sent: AtomicU32,
}

impl Synapse {
    /// `None` where there is none. `messages`: (per second, at once) of one person.
    async fn start(messages: (f64, u32)) -> Option<Self> {
        let Ok(python) = std::env::var("WEFT_SYNAPSE") else {
            eprintln!("skipped: WEFT_SYNAPSE names no Python with Synapse");
            return None;
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let home = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        std::fs::write(
            home.path().join("homeserver.yaml"),
            settings(home.path(), port, messages),
        )
        .unwrap();
        let mut synapse = Self {
            python,
            home,
            port,
            child: None,
            client: Client::new(),
            sent: AtomicU32::new(0),
        };
        let keys = synapse.command().arg("--generate-keys").status().unwrap();
        assert!(keys.success());
        synapse.resume().await;
        Some(synapse)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        command
            .args(["-m", "synapse.app.homeserver", "-c"])
            .arg(self.home.path().join("homeserver.yaml"))
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    async fn resume(&mut self) {
        self.child = Some(self.command().spawn().unwrap());
        let address = format!("{}/_matrix/client/versions", self.base());
        until("Synapse answers", async || {
            let answer = self.client.get(&address).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// As a power cut would.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn register(&self, name: &str) -> Person {
        let body = json!({"username": name, "password": "only for this test", "auth": {"type": "m.login.dummy"}});
        let address = format!("{}/_matrix/client/v3/register", self.base());
        let answer: Value = self
            .client
            .post(address)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        Person {
            id: answer["user_id"].as_str().unwrap().to_owned(),
            token: answer["access_token"].as_str().unwrap().to_owned(),
        }
    }

    async fn ask(&self, by: &Person, method: Method, path: &str, body: Value) -> Value {
        let address = format!("{}/_matrix/client/v3/{path}", self.base());
        let answer = self
            .client
            .request(method, address)
            .bearer_auth(&by.token)
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    async fn say(&self, by: &Person, room: &str, content: Value) -> String {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let path = format!("rooms/{room}/send/m.room.message/test-{number}");
        let sent = self.ask(by, Method::PUT, &path, content).await;
        sent["event_id"].as_str().unwrap().to_owned()
    }

    async fn text(&self, by: &Person, room: &str, text: &str) -> String {
        self.say(by, room, json!({"msgtype": "m.text", "body": text}))
            .await
    }

    /// Everything said in the room, oldest first, redacted messages left out.
    async fn room(&self, by: &Person, room: &str) -> Vec<Value> {
        let path = format!("rooms/{room}/messages?dir=b&limit=1000");
        let page = self.ask(by, Method::GET, &path, json!({})).await;
        let mut events: Vec<Value> = page["chunk"].as_array().unwrap().clone();
        events.retain(|event| {
            event["type"] == "m.room.message" && event["content"]["body"].is_string()
        });
        events.reverse();
        events
    }
}

impl Drop for Synapse {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Person {
    id: String,
    token: String,
}

use reqwest::Method;

fn settings(home: &std::path::Path, port: u16, (per_second, at_once): (f64, u32)) -> String {
    let home = home.display();
    format!(
        r#"
server_name: "weft.test"
report_stats: false
pid_file: {home}/homeserver.pid
listeners:
  - {{port: {port}, type: http, bind_addresses: ["127.0.0.1"], resources: [{{names: [client]}}]}}
database: {{name: sqlite3, args: {{database: {home}/homeserver.db}}}}
media_store_path: {home}/media
signing_key_path: {home}/signing.key
trusted_key_servers: []
enable_registration: true
enable_registration_without_verification: true
presence: {{enabled: false}}
bcrypt_rounds: 4
rc_message: {{per_second: {per_second}, burst_count: {at_once}}}
rc_registration: {{per_second: 1000, burst_count: 1000}}
rc_joins: {{local: {{per_second: 1000, burst_count: 1000}}}}
"#
    )
}

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    for _ in 0..PATIENCE {
        if so().await {
            return;
        }
        tokio::time::sleep(STEP).await;
    }
    panic!("never: {what}");
}

/// A house and a room with a bridge between them, running.
struct Tied {
    house: House,
    bridge: Bridge,
    room: String,
    ana: Person,
    ben: Person,
    stop: CancellationToken,
    running: Option<tokio::task::JoinHandle<()>>,
}

impl Tied {
    async fn new(synapse: &Synapse) -> Self {
        let line = Line::new(Reach::read(&["127.0.0.1"]).unwrap(), "").unwrap();
        let house = House::opening(
            Forum::new(EVERYTHING),
            opener(line, Clock::from_fn(Timestamp::now)),
        )
        .await;
        let weft = synapse.register("weft").await;
        let (ana, ben) = (synapse.register("ana").await, synapse.register("ben").await);
        let made = json!({"preset": "public_chat", "name": "Help", "room_alias_name": "help"});
        let made = synapse.ask(&ana, Method::POST, "createRoom", made).await;
        let room = made["room_id"].as_str().unwrap().to_owned();
        synapse
            .ask(&ben, Method::POST, &format!("join/{room}"), json!({}))
            .await;
        let wanted = Wanted {
            kind: Kind::Matrix,
            address: synapse.base(),
            place: "#help:weft.test".to_owned(),
            secrets: [("access_token".to_owned(), weft.token.clone().into())].into(),
            ..wanted("help", "")
        };
        let bridge = house.connect.make(SYSTEM, wanted).await.unwrap();
        let mut tied = Self {
            house,
            bridge,
            room,
            ana,
            ben,
            stop: CancellationToken::new(),
            running: None,
        };
        tied.start();
        until("the bridge knows where it stands", async || {
            !tied.house.state(&tied.bridge).await.position.is_empty()
        })
        .await;
        tied
    }

    fn start(&mut self) {
        let (connect, stop) = (self.house.connect.clone(), self.stop.clone());
        let running = async move { connect.run(Uuid::from_u128(1), stop).await };
        self.running = Some(tokio::spawn(running));
    }

    /// As a kill would: nothing is finished, nothing is given back.
    async fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
            let _ = running.await;
        }
    }

    /// The thread here that begins with these words.
    async fn thread(&self, first: &str) -> Uuid {
        let found = Mutex::new(None);
        until("the thread is here", async || {
            let events = self.house.control.events().after(0, 500).await.unwrap();
            for event in events {
                let posts = self.house.read(event.thread).await;
                if posts.first().is_some_and(|(_, text)| text == first) {
                    *found.lock().unwrap() = Some(event.thread);
                    return true;
                }
            }
            false
        })
        .await;
        found.into_inner().unwrap().unwrap()
    }

    async fn bodies(&self, synapse: &Synapse) -> Vec<String> {
        let events = synapse.room(&self.ana, &self.room).await;
        let body = |event: &Value| {
            event["content"]["body"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        events.iter().map(body).collect()
    }
}

#[tokio::test]
async fn a_room_is_mirrored_both_ways() {
    let Some(synapse) = Synapse::start((1_000.0, 1_000)).await else {
        return;
    };
    let tied = Tied::new(&synapse).await;
    let (house, room) = (&tied.house, tied.room.as_str());
    let tried = house.connect.try_out(tied.bridge.id).await.unwrap();
    assert!(
        tried.works && tried.words.contains("@weft:weft.test") && tried.words.contains("Help"),
        "{tried:?}"
    );

    // From here: a root, a threaded answer, an edit, a deletion.
    let thread = house
        .open("help", "It restarts", "every **two** hours @ana")
        .await;
    let answer = house.say(&house.tech, thread, "which model?").await;
    let gone = house.say(&house.tech, thread, "oops").await;
    until("all three are there", async || {
        tied.bodies(&synapse).await.len() == 3
    })
    .await;
    house
        .connect
        .threads
        .edit(&house.tech, answer, "which model and build?")
        .await
        .unwrap();
    house
        .connect
        .threads
        .delete(&house.tech, gone, "")
        .await
        .unwrap();
    until("edited and redacted", async || {
        let bodies = tied.bodies(&synapse).await;
        !bodies.iter().any(|body| body.contains("oops"))
            && bodies.iter().any(|body| body.contains("and build"))
    })
    .await;
    let events = synapse.room(&tied.ana, room).await;
    let root = events[0]["event_id"].as_str().unwrap();
    assert_eq!(events[0]["content"]["m.mentions"], json!({}));
    assert!(
        events[0]["content"]["formatted_body"]
            .as_str()
            .unwrap()
            .contains("<strong>two</strong>")
    );
    assert_eq!(events[1]["content"]["m.relates_to"]["event_id"], root);
    assert_eq!(events[1]["content"]["m.relates_to"]["rel_type"], "m.thread");

    // From there: an answer in our thread, a thread of their own, an edit by its author and by another, a redaction.
    let threaded = |text: &str, root: &str| {
        json!({
            "msgtype": "m.text", "body": text,
            "m.relates_to": {"rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": {"event_id": root}},
        })
    };
    synapse.say(&tied.ben, room, threaded("a T14", root)).await;
    let own = synapse.text(&tied.ana, room, "My fan is loud").await;
    let reply = synapse
        .say(&tied.ben, room, threaded("mine too", &own))
        .await;
    let plain = json!({"msgtype": "m.text", "body": "> <@ben> mine too\n\nsince when?", "m.relates_to": {"m.in_reply_to": {"event_id": reply}}});
    synapse.say(&tied.ana, room, plain).await;
    let edit = |text: &str| {
        json!({
            "msgtype": "m.text", "body": format!("* {text}"), "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": reply},
        })
    };
    synapse.say(&tied.ana, room, edit("forged")).await;
    synapse
        .say(&tied.ben, room, edit("mine too, since May"))
        .await;
    let bad = synapse
        .say(&tied.ben, room, threaded("never mind", &own))
        .await;
    let fan = tied.thread("My fan is loud").await;
    until("all is here", async || house.read(fan).await.len() == 4).await;
    synapse
        .ask(
            &tied.ben,
            Method::PUT,
            &format!("rooms/{room}/redact/{bad}/r1"),
            json!({}),
        )
        .await;
    until("taken back", async || house.read(fan).await.len() == 3).await;
    let named = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(
        house.read(fan).await,
        [
            named("ana (Matrix)", "My fan is loud"),
            named("ben (Matrix)", "mine too, since May"),
            named("ana (Matrix)", "since when?"),
        ]
    );
    assert_eq!(
        house.read(thread).await.last().unwrap(),
        &named("ben (Matrix)", "a T14")
    );

    // Nothing came back in either direction.
    tied.stop.cancel();
    let ours = events
        .iter()
        .filter(|event| event["sender"] != json!(tied.ana.id))
        .count();
    assert_eq!(ours, 3, "root, answer, its edit");
    assert_eq!(house.read(thread).await.len(), 3);
    assert!(
        house
            .control
            .bridges()
            .letters(tied.bridge.id)
            .dead(9)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn no_loss_no_duplicate_no_loop_over_crashes_of_either_side() {
    let Some(mut synapse) = Synapse::start((1_000.0, 1_000)).await else {
        return;
    };
    let mut tied = Tied::new(&synapse).await;
    let thread = tied.house.open("help", "Begin", "here 0").await;
    synapse.text(&tied.ana, &tied.room.clone(), "there 0").await;
    let points = [Point::Begun, Point::Sent, Point::Posted, Point::Taken];
    for (round, point) in points.into_iter().cycle().take(8).enumerate() {
        let number = round + 1;
        *tied.house.dies.lock().unwrap() = Some(point);
        tied.house
            .say(&tied.house.tech, thread, &format!("here {number}"))
            .await;
        match number {
            // Synapse dies under way; what is said meanwhile waits.
            3 | 6 => {
                synapse.kill();
                tied.house
                    .say(&tied.house.ana, thread, &format!("here {number}b"))
                    .await;
                synapse.resume().await;
            }
            // The whole collector dies, wherever it is.
            4 | 7 => {
                tied.kill().await;
                tied.house
                    .say(&tied.house.ana, thread, &format!("here {number}b"))
                    .await;
                synapse
                    .text(&tied.ben, &tied.room, &format!("there {number}b"))
                    .await;
                tied.start();
            }
            _ => {}
        }
        synapse
            .text(&tied.ben, &tied.room, &format!("there {number}"))
            .await;
        until("it died there", async || {
            tied.house.dies.lock().unwrap().is_none()
        })
        .await;
    }
    let (here, there) = (13, 11);
    until("everything is carried and taken", async || {
        let state = tied.house.state(&tied.bridge).await;
        state.sent == here && state.taken == there
    })
    .await;
    // Time for an echo, if there were one: another post has to make the whole way round behind it.
    synapse.text(&tied.ana, &tied.room, "there last").await;
    tied.thread("there last").await;

    let mut carried: Vec<String> = tied.bodies(&synapse).await;
    carried.retain(|body| body.contains("here ") && !body.starts_with("there"));
    let mut said: Vec<String> = tied
        .house
        .read(thread)
        .await
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    let bare: Vec<String> = carried
        .iter()
        .map(|body| body.rsplit(": ").next().unwrap().to_owned())
        .collect();
    assert_eq!(bare, said, "each once, in order");
    said.sort();
    said.dedup();
    assert_eq!(said.len() as u64, here);
    let events = tied.house.control.events().after(0, 500).await.unwrap();
    let opened = events
        .iter()
        .filter(|event| !event.origin.is_empty())
        .count() as u64;
    assert_eq!(opened, there + 1, "each of theirs is one post here");
    tied.stop.cancel();
}

#[tokio::test]
async fn a_strict_homeserver_is_obeyed_and_nothing_is_lost() {
    let Some(synapse) = Synapse::start((2.0, 2)).await else {
        return;
    };
    let tied = Tied::new(&synapse).await;
    let thread = tied.house.open("help", "Many", "words 0").await;
    for number in 1..8 {
        tied.house
            .say(&tied.house.tech, thread, &format!("words {number}"))
            .await;
    }
    until("all are there", async || {
        tied.house.state(&tied.bridge).await.sent == 8
    })
    .await;
    let bodies = tied.bodies(&synapse).await;
    let expect: Vec<String> = (0..8).map(|number| format!("words {number}")).collect();
    let bare: Vec<&str> = bodies
        .iter()
        .map(|body| body.rsplit(": ").next().unwrap())
        .collect();
    assert_eq!(bare, expect);
    assert!(
        tied.house
            .control
            .bridges()
            .letters(tied.bridge.id)
            .dead(9)
            .await
            .unwrap()
            .is_empty()
    );
    tied.stop.cancel();
}

#[tokio::test]
async fn a_gap_is_filled_and_an_encrypted_room_is_told() {
    let Some(synapse) = Synapse::start((1_000.0, 1_000)).await else {
        return;
    };
    let mut tied = Tied::new(&synapse).await;
    tied.kill().await;
    // More than one page of the timeline.
    let first = synapse
        .text(&tied.ana, &tied.room, "the first of many")
        .await;
    for number in 1..130 {
        let reply = json!({
            "msgtype": "m.text", "body": format!("n{number}"),
            "m.relates_to": {"rel_type": "m.thread", "event_id": first},
        });
        synapse.say(&tied.ben, &tied.room, reply).await;
    }
    tied.start();
    let thread = tied.thread("the first of many").await;
    until("all came", async || {
        tied.house.read(thread).await.len() == 130
    })
    .await;
    let texts: Vec<String> = tied
        .house
        .read(thread)
        .await
        .into_iter()
        .skip(1)
        .map(|(_, text)| text)
        .collect();
    let expect: Vec<String> = (1..130).map(|number| format!("n{number}")).collect();
    assert_eq!(texts, expect);

    let path = format!("rooms/{}/state/m.room.encryption/", tied.room);
    synapse
        .ask(
            &tied.ana,
            Method::PUT,
            &path,
            json!({"algorithm": "m.megolm.v1.aes-sha2"}),
        )
        .await;
    until("it says so", async || {
        let now = tied.house.state(&tied.bridge).await;
        now.state == BridgeState::Locked && now.fault.contains("encrypted")
    })
    .await;
    tied.stop.cancel();
}
