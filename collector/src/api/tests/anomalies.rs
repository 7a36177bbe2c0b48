//! Anomalies, their links and judgements, and the collector's voice.

use weft_collector_core::{
    anomaly::{HeldBack, Judgement, Limit},
    link::{Link, LinkState, Reason},
};

use super::*;
use crate::{
    threads::voice::{News, Said, TURNS_PER_DAY, Voice},
    watch::Waiting,
};

async fn propose(house: &House, anomaly: Uuid, thread: &str, state: LinkState) {
    let link = Link {
        anomaly,
        thread: thread.parse().unwrap(),
        score: 0.9,
        state,
        reasons: vec![Reason {
            feature: "owner".to_owned(),
            weight: 0.5,
            text: "the author owns this laptop".to_owned(),
        }],
    };
    assert!(
        house
            .api
            .control
            .links()
            .propose(&link, house.api.clock.now())
            .await
            .unwrap()
    );
}

async fn open(house: &House, who: &Person, space: &str) -> String {
    let body = json!({"space": space, "title": "Talk", "markdown": "x"});
    let (status, thread) = house.post(who, "/threads", body).await;
    assert_eq!(status, 201, "{thread}");
    thread["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_takes_part_in_an_outbreak_learns_of_it_without_the_others() {
    let house = House::build().await;
    let (user, tech) = (house.sign_in("user").await, house.sign_in("tech").await);
    let both = house.anomaly(Kind::Reboot, &[house.own, house.other]).await;
    let path = format!("/anomalies/{both}");
    let (_, mine) = house.get(&user, &path).await;
    assert_eq!(mine["why"], json!(["LT-1 did it", "The fleet does not"]));
    assert!(
        !mine.to_string().contains("LT-2") && !mine.to_string().contains(&house.other.to_string()),
        "{mine}"
    );
    assert_eq!(
        (
            mine["devices"].as_u64(),
            mine["affected"].as_array().unwrap().len()
        ),
        (Some(2), 1)
    );
    let (_, rows) = house.get(&user, &format!("{path}/evidence")).await;
    let own = json!([{"devices": [house.own.to_string()]}]);
    assert_eq!((&rows["rows"], &rows["sql"]), (&own, &json!("SELECT 1")));
    let (_, rows) = house.get(&tech, &format!("{path}/evidence")).await;
    assert_eq!(rows["rows"][0]["devices"].as_array().unwrap().len(), 2);
    let (_, all) = house.get(&tech, &path).await;
    assert_eq!(
        (
            all["why"].as_array().unwrap().len(),
            all["affected"].as_array().unwrap().len()
        ),
        (3, 2)
    );
    assert_eq!(all["timeline"][0]["device"], "LT-1");
    assert_eq!(
        all["cohort"],
        json!({"by": "model", "value": "ThinkPad T14"})
    );
}

#[tokio::test]
async fn a_link_is_shown_where_both_ends_are_seen_and_a_person_decides() {
    let house = House::build().await;
    let (user, peer, tech, sec) = (
        house.sign_in("user").await,
        house.sign_in("peer").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
    );
    let thread = open(&house, &user, "help").await;
    let reboot = house.anomaly(Kind::Reboot, &[house.own]).await;
    let process = house.anomaly(Kind::Process, &[house.other]).await;
    propose(&house, reboot, &thread, LinkState::Suggested).await;
    propose(&house, process, &thread, LinkState::Automatic).await;
    for (person, count) in [(&user, 1), (&peer, 1), (&tech, 1), (&sec, 2)] {
        let (_, seen) = house.get(person, &format!("/threads/{thread}")).await;
        assert_eq!(seen["links"].as_array().unwrap().len(), count);
        assert_eq!(seen["anomalies"].as_u64(), Some(count as u64));
    }
    // The peer sees what concerns the own laptop, not the user's.
    let (_, of_peer) = house.get(&peer, &format!("/threads/{thread}")).await;
    assert_eq!(of_peer["links"][0]["anomaly"]["kind"], "process");
    let (_, list) = house.get(&user, "/anomalies").await;
    assert_eq!(list["items"][0]["thread"]["state"], "suggested");

    let confirm = format!("/links/{reboot}/{thread}/confirm");
    assert_eq!(
        house.post(&peer, &confirm, json!({})).await.0,
        404,
        "not the peer's to see"
    );
    let (status, link) = house.post(&user, &confirm, json!({})).await;
    assert_eq!(
        (status, &link["state"], &link["reasons"][0]["feature"]),
        (200, &json!("confirmed"), &json!("owner"))
    );
    let reject = format!("/links/{process}/{thread}/reject");
    assert_eq!(house.post(&tech, &reject, json!({})).await.0, 404);
    assert_eq!(house.post(&sec, &reject, json!({})).await.0, 200);
    assert_eq!(
        house
            .post(
                &sec,
                &format!("/links/{}/{thread}/confirm", Uuid::now_v7()),
                json!({})
            )
            .await
            .0,
        404
    );
    let (_, seen) = house.get(&peer, &format!("/threads/{thread}")).await;
    assert_eq!(
        seen["links"],
        json!([]),
        "a rejected link is no link to a peer"
    );
    let (_, seen) = house.get(&sec, &format!("/threads/{thread}")).await;
    assert_eq!(
        (seen["links"].as_array().unwrap().len(), &seen["anomalies"]),
        (2, &json!(1))
    );

    let made = house
        .post(
            &sec,
            "/links",
            json!({"anomaly": process, "thread": thread}),
        )
        .await;
    assert_eq!((made.0, &made.1["state"]), (201, &json!("confirmed")));
}

#[tokio::test]
async fn a_judgement_becomes_a_visible_rule_with_a_known_effect() {
    let house = House::build().await;
    let tech = house.sign_in("tech").await;
    let (one, two) = (
        house.anomaly(Kind::Reboot, &[house.own]).await,
        house.anomaly(Kind::Reboot, &[house.other]).await,
    );
    let preview = |scope: &str| {
        format!("/anomalies/{one}/judgement/preview?judgement=expected&scope={scope}")
    };
    assert_eq!(
        house.get(&tech, &preview("device")).await.1,
        json!({"would_hide": 1, "until_end": 1})
    );
    assert_eq!(
        house.get(&tech, &preview("fleet")).await.1,
        json!({"would_hide": 2, "until_end": 2})
    );
    assert_eq!(house.get(&tech, &preview("moon")).await.0, 400);
    let until = |end: &str| format!("{}&until={end}", preview("fleet"));
    assert_eq!(
        house.get(&tech, &until("2020-01-01T00:00:00Z")).await.0,
        400,
        "a rule that is over hides nothing"
    );
    assert_eq!(house.get(&tech, &until("soon")).await.0, 400);
    // Both were opened within the last hour: a rule of one day meets them, and says so for its own stretch.
    assert_eq!(
        house.get(&tech, &until("2026-03-11T12:00:00Z")).await.1,
        json!({"would_hide": 2, "until_end": 2})
    );
    let judgement = |until: &str| json!({"judgement": "expected", "scope": "device", "until": until, "note": "test bench"});
    let path = format!("/anomalies/{one}/judgement");
    assert_eq!(
        house
            .post(&tech, &path, judgement("2020-01-01T00:00:00Z"))
            .await
            .0,
        400
    );
    let (status, judged) = house
        .post(&tech, &path, judgement("2026-06-01T00:00:00Z"))
        .await;
    assert_eq!(
        (status, &judged["state"], &judged["judgement"]),
        (200, &json!("resolved"), &json!("expected"))
    );
    assert_eq!(
        (&judged["rule"]["scope"], &judged["rule"]["by"]),
        (&json!("device"), &json!("Name of tech"))
    );
    let rules = house
        .api
        .control
        .judgements()
        .in_force(house.api.clock.now())
        .await
        .unwrap();
    let other = house
        .api
        .control
        .anomalies()
        .get(two)
        .await
        .unwrap()
        .unwrap()
        .anomaly;
    let first = house
        .api
        .control
        .anomalies()
        .get(one)
        .await
        .unwrap()
        .unwrap()
        .anomaly;
    let now = house.api.clock.now();
    assert!(rules[0].hides(&first.finding, now) && !rules[0].hides(&other.finding, now));
}

#[tokio::test]
async fn a_short_rule_is_previewed_over_as_short_a_stretch() {
    let house = House::build().await;
    let old = house.anomaly(Kind::Reboot, &[house.other]).await;
    *house.now.lock().unwrap() += SignedDuration::from_hours(10 * 24);
    let tech = house.sign_in("tech").await;
    let one = house.anomaly(Kind::Reboot, &[house.own]).await;
    assert_ne!(old, one);
    let path = format!("/anomalies/{one}/judgement/preview?judgement=false&scope=fleet");
    for (until, expect) in [
        ("", 2),
        ("&until=2026-03-25T12:00:00Z", 1),
        ("&until=2026-05-25T12:00:00Z", 2),
    ] {
        let (_, told) = house.get(&tech, &format!("{path}{until}")).await;
        assert_eq!(
            told,
            json!({"would_hide": 2, "until_end": expect}),
            "{until}"
        );
    }
}

#[tokio::test]
async fn rules_are_seen_by_who_may_make_them_and_taken_back() {
    let house = House::build().await;
    let (user, tech, sec) = (
        house.sign_in("user").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
    );
    let judge = async |who: &Person, anomaly: Uuid, judgement: &str, scope: &str| {
        let body = json!({"judgement": judgement, "scope": scope, "note": "known"});
        house
            .post(who, &format!("/anomalies/{anomaly}/judgement"), body)
            .await
    };
    let reboot = house.anomaly(Kind::Reboot, &[house.own]).await;
    let program = house.anomaly(Kind::Process, &[house.own]).await;
    assert_eq!(judge(&user, reboot, "expected", "fleet").await.0, 403);
    assert_eq!(judge(&tech, reboot, "maybe", "fleet").await.0, 400);
    assert_eq!(judge(&tech, reboot, "expected", "fleet").await.0, 200);
    assert_eq!(judge(&sec, program, "false", "device").await.0, 200);

    assert_eq!(house.get(&user, "/rules").await.1, json!([]));
    let (_, of_tech) = house.get(&tech, "/rules").await;
    let (_, of_sec) = house.get(&sec, "/rules").await;
    let rules = |list: &Value| list.as_array().unwrap().clone();
    assert_eq!((rules(&of_tech).len(), rules(&of_sec).len()), (1, 2));
    let rule = rules(&of_tech)[0].clone();
    assert_eq!(
        (&rule["judgement"], &rule["scope"], &rule["note"]),
        (&json!("expected"), &json!("fleet"), &json!("known"))
    );
    assert_eq!(
        (&rule["by"]["name"], &rule["anomaly"]),
        (&json!("Name of tech"), &json!(reboot))
    );
    let of_program = rules(&of_sec)
        .into_iter()
        .find(|rule| rule["kind"] == "process")
        .unwrap();
    assert_eq!(of_program["scope"], json!({"device": house.own}));

    let end = async |who: &Person, rule: &Value| {
        let path = format!("/rules/{}/end", rule["id"].as_str().unwrap());
        house.post(who, &path, json!({})).await.0
    };
    assert_eq!(end(&user, &rule).await, 404);
    assert_eq!(
        end(&tech, &of_program).await,
        404,
        "not the technician's to know"
    );
    assert_eq!(end(&tech, &rule).await, 204);
    assert_eq!(end(&tech, &rule).await, 404, "only once");
    let control = &house.api.control;
    let in_force = control
        .judgements()
        .in_force(house.api.clock.now())
        .await
        .unwrap();
    assert_eq!(in_force.len(), 1, "the other stands");
    assert_eq!(
        house.get(&tech, &format!("/anomalies/{reboot}")).await.1["rule"],
        json!(null)
    );
}

#[tokio::test]
async fn a_judgement_of_a_group_reaches_the_group_and_ends_when_it_says() {
    let house = House::build().await;
    let tech = house.sign_in("tech").await;
    let both = house.anomaly(Kind::Reboot, &[house.own, house.other]).await;
    let path = format!("/anomalies/{both}/judgement");
    let judgement = |scope: &str| json!({"judgement": "false", "scope": scope, "until": "2026-03-12T00:00:00Z"});
    assert_eq!(
        house.post(&tech, &path, judgement("device")).await.0,
        400,
        "a group is no device"
    );
    let (status, judged) = house.post(&tech, &path, judgement("cohort")).await;
    assert_eq!(
        (status, &judged["rule"]["scope"]),
        (200, &json!("cohort")),
        "{judged}"
    );
    // "True" takes the rule's place: nothing is hidden any more.
    let yes = json!({"judgement": "true", "scope": "cohort"});
    assert_eq!(house.post(&tech, &path, yes).await.0, 200);
    let finding = house
        .api
        .control
        .anomalies()
        .get(both)
        .await
        .unwrap()
        .unwrap()
        .anomaly
        .finding;
    let hidden = async || {
        let now = house.api.clock.now();
        let rules = house.api.control.judgements().in_force(now).await.unwrap();
        rules.iter().any(|rule| rule.hides(&finding, now))
    };
    assert!(!hidden().await);
    assert_eq!(house.post(&tech, &path, judgement("cohort")).await.0, 200);
    assert!(hidden().await);
    *house.now.lock().unwrap() += SignedDuration::from_hours(48);
    assert!(!hidden().await, "its end has come");
}

#[tokio::test]
async fn the_first_page_says_what_the_budget_held_back() {
    let house = House::build().await;
    let (user, tech, sec) = (
        house.sign_in("user").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
    );
    let held_back = async |who: &Person| house.get(who, "/overview").await.1["held_back"].clone();
    assert_eq!(held_back(&tech).await, json!(null), "no round so far");
    let held = |kind: Kind, limit: Limit| HeldBack {
        cause: format!("{}/x/fleet", kind.as_str()),
        title: format!("A {} thing", kind.as_str()),
        kind,
        severity: Severity::Medium,
        limit,
        reason: "a budget is used up".to_owned(),
    };
    let held = [
        held(Kind::Reboot, Limit::Fleet),
        held(Kind::Process, Limit::Fleet),
        held(Kind::Capacity, Limit::Device),
    ];
    Waiting::of(&held, house.api.clock.now())
        .write(&house.api.control)
        .await
        .unwrap();
    let told = held_back(&tech).await;
    assert_eq!(
        (
            &told["total"],
            &told["fleet"],
            &told["device"],
            &told["cohort"]
        ),
        (&json!(3), &json!(2), &json!(1), &json!(0))
    );
    assert_eq!(
        told["worst"].as_array().unwrap().len(),
        2,
        "programs are not told to technicians"
    );
    assert_eq!(held_back(&sec).await["worst"].as_array().unwrap().len(), 3);
    assert_eq!(held_back(&user).await, json!(null));
}

#[tokio::test]
async fn a_thread_about_an_anomaly_opens_once_and_where_it_may() {
    let house = House::build().await;
    let (user, tech, sec) = (
        house.sign_in("user").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
    );
    let reboot = house.anomaly(Kind::Reboot, &[house.own]).await;
    let process = house.anomaly(Kind::Process, &[house.own]).await;
    let path = |anomaly: Uuid| format!("/anomalies/{anomaly}/thread");

    // The owner may tell everybody about the own restarts; nobody else may, and nobody about programs.
    assert_eq!(house.post(&user, &path(process), json!({})).await.0, 403);
    let (_, of_sec) = house.post(&sec, &path(process), json!({})).await;
    assert_eq!(of_sec["space"]["slug"], "security");
    let (status, opened) = house.post(&user, &path(reboot), json!({})).await;
    assert_eq!((status, &opened["space"]["slug"]), (200, &json!("help")));
    assert_eq!(opened["title"], "Odd reboot *here*");
    let html = opened["messages"][0]["html"].as_str().unwrap();
    assert!(
        html.contains("Odd reboot *here*") && html.contains("LT-1 did it"),
        "a title is no Markdown: {html}"
    );
    assert_eq!(opened["links"][0]["state"], "confirmed");
    let (_, again) = house.post(&tech, &path(reboot), json!({})).await;
    assert_eq!(again["id"], opened["id"], "one thread per anomaly");

    let others = house.anomaly(Kind::Reboot, &[house.other]).await;
    let (_, about_other) = house.post(&tech, &path(others), json!({})).await;
    assert_eq!(
        about_other["space"]["slug"], "staff",
        "not the technician's own laptop"
    );
    let few = house.anomaly(Kind::Reboot, &[house.own, house.other]).await;
    assert_eq!(
        house.post(&tech, &path(few), json!({})).await.1["space"]["slug"],
        "staff",
        "two laptops are two people"
    );
    let many: Vec<_> = (0..5)
        .map(|_| DeviceId(Uuid::now_v7()))
        .chain([house.own])
        .collect();
    let many = house.anomaly(Kind::Capacity, &many).await;
    let (_, group) = house.post(&tech, &path(many), json!({})).await;
    assert_eq!(group["space"]["slug"], "hardware");
    let markdown = group["messages"][0]["markdown"].as_str().unwrap();
    assert!(
        markdown.contains("6 laptops") && !markdown.contains("LT-1"),
        "{markdown}"
    );
}

#[tokio::test]
async fn the_collectors_voice_is_quiet_and_keeps_secrets() {
    let house = House::build().await;
    let (user, sec) = (house.sign_in("user").await, house.sign_in("sec").await);
    let (help, staff, security) = (
        open(&house, &user, "help").await,
        open(&house, &sec, "staff").await,
        open(&house, &sec, "security").await,
    );
    let voice = Voice::new(house.api.control.clone(), house.api.clock.clone());
    let say = async |thread: &str, anomaly: Uuid, news: News| {
        let anomaly = house
            .api
            .control
            .anomalies()
            .get(anomaly)
            .await
            .unwrap()
            .unwrap()
            .anomaly;
        voice
            .say(thread.parse().unwrap(), &anomaly, news)
            .await
            .unwrap()
    };
    let process = house.anomaly(Kind::Process, &[house.own]).await;
    let others = house.anomaly(Kind::Reboot, &[house.other]).await;
    let reboot = house.anomaly(Kind::Reboot, &[house.own]).await;
    assert_eq!(say(&help, process, News::Linked).await, Said::NotHere);
    assert_eq!(say(&help, others, News::Linked).await, Said::NotHere);
    assert_eq!(
        say(&staff, process, News::Linked).await,
        Said::NotHere,
        "technicians read along there"
    );
    assert_eq!(say(&security, process, News::Linked).await, Said::Posted);
    assert_eq!(say(&staff, others, News::Linked).await, Said::Posted);
    assert_eq!(say(&help, reboot, News::Linked).await, Said::Posted);
    assert_eq!(
        say(&help, reboot, News::Linked).await,
        Said::Withheld,
        "the same news twice"
    );
    assert_eq!(say(&help, reboot, News::Resolved).await, Said::Joined);
    let (_, thread) = house.get(&user, &format!("/threads/{help}")).await;
    let post = &thread["messages"][1];
    assert_eq!(
        (&post["author"]["name"], &post["author"]["system"]),
        (&json!("Weft"), &json!(true))
    );
    assert_eq!(
        post["html"].as_str().unwrap().matches("<li>").count(),
        2,
        "{post}"
    );
    let mut said = vec![];
    for _ in 0..4 {
        let more = house.anomaly(Kind::Capacity, &[house.own]).await;
        said.push(say(&help, more, News::Linked).await);
    }
    assert_eq!(
        said,
        [Said::Posted, Said::Posted, Said::Withheld, Said::Withheld]
    );
    *house.now.lock().unwrap() += SignedDuration::from_hours(25);
    assert_eq!(
        say(&help, reboot, News::Relapsed).await,
        Said::Posted,
        "a new day"
    );
}

/// A laptop that restarts 500 times comes and goes 500 times; its talk, its followers and its bridges hear of it a few times.
#[tokio::test]
async fn what_comes_and_goes_all_day_is_said_a_few_times() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    let help = open(&house, &user, "help").await;
    let voice = Voice::new(house.api.control.clone(), house.api.clock.clone());
    let id = house.anomaly(Kind::Reboot, &[house.own]).await;
    let found = house.api.control.anomalies().get(id).await;
    let anomaly = found.unwrap().unwrap().anomaly;
    let thread = help.parse().unwrap();
    let mut heard = 0;
    for turn in 0..500 {
        *house.now.lock().unwrap() += SignedDuration::from_secs(60);
        let news = [News::Relapsed, News::Resolved][turn % 2];
        let said = voice.say(thread, &anomaly, news).await.unwrap();
        heard += usize::from(said != Said::Withheld);
    }
    assert_eq!(heard, TURNS_PER_DAY + 1);
    let words = said(&house, &help).await;
    assert_eq!(words.len(), 1, "{words:?}");
    assert_eq!(words[0].lines().count(), TURNS_PER_DAY + 1);
    assert!(words[0].ends_with("shows every turn."), "{words:?}");
    *house.now.lock().unwrap() += SignedDuration::from_hours(25);
    let said = voice.say(thread, &anomaly, News::Relapsed).await.unwrap();
    assert_eq!(said, Said::Posted, "a new day");
}

