//! The talk through the real router: notices, levels, drafts, files, order, search; and what is hostile.

use weft_collector_store::control::events::EventKind;

use super::*;

async fn open(house: &House, who: &Person, title: &str, words: &str) -> String {
    let body = json!({"space": "help", "title": title, "markdown": words});
    let (status, thread) = house.post(who, "/threads", body).await;
    assert_eq!(status, 201, "{thread}");
    thread["id"].as_str().unwrap().to_owned()
}

async fn say(house: &House, who: &Person, thread: &str, body: Value) -> String {
    let (status, post) = house
        .post(who, &format!("/threads/{thread}/posts"), body)
        .await;
    assert_eq!(status, 201, "{post}");
    post["id"].as_str().unwrap().to_owned()
}

async fn kinds(house: &House, who: &Person) -> Vec<String> {
    let (_, page) = house.get(who, "/notifications?unseen=true").await;
    let items = page["items"].as_array().unwrap().clone();
    let mut kinds: Vec<String> = items
        .iter()
        .map(|item| item["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn people_are_told_what_concerns_them_once_and_never_a_whisper() {
    let house = House::build().await;
    let (user, peer, tech) = (
        house.sign_in("user").await,
        house.sign_in("peer").await,
        house.sign_in("tech").await,
    );
    let thread = open(&house, &user, "Dock", "it fails, @peer").await;
    assert_eq!(kinds(&house, &peer).await, ["mention"]);
    assert_eq!(
        kinds(&house, &user).await,
        Vec::<String>::new(),
        "not of their own doing"
    );
    let answer = say(
        &house,
        &peer,
        &thread,
        json!({"markdown": "try the other port"}),
    )
    .await;
    say(&house, &peer, &thread, json!({"markdown": "or the cable"})).await;
    assert_eq!(
        kinds(&house, &user).await,
        ["reply"],
        "two answers are one line"
    );
    let whisper = json!({"markdown": "@user @peer @tech looks like malware", "whisper": true});
    say(&house, &tech, &thread, whisper).await;
    assert_eq!(kinds(&house, &user).await, ["reply"]);
    assert_eq!(
        house.get(&user, "/notifications/count").await.1["unseen"],
        json!(1)
    );
    // Read to the end: nothing is unseen, nothing unread.
    let (_, list) = house.get(&user, "/threads").await;
    assert_eq!(
        list["items"][0]["unread"],
        json!(2),
        "the whisper counts for nobody outside"
    );
    house
        .post(&user, &format!("/threads/{thread}/read"), json!({}))
        .await;
    let (_, list) = house.get(&user, "/threads").await;
    assert_eq!(list["items"][0]["unread"], json!(0));
    assert_eq!(kinds(&house, &user).await, Vec::<String>::new());
    // Muted is muted.
    let level = format!("/threads/{thread}/level");
    house
        .ask(&peer, Method::PUT, &level, Some(json!({"level": "muted"})))
        .await;
    house
        .post(&peer, "/notifications/seen", json!({"all": true}))
        .await;
    say(&house, &user, &thread, json!({"markdown": "@peer thanks"})).await;
    house
        .post(
            &user,
            &format!("/threads/{thread}/accept"),
            json!({"post": answer}),
        )
        .await;
    assert_eq!(kinds(&house, &peer).await, Vec::<String>::new());
    let (_, whole) = house.get(&peer, &format!("/threads/{thread}")).await;
    assert_eq!(whole["level"], json!("muted"));
}

#[tokio::test]
async fn everything_that_happens_is_in_the_stream_once_and_in_order() {
    let house = House::build().await;
    let (user, peer) = (house.sign_in("user").await, house.sign_in("peer").await);
    let before = house.api.control.events().head().await.unwrap();
    let thread = open(&house, &user, "Dock", "x").await;
    let answer = say(&house, &peer, &thread, json!({"markdown": "a"})).await;
    let path = format!("/posts/{answer}");
    house
        .ask(&peer, Method::PATCH, &path, Some(json!({"markdown": "b"})))
        .await;
    house
        .ask(&peer, Method::PATCH, &path, Some(json!({"markdown": "b"})))
        .await;
    house
        .post(
            &user,
            &format!("/threads/{thread}/accept"),
            json!({"post": answer}),
        )
        .await;
    house
        .post(&user, &format!("/threads/{thread}/reopen"), json!({}))
        .await;
    house.ask(&peer, Method::DELETE, &path, None).await;
    house
        .post(&peer, &format!("{path}/restore"), json!({}))
        .await;
    let events = house.api.control.events().after(before, 100).await.unwrap();
    let kinds: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
    use EventKind::{
        PostCreated, PostDeleted, PostEdited, PostRestored, Reopened, Solved, ThreadOpened,
    };
    assert_eq!(
        kinds,
        [
            ThreadOpened,
            PostCreated,
            PostEdited,
            Solved,
            // The collector asks who applied the answer.
            PostCreated,
            Reopened,
            PostDeleted,
            PostRestored
        ]
    );
}

#[tokio::test]
async fn what_a_connector_brings_twice_is_said_once() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    let thread: Uuid = open(&house, &user, "Dock", "x").await.parse().unwrap();
    let by = house
        .api
        .control
        .accounts()
        .by_login("peer")
        .await
        .unwrap()
        .unwrap();
    let words = || crate::threads::Words {
        markdown: "from afar",
        origin: "matrix:room",
        origin_ref: Some("$event".to_owned()),
        ..Default::default()
    };
    let one = house.api.threads.post(&by, thread, words()).await.unwrap();
    let two = house.api.threads.post(&by, thread, words()).await.unwrap();
    assert_eq!(one, two);
    let events = house.api.control.events().after(0, 100).await.unwrap();
    let brought: Vec<_> = events
        .iter()
        .filter(|event| event.post == Some(one))
        .collect();
    assert_eq!(
        (brought.len(), brought[0].origin.as_str()),
        (1, "matrix:room")
    );
}

#[tokio::test]
async fn what_security_talks_about_is_read_by_security() {
    let house = House::build().await;
    let (user, tech, sec) = (
        house.sign_in("user").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
    );
    let anomaly = house.anomaly(Kind::Process, &[house.other]).await;
    let (status, thread) = house
        .post(&sec, &format!("/anomalies/{anomaly}/thread"), json!({}))
        .await;
    assert_eq!(
        (status, &thread["space"]["slug"]),
        (200, &json!("security")),
        "{thread}"
    );
    let id = thread["id"].as_str().unwrap();
    let path = format!("/threads/{id}");
    for person in [&user, &tech] {
        assert_eq!(house.get(person, &path).await.0, 404);
        assert_eq!(
            house.get(person, "/search?q=process").await.1["items"],
            json!([])
        );
    }
    // The owner is asked in, alone.
    let members = format!("{path}/members");
    assert_eq!(
        house
            .post(&user, &members, json!({"login": "user"}))
            .await
            .0,
        404
    );
    assert_eq!(
        house.post(&sec, &members, json!({"login": "user"})).await.0,
        201
    );
    assert_eq!(house.get(&user, &path).await.0, 200);
    assert_eq!(kinds(&house, &user).await, ["invited"]);
    assert_eq!(house.get(&tech, &path).await.0, 404);
}

#[tokio::test]
async fn order_is_kept_by_staff_with_a_reason_and_can_be_undone() {
    let house = House::build().await;
    let (user, peer, tech) = (
        house.sign_in("user").await,
        house.sign_in("peer").await,
        house.sign_in("tech").await,
    );
    let thread = open(&house, &user, "Dock", "x").await;
    let path = format!("/threads/{thread}");
    let rude = say(&house, &peer, &thread, json!({"markdown": "rude words"})).await;
    let flag = format!("/posts/{rude}/flag");
    assert_eq!(
        house.post(&user, &flag, json!({"reason": "rude"})).await.0,
        204
    );
    assert_eq!(
        house.post(&user, &flag, json!({"reason": "rude"})).await.0,
        409
    );
    assert_eq!(house.get(&user, "/flags").await.0, 403);
    assert_eq!(
        house.get(&tech, "/flags").await.1[0]["reason"],
        json!("rude")
    );
    let post = format!("/posts/{rude}");
    assert_eq!(
        house.ask(&tech, Method::DELETE, &post, None).await.0,
        400,
        "no reason"
    );
    assert_eq!(
        house
            .ask(&tech, Method::DELETE, &format!("{post}?reason=rude"), None)
            .await
            .0,
        204
    );
    assert_eq!(house.get(&tech, "/flags").await.1, json!([]));
    assert!(kinds(&house, &peer).await.contains(&"moderated".to_owned()));
    assert_eq!(house.get(&user, &format!("{path}/removed")).await.0, 403);
    assert_eq!(
        house.get(&tech, &format!("{path}/removed")).await.1[0]["reason"],
        json!("rude")
    );
    assert_eq!(
        house
            .post(&peer, &format!("{post}/restore"), json!({}))
            .await
            .0,
        404
    );
    assert_eq!(
        house
            .post(&tech, &format!("{post}/restore"), json!({}))
            .await
            .0,
        200
    );

    let change =
        async |who: &Person, body: Value| house.ask(who, Method::PATCH, &path, Some(body)).await.0;
    assert_eq!(change(&peer, json!({"locked": true})).await, 403);
    assert_eq!(
        change(&tech, json!({"locked": true, "pinned": true})).await,
        200
    );
    let posts = format!("{path}/posts");
    assert_eq!(
        house
            .post(&user, &posts, json!({"markdown": "more"}))
            .await
            .1["code"],
        json!("thread_locked")
    );
    assert_eq!(
        house
            .post(&tech, &posts, json!({"markdown": "more"}))
            .await
            .0,
        201
    );
    assert_eq!(
        change(&tech, json!({"hidden": true})).await,
        400,
        "no reason"
    );
    assert_eq!(
        change(&tech, json!({"hidden": true, "reason": "private data"})).await,
        200
    );
    assert_eq!(house.get(&user, &path).await.0, 404);
    assert_eq!(house.get(&user, "/threads").await.1["items"], json!([]));
    assert_eq!(change(&tech, json!({"hidden": false})).await, 200);
    assert_eq!(house.get(&user, &path).await.0, 200);

    let other = open(&house, &peer, "The same dock", "y").await;
    assert_eq!(
        house
            .post(
                &tech,
                &format!("/threads/{other}/merge"),
                json!({"into": thread})
            )
            .await
            .0,
        200
    );
    let (_, whole) = house.get(&user, &path).await;
    assert_eq!(whole["posts"], json!(4));
    let split = json!({"posts": [rude], "title": "Another matter"});
    let (status, made) = house.post(&tech, &format!("{path}/split"), split).await;
    assert_eq!((status, &made["posts"]), (201, &json!(1)), "{made}");
}

#[tokio::test]
async fn a_role_is_asked_takes_it_and_closes_it() {
    let house = House::build().await;
    let (user, peer, tech) = (
        house.sign_in("user").await,
        house.sign_in("peer").await,
        house.sign_in("tech").await,
    );
    let thread = open(&house, &user, "Dock", "x").await;
    let path = format!("/threads/{thread}/escalations");
    let ask = json!({"to": "technician", "reason": "we are stuck"});
    assert_eq!(house.post(&peer, &path, ask.clone()).await.0, 403);
    let (status, made) = house.post(&user, &path, ask.clone()).await;
    assert_eq!((status, &made["state"]), (201, &json!("open")));
    assert_eq!(house.post(&user, &path, ask).await.0, 409);
    assert_eq!(kinds(&house, &tech).await, ["escalated"]);
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        house
            .post(&user, &format!("/escalations/{id}/take"), json!({}))
            .await
            .0,
        403
    );
    assert_eq!(
        house.get(&tech, "/escalations?to=technician").await.1[0]["reason"],
        json!("we are stuck")
    );
    assert_eq!(
        house
            .post(&tech, &format!("/escalations/{id}/take"), json!({}))
            .await
            .1["state"],
        json!("taken")
    );
    let closed = house
        .post(
            &tech,
            &format!("/escalations/{id}/close"),
            json!({"note": "new dock"}),
        )
        .await
        .1;
    assert_eq!(
        (&closed["state"], &closed["note"]),
        (&json!("closed"), &json!("new dock"))
    );
    let (_, whole) = house.get(&user, &format!("/threads/{thread}")).await;
    assert_eq!(
        whole["escalations"][0]["taken_by"]["name"],
        json!("Name of tech")
    );
}

