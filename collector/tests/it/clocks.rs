//! Laptops whose clocks are years off, or say nothing.

use super::{
    house::{House, eventually},
    laptop::{Laptop, boot, hello, with},
};

#[tokio::test]
async fn an_absurd_time_is_kept_and_the_skew_is_noted() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let at = |seconds, nanos| Some(weft_proto::Timestamp { seconds, nanos });
    let year = 31_557_600;
    let now = jiff::Timestamp::now().as_second();
    let mut greeting = hello([7; 16], 8);
    greeting.clock = at(now - 3 * year, 0);
    let mut talk = laptop.try_open(&house, greeting, None).await.unwrap();
    let times = [
        None,
        at(0, 0),
        at(now + 40 * year, 0),
        at(i64::MAX, i32::MAX),
        at(i64::MIN, i32::MIN),
        at(now - 3 * year, 1),
        at(253_402_300_800, 0),
    ];
    let observations = times.into_iter().enumerate().map(|(number, observed_at)| {
        let mut observation = boot(number as u64 + 1);
        observation.observed_at = observed_at;
        observation
    });
    let mut report = with(1, observations.collect());
    report.clock = at(now - 3 * year, 0);
    talk.send(report).await;
    let ack = talk.ack().await;
    assert!(ack.rejections.is_empty(), "{ack:?}");
    assert_eq!(house.books(laptop.device).await.stored, 7);
    let skew = eventually("the skew is noted", async || {
        let device = house
            .rooms
            .control
            .devices()
            .get(laptop.device)
            .await
            .unwrap();
        device.and_then(|device| device.clock_skew)
    })
    .await;
    let years = skew as f64 / 1000.0 / f64::from(year as i32);
    assert!((years + 3.0).abs() < 0.01, "{years}");
}
