//! `cargo xtask bench threads`: search, thread page, list, unseen notices, and linking a new anomaly over 100,000 threads and
//! 1,000,000 posts, through the real router. Prints one JSON result a line. `WEFT_BENCH_THREADS=2000` makes it small;
//! `WEFT_BENCH_POSTGRES` names an empty PostgreSQL database to be filled instead of a SQLite file.
//!
//! The peer of each number is the limit that issue texts name (100 ms, 50 ms): `ratio` below 1 is inside it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::IndexedRandom as _};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;
use weft_collector::{
    accounts::{Accounts, Described},
    api::{self, Api, Parts, Rounds},
    audit::Auditor,
    clock::Clock,
    config::Config,
    connect::house,
    correlate::{
        book::Book,
        threads::{Owners, Texts},
    },
    mail::Mail,
    pki::RevocationList,
    threads::{Threads, voice::Voice},
    vault::{Source, Vault},
};
use weft_collector_core::{
    anomaly::{Anomaly, State},
    authority::Role,
    device::DeviceId,
    finding::{Facts, Finding, Kind, Severity, Subject},
    linker::Settings,
};
use weft_collector_engine::Endpoint;
use weft_collector_store::{
    control::{
        Control,
        notifications::{NewNotice, NoticeKind},
        posts::NewPost,
        threads::NewThread,
    },
    telemetry::Telemetry,
};

const THREADS: usize = 100_000;
/// Threads written in one transaction.
const AT_ONCE: usize = 200;
const ROUNDS: usize = 200;
/// Told one by one on stderr.
const SLOW: Duration = Duration::from_millis(100);
/// One thread in this many leaves somebody a notice that is not seen: with 500 people, a hundred each.
const NOTICED: usize = 2;
const PEOPLE: usize = 500;

/// Words by how common they are: the first stand in most posts, as in life.
const WORDS: [&str; 60] = [
    "the",
    "laptop",
    "and",
    "it",
    "my",
    "is",
    "again",
    "since",
    "after",
    "update",
    "restarts",
    "dock",
    "screen",
    "battery",
    "slow",
    "crash",
    "network",
    "vpn",
    "printer",
    "teams",
    "dropbox",
    "driver",
    "fan",
    "hot",
    "login",
    "password",
    "mouse",
    "keyboard",
    "camera",
    "sound",
    "usb",
    "disk",
    "full",
    "backup",
    "onedrive",
    "freezes",
    "blue",
    "error",
    "code",
    "0x9f",
    "0x7e",
    "kernel",
    "power",
    "sleep",
    "wake",
    "charger",
    "bios",
    "firmware",
    "latitude",
    "thinkpad",
    "macbook",
    "xps",
    "elitebook",
    "monitor",
    "flicker",
    "bluetooth",
    "headset",
    "wifi",
    "proxy",
    "certificate",
];

#[tokio::main]
async fn main() -> Result<()> {
    // The house's clients want one, though nothing here goes out.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let count = std::env::var("WEFT_BENCH_THREADS").ok();
    let count = count.map_or(Ok(THREADS), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let url = std::env::var("WEFT_BENCH_POSTGRES")
        .unwrap_or_else(|_| format!("sqlite:{}", dir.path().join("weft.db").display()));
    let control = Control::connect(&url).await?;
    let database = control.kind();
    let tell = |name: &str, times: &mut Vec<Duration>, limit_ms: f64| {
        tell(&format!("threads/{database}/{name}"), times, limit_ms);
    };
    let clock = Clock::system();
    let mut house = House::build(control, clock).await?;
    house.fill(count).await?;

    let searches = [
        "dock",
        "the",
        "laptop restarts",
        "restarts after upd",
        "\"blue screen\"",
        "0x9f",
        "kernel error -dock",
        "müller",
        "is:solved battery",
        "space:hardware fan",
        "author:p7 screen",
        "zzznothing",
        "the and it is",
    ];
    let mut rng = SmallRng::seed_from_u64(2);
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let query = searches[round % searches.len()];
        let path = format!("/search?limit=20&q={}", encoded(query));
        times.push(house.time(&path).await?);
    }
    tell("search p95", &mut times, 100.0);
    for _ in 0..ROUNDS {
        let id = house.threads.choose(&mut rng).context("a thread")?;
        times.push(house.time(&format!("/threads/{id}")).await?);
    }
    tell("page p95", &mut times, 100.0);
    for _ in 0..20 {
        times.push(house.time(&format!("/threads/{}", house.long)).await?);
    }
    tell("page of a long thread p95", &mut times, 100.0);
    for round in 0..ROUNDS {
        let path = [
            "/threads",
            "/threads?mine=true",
            "/threads?space=hardware",
            "/threads?q=battery",
        ][round % 4];
        times.push(house.time(path).await?);
    }
    tell("list p95", &mut times, 100.0);
    for _ in 0..ROUNDS {
        times.push(house.time("/notifications/count").await?);
    }
    tell("unseen p95", &mut times, 100.0);
    let mut times = house.link(&mut rng).await?;
    tell("link a new anomaly p95", &mut times, 50.0);
    Ok(())
}

