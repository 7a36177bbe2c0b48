//! `kill -9` of collector, engine and agent at random: at the end stored = sent, no duplicates, no losses.

use std::process::Command;

use anyhow::{Result, ensure};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use serde_json::json;
use weft_tests::sandbox::{Sandbox, eventually};

use crate::way::eager;

const ROUNDS: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_rounds_of_kill_minus_nine_lose_and_double_nothing() -> Result<()> {
    // A seed of its own each run, told, so that a failure can be repeated.
    let seed = rand::random::<u64>();
    eprintln!("seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let mut sandbox = Sandbox::start().await?;
    sandbox.policy(&eager())?;
    let token = json!({"name": "kill", "uses": 1, "expires_in": 600, "device_name": "victim", "team": "Test"});
    let agent = sandbox.enroll(&token).await?;
    sandbox.agent(agent).start()?;

    for round in 0..ROUNDS {
        // Something to observe in every round: short-lived programs under new names.
        let noise = sandbox.dir.path().join(format!("noise-{round}"));
        std::fs::copy("/bin/sleep", &noise)?;
        let mut running = Command::new(&noise).arg("2").spawn()?;
        tokio::time::sleep(std::time::Duration::from_millis(
            random.random_range(50..1_500),
        ))
        .await;
        match random.random_range(0..3) {
            0 => {
                sandbox.kill_collector()?;
                sandbox.start_collector()?;
            }
            1 => {
                sandbox.kill_engine()?;
            }
            _ => {
                sandbox.agent(agent).kill()?;
                sandbox.agent(agent).start()?;
            }
        }
        running.wait()?;
    }
    sandbox.ready().await?;
    let api = sandbox.api("admin").await?;
    let device = api.get("/devices").await?["items"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    // The counter of sent observations is the agent's own: numbers are given by its spool and by nothing else.
    sandbox.agent(agent).stop()?;
    sandbox.agent(agent).start()?;
    let sent = {
        let agent = sandbox.agent(agent);
        let agent = &*agent;
        eventually("an empty spool", async || {
            let status = agent.status()?;
            ensure!(
                status["waiting"] == 0 && status["connection"] == "connected",
                "{status}"
            );
            Ok(status)
        })
        .await?
    };
    sandbox.agent(agent).stop()?;
    let status = sandbox.agent(agent).status()?;
    let numbered = status["acknowledged"].as_u64().unwrap_or_default()
        + status["waiting"].as_u64().unwrap_or_default();
    ensure!(
        numbered > u64::from(ROUNDS),
        "hardly anything was observed: {sent}"
    );
    eventually("stored = sent", async || {
        let books = api.get(&format!("/devices/{device}")).await?["books"].clone();
        ensure!(
            books["sent"] == numbered,
            "the agent numbered {numbered}: {books}"
        );
        ensure!(
            books["stored"] == numbered
                && books["lost"] == 0
                && books["rejected"] == 0
                && books["balanced"] == true,
            "{books}"
        );
        Ok(())
    })
    .await?;
    // No duplicates: the literal records carry every number once.
    let mut numbers = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api
            .get(&format!("/devices/{device}/observations?limit=500{cursor}"))
            .await?;
        numbers.extend(
            page["items"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|item| item["seq"].as_u64()),
        );
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    numbers.sort_unstable();
    ensure!(
        numbers == (1..=numbered).collect::<Vec<_>>(),
        "numbers are not 1..={numbered}: {} of them",
        numbers.len()
    );
    Ok(())
}
