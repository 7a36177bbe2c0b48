//! Small fleets with one odd thing in them, and none.

#![allow(clippy::unwrap_used)]
use jiff::SignedDuration;
use uuid::Uuid;

use super::*;

fn day(number: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(24 * number)
}

fn device(number: u128) -> DeviceId {
    DeviceId(Uuid::from_u128(number))
}

fn run(device_number: u128, on: i64, path: &str, place: &str, parent: &str) -> Run {
    Run {
        device: device(device_number),
        day: day(on),
        executable_name: path.rsplit('\\').next().unwrap().to_owned(),
        executable_path: path.to_owned(),
        parent_executable_name: parent.to_owned(),
        user_class: "person".to_owned(),
        place: place.to_owned(),
        traits: vec!["parent_place:system_path".to_owned()],
        first: day(on),
        last: day(on),
        starts: 1,
        ..Run::default()
    }
}

/// What everybody runs every day.
fn ordinary(device_number: u128, on: i64) -> Vec<Run> {
    let programs = r"C:\Program Files";
    vec![
        run(
            device_number,
            on,
            r"C:\Windows\System32\svchost.exe",
            "system_path",
            "services.exe",
        ),
        run(
            device_number,
            on,
            &format!(r"{programs}\Google\Chrome\Application\chrome.exe"),
            "program_path",
            "explorer.exe",
        ),
        run(
            device_number,
            on,
            &format!(r"{programs}\Microsoft Office\WINWORD.EXE"),
            "program_path",
            "explorer.exe",
        ),
        run(
            device_number,
            on,
            r"C:\Windows\System32\cmd.exe",
            "system_path",
            "explorer.exe",
        ),
    ]
}

/// `days` of 10 devices; `more` adds to the last day.
fn last_day(days: i64, more: Vec<Run>) -> Vec<Line> {
    let mut daily = Daily::default();
    for on in 0..days - 1 {
        daily.day((0..10).flat_map(|number| ordinary(number, on)).collect());
    }
    let mut runs: Vec<Run> = (0..10)
        .flat_map(|number| ordinary(number, days - 1))
        .collect();
    runs.extend(more);
    daily.day(runs)
}

#[test]
fn a_document_that_starts_a_shell_stands_first() {
    let odd = run(
        3,
        9,
        r"C:\Windows\System32\cmd.exe",
        "system_path",
        "WINWORD.EXE",
    );
    let lines = last_day(10, vec![odd]);
    let first = lines
        .iter()
        .find(|line| line.device == device(3) && line.rank == 1)
        .unwrap();
    assert_eq!(
        (
            first.executable_name.as_str(),
            first.parent_executable_name.as_str(),
            first.alert
        ),
        ("cmd.exe", "WINWORD.EXE", true),
        "{first:?}"
    );
    assert!(
        lines
            .iter()
            .all(|line| line.alert == (line.device == device(3) && line.rank == 1))
    );
}

#[test]
fn an_untouched_fleet_has_no_alert_from_its_first_day_on() {
    for days in 1..6 {
        let mut lines = last_day(days, Vec::new());
        assert!(lines.iter().all(|line| !line.alert), "{days}");
        let mut daily = Daily::default();
        daily.day((0..10).flat_map(|number| ordinary(number, 0)).collect());
        daily.show(&mut lines, None);
        assert!(lines.is_empty(), "{days}: {lines:?}");
    }
}

#[test]
fn a_rollout_and_a_compiler_do_not_cry() {
    let rollout = (0..10).map(|number| {
        run(
            number,
            9,
            r"C:\Program Files\Vendor\agent.exe",
            "program_path",
            "msiexec.exe",
        )
    });
    let built = (0..30).map(|number| {
        run(
            2,
            9,
            &format!(r"~\src\app\target\debug\app{number}.exe"),
            "home",
            "cargo.exe",
        )
    });
    let lines = last_day(10, rollout.chain(built).collect());
    let alerts: Vec<&Line> = lines.iter().filter(|line| line.alert).collect();
    assert!(alerts.is_empty(), "{alerts:?}");
}

#[test]
fn alerts_of_a_device_day_are_bounded_whatever_ran() {
    let many = |on: i64| -> Vec<Run> {
        (0..200)
            .map(|number| {
                run(
                    1,
                    on,
                    &format!(r"C:\Users\Public\{number}\svch0st.exe"),
                    "home",
                    "WINWORD.EXE",
                )
            })
            .collect()
    };
    for (days, most) in [(1, ALERTS_LEARNING), (10, ALERTS)] {
        let lines = last_day(days, many(days - 1));
        let alerts: Vec<&Line> = lines.iter().filter(|line| line.alert).collect();
        assert!(
            !alerts.is_empty() && alerts.len() <= most,
            "{}",
            alerts.len()
        );
        if days == 1 {
            assert!(alerts.iter().all(|line| line.severity == Severity::Low));
            assert!(
                alerts[0]
                    .why
                    .iter()
                    .any(|words| words.contains("still learning"))
            );
        }
    }
}

#[test]
fn order_and_garbage_change_nothing() {
    let mut odd = run(3, 9, r"C:\Users\Public\x.exe", "home", "explorer.exe");
    odd.starts = u32::MAX;
    let garbage = Run {
        device: device(3),
        day: day(9),
        ..Run::default()
    };
    let mut runs: Vec<Run> = (0..10).flat_map(|number| ordinary(number, 9)).collect();
    runs.extend([odd, garbage]);
    let forward = Daily::default().day(runs.clone());
    runs.reverse();
    assert_eq!(forward, Daily::default().day(runs));
    assert!(forward.iter().all(|line| line.points.is_finite()));
}

#[test]
fn a_child_shares_in_its_parents_oddness() {
    let mut parent = run(3, 9, r"C:\Users\Public\x.exe", "home", "explorer.exe");
    parent.traits.push("run:00000001".to_owned());
    let child = |traits: &[&str]| {
        let mut child = run(
            3,
            9,
            r"C:\Windows\System32\notepad.exe",
            "system_path",
            "x.exe",
        );
        child
            .traits
            .extend(traits.iter().map(|mark| (*mark).to_owned()));
        child
    };
    let points = |child: Run| {
        let lines = last_day(10, vec![parent.clone(), child]);
        lines
            .iter()
            .find(|line| line.executable_name == "notepad.exe")
            .unwrap()
            .points
    };
    assert!(points(child(&["parent_run:00000001"])) > points(child(&["parent_run:00000002"])));
}
