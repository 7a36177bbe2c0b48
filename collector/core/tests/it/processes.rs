//! Programs: ordinary ones stay unnamed, odd ones are found by rarity, place and lineage.

use weft_collector_core::{event::BootEnd, finding::Severity};

use crate::sim::{Sim, at, device, titles};

fn fleet(devices: usize) -> Sim {
    let mut sim = Sim::new(devices, 77);
    sim.ordinary_programs();
    sim
}

#[test]
fn an_unowned_program_in_a_temporary_folder_is_found() {
    for devices in [12, 300] {
        let mut sim = fleet(devices);
        sim.seen("content:aa:helper", "temp", &[(5, 20.0)])
            .executable_path = "/tmp/.x/helper".to_owned();
        let findings = sim.findings(20.6);
        assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
        assert_eq!(findings[0].detector, "process.rare");
        assert_eq!(findings[0].devices, [device(5)]);
    }
}

#[test]
fn portable_tools_updates_compilers_and_rollouts_do_not_cry() {
    let mut sim = fleet(60);
    // A portable tool in somebody's home.
    sim.seen("content:bb:ripgrep", "home", &[(5, 20.0)])
        .executable_path = "~/bin/rg".to_owned();
    // A developer's own work.
    for n in 0..5 {
        sim.seen(&format!("built:target|debug:app{n}"), "home", &[(6, 19.0)])
            .executable_path = "~/src/app/target/debug/app".to_owned();
    }
    // A browser that updates itself.
    sim.seen(
        "signed:mozilla:firefox.exe",
        "home",
        &[(1, 19.0), (2, 19.5), (3, 20.0), (4, 20.2)],
    )
    .signer = "Mozilla Corporation".to_owned();
    // A rollout by IT: unsigned, but owned; everywhere within a day.
    let everybody: Vec<(usize, f64)> = (0..60).map(|n| (n, 18.0 + 0.01 * n as f64)).collect();
    sim.seen("package:msi:vpn:vpn", "program_path", &everybody)
        .package = "msi:vpn@3.1".to_owned();
    // An unowned agent pushed everywhere at once.
    sim.seen("content:cc:inventory", "other_place", &everybody);
    let findings = sim.findings(20.6);
    assert!(findings.is_empty(), "{:?}", titles(&findings));
}

#[test]
fn a_borrowed_name_is_found() {
    let mut sim = fleet(40);
    let fake = sim.seen("content:dd:svchost.exe", "home", &[(7, 20.0)]);
    fake.executable_path = r"C:\Users\Public\svchost.exe".to_owned();
    let findings = sim.findings(20.6);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert_eq!(findings[0].detector, "process.masquerade");
}

#[test]
fn a_known_program_under_an_odd_parent_is_found() {
    let mut sim = fleet(40);
    let everybody: Vec<(usize, f64)> = (0..40).map(|n| (n, -20.0)).collect();
    sim.seen("signed:microsoft:excel.exe", "program_path", &everybody)
        .signer = "Microsoft".to_owned();
    sim.seen("signed:microsoft:powershell.exe", "system_path", &everybody)
        .signer = "Microsoft".to_owned();
    // The same shell, on one machine, started by a spreadsheet, and with nobody's signature read.
    let odd = sim.seen("content:ee:powershell.exe", "system_path", &[(9, 20.0)]);
    odd.seen[0].parent_executable_name = "excel.exe".to_owned();
    odd.user_class = "person".to_owned();
    odd.devices_with_name = 41;
    let findings = sim.findings(20.6);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert!(
        findings[0].why.iter().any(|why| why.contains("excel")),
        "{:?}",
        findings[0].why
    );
}

#[test]
fn spread_from_device_to_device_is_one_finding_with_its_curve() {
    let mut sim = fleet(60);
    sim.seen(
        "content:ff:updatr",
        "home",
        &[
            (0, 16.1),
            (1, 17.4),
            (2, 18.2),
            (17, 18.9),
            (18, 19.6),
            (3, 20.1),
        ],
    );
    let findings = sim.findings(20.6);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert_eq!(findings[0].detector, "process.spread");
    assert_eq!(findings[0].devices.len(), 6);
    assert!(findings[0].why[0].contains("by"), "{:?}", findings[0].why);
}

#[test]
fn the_first_days_of_a_fleet_say_so() {
    let mut sim = Sim::new(12, 78);
    sim.enrolled = 19.0;
    sim.ordinary_programs();
    sim.seen("content:aa:svchost.exe", "temp", &[(5, 20.0)])
        .user_class = "system".to_owned();
    let findings = sim.findings(20.6);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert!(findings[0].severity <= Severity::Low);
    assert!(
        findings[0].why.iter().any(|why| why.contains("watched")),
        "{:?}",
        findings[0].why
    );
}

