//! What a round of detection over a large fleet costs: fills a store with 10,000 laptops and 90 days, then measures the first
//! round, a round after an hour of new reports, and the questions behind the console's pages.
//!
//! **Invariant: what runs here is what runs in the collector** ([`Watch`], [`Telemetry`], the embedded engine as a child);
//! only the laptops are SQL (`store/bench/fleet.sql`). Prints JSON lines `name, unit, value, peer, peer_value, ratio`; run by
//! `cargo xtask bench store`. The peer of a round is the promise (60 s, 1.5 GiB, 200 MiB), so a ratio under 1 keeps it.
//!
//! `STORE_BENCH_DEVICES`, `STORE_BENCH_DAYS`: another size. `STORE_BENCH_DIR`: keep the store there and fill it only once.
#![allow(clippy::unwrap_used)]

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector::{clock::Clock, watch::Watch};
use weft_collector_core::device::DeviceId;
use weft_collector_engine::{Engine, Options, Places, child_main};
use weft_collector_store::{
    control::{
        Control,
        devices::{NewDevice, Wanted},
        tokens::NewToken,
    },
    telemetry::{Of, Slice, Telemetry},
};

const FLEET: &str = include_str!("../store/bench/fleet.sql");
const NEWS: &str = include_str!("../store/bench/news.sql");
const NOW: &str = "2026-11-20T12:00:00Z";
const MIB: f64 = 1024.0 * 1024.0;

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("engine") {
        let mut path = |name: &str| {
            (arguments.next().as_deref() == Some(name))
                .then(|| arguments.next().map(PathBuf::from))?
        };
        if let (Some(config), Some(library)) = (path("--config"), path("--library")) {
            child_main(&config, &library);
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let number = |name: &str, default: u32| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let devices = number("STORE_BENCH_DEVICES", 10_000);
    let days = number("STORE_BENCH_DAYS", 90);
    let scratch = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("STORE_BENCH_DIR").map(PathBuf::from);
    let dir = kept.unwrap_or_else(|| scratch.path().to_owned());
    let engine = Engine::start(Options {
        library: Places::from_environment(None, String::new())
            .find()
            .unwrap(),
        data: dir.join("engine"),
        program: std::env::current_exe().unwrap(),
        arguments: vec!["engine".into()],
    })
    .await
    .unwrap();
    let telemetry = Telemetry::connect(engine.endpoint());
    telemetry.ensure_schema().await.unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let size = |now: Timestamp| {
        [
            ("devices", i64::from(devices)),
            ("days", i64::from(days)),
            ("now", now.as_microsecond()),
        ]
    };
    let stored = |telemetry: Telemetry| async move {
        let parts = telemetry.parts().await.unwrap();
        let rows: u64 = parts.iter().map(|part| part.rows).sum();
        (
            rows,
            parts.iter().map(|part| part.bytes_on_disk).sum::<u64>(),
        )
    };
    if stored(telemetry.clone()).await.0 == 0 {
        let began = Instant::now();
        eprintln!("store: filling {devices} laptops x {days} days");
        // Day by day, as reports come: an insert over many days opens a part for each of them and all its columns at once.
        for day in 0..days {
            let of_day = [
                ("day", i64::from(day)),
                ("devices", i64::from(devices)),
                ("days", i64::from(days)),
                ("now", now.as_microsecond()),
            ];
            for statement in statements(FLEET) {
                telemetry.statement(statement, &of_day).await.unwrap();
            }
        }
        let (rows, bytes) = stored(telemetry.clone()).await;
        eprintln!(
            "store: {rows} observations, {bytes} bytes, in {:?}",
            began.elapsed()
        );
    }
    let control = control(&dir, devices).await;

    let watch = Watch::new(
        control.clone(),
        telemetry.clone(),
        Clock::from_fn(move || now),
    );
    let first = round(&watch, &engine, "first").await;
    // An hour later: every laptop has told its vitals and a few programs.
    let later = now + SignedDuration::from_hours(1);
    for statement in statements(NEWS) {
        telemetry.statement(statement, &size(later)).await.unwrap();
    }
    let watch = Watch::new(
        control.clone(),
        telemetry.clone(),
        Clock::from_fn(move || later),
    );
    let second = round(&watch, &engine, "incremental").await;
    eprintln!("store: findings {first} then {second}");
    pages(&telemetry, &control, later, devices).await;
    engine.stop().await;
}

/// One round, with the highest memory of both processes while it ran.
async fn round(watch: &Watch, engine: &Engine, name: &str) -> usize {
    reset_peak(std::process::id());
    let engine_pid = engine.pid().unwrap();
    reset_peak(engine_pid);
    let done = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let round = watch.turn().await.unwrap().unwrap();
    done.store(true, Ordering::Relaxed);
    let took = began.elapsed().as_secs_f64();
    line(&format!("store.round.{name}"), "s", took, "60 s", 60.0);
    let peak = peak_rss(engine_pid) / MIB;
    line(
        &format!("store.round.{name}.engine"),
        "MiB",
        peak,
        "1.5 GiB",
        1536.0,
    );
    let own = peak_rss(std::process::id()) / MIB;
    line(
        &format!("store.round.{name}.collector"),
        "MiB",
        own,
        "200 MiB",
        200.0,
    );
    assert!(round.devices > 0);
    round.findings
}

/// The 95th percentile of each question that a page of the console asks, against half a second.
async fn pages(telemetry: &Telemetry, control: &Control, now: Timestamp, devices: u32) {
    const TIMES: usize = 20;
    let ids: Vec<DeviceId> = (0..50.min(devices)).map(device).collect();
    let one = device(devices / 2);
    let slice = Slice {
        offset: 0,
        limit: 50,
    };
    let month = now - SignedDuration::from_hours(24 * 30);
    macro_rules! page {
        ($name:literal, $ask:expr) => {{
            let mut times = Vec::with_capacity(TIMES);
            for _ in 0..TIMES {
                let began = Instant::now();
                $ask.await.unwrap();
                times.push(began.elapsed());
            }
            times.sort_unstable();
            let p95: Duration = times[TIMES * 95 / 100 - 1];
            line(
                concat!("store.page.", $name, ".p95"),
                "s",
                p95.as_secs_f64(),
                "0.5 s",
                0.5,
            );
        }};
    }
    page!(
        "overview.observations",
        telemetry.observation_counts(Of::Fleet)
    );
    page!("overview.books", telemetry.books_all());
    page!(
        "overview.boots_by_day",
        telemetry.boots_by_day(Of::Fleet, now, 30)
    );
    page!(
        "overview.models",
        telemetry.unexpected_by_model(Of::Fleet, now, 30)
    );
    page!(
        "overview.apps_by_week",
        telemetry.apps_by_week(Of::Fleet, now, 12)
    );
    page!("overview.os_builds", telemetry.os_builds(Of::Fleet));
    let everything = Wanted::default();
    page!(
        "devices.list",
        control
            .devices()
            .page(&everything, Some(("lt-05000", Uuid::nil())), 51)
    );
    page!(
        "devices.unexpected",
        telemetry.unexpected_by_device(Of::Devices(&ids), now, 30)
    );
    page!("apps", telemetry.apps(now));
    page!("device.books", telemetry.books(one));
    page!(
        "device.boots",
        telemetry.device_boots(one, month, now, slice)
    );
    page!("device.processes", telemetry.device_processes(one, slice));
    page!("device.apps", telemetry.device_apps(one));
    page!("device.vitals", telemetry.device_vitals(one, month, now));
    page!("device.inventory", telemetry.device_inventory(one));
    page!("device.health", telemetry.device_health(one));
    page!("device.losses", telemetry.losses(one));
}

/// As `fleet.sql` makes them.
fn device(number: u32) -> DeviceId {
    // ClickHouse's UUID is two little-endian halves of the 128-bit number, the lower half first.
    DeviceId(Uuid::from_u64_pair(u64::from(number) + 1, 0))
}

async fn control(dir: &std::path::Path, devices: u32) -> Control {
    let control = Control::connect(&format!("sqlite:{}", dir.join("weft.db").display()))
        .await
        .unwrap();
    if !control.devices().list().await.unwrap().is_empty() {
        return control;
    }
    let at = Timestamp::UNIX_EPOCH;
    let token = NewToken {
        id: Uuid::from_u128(1),
        name: "bench".to_owned(),
        secret_hash: "bench".to_owned(),
        team: String::new(),
        owner: None,
        device_name: String::new(),
        simulated: true,
        uses: devices,
        created_by: "bench".to_owned(),
        created_at: at,
        expires_at: at,
    };
    let token = control.tokens().insert(token).await.unwrap();
    let transaction = control.begin().await.unwrap();
    for number in 0..devices {
        let new = NewDevice {
            id: device(number),
            name: format!("LT-{number:05}"),
            owner: None,
            team: format!("team-{}", number % 60),
            os_type: "linux".to_owned(),
            model: String::new(),
            agent_version: "0.1.0".to_owned(),
            simulated: true,
            token: token.id,
            installation: number.to_string(),
            at,
        };
        control.devices().insert(&transaction, new).await.unwrap();
    }
    transaction.commit().await.unwrap();
    control
}

fn statements(text: &str) -> impl Iterator<Item = &str> {
    text.split(";\n")
        .map(str::trim)
        .filter(|statement| statement.contains("INSERT"))
}

/// Linux forgets the highest resident size of a process when 5 is written there (man 5 proc).
fn reset_peak(pid: u32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}

/// The highest resident size since [`reset_peak`], bytes.
fn peak_rss(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024.0
}

fn line(name: &str, unit: &str, value: f64, peer: &str, peer_value: f64) {
    let ratio = value / peer_value;
    println!(
        r#"{{"name": "{name}", "unit": "{unit}", "value": {value:.3}, "peer": "{peer}", "peer_value": {peer_value}, "ratio": {ratio:.3}}}"#
    );
}
