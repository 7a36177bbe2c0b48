//! Teams' documented deliveries ("Create Outgoing Webhooks", and the activity of the Bot Framework that it sends), and what
//! this platform does beyond what all do.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{
    fake::{CHANNEL, TOKEN, Workflow, settings},
    *,
};
use crate::threads::connector::{
    Arrival,
    fake::{Fake, Mishap, Reply, line},
    signature,
};

const AT: &str = "2026-11-30T10:00:00.000Z";

fn now() -> Timestamp {
    AT.parse().unwrap()
}

fn activity(change: Value) -> Value {
    let mut activity = json!({
        "type": "message", "id": "1485983408511", "timestamp": AT, "localTimestamp": "2026-11-30T11:00:00.000+01:00",
        "serviceUrl": "https://smba.trafficmanager.net/emea/", "channelId": "msteams",
        "from": {"id": "29:1XJKJMvc5GBtc2JwZq0oj8tHZmzrQgFmB39ATiQWA85gQtHieVkKilBZ9XHoq9j7Zaqt7CZ-NJWi7me2kHTL3Bw",
                 "name": "Ana Ruiz", "aadObjectId": "3bb8b3d3-7b1e-4a5c-9a39-2c8d5a1a2f11"},
        "conversation": {"isGroup": true, "id": format!("{CHANNEL};messageid=1485983194839"), "name": "laptops", "conversationType": "channel"},
        "recipient": null, "textFormat": "plain", "attachmentLayout": null, "membersAdded": [], "topicName": null,
        "text": "<at>Weft</at>&nbsp;my <b>T14</b> restarts",
        "attachments": [{"contentType": "text/html", "content": "<div><at>Weft</at></div>"}],
        "entities": [{"type": "clientInfo", "locale": "en-US", "country": "US", "platform": "Windows"}],
        "channelData": {"teamsChannelId": CHANNEL, "teamsTeamId": "19:t@thread.tacv2", "channel": {"id": CHANNEL},
                        "team": {"id": "19:t@thread.tacv2"}, "tenant": {"id": "72f988bf-86f1-41af-91ab-2d7cd011db47"}},
    });
    for (name, value) in change.as_object().unwrap() {
        activity[name] = value.clone();
    }
    activity
}

