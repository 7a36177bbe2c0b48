//! Sysmon's own events as JSON, flat or under `EventData` or `winlog.event_data` (Winlogbeat).
//!
//! Read: event 1, process creation. The others say nothing about our kinds and are passed over. Field names are those of
//! <https://learn.microsoft.com/sysinternals/downloads/sysmon>.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value};
use weft_collector_core::{
    device::Traits,
    event::{Observed, Outcome, Process},
};
use weft_proto_catalog::{Context, FactKind, Os};

use super::{
    programs,
    record::{Described, Dirty, Reader, Record, Said},
};

/// `ProcessCreate`.
const PROCESS_CREATE: u64 = 1;

pub struct Sysmon;

impl Reader for Sysmon {
    fn read(&mut self, line: &str) -> Result<Said, Dirty> {
        let event: Value =
            serde_json::from_str(line).map_err(|error| Dirty::new(error.to_string()))?;
        let event = Event(&event);
        let id = event.number(&[
            "EventID",
            "EventId",
            "event_id",
            "winlog.event_id",
            "Event.System.EventID",
            "System.EventID",
        ]);
        match id {
            None => Err(Dirty::new("EventID is missing")),
            Some(PROCESS_CREATE) => event.created().map(Said::Facts),
            Some(_) => Ok(Said::Nothing),
        }
    }
}

/// An event whose fields may lie in several places.
struct Event<'a>(&'a Value);

impl Event<'_> {
    fn created(&self) -> Result<Vec<Record>, Dirty> {
        let host = self.text(&[
            "Hostname",
            "Computer",
            "hostname",
            "computer_name",
            "winlog.computer_name",
            "host.name",
            "Event.System.Computer",
            "System.Computer",
        ]);
        let host = host.ok_or_else(|| Dirty::new("Hostname or Computer is missing"))?;
        let time = self.text(&["UtcTime", "@timestamp", "TimeCreated", "EventTime"]);
        let at = time
            .as_deref()
            .and_then(moment)
            .ok_or_else(|| Dirty::new("UtcTime is missing or no time"))?;
        let image = self
            .text(&["Image"])
            .ok_or_else(|| Dirty::new("Image is missing"))?;
        let known = |name: &str| self.text(&[name]).filter(|value| value != "-");

        let mut process = programs::process(
            &image,
            &known("ParentImage").unwrap_or_default(),
            programs::user_class(&known("User").unwrap_or_default()),
            1,
        );
        process.executable_sha256 = known("Hashes")
            .and_then(|hashes| sha256(&hashes))
            .unwrap_or_default();
        describe(&mut process, known("OriginalFileName"));
        process.pid = self
            .number(&["ProcessId"])
            .and_then(|pid| u32::try_from(pid).ok())
            .unwrap_or(0);
        let context = Context {
            original_filename: known("OriginalFileName"),
            description: known("Description"),
            command_line: known("CommandLine"),
            image: Some(image.clone()),
            signer: known("Company"),
            ..Context::default()
        };
        let app = programs::app(
            Os::Windows,
            FactKind::Process,
            programs::base_name(&image),
            &context,
        );

        let device = Described {
            traits: Traits {
                os_type: "windows".to_owned(),
                ..Traits::default()
            },
            id: host,
        };
        let facts = [Some(Observed::Process(process)), app]
            .into_iter()
            .flatten();
        Ok(facts
            .map(|observed| Record {
                device: device.clone(),
                at,
                outcome: Outcome::Stored(Box::new(observed)),
            })
            .collect())
    }

    fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.find(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    fn number(&self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| match self.find(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            // XML converters write {"#text": 1} when the element has attributes.
            Value::Object(element) => element
                .get("#text")
                .and_then(|text| text.as_u64().or_else(|| text.as_str()?.parse().ok())),
            _ => None,
        })
    }

    /// `name` may be a path with dots; a plain name is looked for wherever the fields may lie.
    fn find(&self, name: &str) -> Option<&Value> {
        let root = self.0.as_object()?;
        if let Some(value) = root.get(name) {
            return Some(value);
        }
        if name.contains('.') {
            return name
                .split('.')
                .try_fold(self.0, |value, step| value.get(step));
        }
        let places: [Option<&Map<String, Value>>; 4] = [
            root.get("EventData").and_then(Value::as_object),
            self.0
                .pointer("/winlog/event_data")
                .and_then(Value::as_object),
            self.0
                .pointer("/Event/EventData")
                .and_then(Value::as_object),
            root.get("event_data").and_then(Value::as_object),
        ];
        places
            .into_iter()
            .flatten()
            .find_map(|fields| fields.get(name))
    }
}

