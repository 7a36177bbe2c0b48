//! osquery's result logs: one row per line (event format), a batch per line (`diffResults`), or a snapshot.
//!
//! The table is known by the query's name where it holds one, else by the columns. `uptime` tells when the kernel started:
//! a later start is a boot whose end nobody saw. See <https://osquery.readthedocs.io/en/stable/deployment/logging/>.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use weft_collector_core::{
    detect::process::arguments,
    device::Traits,
    event::{Boot, BootEnd, Observed, Outcome, Process},
};
use weft_proto_catalog::{Context, FactKind, Os};

use super::{
    programs,
    record::{Described, Dirty, Reader, Record, Said},
};

/// Two readings of `uptime` give starts that differ by clock corrections and by the second that a query takes.
const SAME_START: SignedDuration = SignedDuration::from_mins(3);

/// Paths kept to name parents: a large fleet's living processes. Beyond, they are learned anew.
const MOST_PATHS: usize = 1_000_000;

#[derive(Default)]
pub struct Osquery {
    /// The newest start that is known of each host, and when it was seen to run last.
    starts: HashMap<String, (Timestamp, Timestamp)>,
    /// The newest path of each process number of a host: a row names its parent by number only.
    paths: HashMap<(String, String), String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    #[serde(default)]
    name: String,
    host_identifier: String,
    unix_time: Value,
    #[serde(default)]
    action: String,
    #[serde(default)]
    columns: Option<Row>,
    #[serde(default)]
    snapshot: Vec<Row>,
    #[serde(default)]
    diff_results: Option<Diff>,
}

#[derive(Deserialize)]
struct Diff {
    #[serde(default)]
    added: Vec<Row>,
}

type Row = Map<String, Value>;

impl Reader for Osquery {
    fn read(&mut self, line: &str) -> Result<Said, Dirty> {
        let mut line: Line =
            serde_json::from_str(line).map_err(|error| Dirty::new(error.to_string()))?;
        if line.host_identifier.is_empty() {
            return Err(Dirty::new("hostIdentifier is empty"));
        }
        let seconds = match &line.unix_time {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let at = at.ok_or_else(|| Dirty::new("unixTime is no time"))?;
        let mut rows = std::mem::take(&mut line.snapshot);
        rows.extend(
            line.diff_results
                .take()
                .map(|diff| diff.added)
                .unwrap_or_default(),
        );
        // What is gone says nothing about what ran.
        if line.action != "removed" {
            rows.extend(line.columns.take());
        }
        // A snapshot names its processes in any order: all numbers first, then who is whose parent.
        for row in rows
            .iter()
            .filter(|row| table(&line.name, row) == Table::Processes)
        {
            self.parent(&line.host_identifier, row);
        }
        let facts: Vec<Record> = rows
            .iter()
            .flat_map(|row| self.facts(&line, at, row))
            .collect();
        Ok(if facts.is_empty() {
            Said::Nothing
        } else {
            Said::Facts(facts)
        })
    }

    fn source(&self, line: &str, process: &Process) -> Option<Map<String, Value>> {
        let mut line: Line = serde_json::from_str(line).ok()?;
        let mut rows = std::mem::take(&mut line.snapshot);
        rows.extend(
            line.diff_results
                .take()
                .map(|diff| diff.added)
                .unwrap_or_default(),
        );
        rows.extend(line.columns.take());
        let row = rows.iter().find(|row| {
            let path = text(row, "path")
                .or_else(|| text(row, "name"))
                .unwrap_or_default();
            programs::base_name(&path) == process.executable_name
        })?;
        let named = [
            ("image", "path"),
            ("pid", "pid"),
            ("parent_pid", "parent"),
            ("hashes", "sha256"),
        ];
        let mut told: Map<String, Value> = named
            .iter()
            .filter_map(|(word, column)| Some(((*word).to_owned(), text(row, column)?.into())))
            .collect();
        told.insert("time".to_owned(), line.unix_time);
        Some(told)
    }
}

impl Osquery {
    fn facts(&mut self, line: &Line, at: Timestamp, row: &Row) -> Vec<Record> {
        let table = table(&line.name, row);
        let (os, observed) = match table {
            Table::Processes => {
                let parent = self.parent(&line.host_identifier, row);
                ran(row, &parent)
            }
            Table::Programs => (
                Os::Windows,
                installed(Os::Windows, FactKind::InstalledSoftware, row, "name"),
            ),
            Table::Apps => (
                Os::Macos,
                installed(Os::Macos, FactKind::BundleId, row, "bundle_identifier"),
            ),
            Table::DebPackages => (
                Os::Linux,
                installed(Os::Linux, FactKind::Package, row, "name"),
            ),
            Table::Uptime => {
                let boots = self.started(&line.host_identifier, at, row);
                return boots
                    .into_iter()
                    .map(|boot| record(line, None, at, Observed::Boot(boot)))
                    .collect();
            }
            Table::Other => return Vec::new(),
        };
        observed
            .into_iter()
            .map(|observed| record(line, Some(os), at, observed))
            .collect()
    }

