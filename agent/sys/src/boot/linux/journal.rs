//! What the journal says about each boot: how its last lines look, what the next boot's first lines say of it.
//!
//! Invariant: a line becomes a mark or nothing. No text of the journal leaves this module, and it is asked through
//! `journalctl` only, within a deadline and an output limit.
//!
//! Not here: conclusions (see `judge`).

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::pstore;
use crate::{command, files};

/// Boots whose first and last lines are looked at, newest first: about two reads of 20 ms each.
const MAX_DETAILED: usize = 48;
/// Boots listed at all, the newest.
const MAX_LISTED: usize = 5_000;
/// Lines that show a shutdown: the last two hundred cover even a chatty one.
const TAIL_LINES: usize = 300;
/// Lines of a start until its kernel has told the reset reason and its file systems are mounted.
const HEAD_LINES: usize = 1_500;

const LIMITS: command::Limits = command::Limits {
    time: Duration::from_secs(20),
    max_bytes: 4 * 1024 * 1024,
    max_lines: 50_000,
};

const FIELDS: &str = "--output-fields=MESSAGE,MESSAGE_ID,SYSLOG_IDENTIFIER,UNIT,SLEEP,_PID";

/// systemd's catalog ids (sd-messages.h).
const SLEEP_STOP: &str = "8811e6df2a8e40f58a94cea26f8ebf14";
const SLEEP_START: &str = "6bbd95ee977941e497c48be27c254128";

/// Where the journal lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Absent,
    /// In memory only: earlier boots leave nothing.
    Volatile,
    Persistent,
    /// It is there, we may not read it.
    Closed,
}

/// One boot as the journal lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Boot {
    /// With dashes, as the kernel writes it.
    pub boot_id: String,
    pub first: Timestamp,
    pub last: Timestamp,
    /// `None` when not looked at.
    pub tail: Option<Tail>,
    pub head: Option<Head>,
}

/// Where a stop was going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Restart,
    Poweroff,
    Kexec,
}

/// Marks in the last lines of a boot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tail {
    /// Some line was there at all.
    pub has_lines: bool,
    /// logind or systemd took the request.
    pub asked: Option<Stop>,
    /// A final target, systemd-shutdown or the journal's own stop: the user space ended in order.
    pub finished: bool,
    /// Who asked, as a word.
    pub initiator: String,
    /// This boot only installed updates (system-update.target).
    pub is_update_boot: bool,
    /// A fixed panic title.
    pub panic: Option<&'static str>,
    /// The last sleep was entered and not left.
    pub entering_sleep: bool,
    pub long_power_key: bool,
    pub battery_critical: bool,
    pub overheated: bool,
    /// Time since the kernel's start of the last line, sleep not counted.
    pub since_boot: Option<Duration>,
}

/// Marks in the first lines of a boot, mostly about the boot before it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Head {
    /// This is the crash kernel of kdump, not a boot of the machine.
    pub is_crash_kernel: bool,
    pub reset: Option<Reset>,
    /// journald found its file not closed.
    pub journal_unclean: bool,
    /// A file system replayed its log or was marked dirty.
    pub filesystem_recovered: bool,
    pub kernel: String,
}

/// Why AMD's firmware says the processor was reset (arch/x86/kernel/cpu/amd.c, S5_RESET_STATUS).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    PowerButtonHeld,
    Thermal,
    Watchdog,
    /// Sync flood, parity error, processor shutdown.
    Hardware,
    /// The reset pin or the shutdown pin.
    Pin,
    BootTimer,
    /// Software asked for it: says nothing against a clean end.
    Software,
}

/// The kernel went on after a pause.
#[derive(Debug, Clone, PartialEq)]
pub struct Wake {
    pub boot_id: String,
    pub at: Timestamp,
    pub from: super::super::From,
}

/// One line, as far as it is looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    pub message: String,
    pub message_id: String,
    pub identifier: String,
    pub unit: String,
    pub sleep: String,
    pub boot_id: String,
    pub at: Option<Timestamp>,
    pub since_boot: Option<Duration>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    pub state: State,
    pub boots: Vec<Boot>,
    pub wakes: Vec<Wake>,
    pub blind_spot: Option<String>,
}

