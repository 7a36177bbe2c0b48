//! Checks, each with its finding and what to do. Like a person from IT would, from the inside out.
//!
//! Invariant: it changes nothing, and it names one cause, not a list of guesses.

use std::{fmt, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    config::Config,
    identity::{Identity, IdentityError},
    status,
    transport::{self, Fault, Traffic},
};

/// The certificate is renewed at two thirds of its life; this close to its end something is wrong.
const CERTIFICATE_WARNING: SignedDuration = SignedDuration::from_hours(72);

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
    let mut checks = vec![state(config)];
    match Identity::load(&config.state) {
        Ok(identity) => {
            checks.push(certificate(&identity, clock()));
            checks.push(agent(config, clock()));
            checks.push(name_resolution(&identity).await);
            checks.push(connection(&identity).await);
        }
        Err(error @ IdentityError::NotEnrolled(_)) => {
            checks.push(check(
                "identity",
                Grade::Critical,
                "not enrolled",
                error.to_string(),
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
    checks.push(rights());
    Report { checks }
}

fn state(config: &Config) -> Check {
    let probe = config.state.join(".doctor");
    let written =
        std::fs::create_dir_all(&config.state).and_then(|()| std::fs::write(&probe, b"x"));
    std::fs::remove_file(&probe).ok();
    match written {
        Ok(()) => check(
            "state",
            Grade::Ok,
            format!("{} is writable", config.state.display()),
            "",
        ),
        Err(error) => check(
            "state",
            Grade::Critical,
            format!("{}: {error}", config.state.display()),
            "free some space, or give the agent's account write access, or name another directory with --state",
        ),
    }
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
async fn connection(identity: &Identity) -> Check {
    let called = async {
        let connection = transport::connect(&identity.target(), &Traffic::default()).await?;
        let request = weft_proto::v1::FetchPolicyRequest { have_version: 0 };
        connection.call(connection.policies().fetch(request)).await
    };
    match called.await {
        Ok(policy) => check(
            "collector",
            Grade::Ok,
            format!(
                "{} accepts this device; policy version {}",
                identity.server, policy.version
            ),
            "",
        ),
        Err(fault) => {
            let grade = if matches!(fault, Fault::Busy(_)) {
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
