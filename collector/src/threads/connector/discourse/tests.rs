//! A forum's deliveries as its own code makes them (discourse/discourse: `EmitWebHookEvent`, `WebHookPostSerializer`; "Configure
//! webhooks that trigger on Discourse events"), and what this platform does beyond what all do.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::{
    fake::{CATEGORY, Forum, HOOK, KEY, settings},
    *,
};
use crate::threads::connector::{
    fake::{Fake, Mishap, Reply, line},
    signature,
};

/// A post as the serializer writes it, shortened to what matters and what might be mistaken.
fn post(change: Value) -> Value {
    let mut post = json!({
        "id": 1042, "name": "Ana Ruiz", "username": "ana", "avatar_template": "/letter_avatar/ana/{size}.png",
        "created_at": "2026-11-30T09:59:01.123Z", "cooked": "<p>It restarts.</p>", "post_number": 3, "post_type": 1,
        "updated_at": "2026-11-30T09:59:01.123Z", "reply_count": 0, "reply_to_post_number": 2, "quote_count": 0, "topic_id": 77,
        "topic_slug": "laptop-restarts", "topic_title": "Laptop restarts", "category_id": CATEGORY, "display_username": "Ana Ruiz",
        "version": 1, "user_title": null, "bookmarked": false, "raw": "It **restarts**.", "moderator": false, "admin": false,
        "staff": false, "user_id": 12, "hidden": false, "trust_level": 1, "deleted_at": null, "user_deleted": false,
        "edit_reason": null, "wiki": false, "topic_posts_count": 3, "topic_filtered_posts_count": 3,
        "topic_archetype": "regular", "category_slug": "laptops",
    });
    for (name, value) in change.as_object().unwrap() {
        post[name] = value.clone();
    }
    post
}

