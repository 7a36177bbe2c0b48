//! Anomalies, links, verdicts and judgements against a real database.

#![allow(clippy::unwrap_used)]

use weft_collector_core::{
    anomaly::{Rule, Scope as RuleScope},
    device::{Cohort, CohortBy},
    finding::{Facts, Finding},
    link::{Link, LinkState, Reason},
    verdict::{Judged, Verdict},
};

use super::*;
use crate::control::testing::control;
use crate::control::{accounts::SYSTEM, judgements::Said, posts::NewPost, threads::NewThread};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
}

fn anomaly(kind: Kind, severity: Severity, minute: i64, devices: &[DeviceId]) -> Anomaly {
    Anomaly {
        id: Uuid::now_v7(),
        state: State::Open,
        judgement: None,
        opened_at: at(minute),
        updated_at: at(minute),
        resolved_at: None,
        relapses: 0,
        finding: Finding {
            kind,
            detector: format!("{}.test", kind.as_str()),
            subject: match devices {
                [one] => Subject::Device(*one),
                _ => Subject::Cohort(Cohort {
                    by: CohortBy::Model,
                    value: "T14".to_owned(),
                }),
            },
            cause: "cause".to_owned(),
            severity,
            confidence: 0.9,
            score: 3.0,
            from: at(0),
            to: at(minute),
            title: format!("{} at {minute}", kind.as_str()),
            why: vec!["because of Überhitzung".to_owned()],
            evidence: vec![],
            devices: devices.to_vec(),
            at_risk: vec![],
            facts: Facts::default(),
        },
    }
}

#[tokio::test]
async fn kept_anomalies_come_back_whole_sorted_and_scoped() {
    let (_dir, control) = control().await;
    let (mine, other) = (DeviceId(Uuid::now_v7()), DeviceId(Uuid::now_v7()));
    let crash = anomaly(Kind::Reboot, Severity::High, 1, &[mine]);
    let odd = anomaly(Kind::Process, Severity::Critical, 2, &[mine, other]);
    let disk = anomaly(Kind::Capacity, Severity::High, 3, &[other]);
    for anomaly in [&crash, &odd, &disk] {
        control.anomalies().save(anomaly, false).await.unwrap();
        control.anomalies().save(anomaly, false).await.unwrap();
    }
    assert_eq!(
        control
            .anomalies()
            .get(odd.id)
            .await
            .unwrap()
            .unwrap()
            .anomaly,
        odd
    );

    let ids = async |wanted: Wanted, scope: Scope, after| {
        let found = control
            .anomalies()
            .list(&wanted, &scope, after, 10)
            .await
            .unwrap();
        found
            .into_iter()
            .map(|kept| kept.anomaly.id)
            .collect::<Vec<_>>()
    };
    let all = Wanted::default;
    assert_eq!(
        ids(all(), Scope::everything(), None).await,
        [odd.id, disk.id, crash.id]
    );
    let place = Some((3, disk.updated_at, disk.id));
    assert_eq!(ids(all(), Scope::everything(), place).await, [crash.id]);
    let own = Scope {
        own: vec![mine],
        shared: vec![Kind::Reboot],
        ..Scope::default()
    };
    // The process anomaly is about two laptops: neither owner learns of it.
    assert_eq!(ids(all(), own.clone(), None).await, [crash.id]);
    let technician = Scope {
        kinds: vec![Kind::Reboot, Kind::Capacity],
        ..Scope::default()
    };
    assert_eq!(ids(all(), technician, None).await, [disk.id, crash.id]);
    assert!(ids(all(), Scope::default(), None).await.is_empty());
    let words = Wanted {
        words: "überhitzung reboot".to_owned(),
        ..all()
    };
    assert_eq!(ids(words, Scope::everything(), None).await, [crash.id]);
    let device = Wanted {
        device: Some(other),
        kind: Some(Kind::Capacity),
        severity: Some(Severity::High),
        states: vec![State::Open],
        ..all()
    };
    assert_eq!(ids(device, Scope::everything(), None).await, [disk.id]);
    assert_eq!(
        control.anomalies().counts(&all(), &own).await.unwrap(),
        [(Kind::Reboot, 1)]
    );
    let mut open = control
        .anomalies()
        .open_by_device(&[Kind::Reboot, Kind::Process])
        .await
        .unwrap();
    open.sort();
    let mut expect = vec![(mine, 2), (other, 1)];
    expect.sort();
    assert_eq!(open, expect);
}

#[tokio::test]
async fn resolved_anomalies_stay_known_while_they_may_relapse() {
    let (_dir, control) = control().await;
    let device = DeviceId(Uuid::now_v7());
    let one = anomaly(Kind::Reboot, Severity::High, 1, &[device]);
    control.anomalies().save(&one, true).await.unwrap();
    let judged = Some(Judgement::Expected);
    assert!(
        control
            .anomalies()
            .decide(one.id, State::Resolved, judged, at(10))
            .await
            .unwrap()
    );
    assert!(
        !control
            .anomalies()
            .decide(Uuid::now_v7(), State::Resolved, None, at(10))
            .await
            .unwrap()
    );
    let kept = control.anomalies().get(one.id).await.unwrap().unwrap();
    assert_eq!(
        (
            kept.anomaly.state,
            kept.anomaly.judgement,
            kept.anomaly.resolved_at,
            kept.simulated
        ),
        (State::Resolved, judged, Some(at(10)), true)
    );
    assert_eq!(control.anomalies().known(at(9)).await.unwrap().len(), 1);
    assert_eq!(control.anomalies().known(at(11)).await.unwrap().len(), 0);
    assert!(
        control
            .anomalies()
            .decide(one.id, State::Acknowledged, None, at(12))
            .await
            .unwrap()
    );
    let kept = control.anomalies().get(one.id).await.unwrap().unwrap();
    assert_eq!(
        (kept.anomaly.judgement, kept.anomaly.resolved_at),
        (judged, None)
    );
}

