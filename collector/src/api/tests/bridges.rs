//! Bridges over the API: for admins, with secrets that go in and never out.

use super::*;
use crate::connect::{Connect, Pace, Parts as ConnectParts, opener};
use crate::threads::connector::{Line, Reach};

/// Bridges that reach nothing inside this network.
pub fn connect(control: &Control, clock: &Clock) -> Connect {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Connect::new(ConnectParts {
        control: control.clone(),
        threads: Threads::new(control.clone(), clock.clone()),
        auditor: Auditor::new(control.clone(), clock.clone()),
        console_url: "https://weft.example".to_owned(),
        vault: crate::vault::tests::vault(),
        opener: opener(Line::new(Reach::default(), "").unwrap(), clock.clone()),
        pace: Pace::default(),
        chance: Arc::new(|| 0.5),
        dies: Arc::new(|_| false),
        clock: clock.clone(),
    })
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn wanted() -> Value {
    json!({
        "name": "Help elsewhere", "platform": "webhook", "address": "https://bot.example/weft/",
        "secrets": {"secret": SECRET}, "space": "help",
    })
}

#[tokio::test]
async fn an_admin_makes_changes_and_removes_a_bridge() {
    let house = House::build().await;
    let admin = house.sign_in("admin").await;
    let (status, made) = house.post(&admin, "/bridges", wanted()).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(made["address"], "https://bot.example/weft");
    assert_eq!(made["secrets"], json!(["secret"]));
    assert_eq!(made["hook"], format!("https://weft.example/hooks/{id}"));
    assert_eq!(
        (&made["state"], &made["enabled"]),
        (&json!("new"), &json!(true))
    );

    let (status, again) = house.post(&admin, "/bridges", wanted()).await;
    assert_eq!((status, again["code"].as_str()), (409, Some("conflict")));

    let path = format!("/bridges/{id}");
    let change =
        json!({"enabled": false, "secrets": {"secret": "another phrase of enough letters"}});
    let (status, paused) = house.ask(&admin, Method::PATCH, &path, Some(change)).await;
    assert_eq!((status, &paused["state"]), (200, &json!("paused")));
    let short = json!({"secrets": {"secret": "short"}});
    let (status, problem) = house.ask(&admin, Method::PATCH, &path, Some(short)).await;
    assert_eq!(status, 400);
    assert!(
        problem["detail"].as_str().unwrap().contains("24 to 64"),
        "{problem}"
    );

    let (status, list) = house.get(&admin, "/bridges").await;
    assert_eq!((status, list["items"].as_array().unwrap().len()), (200, 1));
    let (_, audit) = house.get(&admin, "/audit").await;
    let everything = format!("{made}{paused}{list}{audit}");
    assert!(!everything.contains(SECRET) && !everything.contains("another phrase"));
    assert!(
        audit.to_string().contains("bridge.make") && audit.to_string().contains("bridge.pause")
    );

    let (status, _) = house.ask(&admin, Method::DELETE, &path, None).await;
    assert_eq!(status, 204);
    let (status, _) = house.ask(&admin, Method::DELETE, &path, None).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn what_does_not_fit_is_said_in_words() {
    let house = House::build().await;
    let admin = house.sign_in("admin").await;
    for (change, words) in [
        (json!({"platform": "carrier pigeon"}), "known are"),
        (json!({"space": "nowhere"}), "no such space"),
        (
            json!({"space": "security", "beyond_everyone": true}),
            "never bridged",
        ),
        (json!({"space": "staff"}), "beyond_everyone"),
        (json!({"outward": false, "inward": false}), "direction"),
        (json!({"secrets": {}}), "signing secret is missing"),
        (json!({"secrets": {"secret": SECRET, "pin": "1"}}), "pin"),
        (json!({"name": ""}), "name"),
        (json!({"address": ""}), "address is missing"),
        (json!({"thread": Uuid::now_v7()}), "either space or thread"),
    ] {
        let mut body = wanted();
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, problem) = house.post(&admin, "/bridges", body).await;
        assert!((400..500).contains(&status), "{change}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{change}: {detail}");
    }
    let (_, list) = house.get(&admin, "/bridges").await;
    assert!(list["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_inside_is_told_by_the_test_with_what_to_do() {
    let house = House::build().await;
    let admin = house.sign_in("admin").await;
    let mut body = wanted();
    body["address"] = json!("http://169.254.169.254/latest/meta-data");
    let (status, made) = house.post(&admin, "/bridges", body).await;
    assert_eq!(status, 201);
    let path = format!("/bridges/{}/test", made["id"].as_str().unwrap());
    let (status, tried) = house.post(&admin, &path, json!({})).await;
    assert_eq!((status, &tried["works"]), (200, &json!(false)));
    assert!(
        tried["advice"]
            .as_str()
            .unwrap()
            .contains("[connect] private"),
        "{tried}"
    );
}

#[tokio::test]
async fn bridges_are_for_admins_and_codes_for_everybody() {
    let house = House::build().await;
    let admin = house.sign_in("admin").await;
    let (_, made) = house.post(&admin, "/bridges", wanted()).await;
    let id = made["id"].as_str().unwrap();
    for login in ["user", "tech", "sec"] {
        let person = house.sign_in(login).await;
        for path in [
            "/bridges".to_owned(),
            "/bridges/platforms".to_owned(),
            format!("/bridges/{id}/letters"),
            format!("/bridges/{id}/people"),
        ] {
            assert_eq!(house.get(&person, &path).await.0, 403, "{login} {path}");
        }
        assert_eq!(house.post(&person, "/bridges", wanted()).await.0, 403);
        assert_eq!(
            house
                .ask(&person, Method::DELETE, &format!("/bridges/{id}"), None)
                .await
                .0,
            403
        );
        let (status, code) = house.post(&person, "/me/bridge-code", json!({})).await;
        assert_eq!(status, 201);
        assert!(code["say"].as_str().unwrap().starts_with("weft-link-"));
    }
    let (status, platforms) = house.get(&admin, "/bridges/platforms").await;
    assert_eq!(status, 200);
    assert!(
        platforms
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["platform"] == "matrix")
    );

    let tie = json!({"remote": "u7", "login": "user"});
    let people = format!("/bridges/{id}/people");
    assert_eq!(
        house.ask(&admin, Method::PUT, &people, Some(tie)).await.0,
        204
    );
    let nobody = json!({"remote": "u7", "login": "weft"});
    assert_eq!(
        house
            .ask(&admin, Method::PUT, &people, Some(nobody))
            .await
            .0,
        404
    );
    let (_, known) = house.get(&admin, &people).await;
    assert_eq!(
        (
            &known["items"][0]["how"],
            &known["items"][0]["account"]["name"]
        ),
        (&json!("admin"), &json!("Name of user"))
    );
    let untie = format!("{people}?remote=u7");
    assert_eq!(house.ask(&admin, Method::DELETE, &untie, None).await.0, 204);
    assert_eq!(house.ask(&admin, Method::DELETE, &untie, None).await.0, 404);
}