    /// Remembers this row's path under its number, and finds its parent's.
    fn parent(&mut self, host: &str, row: &Row) -> String {
        let key = |number: String| (host.to_owned(), number);
        let path = text(row, "path").or_else(|| text(row, "name"));
        if let (Some(pid), Some(path)) = (text(row, "pid"), path) {
            if self.paths.len() >= MOST_PATHS {
                self.paths.clear();
            }
            self.paths.insert(key(pid), path);
        }
        text(row, "parent_path")
            .or_else(|| self.paths.get(&key(text(row, "parent")?)).cloned())
            .unwrap_or_default()
    }

    /// The boots that a reading of `uptime` tells of: the one that runs, and the one before it whose end was not seen.
    fn started(&mut self, host: &str, at: Timestamp, row: &Row) -> Vec<Boot> {
        let Some(seconds) = text(row, "total_seconds")
            .and_then(|text| text.parse::<i64>().ok())
            .filter(|seconds| *seconds >= 0)
        else {
            return Vec::new();
        };
        let Ok(start) = at.checked_sub(SignedDuration::from_secs(seconds)) else {
            return Vec::new();
        };
        let boot = |start: Timestamp, ended_at: Option<Timestamp>, end: BootEnd| Boot {
            boot_id: format!("{host}:{}", start.as_second()),
            started_at: Some(start),
            ended_at,
            end,
            confidence: 0.3,
            evidence: vec!["osquery uptime".to_owned()],
            ..Boot::default()
        };
        match self.starts.get_mut(host) {
            Some((known, seen)) if start.duration_since(*known).abs() <= SAME_START => {
                *seen = (*seen).max(at);
                Vec::new()
            }
            // A line out of order.
            Some((known, _)) if start < *known => Vec::new(),
            Some(entry) => {
                let (known, seen) = std::mem::replace(entry, (start, at));
                vec![
                    boot(known, Some(seen), BootEnd::Unknown),
                    boot(start, None, BootEnd::Running),
                ]
            }
            None => {
                self.starts.insert(host.to_owned(), (start, at));
                vec![boot(start, None, BootEnd::Running)]
            }
        }
    }
}

fn record(line: &Line, os: Option<Os>, at: Timestamp, observed: Observed) -> Record {
    let os_type = match os {
        Some(Os::Linux) => "linux",
        Some(Os::Macos) => "darwin",
        Some(Os::Windows) => "windows",
        None => "",
    };
    Record {
        device: Described {
            id: line.host_identifier.clone(),
            traits: Traits {
                os_type: os_type.to_owned(),
                ..Traits::default()
            },
        },
        at,
        outcome: Outcome::Stored(Box::new(observed)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Processes,
    Programs,
    Apps,
    DebPackages,
    Uptime,
    Other,
}

fn table(name: &str, row: &Row) -> Table {
    // "pack_inventory_deb_packages", "processes": the query's name ends with its table by habit.
    let name = name.to_lowercase();
    let named = [
        ("process_events", Table::Processes),
        ("processes", Table::Processes),
        ("deb_packages", Table::DebPackages),
        ("programs", Table::Programs),
        ("uptime", Table::Uptime),
        ("apps", Table::Apps),
    ];
    if let Some((_, table)) = named.into_iter().find(|(word, _)| name.ends_with(word)) {
        return table;
    }
    let has = |column: &str| row.contains_key(column);
    if has("total_seconds") {
        Table::Uptime
    } else if has("bundle_identifier") {
        Table::Apps
    } else if has("install_location") || has("identifying_number") {
        Table::Programs
    } else if has("pid") && has("path") {
        Table::Processes
    } else if has("maintainer") && has("arch") {
        Table::DebPackages
    } else {
        Table::Other
    }
}

/// A process, and the app that it is.
fn ran(row: &Row, parent: &str) -> (Os, Vec<Observed>) {
    let path = text(row, "path").unwrap_or_default();
    let name = text(row, "name").unwrap_or_else(|| programs::base_name(&path).to_owned());
    let os = system(&path);
    if name.is_empty() && path.is_empty() {
        return (os, Vec::new());
    }
    let user = match text(row, "uid").and_then(|uid| uid.parse::<i64>().ok()) {
        // 18, 19, 20 end the well-known SIDs of SYSTEM and the two service accounts.
        Some(18) if os == Os::Windows => "system",
        Some(19 | 20) if os == Os::Windows => "service",
        Some(0) => "system",
        // macOS gives people 501 and up, Linux 1000 and up.
        Some(uid) if uid >= if os == Os::Macos { 501 } else { 1_000 } => "person",
        Some(_) => "service",
        None => "unknown",
    };
    let mut process = programs::process(&path, parent, user, 1);
    process.executable_name = if path.is_empty() {
        name
    } else {
        programs::base_name(&path).to_owned()
    };
    process.executable_sha256 = text(row, "sha256").unwrap_or_default().to_lowercase();
    if text(row, "on_disk").as_deref() == Some("0") {
        process.place = "deleted".to_owned();
        process.traits.push("deleted_executable".to_owned());
    }
    process.pid = text(row, "pid")
        .and_then(|pid| pid.parse().ok())
        .unwrap_or(0);
    if let Some(line) = text(row, "cmdline") {
        let shape = arguments::shape(&process.executable_name, &line);
        process
            .traits
            .extend(shape.marks.iter().map(|mark| (*mark).to_owned()));
        if !shape.form.is_empty() {
            process.traits.push(format!("form:{}", shape.form));
        }
    }
    if !parent.is_empty() {
        process
            .traits
            .push(format!("parent_place:{}", programs::parent_place(parent)));
    }
    let context = Context {
        command_line: text(row, "cmdline"),
        image: Some(path).filter(|path| !path.is_empty()),
        ..Context::default()
    };
    let app = programs::app(os, FactKind::Process, &process.executable_name, &context);
    (
        os,
        [Some(Observed::Process(process)), app]
            .into_iter()
            .flatten()
            .collect(),
    )
}

fn installed(os: Os, kind: FactKind, row: &Row, column: &str) -> Vec<Observed> {
    let context = Context {
        signer: text(row, "publisher"),
        ..Context::default()
    };
    text(row, column)
        .and_then(|value| programs::app(os, kind, &value, &context))
        .into_iter()
        .collect()
}

fn system(path: &str) -> Os {
    if path.contains('\\') {
        Os::Windows
    } else if ["/Applications/", "/System/", "/Library/", "/Users/"]
        .iter()
        .any(|place| path.starts_with(place))
    {
        Os::Macos
    } else {
        Os::Linux
    }
}

/// osquery writes every value as a string; some shippers turn numbers back.
fn text(row: &Row, column: &str) -> Option<String> {
    match row.get(column)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn observed(reader: &mut Osquery, line: &str) -> Vec<Observed> {
        match reader.read(line).unwrap() {
            Said::Nothing => Vec::new(),
            Said::Facts(facts) => facts
                .into_iter()
                .map(|record| match record.outcome {
                    Outcome::Stored(observed) => *observed,
                    other => panic!("{other:?}"),
                })
                .collect(),
        }
    }

    fn uptime(at: i64, seconds: i64) -> String {
        format!(
            r#"{{"name":"uptime","hostIdentifier":"h","unixTime":{at},"action":"snapshot","snapshot":[{{"total_seconds":"{seconds}"}}]}}"#
        )
    }

    #[test]
    fn a_later_start_is_a_boot_and_clock_jitter_is_none() {
        let mut reader = Osquery::default();
        assert_eq!(observed(&mut reader, &uptime(1_700_000_000, 100)).len(), 1);
        assert_eq!(observed(&mut reader, &uptime(1_700_000_600, 695)).len(), 0);
        let boots = observed(&mut reader, &uptime(1_700_003_600, 60));
        let ends: Vec<_> = boots
            .iter()
            .map(|one| match one {
                Observed::Boot(boot) => (boot.end, boot.ended_at),
                other => panic!("{other:?}"),
            })
            .collect();
        let seen = Timestamp::from_second(1_700_000_600).unwrap();
        assert_eq!(
            ends,
            [(BootEnd::Unknown, Some(seen)), (BootEnd::Running, None)]
        );
    }

    #[test]
    fn a_parent_is_named_by_its_number_in_any_order() {
        let mut reader = Osquery::default();
        let line = r#"{"name":"processes","hostIdentifier":"h","unixTime":1700000000,"action":"snapshot","snapshot":[
            {"pid":"9","parent":"7","path":"/tmp/x","cmdline":"/tmp/x -a","uid":"33"},{"pid":"7","parent":"1","path":"/usr/sbin/nginx","uid":"33"}]}"#
            .replace('\n', " ");
        let facts = observed(&mut reader, &line);
        let child = facts
            .iter()
            .find_map(|fact| match fact {
                Observed::Process(process) if process.pid == 9 => Some(process),
                _ => None,
            })
            .unwrap();
        assert_eq!(child.parent_executable_name, "nginx");
        assert!(
            child
                .traits
                .contains(&"parent_place:system_path".to_owned())
        );
        assert_eq!(reader.source(&line, child).unwrap()["image"], "/tmp/x");
    }

    #[test]
    fn processes_and_installed_programs() {
        let mut reader = Osquery::default();
        let line = r#"{"name":"pack_x_processes","hostIdentifier":"h","unixTime":"1700000000","action":"added","columns":{"pid":"7","name":"dropbox","path":"/home/anna/.dropbox-dist/dropbox","uid":"1000","on_disk":"1"}}"#;
        let facts = observed(&mut reader, line);
        assert!(
            matches!(&facts[0], Observed::Process(process) if process.executable_path == "~/.dropbox-dist/dropbox" && process.user_class == "person")
        );
        assert!(
            matches!(&facts[1], Observed::App(app) if app.app == "dropbox"),
            "{facts:?}"
        );
        let removed = line.replace("added", "removed");
        assert!(observed(&mut reader, &removed).is_empty());
        let package = r#"{"name":"deb_packages","hostIdentifier":"h","unixTime":1700000000,"diffResults":{"added":[{"name":"dropbox","version":"1"}],"removed":[]}}"#;
        assert!(
            matches!(&observed(&mut reader, package)[0], Observed::App(app) if app.state == "installed")
        );
    }
}
