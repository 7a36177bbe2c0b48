//! Events as the client-server API documents them (spec.matrix.org: "Instant Messaging", "Threading", "Event replacements",
//! "Redactions"), and hostile ones.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;

use super::{
    super::Arrival,
    reading::{Read, event},
    *,
};

const OWN: &str = "@weft:example.org";

fn message(content: Value) -> Value {
    json!({
        "type": "m.room.message", "event_id": "$e", "sender": "@ana:example.org",
        "origin_server_ts": 1_432_735_824_653_i64, "content": content,
    })
}

fn said(event_of: &Value) -> Option<Arrival> {
    match event(event_of, OWN, Timestamp::UNIX_EPOCH) {
        Read::Said { by, said } => {
            assert_eq!(by, "@ana:example.org");
            Some(said.by("Ana".to_owned()))
        }
        _ => None,
    }
}

fn text_of(content: Value) -> Option<String> {
    match said(&message(content))? {
        Arrival::Posted { markdown, .. } | Arrival::Edited { markdown, .. } => Some(markdown),
        Arrival::Deleted { .. } => None,
    }
}

#[test]
fn a_message_opens_a_thread_and_a_threaded_one_goes_into_it() {
    let Some(Arrival::Posted {
        post,
        opens,
        author,
        reply_to,
        ..
    }) = said(&message(
        json!({"msgtype": "m.text", "body": "It restarts"}),
    ))
    else {
        panic!("not posted");
    };
    assert_eq!((post.thread.0.as_str(), post.id.as_str()), ("$e", "$e"));
    assert_eq!((opens.as_deref(), reply_to), (Some(""), None));
    assert_eq!(
        (author.id.as_str(), author.name.as_str(), author.bot),
        ("@ana:example.org", "Ana", false)
    );

    let threaded = |falling_back: bool| {
        said(&message(json!({
            "msgtype": "m.text", "body": "me too",
            "m.relates_to": {"rel_type": "m.thread", "event_id": "$root", "is_falling_back": falling_back,
                             "m.in_reply_to": {"event_id": "$last"}},
        })))
    };
    let Some(Arrival::Posted {
        post,
        opens,
        reply_to,
        ..
    }) = threaded(true)
    else {
        panic!()
    };
    assert_eq!(
        (post.thread.0.as_str(), opens, reply_to),
        ("$root", None, None)
    );
    let Some(Arrival::Posted { reply_to, .. }) = threaded(false) else {
        panic!()
    };
    assert_eq!(reply_to.unwrap().id, "$last");

    // A plain reply says what it answers; where that went is known elsewhere.
    let plain = said(&message(json!({
        "msgtype": "m.text", "body": "> <@ben:example.org> It restarts\n> always\n\nsince when?",
        "m.relates_to": {"m.in_reply_to": {"event_id": "$asked"}},
    })));
    let Some(Arrival::Posted {
        opens,
        reply_to,
        markdown,
        ..
    }) = plain
    else {
        panic!()
    };
    assert_eq!(
        (opens, reply_to.unwrap().id.as_str(), markdown.as_str()),
        (None, "$asked", "since when?")
    );
}

