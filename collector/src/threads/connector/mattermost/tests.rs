//! What this platform does beyond what all do, against the channel of [`fake`].

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::{
    fake::{ANA, CHANNEL, Chat, OWN, settings},
    *,
};
use crate::threads::connector::{
    Arrival,
    fake::{Fake, line},
};

fn chat(address: &str) -> Mattermost {
    let opened = Mattermost::open(settings(address), line()).unwrap();
    opened.with_pause(std::time::Duration::ZERO)
}

fn words(key: &str, markdown: &str) -> Outgoing {
    Outgoing {
        key: key.to_owned(),
        title: "Laptop restarts".to_owned(),
        author: "Ben".to_owned(),
        markdown: markdown.to_owned(),
        link: "https://weft.example/threads/1".to_owned(),
        ..Outgoing::default()
    }
}

/// What happened, in short.
fn told(pulled: &Pulled) -> Vec<String> {
    let told = pulled.arrivals.iter().map(|arrival| match arrival {
        Arrival::Posted {
            author,
            markdown,
            opens,
            ..
        } => format!("{} says {markdown} opens {opens:?}", author.name),
        Arrival::Edited {
            author, markdown, ..
        } => format!("{} edits {markdown}", author.name),
        Arrival::Deleted { post, .. } => format!("gone {}", post.id),
    });
    told.collect()
}

#[tokio::test]
async fn a_channel_is_read_from_now_on_each_change_once() {
    let fake = Fake::start(Chat::default()).await;
    let chat = chat(&fake.address);
    fake.world().say(ANA, "", "before we came", json!({}));
    let start = chat.pull("").await.unwrap();
    assert_eq!(told(&start), Vec::<String>::new());

    let root = fake
        .world()
        .say(ANA, "", "It restarts\nevery day", json!({}));
    let reply = fake.world().say(ANA, &root, "Mine too", json!({}));
    let first = chat.pull(&start.next).await.unwrap();
    assert_eq!(
        told(&first),
        [
            "Ana Ruiz says It restarts\nevery day opens Some(\"\")",
            "Ana Ruiz says Mine too opens None",
        ]
    );
    let Arrival::Posted { post, author, .. } = &first.arrivals[1] else {
        panic!("not posted");
    };
    assert_eq!((&post.thread.0, &post.id), (&root, &reply));
    assert_eq!(author.email.as_deref(), Some("ana@example.org"));

    // The same seconds are asked for again, and nothing is taken twice.
    let quiet = chat.pull(&first.next).await.unwrap();
    assert_eq!(told(&quiet), Vec::<String>::new());

    fake.world().edit(&reply, "Mine as well");
    fake.world().touch(&root);
    let edited = chat.pull(&quiet.next).await.unwrap();
    assert_eq!(told(&edited), ["Ana Ruiz edits Mine as well"]);

    fake.world().delete(&reply);
    let deleted = chat.pull(&edited.next).await.unwrap();
    assert_eq!(told(&deleted), [format!("gone {reply}")]);
    assert_eq!(
        told(&chat.pull(&deleted.next).await.unwrap()),
        Vec::<String>::new()
    );
    // People are asked for once.
    let people = fake.asked();
    let people = people
        .iter()
        .filter(|asked| asked.path == "/api/v4/users/ids");
    assert_eq!(people.count(), 1);
}

#[tokio::test]
async fn our_own_posts_come_back_as_our_own() {
    let fake = Fake::start(Chat::default()).await;
    let chat = chat(&fake.address);
    let start = chat.pull("").await.unwrap();
    let sent = chat.open(&words("post:1", "It restarts")).await.unwrap();
    let pulled = chat.pull(&start.next).await.unwrap();
    let own = chat.whoami().await.unwrap();
    assert!(matches!(
        pulled.arrivals.as_slice(),
        [Arrival::Posted { post, author, .. }] if *post == sent && author.id == own.id
    ));
    assert_eq!(own.id, OWN);
}

#[tokio::test]
async fn programs_are_known_as_such() {
    let fake = Fake::start(Chat::default()).await;
    let chat = chat(&fake.address);
    let start = chat.pull("").await.unwrap();
    for props in [
        json!({"from_webhook": "true", "override_username": "CI"}),
        json!({"from_bot": "true"}),
        json!({}),
    ] {
        fake.world().say(ANA, "", "built", props);
    }
    let pulled = chat.pull(&start.next).await.unwrap();
    let bots: Vec<bool> = pulled
        .arrivals
        .iter()
        .map(|arrival| matches!(arrival, Arrival::Posted { author, .. } if author.bot))
        .collect();
    assert_eq!(bots, [true, true, false]);
}

#[tokio::test]
async fn a_channel_that_is_not_ours_is_said() {
    let fake = Fake::start(Chat::default()).await;
    let mut other = settings(&fake.address);
    other.place = CHANNEL.replace('4', "5");
    let chat = Mattermost::open(other, line()).unwrap();
    assert!(matches!(chat.whoami().await, Err(Fault::Locked(why)) if why.contains("no channel")));
    for place in ["", "town-square", "../../../users/me", &"a".repeat(27)] {
        let mut wrong = settings(&fake.address);
        wrong.place = place.to_owned();
        assert!(Mattermost::open(wrong, line()).is_err(), "{place}");
    }
}

#[tokio::test]
async fn a_position_that_is_damaged_is_said() {
    let fake = Fake::start(Chat::default()).await;
    let pulled = chat(&fake.address).pull("{\"at\":").await;
    assert!(matches!(pulled, Err(Fault::Never(_))));
}
