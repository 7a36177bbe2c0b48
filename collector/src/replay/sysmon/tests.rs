//! Lines of several shippers, clean and dirty.

#![allow(clippy::unwrap_used)]
use serde_json::Value;

use super::*;

const FLAT: &str = r#"{"EventID":1,"UtcTime":"2026-11-20 12:00:00.123","Hostname":"LT-1","Image":"C:\\Users\\anna\\AppData\\Local\\Temp\\svch0st.exe",
    "OriginalFileName":"Dropbox.exe","ParentImage":"C:\\Windows\\explorer.exe","User":"ACME\\anna","ProcessId":"7","ProcessGuid":"{a}",
    "Hashes":"MD5=00,SHA256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;

fn read(text: &str) -> Said {
    Sysmon::default().read(&text.replace('\n', " ")).unwrap()
}

fn facts(said: Said) -> Vec<Record> {
    match said {
        Said::Facts(facts) => facts,
        Said::Nothing => Vec::new(),
    }
}

fn process(record: Record) -> Process {
    match record.outcome {
        Outcome::Stored(observed) => match *observed {
            Observed::Process(process) => process,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_three_shapes_say_the_same() {
    let flat: Value = serde_json::from_str(&FLAT.replace('\n', " ")).unwrap();
    let nested = serde_json::json!({"EventID": "1", "Computer": "LT-1", "EventData": flat});
    let beats =
        serde_json::json!({"winlog": {"event_id": 1, "computer_name": "LT-1", "event_data": flat}});
    let expect = format!("{:?}", facts(read(FLAT)));
    for shape in [nested, beats] {
        assert_eq!(format!("{:?}", facts(read(&shape.to_string()))), expect);
    }
    let first = facts(read(FLAT)).remove(0);
    assert_eq!(
        (first.device.id.as_str(), first.at.to_string().as_str()),
        ("LT-1", "2026-11-20T12:00:00.123Z")
    );
    let process = process(first);
    assert_eq!(
        (process.executable_name.as_str(), process.place.as_str()),
        ("svch0st.exe", "temp")
    );
    assert!(
        process.traits.contains(&"renamed".to_owned()),
        "{process:?}"
    );
    assert!(
        process
            .traits
            .contains(&"parent_place:system_path".to_owned()),
        "{process:?}"
    );
    assert_eq!(process.executable_sha256.len(), 64);
    assert!(!process.executable_path.contains("anna"));
}

#[test]
fn other_events_are_passed_over_and_broken_ones_are_dirty() {
    for other in [
        r#"{"EventID":3,"Hostname":"x"}"#,
        r#"{"EventID":1,"Channel":"System","Hostname":"x","OldTime":"a"}"#,
        "[",
        "]",
    ] {
        assert!(matches!(read(other), Said::Nothing), "{other}");
    }
    for broken in [
        "{",
        "7",
        r#"{"Hostname":"x"}"#,
        r#"{"EventID":1}"#,
        r#"{"EventID":1,"Hostname":"x","UtcTime":"soon","Image":"a"}"#,
    ] {
        assert!(Sysmon::default().read(broken).is_err(), "{broken}");
    }
}

#[test]
fn a_command_line_leaves_a_shape_and_no_word() {
    let line = FLAT.replace(
        "\"EventID\":1",
        r#""EventID":1,"CommandLine":"svch0st.exe --secret hunter2""#,
    );
    let process = process(facts(read(&line)).remove(0));
    assert_eq!(process.command_line, "");
    assert!(!format!("{process:?}").contains("hunter2"));
    assert!(process.traits.iter().any(|mark| mark.starts_with("form:")));
}

#[test]
fn a_child_knows_its_parents_run_and_is_found_in_its_line() {
    let mut reader = Sysmon::default();
    let parent = FLAT.replace('\n', " ");
    let child = parent
        .replace(
            r#""ProcessGuid":"{a}""#,
            r#""ProcessGuid":"{b}","ParentProcessGuid":"{a}""#,
        )
        .replace("svch0st", "child");
    let value = |said: Said, prefix: &str| {
        let process = process(facts(said).remove(0));
        process
            .traits
            .iter()
            .find_map(|mark| mark.strip_prefix(prefix).map(str::to_owned))
    };
    let run = value(reader.read(&parent).unwrap(), "run:");
    assert!(run.is_some());
    assert_eq!(value(reader.read(&child).unwrap(), "parent_run:"), run);
    let about = process(facts(read(&child)).remove(0));
    let told = reader.source(&child, &about).unwrap();
    assert_eq!(told["process_guid"], "{b}");
    assert_eq!(told["image"], r"C:\Users\anna\AppData\Local\Temp\child.exe");
}
