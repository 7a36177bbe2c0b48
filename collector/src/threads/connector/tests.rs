//! What every platform must do alike, against a server of its own: say, edit, delete, find again, come again later, and
//! call nobody whatever is said.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::{
    discourse,
    fake::{Fake, Mishap, Reply, World, line},
    mattermost, slack, teams, zulip, *,
};
use crate::{clock::Clock, connect};

fn words(key: &str, markdown: &str) -> Outgoing {
    Outgoing {
        key: key.to_owned(),
        title: "My laptop restarts every two hours".to_owned(),
        author: "Ana Ruiz".to_owned(),
        markdown: markdown.to_owned(),
        link: "https://weft.example/threads/1".to_owned(),
        ..Outgoing::default()
    }
}

/// The same as it leaves the house.
fn leaving(words: Outgoing) -> Outgoing {
    Outgoing {
        title: connect::words::line(&words.title),
        author: connect::words::name(&words.author),
        markdown: connect::words::markdown(&words.markdown, "https://weft.example"),
        ..words
    }
}

fn opened(kind: Kind, settings: Settings) -> std::sync::Arc<dyn Platform> {
    let clock = Clock::from_fn(|| "2026-11-30T10:00:00Z".parse().unwrap());
    kind.open(settings, line(), clock).unwrap()
}

/// What a reader finds, whatever the markup puts between.
fn plain(text: &str) -> String {
    text.replace('\\', "")
}

async fn says_edits_and_deletes<W: World>(kind: Kind, fake: Fake<W>, settings: Settings) {
    let platform = opened(kind, settings);
    let able = platform.abilities();
    let own = platform.whoami().await.unwrap();
    assert!(able.deliveries != able.pulls, "{kind:?}: one way in");
    assert!(own.bot);

    let first = platform
        .open(&words("post:1", "It restarts **again**."))
        .await
        .unwrap();
    let second = words(
        "post:2",
        "Mine too, since Monday.\n\n```\nkernel: panic\n```",
    );
    let second = Outgoing {
        reply_to: Some(first.clone()),
        ..second
    };
    let reply = platform.say(&first.thread, &second).await.unwrap();
    assert_ne!(first.id, reply.id);
    assert_eq!(reply.thread, first.thread);
    let texts = fake.texts();
    assert_eq!(texts.len(), 2, "{texts:?}");
    for (text, said) in texts.iter().zip(["It restarts", "Mine too, since Monday."]) {
        let text = plain(text);
        assert!(text.contains("Ana Ruiz") && text.contains(said), "{text}");
    }
    assert!(plain(&texts[1]).contains("kernel: panic"));

    match able.edits {
        true => {
            let edited = words("edit:3", "It restarts every 123 minutes.");
            platform.edit(&first, &edited).await.unwrap();
            assert!(plain(&fake.texts()[0]).contains("every 123 minutes"));
            platform
                .edit(&reply, &words("edit:4", "Not mine any more."))
                .await
                .unwrap();
            assert!(fake.texts()[1].contains("Not mine any more"));
        }
        false => assert!(matches!(
            platform.edit(&first, &second).await,
            Err(Fault::Never(_))
        )),
    }
    match able.deletions {
        true => {
            platform.delete(&reply, "delete:5").await.unwrap();
            assert_eq!(fake.texts().len(), 1);
            // Gone already is no fault.
            platform.delete(&reply, "delete:5").await.unwrap();
            let edited = platform.edit(&reply, &words("edit:6", "too late")).await;
            assert!(matches!(edited, Err(Fault::Never(_))), "{edited:?}");
        }
        false => assert!(matches!(
            platform.delete(&first, "d").await,
            Err(Fault::Never(_))
        )),
    }
}

/// A crash between sending and recording: what arrived is found by its key, what did not is not.
async fn finds_what_was_said<W: World>(kind: Kind, fake: Fake<W>, settings: Settings) {
    let platform = opened(kind, settings);
    for n in 0..5 {
        let other = Outgoing {
            title: format!("Another laptop restarts, number {n}"),
            ..words(&format!("other:{n}"), "Something else entirely here.")
        };
        platform.open(&other).await.unwrap();
    }
    let open = words("post:1", "It restarts again and again.");
    fake.mishap(Mishap::Loses);
    let lost = platform.open(&open).await.unwrap_err();
    assert!(
        matches!(&lost, Fault::Later { after: None, .. }),
        "{lost:?}"
    );
    let found = match platform.find(None, "post:1").await {
        Err(Fault::Never(_)) => return,
        found => found.unwrap().expect("it arrived"),
    };
    let thread = found.thread.clone();
    for n in 0..3 {
        platform
            .say(
                &thread,
                &words(&format!("reply:{n}"), "One more of those replies."),
            )
            .await
            .unwrap();
    }
    fake.mishap(Mishap::Loses);
    let lost = platform
        .say(
            &thread,
            &words("post:2", "Mine restarts too, since Monday."),
        )
        .await;
    assert!(
        matches!(lost, Err(Fault::Later { after: None, .. })),
        "{lost:?}"
    );
    let reply = platform
        .find(Some(&thread), "post:2")
        .await
        .unwrap()
        .expect("it arrived");
    assert_eq!(reply.thread, thread);
    assert_ne!(reply.id, found.id);
    assert_eq!(platform.find(Some(&thread), "post:3").await, Ok(None));
    assert_eq!(platform.find(None, "post:3").await, Ok(None));
}

