//! One stream per device, and streams when the collector goes.

use std::time::Duration;

use tonic::Code;
use weft_proto::v1::hint::Hint;

use super::{
    house::House,
    laptop::{Laptop, report},
};

#[tokio::test]
async fn a_newer_stream_takes_over() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut old = laptop.open(&house, 11).await;
    old.send(report(1, 10)).await;
    old.durable(10).await;
    let mut new = laptop.open(&house, 11).await;
    assert_eq!(new.welcome.durable_seq, 10);
    assert_eq!(old.end().await.code(), Code::Aborted);
    new.send(report(11, 12)).await;
    new.durable(12).await;
}

#[tokio::test]
async fn shutdown_acknowledges_what_is_in_flight_and_is_quick() {
    let mut house = House::alone();
    let laptop = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 501).await;
    for part in 0..5 {
        talk.send(report(part * 100 + 1, part * 100 + 100)).await;
    }
    talk.durable(100).await;
    let took = tokio::task::spawn_blocking(move || (house.stop(), house))
        .await
        .unwrap();
    assert!(took.0 < Duration::from_secs(10), "{:?}", took.0);
    let Hint::ReconnectAfter(seconds) = talk.hint().await else {
        panic!("no word of farewell")
    };
    assert!(seconds > 0.0);
    let house = tokio::task::spawn_blocking(|| took.1.restart())
        .await
        .unwrap();
    let durable = laptop.open(&house, 501).await.welcome.durable_seq;
    assert!(durable >= 100 && durable.is_multiple_of(100));
    assert_eq!(house.books(laptop.device).await.stored, durable);
}
