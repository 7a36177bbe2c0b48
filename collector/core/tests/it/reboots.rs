//! Restarts: quiet fleets stay quiet, planted stories are found under their right name.

use std::collections::BTreeSet;

use weft_collector_core::{event::BootEnd, finding::Severity};

use crate::sim::{Sim, device, titles};

/// Sixty quiet days, patch days, daily habits and developers included. Each day is one round; a round may not find anything.
#[test]
fn quiet_fleets_stay_quiet() {
    let mut alerts = 0;
    let mut days = 0;
    for (devices, seed) in [(40, 1), (40, 2), (40, 3), (10, 4), (10, 5), (120, 6)] {
        let mut sim = Sim::new(devices, seed);
        sim.ordinary(-30.0, 60.0, 0.012);
        sim.ordinary_programs();
        let mut causes = std::collections::BTreeSet::new();
        for day in 1..=60 {
            for finding in sim.findings(f64::from(day)) {
                if causes.insert(finding.cause.clone()) {
                    eprintln!("fleet {seed} of {devices}, day {day}: {}", finding.title);
                    alerts += 1;
                }
            }
        }
        days += devices * 60;
    }
    let per_device_day = f64::from(alerts) / days as f64;
    assert!(
        per_device_day < 0.0005,
        "{alerts} alerts in {days} healthy device-days"
    );
}

/// Case 48: one unexpected end a day among laptops that have none; a developer's five clean restarts a day.
#[test]
fn one_a_day_for_five_days_is_seen_and_five_clean_restarts_are_not() {
    for devices in [10, 300] {
        let mut sim = Sim::new(devices, 11);
        sim.ordinary(-30.0, 10.0, 0.01);
        for day in 3..8 {
            sim.end(
                1,
                f64::from(day) + 0.4 + 0.05 * f64::from(day % 3),
                BootEnd::Crash,
                3.0 + f64::from(day),
            );
            for part in 0..5 {
                sim.end(
                    2,
                    f64::from(day) + 0.3 + 0.1 * f64::from(part),
                    BootEnd::CleanRestart,
                    2.0,
                );
            }
        }
        let findings = sim.findings(8.2);
        let of_one: Vec<_> = findings
            .iter()
            .filter(|f| f.devices.contains(&device(1)))
            .collect();
        assert_eq!(of_one.len(), 1, "{:?}", titles(&findings));
        assert_eq!(of_one[0].detector, "reboot.rate");
        assert!(
            !findings.iter().any(|f| f.devices.contains(&device(2))),
            "{:?}",
            titles(&findings)
        );
    }
}

/// Devices that crash 0.6 to 1.5 times a day for ten days, among healthy ones, on seeds that no threshold was chosen on.
#[test]
fn most_bad_devices_are_found_and_few_good_ones_are_named() {
    for (devices, seeds) in [(10, 12u64), (300, 4)] {
        let (mut planted, mut found, mut wrong) = (0, 0, 0);
        for seed in 0..seeds {
            let mut sim = Sim::new(devices, 7_100 + seed);
            sim.ordinary(-30.0, 30.0, 0.012);
            let bad: BTreeSet<usize> = (0..(devices / 60).max(1))
                .map(|n| (n * 37 + seed as usize * 5 + 1) % devices)
                .collect();
            for index in &bad {
                let rate = sim.chance.between(0.6, 1.5);
                let mut day = 15.0;
                loop {
                    day += -(sim.chance.unit().max(1e-9)).ln() / rate;
                    if day >= 25.0 {
                        break;
                    }
                    let uptime = sim.chance.between(0.5, 9.0);
                    sim.end(*index, day, BootEnd::Crash, uptime);
                }
            }
            let (mut seen, mut causes) = (BTreeSet::new(), BTreeSet::new());
            for day in 16..=26 {
                for finding in sim.findings(f64::from(day)) {
                    let hit: Vec<usize> = bad
                        .iter()
                        .copied()
                        .filter(|index| finding.devices.contains(&device(*index)))
                        .collect();
                    if hit.is_empty() && causes.insert(finding.cause.clone()) {
                        wrong += 1;
                    }
                    seen.extend(hit);
                }
            }
            planted += bad.len();
            found += seen.len();
        }
        eprintln!("{devices} devices: {found} of {planted} found, {wrong} wrong");
        assert!(
            found * 100 >= planted * 95,
            "{devices} devices: {found} of {planted}"
        );
        assert!(
            found * 100 >= (found + wrong) * 90,
            "{devices} devices: {wrong} wrong"
        );
    }
}

