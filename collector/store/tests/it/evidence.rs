//! What detectors are given, against a fleet whose every number is known.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use weft_collector_core::{
    detect::process::identity,
    device::{DeviceId, Traits},
    event::{BootEnd, Event, Observed, Process},
    evidence::Evidence,
};

use crate::{
    events::{Laptop, app, at, boot, hours_before, inventory, one_of_each, process},
    sandbox::Sandbox,
};

const NOW: &str = "2026-11-20T12:00:00Z";

fn traits(devices: impl IntoIterator<Item = DeviceId>) -> BTreeMap<DeviceId, Traits> {
    devices
        .into_iter()
        .map(|device| (device, Traits::default()))
        .collect()
}

async fn evidence(sandbox: &Sandbox, devices: &[DeviceId]) -> Evidence {
    let devices = traits(devices.iter().copied());
    sandbox
        .telemetry
        .evidence(at(NOW), 90, &devices, Vec::new())
        .await
        .unwrap()
}

#[tokio::test]
async fn one_device_with_one_of_each() {
    let sandbox = Sandbox::start().await;
    let now = at(NOW);
    let mut laptop = Laptop::new(1, now);
    let mut stranger = Laptop::new(9, now);
    let mut report = one_of_each(&mut laptop, now);
    report.extend(one_of_each(&mut stranger, now));
    report.push(laptop.event(hours_before(now, 24 * 20), inventory("22631", "6.1.0-17")));
    sandbox.telemetry.insert(&report).await.unwrap();

    let evidence = evidence(&sandbox, &[laptop.device]).await;
    let device = &evidence.devices[&laptop.device];
    assert_eq!(
        evidence.devices.len(),
        1,
        "a device that left the fleet judges nobody"
    );
    assert_eq!(device.traits.model, "Lenovo ThinkPad T14");
    assert_eq!(
        (
            device.traits.os_type.as_str(),
            device.traits.os_build.as_str()
        ),
        ("linux", "22631")
    );
    assert_eq!(device.first_report, hours_before(now, 24 * 20));
    assert_eq!(device.last_report, now);
    assert_eq!(device.components.len(), 1, "only what is there now");
    assert_eq!(
        (
            device.components[0].version.as_str(),
            device.components[0].since
        ),
        ("6.1.0-18", now)
    );

    assert_eq!(evidence.reboots.len(), 1);
    let end = &evidence.reboots[0].ends[0];
    assert_eq!(
        (end.end, end.stop_code.as_str(), end.ended_at),
        (BootEnd::Crash, "0x00000154", hours_before(now, 24))
    );
    assert_eq!(
        (end.confidence, end.tags.as_slice()),
        (0.9, &["battery_low".to_owned()][..])
    );

    assert_eq!(evidence.processes.len(), 1);
    let program = &evidence.processes[0];
    assert_eq!(
        program.key,
        identity(
            "cupsd",
            "/usr/bin/cupsd",
            "aa",
            "dpkg:cupsd@1.0",
            "Example Ltd",
            "system_path"
        )
    );
    assert_eq!(
        (
            program.devices,
            program.seen.len(),
            program.user_class.as_str()
        ),
        (1, 1, "person")
    );
    assert_eq!(program.seen[0].first, at("2026-01-02T03:04:05.678901Z"));
    assert_eq!(
        (program.seen[0].starts, program.seen[0].cpu_last_day),
        (2, 10.5)
    );

    assert_eq!(evidence.apps.len(), 1);
    assert_eq!(
        (
            evidence.apps[0].state.as_str(),
            evidence.apps[0].bytes_last_week
        ),
        ("running_now", 34_000_000)
    );

    let capacity = &evidence.capacity[0];
    let midnight = at("2026-11-20T00:00:00Z");
    assert_eq!(capacity.filesystems[0].usage, [(midnight, 60_000_000_000)]);
    assert_eq!(
        (capacity.memory_pressure[0], capacity.temperature_max[0]),
        ((midnight, 0.02), (midnight, 71.5))
    );
    assert_eq!(capacity.battery.last(), Some(&(midnight, 0.81, Some(312))));
}

