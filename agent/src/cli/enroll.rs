//! `enroll` and `unenroll`.
//!
//! Invariant: an existing enrolment is replaced only by a new certificate in hand; `unenroll` removes what enrolment and running
//! made, and nothing else.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{Place, output};
use crate::{
    enroll::{self, EnrollOptions, Trust},
    identity, status,
    transport::{Proxies, Server},
};

/// Arguments of `enroll`.
#[derive(Debug, Args)]
pub(super) struct Enroll {
    /// The collector, e.g. https://weft.example.org (port 7443 when left out)
    #[arg(long, value_name = "URL", env = "WEFT_SERVER")]
    server: Server,
    /// Token from IT; "-" reads it from stdin
    #[arg(long, value_name = "TOKEN", env = "WEFT_TOKEN", hide_env_values = true)]
    token: String,
    /// Certificate of the collector's authority (PEM). Without it the operating system's authorities must know the collector
    #[arg(long, value_name = "FILE", env = "WEFT_CA")]
    ca: Option<PathBuf>,
    /// HTTP proxy on the way, e.g. http://USER:PASSWORD@proxy.example.org:3128; kept with the certificate. Without it the
    /// settings and HTTPS_PROXY count; "none" is none
    #[arg(long, value_name = "URL", env = "WEFT_PROXY", hide_env_values = true)]
    proxy: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(
    arguments: Enroll,
    env: impl Fn(&str) -> Option<String>,
    clock: fn() -> Timestamp,
) -> u8 {
    let config = match arguments.place.load(env) {
        Ok(config) => config,
        Err(code) => return code,
    };
    output::trace("warn");
    let trust = match arguments
        .ca
        .as_deref()
        .map_or(Ok(Trust::System), enroll::read_ca)
    {
        Ok(trust) => trust,
        Err(error) => return output::failed(&error, error.exit_code()),
    };
    let token = match token(arguments.token) {
        Ok(token) => token,
        Err(error) => return output::failed(&error, 2),
    };
    let proxies = match arguments.proxy.as_deref() {
        None => Ok(config.network.proxies(None)),
        Some(proxy) => Proxies::new(proxy, &config.network.exceptions, "--proxy"),
    };
    let proxies = match proxies {
        Ok(proxies) => proxies,
        Err(error) => return output::failed(&error, 2),
    };
    let trust = match trust {
        Trust::Anchors(mut anchors) => {
            anchors.extend(config.network.anchors.iter().cloned());
            Trust::Anchors(anchors)
        }
        Trust::System => Trust::System,
    };
    let installation_id = match identity::installation_id(&config.state, rand::random()) {
        Ok(id) => id,
        Err(error) => return state_failed(&config.state, &error),
    };
    let inventory = weft_agent_sys::inventory::read(&config.root);
    let options = EnrollOptions {
        server: arguments.server,
        token,
        trust,
        proxies,
        proxy: arguments.proxy.map(Zeroizing::new),
        installation_id,
        os_type: inventory.os_type,
        device_model_name: inventory.device_model_name,
        now: clock(),
    };
    let runtime = match output::runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let enrolled = match runtime.block_on(enroll::enroll(options)) {
        Ok(enrolled) => enrolled,
        Err(error) => return output::failed(&error, error.exit_code()),
    };
    if let Err(error) = enrolled.save(&config.state) {
        return state_failed(&config.state, &error);
    }
    eprintln!(
        "enrolled at {} as {} ({})",
        enrolled.server, enrolled.device_name, enrolled.device_id
    );
    eprintln!(
        "start it with `weft-agent run`; `weft-agent sent` will show every record that leaves this laptop"
    );
    output::print(|out| {
        output::line(
            out,
            &serde_json::json!({ "device_id": enrolled.device_id, "device_name": enrolled.device_name }),
        )
    })
}

pub(super) fn unenroll(
    place: &Place,
    env: impl Fn(&str) -> Option<String>,
    clock: fn() -> Timestamp,
) -> u8 {
    let config = match place.load(env) {
        Ok(config) => config,
        Err(code) => return code,
    };
    if status::read(&config.state).is_some_and(|status| status.is_live(clock())) {
        eprintln!("weft-agent: an agent still runs with this identity: stop it first");
        return 1;
    }
    match identity::remove(&config.state).and_then(|()| remove_traces(&config.state)) {
        Ok(()) => {
            eprintln!(
                "removed this laptop's certificate, key, spool and journals from {}",
                config.state.display()
            );
            eprintln!("its records on the collector stay until IT retires the device");
            0
        }
        Err(error) => state_failed(&config.state, &error),
    }
}

/// A token on the command line stands in the shell's history; "-" avoids that.
fn token(argument: String) -> std::io::Result<String> {
    let token = match argument.as_str() {
        "-" => std::io::read_to_string(std::io::stdin())?,
        _ => argument,
    };
    Ok(token.trim().to_owned())
}

fn remove_traces(state: &std::path::Path) -> std::io::Result<()> {
    for name in [
        "policy.json",
        "status.json",
        "way.json",
        "boots.json",
        "dropped.json",
        "programs.json",
        "apps.json",
        "sent.jsonl",
        "sent.older.jsonl",
    ] {
        ignore_missing(std::fs::remove_file(state.join(name)))?;
    }
    ignore_missing(std::fs::remove_dir_all(state.join("spool")))
}

fn ignore_missing(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn state_failed(state: &std::path::Path, error: &std::io::Error) -> u8 {
    eprintln!(
        "weft-agent: cannot use the state directory {}: {error}. Name another with --state DIR",
        state.display()
    );
    77
}
