//! Machine facts beside the talk: cohorts, cards, peers, fixes, reviews, demand, impact, calls.

use std::collections::BTreeMap;

use weft_collector_core::{
    device::Traits,
    event::BootEnd,
    evidence::{AppUse, BootEnded, DeviceBoots, DeviceEvidence},
};
use weft_collector_store::telemetry::{EndsOfMonth, Restarts};

use super::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

async fn open(house: &House, who: &Person) -> String {
    let body = json!({"space": "help", "title": "It restarts", "markdown": "x"});
    let (status, thread) = house.post(who, "/threads", body).await;
    assert_eq!(status, 201, "{thread}");
    id(&thread)
}

async fn say(house: &House, who: &Person, thread: &str, words: &str) -> String {
    let path = format!("/threads/{thread}/posts");
    let (status, post) = house.post(who, &path, json!({"markdown": words})).await;
    assert_eq!(status, 201, "{post}");
    id(&post)
}

/// `many` colleagues with a laptop each; gives their logins' devices.
async fn colleagues(house: &House, many: usize) -> Vec<DeviceId> {
    let token = house.api.control.tokens().list().await.unwrap()[0].id;
    let mut devices = Vec::new();
    for n in 0..many {
        let login = format!("c{n}");
        house.account(&login, vec![Role::User]).await;
        devices.push(house.device(token, &format!("C-{n}"), Some(&login)).await);
    }
    devices
}

/// Watched for 80 days until now; `ends` are days before now of crashes.
fn watch(house: &House, devices: &[(DeviceId, Vec<i64>)]) {
    let now = *house.now.lock().unwrap();
    let mut restarts = Restarts::default();
    for (device, ends) in devices {
        let known = DeviceEvidence {
            traits: Traits::default(),
            first_report: now - 80 * DAY,
            last_report: now,
            history_from: now - 80 * DAY,
            components: vec![],
        };
        restarts.devices.insert(*device, known);
        let ended = |back: &i64| BootEnded {
            boot_id: format!("{device}-{back}"),
            started_at: now - DAY * (*back as i32),
            ended_at: now - DAY * (*back as i32),
            end: BootEnd::Crash,
            confidence: 1.0,
            initiator: String::new(),
            stop_code: String::new(),
            os_version: String::new(),
            tags: vec![],
        };
        restarts.boots.push(DeviceBoots {
            device: *device,
            boots: ends.len() as u32,
            ends: ends.iter().map(ended).collect(),
        });
    }
    *house.fake.restarts.lock().unwrap() = restarts;
}