/// The thread's words of the collector, oldest first.
async fn said(house: &House, thread: &str) -> Vec<String> {
    let posts = house.api.control.posts();
    let reader = weft_collector_store::control::threads::Reader::COLLECTOR;
    let all = posts
        .of_thread(thread.parse().unwrap(), reader, 100)
        .await
        .unwrap();
    let own = all
        .into_iter()
        .filter(|post| post.author == weft_collector_store::control::accounts::SYSTEM);
    own.map(|post| post.markdown).collect()
}

#[tokio::test]
async fn a_turn_is_told_where_the_link_is_sure_and_peers_may_hear_it() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    let (sure, maybe) = (
        open(&house, &user, "help").await,
        open(&house, &user, "help").await,
    );
    let control = &house.api.control;
    let reboot = house.anomaly(Kind::Reboot, &[house.own]).await;
    let process = house.anomaly(Kind::Process, &[house.own]).await;
    for (anomaly, thread, state) in [
        (reboot, &sure, LinkState::Automatic),
        (reboot, &maybe, LinkState::Suggested),
        (process, &sure, LinkState::Automatic),
    ] {
        propose(&house, anomaly, thread, state).await;
    }
    let get = async |id| control.anomalies().get(id).await.unwrap().unwrap().anomaly;
    let (reboot, process) = (get(reboot).await, get(process).await);
    let voice = &house.api.voice;
    for news in [News::Resolved, News::Resolved, News::Relapsed] {
        voice.spread(&process, news).await.unwrap();
        voice.spread(&reboot, news).await.unwrap();
    }
    let words = said(&house, &sure).await;
    assert_eq!(words.len(), 1, "{words:?}");
    assert_eq!(
        words[0].lines().count(),
        2,
        "over once, back once: {words:?}"
    );
    assert!(
        words[0].contains(&reboot.id.to_string()) && !words[0].contains(&process.id.to_string())
    );
    assert!(said(&house, &maybe).await.is_empty());

    // What a person waved off was not cured.
    *house.now.lock().unwrap() += SignedDuration::from_hours(25);
    let waved_off = Anomaly {
        judgement: Some(Judgement::Expected),
        ..reboot
    };
    voice.spread(&waved_off, News::Resolved).await.unwrap();
    assert_eq!(said(&house, &sure).await.len(), 1);
}

