//! Enrolment and shipping from a queue in memory, as a simulator uses them.

use std::{sync::Arc, time::Duration};

use rand::{Rng, SeedableRng, rngs::SmallRng};
use weft_agent::{
    enroll::{EnrollError, EnrollOptions, Trust, enroll},
    identity::Identity,
    observation::observe,
    transport::{Fault, MemorySource, Options, Outcome, Proxies, Shipper, Traffic, Until, connect},
};
use weft_proto::v1::{Observation, Vitals, hint, observation::Kind};

use crate::{
    collector::{Authority, Collector},
    eventually,
};

pub fn options(collector: &Collector, token: &str) -> EnrollOptions {
    EnrollOptions {
        server: collector.url().parse().unwrap(),
        token: token.into(),
        proxies: Proxies::default(),
        proxy: None,
        trust: Trust::Anchors(vec![collector.authority.der.clone()]),
        installation_id: [7; 16],
        os_type: "linux".into(),
        device_model_name: "test".into(),
        now: jiff::Timestamp::now(),
    }
}

pub fn session() -> Options {
    Options {
        service_version: "0".into(),
        policy_version: 0,
        ship_after: Duration::from_millis(5),
        ship_idle: Duration::from_millis(5),
        clock: jiff::Timestamp::now,
    }
}

pub fn observation(number: u64) -> Observation {
    observe(
        jiff::Timestamp::now(),
        Kind::Vitals(Vitals {
            uptime: number as f64,
            ..Vitals::default()
        }),
    )
}

async fn ship(identity: &Identity, source: &MemorySource) -> Result<Outcome, Fault> {
    let connection = connect(&identity.target(), &Traffic::default()).await?;
    let options = session();
    let shipper = Shipper {
        connection: &connection,
        source,
        observer: &(),
        options: &options,
    };
    shipper.run(Until::Drained).await
}

#[tokio::test]
async fn enrols_and_ships_everything_once() {
    let collector = Collector::start().await;
    let identity = enroll(options(&collector, "good")).await.unwrap();
    let source = MemorySource::new([1; 16]);
    source.push((0..1234).map(observation));
    assert_eq!(ship(&identity, &source).await.unwrap(), Outcome::Drained);
    assert_eq!(source.waiting(), 0);
    let books = collector.books.lock().unwrap();
    let stored = &books.stored[&vec![1; 16]];
    assert_eq!(stored.len(), 1234);
    assert!(books.violations.is_empty(), "{:?}", books.violations);
    for (seq, observation) in stored {
        let Some(Kind::Vitals(vitals)) = &observation.kind else {
            panic!("another kind")
        };
        assert_eq!(vitals.uptime, (*seq - 1) as f64);
    }
}

#[tokio::test]
async fn survives_collectors_that_die_in_the_middle() {
    let mut collector = Collector::start().await;
    let identity = enroll(options(&collector, "good")).await.unwrap();
    let source = Arc::new(MemorySource::new([2; 16]));
    let mut random = SmallRng::seed_from_u64(9);
    let mut pushed = 0;
    for _ in 0..15 {
        source.push((pushed..pushed + 300).map(observation));
        pushed += 300;
        let (shipped, identity) = (Arc::clone(&source), identity.clone());
        let shipping = tokio::spawn(async move { ship(&identity, &shipped).await });
        tokio::time::sleep(Duration::from_millis(random.random_range(0..40))).await;
        collector.restart().await;
        shipping.await.unwrap().ok();
    }
    assert_eq!(ship(&identity, &source).await.unwrap(), Outcome::Drained);
    let books = collector.books.lock().unwrap();
    assert_eq!(books.stored[&vec![2; 16]].len() as u64, pushed);
    assert!(books.violations.is_empty(), "{:?}", books.violations);
}