/// Reads the journal of the tree at `root`.
pub fn read(root: &Path, live: bool, since: Option<Timestamp>) -> Read {
    let state = state(root);
    let blind_spot = match state {
        State::Absent => Some("boots: no journal; ends of earlier boots are judged by wtmp alone"),
        State::Volatile => {
            Some("boots: the journal is kept in memory only; earlier boots leave nothing in it")
        }
        State::Closed => Some(
            "boots: the system journal is not readable by this account (group systemd-journal)",
        ),
        State::Persistent => None,
    };
    let mut read = Read {
        state,
        boots: Vec::new(),
        wakes: Vec::new(),
        blind_spot: blind_spot.map(str::to_owned),
    };
    if matches!(state, State::Absent | State::Closed) {
        return read;
    }
    let asker = Asker::new(root, live);
    let Some(mut boots) = asker.boots() else {
        read.blind_spot = Some("boots: journalctl is missing or gave no answer in time".to_owned());
        return read;
    };
    if let Some(since) = since {
        // The one before the first wanted boot stays: its tail judges nothing, but its presence bounds wtmp's.
        let keep = boots
            .iter()
            .position(|boot| boot.last >= since)
            .unwrap_or(boots.len())
            .saturating_sub(1);
        boots.drain(..keep);
    }
    let undetailed = boots.len().saturating_sub(MAX_DETAILED);
    for boot in boots.iter_mut().skip(undetailed) {
        boot.tail = asker.tail(&boot.boot_id).map(|lines| Tail::of(&lines));
        boot.head = asker.head(&boot.boot_id).map(|lines| Head::of(&lines));
    }
    if undetailed > 0 {
        read.blind_spot = Some(format!(
            "boots: only the newest {MAX_DETAILED} boots of the journal are looked into"
        ));
    }
    read.wakes = wakes(&asker.pauses(since));
    read.boots = boots;
    read
}

fn state(root: &Path) -> State {
    let lists = |path: &str| {
        std::fs::read_dir(files::under(root, path)).map(|mut entries| entries.next().is_some())
    };
    match lists("/var/log/journal") {
        Ok(true) => {
            if can_open_system_journal(root) {
                State::Persistent
            } else {
                State::Closed
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => State::Closed,
        _ => match lists("/run/log/journal") {
            Ok(true) => State::Volatile,
            _ => State::Absent,
        },
    }
}

/// The directory may be listed while the files are closed to us.
fn can_open_system_journal(root: &Path) -> bool {
    let directory = files::under(root, "/var/log/journal");
    let machines = files::names(&directory, 64);
    let mut candidates = machines
        .iter()
        .map(|machine| directory.join(machine).join("system.journal"))
        .chain([directory.join("system.journal")])
        .filter(|path| path.exists())
        .peekable();
    // Only archived files: let journalctl decide.
    candidates.peek().is_none() || candidates.any(|path| std::fs::File::open(path).is_ok())
}

struct Asker {
    base: Vec<String>,
}

impl Asker {
    fn new(root: &Path, live: bool) -> Self {
        let mut base = vec!["--no-pager".to_owned(), "-q".to_owned()];
        if !live || !files::is_own_tree(root) {
            let directory = files::under(root, "/var/log/journal");
            base.push(format!("--directory={}", directory.display()));
        }
        Self { base }
    }

    fn ask(&self, arguments: &[&str], limits: command::Limits) -> Option<command::Output> {
        let all: Vec<&str> = self
            .base
            .iter()
            .map(String::as_str)
            .chain(arguments.iter().copied())
            .collect();
        command::run("journalctl", &all, limits)
    }

    fn boots(&self) -> Option<Vec<Boot>> {
        let json = self.ask(&["--list-boots", "-o", "json"], LIMITS)?;
        let boots = boots_of_json(&json.stdout);
        if !boots.is_empty() {
            return Some(boots);
        }
        // Before systemd 251 the list has no JSON form.
        let table = self.ask(&["--list-boots", "--utc"], LIMITS)?;
        Some(boots_of_table(&String::from_utf8_lossy(&table.stdout)))
    }

    fn tail(&self, boot_id: &str) -> Option<Vec<Line>> {
        let boot = format!("--boot={}", boot_id.replace('-', ""));
        let count = TAIL_LINES.to_string();
        let output = self.ask(&[&boot, "-n", &count, "-o", "json", FIELDS], LIMITS)?;
        Some(lines(&output.stdout))
    }

    fn head(&self, boot_id: &str) -> Option<Vec<Line>> {
        let boot = format!("--boot={}", boot_id.replace('-', ""));
        let limits = command::Limits {
            max_lines: HEAD_LINES,
            ..LIMITS
        };
        let output = self.ask(&[&boot, "-o", "json", FIELDS], limits)?;
        Some(lines(&output.stdout))
    }

    fn pauses(&self, since: Option<Timestamp>) -> Vec<Line> {
        let stop = format!("MESSAGE_ID={SLEEP_STOP}");
        let since = since.map(|time| format!("--since=@{}", time.as_second()));
        let mut arguments = vec!["-o", "json", FIELDS];
        arguments.extend(since.as_deref());
        arguments.extend([stop.as_str(), "+", "UNIT=soft-reboot.target"]);
        self.ask(&arguments, LIMITS)
            .map(|output| lines(&output.stdout))
            .unwrap_or_default()
    }
}

/// `[{"index":-1,"boot_id":"<32 hex>","first_entry":<µs>,"last_entry":<µs>}]`, oldest first.
pub fn boots_of_json(bytes: &[u8]) -> Vec<Boot> {
    let Ok(Value::Array(list)) = serde_json::from_slice::<Value>(bytes) else {
        return Vec::new();
    };
    let mut indexed: Vec<(i64, Boot)> = list
        .iter()
        .skip(list.len().saturating_sub(MAX_LISTED))
        .filter_map(|one| {
            let micros = |key: &str| Timestamp::from_microsecond(one.get(key)?.as_i64()?).ok();
            let boot = Boot {
                boot_id: dashed(one.get("boot_id")?.as_str()?)?,
                first: micros("first_entry")?,
                last: micros("last_entry")?,
                tail: None,
                head: None,
            };
            Some((one.get("index").and_then(Value::as_i64).unwrap_or(0), boot))
        })
        .collect();
    // Newer versions list the newest first.
    indexed.sort_by_key(|(index, _)| *index);
    indexed.into_iter().map(|(_, boot)| boot).collect()
}

/// ` -1 <32 hex> Sun 2026-01-04 10:00:00 UTC—Sun 2026-01-04 12:00:00 UTC`.
pub fn boots_of_table(text: &str) -> Vec<Boot> {
    text.lines()
        .skip(text.lines().count().saturating_sub(MAX_LISTED))
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let _index: i64 = words.next()?.parse().ok()?;
            let boot_id = dashed(words.next()?)?;
            let rest: Vec<&str> = words.collect();
            let times: Vec<Timestamp> = rest
                .windows(2)
                .filter(|pair| pair.first().is_some_and(|date| date.len() == 10))
                .filter_map(|pair| format!("{}T{}Z", pair.first()?, pair.get(1)?).parse().ok())
                .collect();
            Some(Boot {
                boot_id,
                first: *times.first()?,
                last: *times.get(1)?,
                tail: None,
                head: None,
            })
        })
        .collect()
}

