//! Reads a running Mac's records: a thin shell over its own tools.
//!
//! Invariant: every tool has a deadline; one that is missing costs a sentence in `blind_spots`.
//!
//! Not here: any judgement.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::{Current, Records, judge, panic_of, parse_last, parse_log};
use crate::boot::BootHistory;
use crate::{command, files};

const QUICK: command::Limits = command::Limits {
    time: Duration::from_secs(10),
    max_bytes: 1024 * 1024,
    max_lines: 20_000,
};
/// The unified log is slow to search; a month of it takes a minute on old disks.
const SLOW: command::Limits = command::Limits {
    time: Duration::from_secs(90),
    max_bytes: 1024 * 1024,
    max_lines: 2_000,
};
const MAX_REPORTS: usize = 2_000;

/// The history of the tree at `root`; `since` bounds the search of the log.
pub fn history(root: &Path, live: bool, since: Option<Timestamp>) -> BootHistory {
    let mut records = Records::default();
    for directory in [
        "/Library/Logs/DiagnosticReports",
        "/var/db/PanicReporter",
        "/var/db",
    ] {
        let directory = files::under(root, directory);
        for name in files::names(&directory, MAX_REPORTS) {
            let modified = std::fs::metadata(directory.join(&name))
                .and_then(|meta| meta.modified())
                .ok()
                .and_then(|time| Timestamp::try_from(time).ok());
            records
                .panics
                .extend(modified.and_then(|time| panic_of(&name, time)));
        }
    }
    if !live {
        records
            .blind_spots
            .push("boots: a Mac's utmpx and log are read on the running system only".to_owned());
        return judge(&records);
    }
    records.is_apple_silicon = sysctl("hw.optional.arm64").as_deref() == Some("1");
    records.current = current();
    match command::run("last", &["reboot", "shutdown"], QUICK) {
        Some(output) => {
            records.entries = parse_last(&String::from_utf8_lossy(&output.stdout), Timestamp::now())
        }
        None => records
            .blind_spots
            .push("boots: last(1) gave no answer".to_owned()),
    }
    if !records.is_apple_silicon {
        causes(since, &mut records);
    }
    judge(&records)
}

fn causes(since: Option<Timestamp>, records: &mut Records) {
    let start = since.map(|time| time.strftime("%Y-%m-%d %H:%M:%S+0000").to_string());
    let mut arguments = vec![
        "show",
        "--style",
        "syslog",
        "--predicate",
        "eventMessage contains \"Previous shutdown cause\"",
    ];
    match start.as_deref() {
        Some(start) => arguments.extend(["--start", start]),
        None => arguments.extend(["--last", "30d"]),
    }
    match command::run("log", &arguments, SLOW) {
        Some(output) => parse_log(&String::from_utf8_lossy(&output.stdout), records),
        None => records
            .blind_spots
            .push("boots: log(1) gave no answer; shutdown causes are not known".to_owned()),
    }
}

fn sysctl(name: &str) -> Option<String> {
    let output = command::run("sysctl", &["-n", name], QUICK)?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .filter(|value| !value.is_empty())
}

/// "{ sec = 1745136672, usec = 0 } Sun Apr 20 ...".
fn current() -> Option<Current> {
    let text = sysctl("kern.boottime")?;
    let second: i64 = text
        .split_once("sec = ")?
        .1
        .split(',')
        .next()?
        .parse()
        .ok()?;
    Some(Current {
        session: sysctl("kern.bootsessionuuid")?.to_ascii_lowercase(),
        started_at: Timestamp::from_second(second).ok()?,
        os_version: sysctl("kern.osproductversion").unwrap_or_default(),
    })
}
