//! Duplicates, overlaps, holes and gaps.

use tonic::Code;

use super::{
    house::{House, eventually},
    laptop::{Laptop, gap, hello, report},
};

#[tokio::test]
async fn what_is_sent_twice_is_stored_once() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 301).await;
    for (first, last) in [(1, 100), (1, 100), (51, 200), (201, 300), (150, 300)] {
        let mut report = report(first, last);
        report.next_seq = 301;
        talk.send(report).await;
    }
    talk.durable(300).await;
    drop(talk);
    let mut again = laptop.open(&house, 301).await;
    assert_eq!(again.welcome.durable_seq, 300);
    again.send(report(1, 300)).await;
    assert_eq!(again.ack().await.durable_seq, 300);
    assert_eq!(house.books(laptop.device).await.stored, 300);
}

/// An agent whose line broke sends again what was never acknowledged, while the first copy is still on its way.
#[tokio::test]
async fn a_reconnect_in_flight_stores_once() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut next = 1;
    for _ in 0..10 {
        let talk = laptop.open(&house, 10_000).await;
        next = talk.welcome.durable_seq + 1;
        for part in 0..4 {
            let first = next + part * 50;
            let mut report = report(first, first + 49);
            report.next_seq = 10_000;
            talk.send(report).await;
        }
        // No word is waited for: the next stream takes over in the middle.
    }
    let mut talk = laptop.open(&house, 10_000).await;
    let durable = talk.welcome.durable_seq;
    assert!(durable + 1 >= next);
    let mut last = report(durable + 1, durable + 1);
    last.next_seq = 10_000;
    talk.send(last).await;
    talk.durable(durable + 1).await;
    assert_eq!(house.books(laptop.device).await.stored, durable + 1);
}

#[tokio::test]
async fn a_silent_hole_is_refused_and_named() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 20).await;
    talk.send(report(1, 5)).await;
    talk.send(report(8, 9)).await;
    let end = talk.end().await;
    assert_eq!(end.code(), Code::FailedPrecondition);
    assert!(end.message().contains("expected 6"), "{end:?}");
    let stored = eventually(
        "what came before the hole is kept or not, but never beyond",
        async || {
            let talk = laptop.open(&house, 20).await;
            Some(talk.welcome.durable_seq)
        },
    )
    .await;
    assert!(stored == 5 || stored == 0, "{stored}");
}

#[tokio::test]
async fn a_declared_gap_is_lost_and_the_books_say_so() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 121).await;
    talk.send(report(1, 10)).await;
    talk.send(gap(11, 110)).await;
    talk.send(report(111, 120)).await;
    talk.durable(120).await;
    let books = eventually("sent is known", async || {
        Some(house.books(laptop.device).await).filter(|books| books.sent == 120)
    })
    .await;
    assert_eq!((books.stored, books.lost), (20, 100));
    assert!(books.balanced());
    drop(talk);
    assert_eq!(laptop.open(&house, 121).await.welcome.durable_seq, 120);
}

/// Restored from a backup: the Welcome tells it, and nothing of its second life is taken for the first.
#[tokio::test]
async fn a_spool_that_went_back_in_time_is_told_to_begin_anew() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 51).await;
    talk.send(report(1, 50)).await;
    talk.durable(50).await;

    let mut back = laptop.open(&house, 30).await;
    assert_eq!(back.welcome.durable_seq, 50);
    // What it had given before its backup was made is an honest repetition.
    let mut honest = report(20, 29);
    honest.next_seq = 30;
    back.send(honest).await;
    assert_eq!(back.ack().await.durable_seq, 50);
    for claimed in [report(30, 40), report(45, 60), report(51, 60), gap(31, 70)] {
        let mut back = laptop.open(&house, 30).await;
        back.send(claimed).await;
        let end = back.end().await;
        assert_eq!(end.code(), Code::FailedPrecondition);
        assert!(end.message().contains("new epoch"), "{end:?}");
    }

    // The next epoch begins at 1 and loses nothing.
    const NEXT_EPOCH: [u8; 16] = [8; 16];
    let mut anew = laptop
        .try_open(&house, hello(NEXT_EPOCH, 11), None)
        .await
        .unwrap();
    assert_eq!(anew.welcome.durable_seq, 0);
    let mut first = report(1, 10);
    first.epoch = NEXT_EPOCH.to_vec().into();
    anew.send(first).await;
    anew.durable(10).await;
    let books = eventually("sent is known", async || {
        Some(house.books(laptop.device).await).filter(|books| books.sent == 60)
    })
    .await;
    assert_eq!(books.stored, 60);
    assert!(books.balanced());
}