#[tokio::test]
async fn ends_without_a_time_take_that_of_the_next_start_and_people_are_left_out() {
    let sandbox = Sandbox::start().await;
    let now = at(NOW);
    let mut laptop = Laptop::new(1, now);
    let mut by_person = boot(
        "person",
        hours_before(now, 50),
        Some(hours_before(now, 40)),
        BootEnd::CleanRestart,
    );
    if let Observed::Boot(boot) = &mut by_person {
        boot.initiator = "user".into();
    }
    let report: Vec<Event> = [
        boot(
            "lost-power",
            hours_before(now, 100),
            None,
            BootEnd::PowerLossOrHang,
        ),
        boot(
            "next",
            hours_before(now, 90),
            Some(hours_before(now, 80)),
            BootEnd::Update,
        ),
        by_person,
        boot(
            "by-program",
            hours_before(now, 39),
            Some(hours_before(now, 30)),
            BootEnd::CleanRestart,
        ),
        boot("now", hours_before(now, 29), None, BootEnd::Running),
        boot(
            "before-the-window",
            hours_before(now, 24 * 100),
            Some(hours_before(now, 24 * 99)),
            BootEnd::Crash,
        ),
    ]
    .into_iter()
    .map(|observed| laptop.event(now, observed))
    .collect();
    sandbox.telemetry.insert(&report).await.unwrap();

    let evidence = evidence(&sandbox, &[laptop.device]).await;
    assert_eq!(evidence.reboots[0].boots, 5);
    let ends: Vec<_> = evidence.reboots[0]
        .ends
        .iter()
        .map(|end| (end.boot_id.as_str(), end.ended_at))
        .collect();
    assert_eq!(
        ends,
        [
            ("lost-power", hours_before(now, 90)),
            ("by-program", hours_before(now, 30))
        ]
    );
    assert_eq!(
        evidence.devices[&laptop.device].history_from,
        hours_before(now, 100)
    );
}

#[tokio::test]
async fn versions_of_one_program_are_one_identity_and_strangers_are_told_apart() {
    let sandbox = Sandbox::start().await;
    let now = at(NOW);
    let mut report = Vec::new();
    let mut devices = Vec::new();
    for number in 1..=5_u128 {
        let mut laptop = Laptop::new(number, now);
        devices.push(laptop.device);
        let owned = Process {
            package: format!("dpkg:firefox@{number}.0"),
            signer: String::new(),
            ..process("firefox", &format!("{number:064x}"))
        };
        report.push(laptop.event(hours_before(now, 30), Observed::Process(owned)));
        let odd = Process {
            package: String::new(),
            signer: String::new(),
            place: "temp".into(),
            executable_path: "/tmp/x".into(),
            ..process("x", if number < 3 { "aa" } else { "bb" })
        };
        report.push(laptop.event(now, Observed::Process(odd)));
        report.push(laptop.event(
            hours_before(now, 24 * 9),
            Observed::App(app("mega", "running_now")),
        ));
        report.push(laptop.event(
            hours_before(now, 1),
            Observed::App(app(
                "mega",
                if number == 1 { "removed" } else { "installed" },
            )),
        ));
    }
    sandbox.telemetry.insert(&report).await.unwrap();

    let evidence = evidence(&sandbox, &devices).await;
    let mut seen: Vec<_> = evidence
        .processes
        .iter()
        .map(|one| {
            (
                one.executable_name.as_str(),
                one.devices,
                one.seen.len(),
                one.devices_with_name,
            )
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [("firefox", 5, 5, 5), ("x", 2, 2, 5), ("x", 3, 3, 5)]);

    let states: Vec<_> = evidence.apps.iter().map(|one| one.state.as_str()).collect();
    assert_eq!(
        states,
        [
            "removed",
            "installed",
            "installed",
            "installed",
            "installed"
        ]
    );
    let before =
        34_000_000 / 1.max((SignedDuration::from_hours(24 * 2).as_secs() / 604_800) as u64);
    assert_eq!(
        (
            evidence.apps[0].bytes_last_week,
            evidence.apps[0].bytes_per_week_before
        ),
        (34_000_000, before)
    );
    let ids: Vec<_> = evidence.apps.iter().map(|one| one.device).collect();
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn an_empty_store_gives_empty_evidence() {
    let sandbox = Sandbox::start().await;
    let evidence = evidence(&sandbox, &[DeviceId(uuid::Uuid::from_u128(1))]).await;
    assert_eq!(
        evidence,
        Evidence {
            now: Timestamp::from_second(at(NOW).as_second()).unwrap(),
            ..Evidence::default()
        }
    );
}

#[tokio::test]
async fn restarts_outside_the_detectors_are_theirs() {
    let sandbox = Sandbox::start().await;
    let now = at(NOW);
    let mut laptop = Laptop::new(1, now);
    let report = one_of_each(&mut laptop, now);
    sandbox.telemetry.insert(&report).await.unwrap();
    let from = hours_before(now, 24 * 90);
    let known = traits([laptop.device]);
    let restarts = sandbox.telemetry.restarts(from, now, &known).await.unwrap();
    let evidence = evidence(&sandbox, &[laptop.device]).await;
    assert_eq!(restarts.devices, evidence.devices);
    assert_eq!(restarts.boots, evidence.reboots);
    assert_eq!(
        sandbox.telemetry.app_uses(from, now).await.unwrap(),
        evidence.apps
    );
    let months = sandbox.telemetry.ends_by_month(from, now).await.unwrap();
    assert_eq!(months.len(), 1, "{months:?}");
    assert_eq!(
        (months[0].month.as_str(), months[0].end, months[0].count),
        ("2026-11", BootEnd::Crash, 1)
    );
}
