//! A story from reports to a link: one laptop restarts to a beat, its owner writes about it, the linker ties the two, and
//! a person's word stands.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;
use weft_collector::{clock::Clock, correlate::Correlate, watch::Watch};
use weft_collector_core::{
    anomaly::State,
    device::DeviceId,
    event::{Boot, BootEnd, Event, Observed, Outcome, Vitals},
    link::{Link, LinkState},
};
use weft_collector_engine::{Engine, Options, Places};
use weft_collector_store::{
    control::{
        Control,
        accounts::{NewAccount, SYSTEM},
        devices::NewDevice,
        posts::NewPost,
        threads::{NewThread, Reader},
        tokens::NewToken,
    },
    telemetry::Telemetry,
};

const NOW: &str = "2026-11-20T12:00:00Z";
const LAPTOPS: u128 = 12;
const SICK: u128 = 3;

struct Story {
    control: Control,
    telemetry: Telemetry,
    watch: Watch,
    linker: Correlate,
    engine: Engine,
    _dir: TempDir,
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn device(number: u128) -> DeviceId {
    DeviceId(Uuid::from_u128(number))
}

fn owner(number: u128) -> Uuid {
    Uuid::from_u128(1_000 + number)
}

impl Story {
    async fn open() -> Self {
        let dir = TempDir::new().unwrap();
        let engine = Engine::start(Options {
            library: Places::from_environment(None, String::new())
                .find()
                .unwrap_or_else(|error| panic!("{error}")),
            data: dir.path().join("engine"),
            program: PathBuf::from(env!("CARGO_BIN_EXE_weft-collector")),
            arguments: vec!["engine".into()],
        })
        .await
        .unwrap_or_else(|error| panic!("{error}"));
        let telemetry = Telemetry::connect(engine.endpoint());
        telemetry.ensure_schema().await.unwrap();
        let control = Control::connect(&format!(
            "sqlite:{}",
            dir.path().join("control.db").display()
        ))
        .await
        .unwrap();
        let clock = Clock::from_fn(now);
        let story = Self {
            watch: Watch::new(control.clone(), telemetry.clone(), clock.clone()),
            linker: Correlate::new(control.clone(), telemetry.clone(), clock),
            control,
            telemetry,
            engine,
            _dir: dir,
        };
        story.people_and_laptops().await;
        story
    }

    async fn people_and_laptops(&self) {
        let token = Uuid::from_u128(77);
        let at = now() - hours(24 * 60);
        let new = NewToken {
            id: token,
            name: "all".into(),
            secret_hash: "hash".into(),
            team: "Berlin".into(),
            owner: None,
            device_name: "LT".into(),
            simulated: true,
            uses: 100,
            created_by: "test".into(),
            created_at: at,
            expires_at: now(),
        };
        self.control.tokens().insert(new).await.unwrap();
        for number in 1..=LAPTOPS {
            let account = NewAccount {
                id: owner(number),
                login: format!("person{number}"),
                name: format!("Person {number}"),
                team: "Berlin".into(),
                roles: Vec::new(),
                password: None,
                simulated: true,
                at,
            };
            self.control.accounts().insert(account).await.unwrap();
            let on = self.control.begin().await.unwrap();
            let new = NewDevice {
                id: device(number),
                name: format!("LT-{number:04}"),
                owner: Some(owner(number)),
                team: "Berlin".into(),
                os_type: "windows".into(),
                model: "Lenovo ThinkPad T14".into(),
                agent_version: "0.1.0".into(),
                simulated: true,
                token,
                installation: format!("{number:032x}"),
                at,
            };
            self.control.devices().insert(&on, new).await.unwrap();
            on.commit().await.unwrap();
        }
    }

    /// Thirty quiet days of everybody; the sick one restarts every two hours since two days.
    async fn reports(&self) {
        let mut rows = Vec::new();
        for number in 1..=LAPTOPS {
            let mut seq = 0;
            let mut put = |at: Timestamp, observed: Observed| {
                seq += 1;
                rows.push(Event {
                    device: device(number),
                    epoch: Uuid::from_u128(number),
                    seq,
                    observed_at: at,
                    received_at: now(),
                    simulated: true,
                    outcome: Outcome::Stored(Box::new(observed)),
                    original_times: Vec::new(),
                });
            };
            let mut start = now() - hours(24 * 30);
            let mut count = 0;
            while start < now() - hours(3) {
                let beat = number == SICK && start > now() - hours(48);
                let jitter = SignedDuration::from_secs((count * 37 + number as i64 * 13) % 120);
                let end = start
                    + if beat {
                        hours(2) + jitter
                    } else {
                        hours(24) + jitter * 30
                    };
                put(
                    start,
                    Observed::Vitals(Vitals {
                        window: 60.0,
                        ..Vitals::default()
                    }),
                );
                put(
                    end,
                    Observed::Boot(Boot {
                        boot_id: format!("{number}:{count}"),
                        started_at: Some(start),
                        ended_at: Some(end),
                        end: if beat {
                            BootEnd::Crash
                        } else {
                            BootEnd::CleanPoweroff
                        },
                        confidence: 0.9,
                        initiator: if beat { String::new() } else { "user".into() },
                        ..Boot::default()
                    }),
                );
                start = end;
                count += 1;
            }
        }
        self.telemetry.insert(&rows).await.unwrap();
    }

