//! What this platform does beyond what all do, against the organisation of [`fake`].

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::{
    fake::{ANA, CHANNEL, OWN, Realm, settings},
    *,
};
use crate::threads::connector::fake::{Fake, line};

fn zulip(address: &str) -> Zulip {
    let clock = Clock::from_fn(|| "2026-11-30T10:00:00Z".parse().unwrap());
    Zulip::open(settings(address), line(), clock).unwrap()
}

fn words(key: &str, title: &str) -> Outgoing {
    Outgoing {
        key: key.to_owned(),
        title: title.to_owned(),
        author: "Ben".to_owned(),
        markdown: "It restarts".to_owned(),
        link: "https://weft.example/threads/1".to_owned(),
        ..Outgoing::default()
    }
}

/// What happened, in short.
fn told(pulled: &Pulled) -> Vec<String> {
    let told = pulled.arrivals.iter().map(|arrival| match arrival {
        Arrival::Posted {
            post,
            author,
            markdown,
            opens,
            ..
        } => format!(
            "{}: {} says {markdown} opens {opens:?}",
            post.thread.0, author.name
        ),
        Arrival::Edited {
            post,
            author,
            markdown,
            ..
        } => format!(
            "{}: {} edits {} to {markdown}",
            post.thread.0, author.name, post.id
        ),
        Arrival::Deleted { post, .. } => format!("{}: {} is gone", post.thread.0, post.id),
    });
    told.collect()
}

