//! The Debian package, installed for real: a prepared laptop enrols by itself, reports, and purging leaves nothing.
//!
//! Runs where `WEFT_DEB` names the package (CI; `cargo xtask test --install`), because it installs into this very system.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use weft_tests::sandbox::{Sandbox, eventually};

const SETTINGS: &str = "/etc/default/weft-agent";
const STATE: &str = "/var/lib/weft-agent";

/// Purges even when the test fails half way.
struct Installed;

impl Drop for Installed {
    fn drop(&mut self) {
        // Purging what is purged already does nothing.
        let _ = run("dpkg", &["--purge", "weft-agent"]);
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let done = Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    ensure!(
        done.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// What systemd would do with the unit: the account, the environment file, the program.
fn service(log: &Path) -> Result<Child> {
    let mut command = Command::new("runuser");
    command.args(["-u", "weft-agent", "--", "/usr/bin/weft-agent", "run"]);
    for line in fs::read_to_string(SETTINGS)?.lines() {
        if let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            command.env(name, value);
        }
    }
    command
        .env("WEFT_STATE", STATE)
        .stdout(Stdio::null())
        .stderr(fs::File::create(log)?)
        .spawn()
        .context("cannot start the installed agent")
}

fn stop(mut agent: Child, log: &Path) -> Result<()> {
    run("pkill", &["-TERM", "-u", "weft-agent"])
        .with_context(|| format!("the agent had ended: {:?}", fs::read_to_string(log)))?;
    agent.wait()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_laptop_installs_enrols_reports_and_is_purged() -> Result<()> {
    let Some(package) = std::env::var_os("WEFT_DEB") else {
        eprintln!("skipped: WEFT_DEB names no package (it would be installed into this system)");
        return Ok(());
    };
    if Path::new(STATE).exists() || Path::new("/usr/bin/weft-agent").exists() {
        bail!("an agent is installed on this machine already: this test would remove it");
    }
    let sandbox = Sandbox::start().await?;
    let api = sandbox.api("admin").await?;
    let token = json!({"name": "image", "uses": 1, "expires_in": 3600, "team": "Test"});
    let token = api.post("/tokens", &token).await?["secret"]
        .as_str()
        .context("no token secret")?
        .to_owned();

    // The authority must be readable for the agent's own account.
    fs::create_dir_all("/etc/weft")?;
    fs::copy(sandbox.authority(), "/etc/weft/ca.pem")?;
    run("chmod", &["644", "/etc/weft/ca.pem"])?;
    fs::write(
        SETTINGS,
        format!(
            "WEFT_SERVER={}\nWEFT_TOKEN={token}\nWEFT_CA=/etc/weft/ca.pem\n",
            sandbox.server()
        ),
    )?;
    let _installed = Installed;
    run("dpkg", &["-i", &package.to_string_lossy()])?;
    ensure!(
        run("stat", &["-c", "%a %U", STATE])?.trim() == "700 weft-agent",
        "the state is the agent's alone"
    );
    ensure!(
        run("stat", &["-c", "%a %G", SETTINGS])?.trim() == "640 weft-agent",
        "nobody else reads the token"
    );
    run(
        "systemd-analyze",
        &["verify", "/usr/lib/systemd/system/weft-agent.service"],
    )?;

    sandbox.policy(&crate::way::eager())?;
    let log = sandbox.dir.path().join("installed.log");
    let agent = service(&log)?;
    let reported = eventually("the installed agent to report", async || {
        let page = api.get("/devices").await?;
        ensure!(
            page["items"][0]["last_report"].is_string(),
            "not yet: {page}"
        );
        Ok(())
    })
    .await;
    stop(agent, &log)?;
    reported?;

    // An upgrade keeps the identity; removing does too; purging leaves nothing.
    run("dpkg", &["-i", &package.to_string_lossy()])?;
    ensure!(Path::new(STATE).join("identity.json").exists());
    run("dpkg", &["--remove", "weft-agent"])?;
    ensure!(Path::new(STATE).join("identity.json").exists());
    ensure!(!Path::new("/usr/bin/weft-agent").exists());
    fs::remove_file("/etc/weft/ca.pem")?;
    run("dpkg", &["--purge", "weft-agent"])?;
    let left = run(
        "find",
        &[
            "/etc", "/usr", "/var/lib", "/var/log", "/run", "-xdev", "-name", "*weft*",
        ],
    )?;
    ensure!(left.is_empty(), "left behind: {left}");
    ensure!(
        run("getent", &["passwd", "weft-agent"]).is_err(),
        "the account is left behind"
    );
    let audit = api.get("/audit").await?.to_string();
    ensure!(audit.contains("enrol"), "not in the audit: {audit}");
    Ok(())
}
