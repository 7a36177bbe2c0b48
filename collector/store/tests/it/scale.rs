//! Measures, on demand: `cargo test -p weft-collector-store --test it scale -- --ignored --nocapture`.

use std::time::Instant;

use jiff::SignedDuration;
use weft_collector_core::{
    device::Traits,
    event::{BootEnd, Event, Observed, Process},
};

use crate::{
    events::{Laptop, app, at, boot, inventory, process, vitals},
    sandbox::Sandbox,
};

const NOW: &str = "2026-11-20T12:00:00Z";
const DAYS: i64 = 30;

/// A day of one quiet laptop: 24 vitals, 12 program deltas, a boot, an app.
fn day(laptop: &mut Laptop, day: i64) -> Vec<Event> {
    let start = at(NOW) - SignedDuration::from_hours(24 * day);
    let hour = |hour: i64| start - SignedDuration::from_hours(hour);
    let mut rows: Vec<Event> = (0..24)
        .map(|n| laptop.event(hour(n), vitals(0.2)))
        .collect();
    for n in 0..12 {
        let program = Process {
            traits: Vec::new(),
            ..process(
                &format!("program-{}", (n * 7 + day) % 60),
                &format!("{n:064x}"),
            )
        };
        rows.push(laptop.event(hour(n), Observed::Process(program)));
    }
    let id = format!("{}-{day}", laptop.device);
    let end = if (day + laptop.epoch.as_u128() as i64) % 40 == 0 {
        BootEnd::Crash
    } else {
        BootEnd::CleanPoweroff
    };
    rows.push(laptop.event(hour(1), boot(&id, hour(10), Some(hour(1)), end)));
    rows.push(laptop.event(hour(2), Observed::App(app("dropbox", "running_now"))));
    if day % 10 == 0 {
        rows.push(laptop.event(hour(3), inventory("22631", "6.1.0")));
    }
    rows
}

#[tokio::test]
#[ignore = "a measurement, takes minutes"]
async fn insert_and_evidence_of_a_large_fleet() {
    let laptops: u128 = std::env::var("LAPTOPS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000);
    let sandbox = Sandbox::start().await;
    let (mut rows, mut made, mut stored) = (
        Vec::new(),
        std::time::Duration::ZERO,
        std::time::Duration::ZERO,
    );
    let mut count = 0_u64;
    let mut devices = std::collections::BTreeMap::new();
    for number in 1..=laptops {
        let began = Instant::now();
        let mut laptop = Laptop::new(number, at(NOW));
        devices.insert(laptop.device, Traits::default());
        for n in (0..DAYS).rev() {
            rows.extend(day(&mut laptop, n));
        }
        made += began.elapsed();
        if rows.len() > 40_000 || number == laptops {
            let began = Instant::now();
            sandbox.telemetry.insert(&rows).await.unwrap();
            stored += began.elapsed();
            count += rows.len() as u64;
            rows.clear();
        }
    }
    println!(
        "{count} rows: {:.0} rows/s inserted (made in {made:?})",
        count as f64 / stored.as_secs_f64()
    );
    let parts = sandbox.telemetry.parts().await.unwrap();
    let bytes: u64 = parts.iter().map(|part| part.bytes_on_disk).sum();
    println!(
        "{} parts, {:.1} bytes per row",
        parts.len(),
        bytes as f64 / count as f64
    );
    for _ in 0..2 {
        let began = Instant::now();
        let evidence = sandbox
            .telemetry
            .evidence(at(NOW), 90, &devices, Vec::new())
            .await
            .unwrap();
        println!(
            "evidence of {} devices in {:?}: {} programs",
            evidence.devices.len(),
            began.elapsed(),
            evidence.processes.len()
        );
        assert_eq!(evidence.devices.len(), laptops as usize);
    }
    let began = Instant::now();
    let books = sandbox.telemetry.books_all().await.unwrap();
    println!("books of all in {:?}", began.elapsed());
    assert_eq!(books.values().map(|books| books.stored).sum::<u64>(), count);
}
