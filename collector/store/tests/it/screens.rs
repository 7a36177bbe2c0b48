//! What screens read, against a small fleet whose every number is known.

use serde_json::json;
use weft_collector_core::{
    device::DeviceId,
    event::{App, BootEnd, Event, Observed},
    finding::{Facts, Finding, Kind, Severity, Subject},
};
use weft_collector_store::telemetry::{Of, Slice, Telemetry, Wanted};

use crate::{
    events::{Laptop, app, at, boot, hours_before, inventory, one_of_each, process, vitals},
    sandbox::Sandbox,
};

const NOW: &str = "2026-11-20T12:00:00Z";
const PAGE: Slice = Slice {
    offset: 0,
    limit: 100,
};

/// Two laptops: one crashes twice and restarts once, the other is quiet and has the same programs.
async fn fleet(telemetry: &Telemetry) -> (Laptop, Laptop) {
    let now = at(NOW);
    let mut one = Laptop::new(1, now);
    let mut two = Laptop::new(2, now);
    let mut report = one_of_each(&mut one, now);
    // Seen while running, then ended: the second word stands.
    report.push(one.event(
        hours_before(now, 30),
        boot("b-2", hours_before(now, 30), None, BootEnd::Running),
    ));
    report.push(one.event(
        now,
        boot(
            "b-2",
            hours_before(now, 30),
            Some(hours_before(now, 25)),
            BootEnd::Crash,
        ),
    ));
    report.push(one.event(
        now,
        boot(
            "b-3",
            hours_before(now, 20),
            Some(hours_before(now, 10)),
            BootEnd::CleanRestart,
        ),
    ));
    report.push(one.event(
        now,
        boot("b-4", hours_before(now, 9), None, BootEnd::Running),
    ));
    report.push(one.event(
        hours_before(now, 24 * 8),
        Observed::App(App {
            state: "installed".into(),
            ..app("dropbox", "")
        }),
    ));
    let mut other: Vec<Event> = vec![
        two.event(now, inventory("22632", "6.1.0-19")),
        two.event(now, Observed::Process(process("cupsd", "aa"))),
        two.event(now, Observed::Process(process("cupsd", "bb"))),
        two.event(now, Observed::App(app("mega", "removed"))),
    ];
    report.append(&mut other);
    telemetry.insert(&report).await.unwrap();
    // The same again under another token: no screen may count it.
    telemetry.insert(&report[2..]).await.unwrap();
    (one, two)
}

#[tokio::test]
async fn the_overview_counts_every_number_once() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    let (one, two) = fleet(telemetry).await;
    let now = at(NOW);

    let counts = telemetry.observation_counts(Of::Fleet).await.unwrap();
    assert_eq!(
        (counts.boot, counts.process, counts.app, counts.vitals),
        (5, 3, 3, 1)
    );
    assert_eq!(
        (counts.inventory, counts.resume, counts.agent_health),
        (2, 1, 1)
    );
    let nobody = telemetry
        .observation_counts(Of::Devices(&[]))
        .await
        .unwrap();
    assert_eq!(nobody, Default::default(), "no device is not every device");
    let own = telemetry
        .observation_counts(Of::Devices(&[two.device]))
        .await
        .unwrap();
    assert_eq!((own.process, own.boot), (2, 0));

    let days = telemetry.boots_by_day(Of::Fleet, now, 3).await.unwrap();
    let days: Vec<_> = days
        .iter()
        .map(|day| (day.day.as_str(), day.clean, day.update, day.unexpected))
        .collect();
    assert_eq!(
        days,
        [
            ("2026-11-18", 0, 0, 0),
            ("2026-11-19", 0, 0, 2),
            ("2026-11-20", 1, 0, 0)
        ]
    );

    let models = telemetry
        .unexpected_by_model(Of::Fleet, now, 7)
        .await
        .unwrap();
    assert_eq!(models.len(), 1);
    assert_eq!(
        (
            models[0].model.as_str(),
            models[0].devices,
            models[0].unexpected
        ),
        ("Lenovo ThinkPad T14", 2, 2)
    );
    assert!((models[0].per_device_week - 1.0).abs() < 1e-9);

    let by_device = telemetry
        .unexpected_by_device(Of::Fleet, now, 30)
        .await
        .unwrap();
    assert_eq!(by_device.into_iter().collect::<Vec<_>>(), [(one.device, 2)]);

    let weeks = telemetry.apps_by_week(Of::Fleet, now, 4).await.unwrap();
    let weeks: Vec<_> = weeks
        .iter()
        .map(|row| (row.week.as_str(), row.app.as_str(), row.devices))
        .collect();
    assert_eq!(
        weeks,
        [("2026-11-09", "dropbox", 1), ("2026-11-16", "dropbox", 1)]
    );

    let builds = telemetry.os_builds(Of::Fleet).await.unwrap();
    assert_eq!(
        builds
            .iter()
            .map(|build| build.os_build.as_str())
            .collect::<Vec<_>>(),
        ["22631", "22632"]
    );
    assert_eq!(
        telemetry.last_reports(Of::Fleet).await.unwrap()[&one.device],
        now
    );

    let cards = telemetry
        .boots_by_device_day(&[one.device], now, 30)
        .await
        .unwrap();
    let cards: Vec<_> = cards
        .iter()
        .map(|day| (day.day.as_str(), day.expected, day.unexpected))
        .collect();
    assert_eq!(cards, [("2026-11-19", 0, 2), ("2026-11-20", 1, 0)]);
}

