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

fn signed_in(account: &str, domain: &str) -> AppUse {
    AppUse {
        account: account.to_owned(),
        account_domain: domain.to_owned(),
        ..use_of(5, "dropbox", 3.0)
    }
}

fn sanctioned() -> Verdict {
    Verdict {
        app: "dropbox".to_owned(),
        verdict: Judged::Sanctioned,
        team: None,
        until: None,
        device: None,
        replace_by: String::new(),
        reason: String::new(),
    }
}

#[test]
fn a_sanctioned_app_under_a_foreign_or_a_personal_account_is_told_as_two_causes() {
    let mut sim = Sim::new(24, 5);
    sim.verdicts = vec![sanctioned()];
    sim.apps
        .push(signed_in("foreign_tenant", "othercorp.example"));
    let mut private = signed_in("personal", "gmail.com");
    private.device = device(6);
    sim.apps.push(private);
    let mut findings = sim.findings(40.0);
    findings.sort_by(|a, b| a.detector.cmp(&b.detector));
    let rules: Vec<&str> = findings.iter().map(|f| f.detector.as_str()).collect();
    assert_eq!(
        rules,
        ["app.foreign_account", "app.personal_account"],
        "{:?}",
        titles(&findings)
    );
    assert!(
        findings[0].why.join(" ").contains("othercorp.example"),
        "{:?}",
        findings[0].why
    );
    assert_eq!(findings[0].devices, [device(5)]);
    assert_eq!(findings[1].devices, [device(6)]);
}

#[test]
fn the_house_own_account_and_a_condemned_apps_personal_one_add_nothing() {
    let mut sim = Sim::new(24, 5);
    sim.verdicts = vec![sanctioned()];
    sim.apps.push(signed_in("business", "example.com"));
    assert!(sim.findings(40.0).is_empty());
    sim.verdicts[0].verdict = Judged::Unsanctioned;
    sim.apps[0] = signed_in("personal", "gmail.com");
    let findings = sim.findings(40.0);
    assert_eq!(titles(&findings).len(), 1, "{:?}", titles(&findings));
    assert_eq!(findings[0].detector, "app.unsanctioned");
}

#[test]
fn a_tolerance_ends_by_itself_and_a_teams_verdict_beats_the_general_one() {
    let mut sim = Sim::new(24, 5);
    sim.apps.push(use_of(5, "dropbox", 3.0));
    let mut tolerated = sanctioned();
    tolerated.verdict = Judged::Tolerated;
    tolerated.until = Some(at(30.0));
    sim.verdicts = vec![tolerated];
    assert!(sim.findings(29.0).is_empty());
    assert_eq!(sim.findings(31.0)[0].detector, "app.unsanctioned");
    let mut team = sanctioned();
    team.team = Some(sim.team(5).to_owned());
    sim.verdicts.push(team);
    assert!(sim.findings(31.0).is_empty());
}

#[test]
fn what_it_rolls_out_and_what_was_there_before_anybody_looked_is_no_news() {
    let mut rollout = Sim::new(24, 5);
    for index in 0..20 {
        rollout
            .apps
            .push(use_of(index, "dropbox", 35.0 + 0.06 * index as f64));
    }
    for day in [35.6, 36.0, 37.0, 38.0, 41.0, 50.0] {
        let findings = rollout.findings(day);
        assert!(findings.is_empty(), "day {day}: {:?}", titles(&findings));
    }
    let mut newcomer = Sim::new(24, 5);
    newcomer.apps.push(use_of(3, "dropbox", 35.0));
    assert!(newcomer.findings(35.2).is_empty(), "wait half a day for IT");
    assert_eq!(newcomer.findings(36.0)[0].detector, "app.new");
    // First seen with the first laptops of the fleet: stock.
    let mut stock = Sim::new(24, 5);
    let enrolled = stock.enrolled;
    stock.apps.push(use_of(3, "dropbox", enrolled + 0.3));
    assert!(stock.findings(enrolled + 1.0).is_empty());
    assert!(stock.findings(enrolled + 7.2).is_empty());
}
