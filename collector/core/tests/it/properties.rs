//! Any evidence at all: no panic, nothing that is not a number, the same answer in any order, no certainty from nothing.

use jiff::Timestamp;
use proptest::prelude::*;
use weft_collector_core::{
    detect::{self, Settings},
    device::{DeviceId, Traits},
    event::BootEnd,
    evidence::{
        AppUse, BootEnded, Component, DeviceBoots, DeviceCapacity, DeviceEvidence, Evidence,
        FilesystemDays, ProcessIdentity, ProcessSeen,
    },
    finding::{Finding, Severity},
    linker, symptoms,
};

use crate::sim::{Sim, at, device};

fn moment() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => (0.0..30.0f64).prop_map(at),
        1 => (-400.0..400.0f64).prop_map(at),
        1 => Just(Timestamp::UNIX_EPOCH),
        1 => Just(Timestamp::MIN),
        1 => Just(Timestamp::MAX),
    ]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![6 => 0.0..1.0f64, 2 => 0.0..1e6f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(-1.0), 1 => Just(f64::MAX)]
}

fn who() -> impl Strategy<Value = DeviceId> {
    (0..8usize).prop_map(device)
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("user".to_owned()),
        Just("svchost.exe".to_owned()),
        Just("temp".to_owned()),
        Just("system".to_owned()),
        Just("running_now".to_owned()),
        Just("cloud_sync".to_owned()),
        "[a-z/:.\\\\ 0-9{}]{0,12}",
        "\\PC{0,6}",
    ]
}

fn end() -> impl Strategy<Value = BootEnded> {
    (0..6u8, moment(), moment(), 0..9u8, number(), word(), word()).prop_map(
        |(id, started_at, ended_at, end, confidence, initiator, stop_code)| BootEnded {
            boot_id: format!("{id}"),
            started_at,
            ended_at,
            end: [
                BootEnd::Crash,
                BootEnd::Crash,
                BootEnd::ForcedOff,
                BootEnd::PowerLossOrHang,
                BootEnd::FailedBoot,
                BootEnd::CleanRestart,
                BootEnd::Update,
                BootEnd::Unknown,
                BootEnd::Running,
            ][end as usize],
            confidence,
            initiator,
            stop_code,
            os_version: String::new(),
            tags: if id == 2 {
                vec!["battery_low".to_owned()]
            } else {
                Vec::new()
            },
        },
    )
}

fn about() -> impl Strategy<Value = (DeviceId, DeviceEvidence)> {
    (who(), moment(), moment(), moment(), word(), 0..3u8).prop_map(
        |(id, first_report, last_report, history_from, team, model)| {
            let traits = Traits {
                name: String::new(),
                os_type: "linux".to_owned(),
                os_build: format!("b{model}"),
                model: format!("m{model}"),
                team,
                simulated: false,
            };
            let components = vec![Component {
                name: "kernel".to_owned(),
                version: format!("{model}"),
                since: first_report,
            }];
            (
                id,
                DeviceEvidence {
                    traits,
                    first_report,
                    last_report,
                    history_from,
                    components,
                },
            )
        },
    )
}

fn process() -> impl Strategy<Value = ProcessIdentity> {
    let seen = (
        who(),
        moment(),
        moment(),
        any::<u32>(),
        word(),
        number(),
        number(),
    )
        .prop_map(
            |(device, first, last, starts, parent, before, now)| ProcessSeen {
                device,
                first,
                last,
                starts,
                parent_executable_name: parent,
                parent_package: String::new(),
                cpu_per_day_before: before,
                cpu_last_day: now * 1e5,
            },
        );
    (
        word(),
        word(),
        word(),
        word(),
        word(),
        prop::collection::vec(seen, 0..8),
        0..9u32,
    )
        .prop_map(
            |(key, name, path, place, user, seen, devices)| ProcessIdentity {
                key,
                executable_name: name,
                executable_path: path,
                place,
                user_class: user,
                seen,
                devices,
                ..ProcessIdentity::default()
            },
        )
}

fn app() -> impl Strategy<Value = AppUse> {
    (
        who(),
        word(),
        word(),
        word(),
        number(),
        moment(),
        moment(),
        any::<u64>(),
        any::<u64>(),
    )
        .prop_map(
            |(device, app, category, state, confidence, first, last, now, before)| AppUse {
                device,
                app,
                category,
                state,
                confidence,
                first,
                last,
                bytes_last_week: now,
                bytes_per_week_before: before,
                account: "foreign_tenant".to_owned(),
                ..AppUse::default()
            },
        )
}