#[test]
fn edits_redactions_and_names_are_read() {
    let edit = message(json!({
        "msgtype": "m.text", "body": "* fixed", "m.new_content": {"msgtype": "m.text", "body": "fixed"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$first"},
    }));
    assert!(
        matches!(said(&edit), Some(Arrival::Edited { post, markdown, .. }) if post.id == "$first" && markdown == "fixed")
    );
    for redaction in [
        json!({"type": "m.room.redaction", "event_id": "$r", "sender": "@ana:example.org", "redacts": "$x", "content": {}}),
        json!({"type": "m.room.redaction", "event_id": "$r", "sender": "@ana:example.org", "content": {"redacts": "$x"}}),
    ] {
        let read = event(&redaction, OWN, Timestamp::UNIX_EPOCH);
        assert!(matches!(read, Read::Gone(Arrival::Deleted { post, .. }) if post.id == "$x"));
    }
    let member = json!({
        "type": "m.room.member", "event_id": "$m", "sender": "@ana:example.org", "state_key": "@ana:example.org",
        "content": {"membership": "join", "displayname": "Ana B."},
    });
    let name = "Ana B.".to_owned();
    assert_eq!(
        event(&member, OWN, Timestamp::UNIX_EPOCH),
        Read::Renamed {
            user: "@ana:example.org".to_owned(),
            name
        }
    );
    let encrypted = json!({"type": "m.room.encrypted", "event_id": "$c", "sender": "@ana:example.org", "content": {}});
    assert_eq!(
        event(&encrypted, OWN, Timestamp::UNIX_EPOCH),
        Read::Encrypted
    );
}

#[test]
fn what_says_nothing_is_passed_over() {
    let mut own = message(json!({"msgtype": "m.text", "body": "ours"}));
    own["sender"] = json!(OWN);
    let mut state = message(json!({"msgtype": "m.text", "body": "x"}));
    state["state_key"] = json!("");
    for nothing in [
        own,
        state,
        message(json!({})),
        message(json!({"msgtype": "m.location", "body": "here"})),
        message(json!({"msgtype": "m.text", "body": " \n"})),
        message(json!({"msgtype": 7, "body": []})),
        json!({"type": "m.reaction", "event_id": "$e", "sender": "@ana:example.org", "content": {}}),
        json!("nonsense"),
    ] {
        assert_eq!(
            event(&nothing, OWN, Timestamp::UNIX_EPOCH),
            Read::Nothing,
            "{nothing}"
        );
    }
}

#[test]
fn html_becomes_markdown_and_traps_become_plain_words() {
    let html = |body: &str, formatted: &str| {
        text_of(json!({"msgtype": "m.text", "body": body, "format": "org.matrix.custom.html", "formatted_body": formatted})).unwrap()
    };
    assert_eq!(html("x", "It <strong>restarts</strong>"), "It **restarts**");
    assert_eq!(
        html(
            "x",
            "<mx-reply><blockquote>old</blockquote></mx-reply>new <code>a</code>"
        ),
        "new `a`"
    );
    assert!(!html("plain", "<script>alert(1)</script>fine").contains('<'));
    let deep = "<b>".repeat(5_000);
    assert_eq!(html("plain words", &deep), "plain words");
    let many = "<b a=1><p>".repeat(2_000);
    assert_eq!(html("plain words", &many), "plain words");
    assert_eq!(
        text_of(json!({"msgtype": "m.image", "body": "a[b](c).png"})).unwrap(),
        "*(a file in Matrix: abc.png)*"
    );
    assert_eq!(
        text_of(json!({"msgtype": "m.file", "body": "the log", "filename": "x.log"})).unwrap(),
        "the log\n\n*(a file in Matrix: x.log)*"
    );
    assert_eq!(
        text_of(json!({"msgtype": "m.emote", "body": "shrugs"})).unwrap(),
        "*shrugs*"
    );
}

fn outgoing(markdown: &str) -> Outgoing {
    Outgoing {
        key: "weft-1".to_owned(),
        title: "It <b>restarts".to_owned(),
        author: "Ana & Ben".to_owned(),
        markdown: markdown.to_owned(),
        html: format!("<p>{markdown}</p>"),
        link: "https://weft.example/threads/1".to_owned(),
        ..Outgoing::default()
    }
}

#[test]
fn what_is_sent_calls_nobody_and_knows_its_thread() {
    let root = telling::opening(&outgoing("every two hours"));
    assert_eq!(root["m.mentions"], json!({}));
    assert_eq!(
        root["body"],
        "**It <b>restarts**\n\n**Ana & Ben**: every two hours"
    );
    let formatted = root["formatted_body"].as_str().unwrap();
    assert!(
        formatted.contains("It &lt;b&gt;restarts") && formatted.contains("Ana &amp; Ben"),
        "{formatted}"
    );
    let thread = RemoteThread("$root".to_owned());
    let reply = telling::saying(&thread, &outgoing("x"));
    assert_eq!(reply["m.relates_to"]["rel_type"], "m.thread");
    assert_eq!(reply["m.relates_to"]["is_falling_back"], true);
    let notice = telling::saying(
        &thread,
        &Outgoing {
            notice: true,
            ..outgoing("x")
        },
    );
    assert_eq!(
        (&notice["msgtype"], &notice["body"]),
        (&json!("m.notice"), &json!("x"))
    );
    let post = RemotePost {
        thread,
        id: "$2".to_owned(),
    };
    let edit = telling::editing(&post, &outgoing("y"));
    assert_eq!(
        edit["m.relates_to"],
        json!({"rel_type": "m.replace", "event_id": "$2"})
    );
    assert_eq!(edit["m.new_content"]["body"], "**Ana & Ben**: y");
}

proptest! {
    #[test]
    fn an_event_fits_whatever_was_written(text in "[\"\\\\\n<é😀a]{0,3000}", times in 1_usize..30) {
        let words = outgoing(&text.repeat(times));
        let post = RemotePost { thread: RemoteThread("$1".to_owned()), id: "$1".to_owned() };
        let bytes = telling::editing(&post, &words).to_string().len();
        // Around the content stand ids, hashes and signatures.
        prop_assert!(bytes < 62_000, "{bytes}");
    }

    #[test]
    fn no_event_is_a_reason_to_stop(kind in "[a-z.]{0,20}", body in ".{0,200}", html in "(<[a-z/]{1,4}>|.){0,60}") {
        let any = json!({
            "type": format!("m.room.{kind}"), "event_id": "$e", "sender": "@x:y",
            "content": {"msgtype": "m.text", "body": body, "format": "org.matrix.custom.html", "formatted_body": html},
        });
        event(&any, OWN, Timestamp::UNIX_EPOCH);
        event(&message(any["content"].clone()), OWN, Timestamp::UNIX_EPOCH);
    }
}

#[test]
fn error_codes_say_what_to_do() {
    let fault = |status: u16, body: &str| {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        read::<Value>(&answer).unwrap_err()
    };
    let limit = fault(
        429,
        r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":1500}"#,
    );
    assert!(
        matches!(limit, Fault::Later { after: Some(wait), .. } if wait == Duration::from_millis(1_500))
    );
    assert!(matches!(
        fault(401, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"Invalid"}"#),
        Fault::Locked(_)
    ));
    assert!(matches!(
        fault(403, r#"{"errcode":"M_FORBIDDEN","error":"not in room"}"#),
        Fault::Locked(_)
    ));
    assert!(matches!(
        fault(404, r#"{"errcode":"M_NOT_FOUND","error":"no"}"#),
        Fault::Never(_)
    ));
    assert!(matches!(
        fault(413, r#"{"errcode":"M_TOO_LARGE","error":"big"}"#),
        Fault::Never(_)
    ));
    assert!(matches!(
        fault(502, "<html>bad gateway</html>"),
        Fault::Later { after: None, .. }
    ));
    assert!(matches!(
        fault(404, "<html>not here</html>"),
        Fault::Locked(_)
    ));
}
