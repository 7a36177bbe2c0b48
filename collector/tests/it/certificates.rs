//! Who is kept out by their certificate, and what both sides are told.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::KeyPair;
use tonic::{Code, Status};
use weft_collector::{gate::end_device, pki::Authority};
use weft_collector_store::control::devices::State;
use weft_proto::v1::{RenewRequest, enrollment_client::EnrollmentClient};

use super::{
    house::{House, eventually},
    laptop::{Laptop, Talk, endpoint, hello, identity, open, report, request},
};

const DAY: Duration = Duration::from_secs(86_400);

/// With TLS 1.3 a client hears of a refused certificate at connect or at its first call.
async fn try_with(house: &House, certificate: &[u8], key: &KeyPair) -> Result<Talk, Status> {
    let endpoint = endpoint(house, Some(identity(certificate, key)), None);
    match endpoint.connect().await {
        Ok(channel) => open(channel, hello([7; 16], 1)).await,
        Err(error) => Err(Status::unknown(format!("{error:?}"))),
    }
}

async fn refused_in_handshake(house: &House, certificate: &[u8], key: &KeyPair, words: &str) {
    let status = try_with(house, certificate, key)
        .await
        .err()
        .expect("refused");
    assert!(
        !matches!(
            status.code(),
            Code::PermissionDenied | Code::Unauthenticated
        ),
        "judged by a service, not in the handshake: {status:?}"
    );
    eventually("an audit entry of the handshake", async || {
        house.audit("handshake", words).await
    })
    .await;
}

