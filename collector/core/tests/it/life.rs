//! The life of an anomaly: one per cause, resolved by itself, relapsed, judged, and never more than the budget.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use weft_collector_core::{
    anomaly::{Anomaly, Budget, Change, Judgement, Rule, Scope, State, preview, reconcile},
    device::{Cohort, CohortBy, DeviceId},
    finding::{Facts, Finding, Kind, Severity, Subject, cause},
};

fn now(hours: i64) -> Timestamp {
    "2026-11-22T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

fn finding(device: u128, what: &str, severity: Severity, to: Timestamp) -> Finding {
    let device = DeviceId(Uuid::from_u128(device));
    Finding {
        kind: Kind::Reboot,
        detector: "reboot.rate".to_owned(),
        subject: Subject::Device(device),
        cause: cause(Kind::Reboot, what, &format!("device:{device}")),
        severity,
        confidence: 0.9,
        score: 1.0,
        from: to,
        to,
        title: what.to_owned(),
        why: vec!["because".to_owned()],
        evidence: Vec::new(),
        devices: vec![device],
        at_risk: Vec::new(),
        facts: Facts::default(),
    }
}

/// Applies changes to what is kept, as the store does.
fn round(
    kept: &mut Vec<Anomaly>,
    findings: &[Finding],
    rules: &[Rule],
    at: Timestamp,
    budget: &Budget,
) -> Vec<String> {
    let mut next = kept.len() as u128 + at.as_second() as u128;
    let reconciled = reconcile(kept, findings, rules, at, budget, &mut || {
        next += 1;
        Uuid::from_u128(next)
    });
    let mut words = Vec::new();
    for change in &reconciled.changes {
        words.push(
            match change {
                Change::Open(_) => "open",
                Change::Update(_) => "update",
                Change::Relapse(_) => "relapse",
                Change::Resolve(_) => "resolve",
            }
            .to_owned(),
        );
        let anomaly = change.anomaly().clone();
        kept.retain(|one| one.id != anomaly.id);
        kept.push(anomaly);
    }
    words.extend(
        reconciled
            .held_back
            .iter()
            .map(|held| format!("held: {}", held.reason)),
    );
    words.extend(reconciled.hidden.iter().map(|_| "hidden".to_owned()));
    words
}

#[test]
fn one_life() {
    let (mut kept, budget) = (Vec::new(), Budget::default());
    let one = |hours: i64| finding(1, "restarts", Severity::Medium, now(hours));
    assert_eq!(
        round(&mut kept, &[one(0), one(0)], &[], now(0), &budget),
        ["open"]
    );
    assert!(round(&mut kept, &[one(0)], &[], now(1), &budget).is_empty());
    assert_eq!(
        round(&mut kept, &[one(2)], &[], now(2), &budget),
        ["update"]
    );
    // The evidence flickers: not yet.
    assert!(round(&mut kept, &[], &[], now(3), &budget).is_empty());
    assert!(round(&mut kept, &[], &[], now(60), &budget).is_empty());
    // Three days without a restart: it is over.
    assert_eq!(round(&mut kept, &[], &[], now(75), &budget), ["resolve"]);
    // The same old evidence is no relapse; newer is.
    assert!(round(&mut kept, &[one(2)], &[], now(76), &budget).is_empty());
    assert_eq!(
        round(&mut kept, &[one(90)], &[], now(91), &budget),
        ["relapse"]
    );
    assert_eq!(
        (kept.len(), kept[0].relapses, kept[0].state),
        (1, 1, State::Open)
    );
}

/// Somebody judged in haste and took it back: the next round shows again what was hidden, and wakes nobody for it.
#[test]
fn a_judgement_taken_back_gives_back_what_it_hid() {
    let (mut kept, budget) = (Vec::new(), Budget::default());
    let one = || finding(1, "restarts", Severity::Medium, now(0));
    round(&mut kept, &[one()], &[], now(0), &budget);
    let rule = Rule::of(
        Uuid::nil(),
        &kept[0],
        Judgement::Expected,
        Scope::Device(kept[0].finding.devices[0]),
        now(1),
        None,
        String::new(),
    );
    let words = round(&mut kept, &[one()], &[rule], now(2), &budget);
    assert_eq!(words, ["resolve", "hidden"]);
    assert_eq!(round(&mut kept, &[one()], &[], now(3), &budget), ["update"]);
    let back = &kept[0];
    assert_eq!((back.state, back.judgement), (State::Open, None));
    assert_eq!((back.relapses, back.resolved_at), (0, None));
    // What ended by itself or by a person's hand is not given back.
    assert_eq!(round(&mut kept, &[], &[], now(75), &budget), ["resolve"]);
    assert!(round(&mut kept, &[one()], &[], now(76), &budget).is_empty());
}

/// Half of the reports are here and look like one outbreak; with the rest there are two causes, and the first goes.
#[test]
fn an_outbreak_that_was_two_causes_makes_room_for_both() {
    let (mut kept, budget) = (Vec::new(), Budget::default());
    let about = |devices: &[u128], what: &str| Finding {
        detector: "reboot.outbreak".to_owned(),
        subject: Subject::Cohort(Cohort {
            by: CohortBy::Fleet,
            value: what.to_owned(),
        }),
        devices: devices
            .iter()
            .map(|device| DeviceId(Uuid::from_u128(*device)))
            .collect(),
        ..finding(devices[0], what, Severity::High, now(0))
    };
    round(
        &mut kept,
        &[about(&[1, 2, 3, 4, 5, 6], "fleet")],
        &[],
        now(0),
        &budget,
    );
    let driver = about(&[1, 2, 3, 7, 8, 9, 10], "driver");
    let build = about(&[4, 5, 6, 11, 12, 13, 14], "build");
    let one = round(
        &mut kept,
        std::slice::from_ref(&driver),
        &[],
        now(1),
        &budget,
    );
    assert_eq!(one, ["open"], "half of its devices are unexplained");
    let two = round(&mut kept, &[driver, build], &[], now(2), &budget);
    assert_eq!(two, ["open", "resolve"]);
}

#[test]
fn a_rule_hides_inside_its_scope_until_its_end() {
    let (mut kept, budget) = (Vec::new(), Budget::default());
    let of = |device| finding(device, "restarts", Severity::Medium, now(0));
    round(&mut kept, &[of(1), of(2)], &[], now(0), &budget);
    let first = kept
        .iter()
        .find(|a| a.finding.devices[0].0 == Uuid::from_u128(1))
        .unwrap()
        .clone();
    let rule = Rule::of(
        Uuid::nil(),
        &first,
        Judgement::Expected,
        Scope::Device(first.finding.devices[0]),
        now(1),
        Some(now(48)),
        String::new(),
    );
    assert_eq!(preview(&kept, &rule, now(-24), now(2)).would_hide, 1);
    assert_eq!(
        round(
            &mut kept,
            &[of(1), of(2)],
            std::slice::from_ref(&rule),
            now(2),
            &budget
        ),
        ["resolve", "hidden"]
    );
    let fleet = Rule {
        scope: Scope::Fleet,
        ..rule.clone()
    };
    assert_eq!(preview(&kept, &fleet, now(-24), now(2)).would_hide, 2);
    // After its end the rule is silent.
    let again = finding(1, "restarts", Severity::Medium, now(60));
    assert_eq!(
        round(&mut kept, &[again], &[rule], now(60), &budget)[0],
        "relapse"
    );
}

#[test]
fn the_budget_holds_and_says_what_it_held_back() {
    let budget = Budget {
        per_device_day: 2,
        per_cohort_day: 4,
        per_fleet_day: 10,
        reserved: 3,
    };
    let mut kept = Vec::new();
    let mut alerts = 0;
    for hour in 0..24 {
        let findings: Vec<Finding> = (0..200)
            .map(|n| {
                let severity = if n % 7 == 0 {
                    Severity::Critical
                } else {
                    Severity::Low
                };
                finding(
                    1 + n % 20,
                    &format!("thing {n} {hour}"),
                    severity,
                    now(hour),
                )
            })
            .collect();
        let words = round(&mut kept, &findings, &[], now(hour), &budget);
        alerts += words
            .iter()
            .filter(|word| *word == "open" || *word == "relapse")
            .count();
        assert!(words.iter().any(|word| word.starts_with("held")));
    }
    assert_eq!(alerts, 10);
    let urgent = kept
        .iter()
        .filter(|a| a.finding.severity == Severity::Critical)
        .count();
    assert!(urgent >= 3, "{urgent}");
    for device in 1..=20 {
        let of_device = kept
            .iter()
            .filter(|a| a.finding.devices[0].0 == Uuid::from_u128(device))
            .count();
        assert!(of_device <= 2);
    }
}