#[tokio::test]
async fn a_device_page_shows_what_was_sent() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    let (one, two) = fleet(telemetry).await;
    let now = at(NOW);

    let boots = telemetry
        .device_boots(one.device, hours_before(now, 100), now, PAGE)
        .await
        .unwrap();
    let shown: Vec<_> = boots
        .iter()
        .map(|boot| (boot.boot_id.as_str(), boot.end))
        .collect();
    let expect = [
        ("b-4", BootEnd::Running),
        ("b-3", BootEnd::CleanRestart),
        ("b-2", BootEnd::Crash),
        ("b-1", BootEnd::Crash),
    ];
    assert_eq!(shown, expect);
    assert_eq!(boots[2].stop_code, "0x00000154");
    assert_eq!(boots[2].ended_at, Some(hours_before(now, 25)));
    let second = Slice {
        offset: 1,
        limit: 1,
    };
    let page = telemetry
        .device_boots(one.device, hours_before(now, 100), now, second)
        .await
        .unwrap();
    assert_eq!(page[0].boot_id, "b-3");

    let processes = telemetry.device_processes(one.device, PAGE).await.unwrap();
    assert_eq!(processes.len(), 1);
    assert_eq!(
        (
            processes[0].executable_name.as_str(),
            processes[0].starts,
            processes[0].devices_in_fleet
        ),
        ("cupsd", 2, 2)
    );
    assert_eq!(
        processes[0].first_seen,
        Some(at("2026-01-02T03:04:05.678901Z"))
    );
    let rare = telemetry.device_processes(two.device, PAGE).await.unwrap();
    assert!(
        rare.iter()
            .any(|one| one.executable_sha256 == "bb" && one.devices_in_fleet == 1)
    );

    let apps = telemetry.device_apps(one.device).await.unwrap();
    assert_eq!(apps.len(), 1);
    assert_eq!(
        (
            apps[0].state.as_str(),
            apps[0].bytes_changed,
            apps[0].files_changed
        ),
        ("running_now", 68_000_000, 24)
    );
    assert_eq!(apps[0].first_seen, hours_before(now, 24 * 8));

    let inventory = telemetry
        .device_inventory(one.device)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            inventory.os_kernel.as_str(),
            inventory.disks[0].r#type.as_str()
        ),
        ("6.1.0-18", "nvme")
    );
    assert_eq!(
        (
            inventory.batteries[0].cycles,
            inventory.components[0].version.as_str()
        ),
        (Some(312), "6.1.0-18")
    );
    let health = telemetry.device_health(one.device).await.unwrap().unwrap();
    assert_eq!((health.dropped["process"], health.clock_step), (7, -1.5));
    assert_eq!(telemetry.device_health(two.device).await.unwrap(), None);

    let fleet = telemetry.apps(now).await.unwrap();
    assert_eq!(fleet[0].app, "dropbox");
    assert_eq!(
        (fleet[0].devices.as_slice(), fleet[0].running),
        (&[one.device][..], 1)
    );
    assert_eq!(
        fleet[0].trend,
        [("2026-11-09".to_owned(), 1), ("2026-11-16".to_owned(), 1)]
    );
    assert_eq!((fleet[1].app.as_str(), fleet[1].devices.len()), ("mega", 0));
}

#[tokio::test]
async fn vitals_are_thinned_out_to_a_screen() {
    let sandbox = Sandbox::start().await;
    let mut laptop = Laptop::new(1, at(NOW));
    sandbox
        .telemetry
        .insert(&laptop.vitals(3_000))
        .await
        .unwrap();
    let series = sandbox
        .telemetry
        .device_vitals(laptop.device, hours_before(at(NOW), 51), at(NOW))
        .await
        .unwrap();
    assert!(
        (400..=500).contains(&series.at.len()),
        "{}",
        series.at.len()
    );
    assert!(series.at.is_sorted());
    assert_eq!(series.disk_usage_ratio[0], Some(0.6));
    assert_eq!(series.memory_limit[0], 16_000_000_000);
    assert_eq!(series.battery_charge.len(), series.at.len());
}

