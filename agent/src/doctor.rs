//! Checks, each with its finding and what to do. Like a person from IT would, from the inside out.
//!
//! Invariant: it changes nothing, and it names one cause, not a list of guesses.

use std::{fmt, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use weft_proto::v1::Policy;

use crate::{
    config::Config,
    identity::{Identity, IdentityError},
    status,
    transport::{self, Connection, Fault, Protocol, Target, Traffic, way::Choice},
};

/// The certificate is renewed at two thirds of its life; this close to its end something is wrong.
const CERTIFICATE_WARNING: SignedDuration = SignedDuration::from_hours(72);

/// Clocks differ; a certificate that came later than this from now means that ours is wrong.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// Observations that wait longer than this mean that the collector was not reached.
const SPOOL_PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// A name that resolves slower than this makes every connection slow.
const DNS_DEADLINE: Duration = Duration::from_secs(5);

/// How one check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Works, but not for long or not fully.
    Warning,
    /// Does not work.
    Critical,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it went.
    pub grade: Grade,
    /// What was found.
    pub finding: String,
    /// What to do; empty when nothing.
    pub advice: String,
}

/// All checks.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// In the order of the examination.
    pub checks: Vec<Check>,
}

impl Report {
    /// 0 well, 1 warnings, 2 critical.
    pub fn exit_code(&self) -> u8 {
        self.checks
            .iter()
            .map(|check| check.grade as u8)
            .max()
            .unwrap_or(0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let mark = match check.grade {
                Grade::Ok => "ok      ",
                Grade::Warning => "warning ",
                Grade::Critical => "CRITICAL",
            };
            writeln!(f, "{mark} {:<12} {}", check.name, check.finding)?;
            if !check.advice.is_empty() {
                writeln!(f, "{:21} -> {}", "", check.advice)?;
            }
        }
        Ok(())
    }
}

fn check(
    name: &'static str,
    grade: Grade,
    finding: impl Into<String>,
    advice: impl Into<String>,
) -> Check {
    Check {
        name,
        grade,
        finding: finding.into(),
        advice: advice.into(),
    }
}

/// Examines everything.
pub async fn examine(config: &Config, clock: fn() -> Timestamp) -> Report {
    let mut checks = vec![settings(config), state(config)];
    match Identity::load(&config.state) {
        Ok(identity) => {
            let target = config.network.target(&identity);
            checks.push(certificate(&identity, clock()));
            checks.push(agent(config, clock()));
            checks.push(spool(config, clock()));
            checks.push(proxy(config, &target));
            if !target.proxies.applies(&target.server) {
                checks.push(name_resolution(&identity).await);
            }
            checks.push(connection(config, &target).await);
            checks.push(time(config, clock()));
        }
        Err(error @ IdentityError::NotEnrolled(_)) => {
            checks.push(check(
                "identity",
                Grade::Critical,
                "not enrolled",
                format!("{error}{}", elsewhere(config)),
            ));
        }
        Err(error @ IdentityError::Forbidden(_)) => {
            checks.push(check(
                "identity",
                Grade::Critical,
                error.to_string(),
                "run it with sudo, or as the account of the service; nothing behind it was checked",
            ));
        }
        Err(error) => {
            checks.push(check(
                "identity",
                Grade::Critical,
                error.to_string(),
                "make the file readable by its owner only, or enrol again",
            ));
        }
    }
    checks.push(notices());
    checks.push(rights());
    Report { checks }
}

/// Where the agent of the whole laptop has its things, for a person who asks their own; empty where there is none.
pub(crate) fn elsewhere(config: &Config) -> String {
    let system = weft_agent_sys::dirs::locate(true, |_| None).state;
    // A directory that may not be entered is one as well.
    if system == config.state || !system.is_dir() {
        return String::new();
    }
    format!(
        "; the agent of the whole laptop keeps its things in {}: ask it with `sudo` before the command",
        system.display()
    )
}

/// What a doctor can say when the settings themselves cannot be read.
pub fn bad_settings(error: &crate::config::ConfigError) -> Report {
    Report {
        checks: vec![check(
            "settings",
            Grade::Critical,
            error.to_string(),
            "correct it in agent.toml or in the environment (WEFT_*); nothing else was checked",
        )],
    }
}

