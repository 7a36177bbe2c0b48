//! Enrolment tokens: who gets in, who does not, and what both sides are told.

use jiff::{SignedDuration, Timestamp};
use tonic::{Code, Status};
use weft_collector_store::control::audit::Outcome;

use super::{
    house::House,
    laptop::{Laptop, endpoint, enroll},
};

async fn refused(house: &House, token: &str) -> Status {
    enroll(house, token, rand::random())
        .await
        .err()
        .expect("refused")
}

#[tokio::test]
async fn a_used_up_token_is_refused_on_both_sides() {
    let house = House::alone();
    let token = house.token(2).await;
    let first = enroll(&house, &token, [1; 16]).await.unwrap();
    let second = enroll(&house, &token, [2; 16]).await.unwrap();
    assert_ne!(first.device, second.device);
    assert_eq!(
        (
            first.answer.device_name.as_str(),
            second.answer.device_name.as_str()
        ),
        ("LT-0001", "LT-0002")
    );
    let status = refused(&house, &token).await;
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("used up"), "{status:?}");
    let entry = house
        .audit("enroll", "used up")
        .await
        .expect("an audit entry");
    assert_eq!(entry.outcome, Outcome::Refused);
    let entry = house
        .audit("enroll", "certificate")
        .await
        .expect("an audit entry");
    assert_eq!(entry.outcome, Outcome::Ok);
    // The same installation asks again: its answer was lost.
    let again = enroll(&house, &token, [1; 16]).await.unwrap();
    assert_eq!(again.device, first.device);
    again.open(&house, 1).await;
}

#[tokio::test]
async fn every_refusal_says_which() {
    let house = House::alone();
    let now = Timestamp::now();
    let (expired, _) = house
        .token_until(1, now - SignedDuration::from_secs(1))
        .await;
    let (revoked, id) = house
        .token_until(1, now + SignedDuration::from_hours(1))
        .await;
    assert!(house.rooms.control.tokens().revoke(id, now).await.unwrap());
    let unknown = weft_collector::enroll::token::generate([9; 20]);
    let mut mistyped = house.token(1).await;
    mistyped.pop();
    for (token, word) in [
        (expired.as_str(), "expired on"),
        (revoked.as_str(), "was revoked"),
        (unknown.as_str(), "unknown"),
        (mistyped.as_str(), "mistyped"),
        ("hunter2", "weft_"),
    ] {
        let status = refused(&house, token).await;
        assert_eq!(status.code(), Code::Unauthenticated);
        assert!(status.message().contains(word), "{word}: {status:?}");
        assert!(
            house.audit("enroll", word).await.is_some(),
            "no audit entry: {word}"
        );
    }
    let devices = house.rooms.control.devices().list().await.unwrap();
    assert!(devices.is_empty(), "a refused laptop became a device");
}

#[tokio::test]
async fn a_bad_request_costs_no_use() {
    use weft_proto::v1::{EnrollRequest, enrollment_client::EnrollmentClient};
    let house = House::shared();
    let token = house.token(1).await;
    let channel = endpoint(&house, None, None).connect().await.unwrap();
    for (csr, installation) in [
        (vec![1, 2, 3], vec![1; 16]),
        (vec![], vec![1; 16]),
        (vec![], vec![1; 3]),
    ] {
        let request = EnrollRequest {
            token: token.clone(),
            csr: csr.into(),
            installation_id: installation.into(),
            ..EnrollRequest::default()
        };
        let status = EnrollmentClient::new(channel.clone())
            .enroll(request)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    }
    enroll(&house, &token, [1; 16]).await.unwrap();
}

#[tokio::test]
async fn the_last_use_is_given_once() {
    let house = House::shared();
    let token = house.token(3).await;
    let tries = (0..10).map(|_| enroll(&house, &token, rand::random()));
    let results = futures::future::join_all(tries).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
}

#[tokio::test]
async fn names_in_the_request_are_not_taken_over() {
    let house = House::shared();
    let laptop = Laptop::new(&house).await;
    let certificate =
        weft_collector::pki::DeviceCertificate::read(&laptop.certificate.clone().into()).unwrap();
    assert_eq!(certificate.device, laptop.device);
    let text = String::from_utf8_lossy(&laptop.certificate).into_owned();
    assert!(!text.contains("attacker"));
    assert!(text.contains(&laptop.device.to_string()));
}
