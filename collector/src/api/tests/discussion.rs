//! Threads, posts, whispers, context cards: what people do with words, and what others see of it.

use super::*;

async fn open(house: &House, who: &Person, space: &str, title: &str, markdown: &str) -> Value {
    let body = json!({"space": space, "title": title, "markdown": markdown});
    let (status, thread) = house.post(who, "/threads", body).await;
    assert_eq!(status, 201, "{thread}");
    thread
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_talk_from_question_to_answer() {
    let house = House::build().await;
    let (user, peer) = (house.sign_in("user").await, house.sign_in("peer").await);
    let thread = open(
        &house,
        &user,
        "help",
        " My  laptop ",
        "It **restarts**, @peer! <script>alert(1)</script>",
    )
    .await;
    assert_eq!(
        (thread["title"].as_str(), thread["posts"].as_u64()),
        (Some("My laptop"), Some(1))
    );
    assert_eq!(
        (&thread["following"], &thread["can_moderate"]),
        (&json!(true), &json!(true))
    );
    let first = &thread["messages"][0];
    let html = first["html"].as_str().unwrap();
    assert!(
        html.contains("<strong>restarts</strong>") && html.contains("class=\"mention\""),
        "{html}"
    );
    assert!(!html.contains("<script"), "{html}");
    assert_eq!(
        first["author"],
        json!({"id": user.id, "name": "Name of user", "login": "user", "system": false, "roles": ["user"]})
    );

    let posts = format!("/threads/{}/posts", id(&thread));
    let (status, answer) = house
        .post(&peer, &posts, json!({"markdown": "Update the dock"}))
        .await;
    assert_eq!((status, &answer["mine"]), (201, &json!(true)));
    let accept = format!("/threads/{}/accept", id(&thread));
    let body = json!({"post": id(&answer)});
    assert_eq!(
        house.post(&peer, &accept, body.clone()).await.0,
        403,
        "not the peer's thread"
    );
    let (status, solved) = house.post(&user, &accept, body).await;
    assert_eq!(
        (status, &solved["solved"], &solved["accepted_post"]),
        (200, &json!(true), &answer["id"])
    );
    assert_eq!(solved["messages"][1]["accepted"], json!(true));

    // Only the author edits; what others see changes, what was there is kept.
    let post = format!("/posts/{}", id(&answer));
    assert_eq!(
        house
            .ask(&user, Method::PATCH, &post, Some(json!({"markdown": "x"})))
            .await
            .0,
        403
    );
    let (status, edited) = house
        .ask(
            &peer,
            Method::PATCH,
            &post,
            Some(json!({"markdown": "Update the *dock*"})),
        )
        .await;
    assert_eq!((status, edited["edited_at"].is_string()), (200, true));
    let kept = house
        .api
        .control
        .posts()
        .edits(id(&answer).parse().unwrap())
        .await
        .unwrap();
    assert_eq!(kept[0].markdown, "Update the dock");

    // The first post stays; the answer may go, and the thread is open again.
    assert_eq!(
        house
            .ask(
                &user,
                Method::DELETE,
                &format!("/posts/{}", id(first)),
                None
            )
            .await
            .0,
        403
    );
    assert_eq!(house.ask(&user, Method::DELETE, &post, None).await.0, 403);
    assert_eq!(house.ask(&peer, Method::DELETE, &post, None).await.0, 204);
    let (_, thread) = house.get(&user, &format!("/threads/{}", id(&thread))).await;
    assert_eq!(
        (
            &thread["solved"],
            thread["messages"].as_array().unwrap().len()
        ),
        // The first post, and the collector's question who applied the answer.
        (&json!(false), 2)
    );
}

#[tokio::test]
async fn lists_search_and_filter() {
    let house = House::build().await;
    let (user, peer) = (house.sign_in("user").await, house.sign_in("peer").await);
    let one = open(&house, &user, "help", "Restarts", "Stop code 0x9F").await;
    open(&house, &peer, "apps", "Sharing", "How do I share 50 %?").await;
    let titles = async |who: &Person, query: &str| {
        let (status, page) = house.get(who, &format!("/threads?{query}")).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(titles(&user, "").await, ["Sharing", "Restarts"]);
    assert_eq!(titles(&user, "space=apps").await, ["Sharing"]);
    assert_eq!(titles(&user, "q=0x9f%20STOP").await, ["Restarts"]);
    assert_eq!(titles(&user, "q=50%20%25").await, ["Sharing"]);
    assert_eq!(titles(&user, "mine=true").await, ["Restarts"]);
    assert_eq!(titles(&user, "state=solved").await, Vec::<String>::new());
    house
        .ask(
            &peer,
            Method::PUT,
            &format!("/threads/{}/follow", id(&one)),
            None,
        )
        .await;
    assert_eq!(titles(&peer, "mine=true").await, ["Sharing", "Restarts"]);
    house
        .ask(
            &peer,
            Method::DELETE,
            &format!("/threads/{}/follow", id(&one)),
            None,
        )
        .await;
    assert_eq!(titles(&peer, "mine=true").await, ["Sharing"]);
    let (_, spaces) = house.get(&user, "/spaces").await;
    let slugs: Vec<_> = spaces
        .as_array()
        .unwrap()
        .iter()
        .map(|space| space["slug"].as_str().unwrap())
        .collect();
    assert_eq!(
        slugs,
        ["help", "hardware", "apps"],
        "no staff space for users"
    );
    assert_eq!(
        house
            .get(&house.sign_in("tech").await, "/spaces")
            .await
            .1
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[tokio::test]
async fn whispers_are_for_staff() {
    let house = House::build().await;
    let (user, tech, sec) = (
        house.sign_in("user").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
    );
    let thread = open(&house, &user, "help", "T", "x").await;
    let posts = format!("/threads/{}/posts", id(&thread));
    let whisper = json!({"markdown": "looks like a miner", "whisper": true});
    assert_eq!(house.post(&user, &posts, whisper.clone()).await.0, 403);
    let (status, said) = house.post(&tech, &posts, whisper).await;
    assert_eq!((status, &said["whisper"]), (201, &json!(true)));
    let path = format!("/threads/{}", id(&thread));
    for (person, count) in [(&user, 1), (&sec, 2)] {
        let (_, seen) = house.get(person, &path).await;
        assert_eq!(seen["messages"].as_array().unwrap().len(), count);
        assert_eq!(seen["posts"], json!(1), "a whisper does not count");
        let (_, found) = house.get(person, "/threads?q=miner").await;
        assert_eq!(found["items"].as_array().unwrap().len(), count - 1);
    }
    let whispered = format!("/posts/{}", id(&said));
    assert_eq!(
        house.ask(&user, Method::DELETE, &whispered, None).await.0,
        404
    );
    let accept = house
        .post(&tech, &format!("{path}/accept"), json!({"post": id(&said)}))
        .await;
    assert_eq!(accept.0, 403, "an answer that others cannot read");
}

#[tokio::test]
async fn writing_too_fast_is_slowed_with_words() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    let thread = open(&house, &user, "help", "T", "x").await;
    let posts = format!("/threads/{}/posts", id(&thread));
    let mut slowed = None;
    for _ in 0..12 {
        let body = json!({"markdown": "again"}).to_string();
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1{posts}"))
            .header(header::COOKIE, &user.cookie)
            .header(header::CONTENT_TYPE, "application/json")
            .header(super::super::shell::CSRF, "1")
            .body(Body::from(body))
            .unwrap();
        let answer = house.raw(request).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            slowed = Some(answer.headers()[header::RETRY_AFTER].clone());
        }
    }
    assert!(slowed.is_some());
}

#[tokio::test]
async fn context_cards_show_health_to_staff_and_owner_and_never_what_runs() {
    let house = House::build().await;
    let (user, peer, tech) = (
        house.sign_in("user").await,
        house.sign_in("peer").await,
        house.sign_in("tech").await,
    );
    let thread = open(&house, &user, "help", "T", "x").await;
    let path = format!("/threads/{}/context", id(&thread));
    house
        .post(
            &peer,
            &format!("/threads/{}/posts", id(&thread)),
            json!({"markdown": "me too"}),
        )
        .await;

    let names = |cards: &Value| -> Vec<String> {
        cards
            .as_array()
            .unwrap()
            .iter()
            .map(|card| card["device"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let (_, of_tech) = house.get(&tech, &path).await;
    assert_eq!(
        names(&of_tech),
        ["LT-1", "LT-2"],
        "whoever asked comes first"
    );
    let (_, of_user) = house.get(&user, &path).await;
    assert_eq!(names(&of_user), ["LT-1"], "peers see no card of others");
    assert_eq!(names(&house.get(&peer, &path).await.1), ["LT-2"]);

    let facts: Vec<_> = of_tech[0]["facts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| {
            format!("{}: {} ({})", fact["label"], fact["value"], fact["tone"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        facts,
        [
            "Model: ThinkPad T14 (plain)",
            "System: Debian 12 12.9 (plain)",
            "Up for: 1 day (plain)",
            "Unexpected restarts, 30 days: 4 (bad)",
            "Fullest disk: 97 % used (bad)",
            "Battery: 55 % of new, 700 cycles (bad)",
        ]
    );
    assert_eq!(of_tech[0]["boots_by_day"].as_array().unwrap().len(), 30);
    let words = of_tech.to_string().to_lowercase();
    assert!(
        !words.contains("dropbox") && !words.contains("process"),
        "{words}"
    );
    assert_eq!(
        of_tech[0]["peers"],
        Value::Null,
        "one other laptop is a person"
    );

    let token = house.api.control.tokens().list().await.unwrap()[0].id;
    for number in 3..7 {
        house.device(token, &format!("LT-{number}"), None).await;
    }
    let (_, cards) = house.get(&tech, &path).await;
    assert_eq!(
        cards[0]["peers"],
        json!({"model": "ThinkPad T14", "devices": 6, "unexpected_ratio": 1.0}),
        "all of the model, this one too: the same group on every card"
    );
    let (_, ledger) = house
        .get(&user, &format!("/devices/{}/looks", house.own))
        .await;
    assert_eq!(ledger["items"][0]["what"], "context card");
}
