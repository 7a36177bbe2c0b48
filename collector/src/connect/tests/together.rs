//! Several at once: two bridges on one space, two collectors on one database, everything running.

use super::*;

/// Waits until it is so, for at most half a minute.
pub async fn eventually(what: &str, so: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn two_bridges_on_one_space_carry_each_others_talk_once() {
    let house = House::new(EVERYTHING).await;
    let one = house.bridge("help").await;
    let two = house
        .connect
        .make(SYSTEM, wanted("help", "another place"))
        .await
        .unwrap();
    house
        .take(&one, &posted("r1", "m1", "Ben", "from one"))
        .await;
    house.carry(&one).await.unwrap();
    assert_eq!(house.forum.asked(), 0, "not back to where it came from");
    house.carry(&two).await.unwrap();
    let there = house.forum.posts();
    assert_eq!(
        (there.len(), there[0].author.as_str()),
        (1, "Ben (Webhook)")
    );
    // The second place shows our bot's post to both bridges.
    for bridge in [&one, &two] {
        let echo = posted(
            &there[0].thread,
            &there[0].id,
            "weft-bot",
            "**Ben (Webhook)**: from one",
        );
        assert_eq!(house.take(bridge, &echo).await, Taken::Echo);
    }
    for bridge in [&one, &two] {
        house.carry(bridge).await.unwrap();
    }
    assert_eq!(house.forum.asked(), 1);
}

#[tokio::test]
async fn two_collectors_on_one_database_do_everything_once() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let stop = CancellationToken::new();
    let collectors: Vec<_> = (0..2)
        .map(|_| {
            let (connect, stop) = (house.connect.clone(), stop.clone());
            tokio::spawn(async move { connect.run(Uuid::now_v7(), stop).await })
        })
        .collect();
    let thread = house.open("help", "A", "words 0").await;
    for number in 1..5 {
        house
            .say(&house.tech, thread, &format!("words {number}"))
            .await;
        house.forum.bring(posted(
            "r1",
            &format!("m{number}"),
            "Ben",
            &format!("news {number}"),
        ));
    }
    eventually("all carried and taken", async || {
        let now = house.state(&bridge).await;
        now.sent == 5 && now.taken == 4
    })
    .await;
    // A change is taken up by whoever runs it.
    let pause = crate::connect::desk::Alteration {
        change: weft_collector_store::control::bridges::Change {
            enabled: Some(false),
            ..Default::default()
        },
        ..Default::default()
    };
    house.connect.alter(bridge.id, pause).await.unwrap();
    stop.cancel();
    for collector in collectors {
        collector.await.unwrap();
    }
    let expect: Vec<String> = (0..5).map(|number| format!("words {number}")).collect();
    assert_eq!(house.forum.texts(), expect);
    assert_eq!(house.state(&bridge).await.state, BridgeState::Paused);
}

#[tokio::test]
async fn a_killed_bridge_is_run_on_by_another_collector_when_its_lease_ends() {
    let house = House::new(EVERYTHING).await;
    let bridge = house.bridge("help").await;
    let stop = CancellationToken::new();
    let start = || {
        let (connect, stop) = (house.connect.clone(), stop.clone());
        tokio::spawn(async move { connect.run(Uuid::now_v7(), stop).await })
    };
    *house.dies.lock().unwrap() = Some(Point::Sent);
    let first = start();
    house.open("help", "A", "words").await;
    eventually("it was killed after it sent", async || {
        house.dies.lock().unwrap().is_none()
    })
    .await;
    first.abort();
    // The lease of the dead ends.
    house.pass(SignedDuration::from_secs(60));
    let second = start();
    eventually("the letter was ended", async || {
        house.state(&bridge).await.sent == 1
    })
    .await;
    stop.cancel();
    second.await.unwrap();
    assert_eq!(house.forum.texts(), ["words"]);
}
