//! Role x route: who gets what status. The table is the specification.

use super::*;

/// Statuses for user (owner of LT-1), technician, security, admin; `_` in a path is filled in below.
const TABLE: &[(&str, &str, [u16; 4])] = &[
    ("GET", "/me", [200, 200, 200, 200]),
    ("GET", "/status", [200, 200, 200, 200]),
    ("GET", "/overview", [200, 200, 200, 200]),
    ("GET", "/devices", [200, 200, 200, 200]),
    ("GET", "/devices/OWN", [200, 200, 200, 200]),
    ("GET", "/devices/OWN/boots", [200, 200, 200, 200]),
    ("GET", "/devices/OWN/vitals", [200, 200, 200, 200]),
    ("GET", "/devices/OWN/processes", [200, 403, 200, 200]),
    ("GET", "/devices/OWN/apps", [200, 403, 200, 200]),
    ("GET", "/devices/OWN/observations", [200, 403, 403, 200]),
    ("GET", "/devices/OWN/looks", [200, 403, 403, 200]),
    ("GET", "/devices/OTHER", [404, 200, 200, 200]),
    ("GET", "/devices/OTHER/boots", [404, 200, 200, 200]),
    ("GET", "/devices/OTHER/vitals", [404, 200, 200, 200]),
    ("GET", "/devices/OTHER/processes", [404, 403, 200, 200]),
    ("GET", "/devices/OTHER/apps", [404, 403, 200, 200]),
    ("GET", "/devices/OTHER/observations", [404, 403, 403, 200]),
    ("GET", "/devices/OTHER/looks", [404, 403, 403, 200]),
    ("GET", "/devices/NONE", [404, 404, 404, 404]),
    ("GET", "/devices/not-an-id", [404, 404, 404, 404]),
    ("GET", "/anomalies", [200, 200, 200, 200]),
    ("GET", "/anomalies/REBOOT-OWN", [200, 200, 200, 200]),
    ("GET", "/anomalies/REBOOT-OTHER", [404, 200, 200, 200]),
    ("GET", "/anomalies/REBOOT-BOTH", [200, 200, 200, 200]),
    ("GET", "/anomalies/PROCESS-OWN", [200, 404, 200, 200]),
    ("GET", "/anomalies/PROCESS-OTHER", [404, 404, 200, 200]),
    ("GET", "/anomalies/PROCESS-BOTH", [404, 404, 200, 200]),
    (
        "GET",
        "/anomalies/REBOOT-OWN/judgement/preview?judgement=expected&scope=fleet",
        [403, 200, 200, 200],
    ),
    (
        "GET",
        "/anomalies/REBOOT-OWN/judgement/preview?judgement=expected&scope=device",
        [200, 200, 200, 200],
    ),
    (
        "POST",
        "/anomalies/REBOOT-OWN/acknowledge",
        [200, 200, 200, 200],
    ),
    (
        "POST",
        "/anomalies/REBOOT-BOTH/acknowledge",
        [403, 200, 200, 200],
    ),
    (
        "POST",
        "/anomalies/PROCESS-OWN/resolve",
        [403, 404, 200, 200],
    ),
    ("GET", "/rules", [200, 200, 200, 200]),
    ("POST", "/rules/NONE/end", [404, 404, 404, 404]),
    ("GET", "/spaces", [200, 200, 200, 200]),
    ("GET", "/threads", [200, 200, 200, 200]),
    ("GET", "/threads?space=staff", [404, 200, 200, 200]),
    ("GET", "/threads/OPEN", [200, 200, 200, 200]),
    ("GET", "/threads/OPEN/context", [200, 200, 200, 200]),
    ("GET", "/threads/STAFF", [404, 200, 200, 200]),
    ("GET", "/threads/STAFF/context", [404, 200, 200, 200]),
    ("PUT", "/threads/STAFF/follow", [404, 204, 204, 204]),
    ("POST", "/threads/OPEN/reopen", [403, 200, 200, 200]),
    ("GET", "/apps", [403, 403, 200, 200]),
    ("DELETE", "/apps/dropbox/verdict", [403, 403, 404, 404]),
    ("GET", "/audit", [403, 403, 403, 200]),
    ("GET", "/tokens", [403, 403, 403, 200]),
    ("DELETE", "/tokens/NONE", [403, 403, 403, 404]),
    ("GET", "/accounts", [403, 403, 403, 200]),
];