#[tokio::test]
async fn the_linker_never_overrules_a_person() {
    let (_dir, control) = control().await;
    let one = anomaly(Kind::Reboot, Severity::High, 1, &[DeviceId(Uuid::now_v7())]);
    control.anomalies().save(&one, false).await.unwrap();
    let thread = Uuid::now_v7();
    let new = NewThread {
        id: thread,
        space: control.spaces().find("help").await.unwrap().unwrap().id,
        title: "t".to_owned(),
        author: SYSTEM,
        at: at(1),
        simulated: false,
    };
    let first = NewPost {
        id: Uuid::now_v7(),
        thread,
        author: SYSTEM,
        at: at(1),
        markdown: "m".to_owned(),
        ..NewPost::default()
    };
    control.threads().open(new, first).await.unwrap();
    let link = |state, score| Link {
        anomaly: one.id,
        thread,
        score,
        state,
        reasons: vec![Reason {
            feature: "owner".to_owned(),
            weight: 0.5,
            text: "the author owns this laptop".to_owned(),
        }],
    };
    let links = control.links();
    assert!(
        links
            .propose(&link(LinkState::Suggested, 0.6), at(1))
            .await
            .unwrap()
    );
    assert!(
        links
            .propose(&link(LinkState::Automatic, 0.9), at(2))
            .await
            .unwrap()
    );
    assert_eq!(
        links.get(one.id, thread).await.unwrap(),
        Some(link(LinkState::Automatic, 0.9))
    );
    links
        .decide(&link(LinkState::Rejected, 0.9), Uuid::now_v7(), at(3))
        .await
        .unwrap();
    assert!(
        !links
            .propose(&link(LinkState::Automatic, 0.99), at(4))
            .await
            .unwrap()
    );
    links.withdraw(one.id, thread).await.unwrap();
    let found = links.of_threads(vec![thread]).await.unwrap();
    assert_eq!(found, [link(LinkState::Rejected, 0.9)]);
    assert_eq!(links.of_anomalies(vec![one.id]).await.unwrap(), found);
    assert_eq!(links.counts().await.unwrap()[&LinkState::Rejected], 1);
}

#[tokio::test]
async fn one_verdict_per_app_and_scope() {
    let (_dir, control) = control().await;
    let verdict = |team: Option<&str>, verdict| Verdict {
        app: "dropbox".to_owned(),
        verdict,
        team: team.map(str::to_owned),
        device: None,
        until: Some(at(100)),
        replace_by: String::new(),
        reason: "r".to_owned(),
    };
    let verdicts = control.verdicts();
    for given in [
        verdict(None, Judged::Unsanctioned),
        verdict(Some("design"), Judged::Tolerated),
        verdict(None, Judged::Sanctioned),
    ] {
        verdicts.put(&given, SYSTEM, at(1)).await.unwrap();
    }
    let found: Vec<_> = verdicts
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|given| given.verdict)
        .collect();
    assert_eq!(
        found,
        [
            verdict(None, Judged::Sanctioned),
            verdict(Some("design"), Judged::Tolerated)
        ]
    );
    assert!(verdicts.remove("dropbox", Some("design")).await.unwrap());
    assert!(!verdicts.remove("dropbox", Some("design")).await.unwrap());
    assert_eq!(verdicts.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_judgement_rule_ends_by_time_by_hand_or_by_a_newer_one() {
    let (_dir, control) = control().await;
    let device = DeviceId(Uuid::now_v7());
    let one = anomaly(Kind::Reboot, Severity::High, 1, &[device]);
    control.anomalies().save(&one, false).await.unwrap();
    let said = |minute, until: Option<i64>| Said {
        rule: Rule::of(
            Uuid::now_v7(),
            &one,
            Judgement::Expected,
            RuleScope::Device(device),
            at(minute),
            until.map(at),
            "test bench".to_owned(),
        ),
        anomaly: one.id,
        by: SYSTEM,
    };
    let (first, second) = (said(1, Some(50)), said(2, None));
    let rules = control.judgements();
    rules.add(&first).await.unwrap();
    assert_eq!(
        rules.in_force(at(49)).await.unwrap(),
        vec![first.rule.clone()]
    );
    assert!(rules.in_force(at(50)).await.unwrap().is_empty());
    rules.add(&second).await.unwrap();
    assert_eq!(
        rules.in_force(at(10)).await.unwrap(),
        vec![second.rule.clone()]
    );
    assert_eq!(
        rules.of_anomaly(one.id, at(10)).await.unwrap(),
        Some(second.clone())
    );
    assert!(rules.end(second.rule.id, at(11)).await.unwrap());
    assert!(!rules.end(second.rule.id, at(12)).await.unwrap());
    assert!(rules.in_force(at(12)).await.unwrap().is_empty());
}