#[tokio::test]
async fn a_channel_is_heard_from_now_on() {
    let fake = Fake::start(Realm::default()).await;
    let zulip = zulip(&fake.address);
    fake.world().say(ANA, "old", "before we came");
    let start = zulip.pull("").await.unwrap();
    assert_eq!(told(&start), Vec::<String>::new());

    let first = fake
        .world()
        .say(ANA, "T14 restarts", "It restarts, @**all**");
    let second = fake.world().say(ANA, "T14 restarts", "Again");
    fake.world().say(ANA, "old", "late answer");
    let pulled = zulip.pull(&start.next).await.unwrap();
    assert_eq!(
        told(&pulled),
        [
            format!("{first}: Ana Ruiz says It restarts, @all opens Some(\"T14 restarts\")"),
            format!("{first}: Ana Ruiz says Again opens None"),
            "500: Ana Ruiz says late answer opens None".to_owned(),
        ]
    );
    let Arrival::Posted { author, .. } = &pulled.arrivals[0] else {
        panic!("not posted");
    };
    assert_eq!(
        (author.id.as_str(), author.email.as_deref(), author.bot),
        ("12", Some("ana@example.org"), false)
    );

    fake.world().edit(second, "Again and again");
    fake.world().render(second);
    fake.world().delete(second);
    let pulled = zulip.pull(&pulled.next).await.unwrap();
    // The edited message is gone before anybody asked: only that it is gone is known.
    assert_eq!(told(&pulled), [format!("{first}: {second} is gone")]);

    fake.world().edit(first, "It restarted");
    let pulled = zulip.pull(&pulled.next).await.unwrap();
    assert_eq!(
        told(&pulled),
        [format!("{first}: Ana Ruiz edits {first} to It restarted")]
    );
    assert_eq!(
        told(&zulip.pull(&pulled.next).await.unwrap()),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn renamed_and_resolved_topics_are_followed() {
    let fake = Fake::start(Realm::default()).await;
    let zulip = zulip(&fake.address);
    let start = zulip.pull("").await.unwrap();
    let opened = zulip.open(&words("post:1", "T14 restarts")).await.unwrap();
    let pulled = zulip.pull(&start.next).await.unwrap();
    assert!(
        matches!(&pulled.arrivals[0], Arrival::Posted { author, post, .. } if author.id == OWN.to_string() && *post == opened)
    );

    fake.world().rename("T14 restarts", "✔ T14 restarts");
    fake.world()
        .say(ANA, "✔ T14 restarts", "Solved by a new BIOS");
    let pulled = zulip.pull(&pulled.next).await.unwrap();
    assert_eq!(
        told(&pulled),
        [format!(
            "{}: Ana Ruiz says Solved by a new BIOS opens None",
            opened.thread.0
        )]
    );
    zulip
        .say(&opened.thread, &words("post:2", "T14 restarts"))
        .await
        .unwrap();
    let topics: Vec<String> = fake
        .world()
        .messages
        .iter()
        .map(|one| one["subject"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(topics, ["✔ T14 restarts"; 3]);

    // Moved to where we do not mirror: nothing is said there.
    for message in &mut fake.world().messages {
        message["stream_id"] = json!(CHANNEL + 1);
    }
    let refused = zulip.say(&opened.thread, &words("post:3", "x")).await;
    assert!(matches!(refused, Err(Fault::Never(why)) if why.contains("moved")));
}

#[tokio::test]
async fn each_thread_has_a_topic_of_its_own() {
    let fake = Fake::start(Realm::default()).await;
    let zulip = zulip(&fake.address);
    let first = zulip.open(&words("post:1", "T14 restarts")).await.unwrap();
    // Sent already, and its answer was lost.
    assert_eq!(
        zulip.open(&words("post:1", "T14 restarts")).await.unwrap(),
        first
    );
    let other = zulip.open(&words("post:2", "T14 restarts")).await.unwrap();
    assert_ne!(first.thread, other.thread);
    let long = "é".repeat(200);
    zulip.open(&words("post:3", &long)).await.unwrap();
    zulip.open(&words("post:4", &long)).await.unwrap();
    zulip.open(&words("post:5", "\u{7}")).await.unwrap();
    let mut topics: Vec<String> = fake
        .world()
        .messages
        .iter()
        .map(|one| one["subject"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        topics.iter().all(|topic| topic.chars().count() <= 60),
        "{topics:?}"
    );
    topics.sort();
    topics.dedup();
    assert_eq!(topics.len(), 5);
}

/// A queue is forgotten ten minutes after its last reader, and by each restart of the server.
#[tokio::test]
async fn nothing_said_is_lost_with_a_queue() {
    let fake = Fake::start(Realm::default()).await;
    let zulip = zulip(&fake.address);
    let start = zulip.pull("").await.unwrap();
    let first = fake.world().say(ANA, "T14 restarts", "It restarts");
    let pulled = zulip.pull(&start.next).await.unwrap();
    fake.world().queue += 1;
    fake.world().edit(first, "It restarts often");
    for n in 0..5 {
        fake.world().say(ANA, "T14 restarts", &format!("{n}"));
    }
    let caught = zulip.pull(&pulled.next).await.unwrap();
    let told_now = told(&caught);
    assert_eq!(told_now.len(), 6, "{told_now:?}");
    assert_eq!(
        told_now[0],
        format!("{first}: Ana Ruiz edits {first} to It restarts often")
    );
    assert!(told_now[5].contains("says 4"), "{told_now:?}");
    // And then the queue goes on.
    fake.world().say(ANA, "T14 restarts", "still here");
    let pulled = zulip.pull(&caught.next).await.unwrap();
    assert_eq!(
        told(&pulled),
        [format!("{first}: Ana Ruiz says still here opens None")]
    );
}

#[tokio::test]
async fn a_bot_that_may_not_or_does_not_hear_says_so() {
    let fake = Fake::start(Realm::default()).await;
    let zulip = zulip(&fake.address);
    let sent = zulip.open(&words("post:1", "T14 restarts")).await.unwrap();
    let refused = zulip.delete(&sent, "delete:2").await;
    assert!(matches!(refused, Err(Fault::Never(why)) if why.contains("permission")));
    let mut elsewhere = settings(&fake.address);
    elsewhere.place = "8".to_owned();
    let deaf = Zulip::open(elsewhere, line(), Clock::system()).unwrap();
    assert!(
        matches!(deaf.whoami().await, Err(Fault::Locked(why)) if why.contains("not subscribed"))
    );
    assert!(matches!(
        deaf.open(&words("post:1", "x")).await,
        Err(Fault::Locked(_))
    ));
    for place in ["", "laptops", "-1", "7/../8"] {
        let mut wrong = settings(&fake.address);
        wrong.place = place.to_owned();
        assert!(
            Zulip::open(wrong, line(), Clock::system()).is_err(),
            "{place}"
        );
    }
}

#[test]
fn events_that_are_no_talk_are_nothing() {
    for event in [
        json!({"type": "heartbeat", "id": 1}),
        json!({"type": "realm_user", "id": 2, "op": "add"}),
        json!({"type": "message", "id": 3}),
        json!({"id": 4}),
        json!([]),
        json!({"type": "update_message", "id": 5, "message_id": "x"}),
    ] {
        assert_eq!(events::changes(event.clone()).len(), 0, "{event}");
    }
    // "delete_message" as `bulk_message_deletion` clients get it.
    let bulk = json!({"type": "delete_message", "id": 6, "message_ids": [7, 8], "message_type": "stream", "stream_id": CHANNEL, "topic": "x"});
    assert_eq!(events::changes(bulk).len(), 2);
}