/// The version resource's name, where it differs from the file's.
fn describe(process: &mut Process, original: Option<String>) {
    let bare = |name: &str| {
        name.to_lowercase()
            .trim_end_matches(".mui")
            .trim_end_matches(".exe")
            .to_owned()
    };
    if let Some(original) =
        original.filter(|original| bare(original) != bare(&process.executable_name))
    {
        process.original_file_name = original;
        process.traits.push("renamed".to_owned());
    }
}

/// "MD5=...,SHA256=..." in any order and case.
fn sha256(hashes: &str) -> Option<String> {
    let found = hashes.split(',').find_map(|hash| {
        hash.trim()
            .split_once('=')
            .filter(|(name, _)| name.eq_ignore_ascii_case("sha256"))
    });
    found
        .map(|(_, value)| value.trim().to_lowercase())
        .filter(|value| value.len() == 64)
}

/// Sysmon writes "2026-11-20 12:00:00.123" in UTC; shippers write RFC 3339.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.trim().parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FLAT: &str = r#"{"EventID":1,"UtcTime":"2026-11-20 12:00:00.123","Hostname":"LT-1","Image":"C:\\Users\\anna\\AppData\\Local\\Temp\\svch0st.exe",
        "OriginalFileName":"Dropbox.exe","ParentImage":"C:\\Windows\\explorer.exe","User":"ACME\\anna",
        "Hashes":"MD5=00,SHA256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;

    fn read(text: &str) -> Said {
        Sysmon.read(&text.replace('\n', " ")).unwrap()
    }

    fn facts(said: Said) -> Vec<Record> {
        match said {
            Said::Facts(facts) => facts,
            Said::Nothing => Vec::new(),
        }
    }

    #[test]
    fn the_three_shapes_say_the_same() {
        let flat: Value = serde_json::from_str(&FLAT.replace('\n', " ")).unwrap();
        let nested = serde_json::json!({"EventID": "1", "Computer": "LT-1", "EventData": flat});
        let beats = serde_json::json!({"winlog": {"event_id": 1, "computer_name": "LT-1", "event_data": flat}});
        let expect = format!("{:?}", facts(read(FLAT)));
        for shape in [nested, beats] {
            assert_eq!(format!("{:?}", facts(read(&shape.to_string()))), expect);
        }
        let first = facts(read(FLAT)).remove(0);
        assert_eq!(
            (first.device.id.as_str(), first.at.to_string().as_str()),
            ("LT-1", "2026-11-20T12:00:00.123Z")
        );
        let Outcome::Stored(observed) = first.outcome else {
            panic!("not stored")
        };
        let Observed::Process(process) = *observed else {
            panic!("not a process")
        };
        assert_eq!(
            (process.executable_name.as_str(), process.place.as_str()),
            ("svch0st.exe", "temp")
        );
        assert_eq!(
            (process.traits, process.executable_sha256.len()),
            (vec!["renamed".to_owned()], 64)
        );
        assert!(!process.executable_path.contains("anna"));
    }

    #[test]
    fn other_events_are_passed_over_and_broken_ones_are_dirty() {
        assert!(matches!(
            read(r#"{"EventID":3,"Hostname":"x"}"#),
            Said::Nothing
        ));
        for broken in [
            "{",
            r#"{"Hostname":"x"}"#,
            r#"{"EventID":1}"#,
            r#"{"EventID":1,"Hostname":"x","UtcTime":"soon","Image":"a"}"#,
        ] {
            assert!(Sysmon.read(broken).is_err(), "{broken}");
        }
    }
}
