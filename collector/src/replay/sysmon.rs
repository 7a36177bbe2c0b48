//! Sysmon's own events as JSON, in whatever wrapping they arrive ([`super::envelope`]).
//!
//! Read: event 1, process creation. The others say nothing about our kinds and are passed over. Field names are those of
//! <https://learn.microsoft.com/sysinternals/downloads/sysmon>, or of the Elastic Common Schema where a shipper renamed
//! them. The command line and the account's name go no further than this file: what remains are a shape and a class.

use serde_json::{Map, Value};
use weft_collector_core::{
    detect::process::arguments,
    device::Traits,
    event::{Observed, Outcome, Process},
};
use weft_proto_catalog::{Context, FactKind, Os};

use super::{
    ancestry::Ancestry,
    envelope::Fields,
    moment::moment,
    programs,
    record::{Described, Dirty, Reader, Record, Said},
};

/// `ProcessCreate`.
const PROCESS_CREATE: u64 = 1;

#[derive(Default)]
pub struct Sysmon {
    ancestry: Ancestry,
}

impl Reader for Sysmon {
    fn read(&mut self, line: &str) -> Result<Said, Dirty> {
        let events = super::envelope::events(line)?;
        let mut facts = Vec::new();
        for event in &events {
            facts.extend(self.event(&Fields::of(event))?);
        }
        Ok(if facts.is_empty() {
            Said::Nothing
        } else {
            Said::Facts(facts)
        })
    }

    fn source(&self, line: &str, process: &Process) -> Option<Map<String, Value>> {
        let events = super::envelope::events(line).ok()?;
        let about = |event: &Value| {
            let fields = Fields::of(event);
            let image = fields.text(IMAGE)?;
            let pid = fields.number(PID).unwrap_or(0);
            (programs::base_name(&image) == process.executable_name)
                .then(|| (pid == u64::from(process.pid), fields.named(&NAMED)))
        };
        // A run has several starts, each with its own number: the name decides, the number only among several.
        let mut found: Vec<_> = events.iter().filter_map(about).collect();
        found.sort_by_key(|(same_pid, _)| !same_pid);
        found.into_iter().next().map(|(_, told)| told)
    }
}

const IMAGE: &[&str] = &["Image", "process.executable"];
const PARENT: &[&str] = &["ParentImage", "process.parent.executable"];
const PID: &[&str] = &["ProcessId", "process.pid"];
const TIME: &[&str] = &[
    "UtcTime",
    "@timestamp",
    "TimeCreated",
    "EventTime",
    "SystemTime",
    "_time",
    "time",
];
const HOST: &[&str] = &[
    "Hostname",
    "Computer",
    "hostname",
    "computer_name",
    "ComputerName",
    "MachineName",
    "host.name",
    "host.hostname",
    "host",
    "agent.hostname",
];

/// What a person needs to find the event again: (our word, the source's).
const NAMED: [(&str, &[&str]); 7] = [
    ("image", IMAGE),
    ("parent_image", PARENT),
    ("pid", PID),
    ("process_guid", &["ProcessGuid", "process.entity_id"]),
    (
        "parent_process_guid",
        &["ParentProcessGuid", "process.parent.entity_id"],
    ),
    ("time", TIME),
    ("hashes", &["Hashes", "process.hash.sha256"]),
];

impl Sysmon {
    fn event(&mut self, fields: &Fields<'_>) -> Result<Vec<Record>, Dirty> {
        let id = fields.number(&[
            "EventID",
            "EventId",
            "event_id",
            "EventCode",
            "event.code",
            "winlog.event_id",
            "Id",
        ]);
        match id {
            None => Err(Dirty::new("EventID is missing")),
            Some(PROCESS_CREATE) if fields.is_of_sysmon() => self.created(fields),
            Some(_) => Ok(Vec::new()),
        }
    }

    fn created(&mut self, fields: &Fields<'_>) -> Result<Vec<Record>, Dirty> {
        let host = fields
            .text(HOST)
            .ok_or_else(|| Dirty::new("Hostname or Computer is missing"))?;
        let at = fields
            .text(TIME)
            .as_deref()
            .and_then(moment)
            .ok_or_else(|| Dirty::new("UtcTime is missing or no time"))?;
        let image = fields
            .text(IMAGE)
            .ok_or_else(|| Dirty::new("Image is missing"))?;
        let known = |names: &[&str]| {
            fields
                .text(names)
                .filter(|value| value != "-" && value != "?")
        };

        let parent = known(PARENT).unwrap_or_default();
        let user = known(&["User", "user.name"]).unwrap_or_default();
        let mut process = programs::process(&image, &parent, programs::user_class(&user), 1);
        process.executable_sha256 = known(&["Hashes", "process.hash.sha256", "SHA256"])
            .and_then(|hashes| sha256(&hashes))
            .unwrap_or_default();
        let original = known(&["OriginalFileName", "process.pe.original_file_name"]);
        describe(&mut process, original.clone());
        // Sysmon writes "-" or "?" where the file says nothing; a source without the fields says nothing of the file.
        let asked = ["Company", "Product", "Description", "FileVersion"];
        let told = asked.iter().any(|name| fields.text(&[name]).is_some());
        if told && asked.iter().all(|name| known(&[name]).is_none()) {
            process.traits.push("no_version_info".to_owned());
        }
        process.pid = fields
            .number(PID)
            .and_then(|pid| u32::try_from(pid).ok())
            .unwrap_or(0);
        let command_line = known(&["CommandLine", "process.command_line"]);
        let shape = command_line
            .as_deref()
            .map(|line| arguments::shape(&process.executable_name, line))
            .unwrap_or_default();
        process
            .traits
            .extend(shape.marks.iter().map(|mark| (*mark).to_owned()));
        if !shape.form.is_empty() {
            process.traits.push(format!("form:{}", shape.form));
        }
        if !parent.is_empty() {
            process
                .traits
                .push(format!("parent_place:{}", programs::parent_place(&parent)));
        }
        self.ancestry.trace(
            &host,
            &known(&["ProcessGuid", "process.entity_id"]).unwrap_or_default(),
            &known(&["ParentProcessGuid", "process.parent.entity_id"]).unwrap_or_default(),
            &mut process,
        );
        let context = Context {
            original_filename: original,
            description: known(&["Description"]),
            command_line,
            image: Some(image.clone()),
            signer: known(&["Company"]),
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
                os_type: if image.starts_with('/') {
                    "linux"
                } else {
                    "windows"
                }
                .to_owned(),
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

/// "MD5=...,SHA256=..." in any order and case, or the bare hash.
fn sha256(hashes: &str) -> Option<String> {
    let found = hashes.split(',').find_map(|hash| {
        let (name, value) = hash.trim().split_once('=').unwrap_or(("sha256", hash));
        name.eq_ignore_ascii_case("sha256").then_some(value)
    });
    found
        .map(|value| value.trim().to_lowercase())
        .filter(|value| value.len() == 64 && value.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests;
