//! One's own mail and feeds: wishes, addresses, the links in letters, feed addresses.

use weft_collector_core::telling::Pace;
use weft_collector_store::control::letters::LetterKind;

use super::*;
use crate::{
    feeds,
    mail::{pages, seal::Purpose},
};

impl House {
    /// A request to the pages outside the API.
    async fn page(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let router =
            pages::router(self.api.mail.clone()).merge(feeds::router(self.api.mail.clone()));
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    async fn text(&self, path: &str) -> (u16, String) {
        let answer = self.page(Method::GET, path, &[]).await;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

fn path_of(address: &Value) -> String {
    let address = address.as_str().unwrap();
    address
        .strip_prefix("https://weft.example.org")
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn wishes_are_kept_or_refused_with_a_reason() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    let (status, mail) = house.get(&user, "/me/mail").await;
    assert_eq!((status, mail["on"].as_bool()), (200, Some(true)));
    assert_eq!(mail["wishes"]["mail"]["talk"], "instant");
    let mut wishes = mail["wishes"].clone();
    wishes["zone"] = json!("Europe/Berlin");
    wishes["digest"] = json!("weekly");
    wishes["quiet"] = json!({"from": 1320, "until": 420});
    wishes["mail"]["machines"] = json!("off");
    let put = async |body: Value| {
        house
            .ask(&user, Method::PUT, "/me/mail/wishes", Some(body))
            .await
    };
    assert_eq!(put(wishes.clone()).await.0, 204);
    let (_, mail) = house.get(&user, "/me/mail").await;
    assert_eq!(mail["wishes"], wishes);
    let due = house
        .api
        .control
        .wishes()
        .due(Timestamp::MAX, 9)
        .await
        .unwrap();
    // 8 o'clock on Monday, in Berlin.
    assert_eq!(due[0].due.to_string(), "2026-03-16T07:00:00Z");
    for (key, value, words) in [
        ("zone", json!("Mars/Olympus"), "Europe/Berlin"),
        ("digest_hour", json!(24), "0 to 23"),
        ("quiet", json!({"from": 5, "until": 5}), "quiet hours"),
        ("language", json!("tlh"), "English"),
        ("digest", json!("hourly"), "digest"),
        ("colour", json!("red"), "colour"),
    ] {
        let mut wrong = wishes.clone();
        wrong[key] = value;
        let (status, problem) = put(wrong).await;
        assert_eq!(status, 400, "{key}");
        assert!(
            problem["detail"].as_str().unwrap().contains(words),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn an_address_is_somebodys_after_the_button_in_its_mail() {
    let house = House::build().await;
    let (user, peer) = (house.sign_in("user").await, house.sign_in("peer").await);
    let add = async |who: &Person, address: &str| {
        house
            .post(who, "/me/mail/addresses", json!({"address": address}))
            .await
    };
    assert_eq!(add(&user, "not an address").await.0, 400);
    let (status, added) = add(&user, " Ada@Example.org").await;
    assert_eq!(
        (status, added["address"].as_str()),
        (202, Some("ada@example.org"))
    );
    assert_eq!(house.post(&user, "/me/mail/test", json!({})).await.0, 409);
    let word = house.api.mail.confirmation(user.id, "ada@example.org");
    let link = format!("/mail/confirm/{word}");
    // A scanner that follows the link confirms nothing.
    let (status, page) = house.text(&link).await;
    assert!(
        status == 200 && page.contains("ada@example.org") && page.contains("<button"),
        "{page}"
    );
    assert_eq!(
        house
            .api
            .control
            .addresses()
            .owner("ada@example.org")
            .await
            .unwrap(),
        None
    );
    assert_eq!(house.page(Method::POST, &link, &[]).await.status(), 200);
    assert_eq!(
        house
            .api
            .control
            .addresses()
            .owner("ada@example.org")
            .await
            .unwrap(),
        Some(user.id)
    );
    assert_eq!(house.post(&user, "/me/mail/test", json!({})).await.0, 202);
    assert_eq!(add(&peer, "ada@example.org").await.0, 409);
    // Another person's word for the same address, a changed one, an old one.
    let theirs = format!(
        "/mail/confirm/{}",
        house.api.mail.confirmation(peer.id, "ada@example.org")
    );
    assert_eq!(house.page(Method::POST, &theirs, &[]).await.status(), 409);
    assert_eq!(
        house
            .page(Method::POST, "/mail/confirm/abcdefgh", &[])
            .await
            .status(),
        404
    );
    *house.now.lock().unwrap() += SignedDuration::from_hours(73);
    assert_eq!(house.page(Method::POST, &link, &[]).await.status(), 404);
    // Nobody is buried under questions.
    let user = house.sign_in("user").await;
    for _ in 0..5 {
        assert_eq!(add(&user, "more@example.org").await.0, 202);
    }
    assert_eq!(add(&user, "more@example.org").await.0, 429);
    let asked = house
        .api
        .control
        .letters()
        .count_to(
            "more@example.org",
            &[LetterKind::Confirm],
            Timestamp::UNIX_EPOCH,
        )
        .await
        .unwrap();
    assert_eq!(asked, 5);
    let (_, mail) = house.get(&user, "/me/mail").await;
    assert!(
        mail["spaces"][0]["address"]
            .as_str()
            .unwrap()
            .starts_with("weft+"),
        "{mail}"
    );
    let gone = json!({"address": "ada@example.org"});
    assert_eq!(
        house
            .post(&user, "/me/mail/addresses/remove", gone.clone())
            .await
            .0,
        204
    );
    assert_eq!(
        house.post(&user, "/me/mail/addresses/remove", gone).await.0,
        404
    );
}

#[tokio::test]
async fn a_link_stops_mail_by_its_button_only() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    let body = json!({"space": "help", "title": "A <b>loud</b> fan", "markdown": "x"});
    let (_, thread) = house.post(&user, "/threads", body).await;
    let thread: Uuid = thread["id"].as_str().unwrap().parse().unwrap();
    let carried = [user.id.into_bytes(), thread.into_bytes()].concat();
    let one = format!(
        "/mail/stop/{}",
        house.api.mail.seal.seal(Purpose::Stop, &carried)
    );
    let all = format!(
        "/mail/stop/{}",
        house.api.mail.seal.seal(Purpose::Stop, user.id.as_bytes())
    );
    let (status, page) = house.text(&one).await;
    assert!(
        status == 200 && page.contains("A &lt;b&gt;loud&lt;/b&gt; fan"),
        "{page}"
    );
    let is_muted = async || {
        house
            .api
            .control
            .wishes()
            .is_muted(user.id, thread)
            .await
            .unwrap()
    };
    assert!(!is_muted().await);
    // RFC 8058: a mail program posts without cookies and without our header.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(house.page(Method::POST, &one, &form).await.status(), 200);
    assert!(is_muted().await);
    let (_, mail) = house.get(&user, "/me/mail").await;
    assert_eq!(mail["muted"][0]["id"], json!(thread));
    assert_eq!(
        house
            .page(Method::POST, &format!("{one}?undo=1"), &[])
            .await
            .status(),
        200
    );
    assert!(!is_muted().await);
    house.text(&all).await;
    assert_eq!(
        house
            .api
            .control
            .wishes()
            .of(user.id)
            .await
            .unwrap()
            .mail
            .direct,
        Pace::Instant
    );
    assert_eq!(house.page(Method::POST, &all, &form).await.status(), 200);
    assert_eq!(
        house
            .api
            .control
            .wishes()
            .of(user.id)
            .await
            .unwrap()
            .mail
            .direct,
        Pace::Off
    );
    let mut forged = one.clone();
    forged.pop();
    forged.push(if one.ends_with('a') { 'b' } else { 'a' });
    for wrong in [forged.as_str(), "/mail/stop/x", "/mail/stop/"] {
        assert_eq!(
            house.page(Method::POST, wrong, &[]).await.status(),
            404,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_feed_shows_what_may_be_read_and_ends_when_renewed() {
    let house = House::build().await;
    let (tech, sec) = (house.sign_in("tech").await, house.sign_in("sec").await);
    let open = async |who: &Person, space: &str, title: &str| {
        let body = json!({"space": space, "title": title, "markdown": "First <script>x</script> & \u{1}words"});
        let (status, thread) = house.post(who, "/threads", body).await;
        assert_eq!(status, 201, "{thread}");
        thread["id"].as_str().unwrap().to_owned()
    };
    let help = open(&tech, "help", "Fan & noise").await;
    let secret = open(&sec, "security", "Private matters").await;
    let whisper = json!({"markdown": "Whispered words", "whisper": true});
    assert_eq!(
        house
            .post(&tech, &format!("/threads/{help}/posts"), whisper)
            .await
            .0,
        201
    );

    assert_eq!(house.get(&tech, "/me/feeds").await.1["all"], Value::Null);
    let (status, made) = house.post(&tech, "/me/feeds", json!({})).await;
    assert_eq!(status, 201);
    let all = path_of(&made["all"]);
    let base = path_of(&made["base"]);
    let (status, text) = house.text(&all).await;
    assert_eq!(status, 200);
    let feed: atom_syndication::Feed = text.parse().unwrap();
    assert_eq!(feed.entries.len(), 1, "{text}");
    let entry = &feed.entries[0];
    assert_eq!(entry.title.value, "Fan & noise");
    assert!(entry.id.starts_with("urn:uuid:") && entry.published.is_some());
    let html = entry.content.as_ref().unwrap().value.as_ref().unwrap();
    assert!(
        html.contains("&lt;script&gt;") && !html.contains('\u{1}'),
        "{html}"
    );
    assert!(!text.contains("Whispered"), "{text}");
    for (path, status) in [
        (format!("{base}/thread/{help}.atom"), 200),
        (format!("{base}/thread/{secret}.atom"), 404),
        (format!("{base}/space/help.atom"), 200),
        (format!("{base}/space/security.atom"), 404),
        (format!("{base}/space/help"), 404),
        ("/feeds/abcdefgh/all.atom".to_owned(), 404),
    ] {
        assert_eq!(house.text(&path).await.0, status, "{path}");
    }
    // Security's own feed leaves out what is not for feeds.
    let (_, made) = house.post(&sec, "/me/feeds", json!({})).await;
    let (_, text) = house.text(&path_of(&made["all"])).await;
    assert!(
        text.contains("Fan") && !text.contains("Private matters"),
        "{text}"
    );

    // Asked again it is not sent again, until something changed.
    let answer = house.page(Method::GET, &all, &[]).await;
    let header = |name: header::HeaderName| answer.headers()[name].to_str().unwrap().to_owned();
    let (tag, modified) = (header(header::ETAG), header(header::LAST_MODIFIED));
    let asked =
        async |headers: &[(&str, &str)]| house.page(Method::GET, &all, headers).await.status();
    assert_eq!(asked(&[("if-none-match", &tag)]).await, 304);
    assert_eq!(asked(&[("if-modified-since", &modified)]).await, 304);
    assert_eq!(asked(&[("if-none-match", "\"other\"")]).await, 200);
    let more = json!({"markdown": "More"});
    house
        .post(&tech, &format!("/threads/{help}/posts"), more)
        .await;
    assert_eq!(asked(&[("if-none-match", &tag)]).await, 200);

    let (_, renewed) = house.post(&tech, "/me/feeds", json!({})).await;
    assert_eq!(house.text(&all).await.0, 404);
    let now = path_of(&renewed["all"]);
    assert_eq!(house.text(&now).await.0, 200);
    assert_eq!(
        house.ask(&tech, Method::DELETE, "/me/feeds", None).await.0,
        204
    );
    assert_eq!(house.text(&now).await.0, 404);
}
