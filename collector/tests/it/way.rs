//! The way of a report, when all goes well.

use super::{
    house::{House, eventually},
    laptop::{self, EPOCH, Laptop, hello, inventory, report},
};

#[tokio::test]
async fn a_report_reaches_clickhouse_and_the_word_comes_back() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 301).await;
    assert_eq!((talk.welcome.protocol, talk.welcome.durable_seq), (1, 0));
    let mut first = report(1, 200);
    first.observations[0] = inventory();
    talk.send(first).await;
    talk.send(report(201, 300)).await;
    talk.durable(300).await;
    let books = eventually("the books know what was sent", async || {
        Some(house.books(laptop.device).await).filter(|books| books.sent == 300)
    })
    .await;
    assert_eq!((books.stored, books.rejected, books.lost), (300, 0, 0));
    assert!(books.balanced());
    let device = eventually("the inventory tells the model", async || {
        let device = house
            .rooms
            .control
            .devices()
            .get(laptop.device)
            .await
            .unwrap()
            .unwrap();
        (device.traits.os_build == "12").then_some(device)
    })
    .await;
    assert_eq!(device.traits.model, "Lenovo ThinkPad T14");
    assert_eq!(device.agent_version, "1.2.3");
    assert!(device.traits.simulated && device.last_report.is_some());
    assert!(device.clock_skew.unwrap().abs() < 60_000);
}

#[tokio::test]
async fn many_devices_at_once_are_kept_apart() {
    let house = House::shared();
    let send = async |many: u64| {
        let laptop = Laptop::new(&house).await;
        let mut talk = laptop.open(&house, many + 1).await;
        for seq in 1..=many {
            talk.send(report(seq, seq)).await;
        }
        talk.durable(many).await;
        (laptop.device, many)
    };
    let sent = futures::future::join_all((1..=12).map(|n| send(n * 3))).await;
    for (device, many) in sent {
        assert_eq!(house.books(device).await.stored, many);
    }
}

/// The protocol has no field for a device; equal epochs and numbers of two devices do not meet.
#[tokio::test]
async fn a_device_writes_only_as_itself() {
    let house = House::shared();
    let (one, other) = (Laptop::new(&house).await, Laptop::new(&house).await);
    assert_ne!(one.device, other.device);
    one.open(&house, 6).await.send_and_wait(1, 5).await;
    let mut talk = other.open(&house, 3).await;
    assert_eq!(talk.welcome.durable_seq, 0, "another device's numbers");
    talk.send(report(1, 2)).await;
    talk.durable(2).await;
    assert_eq!(house.books(one.device).await.stored, 5);
    assert_eq!(house.books(other.device).await.stored, 2);
}

#[tokio::test]
async fn a_new_life_of_a_spool_begins_at_one() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    laptop.open(&house, 6).await.send_and_wait(1, 5).await;
    let other: [u8; 16] = [8; 16];
    let mut talk = laptop
        .try_open(&house, hello(other, 3), None)
        .await
        .unwrap();
    assert_eq!(talk.welcome.durable_seq, 0);
    let mut second = report(1, 2);
    second.epoch = other.to_vec().into();
    talk.send(second).await;
    talk.durable(2).await;
    assert_eq!(house.books(laptop.device).await.stored, 7);
    assert_ne!(other, EPOCH);
}

impl laptop::Talk {
    async fn send_and_wait(mut self, first: u64, last: u64) {
        self.send(report(first, last)).await;
        self.durable(last).await;
    }
}