fn dashed(hex: &str) -> Option<String> {
    let id = uuid::Uuid::parse_str(hex).ok()?;
    Some(id.hyphenated().to_string())
}

/// `-o json` lines; what does not parse is skipped.
pub fn lines(bytes: &[u8]) -> Vec<Line> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .map(|value| line_of(&value))
        .collect()
}

fn line_of(value: &Value) -> Line {
    let text = |key: &str| match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        // A message that is no UTF-8 comes as its bytes, a field given twice as a list.
        Some(Value::Array(parts)) if parts.iter().all(Value::is_u64) => {
            let raw: Vec<u8> = parts
                .iter()
                .filter_map(|byte| u8::try_from(byte.as_u64()?).ok())
                .collect();
            String::from_utf8_lossy(&raw).into_owned()
        }
        Some(Value::Array(parts)) => parts
            .last()
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        _ => String::new(),
    };
    let micros = |key: &str| value.get(key)?.as_str()?.parse::<i64>().ok();
    Line {
        message: text("MESSAGE"),
        message_id: text("MESSAGE_ID"),
        identifier: text("SYSLOG_IDENTIFIER"),
        unit: text("UNIT"),
        sleep: text("SLEEP"),
        boot_id: text("_BOOT_ID"),
        at: micros("__REALTIME_TIMESTAMP").and_then(|time| Timestamp::from_microsecond(time).ok()),
        since_boot: micros("__MONOTONIC_TIMESTAMP")
            .and_then(|time| Some(Duration::from_micros(u64::try_from(time).ok()?))),
    }
}

impl Tail {
    /// Marks of these lines, oldest first.
    pub fn of(lines: &[Line]) -> Self {
        let mut tail = Self {
            has_lines: !lines.is_empty(),
            ..Self::default()
        };
        for line in lines {
            tail.take(line);
        }
        tail.since_boot = lines.iter().rev().find_map(|line| line.since_boot);
        tail
    }