#[tokio::test]
async fn every_refusal_says_what_to_do() {
    let collector = Collector::start().await;
    let check = |error: EnrollError, words: &str, code: u8| {
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.exit_code(), code, "{error}");
    };
    check(
        enroll(options(&collector, "bad")).await.err().unwrap(),
        "this token is not known",
        77,
    );
    collector.books.lock().unwrap().token_used = true;
    check(
        enroll(options(&collector, "good")).await.err().unwrap(),
        "used up",
        77,
    );
    collector.books.lock().unwrap().token_used = false;

    let mut wrong = options(&collector, "good");
    wrong.trust = Trust::Anchors(vec![Authority::new("somebody else").der]);
    check(enroll(wrong).await.err().unwrap(), "--ca", 69);
    let mut system = options(&collector, "good");
    system.trust = Trust::System;
    let error = enroll(system).await.err().unwrap();
    assert!(error.to_string().contains("--ca FILE"), "{error}");

    let elsewhere = Collector::named(&["weft.example.org"]).await;
    check(
        enroll(options(&elsewhere, "good")).await.err().unwrap(),
        "not for https://127.0.0.1",
        69,
    );
    let mut nobody = options(&collector, "good");
    nobody.server = "127.0.0.1:1".parse().unwrap();
    check(enroll(nobody).await.err().unwrap(), "cannot reach", 69);
}

#[tokio::test]
async fn a_refused_certificate_is_explained() {
    let collector = Collector::start().await;
    let source = MemorySource::new([3; 16]);
    source.push([observation(1)]);

    // Of another authority.
    let stranger = Collector::start().await;
    let mut identity = enroll(options(&stranger, "good")).await.unwrap();
    identity.server = collector.url().parse().unwrap();
    identity.anchors = vec![collector.authority.der.clone()];
    assert_eq!(ship(&identity, &source).await, Err(Fault::DeviceUnknown));

    // Expired.
    collector.books.lock().unwrap().days = -1;
    let identity = enroll(options(&collector, "good")).await.unwrap();
    assert_eq!(ship(&identity, &source).await, Err(Fault::DeviceExpired));
    collector.books.lock().unwrap().days = 30;

    // None at all.
    let good = enroll(options(&collector, "good")).await.unwrap();
    let mut target = good.target();
    target.client = None;
    let connection = connect(&target, &Traffic::default()).await.unwrap();
    let session = session();
    let shipper = Shipper {
        connection: &connection,
        source: &source,
        observer: &(),
        options: &session,
    };
    assert!(matches!(
        shipper.run(Until::Drained).await,
        Err(Fault::Unauthenticated(_))
    ));

    // Revoked, too old.
    collector.books.lock().unwrap().revoked = true;
    let Err(fault) = ship(&good, &source).await else {
        panic!("accepted")
    };
    assert!(
        fault
            .to_string()
            .contains("revoked by IT: revoked on Monday"),
        "{fault}"
    );
    collector.books.lock().unwrap().revoked = false;
    collector.books.lock().unwrap().too_old = true;
    let Err(fault) = ship(&good, &source).await else {
        panic!("accepted")
    };
    assert!(fault.to_string().contains("update the agent"), "{fault}");
    collector.books.lock().unwrap().too_old = false;
    assert_eq!(ship(&good, &source).await, Ok(Outcome::Drained));
}

#[tokio::test]
async fn slow_down_is_obeyed() {
    let collector = Collector::start().await;
    let identity = enroll(options(&collector, "good")).await.unwrap();
    let source = Arc::new(MemorySource::new([4; 16]));
    collector.books.lock().unwrap().hints = vec![hint::Hint::SlowDown(1.0)];
    source.push([observation(1)]);
    let (shipped, session) = (Arc::clone(&source), session());
    let connection = connect(&identity.target(), &Traffic::default())
        .await
        .unwrap();
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(async move {
        let shipper = Shipper {
            connection: &connection,
            source: &*shipped,
            observer: &(),
            options: &session,
        };
        shipper.run(Until::Stopped(stopped)).await
    });
    eventually("the first report", || source.waiting() == 0).await;
    let begun = std::time::Instant::now();
    source.push([observation(2)]);
    eventually("the second report", || source.waiting() == 0).await;
    assert!(
        begun.elapsed() > Duration::from_millis(800),
        "{:?}",
        begun.elapsed()
    );
    running.abort();
}
