//! Exactly once: numbers in, books out, whatever dies in between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use weft_collector_core::books::Books;

use crate::{
    events::{Laptop, at, health, one_of_each},
    sandbox::Sandbox,
};

const NOW: &str = "2026-11-20T12:00:00Z";

#[tokio::test]
async fn every_kind_is_stored_and_every_number_is_booked() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    telemetry.ensure_schema().await.unwrap();
    let mut laptop = Laptop::new(1, at(NOW));

    assert_eq!(
        telemetry
            .watermark(laptop.device, laptop.epoch)
            .await
            .unwrap(),
        0
    );
    let mut report = one_of_each(&mut laptop, at(NOW));
    report.push(laptop.lost(5));
    report.push(laptop.rejected());
    telemetry.insert(&report).await.unwrap();

    assert_eq!(
        telemetry
            .watermark(laptop.device, laptop.epoch)
            .await
            .unwrap(),
        13
    );
    let books = telemetry.books(laptop.device).await.unwrap();
    let expect = Books {
        sent: 0,
        stored: 7,
        rejected: 1,
        dropped: 7,
        lost: 5,
    };
    assert_eq!(books, expect);

    let losses = telemetry.losses(laptop.device).await.unwrap();
    let words: Vec<_> = losses
        .iter()
        .map(|loss| (loss.kind.as_str(), loss.reason.as_str(), loss.count))
        .collect();
    assert_eq!(
        words,
        [("lost", "spool_full", 5), ("rejected", "no_kind", 1)]
    );
    assert_eq!(losses[0].at, at(NOW));
}

#[tokio::test]
async fn the_same_report_twice_counts_once_before_and_after_merges() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    let mut laptop = Laptop::new(1, at(NOW));
    let report = one_of_each(&mut laptop, at(NOW));
    telemetry.insert(&report).await.unwrap();
    telemetry.insert(&report).await.unwrap();
    // Another cut of the same numbers, as an agent may send after a lost ack: another token, a second row each.
    telemetry.insert(&report[1..5]).await.unwrap();

    let books = telemetry.books_all().await.unwrap();
    assert_eq!(books[&laptop.device].stored, 7);
    assert_eq!(books[&laptop.device].dropped, 7);
    assert_eq!(
        telemetry
            .watermark(laptop.device, laptop.epoch)
            .await
            .unwrap(),
        7
    );
}

#[tokio::test]
async fn sums_of_what_was_dropped_survive_lost_words_and_add_up_over_epochs() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    let mut laptop = Laptop::new(1, at(NOW));
    let now = at(NOW);
    // The second word of the three is lost; the next stands on another page of numbers.
    let mut words = vec![laptop.event(now, health(2)), laptop.lost(300)];
    words.push(laptop.event(now, health(9)));
    let late = vec![laptop.event(now, health(4))];
    laptop.begin_epoch();
    let other_life = vec![laptop.event(now, health(5))];
    let dropped = async || telemetry.books(laptop.device).await.unwrap().dropped;

    telemetry.insert(&words).await.unwrap();
    assert_eq!(dropped().await, 9);
    telemetry.fold(now).await.unwrap();
    telemetry.insert(&late).await.unwrap();
    assert_eq!(dropped().await, 9);
    telemetry.insert(&other_life).await.unwrap();
    assert_eq!(dropped().await, 9 + 5);
    telemetry.fold(now).await.unwrap();
    assert_eq!(dropped().await, 9 + 5);
}

#[tokio::test]
async fn a_hole_holds_the_watermark_back_until_it_is_filled() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    let mut laptop = Laptop::new(1, at(NOW));
    let first = laptop.vitals(3);
    let second = laptop.vitals(4);
    let third = laptop.vitals(2);
    let mark = async || {
        telemetry
            .watermark(laptop.device, laptop.epoch)
            .await
            .unwrap()
    };

    telemetry.insert(&second).await.unwrap();
    assert_eq!(mark().await, 0);
    telemetry.insert(&third).await.unwrap();
    assert_eq!(mark().await, 0);
    telemetry.insert(&first).await.unwrap();
    assert_eq!(mark().await, 9);
}

#[tokio::test]
async fn reports_of_many_devices_share_a_part() {
    let sandbox = Sandbox::start().await;
    let reports: Vec<_> = (1..=50)
        .flat_map(|number| Laptop::new(number, at(NOW)).vitals(20))
        .collect();
    sandbox.telemetry.insert(&reports).await.unwrap();

    let books = sandbox.telemetry.books_all().await.unwrap();
    assert_eq!(books.len(), 50);
    assert!(books.values().all(|books| books.stored == 20));
    assert_eq!(sandbox.telemetry.parts().await.unwrap().len(), 1);
}

/// Reports flow while the engine dies again and again; what was acknowledged is there once, and nothing is there twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_engine_loses_and_doubles_nothing() {
    let sandbox = Sandbox::start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::new(AtomicU64::new(0));
    let senders: Vec<_> = (0..4)
        .map(|number| {
            let (telemetry, stop, acknowledged) = (
                sandbox.telemetry.clone(),
                stop.clone(),
                acknowledged.clone(),
            );
            tokio::spawn(async move {
                let mut laptop = Laptop::new(number + 1, at(NOW));
                while !stop.load(Ordering::Relaxed) {
                    let report = laptop.vitals(50);
                    // An agent sends the same report until it hears an ack.
                    while let Err(error) = telemetry.insert(&report).await {
                        assert!(error.is_transient(), "{error}");
                    }
                    acknowledged.fetch_add(50, Ordering::Relaxed);
                }
                laptop
            })
        })
        .collect();

    for round in 0..6 {
        tokio::time::sleep(Duration::from_millis(150 + 37 * round)).await;
        sandbox.kill_engine().await;
    }
    stop.store(true, Ordering::Relaxed);
    let laptops = futures::future::join_all(senders).await;

    let books = sandbox.telemetry.books_all().await.unwrap();
    let mut stored = 0;
    for laptop in laptops {
        let laptop = laptop.unwrap();
        let sent = laptop.next - 1;
        assert!(sent > 0);
        assert_eq!(books[&laptop.device].stored, sent);
        assert_eq!(
            sandbox
                .telemetry
                .watermark(laptop.device, laptop.epoch)
                .await
                .unwrap(),
            sent
        );
        stored += sent;
    }
    assert_eq!(stored, acknowledged.load(Ordering::Relaxed));
    let rows: u64 = sandbox
        .telemetry
        .parts()
        .await
        .unwrap()
        .iter()
        .map(|part| part.rows)
        .sum();
    assert_eq!(rows, stored, "rows that stand twice");
}