#[tokio::test]
async fn no_certificate_is_refused_by_everything_but_enrolment() {
    let house = House::shared();
    let channel = endpoint(&house, None, None).connect().await.unwrap();
    let status = open(channel.clone(), hello([7; 16], 1))
        .await
        .err()
        .expect("refused");
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("enrol"), "{status:?}");
    let status = EnrollmentClient::new(channel.clone())
        .renew(RenewRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let mut policies = weft_proto::v1::policies_client::PoliciesClient::new(channel);
    let status = policies
        .fetch(weft_proto::v1::FetchPolicyRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_certificate_of_another_authority_fails_the_handshake() {
    let house = House::alone();
    let laptop = Laptop::new(&house).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = Authority::open(elsewhere.path(), Timestamp::now()).unwrap();
    let issued = other
        .issue_device(&request(&laptop.key), laptop.device, Timestamp::now(), DAY)
        .unwrap();
    refused_in_handshake(&house, &issued.chain[0], &laptop.key, "does not know").await;
}

#[tokio::test]
async fn an_expired_certificate_fails_the_handshake() {
    let house = House::alone();
    let laptop = Laptop::new(&house).await;
    let authority = Authority::open(&house.rooms.config.pki_dir(), Timestamp::now()).unwrap();
    let then = Timestamp::now() - SignedDuration::from_hours(72);
    let issued = authority
        .issue_device(&request(&laptop.key), laptop.device, then, DAY)
        .unwrap();
    refused_in_handshake(&house, &issued.chain[0], &laptop.key, "has expired").await;
}

#[tokio::test]
async fn the_collectors_own_certificate_is_no_devices() {
    let house = House::shared();
    let authority = Authority::open(&house.rooms.config.pki_dir(), Timestamp::now()).unwrap();
    let server = authority
        .issue_server(&["localhost".to_owned()], Timestamp::now(), DAY)
        .unwrap();
    let rustls_pki_types::PrivateKeyDer::Pkcs8(key) = &server.key else {
        unreachable!()
    };
    let key = KeyPair::try_from(key.secret_pkcs8_der()).unwrap();
    assert!(try_with(&house, &server.chain[0], &key).await.is_err());
}

#[tokio::test]
async fn revocation_ends_a_live_stream_and_keeps_the_device_out() {
    let house = House::alone();
    let laptop = Laptop::new(&house).await;
    let bystander = Laptop::new(&house).await;
    let mut talk = laptop.open(&house, 3).await;
    let mut other = bystander.open(&house, 3).await;
    talk.send(report(1, 2)).await;
    talk.durable(2).await;
    let rooms = &house.rooms;
    let auditor = weft_collector::audit::Auditor::new(rooms.control.clone(), rooms.clock.clone());
    let ended = end_device(
        &rooms.control,
        &auditor,
        "test",
        laptop.device,
        State::Revoked,
        "stolen",
        Timestamp::now(),
    )
    .await
    .unwrap();
    assert_eq!(ended, Some(1));
    let end = talk.end().await;
    assert_eq!(end.code(), Code::PermissionDenied);
    assert!(end.message().contains("revoked"), "{end:?}");
    let status = try_with(&house, &laptop.certificate, &laptop.key)
        .await
        .err()
        .expect("refused");
    assert_eq!(status.code(), Code::PermissionDenied);
    let channel = laptop.channel(&house).await;
    let renewal = RenewRequest {
        csr: request(&laptop.key).into(),
    };
    let status = EnrollmentClient::new(channel)
        .renew(renewal)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(house.audit("stream", "revoked").await.is_some());
    assert!(house.audit("device.revoke", "stolen").await.is_some());
    other.send(report(1, 2)).await;
    other.durable(2).await;
}

#[tokio::test]
async fn renewal_gives_a_certificate_that_works_beside_the_old_one() {
    let house = House::shared();
    let mut laptop = Laptop::new(&house).await;
    laptop.open(&house, 1).await;
    let key = KeyPair::generate().unwrap();
    let renewal = RenewRequest {
        csr: request(&key).into(),
    };
    let renewed = EnrollmentClient::new(laptop.channel(&house).await)
        .renew(renewal)
        .await
        .unwrap()
        .into_inner();
    laptop.open(&house, 1).await;
    laptop.certificate = renewed.certificate_chain[0].to_vec();
    laptop.key = key;
    let mut talk = laptop.open(&house, 2).await;
    talk.send(report(1, 1)).await;
    talk.durable(1).await;
    assert_eq!(house.books(laptop.device).await.stored, 1);
}

#[tokio::test]
async fn a_rotation_keeps_everybody_in() {
    let house = House::alone();
    let old = Laptop::new(&house).await;
    let before = house.anchors();
    let mut talk = old.open(&house, 1).await;
    Authority::rotate(&house.rooms.config.pki_dir(), Timestamp::now()).unwrap();
    let hint = talk.hint().await;
    assert_eq!(hint, weft_proto::v1::hint::Hint::Renew(true));
    let signed_by = async || {
        let newest = house.rooms.control.certificates().newest(old.device).await;
        newest.unwrap().unwrap().authority
    };
    assert_eq!(signed_by().await, Some(1));
    let renewal = RenewRequest {
        csr: request(&old.key).into(),
    };
    let renewed = EnrollmentClient::new(old.channel(&house).await)
        .renew(renewal)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(renewed.trust_anchors.len(), 2);
    // What `device list` shows, so that IT knows when everybody has renewed.
    assert_eq!(signed_by().await, Some(2));
    // Both certificates work, for an agent that trusts the old authority only.
    assert!(house.anchors().starts_with(&before));
    assert!(try_with(&house, &old.certificate, &old.key).await.is_ok());
    assert!(
        try_with(&house, &renewed.certificate_chain[0], &old.key)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn two_machines_with_one_key_are_found() {
    let house = House::alone();
    let laptop = Laptop::new(&house).await;
    let mut held = Vec::new();
    for round in 0u8..5 {
        let which = round % 2;
        let greeting = hello([which; 16], 1);
        held.push(
            laptop
                .try_open(&house, greeting, Some([127, 0, 0, 2 + which]))
                .await
                .unwrap(),
        );
    }
    let device = house
        .rooms
        .control
        .devices()
        .get(laptop.device)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(device.state, State::Cloned);
    assert!(house.audit("clone", "two machines").await.is_some());
    let end = held[0].end().await;
    assert_eq!(end.code(), Code::Aborted);
}