fn settings(config: &Config) -> Check {
    if let Some(bad) = &config.network.bad_environment {
        return check(
            "settings",
            Grade::Warning,
            bad.to_string(),
            "correct the variable, or say `proxy = \"none\"` in agent.toml to ignore it",
        );
    }
    let mut words = vec![format!("state in {}", config.state.display())];
    if !config.network.anchors.is_empty() {
        words.push(format!("{} more authorities", config.network.anchors.len()));
    }
    if config.network.trust_system {
        words.push("trusts the operating system's authorities".into());
    }
    check("settings", Grade::Ok, words.join(", "), "")
}

/// Whether the clock can be right: a certificate from the future says that it is not.
fn time(config: &Config, now: Timestamp) -> Check {
    let enrolled = Identity::load(&config.state).map(|identity| identity.enrolled_at);
    match enrolled {
        Ok(enrolled) if enrolled.duration_since(now) > CLOCK_TOLERANCE => check(
            "clock",
            Grade::Critical,
            format!(
                "this laptop's clock shows {now:.0}, but its certificate came at {enrolled:.0}"
            ),
            "set the clock (automatic time); until then every certificate looks wrong",
        ),
        _ => check("clock", Grade::Ok, format!("{now:.0}"), ""),
    }
}

fn spool(config: &Config, now: Timestamp) -> Check {
    let Some(status) = status::read(&config.state) else {
        return check(
            "spool",
            Grade::Ok,
            "nothing is known yet: the agent has not run",
            "",
        );
    };
    let lost: u64 = status.lost.values().sum();
    let finding = format!(
        "{} observations wait, {:.1} MiB on disk, {lost} lost",
        status.waiting,
        status.spool_usage as f64 / 1_048_576.0
    );
    if lost > 0 {
        let reasons: Vec<String> = status
            .lost
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        return check(
            "spool",
            Grade::Warning,
            format!("{finding} ({})", reasons.join(", ")),
            "the loss is declared to the collector and visible on the device's page; spool_full and expired end when the collector is reachable, corrupt means that the disk is to be checked",
        );
    }
    let silence = status
        .acknowledged_at
        .map(|at| now.duration_since(at))
        .filter(|silence| status.waiting > 0 && *silence > SPOOL_PATIENCE);
    match silence {
        Some(silence) => check(
            "spool",
            Grade::Warning,
            format!(
                "{finding}; the last word of the collector is {} h old",
                silence.as_hours()
            ),
            "see the checks of the connection; nothing is lost before the spool is full or reaches its age limit",
        ),
        None => check("spool", Grade::Ok, finding, ""),
    }
}

fn proxy(config: &Config, target: &Target) -> Check {
    let proxies = &target.proxies;
    let finding = match (proxies.is_set(), proxies.applies(&target.server)) {
        (false, _) => "none".to_owned(),
        (true, true) => format!("{proxies} (from {})", proxies.origin()),
        (true, false) => format!("{proxies}, not for {} (no_proxy)", target.server),
    };
    let enforced = match config.network.choice {
        Choice::Auto => "",
        Choice::Http2 => "; HTTP/2 only, by the settings",
        Choice::Http1 => "; HTTPS/1.1 only, by the settings",
    };
    check("proxy", Grade::Ok, format!("{finding}{enforced}"), "")
}

fn notices() -> Check {
    let personal = crate::notice::personal(|name| std::env::var(name).ok());
    let finding = match crate::notice::is_off(&personal) {
        true => "off on your desktop, as you wish (`weft-agent notice on`)",
        false => "on (`weft-agent notice test` shows one)",
    };
    check("notices", Grade::Ok, finding, "")
}

fn state(config: &Config) -> Check {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};

    let place = config.state.display();
    if !config.state.exists() {
        return check(
            "state",
            Grade::Ok,
            format!("{place} does not exist yet: enrolment makes it"),
            "",
        );
    }
    let probe = config.state.join(".doctor");
    let written = std::fs::write(&probe, b"x");
    std::fs::remove_file(&probe).ok();
    let Err(error) = written else {
        return check("state", Grade::Ok, format!("{place} is writable"), "");
    };
    let advice = match error.kind() {
        PermissionDenied => {
            "it belongs to another account, perhaps the service's: run it with sudo, or name a directory of yours with --state"
        }
        StorageFull => {
            "the disk is full: free some space; until then what is observed is dropped, counted and told"
        }
        ReadOnlyFilesystem => "the file system is mounted read-only: see the system's log for why",
        _ => "see that it is a directory, or name another with --state",
    };
    check(
        "state",
        Grade::Critical,
        format!("{place}: {error}"),
        advice,
    )
}