fn encoded(query: &str) -> String {
    query.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn tell(name: &str, times: &mut Vec<Duration>, limit_ms: f64) {
    times.sort();
    let at = (times.len() * 95 / 100).min(times.len().saturating_sub(1));
    let value = times
        .get(at)
        .map_or(0.0, |took| took.as_secs_f64() * 1000.0);
    let line = json!({"name": name, "unit": "ms", "value": (value * 100.0).round() / 100.0, "peer": "limit", "peer_value": limit_ms, "ratio": value / limit_ms});
    println!("{line}");
    times.clear();
}

struct House {
    control: Control,
    clock: Clock,
    router: axum::Router,
    cookie: String,
    people: Vec<Uuid>,
    threads: Vec<Uuid>,
    long: Uuid,
}

impl House {
    async fn build(control: Control, clock: Clock) -> Result<Self> {
        let accounts = Accounts::new(control.clone(), clock.clone());
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let described = Described {
                login: format!("p{number}"),
                name: format!("Person {number}"),
                team: "Sales".to_owned(),
                roles: vec![Role::User],
                password: (number == 0).then(|| "correct horse".into()),
                simulated: true,
            };
            people.push(accounts.bring(described).await?.id);
        }
        // Nothing measured here asks telemetry.
        let telemetry = Telemetry::connect(&Endpoint {
            url: "http://127.0.0.1:1".to_owned(),
            user: String::new(),
            password: String::new().into(),
        });
        let threads = Threads::new(control.clone(), clock.clone());
        // Off: nothing measured here goes out.
        let url = "http://localhost".to_owned();
        let vault = Vault::at(Source::Given("00".repeat(32).into()));
        let mail = Mail::open(
            None,
            url,
            control.clone(),
            clock.clone(),
            threads.clone(),
            &vault,
            [0; 32],
        )
        .await?;
        let api = Api::new(Parts {
            accounts,
            connect: house(
                &Config::load(None, [])?,
                control.clone(),
                vault,
                clock.clone(),
            )?,
            threads,
            mail,
            voice: Voice::new(control.clone(), clock.clone()),
            auditor: Auditor::new(control.clone(), clock.clone()),
            revocations: RevocationList::default(),
            reads: Arc::new(telemetry),
            rounds: Arc::new(Rounds::default),
            control_kind: control.kind(),
            secure: false,
            calls: None,
            minutes: Default::default(),
            control: control.clone(),
            clock: clock.clone(),
        });
        let router = api::router(api);
        let body = json!({"login": "p0", "password": "correct horse"}).to_string();
        let request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/session")
            .header("x-weft-csrf", "1")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))?;
        let answer = router.clone().oneshot(request).await?;
        let cookie = answer
            .headers()
            .get(header::SET_COOKIE)
            .context("a session")?
            .to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Self {
            control,
            clock,
            router,
            cookie,
            people,
            threads: vec![],
            long: Uuid::nil(),
        })
    }

    async fn fill(&mut self, count: usize) -> Result<()> {
        let spaces = self.control.spaces().list().await?;
        let mut rng = SmallRng::seed_from_u64(1);
        let now = self.clock.now();
        let began = Instant::now();
        let (mut batch, mut notices) = (Vec::new(), Vec::new());
        for number in 0..count {
            // Two years of talk; the newest last, as they came.
            let age = SignedDuration::from_mins(i64::try_from((count - number) * 10)?);
            let at = now - age;
            let id = uuid_at(at, &mut rng);
            // One thread is long, most have five to fifteen posts.
            let posts = if number == count / 2 {
                5_000
            } else {
                rng.random_range(5..15)
            };
            if number == count / 2 {
                self.long = id;
            }
            let author = *self.people.choose(&mut rng).context("people")?;
            let posts: Vec<NewPost> = (0..posts)
                .map(|index| NewPost {
                    id: uuid_at(at, &mut rng),
                    thread: id,
                    author: if index == 0 {
                        author
                    } else {
                        self.people[rng.random_range(0..PEOPLE)]
                    },
                    at: at + SignedDuration::from_secs(index * 60),
                    markdown: words(&mut rng, 40),
                    ..NewPost::default()
                })
                .collect();
            let answer = rng.random_bool(0.6).then(|| posts[posts.len() - 1].id);
            let thread = NewThread {
                id,
                space: spaces[rng.random_range(0..3)].id,
                title: words(&mut rng, 7),
                author,
                at,
                simulated: true,
            };
            self.threads.push(id);
            if number % NOTICED == 0 {
                let reader = self.people[number / NOTICED % PEOPLE];
                notices.push(notice(reader, &thread, &posts, &mut rng));
            }
            batch.push((thread, posts, answer));
            if batch.len() == AT_ONCE || number + 1 == count {
                let threads = self.control.threads();
                threads.bring_all(std::mem::take(&mut batch)).await?;
                let told = std::mem::take(&mut notices);
                self.control.notifications().tell(told).await?;
            }
            if number % 10_000 == 0 {
                eprintln!("{number} threads after {:.0?}", began.elapsed());
            }
        }
        eprintln!("{count} threads written in {:.0?}", began.elapsed());
        Ok(())
    }

    async fn time(&self, path: &str) -> Result<Duration> {
        let request = Request::builder()
            .uri(format!("/api/v1{path}"))
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty())?;
        let began = Instant::now();
        let answer = self.router.clone().oneshot(request).await?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await?.to_bytes();
        let took = began.elapsed();
        if took > SLOW {
            eprintln!("slow: {path}: {took:.0?}");
        }
        let body: Value = serde_json::from_slice(&bytes)?;
        ensure!(status.is_success(), "{path}: {status}: {body}");
        Ok(took)
    }

    /// A new anomaly against the book of all recent threads.
    async fn link(&self, rng: &mut SmallRng) -> Result<Vec<Duration>> {
        let now = self.clock.now();
        let began = Instant::now();
        let texts = Texts::read(&self.control, &Owners::of(&[]), now).await?;
        let book = Book::new(&texts.threads, Settings::default(), String::new(), 0, now);
        eprintln!(
            "book of {} threads written in {:.1?}",
            book.len(),
            began.elapsed()
        );
        let mut times = Vec::new();
        for _ in 0..50 {
            let device = DeviceId(Uuid::from_u128(rng.random()));
            let anomaly = anomaly(device, now);
            let began = Instant::now();
            let links = book.rank(&anomaly, &[], now);
            for link in &links {
                // What linking writes for each.
                self.control.links().get(anomaly.id, link.thread).await?;
            }
            times.push(began.elapsed());
        }
        Ok(times)
    }
}