#[tokio::test]
async fn a_persons_yes_is_told_once() {
    let house = House::build().await;
    let mut user = house.sign_in("user").await;
    let thread = open(&house, &user, "help").await;
    let reboot = house.anomaly(Kind::Reboot, &[house.own]).await;
    let process = house.anomaly(Kind::Process, &[house.own]).await;
    for anomaly in [reboot, process] {
        let pair = json!({"anomaly": anomaly, "thread": thread});
        assert_eq!(house.post(&user, "/links", pair).await.0, 201);
        let path = format!("/links/{anomaly}/{thread}");
        for step in ["reject", "confirm"] {
            let (status, _) = house
                .post(&user, &format!("{path}/{step}"), json!({}))
                .await;
            assert_eq!(status, 200);
        }
        // A day later the same yes is no news either.
        *house.now.lock().unwrap() += SignedDuration::from_hours(25);
        user = house.sign_in("user").await;
        let (status, _) = house
            .post(&user, &format!("{path}/confirm"), json!({}))
            .await;
        assert_eq!(status, 200);
    }
    let words = said(&house, &thread).await;
    assert_eq!(words.len(), 1, "nothing of programs, once: {words:?}");
    assert!(words[0].contains(&reboot.to_string()), "{words:?}");
}

#[tokio::test]
async fn reading_what_was_found_stands_in_the_ledger_of_each_laptop_named() {
    let house = House::build().await;
    let (user, peer, tech) = (
        house.sign_in("user").await,
        house.sign_in("peer").await,
        house.sign_in("tech").await,
    );
    let both = house.anomaly(Kind::Reboot, &[house.own, house.other]).await;
    house.anomaly(Kind::Capacity, &[house.own]).await;
    assert_eq!(house.get(&tech, "/anomalies").await.0, 200);
    let (_, listed) = house
        .get(&user, &format!("/devices/{}/looks/summary", house.own))
        .await;
    assert!(
        listed.to_string().contains("the list of anomalies"),
        "{listed}"
    );
    assert_eq!(house.get(&tech, &format!("/anomalies/{both}")).await.0, 200);
    for (who, device) in [(&user, house.own), (&peer, house.other)] {
        let (_, told) = house
            .get(who, &format!("/devices/{device}/looks/summary"))
            .await;
        let told = told.to_string();
        assert!(
            told.contains("the page of an anomaly") && told.contains("Name of tech"),
            "{told}"
        );
    }
    // Whoever reads of a group without its single laptops looked at none.
    assert_eq!(house.get(&user, &format!("/anomalies/{both}")).await.0, 200);
    let (_, told) = house
        .get(&peer, &format!("/devices/{}/looks/summary", house.other))
        .await;
    assert!(!told.to_string().contains("Name of user"), "{told}");
}
