//! `doctor`: looks at everything that a start needs. Each finding says what to do.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use weft_collector_store::control::Control;

use super::{print_json, serve::library};
use crate::{
    clock::Clock,
    config::Config,
    mail::{postbox, send},
    pki::Authority,
    vault::{Source, Vault, holdings, is_sealed, keys::Unusable},
};

/// No collector was built before this: a clock that says so is wrong.
const BUILT: &str = "2026-11-01T00:00:00Z";
/// Below this the engine may fail in the middle of a merge.
const DISK_WANTED: u64 = 2 * 1024 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Warning,
    Failure,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    /// What was seen; for anything but `ok` also what to do.
    words: String,
}

fn finding(what: &'static str, verdict: Verdict, words: impl Into<String>) -> Finding {
    Finding {
        what,
        verdict,
        words: words.into(),
    }
}

pub async fn run(config: Config) -> Result<ExitCode> {
    let now = Clock::system().now();
    let mut findings = vec![
        engine(&config),
        port("grpc", config.grpc.listen),
        port("http", config.http.listen),
        data(&config.data.dir),
        disk(&config.data.dir),
        control(&config).await,
        secrets(&config).await,
        clock(now),
        certificates(&config, now),
    ];
    findings.extend(mail(&config).await);
    for finding in &findings {
        let sign = match finding.verdict {
            Verdict::Ok => "ok     ",
            Verdict::Warning => "warning",
            Verdict::Failure => "FAILURE",
        };
        eprintln!("{sign}  {:<13} {}", finding.what, finding.words);
    }
    let worst = findings.iter().map(|finding| finding.verdict).max();
    print_json(&findings)?;
    Ok(match worst {
        Some(Verdict::Failure) => ExitCode::from(2),
        Some(Verdict::Warning) => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

fn engine(config: &Config) -> Finding {
    if !config.engine.url.is_empty() {
        return finding(
            "engine",
            Verdict::Ok,
            format!("a ClickHouse server at {}", config.engine.url),
        );
    }
    match library(config).find() {
        Ok(path) => finding("engine", Verdict::Ok, path.display().to_string()),
        Err(error) => finding("engine", Verdict::Failure, error.to_string()),
    }
}

fn port(what: &'static str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => finding(what, Verdict::Ok, format!("{address} is free")),
        Err(error) => finding(
            what,
            Verdict::Warning,
            format!(
                "{address}: {error}. Fine if this collector is running; else stop what uses it, or change `listen` under [{what}]"
            ),
        ),
    }
}

fn data(dir: &Path) -> Finding {
    let probe = dir.join(".doctor");
    let written = fs::create_dir_all(dir)
        .and_then(|()| fs::write(&probe, b""))
        .and_then(|()| fs::remove_file(&probe));
    match written {
        Ok(()) => finding(
            "data",
            Verdict::Ok,
            format!("{} can be written", dir.display()),
        ),
        Err(error) => finding(
            "data",
            Verdict::Failure,
            format!(
                "{}: {error}. Make it writable for this user, or change `dir` under [data]",
                dir.display()
            ),
        ),
    }
}

/// Free bytes, asked by a program that every system has; the standard library cannot.
fn disk(dir: &Path) -> Finding {
    let answer = std::process::Command::new("df")
        .arg("-Pk")
        .arg(dir)
        .output();
    let free = answer.ok().and_then(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let kilobytes: u64 = text
            .lines()
            .nth(1)?
            .split_whitespace()
            .nth(3)?
            .parse()
            .ok()?;
        Some(kilobytes * 1024)
    });
    match free {
        Some(free) if free < DISK_WANTED => finding(
            "disk",
            Verdict::Warning,
            format!(
                "{} MB are free in {}: make room, at least {} MB",
                free >> 20,
                dir.display(),
                DISK_WANTED >> 20
            ),
        ),
        Some(free) => finding("disk", Verdict::Ok, format!("{} MB are free", free >> 20)),
        None => finding(
            "disk",
            Verdict::Warning,
            "free space is not known here: look yourself",
        ),
    }
}

async fn control(config: &Config) -> Finding {
    match Control::connect(&config.control_url()).await {
        Ok(_) => finding("control", Verdict::Ok, "the control database opens"),
        Err(error) => finding(
            "control",
            Verdict::Failure,
            format!("{error}. Look at `url` under [control]"),
        ),
    }
}

/// The keys of what lies sealed, and whether they open it.
async fn secrets(config: &Config) -> Finding {
    let vault = Vault::at(config.secrets_key());
    let Ok(control) = Control::connect(&config.control_url()).await else {
        return finding(
            "secrets",
            Verdict::Warning,
            "not looked at: the control database does not open",
        );
    };
    let held = match holdings::all(&control).await {
        Ok(held) => held,
        Err(error) => return finding("secrets", Verdict::Failure, error.to_string()),
    };
    let sealed = held.iter().filter(|held| is_sealed(&held.sealed)).count();
    match vault.fault() {
        Err(Unusable::Missing { path }) if sealed == 0 => {
            let words = format!("{} will be made at the first start", path.display());
            return finding("secrets", Verdict::Ok, words);
        }
        // The collector starts; bridges and mail wait.
        Err(why) => return finding("secrets", Verdict::Warning, why.to_string()),
        Ok(()) => {}
    }
    let locked = held
        .iter()
        .find_map(|held| Some((held, vault.open(&held.owner.place(), &held.sealed).err()?)));
    if let Some((held, why)) = locked {
        return finding(
            "secrets",
            Verdict::Warning,
            format!("{}: {why}", held.owner),
        );
    }
    if let Source::File(path) = config.secrets_key()
        && let Some(words) = readable_by_others(&path)
    {
        return finding("secrets", Verdict::Failure, words);
    }
    match held.len() - sealed {
        0 => finding(
            "secrets",
            Verdict::Ok,
            format!("{sealed} sealed with keys of {}", vault.place()),
        ),
        plain => finding(
            "secrets",
            Verdict::Warning,
            format!("{plain} lie plain in the control database: they are sealed at the next start"),
        ),
    }
}

/// Both ways of mail, by asking the servers.
async fn mail(config: &Config) -> Vec<Finding> {
    let Ok(Some(settings)) = config.mail_settings() else {
        let words = "mail is off: [mail] smtp is empty";
        return vec![finding("mail", Verdict::Ok, words)];
    };
    let out = match send::probe(&settings).await {
        Ok(()) => finding("mail out", Verdict::Ok, "the server takes mail from us"),
        Err(why) => finding("mail out", Verdict::Warning, why),
    };
    let Some(mailbox) = &settings.mailbox else {
        let words = match settings.reply {
            Some(_) => "answers come through `mail take`: mail.imap is empty",
            None => "answers are not taken: mail.reply is empty",
        };
        return vec![out, finding("mail in", Verdict::Ok, words)];
    };
    let inward = match postbox::open(mailbox).await {
        Ok(_) => finding(
            "mail in",
            Verdict::Ok,
            format!("{} of {} opens", mailbox.folder, mailbox.user),
        ),
        Err(error) => finding("mail in", Verdict::Warning, error.to_string()),
    };
    vec![out, inward]
}

fn clock(now: Timestamp) -> Finding {
    let built: Timestamp = BUILT.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    if now < built {
        return finding(
            "clock",
            Verdict::Failure,
            format!("this machine's clock says {now}: set it, or every certificate will be wrong"),
        );
    }
    finding("clock", Verdict::Ok, now.to_string())
}

fn certificates(config: &Config, now: Timestamp) -> Finding {
    let dir: PathBuf = config.pki_dir();
    if !dir.exists() {
        return finding(
            "certificates",
            Verdict::Ok,
            "the authority will be made at the first start",
        );
    }
    let authority = match Authority::open(&dir, now) {
        Ok(authority) => authority,
        Err(error) => return finding("certificates", Verdict::Failure, error.to_string()),
    };
    if let Some(words) = open_to_others(&dir) {
        return finding("certificates", Verdict::Failure, words);
    }
    let validity = config.certificates.server_validity.0;
    if let Err(error) = authority.issue_server(&config.grpc.names, now, validity) {
        return finding(
            "certificates",
            Verdict::Failure,
            format!("{error}. Look at `names` under [grpc]"),
        );
    }
    let ends = authority.first_end();
    if ends < now + SignedDuration::from_hours(24 * 365) {
        return finding(
            "certificates",
            Verdict::Warning,
            format!("the authority ends on {ends}: begin a rotation with `ca rotate`"),
        );
    }
    finding(
        "certificates",
        Verdict::Ok,
        format!("the authority is good until {ends}"),
    )
}

/// Key files that anybody but their owner may read.
#[cfg(unix)]
fn open_to_others(dir: &Path) -> Option<String> {
    let keys = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path());
    let mut keys = keys.filter(|path| path.extension().is_some_and(|extension| extension == "key"));
    keys.find_map(|key| readable_by_others(&key))
}

#[cfg(unix)]
fn readable_by_others(key: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(key).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| format!("{} can be read by others: chmod 600 it", key.display()))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<String> {
    None
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<String> {
    None
}