#[test]
fn a_crash_loop_is_urgent() {
    let mut sim = Sim::new(20, 12);
    for minute in [0.0, 9.0, 17.0, 31.0] {
        sim.end(4, 20.0 + minute / 1_440.0, BootEnd::Crash, 0.1);
    }
    let findings = sim.findings(20.1);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert_eq!(findings[0].detector, "reboot.crash_loop");
    assert_eq!(findings[0].severity, Severity::High);
}

/// The contract: named within six restarts, the interval within five per cent, whatever the night and missed beats do.
#[test]
fn every_two_hours_is_named_within_six() {
    let mut named = 0;
    let mut tried = 0;
    for seed in 0..60 {
        let mut sim = Sim::new(30, 100 + seed);
        sim.ordinary(-30.0, 30.0, 0.01);
        sim.ends.retain(|(of, _)| *of != 3);
        let period = 2.05 + 0.2 * (seed as f64 / 60.0);
        let mut now = 30.35;
        for beat in 0..6 {
            if beat == 4 && seed % 2 == 0 {
                now += 0.6; // the night
            }
            let jitter = sim.chance.between(-4.0, 4.0) / 60.0;
            now += (period + jitter) / 24.0;
            sim.end(3, now, BootEnd::PowerLossOrHang, period + jitter - 0.03);
        }
        tried += 1;
        let findings = sim.findings(now + 0.02);
        let Some(finding) = findings
            .iter()
            .find(|f| f.detector == "reboot.periodic" && f.devices == [device(3)])
        else {
            eprintln!("seed {seed}: {:?}", titles(&findings));
            continue;
        };
        let stated = stated_hours(&finding.title);
        assert!(
            (stated - period).abs() / period < 0.05,
            "{} is not {period}",
            finding.title
        );
        named += 1;
    }
    assert!(named * 100 >= tried * 95, "{named} of {tried}");
}

#[test]
fn missed_beats_do_not_hide_the_beat() {
    let mut sim = Sim::new(30, 13);
    let mut hours = 30.0 * 24.0;
    for beat in 0..14 {
        hours += 2.0;
        if beat % 5 != 2 {
            let jitter = sim.chance.between(-3.0, 3.0) / 60.0;
            let uptime = if beat % 5 == 3 { 3.95 } else { 1.95 };
            sim.end(3, (hours + jitter) / 24.0, BootEnd::Crash, uptime + jitter);
        }
    }
    let findings = sim.findings(hours / 24.0 + 0.05);
    assert_eq!(
        findings[0].detector,
        "reboot.periodic",
        "{:?}",
        titles(&findings)
    );
    assert!(
        (stated_hours(&findings[0].title) - 2.0).abs() < 0.1,
        "{}",
        findings[0].title
    );
}

/// Somebody restarts by hand, an update comes, something else crashes: the beat goes on and is named.
#[test]
fn other_restarts_do_not_hide_the_beat() {
    // (what comes in between, beats until it must be named): a foreign crash breaks two intervals, a person's none.
    for (between, most) in [
        (BootEnd::CleanRestart, 6),
        (BootEnd::Update, 6),
        (BootEnd::Crash, 8),
    ] {
        for starts_anew in [false, true] {
            let mut named_within = 0;
            for seed in 0..40 {
                let mut sim = Sim::new(30, 900 + seed);
                sim.ordinary(-30.0, 30.0, 0.01);
                sim.ends.retain(|(of, _)| *of != 3);
                let period = 1.9 + 0.3 * (seed as f64 / 40.0);
                let (mut at, mut up_since) = (30.3 * 24.0, 30.3 * 24.0);
                let mut named = false;
                for beat in 0..most {
                    if beat == 3 {
                        let other = at + period * sim.chance.between(0.25, 0.7);
                        sim.end(3, other / 24.0, between, other - up_since);
                        up_since = other + 0.03;
                        if starts_anew {
                            at = up_since;
                        }
                    }
                    at += period * (1.0 + sim.chance.between(-0.02, 0.02));
                    sim.end(3, at / 24.0, BootEnd::PowerLossOrHang, at - up_since);
                    up_since = at + 0.03;
                    let findings = sim.findings(at / 24.0 + 0.01);
                    named |= findings.iter().any(|finding| {
                        finding.detector == "reboot.periodic"
                            && finding.devices == [device(3)]
                            && (stated_hours(&finding.title) - period).abs() < 0.05 * period
                    });
                }
                named_within += usize::from(named);
            }
            assert!(
                named_within >= 38,
                "{between:?}, anew {starts_anew}: {named_within} of 40 within {most}"
            );
        }
    }
}