async fn says_when_to_come_again<W: World>(kind: Kind, fake: Fake<W>, settings: Settings) {
    let platform = opened(kind, settings);
    let first = words("post:1", "It restarts again and again.");
    fake.mishap(Mishap::Says(W::too_many()));
    let fault = platform.open(&first).await.unwrap_err();
    let Fault::Later { after, .. } = &fault else {
        panic!("{kind:?}: {fault:?}");
    };
    assert_eq!(*after, Some(Duration::from_secs(7)), "{kind:?}: {fault:?}");
    assert_eq!(fake.texts().len(), 0);

    for status in [500, 502, 503, 504] {
        fake.mishap(Mishap::Says(Reply::status(
            status,
            json!("<html>busy</html>"),
        )));
        let fault = platform.open(&first).await.unwrap_err();
        assert!(matches!(fault, Fault::Later { .. }), "{kind:?}: {fault:?}");
    }
    // Twice where the first answer leads to asking whether the key is still good.
    for _ in 0..2 {
        fake.mishap(Mishap::Says(W::locked()));
    }
    let fault = platform.open(&first).await.unwrap_err();
    assert!(matches!(fault, Fault::Locked(_)), "{kind:?}: {fault:?}");
    assert_eq!(fake.texts().len(), 0);
}

async fn keeps_secrets_to_itself<W: World>(kind: Kind, fake: Fake<W>, settings: Settings) {
    let secrets: Vec<String> = settings
        .secrets
        .keys()
        .map(|name| settings.secret(name).to_owned())
        .filter(|secret| secret.len() > 8)
        .collect();
    let platform = opened(kind, settings);
    let mut said = Vec::new();
    for mishap in [
        Mishap::Says(W::locked()),
        Mishap::Says(W::too_many()),
        Mishap::Says(Reply::status(302, json!("")).with("location", "https://evil.example/")),
        Mishap::Says(Reply::status(
            200,
            json!("<html>not what was promised</html>"),
        )),
        Mishap::Loses,
    ] {
        fake.mishap(mishap);
        if let Err(fault) = platform.open(&words("post:1", "It restarts again.")).await {
            said.push(format!("{fault} {fault:?}"));
        }
    }
    assert!(said.len() >= 4, "{said:?}");
    let sig = teams::fake::SIG;
    for secret in secrets.iter().map(String::as_str).chain([sig]) {
        assert!(!said.iter().any(|words| words.contains(secret)), "{said:?}");
    }
}

/// Ten megabytes, controls, a name with line ends, commands of every platform.
async fn takes_hostile_words<W: World>(kind: Kind, fake: Fake<W>, settings: Settings) {
    let platform = opened(kind, settings);
    let shouts = "@here @all @channel @everyone @**all** @*group* <!channel> <!here|x> <at>everyone</at> &#64;here `@channel` ";
    let long = format!(
        "{shouts}\n\n```\n{}",
        "all work and no play\n".repeat(500_000)
    );
    let hostile = Outgoing {
        title: "Restarts\r\nSet-Cookie: a=b\u{0}\u{202e} @everyone <!channel>".to_owned(),
        author: "Ana\r\nX-Evil: 1 @channel **x** <!here>".to_owned(),
        ..words("post:1", &long)
    };
    platform.open(&leaving(hostile)).await.unwrap();
    let texts = fake.texts();
    assert_eq!(texts.len(), 1);
    assert!(texts[0].len() < 150_000, "{}", texts[0].len());
    assert!(texts[0].contains("all work and no play"));
    rings_nobody(&texts[0]);
    for asked in fake.asked() {
        assert!(asked.headers.get("x-evil").is_none() && asked.headers.get("set-cookie").is_none());
    }
}