fn notice(reader: Uuid, thread: &NewThread, posts: &[NewPost], rng: &mut SmallRng) -> NewNotice {
    NewNotice {
        id: uuid_at(thread.at, rng),
        account: reader,
        kind: NoticeKind::Reply,
        thread: thread.id,
        post: posts.last().map(|post| post.id),
        actor: posts.last().map(|post| post.author),
        anomaly: None,
        words: thread.title.clone(),
        at: thread.at,
    }
}

fn uuid_at(at: Timestamp, rng: &mut SmallRng) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rng.random()).into_uuid()
}

/// Common words often, rare words rarely.
fn words(rng: &mut SmallRng, count: usize) -> String {
    let mut text = String::new();
    for _ in 0..count {
        let at = (rng.random::<f64>().powi(3) * WORDS.len() as f64) as usize;
        text.push_str(WORDS[at.min(WORDS.len() - 1)]);
        text.push(' ');
    }
    // And one that hardly anybody else uses.
    text.push_str(&format!("w{}", rng.random_range(0..200_000)));
    text
}

fn anomaly(device: DeviceId, now: Timestamp) -> Anomaly {
    Anomaly {
        id: Uuid::now_v7(),
        state: State::Open,
        judgement: None,
        opened_at: now,
        updated_at: now,
        resolved_at: None,
        relapses: 0,
        finding: Finding {
            kind: Kind::Reboot,
            detector: "reboot.rate".to_owned(),
            subject: Subject::Device(device),
            cause: format!("reboot.rate:{device}"),
            severity: Severity::High,
            confidence: 0.9,
            score: 4.0,
            from: now - SignedDuration::from_hours(48),
            to: now,
            title: "A Latitude restarts every 2 h".to_owned(),
            why: vec!["It restarted 12 times".to_owned()],
            evidence: vec![],
            devices: vec![device],
            at_risk: vec![],
            facts: Facts {
                symptoms: vec!["unexpected_restart".to_owned(), "crash".to_owned()],
                codes: vec!["0x9f".to_owned()],
                models: vec!["latitude 5440".to_owned()],
                ..Facts::default()
            },
        },
    }
}