/// Restarts at random are no beat: the share of wrong names stays where the settings put it.
#[test]
fn random_restarts_have_no_beat() {
    let mut wrong = 0;
    for seed in 0..300 {
        let mut sim = Sim::new(12, 500 + seed);
        let mut hours = 20.0 * 24.0;
        for _ in 0..12 {
            let wait = -(sim.chance.unit().max(1e-9)).ln() * 6.0 + 0.2;
            hours += wait;
            sim.end(3, hours / 24.0, BootEnd::Crash, wait - 0.05);
        }
        let findings = sim.findings(hours / 24.0 + 0.01);
        wrong += usize::from(findings.iter().any(|f| f.detector == "reboot.periodic"));
    }
    assert!(wrong <= 2, "{wrong} of 300");
}

#[test]
fn a_daily_habit_is_no_beat() {
    let mut sim = Sim::new(12, 14);
    for day in 5..19 {
        let late = sim.chance.between(0.0, 0.02);
        // Somebody holds the power button every evening.
        sim.end(
            3,
            f64::from(day) + 0.72 + late,
            BootEnd::ForcedOff,
            9.0 + 24.0 * late,
        );
    }
    let findings = sim.findings(19.5);
    assert!(
        !findings.iter().any(|f| f.detector == "reboot.periodic"),
        "{:?}",
        titles(&findings)
    );
}

#[test]
fn a_model_whose_update_crashes_it_is_one_outbreak() {
    for (devices, seed) in [(40, 21), (300, 22)] {
        let mut sim = Sim::new(devices, seed);
        sim.ordinary(-30.0, 40.0, 0.01);
        let mut hit = 0;
        for index in 0..devices {
            if index % 4 == 0 && index % 3 != 0 {
                sim.builds[index] = "22631.4460".to_owned();
                if sim.chance.unit() < 0.8 {
                    hit += 1;
                    for _ in 0..2 {
                        let (day, uptime) =
                            (sim.chance.between(36.2, 38.9), sim.chance.between(1.0, 9.0));
                        sim.end(index, day, BootEnd::Crash, uptime);
                    }
                }
            }
        }
        let findings = sim.findings(39.0);
        let outbreaks: Vec<_> = findings
            .iter()
            .filter(|f| f.detector == "reboot.outbreak")
            .collect();
        assert_eq!(outbreaks.len(), 1, "{:?}", titles(&findings));
        let outbreak = outbreaks[0];
        let says = format!("{} {}", outbreak.title, outbreak.why.join(" "));
        assert!(
            says.contains("ThinkPad T14") && says.contains("22631.4460"),
            "{says}"
        );
        assert!(
            says.contains("risk ratio") || outbreak.why.len() > 2,
            "{says}"
        );
        assert!(
            outbreak.devices.len() >= hit,
            "{} of {hit}",
            outbreak.devices.len()
        );
        assert!(devices < 100 || !outbreak.at_risk.is_empty());
        // One per cause: nobody inside has a finding of their own.
        let own = findings
            .iter()
            .filter(|f| {
                f.detector != "reboot.outbreak"
                    && f.devices.iter().any(|d| outbreak.devices.contains(d))
            })
            .count();
        assert_eq!(own, 0, "{:?}", titles(&findings));
    }
}

/// Where all are alike and all are hit there is no cohort to blame, and still it is one cause.
#[test]
fn a_fleet_that_fails_together_is_one_outbreak() {
    let mut sim = Sim::new(12, 33);
    for index in 0..10 {
        for part in 0..3 {
            let (day, uptime) = (sim.chance.between(20.1, 21.9), 2.0 + f64::from(part));
            sim.end(index, day, BootEnd::Crash, uptime);
        }
    }
    let findings = sim.findings(22.0);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert!(
        findings[0].title.contains("10 of 12 devices of the fleet"),
        "{}",
        findings[0].title
    );
}

