//! The whole way: this very machine's facts reach the collector, exactly, and the books balance.

use std::{fs, process::Command};

use anyhow::{Result, ensure};
use serde_json::json;
use weft_tests::sandbox::{Sandbox, eventually};

/// Looks as often as an agent ever does, so that the test need not wait for the everyday cadence.
pub fn eager() -> serde_json::Value {
    json!({"cadence": {"process": 5, "app": 60, "vitals": 30, "ship": 1}})
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machines_own_facts_arrive() -> Result<()> {
    let mut sandbox = Sandbox::start().await?;
    sandbox.policy(&eager())?;
    let token = json!({"name": "this machine", "uses": 1, "expires_in": 600, "device_name": "here", "owner": "user", "team": "Test"});
    let agent = sandbox.enroll(&token).await?;
    sandbox.agent(agent).start()?;
    let api = sandbox.api("admin").await?;
    let device = eventually("the device to report", async || {
        let page = api.get("/devices").await?;
        let device = page["items"][0].clone();
        ensure!(device["last_report"].is_string(), "not yet: {page}");
        Ok(device)
    })
    .await?;
    ensure!(
        device["name"] == "here" && device["simulated"] == false,
        "{device}"
    );
    let id = device["id"].as_str().unwrap_or_default().to_owned();

    let here = fs::read_to_string("/proc/sys/kernel/random/boot_id")?
        .trim()
        .replace('-', "");
    eventually("this machine's boot", async || {
        let boots = api.get(&format!("/devices/{id}/boots")).await?;
        let found = boots["items"].as_array().into_iter().flatten().any(|boot| {
            boot["end"] == "running"
                && boot["boot_id"]
                    .as_str()
                    .unwrap_or_default()
                    .replace('-', "")
                    == here
        });
        ensure!(found, "{boots}");
        Ok(())
    })
    .await?;

    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?
        .trim()
        .to_owned();
    eventually("this machine's inventory", async || {
        let device = api.get(&format!("/devices/{id}")).await?;
        ensure!(
            device["inventory"]["os_kernel"] == kernel.as_str(),
            "{}",
            device["inventory"]
        );
        Ok(())
    })
    .await?;

    // A program that nobody has seen before: a copy of `sleep` under a name of its own.
    let odd = sandbox.dir.path().join("weft-odd-sleeper");
    fs::copy("/bin/sleep", &odd)?;
    let mut running = Command::new(&odd).arg("300").spawn()?;
    let seen = eventually("the new process", async || {
        let processes = api
            .get(&format!("/devices/{id}/processes?limit=500"))
            .await?;
        let found = processes["items"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|process| process["executable_name"] == "weft-odd-sleeper")
            .cloned();
        found.ok_or_else(|| {
            anyhow::anyhow!(
                "not among {} processes",
                processes["items"].as_array().map_or(0, Vec::len)
            )
        })
    })
    .await;
    running.kill()?;
    running.wait()?;
    let seen = seen?;
    ensure!(
        seen["executable_sha256"]
            .as_str()
            .is_some_and(|hash| hash.len() == 64),
        "{seen}"
    );
    ensure!(
        !seen["executable_path"]
            .as_str()
            .unwrap_or_default()
            .contains(sandbox.dir.path().to_str().unwrap_or("?")),
        "a private path left: {seen}"
    );

    sandbox.agent(agent).stop()?;
    eventually("balanced books", async || {
        let books = api.get(&format!("/devices/{id}")).await?["books"].clone();
        ensure!(
            books["balanced"] == true && books["lost"] == 0 && books["rejected"] == 0,
            "{books}"
        );
        Ok(())
    })
    .await
}