    fn take(&mut self, line: &Line) {
        let message = line.message.as_str();
        match line.identifier.as_str() {
            "kernel" => self.take_kernel(message),
            "systemd-shutdow" | "systemd-shutdown" => self.finished = true,
            "systemd-journald" | "systemd-journal" if message.starts_with("Journal stopped") => {
                self.finished = true
            }
            "systemd-logind" => self.take_logind(message),
            "systemd-sleep" | "systemd" if line.message_id == SLEEP_START => {
                self.entering_sleep = true
            }
            "systemd-sleep" | "systemd" if line.message_id == SLEEP_STOP => {
                self.entering_sleep = false
            }
            "systemd" => self.take_systemd(line),
            "upowerd" | "UPower" if message.contains("critical") => self.battery_critical = true,
            _ => {}
        }
    }

    fn take_kernel(&mut self, message: &str) {
        if message.contains("PM: suspend entry")
            || message.contains("PM: hibernation: hibernation entry")
        {
            self.entering_sleep = true;
        } else if message.contains("PM: suspend exit")
            || message.contains("PM: hibernation: hibernation exit")
        {
            self.entering_sleep = false;
        } else if message.contains("Kernel panic - not syncing") {
            self.panic = Some(pstore::title_of(message));
        } else if message.contains("critical temperature reached") {
            self.overheated = true;
        }
    }

    fn take_logind(&mut self, message: &str) {
        if message.starts_with("Power key pressed long") {
            self.long_power_key = true;
            "power_button".clone_into(&mut self.initiator);
        } else if message.starts_with("Power key pressed") {
            "power_button".clone_into(&mut self.initiator);
        } else if message.starts_with("System is rebooting with kexec")
            || message.starts_with("The system will reboot with kexec")
        {
            self.asked = Some(Stop::Kexec);
        } else if message.starts_with("System is rebooting")
            || message.starts_with("The system will reboot")
        {
            self.asked = Some(Stop::Restart);
        } else if [
            "System is powering down",
            "System is halting",
            "The system will power off",
            "The system will halt",
        ]
        .iter()
        .any(|begin| message.starts_with(begin))
        {
            self.asked = Some(Stop::Poweroff);
        } else if message.contains("battery level is critical") {
            self.battery_critical = true;
        }
    }

    fn take_systemd(&mut self, line: &Line) {
        let message = line.message.as_str();
        if let Some((_, who)) = message.split_once("requested from client PID ") {
            self.initiator = initiator_of(who);
        }
        if line.unit == "system-update.target"
            || message.contains("Reached target system-update.target")
        {
            self.is_update_boot = true;
        }
        let is_reached = message.starts_with("Reached target");
        let stop = match line.unit.as_str() {
            "reboot.target" => Some(Stop::Restart),
            "poweroff.target" | "halt.target" => Some(Stop::Poweroff),
            "kexec.target" => Some(Stop::Kexec),
            _ if !is_reached => None,
            // Names without the UNIT field: "Reached target System Reboot.", "... poweroff.target - System Power Off."
            _ if message.contains("kexec") => Some(Stop::Kexec),
            _ if message.contains("eboot")
                && !message.contains("soft-reboot")
                && !message.contains("Soft") =>
            {
                Some(Stop::Restart)
            }
            _ if message.contains("Power") && message.contains("ff")
                || message.contains("Halt") =>
            {
                Some(Stop::Poweroff)
            }
            _ => None,
        };
        if is_reached && let Some(stop) = stop {
            self.asked = Some(stop);
            self.finished = true;
        }
        if message.starts_with("Shutting down.") {
            self.finished = true;
        }
    }
}

/// "1234 ('systemctl') (unit session-2.scope)..." becomes a word.
fn initiator_of(who: &str) -> String {
    let unit = who.split_once("(unit ").map_or("", |(_, unit)| unit);
    let is_update = [
        "apt-daily",
        "unattended",
        "dnf-automatic",
        "packagekit",
        "fwupd",
        "update",
        "transactional",
    ]
    .iter()
    .any(|word| unit.contains(word) || who.contains(word));
    if is_update {
        return "update".to_owned();
    }
    if unit.starts_with("session-") || unit.starts_with("user@") {
        return "user".to_owned();
    }
    who.split('\'')
        .nth(1)
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .take(32)
        .collect()
}

impl Head {
    /// Marks of these lines, oldest first.
    pub fn of(lines: &[Line]) -> Self {
        let mut head = Self::default();
        for line in lines {
            match line.identifier.as_str() {
                "kernel" => head.take_kernel(&line.message),
                "systemd-journald" | "systemd-journal"
                    if line.message.contains("uncleanly shut down") =>
                {
                    head.journal_unclean = true
                }
                "systemd-fsck"
                    if line.message.contains("recovering journal")
                        || line.message.contains("Dirty bit is set") =>
                {
                    head.filesystem_recovered = true;
                }
                _ => {}
            }
        }
        head
    }