/// Case 45 of the list of boots: forty laptops restart within half an hour of a patch window, all of it planned.
#[test]
fn a_patch_window_is_no_anomaly() {
    for initiator in [
        "TrustedInstaller.exe",
        "MoUsoCoreWorker.exe",
        "svchost.exe",
        "",
    ] {
        let mut sim = Sim::new(60, 45);
        sim.ordinary(-30.0, 20.0, 0.006);
        let before = titles(&sim.findings(20.2));
        for index in 0..40 {
            // Twice each, as cumulative updates do, some recorded as updates and some as planned clean restarts.
            let first = 20.25 + sim.chance.between(0.0, 0.02);
            for at in [first, first + 0.004] {
                let end = match (index % 2, initiator) {
                    (0, _) | (_, "") => BootEnd::Update,
                    _ => BootEnd::CleanRestart,
                };
                let boot = sim.end(index, at, end, 8.0);
                boot.initiator = initiator.to_owned();
                boot.confidence = 0.95;
            }
        }
        for hour in [7, 8, 12, 24, 48] {
            let findings = sim.findings(20.0 + f64::from(hour) / 24.0);
            let news: Vec<_> = titles(&findings)
                .into_iter()
                .filter(|title| !before.contains(title))
                .collect();
            assert!(news.is_empty(), "{initiator:?}: {news:?}");
        }
    }
}

/// Case 46: twelve laptops of one model crash once each, with one stop code, within a day of a driver's update.
#[test]
fn a_driver_that_crashes_twelve_is_one_cluster() {
    let mut sim = Sim::new(200, 46);
    sim.ordinary(-30.0, 30.0, 0.006);
    let hit: Vec<usize> = (0..12).map(|n| n * 4).collect();
    for device in &hit {
        let at = 30.1 + sim.chance.between(0.0, 0.8);
        sim.end(*device, at, BootEnd::Crash, 5.0).stop_code = "0x00000116".to_owned();
    }
    let findings = sim.findings(31.0);
    let about: Vec<_> = findings
        .iter()
        .filter(|finding| {
            hit.iter()
                .any(|index| finding.devices.contains(&device(*index)))
        })
        .collect();
    assert_eq!(about.len(), 1, "{:?}", titles(&findings));
    assert_eq!(about[0].detector, "reboot.outbreak");
    assert!(
        about[0].why.iter().any(|why| why.contains("0x00000116")),
        "{:?}",
        about[0].why
    );
}

/// Case 47: crashes that are told weeks after they happened stand at their own time and are no news of today.
#[test]
fn late_history_raises_no_alarm_of_today() {
    let mut sim = Sim::new(20, 31);
    for part in 0..6 {
        sim.end(3, 5.0 + 0.1 * f64::from(part), BootEnd::Crash, 2.0);
    }
    assert!(!sim.findings(6.0).is_empty());
    let findings = sim.findings(25.0);
    assert!(findings.is_empty(), "{:?}", titles(&findings));
}

/// Whoever has always let the battery run empty is no news; whoever begins to is.
#[test]
fn an_old_habit_with_the_battery_is_not_told() {
    let mut sim = Sim::new(20, 33);
    for (device, from) in [(3, -36.0), (4, 21.0)] {
        let mut day = from;
        while day < 26.0 {
            let end = sim.end(device, day + 0.4, BootEnd::PowerLossOrHang, 6.0);
            end.tags = vec!["battery_low".to_owned()];
            day += if device == 3 { 3.0 } else { 1.1 };
        }
    }
    let findings = sim.findings(26.5);
    let told: Vec<_> = findings.iter().flat_map(|f| f.devices.clone()).collect();
    assert_eq!(told, [device(4)], "{:?}", titles(&findings));
}

#[test]
fn an_empty_battery_is_called_that() {
    let mut sim = Sim::new(20, 32);
    for day in 0..6 {
        let end = sim.end(
            3,
            20.3 + f64::from(day) * 1.1,
            BootEnd::PowerLossOrHang,
            6.0,
        );
        end.tags = vec!["battery_low".to_owned()];
    }
    let findings = sim.findings(26.5);
    assert_eq!(
        findings[0].detector,
        "reboot.battery",
        "{:?}",
        titles(&findings)
    );
    assert!(findings[0].severity <= Severity::Low);
}

/// "every 2 h 03 min" in hours.
fn stated_hours(title: &str) -> f64 {
    let stated = title
        .split("every ")
        .nth(1)
        .unwrap()
        .split(" ±")
        .next()
        .unwrap();
    let mut hours = 0.0;
    let words: Vec<&str> = stated.split(' ').collect();
    for pair in words.chunks(2) {
        let number: f64 = pair[0].parse().unwrap();
        hours += if pair[1] == "h" {
            number
        } else {
            number / 60.0
        };
    }
    hours
}