fn certificate(identity: &Identity, now: Timestamp) -> Check {
    let Some(expires) = identity.expires() else {
        return check(
            "certificate",
            Grade::Critical,
            "cannot be read",
            "enrol again with `weft-agent enroll`",
        );
    };
    let left = expires.duration_since(now);
    let finding = format!("device {}, valid until {expires:.0}", identity.device_id);
    if left.is_negative() {
        return check(
            "certificate",
            Grade::Critical,
            format!("expired at {expires:.0}"),
            "check this laptop's clock; if it is right, enrol again",
        );
    }
    if left < CERTIFICATE_WARNING {
        return check(
            "certificate",
            Grade::Warning,
            finding,
            "it should have been renewed by now: let the agent run while the collector is reachable",
        );
    }
    check("certificate", Grade::Ok, finding, "")
}

fn agent(config: &Config, now: Timestamp) -> Check {
    match status::read(&config.state) {
        Some(status) if status.is_live(now) => match status.fault {
            None => check(
                "agent",
                Grade::Ok,
                format!(
                    "running, {}; {} observations wait",
                    status.connection, status.waiting
                ),
                "",
            ),
            Some(fault) => check(
                "agent",
                Grade::Warning,
                format!("running, {}", status.connection),
                fault,
            ),
        },
        _ => check(
            "agent",
            Grade::Warning,
            "not running",
            "start it with `weft-agent run` or through the service manager",
        ),
    }
}

async fn name_resolution(identity: &Identity) -> Check {
    let host = (identity.server.host().to_owned(), identity.server.port());
    let advice = "check the network, the DNS server and the spelling of the collector's name";
    match tokio::time::timeout(DNS_DEADLINE, tokio::net::lookup_host(host)).await {
        Ok(Ok(addresses)) => {
            let addresses: Vec<String> =
                addresses.map(|address| address.ip().to_string()).collect();
            check(
                "name",
                Grade::Ok,
                format!("{} is {}", identity.server.host(), addresses.join(", ")),
                "",
            )
        }
        Ok(Err(error)) => check(
            "name",
            Grade::Critical,
            format!("{}: {error}", identity.server.host()),
            advice,
        ),
        Err(_) => check(
            "name",
            Grade::Critical,
            format!("{}: no answer from DNS", identity.server.host()),
            advice,
        ),
    }
}

/// Connects and makes a call: with TLS 1.3 only that shows whether our certificate is accepted.
async fn connection(config: &Config, target: &Target) -> Check {
    let call = async |connection: Connection| connection.fetch_policy(0).await;
    let called = match config.network.choice {
        Choice::Auto => transport::try_both(target, call).await,
        Choice::Http2 => over(Protocol::Http2, target).await,
        Choice::Http1 => over(Protocol::Http1, target).await,
    };
    let server = &target.server;
    match called {
        Ok((policy, protocol)) => {
            let finding = format!(
                "{server} accepts this device over {protocol}; policy version {}",
                policy.version
            );
            match protocol {
                Protocol::Http1 if config.network.choice == Choice::Auto => check(
                    "collector",
                    Grade::Warning,
                    format!("{finding}. HTTP/2 is blocked on the way"),
                    "it works, with a few more bytes; a firewall or proxy that lets HTTP/2 pass to the collector makes it whole",
                ),
                _ => check("collector", Grade::Ok, finding, ""),
            }
        }
        Err(fault) => {
            let grade = if matches!(fault, Fault::Busy { .. }) {
                Grade::Warning
            } else {
                Grade::Critical
            };
            check(
                "collector",
                grade,
                "no working connection",
                fault.to_string(),
            )
        }
    }
}

async fn over(protocol: Protocol, target: &Target) -> Result<(Policy, Protocol), Fault> {
    let connection = transport::connect_over(protocol, target, &Traffic::default()).await?;
    Ok((connection.fetch_policy(0).await?, protocol))
}

fn rights() -> Check {
    let spots = weft_agent_sys::account::current().blind_spots();
    match spots.is_empty() {
        true => check("rights", Grade::Ok, "sees everything that it looks at", ""),
        false => check(
            "rights",
            Grade::Ok,
            spots.join("; "),
            "run it as the packaged service if IT needs these",
        ),
    }
}
