//! The specification's own words as tests: what is signed, what is refused, what a delivery says.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Value, json};

use super::*;
use crate::threads::connector::Reach;

/// The example of the specification's reference libraries: this key, id, time and body have this signature.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT: i64 = 1_614_265_330;
const BODY: &str = r#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn webhook() -> Webhook {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = Settings {
        address: "https://bot.example/weft".to_owned(),
        secrets: [("secret".to_owned(), SECRET.into())].into(),
        ..Settings::default()
    };
    let line = Line::new(Reach::default(), "").unwrap();
    Webhook::open(settings, line, Clock::from_fn(|| second(AT))).unwrap()
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

fn signed(id: &str, at: i64, body: &str) -> Delivery {
    let signature = sign(&read_key(SECRET).unwrap(), id, at, body.as_bytes());
    delivery(id, &at.to_string(), &signature, body)
}

fn delivery(id: &str, at: &str, signature: &str, body: &str) -> Delivery {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("webhook-id", id),
        ("webhook-timestamp", at),
        ("webhook-signature", signature),
    ] {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    Delivery {
        method: Method::POST,
        uri: "/hooks/x".parse().unwrap(),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn arrivals(message: &Value) -> Result<Vec<Arrival>, Refusal> {
    match webhook().receive(&signed("msg_1", AT, &message.to_string()), second(AT))? {
        Received::Arrivals { arrivals, .. } => Ok(arrivals),
        Received::Answer { .. } => panic!("a webhook is never answered"),
    }
}

#[test]
fn the_published_example_is_signed_as_published() {
    let key = read_key(SECRET).unwrap();
    assert_eq!(sign(&key, ID, AT, BODY.as_bytes()), SIGNATURE);
    let check = |signature: &str, at: &str, now| {
        let delivery = delivery(ID, at, signature, BODY);
        checked(&key, &delivery.headers, &delivery.body, second(now))
    };
    let at = AT.to_string();
    assert_eq!(check(SIGNATURE, &at, AT), Ok(ID.to_owned()));
    // A sender that changes its key signs with both.
    let both = format!("v1,AAAA {SIGNATURE} v2,x");
    assert_eq!(check(&both, &at, AT + TOLERANCE), Ok(ID.to_owned()));
    assert_eq!(
        check(SIGNATURE, &at, AT + TOLERANCE + 1),
        Err(Refusal::Stale(301))
    );
    assert_eq!(
        check(SIGNATURE, &at, AT - TOLERANCE - 1),
        Err(Refusal::Stale(-301))
    );
    // The time is signed too.
    assert_eq!(
        check(SIGNATURE, &(AT + 1).to_string(), AT),
        Err(Refusal::Forged)
    );
    for forged in [
        "v1,",
        "v1,AAAA",
        "v2,g0hM",
        "",
        "nonsense",
        &SIGNATURE[..20],
    ] {
        assert_eq!(check(forged, &at, AT), Err(Refusal::Forged), "{forged}");
    }
    assert_eq!(check(SIGNATURE, "soon", AT), Err(Refusal::Forged));
    assert_eq!(
        checked(&key, &HeaderMap::new(), BODY.as_bytes(), second(AT)),
        Err(Refusal::Unsigned)
    );
}

#[test]
fn nothing_is_read_before_the_signature_fits() {
    let broken = delivery(ID, &AT.to_string(), SIGNATURE, "{ not even JSON");
    assert_eq!(webhook().receive(&broken, second(AT)), Err(Refusal::Forged));
    assert!(matches!(
        webhook().receive(&signed(ID, AT, "{ not even JSON"), second(AT)),
        Err(Refusal::Unreadable(_))
    ));
}

#[test]
fn a_delivery_becomes_what_happened() {
    let posted = json!({
        "type": "post.created", "timestamp": "2026-03-01T10:00:00Z",
        "data": {"id": "42", "thread": {"id": "7"}, "author": {"id": "u1", "name": "Ana", "email": "ana@example.org"},
                 "markdown": "It *restarts*", "reply_to": "41"},
    });
    let post = RemotePost {
        thread: RemoteThread("7".to_owned()),
        id: "42".to_owned(),
    };
    let Some(Arrival::Posted {
        post: got,
        opens,
        author,
        markdown,
        reply_to,
        ..
    }) = arrivals(&posted).unwrap().pop()
    else {
        panic!("not posted");
    };
    assert_eq!((got, opens), (post.clone(), None));
    assert_eq!(
        (author.id.as_str(), author.email.as_deref()),
        ("u1", Some("ana@example.org"))
    );
    assert_eq!(markdown, "It *restarts*");
    assert_eq!(reply_to.unwrap().id, "41");

    // Without ids a post is its delivery and opens a thread, and its author is known by the name.
    let simple = json!({
        "type": "post.created", "timestamp": "2026-03-01T10:00:00Z",
        "data": {"thread": {"title": "Printer"}, "author": {"name": "Ben"}, "markdown": "paper jam"},
    });
    let Some(Arrival::Posted {
        post: got,
        opens,
        author,
        ..
    }) = arrivals(&simple).unwrap().pop()
    else {
        panic!("not posted");
    };
    assert_eq!((got.id.as_str(), got.thread.0.as_str()), ("msg_1", "msg_1"));
    assert_eq!(
        (opens.as_deref(), author.id.as_str()),
        (Some("Printer"), "Ben")
    );

    let deleted = json!({
        "type": "post.deleted", "timestamp": "2026-03-01T10:00:00Z", "data": {"id": "42", "thread": {"id": "7"}},
    });
    assert!(
        matches!(arrivals(&deleted).unwrap().pop(), Some(Arrival::Deleted { post: got, .. }) if got == post)
    );
    let ping = json!({"type": "ping", "timestamp": "2026-03-01T10:00:00Z"});
    assert_eq!(arrivals(&ping).unwrap(), []);
}

#[test]
fn what_says_nothing_is_refused_with_what_is_missing() {
    let with = |kind: &str, data: Value| {
        let message = json!({"type": kind, "timestamp": "2026-03-01T10:00:00Z", "data": data});
        match arrivals(&message) {
            Err(Refusal::Unreadable(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let author = json!({"name": "Ana"});
    for (kind, data, missing) in [
        ("post.created", json!({"markdown": "x"}), "data.author.name"),
        ("post.created", json!({"author": author}), "data.markdown"),
        (
            "post.edited",
            json!({"author": author, "markdown": "x"}),
            "data.id",
        ),
        ("post.deleted", json!({}), "data.id"),
        ("post.exploded", json!({"id": "1"}), "post.exploded"),
        (
            "post.created",
            json!({"id": "x".repeat(300), "author": author, "markdown": "x"}),
            "255",
        ),
    ] {
        assert!(with(kind, data.clone()).contains(missing), "{kind} {data}");
    }
}

#[test]
fn short_and_broken_keys_are_refused() {
    for (secret, fits) in [
        (SECRET, true),
        ("whsec_AAAA", false),
        ("whsec_***", false),
        ("hunter2", false),
        ("a phrase of enough letters", true),
    ] {
        assert_eq!(read_key(secret).is_ok(), fits, "{secret}");
    }
}
