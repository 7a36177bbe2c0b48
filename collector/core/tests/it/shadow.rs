//! Shadow IT: a team that drifts to an app, verdicts that silence or raise it.

use weft_collector_core::{
    evidence::AppUse,
    verdict::{Judged, Verdict},
};

use crate::sim::{Sim, at, device, titles};

fn use_of(index: usize, app: &str, day: f64) -> AppUse {
    AppUse {
        device: device(index),
        app: app.to_owned(),
        name: "Dropbox".to_owned(),
        category: "cloud_sync".to_owned(),
        state: "running_now".to_owned(),
        confidence: 0.95,
        first: at(day),
        last: at(day + 1.0),
        ..AppUse::default()
    }
}

/// Devices 0..3 and 16..19 and 32.. are Design.
fn drifting() -> Sim {
    let mut sim = Sim::new(64, 5);
    let design: Vec<usize> = (0..64)
        .filter(|index| sim.team(*index) == "Design")
        .collect();
    for (n, index) in design.iter().take(9).enumerate() {
        sim.apps
            .push(use_of(*index, "dropbox", 2.0 + 4.4 * n as f64));
    }
    sim
}

#[test]
fn a_team_drifting_to_an_app_is_one_finding() {
    let sim = drifting();
    let findings = sim.findings(40.0);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert_eq!(findings[0].detector, "app.growth");
    assert!(
        findings[0].title.contains("Dropbox") && findings[0].title.contains("Design"),
        "{}",
        findings[0].title
    );
    assert!(
        findings[0].why.iter().any(|why| why.contains("weeks")),
        "{:?}",
        findings[0].why
    );
}

#[test]
fn verdicts_decide() {
    let mut sim = drifting();
    let mut verdict = Verdict {
        app: "dropbox".to_owned(),
        verdict: Judged::Sanctioned,
        team: None,
        device: None,
        until: None,
        reason: String::new(),
        replace_by: String::new(),
    };
    sim.verdicts = vec![verdict.clone()];
    assert!(sim.findings(40.0).is_empty());
    verdict.verdict = Judged::Unsanctioned;
    sim.verdicts = vec![verdict];
    let findings = sim.findings(40.0);
    assert!(
        findings.iter().any(|f| f.detector == "app.unsanctioned"),
        "{:?}",
        titles(&findings)
    );
    assert!(findings.iter().all(|f| f.cause.ends_with("team:design")));
}

#[test]
fn the_first_of_its_kind_is_news_for_a_week() {
    let mut sim = Sim::new(30, 6);
    sim.apps.push(use_of(3, "rclone", 10.0));
    assert_eq!(sim.findings(11.0)[0].detector, "app.new");
    assert!(sim.findings(20.0).is_empty());
}

#[test]
fn everything_at_enrolment_is_no_growth() {
    let mut sim = Sim::new(32, 7);
    sim.enrolled = 0.0;
    for index in 0..32 {
        sim.apps
            .push(use_of(index, "onedrive", 0.1 + 0.01 * index as f64));
    }
    let findings = sim.findings(20.0);
    assert!(findings.is_empty(), "{:?}", titles(&findings));
}