/// The calls of every platform at once: none may be in anybody's words.
fn rings_nobody(text: &str) {
    let many = [
        "here", "all", "channel", "everyone", "room", "team", "group", "topic", "stream",
    ];
    // An escaped reference is text and no sign.
    let text = text.replace("\\&", "&amp;");
    let lower = text
        .to_lowercase()
        .replace("&#64;", "@")
        .replace("&commat;", "@");
    for (at, _) in lower.match_indices('@') {
        let before = lower[..at].chars().next_back().unwrap_or(' ');
        let behind = &lower[at + 1..];
        let word: String = behind.chars().take_while(|c| c.is_alphanumeric()).collect();
        // Zulip's way, where the text is Markdown as a whole.
        let stars = behind.starts_with(['*', '_']) && lower.contains(" · [weft](");
        let calls = many.contains(&word.as_str()) || stars;
        assert!(before.is_alphanumeric() || !calls, "@{word} in {text:.300}");
    }
}

macro_rules! each_platform {
    ($($test:ident),*) => {
        $(mod $test {
            use super::*;

            #[tokio::test]
            async fn discourse() {
                let fake = Fake::start(discourse::fake::Forum::default()).await;
                let settings = discourse::fake::settings(&fake.address);
                super::$test(Kind::Discourse, fake, settings).await;
            }

            #[tokio::test]
            async fn mattermost() {
                let fake = Fake::start(mattermost::fake::Chat::default()).await;
                let settings = mattermost::fake::settings(&fake.address);
                super::$test(Kind::Mattermost, fake, settings).await;
            }

            #[tokio::test]
            async fn slack() {
                let fake = Fake::start(slack::fake::Workspace::default()).await;
                let settings = slack::fake::settings(&fake.address);
                super::$test(Kind::Slack, fake, settings).await;
            }

            #[tokio::test]
            async fn teams() {
                let fake = Fake::start(teams::fake::Workflow::default()).await;
                let settings = teams::fake::settings(&fake.address);
                super::$test(Kind::Teams, fake, settings).await;
            }

            #[tokio::test]
            async fn zulip() {
                let realm = zulip::fake::Realm { may_delete: true, ..zulip::fake::Realm::default() };
                let fake = Fake::start(realm).await;
                let settings = zulip::fake::settings(&fake.address);
                super::$test(Kind::Zulip, fake, settings).await;
            }
        })*
    };
}

each_platform!(
    says_edits_and_deletes,
    finds_what_was_said,
    says_when_to_come_again,
    keeps_secrets_to_itself,
    takes_hostile_words
);

#[test]
fn what_is_missing_or_foreign_is_said() {
    for kind in Kind::ALL {
        let form = kind.form();
        let opened = kind.open(Settings::default(), line(), Clock::system());
        assert!(matches!(opened, Err(Unopened::Missing(_))), "{kind:?}");
        let foreign = Settings {
            address: "https://chat.example.org".to_owned(),
            place: "7".to_owned(),
            secrets: form
                .secrets
                .iter()
                .map(|field| (field.name.to_owned(), "x".into()))
                .chain([("password".to_owned(), "x".into())])
                .collect(),
        };
        let refused = kind.open(foreign, line(), Clock::system());
        assert_eq!(
            refused.err(),
            Some(Unopened::Unknown("password".to_owned())),
            "{kind:?}"
        );
    }
}