#[tokio::test]
async fn drafts_are_kept_and_never_overwritten_unseen() {
    let house = House::build().await;
    let (user, peer) = (house.sign_in("user").await, house.sign_in("peer").await);
    let put = async |body: Value| {
        house
            .ask(&user, Method::PUT, "/drafts/new", Some(body))
            .await
    };
    let (status, one) = put(json!({"markdown": "half a tho", "title": "T", "space": "help"})).await;
    assert_eq!(status, 200, "{one}");
    let (status, two) =
        put(json!({"markdown": "half a thought", "going_on_from": one["updated_at"]})).await;
    assert_eq!(status, 200, "{two}");
    let (status, newer) =
        put(json!({"markdown": "another window", "going_on_from": one["updated_at"]})).await;
    assert_eq!((status, &newer["code"]), (409, &json!("draft_newer")));
    assert_eq!(
        house.get(&user, "/drafts/new").await.1["markdown"],
        json!("half a thought")
    );
    assert_eq!(house.get(&peer, "/drafts/new").await.0, 404);
    let long = "x".repeat(64 * 1024 + 1);
    assert_eq!(put(json!({"markdown": long})).await.0, 400);
    assert_eq!(house.get(&user, "/drafts/../x").await.0, 404);
    assert_eq!(
        house
            .ask(&user, Method::DELETE, "/drafts/new", None)
            .await
            .0,
        204
    );
    assert_eq!(house.get(&user, "/drafts").await.1, json!([]));
}