fn capacity() -> impl Strategy<Value = DeviceCapacity> {
    let days = || prop::collection::vec((moment(), number()), 0..12);
    (
        who(),
        days(),
        days(),
        prop::collection::vec((moment(), any::<u64>()), 0..12),
        any::<u64>(),
    )
        .prop_map(|(device, a, b, usage, limit)| DeviceCapacity {
            device,
            filesystems: vec![FilesystemDays {
                mountpoint: "/".to_owned(),
                limit,
                usage,
            }],
            memory_pressure: a,
            throttled: b.clone(),
            temperature_max: Vec::new(),
            battery: b
                .into_iter()
                .map(|(at, health)| (at, health, None))
                .collect(),
        })
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let boots =
        (who(), prop::collection::vec(end(), 0..14)).prop_map(|(device, ends)| DeviceBoots {
            device,
            boots: ends.len() as u32,
            ends,
        });
    (
        prop::collection::vec(about(), 0..9),
        prop::collection::vec(boots, 0..9),
        prop::collection::vec(process(), 0..8),
        prop::collection::vec(app(), 0..12),
        prop::collection::vec(capacity(), 0..4),
        moment(),
    )
        .prop_map(
            |(devices, reboots, processes, apps, capacity, now)| Evidence {
                now,
                devices: devices.into_iter().collect(),
                reboots,
                processes,
                apps,
                capacity,
                verdicts: Vec::new(),
            },
        )
}

fn is_sound(finding: &Finding) {
    assert!(
        finding.confidence.is_finite() && (0.0..=1.0).contains(&finding.confidence),
        "{finding:?}"
    );
    assert!(
        finding.score.is_finite() && finding.score >= 0.0,
        "{finding:?}"
    );
    assert!(finding.from <= finding.to, "{finding:?}");
    assert!(
        !finding.title.is_empty() && !finding.why.is_empty(),
        "{finding:?}"
    );
    assert!(
        finding.evidence.len() <= 50
            && finding.devices.len() <= 1_000
            && !finding.devices.is_empty()
    );
    let text = format!("{} {}", finding.title, finding.why.join(" "));
    assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_evidence_is_survived(evidence in evidence()) {
        for finding in detect::run(&evidence, &Settings::default()) {
            is_sound(&finding);
        }
    }

    #[test]
    fn order_and_duplicates_mean_nothing(evidence in evidence(), seed in any::<u64>()) {
        let straight = detect::run(&evidence, &Settings::default());
        let mut mixed = evidence.clone();
        let mut chance = crate::sim::Chance::new(seed);
        fn shuffle<T>(list: &mut [T], chance: &mut crate::sim::Chance) {
            for index in (1..list.len()).rev() {
                list.swap(index, (chance.next() % (index as u64 + 1)) as usize);
            }
        }
        for boots in &mut mixed.reboots {
            let again = boots.ends.clone();
            boots.ends.extend(again);
            shuffle(&mut boots.ends, &mut chance);
        }
        for process in &mut mixed.processes {
            shuffle(&mut process.seen, &mut chance);
        }
        let again = mixed.apps.clone();
        mixed.apps.extend(again);
        shuffle(&mut mixed.reboots, &mut chance);
        shuffle(&mut mixed.processes, &mut chance);
        shuffle(&mut mixed.apps, &mut chance);
        shuffle(&mut mixed.capacity, &mut chance);
        let crooked = detect::run(&mixed, &Settings::default());
        prop_assert_eq!(straight, crooked);
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}") {
        let read = symptoms::read(&text);
        prop_assert!(!read.symptoms.is_empty());
        for symptom in &read.symptoms {
            prop_assert!(symptom.confidence.is_finite() && (0.0..=1.0).contains(&symptom.confidence));
            prop_assert!(symptoms::NAMES.contains(&symptom.name.as_str()));
        }
    }

    #[test]
    fn any_name_has_an_identity(name in "\\PC{0,40}", path in "\\PC{0,80}") {
        let once = detect::process::identity(&name, &path, "", "", "", "home");
        prop_assert!(once.starts_with("named:") || once.starts_with("built:"));
    }
}

#[test]
fn one_event_is_no_certainty() {
    let mut sim = Sim::new(1, 1);
    sim.end(0, 20.0, BootEnd::Crash, 2.0);
    let findings = sim.findings(20.5);
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity <= Severity::Low),
        "{findings:?}"
    );
    assert!(
        findings
            .iter()
            .all(|finding| !finding.detector.starts_with("reboot."))
    );
}

#[test]
fn dirty_lines_of_an_evaluation_are_counted() {
    let evaluation = linker::eval::run(
        "{}\nnot json\n\n{\"anomaly\": {}, \"threads\": []}",
        &linker::Settings::default(),
    );
    assert_eq!((evaluation.cases, evaluation.dirty.len()), (1, 2));
    assert_eq!(evaluation.dirty[1].0, 2);
}