/// Deliveries as they are documented, for what may be changed in them.
fn documented() -> Vec<serde_json::Value> {
    let message = json!({"type": "message", "user": slack::fake::ANA, "text": "<@U061F7AUR> *x* &lt;", "ts": "1355517523.000005",
        "edited": {"user": slack::fake::ANA, "ts": "1358878755.000001"}, "files": [{"name": "a"}]});
    let event = |event: serde_json::Value| json!({"type": "event_callback", "event_id": "Ev1", "event": event});
    vec![
        json!({"post": {
            "id": 1, "topic_id": 77, "post_number": 1, "topic_title": "x", "topic_archetype": "regular",
            "category_id": discourse::fake::CATEGORY, "post_type": 1, "user_id": 12, "username": "ana", "name": "Ana",
            "raw": "[quote=\"a\"]\nx\n[/quote]", "created_at": "2026-11-30T10:00:00Z", "updated_at": "2026-11-30T10:00:00Z",
            "user_deleted": false, "reply_to_post_number": null,
        }}),
        event(
            json!({"type": "message", "channel": slack::fake::CHANNEL, "user": "U1", "text": "x", "ts": "1.2", "thread_ts": "1.1"}),
        ),
        event(
            json!({"type": "message", "subtype": "message_changed", "channel": slack::fake::CHANNEL, "ts": "1.3",
            "message": message, "previous_message": {"text": "y"}}),
        ),
        event(
            json!({"type": "message", "subtype": "message_deleted", "channel": slack::fake::CHANNEL, "ts": "1.3",
            "deleted_ts": "1.2", "previous_message": message}),
        ),
        json!({"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}),
        json!({"type": "message", "id": "1485983408511", "timestamp": "2026-11-30T10:00:00Z", "from": {"id": "29:1", "name": "Ana"},
            "conversation": {"id": "19:a@thread.tacv2;messageid=1485983194839"}, "text": "<at>Weft</at> <b>x</b>",
            "channelData": {"teamsChannelId": "19:a@thread.tacv2"}}),
    ]
}

/// The value with one part of it, whichever `at` leads to, exchanged.
fn with_part(value: &mut serde_json::Value, at: usize, part: &serde_json::Value) {
    use serde_json::Value;
    let count = match value {
        Value::Object(fields) => fields.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    // Here, or in one of its parts.
    let inner = match (count, at % (count + 1)) {
        (0, _) | (_, 0) => None,
        (_, nth) => match &mut *value {
            Value::Object(fields) => fields.values_mut().nth(nth - 1),
            Value::Array(items) => items.get_mut(nth - 1),
            _ => None,
        },
    };
    match inner {
        Some(inner) => with_part(inner, at / (count + 1), part),
        None => *value = part.clone(),
    }
}

fn part() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(u64::MAX)),
        Just(json!(1e300)),
        Just(json!([])),
        Just(json!({})),
        "(?s).{0,40}".prop_map(|text| json!(text)),
        "[<>&;*_`~@#|\\[\\]() \n0-9.a]{0,40}".prop_map(|text| json!(text)),
    ]
}

/// Opened once: each opens a line of its own.
static DOORS: std::sync::LazyLock<[std::sync::Arc<dyn Platform>; 3]> =
    std::sync::LazyLock::new(|| {
        let address = "https://chat.example.org";
        [
            opened(Kind::Discourse, discourse::fake::settings(address)),
            opened(Kind::Slack, slack::fake::settings(address)),
            opened(Kind::Teams, teams::fake::settings(address)),
        ]
    });

proptest! {
    /// Whatever stands in a delivery whose signature fits: it is read or refused, and whoever sent it learns which.
    #[test]
    fn no_delivery_is_fatal(which in 0..6_usize, at in any::<usize>(), part in part(), cut in 0..2_000_usize, text in "(?s).{0,80}") {
        let now: Timestamp = "2026-11-30T10:00:00Z".parse().unwrap();
        let mut changed = documented().swap_remove(which);
        with_part(&mut changed, at, &part);
        let changed = changed.to_string();
        let torn: String = changed.chars().take(cut).collect();
        let [forum, slack, teams] = &*DOORS;
        for body in [changed.as_str(), &torn, &text] {
            for (platform, headers) in [
                (forum, discourse::fake::signed("post_created", body)),
                (forum, discourse::fake::signed("post_destroyed", body)),
                (slack, slack::fake::signed(now.as_second(), body)),
                (teams, teams::fake::signed(body)),
            ] {
                let delivery = Delivery {
                    method: http::Method::POST,
                    uri: "/hooks/x".parse().unwrap(),
                    headers,
                    body: body.to_owned().into(),
                };
                let read = platform.receive(&delivery, now);
                let fits = matches!(&read, Ok(_) | Err(Refusal::Unreadable(_) | Refusal::Stale(_)));
                prop_assert!(fits, "{body}: {read:?}");
            }
        }
    }

    /// The texts that leave by each platform, for whatever people say and are called.
    #[test]
    fn nobody_is_called(author in "[@a-z<>!*_ \\r\\n]{0,30}", pieces in prop::collection::vec(prop::sample::select(vec![
        "@", "here", "all", "channel", "everyone", "**", "*", "_", " ", "\n", "`", "```\n", "&#64;", "&commat;", "\\", "<", ">", "!",
        "<!channel>", "<@U061F7AUR>", "<at>x</at>", "https://a.example/@here", "é", "x", "[", "](", ")", "    ", "- ", "> ", "|",
    ]), 0..20)) {
        let said = leaving(Outgoing { author, title: pieces.concat(), ..words("post:1", &pieces.concat()) });
        rings_nobody(&spoken::markdown(&said, 10_000));
        rings_nobody(&teams::fake::text(&teams::card::of(&said)));
        let slack = slack::text(&said, &said.title);
        rings_nobody(&slack);
        // Slack's own links are the only signs that stand there.
        for command in ["<!", "<@", "<#"] {
            prop_assert!(!slack.contains(command), "{slack}");
        }
    }
}