pub(super) async fn upload(
    house: &House,
    who: &Person,
    name: &str,
    bytes: Vec<u8>,
) -> (u16, Value) {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/api/v1/attachments?name={name}"))
        .header(header::COOKIE, &who.cookie)
        .header(super::super::shell::CSRF, "1")
        .body(Body::from(bytes))
        .unwrap();
    let answer = house.raw(request).await;
    (answer.status().as_u16(), body_of(answer).await)
}

#[tokio::test]
async fn a_file_is_read_by_those_who_read_its_post_and_does_nothing_but_show() {
    let house = House::build().await;
    let (user, peer, tech) = (
        house.sign_in("user").await,
        house.sign_in("peer").await,
        house.sign_in("tech").await,
    );
    let html = b"<script>alert(1)</script>".to_vec();
    let (status, file) = upload(&house, &tech, "evil.html", html).await;
    assert_eq!(status, 201, "{file}");
    let url = file["url"]
        .as_str()
        .unwrap()
        .trim_start_matches("/api/v1")
        .to_owned();
    assert_eq!(house.get(&user, &url).await.0, 404, "in no post yet");
    let thread = open(&house, &user, "Dock", "x").await;
    // Somebody else's upload cannot be taken over by naming it.
    say(
        &house,
        &peer,
        &thread,
        json!({"markdown": file["markdown"]}),
    )
    .await;
    assert_eq!(house.get(&peer, &url).await.0, 404);
    let whisper = json!({"markdown": file["markdown"], "whisper": true});
    say(&house, &tech, &thread, whisper).await;
    assert_eq!(house.get(&user, &url).await.0, 404, "a whisper's file");
    let answer = house
        .send(Method::GET, &format!("/api/v1{url}"), Some(&tech), None)
        .await;
    assert_eq!(answer.status(), 200);
    let headers = answer.headers();
    assert_eq!(headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert!(
        headers[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .starts_with("attachment;")
    );
    assert!(
        headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .contains("sandbox")
    );
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let (status, problem) = upload(
        &house,
        &user,
        "big",
        vec![0; crate::threads::files::MAX_FILE + 1],
    )
    .await;
    assert_eq!(
        (status, &problem["status"]),
        (413, &json!(413)),
        "{problem}"
    );
    assert_eq!(upload(&house, &user, "x", vec![]).await.0, 400);
}

#[tokio::test]
async fn hostile_words_are_refused_or_harmless_with_a_clear_answer() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    let thread = open(&house, &user, "Dock", "x").await;
    let posts = format!("/threads/{thread}/posts");
    let huge = json!({"markdown": "x".repeat(10 * 1024 * 1024)});
    let (status, problem) = house.post(&user, &posts, huge).await;
    assert_eq!(
        (status, &problem["code"]),
        (413, &json!("too_large")),
        "{problem}"
    );
    let (status, problem) = house
        .post(&user, &posts, json!({"markdown": "x".repeat(65 * 1024)}))
        .await;
    assert_eq!((status, &problem["code"]), (400, &json!("unfit_text")));
    assert!(
        problem["detail"].as_str().unwrap().contains("65536"),
        "says the limit: {problem}"
    );
    for (markdown, never) in [
        ("<img src=x onerror=alert(1)>", "<img"),
        ("[x](javascript:alert(1))", "javascript:"),
        ("[x](data:text/html;base64,AAAA)", "data:text"),
        ("nul \u{0} byte and \u{202E}bidi\u{200B}", "\u{202E}"),
        (
            "![x](attachment:00000000-0000-0000-0000-000000000000)",
            "<img",
        ),
    ] {
        let (status, post) = house
            .post(&user, &posts, json!({"markdown": markdown}))
            .await;
        assert_eq!(status, 201, "{markdown}: {post}");
        assert!(
            !post["html"].as_str().unwrap().contains(never),
            "{markdown}: {post}"
        );
    }
    for query in [
        "%22",
        "a%00b",
        "*",
        "%22%20OR%20%22",
        "(",
        "title%3Ax",
        "%F0%9F%92%BB",
        "-",
    ] {
        let (status, found) = house.get(&user, &format!("/search?q={query}")).await;
        assert_eq!(status, 200, "{query}: {found}");
        assert_eq!(
            house.get(&user, &format!("/threads?q={query}")).await.0,
            200,
            "{query}"
        );
    }
    for body in [
        json!({}),
        json!({"markdown": 5}),
        json!([]),
        json!({"markdown": "\u{200B}"}),
    ] {
        let (status, problem) = house.post(&user, &posts, body).await;
        assert_eq!((status, problem["status"].as_u64()), (400, Some(400)));
    }
}

#[tokio::test]
async fn search_ranks_marks_and_filters() {
    let house = House::build().await;
    let (user, peer) = (house.sign_in("user").await, house.sign_in("peer").await);
    let one = open(&house, &user, "Dock restarts", "stop code 0x9F").await;
    let two = open(&house, &peer, "Noise", "the dock hums").await;
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|hit| hit["thread"]["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (_, found) = house.get(&user, "/search?q=dock").await;
    assert_eq!(ids(&found), [one.clone(), two.clone()], "{found}");
    assert_eq!(
        found["items"][1]["snippet"][1],
        json!({"text": "dock", "hit": true})
    );
    let (_, first) = house.get(&user, "/search?q=dock&limit=1").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, next) = house
        .get(&user, &format!("/search?q=dock&limit=1&cursor={cursor}"))
        .await;
    assert_eq!(ids(&next), std::slice::from_ref(&two));
    assert_eq!(
        ids(&house.get(&user, "/search?q=dock%20author:peer").await.1),
        [two]
    );
    assert_eq!(
        ids(&house.get(&user, "/search?q=dock%20is:solved").await.1),
        Vec::<String>::new()
    );
    assert_eq!(
        ids(&house.get(&user, "/search?q=space:staff").await.1),
        Vec::<String>::new()
    );
    let anomaly = house.anomaly(Kind::Reboot, &[house.own]).await;
    let tie = json!({"anomaly": anomaly, "thread": one});
    assert_eq!(house.post(&user, "/links", tie).await.0, 201);
    assert_eq!(
        ids(&house.get(&user, "/search?q=has:anomaly").await.1),
        [one]
    );
    assert_eq!(
        ids(&house.get(&peer, "/search?q=has:anomaly").await.1),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn long_threads_come_in_pages_and_edits_can_be_read() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    let thread = open(&house, &user, "Dock", "first").await;
    let id: Uuid = thread.parse().unwrap();
    for number in 0..150 {
        let post = weft_collector_store::control::posts::NewPost {
            id: house.api.clock.id(),
            thread: id,
            author: user.id,
            at: house.api.clock.now(),
            markdown: format!("post {number}"),
            ..Default::default()
        };
        house.api.control.posts().add(post).await.unwrap();
    }
    let (_, whole) = house.get(&user, &format!("/threads/{thread}")).await;
    assert_eq!(whole["messages"].as_array().unwrap().len(), 100);
    let cursor = whole["next_cursor"].as_str().unwrap();
    let (_, rest) = house
        .get(&user, &format!("/threads/{thread}/posts?cursor={cursor}"))
        .await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 50);
    assert_eq!(rest["items"][0]["markdown"], json!("post 99"));
    let (_, newest) = house
        .get(
            &user,
            &format!("/threads/{thread}/posts?order=newest&limit=2"),
        )
        .await;
    assert_eq!(newest["items"][0]["markdown"], json!("post 149"));

    let post = newest["items"][0]["id"].as_str().unwrap();
    let path = format!("/posts/{post}");
    house
        .ask(
            &user,
            Method::PATCH,
            &path,
            Some(json!({"markdown": "secret"})),
        )
        .await;
    house
        .ask(
            &user,
            Method::PATCH,
            &path,
            Some(json!({"markdown": "better"})),
        )
        .await;
    let texts = async || {
        let (_, edits) = house.get(&user, &format!("{path}/edits")).await;
        let edits = edits.as_array().unwrap().clone();
        edits
            .iter()
            .map(|edit| edit["markdown"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(texts().await, ["post 149", "secret", "better"]);
    assert_eq!(
        house
            .ask(&user, Method::DELETE, &format!("{path}/edits"), None)
            .await
            .0,
        204
    );
    assert_eq!(texts().await, ["", "", "better"]);
}

#[tokio::test]
async fn it_changes_accounts_and_the_last_admin_stays() {
    let house = House::build().await;
    let (user, admin) = (house.sign_in("user").await, house.sign_in("admin").await);
    let path = format!("/accounts/{}", user.id);
    let change = async |who: &Person, path: &str, body: Value| {
        house.ask(who, Method::PATCH, path, Some(body)).await
    };
    assert_eq!(change(&user, &path, json!({"team": "IT"})).await.0, 403);
    let (status, changed) = change(
        &admin,
        &path,
        json!({"team": "IT", "roles": ["user", "technician"]}),
    )
    .await;
    assert_eq!((status, &changed["team"]), (200, &json!("IT")), "{changed}");
    assert_eq!(
        house.get(&user, "/me").await.0,
        200,
        "more roles end no session"
    );
    assert_eq!(change(&admin, &path, json!({})).await.0, 400);
    assert_eq!(
        change(&admin, &path, json!({"password": "short"})).await.0,
        400
    );
    let own = format!("/accounts/{}", admin.id);
    assert_eq!(
        change(&admin, &own, json!({"disabled": true})).await.1["code"],
        json!("last_admin")
    );
    let new = json!({"old": "wrong wrong wrong", "new": "another horse"});
    assert_eq!(house.post(&user, "/me/password", new).await.0, 401);
    let new = json!({"old": PASSWORD, "new": "another horse"});
    assert_eq!(house.post(&user, "/me/password", new).await.0, 204);
    assert_eq!(house.get(&user, "/me").await.0, 200, "this session goes on");
    assert_eq!(
        change(&admin, &path, json!({"disabled": true})).await.0,
        200
    );
    assert_eq!(house.get(&user, "/me").await.0, 401);
}

#[tokio::test]
async fn a_rule_is_listed_and_ended_by_those_who_may() {
    let house = House::build().await;
    let (user, tech, sec) = (
        house.sign_in("user").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
    );
    let anomaly = house.anomaly(Kind::Process, &[house.other]).await;
    let judge = json!({"judgement": "expected", "scope": "fleet"});
    assert_eq!(
        house
            .post(&sec, &format!("/anomalies/{anomaly}/judgement"), judge)
            .await
            .0,
        200
    );
    assert_eq!(
        house.get(&tech, "/rules").await.1,
        json!([]),
        "of what people run"
    );
    let (_, rules) = house.get(&sec, "/rules").await;
    let end = format!("/rules/{}/end", rules[0]["id"].as_str().unwrap());
    assert_eq!(house.post(&tech, &end, json!({})).await.0, 404);
    assert_eq!(house.post(&user, &end, json!({})).await.0, 404);
    assert_eq!(house.post(&sec, &end, json!({})).await.0, 204);
    assert_eq!(house.post(&sec, &end, json!({})).await.0, 404);
    assert_eq!(house.get(&sec, "/rules").await.1, json!([]));
}

#[tokio::test]
async fn a_thread_shows_the_series_of_what_it_is_about_above_the_floor() {
    let house = House::build().await;
    let (user, tech) = (house.sign_in("user").await, house.sign_in("tech").await);
    let thread = open(&house, &user, "Dock", "x").await;
    let anomaly = house.anomaly(Kind::Reboot, &[house.own, house.other]).await;
    house
        .post(
            &tech,
            "/links",
            json!({"anomaly": anomaly, "thread": thread}),
        )
        .await;
    let path = format!("/threads/{thread}/series");
    let (_, of_tech) = house.get(&tech, &path).await;
    assert_eq!(
        (
            &of_tech[0]["devices"],
            &of_tech[0]["restarts"][0]["unexpected"]
        ),
        (&json!(2), &json!(8))
    );
    let (_, of_user) = house.get(&user, &path).await;
    assert_eq!(
        (&of_user[0]["devices"], &of_user[0]["counted"]),
        (&json!(1), &json!("own"))
    );
    let stranger = {
        house.account("other", vec![Role::User]).await;
        house.sign_in("other").await
    };
    assert_eq!(house.get(&stranger, &path).await.1, json!([]));
}

#[tokio::test]
async fn a_series_is_about_the_same_laptops_while_few_are_hit_anew() {
    let house = House::build().await;
    let (user, tech) = (house.sign_in("user").await, house.sign_in("tech").await);
    let token = house.api.control.tokens().list().await.unwrap()[0].id;
    let mut hit = vec![house.own];
    for n in 0..6 {
        hit.push(house.device(token, &format!("S-{n}"), None).await);
    }
    let thread = open(&house, &user, "Dock", "x").await;
    let anomaly = house.anomaly(Kind::Reboot, &hit[..6]).await;
    let link = json!({"anomaly": anomaly, "thread": thread});
    house.post(&tech, "/links", link).await;
    let path = format!("/threads/{thread}/series");
    let seen = async |who: &Person| {
        let (_, series) = house.get(who, &path).await;
        (
            series[0]["devices"].clone(),
            series[0]["restarts"][0]["unexpected"].clone(),
        )
    };
    assert_eq!(seen(&user).await, (json!(6), json!(24)), "five of others");
    let anomalies = house.api.control.anomalies();
    let mut kept = anomalies.all_of(vec![anomaly]).await.unwrap();
    let mut grown = kept.remove(0).anomaly;
    grown.finding.devices = hit.clone();
    anomalies.save(&grown, false).await.unwrap();
    assert_eq!(seen(&tech).await, (json!(7), json!(28)));
    assert_eq!(
        seen(&user).await,
        (json!(6), json!(24)),
        "or the seventh would be the difference"
    );
}
