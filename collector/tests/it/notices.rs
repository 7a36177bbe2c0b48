//! A word for an owner reaches the laptop, waits for it, and comes once.

use weft_collector::ingest::NotifyOwner as _;
use weft_proto::v1::{Notice, NoticeReceipt, client_message::Message, hint::Hint};

use super::{
    house::{House, eventually},
    laptop::{EPOCH, Laptop, hello, open, said},
};

fn notice(id: &str) -> Notice {
    Notice {
        id: id.to_owned(),
        title: "4 restarts today".to_owned(),
        body: "3 colleagues with this model are on it".to_owned(),
        path: "/threads/1".to_owned(),
    }
}

#[tokio::test]
async fn a_notice_waits_is_told_and_ends_with_its_receipt() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let notices = &house.rooms.notices;
    notices
        .notify_device(laptop.device, notice("before"))
        .await
        .unwrap();

    let mut greeting = hello(EPOCH, 1);
    greeting.capabilities = vec!["notices".to_owned()];
    let mut talk = open(laptop.channel(&house).await, greeting.clone())
        .await
        .unwrap();
    assert!(
        talk.welcome
            .capabilities
            .contains(&"notice_receipts".to_owned())
    );
    assert_eq!(talk.hint().await, Hint::Notice(notice("before")));
    // While the stream lives.
    notices
        .notify_device(laptop.device, notice("during"))
        .await
        .unwrap();
    assert_eq!(talk.hint().await, Hint::Notice(notice("during")));
    let ids = vec!["during".to_owned()];
    talk.send_message(said(Message::NoticeReceipt(NoticeReceipt { ids })))
        .await;
    eventually("the receipt is noted", async || {
        let waiting = notices.waiting(laptop.device).await.unwrap();
        (waiting == [notice("before")]).then_some(())
    })
    .await;
    // Without a receipt it is told again; the agent keeps it once.
    let mut talk = open(laptop.channel(&house).await, greeting).await.unwrap();
    assert_eq!(talk.hint().await, Hint::Notice(notice("before")));
}

#[tokio::test]
async fn an_older_agent_is_told_once() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let notices = &house.rooms.notices;
    notices
        .notify_device(laptop.device, notice("x"))
        .await
        .unwrap();
    let mut talk = laptop.open(&house, 1).await;
    assert_eq!(talk.hint().await, Hint::Notice(notice("x")));
    eventually("it counts as told", async || {
        notices
            .waiting(laptop.device)
            .await
            .unwrap()
            .is_empty()
            .then_some(())
    })
    .await;
}