#[tokio::test]
async fn a_cohort_is_told_above_the_floor_and_stays_when_one_leaves() {
    let house = House::build().await;
    let (user, tech, sec) = (
        house.sign_in("user").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
    );
    let all = colleagues(&house, 24).await;
    // Eight here that crash every third day, sixteen elsewhere that crash once.
    let many: Vec<i64> = (1..30).step_by(3).collect();
    let mut watched: Vec<(DeviceId, Vec<i64>)> =
        vec![(house.own, many.clone()), (house.other, vec![3])];
    watched.extend(all[..8].iter().map(|device| (*device, many.clone())));
    watched.extend(all[8..].iter().map(|device| (*device, vec![9])));
    watch(&house, &watched);

    let thread = open(&house, &user).await;
    let path = format!("/threads/{thread}/cohort");
    for n in 0..4 {
        let one = house.sign_in(&format!("c{n}")).await;
        say(&house, &one, &thread, "me too").await;
    }
    let (status, few) = house.get(&user, &path).await;
    assert_eq!(
        (status, few["parts"].as_array().unwrap().len()),
        (200, 0),
        "{few}"
    );
    assert_eq!(
        few["withheld"][0]["why"], "fewer than 5 laptops",
        "four others"
    );
    let (_, staff) = house.get(&tech, &path).await;
    assert_eq!(staff["parts"][0]["here"], 5, "staff is told: {staff}");

    for n in 4..8 {
        let one = house.sign_in(&format!("c{n}")).await;
        say(&house, &one, &thread, "me too").await;
    }
    let (_, told) = house.get(&user, &path).await;
    assert_eq!(told["words"][0], "9 people here, with 9 laptops.");
    let part = &told["parts"][0];
    assert_eq!(
        (part["by"].as_str(), part["here"].as_u64()),
        (Some("fleet"), Some(9))
    );
    assert!(part["low"].as_f64().unwrap() > 3.0, "{part}");
    assert!(
        part["words"]
            .as_str()
            .unwrap()
            .contains("times the rest of the fleet's"),
        "{part}"
    );
    assert_eq!(
        (&part["ends"], &part["days"]),
        (&Value::Null, &Value::Null),
        "no counts for peers"
    );
    assert!(told["rule"].as_str().unwrap().contains("at least 5"));

    // One more comes, with trouble of another size: what peers hear does not move, staff see it.
    let late = house.sign_in("c8").await;
    say(&house, &late, &thread, "me too").await;
    let (_, again) = house.get(&user, &path).await;
    assert_eq!(again["parts"], told["parts"]);
    let (_, staff) = house.get(&sec, &path).await;
    assert_eq!(
        (
            staff["parts"][0]["here"].as_u64(),
            staff["audience"].as_str()
        ),
        (Some(10), Some("reviewer"))
    );
    // Whoever asks about the same people in another talk is not told either.
    let second = open(&house, &user).await;
    for n in 0..7 {
        let one = house.sign_in(&format!("c{n}")).await;
        say(&house, &one, &second, "me too").await;
    }
    let (_, other) = house.get(&user, &format!("/threads/{second}/cohort")).await;
    assert_eq!(other["parts"].as_array().unwrap().len(), 0, "{other}");
}