#[tokio::test]
async fn literal_records_speak_the_words_of_the_wire() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    let mut laptop = Laptop::new(1, at(NOW));
    let report = one_of_each(&mut laptop, at(NOW));
    telemetry.insert(&report).await.unwrap();
    telemetry.insert(&report[1..]).await.unwrap();
    let wanted = |kind: &str, after, limit| Wanted {
        kind: kind.into(),
        from: hours_before(at(NOW), 24),
        to: at("2026-11-21T00:00:00Z"),
        after,
        limit,
    };

    let inventory = telemetry
        .device_observations(laptop.device, &wanted("inventory", None, 10))
        .await
        .unwrap();
    assert_eq!(inventory.len(), 1);
    assert_eq!(
        inventory[0].observation["inventory"]["memory_limit"],
        json!("16000000000")
    );
    assert_eq!(
        inventory[0].observation["inventory"]["disks"][0]["endurance_utilization"],
        json!(0.04)
    );
    assert_eq!(inventory[0].observation["inventory"].get("host_name"), None);
    let health = telemetry
        .device_observations(laptop.device, &wanted("agent_health", None, 10))
        .await
        .unwrap();
    assert_eq!(
        health[0].observation["agent_health"]["dropped"],
        json!({"process": "7"})
    );

    // Page by page gives every record once, and the same as all at once.
    let all = telemetry
        .device_observations(laptop.device, &wanted("", None, 100))
        .await
        .unwrap();
    assert_eq!(all.len(), 7);
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = telemetry
            .device_observations(laptop.device, &wanted("", after, 2))
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.cursor());
        paged.extend(page);
    }
    assert_eq!(paged, all);
}

#[tokio::test]
async fn a_clock_that_is_years_off_is_kept_within_what_the_store_can_hold() {
    let sandbox = Sandbox::start().await;
    let mut laptop = Laptop::new(1, at(NOW));
    let mut report = vec![
        laptop.event(at("1601-01-01T00:00:00Z"), vitals(0.1)),
        laptop.event(at("9999-01-01T00:00:00Z"), vitals(0.1)),
    ];
    report[0].original_times = vec![("observed_at".into(), "1601-01-01T00:00:00Z".into())];
    sandbox.telemetry.insert(&report).await.unwrap();
    let wanted = Wanted {
        kind: String::new(),
        from: at("1890-01-01T00:00:00Z"),
        to: at("2100-01-01T00:00:00Z"),
        after: None,
        limit: 10,
    };
    let told = sandbox
        .telemetry
        .device_observations(laptop.device, &wanted)
        .await
        .unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].observation["observed_at"], "1601-01-01T00:00:00Z",
        "as it was told"
    );
    assert_eq!(
        sandbox.telemetry.books(laptop.device).await.unwrap().stored,
        2
    );
    let unknown = DeviceId(uuid::Uuid::from_u128(99));
    assert_eq!(
        sandbox.telemetry.books(unknown).await.unwrap(),
        Default::default()
    );
}

#[tokio::test]
async fn the_rows_behind_a_finding_are_those_of_its_laptops_and_time() {
    let sandbox = Sandbox::start().await;
    let telemetry = &sandbox.telemetry;
    let (one, two) = fleet(telemetry).await;
    telemetry.fold(at(NOW)).await.unwrap();
    let behind = async |kind, names: &[&str], devices: &[DeviceId]| {
        let mut facts = Facts::default();
        facts.processes = names.iter().map(ToString::to_string).collect();
        facts.apps = facts.processes.clone();
        let finding = Finding {
            kind,
            detector: String::new(),
            subject: Subject::Device(one.device),
            cause: String::new(),
            severity: Severity::Low,
            confidence: 1.0,
            score: 1.0,
            from: hours_before(at(NOW), 26),
            to: at(NOW),
            title: String::new(),
            why: vec![],
            evidence: vec![],
            devices: vec![],
            at_risk: vec![],
            facts,
        };
        telemetry.behind(&finding, devices).await.unwrap().rows
    };
    let boots = behind(Kind::Reboot, &[], &[one.device]).await;
    let ends: Vec<_> = boots
        .iter()
        .map(|row| row["boot_end"].as_str().unwrap())
        .collect();
    assert_eq!(ends, ["clean_restart", "crash", "crash"]);
    assert!(
        behind(Kind::Reboot, &[], &[]).await.is_empty(),
        "nobody is not everybody"
    );
    assert_eq!(
        behind(Kind::Process, &["cupsd"], &[one.device, two.device])
            .await
            .len(),
        3
    );
    assert!(
        behind(Kind::Process, &["other"], &[one.device])
            .await
            .is_empty()
    );
    assert_eq!(behind(Kind::App, &["mega"], &[two.device]).await.len(), 1);
    assert_eq!(behind(Kind::Capacity, &[], &[one.device]).await.len(), 1);
    let story = behind(Kind::Compound, &["cupsd"], &[one.device]).await;
    let what: Vec<_> = story
        .iter()
        .map(|row| row["what"].as_str().unwrap())
        .collect();
    assert_eq!(what, ["boot", "boot", "process"]);
}
