//! What runs out: each detector's story, and the figures that must not become one.

use weft_collector_core::{
    evidence::{DeviceCapacity, FilesystemDays},
    finding::{Finding, Severity},
};

use crate::sim::{Sim, at, device, titles};

const GIB: u64 = 1 << 30;

fn of(day: f64, fill: impl FnOnce(&mut DeviceCapacity)) -> Vec<Finding> {
    let mut evidence = Sim::new(10, 3).evidence(day);
    let mut capacity = DeviceCapacity {
        device: device(4),
        ..DeviceCapacity::default()
    };
    fill(&mut capacity);
    evidence.capacity.push(capacity);
    weft_collector_core::detect::run(&evidence, &weft_collector_core::detect::Settings::default())
}

fn disk(usage: impl Fn(f64) -> f64) -> Vec<Finding> {
    of(40.0, |capacity| {
        capacity.filesystems.push(FilesystemDays {
            mountpoint: "C:".to_owned(),
            limit: 500 * GIB,
            usage: (15..=40)
                .map(|day| {
                    (
                        at(f64::from(day)),
                        (usage(f64::from(day)) * GIB as f64) as u64,
                    )
                })
                .collect(),
        });
    })
}

/// An interval that is narrower than a day is still an interval.
#[test]
fn a_steady_disk_is_not_full_in_three_to_three_days() {
    let findings = disk(|day| 390.0 + 4.0 * (day - 15.0) + 0.2 * (day as i64 % 3) as f64);
    let title = &findings[0].title;
    let (_, interval) = title.split_once('(').unwrap();
    let (low, high) = interval
        .trim_end_matches(" days)")
        .split_once(" to ")
        .unwrap();
    assert_ne!(low, high, "{title}");
    assert!(
        low.parse::<f64>().unwrap() < high.parse::<f64>().unwrap(),
        "{title}"
    );
}

#[test]
fn a_filling_disk_is_told_with_an_interval() {
    let findings = disk(|day| 300.0 + 6.0 * (day - 15.0) + (day as i64 % 3) as f64);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    let finding = &findings[0];
    assert_eq!(finding.detector, "capacity.disk");
    // 48 GiB are left at 6 a day: eight days.
    assert!(
        finding.title.contains("full in about 8 days ("),
        "{}",
        finding.title
    );
    assert!(
        finding
            .why
            .iter()
            .any(|why| why.contains("a day over the last")),
        "{:?}",
        finding.why
    );
}

#[test]
fn what_began_last_week_does_not_drown_in_a_month() {
    let findings = disk(|day| 350.0 + 14.0 * (day - 34.0).max(0.0));
    assert_eq!(titles(&findings).len(), 1, "{:?}", titles(&findings));
    assert!(
        findings[0].title.contains("full in about 5 days"),
        "{}",
        findings[0].title
    );
}

#[test]
fn steps_cleanings_and_wild_figures_are_no_forecast() {
    // One large copy, on any day of the last two weeks, with the ordinary noise of a disk in use.
    for jump in 26..=40 {
        let findings = disk(|day| {
            let noise = f64::from((day as u32).wrapping_mul(2_654_435_761) >> 24) / 85.0;
            noise + if day < f64::from(jump) { 330.0 } else { 430.0 }
        });
        assert!(findings.is_empty(), "{jump}: {:?}", titles(&findings));
    }
    assert!(disk(|day| if day < 30.0 { 300.0 } else { 420.0 }).is_empty());
    // Two copies a week apart.
    assert!(
        disk(|day| 320.0
            + 50.0 * f64::from(u8::from(day >= 29.0))
            + 50.0 * f64::from(u8::from(day >= 36.0)))
        .is_empty()
    );
    // Emptied last week.
    assert!(
        disk(|day| if day < 33.0 {
            300.0 + 9.0 * (day - 15.0)
        } else {
            250.0
        })
        .is_empty()
    );
    // Up and down: no slope that deserves the name.
    assert!(disk(|day| 400.0 + 45.0 * (day * 2.4).sin()).is_empty());
    // More used than there is.
    assert!(disk(|_| 900.0).is_empty());
}

#[test]
fn a_worn_battery_is_told_from_few_readings_but_not_from_one_fresh_one() {
    let worn = |readings: &[(f64, f64)]| {
        of(40.0, |capacity| {
            capacity.battery = readings
                .iter()
                .map(|(day, health)| (at(*day), *health, Some(812)))
                .collect();
        })
    };
    let findings = worn(&[(10.0, 0.58), (20.0, 0.55), (33.0, 0.52)]);
    assert_eq!(findings.len(), 1, "{:?}", titles(&findings));
    assert_eq!(findings[0].detector, "capacity.battery");
    assert!(
        findings[0].why.join(" ").contains("812 charge cycles"),
        "{:?}",
        findings[0].why
    );
    // An agent tells its inventory when it changes: what stood for weeks is true.
    assert_eq!(worn(&[(20.0, 0.45)]).len(), 1);
    assert!(
        worn(&[(40.0, 0.05)]).is_empty(),
        "one reading of a minute ago"
    );
    assert!(
        worn(&[(38.0, 0.9), (39.0, 0.1), (40.0, 0.91)]).is_empty(),
        "one wild reading"
    );
}

#[test]
fn heat_and_memory_need_a_bad_week() {
    let share = |bad: &[i32]| {
        let figures: Vec<_> = (10..=40)
            .map(|day| {
                (
                    at(f64::from(day)),
                    if bad.contains(&day) { 0.5 } else { 0.01 },
                )
            })
            .collect();
        let heat = figures.clone();
        (
            of(40.0, |capacity| capacity.throttled = heat),
            of(40.0, |capacity| capacity.memory_pressure = figures),
        )
    };
    let (heat, memory) = share(&[34, 35, 36, 37, 38, 39, 40]);
    assert_eq!((heat.len(), memory.len()), (1, 1));
    assert_eq!(
        (heat[0].detector.as_str(), memory[0].detector.as_str()),
        ("capacity.throttled", "capacity.memory")
    );
    assert_eq!(heat[0].severity, Severity::Medium);
    assert!(
        memory[0]
            .why
            .join(" ")
            .contains("In the weeks before it was 1 %"),
        "{:?}",
        memory[0].why
    );
    let (heat, memory) = share(&[36, 39]);
    assert!(heat.is_empty() && memory.is_empty(), "two bad afternoons");
}