    fn take_kernel(&mut self, message: &str) {
        if self.kernel.is_empty()
            && let Some(rest) = message.strip_prefix("Linux version ")
        {
            self.kernel = rest
                .split(' ')
                .next()
                .unwrap_or_default()
                .chars()
                .take(64)
                .collect();
        } else if message.starts_with("Command line:")
            || message.starts_with("Kernel command line:")
        {
            self.is_crash_kernel |= message.contains(" elfcorehdr=");
        } else if message.contains("revious system reset reason") {
            self.reset = Reset::of(message);
        } else if message.contains("recovery complete")
            || message.contains("recovering journal")
            || message.contains("Starting recovery")
            || message.contains("was not properly unmounted")
        {
            self.filesystem_recovered = true;
        }
    }
}

impl Reset {
    fn of(message: &str) -> Option<Self> {
        let table = [
            ("power button was pressed", Self::PowerButtonHeld),
            ("THERMTRIP", Self::Thermal),
            ("thermal", Self::Thermal),
            ("hardware watchdog", Self::Watchdog),
            ("sync flood", Self::Hardware),
            ("parity error", Self::Hardware),
            ("internal CPU shutdown", Self::Hardware),
            ("failed boot timer", Self::BootTimer),
            ("pin", Self::Pin),
            ("software", Self::Software),
            ("ACPI power state", Self::Software),
            ("reset command", Self::Software),
        ];
        table
            .iter()
            .find(|(mark, _)| message.contains(mark))
            .map(|(_, reset)| *reset)
    }
}

/// Ends of sleeps and soft reboots.
pub fn wakes(lines: &[Line]) -> Vec<Wake> {
    use super::super::From;
    let mut out: Vec<Wake> = Vec::new();
    for line in lines {
        let from = if line.message_id == SLEEP_STOP {
            if line.sleep.contains("hibernate") && line.sleep != "suspend-then-hibernate" {
                From::Hibernate
            } else {
                From::Sleep
            }
        } else if line.unit == "soft-reboot.target" && line.message.starts_with("Reached target") {
            From::SoftReboot
        } else {
            continue;
        };
        let (Some(at), Some(boot_id)) = (line.at, dashed(&line.boot_id)) else {
            continue;
        };
        let wake = Wake { boot_id, at, from };
        if !out.contains(&wake) {
            out.push(wake);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const LIST: &[u8] = br#"[{"index":0,"boot_id":"cccccccccccccccccccccccccccccccc","first_entry":1700000200000000,"last_entry":1700000300000000},
      {"index":-1,"boot_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","first_entry":1700000000000000,"last_entry":1700000100000000}]"#;

    #[test]
    fn both_forms_of_the_list_agree() {
        let json = boots_of_json(LIST);
        let table = boots_of_table(
            "IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY\n -1 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb Tue 2023-11-14 22:13:20 UTC Tue 2023-11-14 22:15:00 UTC\n  0 cccccccccccccccccccccccccccccccc Tue 2023-11-14 22:16:40 UTC Tue 2023-11-14 22:18:20 UTC\n",
        );
        assert_eq!(json, table);
        assert_eq!(json[0].boot_id, "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb");
        let old = boots_of_table(
            "-1 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb Tue 2023-11-14 22:13:20 UTC\u{2014}Tue 2023-11-14 22:15:00 UTC\n",
        );
        assert_eq!(old.len(), 1);
    }

    #[test]
    fn who_asked_is_a_word() {
        assert_eq!(
            initiator_of("12 ('systemctl') (unit session-2.scope)..."),
            "user"
        );
        assert_eq!(
            initiator_of("12 ('shutdown') (unit apt-daily-upgrade.service)..."),
            "update"
        );
        assert_eq!(
            initiator_of("12 ('kured; rm') (unit kured.service)"),
            "kuredrm"
        );
    }

    #[test]
    fn a_message_of_bytes_is_read() {
        let seen = lines(b"{\"MESSAGE\":[80,77,58,32,115,117,115,112,101,110,100,32,101,110,116,114,121],\"SYSLOG_IDENTIFIER\":\"kernel\"}\nbroken\n");
        assert!(Tail::of(&seen).entering_sleep);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600), text in ".{0,300}") {
            let _ = boots_of_json(&bytes);
            let _ = boots_of_table(&text);
            let seen = lines(&bytes);
            let line = Line { message: text, identifier: "systemd".into(), ..Line::default() };
            let _ = Tail::of(std::slice::from_ref(&line));
            let _ = Head::of(&[Line { identifier: "kernel".into(), ..line }]);
            let _ = wakes(&seen);
        }
    }
}