    async fn thread(&self, title: &str, text: &str, author: Uuid) -> Uuid {
        let space = self.space().await;
        let id = Uuid::now_v7();
        let new = NewThread {
            id,
            space,
            title: title.into(),
            author,
            at: now() - hours(5),
            simulated: true,
        };
        let first = NewPost {
            id: Uuid::now_v7(),
            thread: id,
            author,
            at: now() - hours(5),
            markdown: text.into(),
            ..NewPost::default()
        };
        self.control.threads().open(new, first).await.unwrap();
        id
    }

    /// One of the spaces that every collector begins with.
    async fn space(&self) -> Uuid {
        self.control.spaces().list().await.unwrap()[0].id
    }

    /// What the collector itself said in a thread, oldest first.
    async fn said(&self, thread: Uuid) -> Vec<String> {
        let posts = self.control.posts();
        let all = posts
            .of_thread(thread, Reader::COLLECTOR, 100)
            .await
            .unwrap();
        all.into_iter()
            .filter(|post| post.author == SYSTEM)
            .map(|post| post.markdown)
            .collect()
    }

    async fn links(&self, anomaly: Uuid) -> Vec<Link> {
        self.control
            .links()
            .of_anomalies(vec![anomaly])
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_beat_becomes_an_anomaly_and_finds_its_thread() {
    let story = Story::open().await;
    story.reports().await;

    let round = story.watch.turn().await.unwrap().unwrap();
    assert!(round.opened >= 1, "{round:?}");
    let kept = story.control.anomalies().known(now()).await.unwrap();
    let sick = kept
        .iter()
        .find(|one| one.anomaly.finding.devices == [device(SICK)])
        .unwrap();
    assert!(sick.simulated, "made of simulated laptops only");
    assert_eq!(sick.anomaly.state, State::Open);
    let id = sick.anomaly.id;
    let again = story.watch.turn().await.unwrap().unwrap();
    assert_eq!(
        (again.opened, again.relapsed, again.resolved),
        (0, 0, 0),
        "the same evidence is no news"
    );

    let about = story
        .thread(
            "Laptop restarts every two hours",
            "My laptop crashes and reboots by itself every two hours.",
            owner(SICK),
        )
        .await;
    let other = story
        .thread(
            "Printer on floor 3",
            "The printer shows no paper but there is paper.",
            owner(7),
        )
        .await;
    let linked = story.linker.turn().await.unwrap().unwrap();
    assert_eq!(linked.threads, 2);
    let links = story.links(id).await;
    let ours = links.iter().find(|link| link.thread == about).unwrap();
    assert_eq!(ours.state, LinkState::Automatic, "{ours:?}");
    assert!(
        ours.reasons.iter().any(|reason| reason.feature == "owner"),
        "{ours:?}"
    );
    assert!(!links.iter().any(|link| link.thread == other), "{links:?}");

    // The collector says so where its owner talks, once; another round adds no word and changes no link.
    let said = story.said(about).await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains(&format!("/anomalies/{id}")), "{said:?}");
    let again = story.linker.turn().await.unwrap().unwrap();
    assert_eq!((again.proposed, again.withdrawn), (0, 0));
    assert_eq!(story.said(about).await, said);
    assert!(story.said(other).await.is_empty());

    // A person says no: the linker never says yes again.
    let rejected = Link {
        state: LinkState::Rejected,
        ..ours.clone()
    };
    story
        .control
        .links()
        .decide(&rejected, owner(1), now())
        .await
        .unwrap();
    story.linker.turn().await.unwrap();
    let states: Vec<_> = story
        .links(id)
        .await
        .iter()
        .map(|link| link.state)
        .collect();
    assert_eq!(states, [LinkState::Rejected]);

    // Of two collectors only one goes round.
    let second = Watch::new(
        story.control.clone(),
        story.telemetry.clone(),
        Clock::from_fn(now),
    );
    assert!(second.turn().await.unwrap().is_none());
    story.watch.leave().await;
    assert!(second.turn().await.unwrap().is_some());
    second.leave().await;

    // Two months later nothing of it is seen any more; the thread that a person tied to it hears so, once.
    let confirmed = Link {
        state: LinkState::Confirmed,
        ..rejected
    };
    story
        .control
        .links()
        .decide(&confirmed, owner(1), now())
        .await
        .unwrap();
    let later = Watch::new(
        story.control.clone(),
        story.telemetry.clone(),
        Clock::from_fn(|| now() + hours(24 * 60)),
    );
    let round = later.turn().await.unwrap().unwrap();
    assert!(round.resolved >= 1, "{round:?}");
    let said = story.said(about).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].contains("resolved"), "{said:?}");
    later.turn().await.unwrap();
    assert_eq!(story.said(about).await, said);
    story.engine.stop().await;
}
