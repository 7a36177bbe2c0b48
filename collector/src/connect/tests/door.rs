//! The door: what is signed comes in once, everything else is told why not.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use weft_collector_store::control::audit::Outcome;

use super::*;
use crate::connect::door::{MAX_DELIVERY, router};

struct Knocking {
    house: House,
    bridge: Bridge,
    router: axum::Router,
}

impl Knocking {
    async fn new() -> Self {
        let house = House::new(EVERYTHING).await;
        let bridge = house.bridge("help").await;
        let router = router(house.connect.clone());
        Self {
            house,
            bridge,
            router,
        }
    }

    async fn knock(
        &self,
        bridge: &str,
        sign: Option<&str>,
        body: impl Into<Body>,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/hooks/{bridge}"));
        if let Some(sign) = sign {
            request = request.header("x-sign", sign);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        if !status.is_success() {
            assert_eq!(
                response.headers()["content-type"],
                "application/problem+json"
            );
            assert!(response.headers().contains_key("x-request-id"));
        }
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn deliver(&self, body: &str) -> (StatusCode, Value) {
        self.knock(&self.bridge.id.to_string(), Some("good"), body.to_owned())
            .await
    }
}

#[tokio::test]
async fn a_delivery_comes_in_once() {
    let at = Knocking::new().await;
    let (status, answer) = at.deliver("m1 r1 Ben It restarts").await;
    assert_eq!(
        (status, &answer["taken"]),
        (StatusCode::OK, &Value::from(1))
    );
    let (status, answer) = at.deliver("m1 r1 Ben It restarts").await;
    assert_eq!(
        (status, &answer["repeated"]),
        (StatusCode::OK, &Value::from(true))
    );
    // Another delivery with the same post is known by the post.
    let (_, answer) = at.deliver("m1 r1 Ben It restarts, he says").await;
    assert_eq!(answer["taken"], 0);
    assert_eq!(at.house.state(&at.bridge).await.taken, 1);
}

#[tokio::test]
async fn what_is_not_signed_is_refused_and_written_down() {
    let at = Knocking::new().await;
    let id = at.bridge.id.to_string();
    for (sign, code) in [(None, "unsigned"), (Some("bad"), "forged")] {
        let (status, problem) = at.knock(&id, sign, "m1 r1 Ben forged").await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (StatusCode::UNAUTHORIZED, Some(code))
        );
    }
    let (status, problem) = at.knock(&id, Some("good"), vec![0xff, 0xfe]).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (StatusCode::BAD_REQUEST, Some("unreadable"))
    );
    let written = at.house.control.audit().page(None, 10).await.unwrap();
    assert!(written.len() >= 2);
    assert!(
        written
            .iter()
            .all(|entry| entry.action == "bridge.deliver" && entry.outcome == Outcome::Refused)
    );
    assert_eq!(at.house.state(&at.bridge).await.taken, 0);
    // Who goes on is turned away unread.
    for _ in 0..30 {
        at.knock(&id, Some("bad"), "x").await;
    }
    let (status, _) = at.knock(&id, Some("good"), "m1 r1 Ben real").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn what_is_too_large_or_meant_for_nobody_is_told_so() {
    let at = Knocking::new().await;
    let (status, _) = at.deliver(&"x".repeat(MAX_DELIVERY + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    for unknown in [
        "nonsense",
        "0198c0de-0000-7000-8000-000000000001",
        "..%2f..%2fetc",
    ] {
        let (status, _) = at.knock(unknown, Some("good"), "m1 r1 Ben x").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{unknown}");
    }
    let pause = crate::connect::desk::Alteration {
        change: weft_collector_store::control::bridges::Change {
            enabled: Some(false),
            ..Default::default()
        },
        ..Default::default()
    };
    at.house.connect.alter(at.bridge.id, pause).await.unwrap();
    assert_eq!(at.deliver("m1 r1 Ben x").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_cannot_be_taken_just_now_is_asked_for_again() {
    let at = Knocking::new().await;
    *at.house.dies.lock().unwrap() = Some(Point::Posted);
    assert_eq!(
        at.deliver("m1 r1 Ben first").await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let (status, answer) = at.deliver("m1 r1 Ben first").await;
    assert_eq!(
        (status, &answer["taken"]),
        (StatusCode::OK, &Value::from(1))
    );
    assert_eq!(at.house.state(&at.bridge).await.taken, 1);
}