/// History without packages or signatures, of four machines and two days: place and lineage must carry it.
#[test]
fn a_few_machines_and_no_signatures_still_rank_the_odd_one_first() {
    let mut sim = Sim::new(4, 79);
    sim.enrolled = 0.0;
    let everybody: Vec<(usize, f64)> = (0..4).map(|n| (n, 0.1)).collect();
    for name in [
        "chrome.exe",
        "outlook.exe",
        "explorer.exe",
        "teams.exe",
        "winword.exe",
    ] {
        let known = sim.seen(
            &format!("content:{name}:{name}"),
            "program_path",
            &everybody,
        );
        known.executable_path = format!(r"C:\Program Files\{name}");
    }
    for n in 0..4 {
        // Portable tools of each person.
        sim.seen(&format!("content:own{n}:tool{n}.exe"), "home", &[(n, 0.5)]);
    }
    let odd = sim.seen("content:zz:invoice.exe", "temp", &[(2, 1.5)]);
    odd.seen[0].parent_executable_name = "winword.exe".to_owned();
    let ranking = weft_collector_core::detect::process::ranking(
        &sim.evidence(2.0),
        &weft_collector_core::detect::Settings::default(),
    );
    assert_eq!(ranking[0].executable_name, "invoice.exe", "{ranking:?}");
    let findings = sim.findings(2.0);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert!(findings[0].severity <= Severity::Low);
}

/// The story of the first page: restarts every two hours and an odd process on one laptop, then on its neighbours.
#[test]
fn restarts_and_a_process_on_neighbours_are_one_critical_anomaly() {
    let mut sim = fleet(60);
    sim.ordinary(-30.0, 21.0, 0.008);
    let neighbours = [0usize, 1, 2];
    sim.ends.retain(|(of, _)| !neighbours.contains(of));
    sim.seen(
        "content:ab:kworkerd",
        "temp",
        &[(0, 16.0), (1, 18.0), (2, 19.0)],
    );
    for (index, start) in [(0usize, 16.2), (1, 18.2), (2, 19.2)] {
        let mut day = start;
        while day < 20.5 {
            day += (2.05 + sim.chance.between(-0.05, 0.05)) / 24.0;
            sim.end(index, day, BootEnd::Crash, 2.0);
        }
    }
    let alone = sim.findings(17.5);
    assert_eq!(
        alone[0].detector,
        "compound.malware",
        "{:?}",
        titles(&alone)
    );
    assert_eq!(alone[0].severity, Severity::High);

    let findings = sim.findings(20.6);
    assert_eq!(
        findings[0].detector,
        "compound.malware",
        "{:?}",
        titles(&findings)
    );
    assert_eq!(findings[0].severity, Severity::Critical);
    assert_eq!(findings[0].devices, [device(0), device(1), device(2)]);
    assert_eq!(findings[0].from, at(16.0));
    // It absorbs its parts.
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert!(
        findings[0]
            .why
            .iter()
            .any(|why| why.contains("takes the place of"))
    );
    assert_eq!(findings[0].cause, alone[0].cause);
}

/// By default nothing of a path in a home travels: the agent's word "workshop" tells a developer's own builds, and each
/// build is the same program however its content changes.
#[test]
fn a_developers_builds_are_told_by_the_agents_word() {
    use weft_collector_core::detect::process::identity_of;
    let built = |sim: &mut Sim, sha: &str, day: f64, traits: Vec<String>| {
        let process = sim.seen("", "home", &[(3, day)]);
        process.executable_name = "api-server".to_owned();
        process.executable_path = "~".to_owned();
        process.executable_sha256 = sha.to_owned();
        // On a machine for experiments a person often is root.
        process.user_class = "system".to_owned();
        process.traits = traits;
    };
    let findings = |traits: &[&str]| {
        let mut sim = Sim::new(40, 8);
        sim.ordinary_programs();
        for day in 20..30 {
            let traits = traits.iter().map(|one| (*one).to_owned()).collect();
            built(
                &mut sim,
                &format!("{day:064x}"),
                f64::from(day) + 0.4,
                traits,
            );
        }
        sim.findings(30.2)
    };
    let told = findings(&["workshop"]);
    assert!(told.is_empty(), "{:?}", titles(&told));
    assert!(
        !findings(&[]).is_empty(),
        "without the word they are strangers"
    );

    let mut sim = Sim::new(1, 1);
    built(&mut sim, "aa", 1.0, vec!["workshop".to_owned()]);
    built(&mut sim, "bb", 2.0, vec!["workshop".to_owned()]);
    let names: Vec<String> = sim.processes.iter().map(identity_of).collect();
    assert_eq!(names[0], names[1]);
    // A word of the agent's never takes a program from its owner.
    sim.processes[0].package = "dpkg:api@1".to_owned();
    assert_eq!(
        identity_of(&sim.processes[0]),
        "package:dpkg:api:api-server"
    );
}