#[tokio::test]
async fn a_card_is_the_owners_and_is_taken_back_at_once() {
    let house = House::build().await;
    let (user, peer, tech) = (
        house.sign_in("user").await,
        house.sign_in("peer").await,
        house.sign_in("tech").await,
    );
    let thread = open(&house, &user).await;
    let (context, card) = (
        format!("/threads/{thread}/context"),
        format!("/threads/{thread}/cards/{}", house.own),
    );
    let (_, before) = house.get(&user, &card).await;
    assert_eq!(
        (
            &before["shared"],
            before["choices"].as_array().unwrap().len()
        ),
        (&Value::Null, 9)
    );
    assert!(before.to_string().contains("never shown to peers"));
    assert_eq!(house.get(&peer, &context).await.1, json!([]));
    assert_eq!(
        house.get(&user, &format!("{card}/preview")).await.1,
        Value::Null
    );

    let put = |who: Person, body: Value| {
        let (house, card) = (&house, card.clone());
        async move { house.ask(&who, Method::PUT, &card, Some(body)).await }
    };
    for (who, body, expect) in [
        (peer.clone(), json!({"facts": ["model"]}), 403),
        (tech.clone(), json!({"facts": ["model"]}), 403),
        (user.clone(), json!({"facts": []}), 400),
        (user.clone(), json!({"facts": ["processes"]}), 400),
        (user.clone(), json!({"facts": ["apps", "model"]}), 400),
        (
            user.clone(),
            json!({"facts": ["model"], "until": "2020-01-01T00:00:00Z"}),
            400,
        ),
        (
            user.clone(),
            json!({"facts": ["model", "restarts"], "until": "2026-03-11T12:00:00Z"}),
            200,
        ),
    ] {
        let (status, said) = put(who, body.clone()).await;
        assert_eq!(status, expect, "{body}: {said}");
    }
    let (_, seen) = house.get(&peer, &context).await;
    let (_, preview) = house.get(&user, &format!("{card}/preview")).await;
    assert_eq!(seen[0], preview, "the preview is what a peer sees");
    let facts: Vec<_> = seen[0]["facts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| fact["fact"].as_str().unwrap())
        .collect();
    assert_eq!(facts, ["model", "restarts"]);
    assert_eq!(seen[0]["device"]["name"], "a laptop");
    assert_eq!(
        (&seen[0]["boots_by_day"], &seen[0]["peers"]),
        (&json!([]), &Value::Null)
    );
    let (_, tried) = house
        .get(&user, &format!("{card}/preview?facts=name,disk"))
        .await;
    assert_eq!(tried["device"]["name"], "LT-1");
    assert_eq!(
        house
            .get(&user, &format!("{card}/preview?facts=apps"))
            .await
            .0,
        400
    );

    // Every look stands in the ledger with its facts and its place; a preview is none.
    house.get(&tech, &context).await;
    let (_, ledger) = house
        .get(&user, &format!("/devices/{}/looks/summary", house.own))
        .await;
    let of = |name: &str| {
        let all = ledger.as_array().unwrap();
        all.iter()
            .find(|one| one["who"]["name"] == format!("Name of {name}"))
            .cloned()
            .unwrap()
    };
    assert_eq!(
        of("peer")["seen"][0]["facts"],
        json!(["Model", "Unexpected restarts, 30 days"])
    );
    assert_eq!(of("peer")["seen"][0]["place"], "It restarts");
    assert_eq!(of("tech")["seen"][0]["facts"].as_array().unwrap().len(), 9);
    assert!(
        of("tech")["words"]
            .as_str()
            .unwrap()
            .contains("(technician) looked once on"),
        "{ledger}"
    );
    assert_eq!(ledger.as_array().unwrap().len(), 2);
    assert_eq!(
        house
            .get(&peer, &format!("/devices/{}/looks/summary", house.own))
            .await
            .0,
        404
    );

    assert_eq!(
        house
            .get(&user, &format!("/devices/{}/shared", house.own))
            .await
            .1[0]["title"],
        "It restarts"
    );
    let later = SignedDuration::from_hours(25);
    *house.now.lock().unwrap() += later;
    assert_eq!(
        house.get(&peer, &context).await.1,
        json!([]),
        "until the day that was set"
    );
    *house.now.lock().unwrap() -= later;
    assert_eq!(
        house.get(&peer, &context).await.1.as_array().unwrap().len(),
        1
    );
    assert_eq!(house.ask(&peer, Method::DELETE, &card, None).await.0, 403);
    assert_eq!(house.ask(&user, Method::DELETE, &card, None).await.0, 204);
    assert_eq!(house.get(&peer, &context).await.1, json!([]), "at once");
}

#[tokio::test]
async fn a_list_of_devices_is_a_look_too() {
    let house = House::build().await;
    let (user, tech) = (house.sign_in("user").await, house.sign_in("tech").await);
    house.get(&tech, "/devices").await;
    house.get(&user, "/devices").await;
    let (_, ledger) = house
        .get(&user, &format!("/devices/{}/looks/summary", house.own))
        .await;
    assert_eq!(ledger.as_array().unwrap().len(), 1, "one's own is none");
    assert_eq!(ledger[0]["what"], json!(["list of devices"]));
}

#[tokio::test]
async fn peers_are_found_when_they_agreed_invited_and_thanked() {
    let house = House::build().await;
    let (user, peer) = (house.sign_in("user").await, house.sign_in("peer").await);
    let thread = open(&house, &user).await;
    let (find, invite) = (
        format!("/threads/{thread}/peers"),
        format!("/threads/{thread}/invitations"),
    );
    assert_eq!(house.get(&user, &find).await.1, json!([]), "nobody agreed");
    let ask = json!({"account": peer.id, "words": "same here?"});
    assert_eq!(house.post(&user, &invite, ask.clone()).await.0, 403);
    let agreed = json!({"by_model": true, "show_thanks": false});
    assert_eq!(
        house
            .ask(&peer, Method::PUT, "/me/peers", Some(agreed))
            .await
            .0,
        200
    );
    let (_, found) = house.get(&user, &find).await;
    assert_eq!(
        found[0]["reasons"],
        json!(["has the same laptop (ThinkPad T14)"]),
        "{found}"
    );

    let (status, invitation) = house.post(&user, &invite, ask.clone()).await;
    assert_eq!(
        (status, invitation["state"].as_str()),
        (201, Some("open")),
        "{invitation}"
    );
    assert_eq!(house.post(&user, &invite, ask).await.0, 409);
    assert_eq!(
        house.get(&user, &find).await.1,
        json!([]),
        "who was asked is not asked again"
    );
    let (_, mine) = house.get(&peer, "/me/invitations").await;
    assert_eq!(mine[0]["words"], "same here?");
    let answer = format!("/invitations/{}", id(&mine[0]));
    assert_eq!(
        house
            .post(&user, &format!("{answer}/accept"), json!({}))
            .await
            .0,
        404
    );
    assert_eq!(
        house
            .post(&peer, &format!("{answer}/accept"), json!({}))
            .await
            .1["state"],
        "accepted"
    );
    assert_eq!(
        house
            .post(&peer, &format!("{answer}/decline"), json!({}))
            .await
            .0,
        409
    );
    assert_eq!(
        house.get(&peer, &format!("/threads/{thread}")).await.1["following"],
        true
    );

    let post = say(&house, &peer, &thread, "flash the firmware").await;
    let thanks = format!("/posts/{post}/thanks");
    let put = |who: Person, body: Value| {
        let (house, thanks) = (&house, thanks.clone());
        async move { house.ask(&who, Method::PUT, &thanks, Some(body)).await }
    };
    assert_eq!(put(peer.clone(), json!({})).await.0, 400, "not oneself");
    assert_eq!(
        put(
            user.clone(),
            json!({"words": "you saved my week", "show": true})
        )
        .await
        .0,
        200
    );
    let stranger = house.sign_in("sec").await;
    let of_thread = format!("/threads/{thread}/thanks");
    assert_eq!(
        house.get(&stranger, &of_thread).await.1,
        json!([]),
        "the other side did not agree"
    );
    assert_eq!(
        house.get(&peer, "/me/thanks").await.1[0]["words"],
        "you saved my week"
    );
    house
        .ask(
            &peer,
            Method::PUT,
            "/me/peers",
            Some(json!({"show_thanks": true})),
        )
        .await;
    assert_eq!(
        house
            .get(&stranger, &of_thread)
            .await
            .1
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_no_looks_like_silence_and_asking_has_limits() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    colleagues(&house, 7).await;
    let thread = open(&house, &user).await;
    let invite = format!("/threads/{thread}/invitations");
    let mut statuses = vec![];
    for n in 0..7 {
        let one = house.sign_in(&format!("c{n}")).await;
        house
            .ask(
                &one,
                Method::PUT,
                "/me/peers",
                Some(json!({"by_model": true})),
            )
            .await;
        statuses.push(
            house
                .post(&user, &invite, json!({"account": one.id}))
                .await
                .0,
        );
        if n == 0 {
            let (_, mine) = house.get(&one, "/me/invitations").await;
            let path = format!("/invitations/{}/decline", id(&mine[0]));
            assert_eq!(
                house.post(&one, &path, json!({})).await.1["state"],
                "declined"
            );
            assert_eq!(house.get(&user, &invite).await.1[0]["state"], "open");
        }
    }
    assert_eq!(statuses, [201, 201, 201, 201, 201, 429, 429]);
    // An anomaly of a private kind finds nobody, whoever agreed.
    let kept = house.anomaly(Kind::Process, &[house.own]).await;
    let one = house.sign_in("c6").await;
    house
        .ask(
            &one,
            Method::PUT,
            "/me/peers",
            Some(json!({"by_problem": true})),
        )
        .await;
    assert_eq!(
        house.get(&one, &format!("/anomalies/{kept}/peers")).await.0,
        404
    );
}

#[tokio::test]
async fn an_answer_is_measured_on_those_who_applied_it() {
    let house = House::build().await;
    let (user, tech) = (house.sign_in("user").await, house.sign_in("tech").await);
    let all = colleagues(&house, 36).await;
    // Six and the user crash every third day until twenty days ago; the others go on.
    let until_fix: Vec<i64> = (21..75).step_by(3).collect();
    let always: Vec<i64> = (1..75).step_by(3).collect();
    let mut watched = vec![
        (house.own, until_fix.clone()),
        (house.other, always.clone()),
    ];
    watched.extend(all[..6].iter().map(|device| (*device, until_fix.clone())));
    watched.extend(all[6..].iter().map(|device| (*device, always.clone())));
    watch(&house, &watched);

    let thread = open(&house, &user).await;
    let (effect, applied) = (
        format!("/threads/{thread}/effect"),
        format!("/threads/{thread}/applied"),
    );
    assert_eq!(
        house.get(&user, &effect).await.1["words"],
        "No answer is accepted yet."
    );
    let mark =
        |device: DeviceId| json!({"device": device, "at": *house.now.lock().unwrap() - DAY * 20});
    assert_eq!(
        house.post(&user, &applied, mark(house.own)).await.1["code"],
        "no_answer"
    );
    let post = say(&house, &tech, &thread, "new firmware").await;
    let accept = json!({"post": post});
    assert_eq!(
        house
            .post(&user, &format!("/threads/{thread}/accept"), accept)
            .await
            .0,
        200
    );
    let (_, whole) = house.get(&user, &format!("/threads/{thread}")).await;
    assert!(
        whole.to_string().contains("Did you apply it"),
        "accepting asks"
    );

    assert_eq!(
        house.post(&user, &applied, mark(house.other)).await.0,
        404,
        "not one's own"
    );
    let future = json!({"device": house.own, "at": *house.now.lock().unwrap() + DAY});
    assert_eq!(house.post(&user, &applied, future).await.0, 400);
    let (status, mine) = house.post(&user, &applied, mark(house.own)).await;
    assert_eq!(
        (status, &mine["effect"]),
        (200, &Value::Null),
        "a figure about one laptop is not told"
    );
    assert!(
        mine["words"]
            .as_str()
            .unwrap()
            .contains("from 5 laptops of others on")
    );
    assert!(mine["mine"][0]["applied_at"].is_string());
    let (_, early) = house.get(&tech, &effect).await;
    assert_eq!(
        early["effect"]["missing"][0],
        "1 of at least 3 devices that applied it"
    );

    for (n, device) in all[..3].iter().enumerate() {
        let one = house.sign_in(&format!("c{n}")).await;
        assert_eq!(house.post(&one, &applied, mark(*device)).await.0, 200);
    }
    let (_, untied) = house.get(&tech, &effect).await;
    assert_eq!(
        untied["waiting"],
        json!([]),
        "the talk is tied to no anomaly"
    );
    for device in &all[3..6] {
        let (_, marked) = house.post(&tech, &applied, mark(*device)).await;
        let marks = marked["applied"].as_array().unwrap();
        assert!(marks.iter().any(|one| one["how"] == "staff"), "{marked}");
    }
    let (_, shown) = house.get(&user, &effect).await;
    let figures = &shown["effect"];
    assert_eq!(
        (figures["enough"].as_bool(), figures["devices"].as_u64()),
        (Some(true), Some(7)),
        "{shown}"
    );
    assert!(figures["high"].as_f64().unwrap() < 0.4, "{figures}");
    assert_eq!(
        (&figures["rates"], &figures["difference"]),
        (&Value::Null, &Value::Null),
        "rates times laptops are counts, and those could be subtracted"
    );
    assert!(
        shown["words"].as_str().unwrap().starts_with("It helped"),
        "{shown}"
    );
    assert_eq!(shown["caveats"].as_array().unwrap().len(), 2);
    assert_eq!(
        shown["applied"].as_array().unwrap().len(),
        1,
        "peers see their own mark only"
    );

    // One more applies it: staff see it at once; for others the figure about the seven stays, or it would tell of the eighth.
    let (_, marked) = house.post(&tech, &applied, mark(all[6])).await;
    assert_eq!(marked["effect"]["devices"], 8, "{marked}");
    assert!(marked["effect"]["rates"].is_array());
    assert_eq!(house.get(&user, &effect).await.1["effect"], *figures);
    // The owner of three of the seven knows those, and four are left.
    let measured = house.api.control.applied();
    let measured = measured.effect_of(post.parse().unwrap()).await;
    let measured = measured.unwrap().unwrap();
    let told = crate::effects::tell_to(&house.api.control, &house.api.clock, &measured, &all[..3]);
    assert_eq!(told.await.unwrap(), None);
    assert_eq!(
        house
            .ask(
                &tech,
                Method::DELETE,
                &format!("{applied}/{}", all[6]),
                None
            )
            .await
            .0,
        200
    );

    let job = crate::effects::Effects::new(
        house.api.control.clone(),
        house.fake.clone(),
        house.api.clock.clone(),
        house.api.minutes,
    );
    assert_eq!(job.turn().await.unwrap(), 1);
    let (_, impact) = house.get(&tech, "/impact").await;
    assert!(
        impact["saved"][0]["minutes"].as_f64().unwrap() > 100.0,
        "{impact}"
    );
    assert!(
        impact["saved"][0]["formula"]
            .as_str()
            .unwrap()
            .contains("expected - 0 happened) x 20 min")
    );
    let path = format!("{applied}/{}", house.own);
    assert_eq!(
        house.ask(&user, Method::DELETE, &path, None).await.1["mine"][0]["applied_at"],
        Value::Null
    );
}

#[tokio::test]
async fn a_review_is_between_owner_and_security_and_its_decision_reaches_everybody_concerned() {
    let house = House::build().await;
    let (user, peer, tech, sec, admin) = (
        house.sign_in("user").await,
        house.sign_in("peer").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
        house.sign_in("admin").await,
    );
    let new = |device: DeviceId| json!({"app": "dropbox", "device": device, "words": "No hurry."});
    assert_eq!(house.post(&tech, "/reviews", new(house.own)).await.0, 403);
    let (status, review) = house.post(&sec, "/reviews", new(house.own)).await;
    assert_eq!(
        (status, review["state"].as_str()),
        (201, Some("asked")),
        "{review}"
    );
    assert_eq!(
        house.post(&sec, "/reviews", new(house.own)).await.1["code"],
        "asked_already"
    );
    let (_, others) = house.post(&sec, "/reviews", new(house.other)).await;

    let thread = format!("/threads/{}", review["thread"].as_str().unwrap());
    for (who, expect) in [
        (&user, 200),
        (&sec, 200),
        (&peer, 404),
        (&tech, 404),
        (&admin, 200),
    ] {
        assert_eq!(house.get(who, &thread).await.0, expect);
        let (_, list) = house.get(who, "/threads").await;
        let sees = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["id"] == review["thread"]);
        assert_eq!(sees, expect == 200, "{list}");
        let (_, search) = house.get(who, "/threads?q=trouble").await;
        assert_eq!(
            !search["items"].as_array().unwrap().is_empty(),
            expect == 200 || who.id == peer.id
        );
        assert_eq!(house.get(who, &format!("{thread}/context")).await.0, expect);
        assert_eq!(house.get(who, &format!("{thread}/cohort")).await.0, expect);
        let posted = house
            .post(who, &format!("{thread}/posts"), json!({"markdown": "hm"}))
            .await;
        assert_eq!(
            posted.0,
            if expect == 200 { 201 } else { 404 },
            "{}",
            posted.1
        );
    }
    let hidden = review["thread"].as_str().unwrap().parse().unwrap();
    let owners = crate::correlate::threads::Owners::of(&[]);
    let read = crate::correlate::threads::Texts::one(&house.api.control, &owners, hidden);
    assert_eq!(read.await.unwrap(), None, "no linker reads it");
    assert_eq!(house.get(&user, &thread).await.1["private"], true);

    let path = format!("/reviews/{}", id(&review));
    let reason = json!({"purpose": "large_files", "missing": "more than 5 GB", "words": "videos for *clients*"});
    let put = |who: Person, body: Value| {
        let (house, path) = (&house, format!("{path}/reason"));
        async move { house.ask(&who, Method::PUT, &path, Some(body)).await }
    };
    assert_eq!(put(peer.clone(), reason.clone()).await.0, 404);
    assert_eq!(put(sec.clone(), reason.clone()).await.0, 403);
    assert_eq!(put(user.clone(), json!({"purpose": "fun"})).await.0, 400);
    assert_eq!(put(user.clone(), reason).await.1["state"], "answered");

    let decide = format!("{path}/decision");
    let decision = |outcome: &str| json!({"outcome": outcome, "scope": "team", "words": "until the share is larger"});
    assert_eq!(
        house.post(&user, &decide, decision("sanction")).await.0,
        403
    );
    let (status, said) = house.post(&sec, &decide, decision("tolerate")).await;
    assert_eq!(
        (status, said["detail"].as_str()),
        (400, Some("a tolerance needs an end: give `until`"))
    );
    let mut replace = decision("replace");
    replace["replace_by"] = "OneDrive".into();
    replace["until"] = "2026-06-01T00:00:00Z".into();
    let (status, decided) = house.post(&sec, &decide, replace).await;
    assert_eq!(
        (status, decided["state"].as_str()),
        (200, Some("decided")),
        "{decided}"
    );
    assert_eq!(
        decided["decision"]["told"],
        "Dropbox is to be replaced by OneDrive until 1 June 2026."
    );
    assert_eq!(house.post(&sec, &decide, decision("sanction")).await.0, 409);
    let (_, other) = house.get(&peer, &format!("/reviews/{}", id(&others))).await;
    assert_eq!(other["state"], "decided", "the same team: {other}");
    let (_, talk) = house
        .get(
            &peer,
            &format!("/threads/{}", others["thread"].as_str().unwrap()),
        )
        .await;
    assert!(
        talk.to_string().contains("OneDrive"),
        "told in the own talk"
    );

    let policy =
        crate::policy::PolicyInForce::load(house.api.control.clone(), "", house.api.clock.now())
            .await
            .unwrap();
    let told = policy.of_device(house.own, "Sales").verdicts;
    assert_eq!(
        (told[0].verdict.as_str(), told[0].replace_by.as_str()),
        ("tolerated", "OneDrive")
    );
    assert!(policy.of_device(house.own, "Design").verdicts.is_empty());
    assert_eq!(
        house
            .get(&user, "/reviews")
            .await
            .1
            .as_array()
            .unwrap()
            .len(),
        1,
        "one's own"
    );
    assert_eq!(
        house
            .get(&sec, "/reviews?decided=true")
            .await
            .1
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn the_demand_register_has_curves_reasons_and_a_formula() {
    let house = House::build().await;
    let (user, sec, tech) = (
        house.sign_in("user").await,
        house.sign_in("sec").await,
        house.sign_in("tech").await,
    );
    let now = *house.now.lock().unwrap();
    *house.fake.uses.lock().unwrap() = [house.own, house.other]
        .into_iter()
        .enumerate()
        .map(|(n, device)| AppUse {
            device,
            app: "dropbox".to_owned(),
            name: "=Dropbox".to_owned(),
            category: "cloud_sync".to_owned(),
            state: "running_now".to_owned(),
            confidence: 1.0,
            first: now - DAY * (7 * n as i32 + 3),
            last: now,
            ..AppUse::default()
        })
        .collect();
    let (_, review) = house
        .post(
            &sec,
            "/reviews",
            json!({"app": "dropbox", "device": house.own}),
        )
        .await;
    let reason = json!({"purpose": "large_files", "missing": "5 GB is not enough"});
    house
        .ask(
            &user,
            Method::PUT,
            &format!("/reviews/{}/reason", id(&review)),
            Some(reason),
        )
        .await;
    assert_eq!(house.get(&tech, "/demand").await.0, 403);
    let (_, page) = house.get(&sec, "/demand").await;
    let first = &page["items"][0];
    assert_eq!(
        (first["app"].as_str(), first["devices"].as_u64()),
        (Some("dropbox"), Some(2)),
        "{page}"
    );
    assert_eq!(first["purposes"][0]["answers"], 1);
    assert_eq!(first["reasons"][0]["missing"], "5 GB is not enough");
    assert_eq!(first["teams"][0]["team"], "Sales");
    assert_eq!(first["curve"].as_array().unwrap().len(), 12);
    assert!(
        first["formula"]
            .as_str()
            .unwrap()
            .starts_with("ln(1 + 2 devices)")
    );
    assert!(
        !first.to_string().contains("Name of user"),
        "no names beside reasons"
    );
    let answer = house
        .send(Method::GET, "/api/v1/demand.csv", Some(&sec), None)
        .await;
    assert!(
        answer.headers()[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("text/csv")
    );
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("\"rank\",\"app\""));
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("\"1\",\"dropbox\",\"'=Dropbox\",\"cloud_sync\""),
        "{text}"
    );
}

#[tokio::test]
async fn impact_multiplies_out_for_the_fleet_and_for_oneself() {
    let house = House::build().await;
    let (user, tech) = (house.sign_in("user").await, house.sign_in("tech").await);
    let ends = |device, month: &str, end, count| EndsOfMonth {
        device,
        month: month.to_owned(),
        end,
        count,
    };
    *house.fake.months.lock().unwrap() = vec![
        ends(house.own, "2026-02", BootEnd::Crash, 2),
        ends(house.own, "2026-03", BootEnd::Update, 1),
        ends(house.other, "2026-03", BootEnd::PowerLossOrHang, 3),
    ];
    let (_, fleet) = house.get(&tech, "/impact").await;
    assert_eq!(
        fleet["lost"]["formula"],
        "2 x 20 min (crash) + 3 x 17 min (hang or power loss) + 1 x 4 min (update) = 1 h 35 min"
    );
    assert_eq!(fleet["by_month"].as_array().unwrap().len(), 2);
    assert_eq!(
        (
            fleet["by_month"][0]["name"].as_str(),
            fleet["by_month"][0]["minutes"].as_f64()
        ),
        (Some("2026-02"), Some(40.0))
    );
    assert_eq!(fleet["by_team"][0]["devices"], 2);
    let (_, own) = house.get(&user, "/impact?months=12").await;
    assert_eq!(
        (own["of"].as_str(), own["lost"]["minutes"].as_f64()),
        (Some("own"), Some(44.0))
    );
    assert_eq!(house.get(&tech, "/impact?months=0").await.0, 400);
    assert_eq!(
        house.get(&tech, "/impact?team=Design").await.1["lost"]["minutes"],
        0.0
    );
    let sources: BTreeMap<String, f64> = own["assumptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["class"].as_str().unwrap().to_owned(),
                one["minutes"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(sources["crash"], 20.0);
}

#[tokio::test]
async fn a_call_link_is_unguessable_one_per_talk_and_told() {
    let house = House::build().await;
    let (user, peer) = (house.sign_in("user").await, house.sign_in("peer").await);
    let thread = open(&house, &user).await;
    let path = format!("/threads/{thread}/call");
    let (_, none) = house.get(&user, &path).await;
    assert_eq!(
        (&none["available"], &none["call"]),
        (&json!(true), &Value::Null)
    );
    let (status, call) = house.post(&user, &path, json!({})).await;
    let url = call["url"].as_str().unwrap();
    assert_eq!(
        (status, url.len()),
        (200, "https://meet.example/weft-".len() + 40)
    );
    assert!(!url.contains(&thread[..8]));
    assert_eq!(
        house.post(&peer, &path, json!({})).await.1["url"],
        url,
        "the same room"
    );
    let (_, whole) = house.get(&peer, &format!("/threads/{thread}")).await;
    let told: Vec<_> = whole["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|post| post["html"].as_str().unwrap().contains(url))
        .collect();
    assert_eq!(told.len(), 1, "{whole}");
    assert!(
        told[0]["html"]
            .as_str()
            .unwrap()
            .contains("Name of user started a call")
    );
    *house.now.lock().unwrap() += DAY * 2;
    let (_, gone) = house.get(&house.sign_in("peer").await, &path).await;
    assert_eq!(gone["call"], Value::Null, "a day later it is another talk");
}
