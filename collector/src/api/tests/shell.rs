//! What stands around every operation: cookies, cross-site requests, cursors, limits, headers, one shape of errors.

use super::*;

#[tokio::test]
async fn unsafe_methods_need_the_header() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    for (value, expect) in [
        (None, 403),
        (Some(""), 403),
        (Some("0"), 403),
        (Some("1"), 201),
    ] {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/threads")
            .header(header::COOKIE, &user.cookie)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(value) = value {
            request = request.header(super::super::shell::CSRF, value);
        }
        let body = json!({"space": "help", "title": "T", "markdown": "x"}).to_string();
        let answer = house.raw(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status().as_u16(), expect, "{value:?}");
    }
    // A preflight of another site finds nobody who allows it.
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri("/api/v1/threads")
        .header(header::ORIGIN, "https://evil.example")
        .body(Body::empty())
        .unwrap();
    let answer = house.raw(preflight).await;
    assert!(!answer.status().is_success());
    assert!(
        answer
            .headers()
            .get(header::ACCESS_CONTROL_ALLOW_ORIGIN)
            .is_none()
    );
}

#[tokio::test]
async fn a_session_is_a_http_only_cookie_that_ends() {
    let house = House::build().await;
    let body = json!({"login": "user", "password": PASSWORD});
    let answer = house
        .send(Method::POST, "/api/v1/session", None, Some(body))
        .await;
    let cookie = answer.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    for part in ["weft_session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure"),
        "over plain http a secure cookie would never come back"
    );
    assert!(caller::give("x", true).contains("; Secure"));
    let user = house.sign_in("user").await;
    assert_eq!(house.get(&user, "/me").await.0, 200);
    for forged in [
        "weft_session=",
        "weft_session=x",
        &format!("weft_session={}", "0".repeat(64)),
        "other=1",
    ] {
        let stranger = Person {
            cookie: forged.to_owned(),
            ..user.clone()
        };
        let (status, said) = house.get(&stranger, "/me").await;
        assert_eq!(
            (status, said["code"].as_str()),
            (401, Some("signed_out")),
            "{forged}"
        );
    }
    *house.now.lock().unwrap() += SignedDuration::from_hours(49);
    assert_eq!(house.get(&user, "/me").await.0, 401, "idle for two days");
    let user = house.sign_in("user").await;
    assert_eq!(
        house.ask(&user, Method::DELETE, "/session", None).await.0,
        204
    );
    assert_eq!(house.get(&user, "/me").await.0, 401);
    let (status, said) = {
        let answer = house
            .send(
                Method::POST,
                "/api/v1/session",
                None,
                Some(json!({"login": "user", "password": "wrong"})),
            )
            .await;
        (answer.status().as_u16(), body_of(answer).await)
    };
    assert_eq!((status, said["code"].as_str()), (401, Some("wrong_login")));
}

#[tokio::test]
async fn every_error_has_one_shape_and_every_answer_the_headers() {
    let house = House::build().await;
    let user = house.sign_in("user").await;
    let large = "x".repeat(MAX_BODY + 1);
    let thread = |markdown: &str| json!({"space": "help", "title": "T", "markdown": markdown});
    for (method, path, body, status, code) in [
        ("GET", "/nowhere", None, 404, "not_found"),
        ("DELETE", "/me", None, 405, "method_not_allowed"),
        (
            "POST",
            "/threads",
            Some(json!({"space": "help"})),
            400,
            "invalid_body",
        ),
        ("POST", "/threads", Some(json!("x")), 400, "invalid_body"),
        ("POST", "/threads", Some(thread(&large)), 413, "too_large"),
        (
            "POST",
            "/threads",
            Some(thread(&"x".repeat(65_537))),
            400,
            "unfit_text",
        ),
        (
            "POST",
            "/threads",
            Some(thread(" \u{200b} ")),
            400,
            "unfit_text",
        ),
        ("POST", "/threads", None, 415, "not_json"),
        ("GET", "/threads?limit=0", None, 400, "invalid_limit"),
        ("GET", "/threads?limit=501", None, 400, "invalid_limit"),
        ("GET", "/threads?limit=x", None, 400, "invalid_query"),
        ("GET", "/threads?state=maybe", None, 400, "invalid_query"),
        ("GET", "/threads?cursor=AAAA", None, 400, "invalid_cursor"),
        ("GET", "/anomalies?kind=love", None, 400, "invalid_query"),
        (
            "GET",
            "/anomalies?cursor=%00%ff",
            None,
            400,
            "invalid_cursor",
        ),
    ] {
        let answer = house
            .send(
                method.parse().unwrap(),
                &format!("/api/v1{path}"),
                Some(&user),
                body,
            )
            .await;
        assert_eq!(
            answer.headers()[header::CONTENT_TYPE],
            "application/problem+json",
            "{path}"
        );
        let id = answer.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        let said = body_of(answer).await;
        assert_eq!(said["code"], code, "{method} {path}: {said}");
        assert_eq!(
            (said["request_id"].as_str(), said["status"].as_u64()),
            (Some(id.as_str()), Some(u64::from(status)))
        );
        assert_eq!(said["type"], "about:blank");
    }
    let answer = house
        .send(Method::GET, "/api/v1/openapi.json", None, None)
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers();
    for (name, part) in [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert!(headers[name].to_str().unwrap().contains(part), "{name}");
    }
    let zipped = Request::builder()
        .uri("/api/v1/openapi.json")
        .header(header::ACCEPT_ENCODING, "gzip")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        house.raw(zipped).await.headers()[header::CONTENT_ENCODING],
        "gzip"
    );
}

#[tokio::test]
async fn pages_of_every_sort_meet_and_cursors_do_not_travel() {
    let house = House::build().await;
    let tech = house.sign_in("tech").await;
    for number in 0..5 {
        house.anomaly(Kind::Reboot, &[house.own]).await;
        let body = json!({"space": "help", "title": format!("T{number}"), "markdown": "x"});
        assert_eq!(house.post(&tech, "/threads", body).await.0, 201);
    }
    let sec = house.sign_in("sec").await;
    let boots = format!("/devices/{}/boots", house.own);
    let processes = format!("/devices/{}/processes", house.own);
    let mut cursors = vec![];
    for (path, key, expect) in [
        ("/threads", "id", 5),
        ("/anomalies", "id", 5),
        ("/devices", "id", 2),
        (boots.as_str(), "boot_id", 5),
        (processes.as_str(), "executable_name", 5),
    ] {
        for limit in [1, 2, 4] {
            let mut seen = vec![];
            let mut cursor = String::new();
            loop {
                let (status, page) = house
                    .get(&sec, &format!("{path}?limit={limit}&cursor={cursor}"))
                    .await;
                assert_eq!(status, 200, "{page}");
                let items = page["items"].as_array().unwrap();
                assert!(items.len() <= limit);
                seen.extend(
                    items
                        .iter()
                        .map(|item| item[key].as_str().unwrap().to_owned()),
                );
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
                cursors.push((path, cursor.clone()));
            }
            let whole = house.get(&sec, path).await.1;
            let whole: Vec<_> = whole["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item[key].as_str().unwrap().to_owned())
                .collect();
            assert_eq!((seen.len(), &seen), (expect, &whole), "{path} by {limit}");
        }
    }
    for (path, cursor) in cursors {
        let other = if path == "/threads" {
            "/anomalies"
        } else {
            "/threads"
        };
        let (status, said) = house.get(&sec, &format!("{other}?cursor={cursor}")).await;
        assert_eq!(
            (status, said["code"].as_str()),
            (400, Some("invalid_cursor")),
            "{path} -> {other}"
        );
    }
}
