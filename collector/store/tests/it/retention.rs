//! Forgetting what is old changes no count, and late data lands on its own day.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use weft_collector_core::{
    device::Traits,
    event::{BootEnd, Event, Observed},
};
use weft_collector_store::telemetry::{KeepDays, Of, Wanted};

use crate::{
    events::{Laptop, app, at, boot, hours_before, inventory, process, vitals},
    sandbox::Sandbox,
};

const NOW: &str = "2026-11-20T12:00:00Z";

const KEEP: KeepDays = KeepDays {
    boot: 400,
    resume: 400,
    process: 90,
    app: 400,
    vitals: 90,
    inventory: 400,
    agent_health: 30,
    loss: 0,
};

#[tokio::test]
async fn the_books_and_the_watermark_outlive_what_expired() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    let now = at(NOW);
    let mut laptop = Laptop::new(1, now - SignedDuration::from_hours(24 * 120));
    // More than a page of numbers, then a gap that reaches over the next page's begin.
    let mut old = laptop.vitals(300);
    old.push(laptop.event(
        laptop.received_at,
        boot("old", laptop.received_at, None, BootEnd::Crash),
    ));
    old.push(laptop.lost(400));
    old.push(laptop.rejected());
    telemetry.insert(&old).await.unwrap();
    laptop.received_at = now;
    let new: Vec<Event> = laptop.vitals(20);
    telemetry.insert(&new).await.unwrap();
    // Another epoch has a hole: nothing of it may go.
    let mut broken = Laptop::new(2, now - SignedDuration::from_hours(24 * 120));
    broken.next = 2;
    telemetry.insert(&broken.vitals(3)).await.unwrap();

    let before = (
        telemetry.books_all().await.unwrap(),
        telemetry
            .watermark(laptop.device, laptop.epoch)
            .await
            .unwrap(),
        telemetry.observation_counts(Of::Fleet).await.unwrap(),
    );
    assert_eq!(before.1, 300 + 1 + 400 + 1 + 20);
    let expired = telemetry.expire(now, &KEEP).await.unwrap();
    assert_eq!((expired.observations, expired.kept_for_a_hole), (300, 1));
    let after = (
        telemetry.books_all().await.unwrap(),
        telemetry
            .watermark(laptop.device, laptop.epoch)
            .await
            .unwrap(),
        telemetry.observation_counts(Of::Fleet).await.unwrap(),
    );
    assert_eq!(before, after);
    assert_eq!(
        telemetry
            .watermark(broken.device, broken.epoch)
            .await
            .unwrap(),
        0
    );

    let wanted = Wanted {
        kind: String::new(),
        from: now - SignedDuration::from_hours(24 * 200),
        to: now + SignedDuration::from_hours(1),
        after: None,
        limit: 1_000,
    };
    let left = telemetry
        .device_observations(laptop.device, &wanted)
        .await
        .unwrap();
    assert_eq!(left.len(), 20 + 1, "twenty vitals and the boot");

    // The stream goes on where it was, and a second round finds nothing.
    telemetry.insert(&laptop.vitals(5)).await.unwrap();
    assert_eq!(
        telemetry
            .watermark(laptop.device, laptop.epoch)
            .await
            .unwrap(),
        before.1 + 5
    );
    assert_eq!(telemetry.expire(now, &KEEP).await.unwrap().observations, 0);
    assert_eq!(
        telemetry.books(laptop.device).await.unwrap().stored,
        before.0[&laptop.device].stored + 5
    );
}

#[tokio::test]
async fn folding_in_pieces_twice_and_late_is_folding_at_once() {
    let now = at(NOW);
    let mut laptop = Laptop::new(1, now);
    let all: Vec<Event> = (0..40_i64)
        .flat_map(|n| {
            let when = hours_before(now, (n * 37) % 400);
            [
                laptop.event(when, vitals(0.1)),
                laptop.event(
                    when,
                    Observed::Process(process(&format!("p{}", n % 3), "aa")),
                ),
                laptop.event(when, Observed::App(app("mega", "running_now"))),
                laptop.event(
                    when,
                    boot(&format!("b{}", n / 2), when, None, BootEnd::Crash),
                ),
                laptop.event(when, inventory("1", &format!("6.{}", n % 2))),
            ]
        })
        .collect();
    let devices = BTreeMap::from([(laptop.device, Traits::default())]);
    let whole = Sandbox::start().await;
    whole.telemetry.insert(&all).await.unwrap();
    let expect = whole
        .telemetry
        .evidence(now, 90, &devices, vec![])
        .await
        .unwrap();

    let pieces = Sandbox::start().await;
    for piece in all.chunks(7) {
        pieces.telemetry.insert(piece).await.unwrap();
        pieces.telemetry.fold(now).await.unwrap();
    }
    // A row that stands twice until a merge.
    pieces.telemetry.insert(&all[3..20]).await.unwrap();
    pieces.telemetry.fold(now).await.unwrap();
    let found = pieces
        .telemetry
        .evidence(now, 90, &devices, vec![])
        .await
        .unwrap();
    assert_eq!(found, expect);
    assert_eq!(
        pieces.telemetry.books_all().await.unwrap(),
        whole.telemetry.books_all().await.unwrap()
    );
}

#[tokio::test]
async fn what_lies_in_the_future_waits_for_its_time() {
    let sandbox = Sandbox::start().await;
    let now = at(NOW);
    let mut laptop = Laptop::new(1, now);
    let tomorrow = now + SignedDuration::from_hours(24);
    let report = [
        laptop.event(now, Observed::App(app("mega", "installed"))),
        laptop.event(tomorrow, Observed::App(app("mega", "running_now"))),
    ];
    sandbox.telemetry.insert(&report).await.unwrap();
    let devices = BTreeMap::from([(laptop.device, Traits::default())]);
    let seen = async |now| {
        let evidence = sandbox
            .telemetry
            .evidence(now, 90, &devices, vec![])
            .await
            .unwrap();
        (evidence.apps[0].state.clone(), evidence.apps[0].last)
    };
    assert_eq!(seen(now).await, ("installed".to_owned(), now));
    // Nothing new was stored; only time went on.
    assert_eq!(seen(tomorrow).await, ("running_now".to_owned(), tomorrow));
}