fn delivery(event: &str, body: &str, secret: &str) -> Delivery {
    let signature = signature::sign(secret.as_bytes(), &[body.as_bytes()]);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-discourse-instance", "https://forum.example.org"),
        ("x-discourse-event-id", "5011"),
        ("x-discourse-event-type", "post"),
        ("x-discourse-event", event),
        (
            "x-discourse-event-signature",
            &format!("sha256={}", hex::encode(signature)),
        ),
    ] {
        headers.insert(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    Delivery {
        method: Method::POST,
        uri: "/hooks/x".parse().unwrap(),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn forum() -> Discourse {
    Discourse::open(settings("https://forum.example.org"), line()).unwrap()
}

fn receive(event: &str, post: &Value) -> Vec<Arrival> {
    let body = json!({"post": post}).to_string();
    let received = forum().receive(&delivery(event, &body, HOOK), Timestamp::UNIX_EPOCH);
    match received.unwrap() {
        Received::Arrivals { arrivals, .. } => arrivals,
        Received::Answer { .. } => panic!("a forum is not answered"),
    }
}

#[test]
fn a_post_arrives() {
    let arrived = receive("post_created", &post(json!({}))).pop().unwrap();
    assert_eq!(
        arrived,
        Arrival::Posted {
            post: remote(77, 3),
            opens: None,
            author: RemoteAuthor {
                id: "12".to_owned(),
                name: "Ana Ruiz".to_owned(),
                email: None,
                bot: false,
            },
            markdown: "It **restarts**.".to_owned(),
            reply_to: Some(remote(77, 2)),
            at: "2026-11-30T09:59:01.123Z".parse().unwrap(),
        }
    );
    let first = json!({"post_number": 1, "reply_to_post_number": null, "name": "", "user_id": -1});
    let Some(Arrival::Posted {
        opens,
        author,
        reply_to,
        ..
    }) = receive("post_created", &post(first)).pop()
    else {
        panic!("not posted");
    };
    assert_eq!(opens.as_deref(), Some("Laptop restarts"));
    assert_eq!((author.name.as_str(), author.bot), ("ana", true));
    assert_eq!(reply_to, None);
}

#[test]
fn edits_and_deletions_arrive() {
    let edited = post(
        json!({"raw": "It no longer restarts.", "updated_at": "2026-11-30T10:05:00Z", "version": 2}),
    );
    assert!(matches!(
        receive("post_edited", &edited).as_slice(),
        [Arrival::Edited { post, markdown, .. }] if post.id == "77/3" && markdown == "It no longer restarts."
    ));
    for (event, change) in [
        ("post_destroyed", json!({})),
        // The topic went with its first post: it has no category any more.
        (
            "post_destroyed",
            json!({"category_id": null, "post_number": 1}),
        ),
        // Its author took it back; the text that stands there now is the forum's.
        (
            "post_edited",
            json!({"user_deleted": true, "raw": "(post deleted by author)"}),
        ),
    ] {
        let arrived = receive(event, &post(change));
        assert!(
            matches!(arrived.as_slice(), [Arrival::Deleted { .. }]),
            "{event}"
        );
    }
}

#[test]
fn what_is_not_public_here_stays_there() {
    for change in [
        json!({"category_id": 8}),
        json!({"category_id": null}),
        json!({"post_type": 4}),
        json!({"post_type": 3}),
        json!({"topic_archetype": "private_message"}),
    ] {
        for event in ["post_created", "post_edited"] {
            assert_eq!(receive(event, &post(change.clone())), vec![], "{change}");
        }
    }
    for event in [
        "post_recovered",
        "topic_created",
        "user_created",
        "ping",
        "",
        "post_liked",
    ] {
        assert_eq!(receive(event, &post(json!({}))), vec![], "{event}");
    }
    let ping = delivery("", r#"{"ping":"OK"}"#, HOOK);
    assert!(forum().receive(&ping, Timestamp::UNIX_EPOCH).is_ok());
}

#[test]
fn forged_deliveries_are_refused_and_repeated_ones_are_known() {
    let body = json!({"post": post(json!({}))}).to_string();
    let read = |delivery: &Delivery| forum().receive(delivery, Timestamp::UNIX_EPOCH);
    let forged = delivery("post_created", &body, "another secret");
    assert_eq!(read(&forged), Err(Refusal::Forged));
    let good = delivery("post_created", &body, HOOK);
    let mut changed = good.clone();
    changed.body = Bytes::from(body.replace("restarts", "explodes"));
    assert_eq!(read(&changed), Err(Refusal::Forged));
    let mut unsigned = good.clone();
    unsigned.headers.remove("x-discourse-event-signature");
    assert_eq!(read(&unsigned), Err(Refusal::Unsigned));
    for bad in ["", "sha256=", "sha256=zz", "sha1=00", "md5"] {
        let mut wrong = good.clone();
        wrong
            .headers
            .insert("x-discourse-event-signature", bad.parse().unwrap());
        assert_eq!(read(&wrong), Err(Refusal::Forged), "{bad}");
    }

    let id = |delivery: &Delivery| match read(delivery).unwrap() {
        Received::Arrivals { id, .. } => id.unwrap(),
        Received::Answer { .. } => panic!("a forum is not answered"),
    };
    // The number in the header is not signed: who replays the body cannot give it a new name by it.
    let mut replayed = good.clone();
    replayed
        .headers
        .insert("x-discourse-event-id", "9999".parse().unwrap());
    assert_eq!(id(&good), id(&replayed));
    // The forum tells a deletion with the post as it stood: the same body, another event.
    assert_ne!(id(&good), id(&delivery("post_destroyed", &body, HOOK)));
}

#[test]
fn a_body_that_is_signed_and_broken_is_unreadable() {
    for body in ["{", "[]", r#"{"post": {"id": "x"}}"#, r#"{"post": 7}"#] {
        let read = forum().receive(&delivery("post_created", body, HOOK), Timestamp::UNIX_EPOCH);
        assert!(matches!(read, Err(Refusal::Unreadable(_))), "{body}");
    }
}

fn words(key: &str, title: &str) -> Outgoing {
    Outgoing {
        key: key.to_owned(),
        title: title.to_owned(),
        author: "Ben".to_owned(),
        markdown: "Yes".to_owned(),
        link: "https://weft.example/threads/1".to_owned(),
        ..Outgoing::default()
    }
}

#[tokio::test]
async fn short_words_and_titles_that_are_taken_get_through() {
    let fake = Fake::start(Forum::default()).await;
    let forum = Discourse::open(settings(&fake.address), line()).unwrap();
    // "Yes" and "BSOD" alone are too short for a forum.
    let first = forum.open(&words("post:1", "BSOD")).await.unwrap();
    let again = forum.open(&words("post:1", "BSOD")).await.unwrap();
    assert_eq!(first, again);
    let other = forum.open(&words("post:2", "BSOD")).await.unwrap();
    assert_ne!(first, other);
    let titles: Vec<String> = fake
        .world()
        .topics
        .iter()
        .map(|topic| topic.title.clone())
        .collect();
    assert_eq!(titles.len(), 2);
    assert_eq!(titles[0], "BSOD (opened in Weft)");
    assert!(
        titles[1].starts_with("BSOD (") && titles[1] != titles[0],
        "{titles:?}"
    );
    assert!(
        fake.world()
            .topics
            .iter()
            .all(|topic| topic.category == CATEGORY)
    );

    let long = forum
        .open(&words("post:3", &"é".repeat(300)))
        .await
        .unwrap();
    assert_eq!(long.id, "72/1");

    let reply = Outgoing {
        reply_to: Some(remote(70, 1)),
        ..words("post:4", "")
    };
    forum
        .say(&RemoteThread("70".to_owned()), &reply)
        .await
        .unwrap();
    assert_eq!(fake.world().posts.last().unwrap().reply_to, Some(1));
}

/// Discourse says the same of a bad key and of a closed topic.
#[tokio::test]
async fn a_closed_topic_is_no_bad_key() {
    let fake = Fake::start(Forum::default()).await;
    let forum = Discourse::open(settings(&fake.address), line()).unwrap();
    let first = forum
        .open(&words("post:1", "Laptop restarts"))
        .await
        .unwrap();
    fake.world().closed = true;
    let refused = forum.say(&first.thread, &words("post:2", "")).await;
    assert!(matches!(refused, Err(Fault::Never(_))), "{refused:?}");

    let mut wrong = settings(&fake.address);
    wrong.secrets.insert("key".to_owned(), "not the key".into());
    let locked = Discourse::open(wrong, line()).unwrap();
    let refused = locked.say(&first.thread, &words("post:2", "")).await;
    assert!(matches!(refused, Err(Fault::Locked(_))), "{refused:?}");
    assert!(matches!(locked.whoami().await, Err(Fault::Locked(_))));
}

#[tokio::test]
async fn an_administrators_key_tells_who_somebody_is() {
    let fake = Fake::start(Forum::default()).await;
    let forum = Discourse::open(settings(&fake.address), line()).unwrap();
    let there = forum
        .open(&words("post:1", "Laptop restarts"))
        .await
        .unwrap();
    let arrival = |author: &str| Arrival::Posted {
        post: there.clone(),
        opens: None,
        author: RemoteAuthor {
            id: author.to_owned(),
            name: "Ana".to_owned(),
            email: None,
            bot: false,
        },
        markdown: "x".to_owned(),
        reply_to: None,
        at: Timestamp::UNIX_EPOCH,
    };
    let email = |arrival: Arrival| match arrival {
        Arrival::Posted { author, .. } => author.email,
        _ => panic!("not posted"),
    };
    // The fake's posts are by "weft", whose address it does not tell.
    let told = forum.complete(arrival("41")).await.unwrap();
    assert_eq!(email(told), None);
    fake.mishap(Mishap::Says(Reply::ok(
        json!({"id": 1, "topic_id": 70, "post_number": 1, "username": "ana"}),
    )));
    for _ in 0..2 {
        let told = forum.complete(arrival("12")).await.unwrap();
        assert_eq!(email(told).as_deref(), Some("ana@example.org"));
    }
    // Each is asked for once.
    let asked = fake.asked();
    let emails = asked
        .iter()
        .filter(|asked| asked.path == "/u/ana/emails.json");
    assert_eq!(emails.count(), 1);
    let keys = asked.iter().filter(|asked| asked.headers["api-key"] == KEY);
    assert_eq!(keys.count(), asked.len());
}
