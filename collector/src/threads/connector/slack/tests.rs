//! Slack's documented deliveries ("Verifying requests from Slack", "Events API", "message" and its subtypes), and what this
//! platform does beyond what all do.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::json;

use super::{
    fake::{ANA, BOT, CHANNEL, SIGNING, Workspace, settings},
    *,
};
use crate::threads::connector::{
    fake::{Fake, Mishap, Reply, line},
    signature,
};

const AT: i64 = 1_531_420_618;

fn now(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn delivery(at: &str, signature: &str, body: &str) -> Delivery {
    let mut headers = HeaderMap::new();
    headers.insert(
        "x-slack-request-timestamp",
        HeaderValue::from_str(at).unwrap(),
    );
    headers.insert(
        "x-slack-signature",
        HeaderValue::from_str(signature).unwrap(),
    );
    Delivery {
        method: Method::POST,
        uri: "/hooks/x".parse().unwrap(),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn signed(at: i64, body: &str) -> Delivery {
    let at = at.to_string();
    let parts: [&[u8]; 4] = [b"v0:", at.as_bytes(), b":", body.as_bytes()];
    let signature = format!(
        "v0={}",
        hex::encode(signature::sign(SIGNING.as_bytes(), &parts))
    );
    delivery(&at, &signature, body)
}

fn slack() -> Slack {
    Slack::open(settings("https://slack.com"), line()).unwrap()
}

fn event(event: &Value) -> Vec<Arrival> {
    let body = json!({
        "token": "XXYYZZ", "team_id": "T061EG9R6", "api_app_id": "A0PNCHHK2", "event": event, "type": "event_callback",
        "authorizations": [{"team_id": "T061EG9R6", "user_id": "U0G9QF9C6", "is_bot": true}],
        "event_context": "EC0PNCHHK2", "event_id": "Ev08MFMKH6", "event_time": AT,
    });
    match slack()
        .receive(&signed(AT, &body.to_string()), now(AT))
        .unwrap()
    {
        Received::Arrivals { id, arrivals } => {
            assert_eq!(id.as_deref(), Some("Ev08MFMKH6"));
            arrivals
        }
        Received::Answer { .. } => panic!("only a challenge is answered"),
    }
}

/// The example of "Verifying requests from Slack", letter by letter.
#[test]
fn the_documented_signature_is_known() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let documented = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let at = AT.to_string();
    let read = |delivery: &Delivery, seconds| slack().receive(delivery, now(seconds));
    // The signature fits; a slash command is no event.
    let good = delivery(&at, documented, body);
    assert!(matches!(read(&good, AT), Err(Refusal::Unreadable(_))));
    assert_eq!(read(&good, AT + 301), Err(Refusal::Stale(301)));
    assert_eq!(read(&good, AT - 301), Err(Refusal::Stale(-301)));
    for forged in [
        delivery(&at, documented, &body.replace("foobar", "foobaz")),
        delivery(&(AT + 1).to_string(), documented, body),
        delivery(&at, &documented.replace("v0=", "v1="), body),
        delivery(&at, "v0=", body),
        delivery("soon", documented, body),
    ] {
        assert_eq!(read(&forged, AT), Err(Refusal::Forged));
    }
    for missing in ["x-slack-signature", "x-slack-request-timestamp"] {
        let mut unsigned = good.clone();
        unsigned.headers.remove(missing);
        assert_eq!(read(&unsigned, AT), Err(Refusal::Unsigned));
    }
}

#[test]
fn a_challenge_is_answered_only_when_it_is_signed() {
    let challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P";
    let body = json!({"token": "Jhj5dZrVaK7ZwHHjRyZWjbDl", "challenge": challenge, "type": "url_verification"}).to_string();
    assert_eq!(
        slack().receive(&signed(AT, &body), now(AT)),
        Ok(Received::Answer {
            content_type: "text/plain; charset=utf-8",
            body: challenge.to_owned(),
        })
    );
    let forged = delivery(&AT.to_string(), "v0=00", &body);
    assert_eq!(slack().receive(&forged, now(AT)), Err(Refusal::Forged));
    let long = json!({"challenge": "x".repeat(10_000), "type": "url_verification"}).to_string();
    assert!(matches!(
        slack().receive(&signed(AT, &long), now(AT)),
        Err(Refusal::Unreadable(_))
    ));
}

#[test]
fn messages_arrive() {
    let message = json!({
        "type": "message", "channel": CHANNEL, "user": ANA, "text": "My *T14* restarts &lt;often&gt;", "ts": "1355517523.000005",
        "event_ts": "1355517523.000005", "channel_type": "channel", "client_msg_id": "5c5f423a-243a-409c-aa12-ba87924bff68",
        "blocks": [{"type": "rich_text"}],
    });
    let root = RemotePost {
        thread: RemoteThread("1355517523.000005".to_owned()),
        id: "1355517523.000005".to_owned(),
    };
    assert_eq!(
        event(&message),
        [Arrival::Posted {
            post: root.clone(),
            opens: Some(String::new()),
            author: RemoteAuthor {
                id: ANA.to_owned(),
                name: ANA.to_owned(),
                email: None,
                bot: false,
            },
            markdown: "My **T14** restarts \\<often>".to_owned(),
            reply_to: None,
            at: "2012-12-14T20:38:43.000005Z".parse().unwrap(),
        }]
    );
    let mut reply = message.clone();
    reply["ts"] = "1355517600.000001".into();
    reply["thread_ts"] = root.id.clone().into();
    for subtype in [Value::Null, "thread_broadcast".into()] {
        reply["subtype"] = subtype;
        assert!(matches!(
            event(&reply).as_slice(),
            [Arrival::Posted { post, opens: None, .. }] if post.thread == root.thread && post.id == "1355517600.000001"
        ));
    }
}

#[test]
fn edits_deletions_and_programs_arrive() {
    // As documented, and as sent today with what stood there before.
    let changed = json!({
        "type": "message", "subtype": "message_changed", "hidden": true, "channel": CHANNEL, "ts": "1358878755.000001",
        "message": {"type": "message", "user": ANA, "text": "Hello, world!", "ts": "1355517523.000005",
                    "edited": {"user": ANA, "ts": "1358878755.000001"}},
    });
    assert!(matches!(
        event(&changed).as_slice(),
        [Arrival::Edited { post, author, markdown, .. }]
            if post.id == "1355517523.000005" && author.id == ANA && markdown == "Hello, world!"
    ));
    // A preview was added: nobody edited.
    let mut preview = changed.clone();
    preview["previous_message"] = changed["message"].clone();
    assert_eq!(event(&preview), []);
    preview["message"].as_object_mut().unwrap().remove("edited");
    preview["previous_message"]["text"] = "before".into();
    assert_eq!(event(&preview), []);

    let deleted = json!({
        "type": "message", "subtype": "message_deleted", "hidden": true, "channel": CHANNEL, "ts": "1358878755.000001",
        "deleted_ts": "1358878749.000002", "previous_message": {"ts": "1358878749.000002", "thread_ts": "1355517523.000005"},
    });
    assert!(matches!(
        event(&deleted).as_slice(),
        [Arrival::Deleted { post, .. }] if post.id == "1358878749.000002" && post.thread.0 == "1355517523.000005"
    ));
    let tombstone = json!({
        "type": "message", "subtype": "message_changed", "channel": CHANNEL, "ts": "1358878755.000001",
        "message": {"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT", "ts": "1355517523.000005",
                    "thread_ts": "1355517523.000005"},
    });
    assert!(
        matches!(event(&tombstone).as_slice(), [Arrival::Deleted { post, .. }] if post.id == "1355517523.000005")
    );

    let bot = json!({
        "type": "message", "subtype": "bot_message", "channel": CHANNEL, "ts": "1358877455.000010", "text": "Pushing is the answer",
        "bot_id": "BB12033", "username": "github", "icons": {},
    });
    assert!(matches!(
        event(&bot).as_slice(),
        [Arrival::Posted { author, .. }] if author.bot && author.id == "BB12033" && author.name == "github"
    ));
    // Our own, however it is shown: whoever runs us knows the bot's id.
    for own in [
        json!({"bot_id": BOT, "user": "U0G9QF9C6"}),
        json!({"bot_id": BOT, "subtype": "bot_message", "username": "Ana"}),
    ] {
        let mut echo =
            json!({"type": "message", "channel": CHANNEL, "ts": "1.000001", "text": "x"});
        echo.as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        assert!(
            matches!(event(&echo).as_slice(), [Arrival::Posted { author, .. }] if author.id == BOT)
        );
    }
    let file = json!({
        "type": "message", "subtype": "file_share", "channel": CHANNEL, "user": ANA, "ts": "1.000001", "text": "",
        "files": [{"id": "F1", "name": "panic [1](x).log", "url_private": "https://files.slack.com/x"}],
    });
    assert!(matches!(
        event(&file).as_slice(),
        [Arrival::Posted { markdown, .. }] if markdown == "*(in Slack: panic \\[1\\](x).log)*"
    ));
}

#[test]
fn what_is_no_talk_of_this_channel_is_nothing() {
    for other in [
        json!({"type": "message", "channel": "C0OTHER00", "user": ANA, "ts": "1.000001", "text": "x"}),
        json!({"type": "message", "subtype": "channel_join", "channel": CHANNEL, "user": ANA, "ts": "1.000001", "text": "joined"}),
        json!({"type": "message", "subtype": "message_replied", "channel": CHANNEL, "ts": "1.000001"}),
        json!({"type": "message", "channel": CHANNEL, "ts": "1.000001", "text": "nobody"}),
        json!({"type": "reaction_added", "user": ANA, "item": {"type": "message"}, "reaction": "eyes"}),
        json!({"type": "app_mention", "channel": CHANNEL, "user": ANA, "ts": "1.000001", "text": "x", "message": 7}),
    ] {
        assert_eq!(event(&other), [], "{other}");
    }
    let limited = json!({"type": "app_rate_limited", "token": "x", "team_id": "T", "minute_rate_limited": 1, "api_app_id": "A"});
    assert_eq!(
        slack().receive(&signed(AT, &limited.to_string()), now(AT)),
        Ok(Received::Arrivals {
            id: None,
            arrivals: vec![]
        })
    );
    for broken in [
        "",
        "{",
        "[]",
        "7",
        r#"{"type":"event_callback"}"#,
        r#"{"type":"event_callback","event_id":"E","event":{"type":"message","ts":7}}"#,
    ] {
        assert!(
            matches!(
                slack().receive(&signed(AT, broken), now(AT)),
                Err(Refusal::Unreadable(_))
            ),
            "{broken}"
        );
    }
}

#[tokio::test]
async fn people_are_asked_for_once_and_named() {
    let fake = Fake::start(Workspace::default()).await;
    let slack = Slack::open(settings(&fake.address), line()).unwrap();
    let arrival = || Arrival::Posted {
        post: RemotePost {
            thread: RemoteThread("1.000001".to_owned()),
            id: "1.000001".to_owned(),
        },
        opens: None,
        author: RemoteAuthor {
            id: ANA.to_owned(),
            name: ANA.to_owned(),
            email: None,
            bot: false,
        },
        markdown: format!("@{ANA} and @U000000000"),
        reply_to: None,
        at: Timestamp::UNIX_EPOCH,
    };
    for _ in 0..2 {
        let Arrival::Posted {
            author, markdown, ..
        } = slack.complete(arrival()).await.unwrap()
        else {
            panic!("not posted");
        };
        assert_eq!(author.name, "Ana Ruiz");
        assert_eq!(author.email.as_deref(), Some("ana@example.org"));
        assert_eq!(markdown, "@Ana Ruiz and @U000000000");
    }
    let asked = fake.asked();
    assert_eq!(
        asked
            .iter()
            .filter(|asked| asked.query("user") == Some(ANA))
            .count(),
        1
    );
    // Slack is busy: come again, rather than a post without a name.
    let other = Slack::open(settings(&fake.address), line()).unwrap();
    fake.mishap(Mishap::Says(Workspace::too_many()));
    assert!(matches!(
        other.complete(arrival()).await,
        Err(Fault::Later { .. })
    ));
}

#[tokio::test]
async fn slacks_words_for_what_went_wrong() {
    let fake = Fake::start(Workspace::default()).await;
    let slack = Slack::open(settings(&fake.address), line()).unwrap();
    let words = Outgoing {
        key: "post:1".to_owned(),
        markdown: "x".to_owned(),
        ..Outgoing::default()
    };
    for (error, locked) in [
        ("missing_scope", true),
        ("not_in_channel", true),
        ("is_archived", true),
        ("channel_not_found", true),
        ("token_revoked", true),
        ("restricted_action_read_only_channel", true),
        ("msg_too_long", false),
        ("thread_not_found", false),
        ("something_new", false),
    ] {
        fake.mishap(Mishap::Says(Reply::ok(
            json!({"ok": false, "error": error, "needed": "chat:write"}),
        )));
        let fault = slack.open(&words).await.unwrap_err();
        assert_eq!(
            matches!(fault, Fault::Locked(_)),
            locked,
            "{error}: {fault:?}"
        );
        assert_eq!(
            matches!(fault, Fault::Never(_)),
            !locked,
            "{error}: {fault:?}"
        );
    }
    for error in ["internal_error", "fatal_error", "service_unavailable"] {
        fake.mishap(Mishap::Says(Reply::ok(
            json!({"ok": false, "error": error}),
        )));
        let fault = slack.open(&words).await.unwrap_err();
        assert!(
            matches!(fault, Fault::Later { after: None, .. }),
            "{error}: {fault:?}"
        );
    }
    assert_eq!(fake.texts().len(), 0);
}

use crate::threads::connector::fake::World as _;