#[tokio::test]
async fn each_role_gets_what_the_table_says() {
    let house = House::build().await;
    let both = [house.own, house.other];
    let mut places: Vec<(&str, String)> = vec![
        ("OWN", house.own.to_string()),
        ("OTHER", house.other.to_string()),
        ("NONE", Uuid::now_v7().to_string()),
    ];
    for (name, kind, devices) in [
        ("REBOOT-OWN", Kind::Reboot, &both[..1]),
        ("REBOOT-OTHER", Kind::Reboot, &both[1..]),
        ("REBOOT-BOTH", Kind::Reboot, &both[..]),
        ("PROCESS-OWN", Kind::Process, &both[..1]),
        ("PROCESS-OTHER", Kind::Process, &both[1..]),
        ("PROCESS-BOTH", Kind::Process, &both[..]),
    ] {
        places.push((name, house.anomaly(kind, devices).await.to_string()));
    }
    let admin = house.sign_in("admin").await;
    for (name, space) in [("OPEN", "help"), ("STAFF", "staff")] {
        let body = json!({"space": space, "title": "T", "markdown": "x"});
        let (status, thread) = house.post(&admin, "/threads", body).await;
        assert_eq!(status, 201, "{thread}");
        places.push((name, thread["id"].as_str().unwrap().to_owned()));
    }
    // Longer names first: REBOOT-OWN is not REBOOT- and OWN.
    places.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let fill = |path: &str| {
        places
            .iter()
            .fold(path.to_owned(), |path, (name, id)| path.replace(name, id))
    };

    let mut wrong = vec![];
    for (index, login) in ["user", "tech", "sec", "admin"].into_iter().enumerate() {
        let person = house.sign_in(login).await;
        for (method, path, statuses) in TABLE {
            let (status, body) = house
                .ask(&person, method.parse().unwrap(), &fill(path), None)
                .await;
            if status != statuses[index] {
                wrong.push(format!(
                    "{login} {method} {path}: {status}, not {}: {body}",
                    statuses[index]
                ));
            }
            if status >= 400 {
                assert!(
                    body["request_id"].is_string() && body["code"].is_string(),
                    "{path}: {body}"
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (method, path, _) in TABLE {
        let answer = house
            .send(
                method.parse().unwrap(),
                &format!("/api/v1{}", fill(path)),
                None,
                None,
            )
            .await;
        assert_eq!(answer.status().as_u16(), 401, "a stranger: {method} {path}");
    }
}

#[tokio::test]
async fn writing_needs_the_role_and_says_which() {
    let house = House::build().await;
    let verdict = json!({"verdict": "unsanctioned", "reason": "no contract"});
    let account =
        json!({"login": "new", "name": "New", "roles": ["user"], "password": "long enough"});
    let token =
        json!({"name": "t", "uses": 1, "expires_in": 60, "owner": "user", "simulated": true});
    for (login, statuses) in [
        ("user", [403, 403, 403]),
        ("tech", [403, 403, 403]),
        ("sec", [204, 403, 403]),
        ("admin", [204, 201, 201]),
    ] {
        let person = house.sign_in(login).await;
        let (put, said) = house
            .ask(
                &person,
                Method::PUT,
                "/apps/dropbox/verdict",
                Some(verdict.clone()),
            )
            .await;
        let (made, _) = house.post(&person, "/accounts", account.clone()).await;
        let (given, _) = house.post(&person, "/tokens", token.clone()).await;
        assert_eq!([put, made, given], statuses, "{login}");
        if put == 403 {
            assert_eq!(
                said["detail"],
                "this needs one of the roles security, admin"
            );
            assert_eq!(said["code"], "forbidden");
        }
    }
    let admin = house.sign_in("admin").await;
    let (status, again) = house.post(&admin, "/accounts", account).await;
    assert_eq!((status, again["code"].as_str()), (409, Some("login_taken")));
    let (_, made) = house.post(&admin, "/tokens", token).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(crate::enroll::token::check(&secret).is_ok());
    assert_eq!(made["team"], "Sales", "the owner's team");
    let (_, tokens) = house.get(&admin, "/tokens").await;
    assert!(
        !tokens.to_string().contains(&secret),
        "a secret is told once"
    );
    let (_, apps) = house.get(&admin, "/apps").await;
    assert_eq!(apps["items"][0]["verdicts"][0]["verdict"], "unsanctioned");
    let (_, audit) = house.get(&admin, "/audit?limit=500").await;
    for action in ["sign_in", "verdict.put", "account.create", "token.create"] {
        assert!(
            audit["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|entry| entry["action"] == action),
            "{action}"
        );
    }
}

#[tokio::test]
async fn a_users_world_is_the_own_laptop() {
    let house = House::build().await;
    let (user, tech) = (house.sign_in("user").await, house.sign_in("tech").await);
    let (_, devices) = house.get(&user, "/devices").await;
    let names: Vec<_> = devices["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["name"].clone())
        .collect();
    assert_eq!(names, ["LT-1"]);
    assert_eq!(
        house.get(&tech, "/devices").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        house.get(&tech, "/devices?q=lt-2").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let (_, overview) = house.get(&user, "/overview").await;
    assert_eq!(
        (
            &overview["devices"]["total"],
            &overview["observations"]["boot"]
        ),
        (&json!(1), &json!(7))
    );
    let (_, overview) = house.get(&tech, "/overview").await;
    assert_eq!(
        (
            &overview["devices"]["total"],
            &overview["observations"]["boot"]
        ),
        (&json!(2), &json!(100))
    );
}

#[tokio::test]
async fn looks_of_staff_stand_in_the_owners_ledger_and_own_ones_do_not() {
    let house = House::build().await;
    let (user, tech, sec) = (
        house.sign_in("user").await,
        house.sign_in("tech").await,
        house.sign_in("sec").await,
    );
    let device = format!("/devices/{}", house.own);
    house.get(&user, &device).await;
    let looks = format!("{device}/looks");
    assert_eq!(house.get(&user, &looks).await.1["items"], json!([]));
    house.get(&tech, &device).await;
    house.get(&tech, &format!("{device}/boots")).await;
    house.get(&tech, &format!("{device}/boots")).await;
    // A refused look is no look.
    house.get(&tech, &format!("{device}/processes")).await;
    house.get(&sec, &format!("{device}/processes")).await;
    let (_, ledger) = house.get(&user, &looks).await;
    let entries: Vec<_> = ledger["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|look| {
            format!(
                "{}: {}",
                look["who"]["name"].as_str().unwrap(),
                look["what"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        entries,
        [
            "Name of sec: processes",
            "Name of tech: device page, restarts"
        ]
    );
}

#[tokio::test]
async fn revoking_takes_the_certificate_at_once() {
    let house = House::build().await;
    let (tech, admin) = (house.sign_in("tech").await, house.sign_in("admin").await);
    let path = format!("/devices/{}/revoke", house.own);
    assert_eq!(
        house
            .post(&tech, &path, json!({"reason": "stolen"}))
            .await
            .0,
        403
    );
    assert_eq!(
        house.post(&admin, &path, json!({"reason": " "})).await.0,
        400
    );
    assert!(!house.api.revocations.contains("serial-LT-1"));
    let (status, device) = house.post(&admin, &path, json!({"reason": "stolen"})).await;
    assert_eq!((status, device["state"].as_str()), (200, Some("revoked")));
    assert!(house.api.revocations.contains("serial-LT-1"));
    assert!(!house.api.revocations.contains("serial-LT-2"));
}