fn delivery(body: &str, authorization: &str) -> Delivery {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", authorization.parse().unwrap());
    Delivery {
        method: Method::POST,
        uri: "/hooks/x".parse().unwrap(),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn signed(body: &str) -> Delivery {
    let token = STANDARD.decode(TOKEN).unwrap();
    let signature = STANDARD.encode(signature::sign(&token, &[body.as_bytes()]));
    delivery(body, &format!("HMAC {signature}"))
}

fn teams(place: &str) -> Teams {
    let mut settings = settings("https://prod-42.westeurope.logic.azure.com:443");
    settings.place = place.to_owned();
    Teams::open(settings, line()).unwrap()
}

fn arrivals(activity: &Value) -> Vec<Arrival> {
    match teams(CHANNEL)
        .receive(&signed(&activity.to_string()), now())
        .unwrap()
    {
        Received::Arrivals { arrivals, id } => {
            assert!(id.is_some());
            arrivals
        }
        Received::Answer { .. } => panic!("the receipt is said by the door"),
    }
}

#[test]
fn what_is_said_to_the_webhook_arrives() {
    let post = |id: &str, root: &str| RemotePost {
        thread: RemoteThread(format!("{CHANNEL};{root}")),
        id: format!("{CHANNEL};{id}"),
    };
    assert_eq!(
        arrivals(&activity(json!({}))),
        [Arrival::Posted {
            post: post("1485983408511", "1485983194839"),
            opens: None,
            author: RemoteAuthor {
                id: "3bb8b3d3-7b1e-4a5c-9a39-2c8d5a1a2f11".to_owned(),
                name: "Ana Ruiz".to_owned(),
                email: None,
                bot: false,
            },
            markdown: "my **T14** restarts".to_owned(),
            reply_to: None,
            at: now(),
        }]
    );
    let root = json!({"id": "1485983194839"});
    assert!(matches!(
        arrivals(&activity(root)).as_slice(),
        [Arrival::Posted { opens: Some(title), .. }] if title.is_empty()
    ));
    assert_eq!(
        arrivals(&activity(json!({"type": "conversationUpdate"}))),
        []
    );
    let elsewhere = json!({"channelData": {"teamsChannelId": "19:other@thread.tacv2"}});
    assert_eq!(arrivals(&activity(elsewhere.clone())), []);
    // Without a channel, all of the team.
    let anywhere = teams("")
        .receive(&signed(&activity(elsewhere).to_string()), now())
        .unwrap();
    assert!(matches!(anywhere, Received::Arrivals { arrivals, .. } if arrivals.len() == 1));
}

#[test]
fn forged_and_old_deliveries_are_refused() {
    let body = activity(json!({})).to_string();
    let read = |delivery: &Delivery, now: Timestamp| teams(CHANNEL).receive(delivery, now);
    let good = signed(&body);
    assert!(read(&good, now()).is_ok());
    let mut changed = good.clone();
    changed.body = Bytes::from(body.replace("T14", "X1"));
    assert_eq!(read(&changed, now()), Err(Refusal::Forged));
    for (authorization, refusal) in [
        ("HMAC ", Refusal::Forged),
        ("HMAC AAAA", Refusal::Forged),
        ("HMAC ***", Refusal::Forged),
        ("Bearer x", Refusal::Unsigned),
        ("", Refusal::Unsigned),
    ] {
        assert_eq!(
            read(&delivery(&body, authorization), now()),
            Err(refusal),
            "{authorization}"
        );
    }
    let mut unsigned = good.clone();
    unsigned.headers.remove("authorization");
    assert_eq!(read(&unsigned, now()), Err(Refusal::Unsigned));
    // The time is in the signed body.
    let later = now() + jiff::SignedDuration::from_secs(301);
    assert_eq!(read(&good, later), Err(Refusal::Stale(301)));
    for broken in ["", "{", "[]", r#"{"type":"message"}"#] {
        assert!(
            matches!(read(&signed(broken), now()), Err(Refusal::Unreadable(_))),
            "{broken}"
        );
    }
    // Without a token nothing is taken, not even what is signed with nothing.
    let mut open = settings("https://prod-42.westeurope.logic.azure.com");
    open.secrets.remove("token");
    let empty = STANDARD.encode(signature::sign(b"", &[body.as_bytes()]));
    let refused = Teams::open(open, line())
        .unwrap()
        .receive(&delivery(&body, &format!("HMAC {empty}")), now());
    assert!(matches!(refused, Err(Refusal::Unreadable(_))));
}

#[test]
fn teams_hears_a_message_back() {
    let (content_type, body) = teams("").receipt().unwrap();
    let said: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (content_type, &said["type"]),
        ("application/json", &json!("message"))
    );
}

#[test]
fn an_address_that_cannot_work_is_refused_without_being_repeated() {
    for (workflow, fits) in [
        (
            "https://prod-42.westeurope.logic.azure.com:443/workflows/x?sig=s3cret",
            true,
        ),
        (
            "https://default.7a.environment.api.powerplatform.com:443/powerautomate/x?sig=s3cret",
            true,
        ),
        ("https://example.webhook.office.com/webhookb2/s3cret", false),
        ("https://outlook.office.com/webhook/s3cret", false),
        ("s3cret", false),
        ("ftp://x/s3cret", false),
    ] {
        let mut settings = settings("");
        settings
            .secrets
            .insert("workflow".to_owned(), workflow.into());
        match Teams::open(settings, line()) {
            Ok(_) => assert!(fits, "{workflow}"),
            Err(refused) => assert!(
                !fits && !refused.to_string().contains("s3cret"),
                "{refused}"
            ),
        }
    }
}

fn words(markdown: &str) -> Outgoing {
    Outgoing {
        key: "post:1".to_owned(),
        title: "My *T14* restarts".to_owned(),
        author: "Ana Ruiz".to_owned(),
        markdown: markdown.to_owned(),
        link: "https://weft.example/threads/1".to_owned(),
        ..Outgoing::default()
    }
}

#[test]
fn a_card_names_its_thread_and_leads_to_it() {
    let card = card::of(&words(
        "It **restarts** [log](https://a.example/x) [no](javascript:x)\n\n- a\n- b\n\n```\nkernel *panic*\nat 0x1\n```\nend",
    ));
    assert_eq!(card["type"], "message");
    let content = &card["attachments"][0]["content"];
    assert_eq!(
        card["attachments"][0]["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let texts: Vec<&str> = content["body"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|block| block["text"].as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "My \\*T14\\* restarts",
            "Ana Ruiz",
            "It **restarts** [log](https://a.example/x) no\n- a\n- b",
            "kernel \\*panic\\*\n\nat 0x1",
            "end",
        ]
    );
    assert_eq!(content["body"][3]["fontType"], "monospace");
    let url = content["actions"][0]["url"].as_str().unwrap();
    assert!(
        url.starts_with("https://weft.example/threads/1?via="),
        "{url}"
    );
    assert!(content["msteams"].get("entities").is_none());
}

#[test]
fn a_card_is_never_too_large() {
    for markdown in [
        "x".repeat(60_000),
        "é€😀".repeat(8_000),
        "*_<>".repeat(12_000),
        "- x\n".repeat(15_000),
        "`".repeat(60_000),
    ] {
        let size = card::of(&words(&markdown)).to_string().len();
        assert!(size < card::MAX_CARD, "{size}");
    }
}

#[tokio::test]
async fn a_flow_that_is_gone_is_told_from_a_card_that_is_wrong() {
    let fake = Fake::start(Workflow::default()).await;
    let teams = Teams::open(settings(&fake.address), line()).unwrap();
    for (status, locked) in [
        (404, true),
        (401, true),
        (403, true),
        (410, true),
        (400, false),
        (413, false),
    ] {
        fake.mishap(Mishap::Says(Reply::status(
            status,
            json!({"error": {"code": "WorkflowNotFound"}}),
        )));
        let fault = teams.open(&words("x")).await.unwrap_err();
        assert_eq!(
            matches!(fault, Fault::Locked(_)),
            locked,
            "{status}: {fault:?}"
        );
        assert_eq!(
            matches!(fault, Fault::Never(_)),
            !locked,
            "{status}: {fault:?}"
        );
    }
    // Testing posts nothing.
    teams.test().await.unwrap();
    assert_eq!(fake.world().cards.len(), 0);
}
