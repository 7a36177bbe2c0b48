//! The simulated fleet through the detectors, by way of `replay`: every planted story is found, and a quiet fleet is quiet.
//!
//! The end of the history is fixed, so that weekdays, and with them the whole fleet, are the same on every day of the year.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use serde_json::Value;
use weft_tests::{
    fleet::{After, Plan, story::Scenario},
    sandbox::program,
};

const UNTIL: &str = "2026-11-22T12:00:00Z";

/// What `weft-collector replay --json` says about a fleet.
fn replay(devices: u32, seed: u64, scenario: &str) -> Result<Vec<Value>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("history.jsonl");
    let history = Command::new(program("weft-fleet")?)
        .args(["history", "--scenario", scenario, "--until", UNTIL])
        .args([
            "--devices",
            &devices.to_string(),
            "--seed",
            &seed.to_string(),
        ])
        .stdout(std::fs::File::create(&file)?)
        .status()?;
    ensure!(history.success(), "weft-fleet history: {history}");
    let done = Command::new(program("weft-collector")?)
        .args(["replay", "--json", "--until", UNTIL])
        .arg(&file)
        .stdin(Stdio::null())
        .output()?;
    ensure!(
        done.status.success(),
        "replay: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout)?
        .lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}

fn titles(anomalies: &[Value]) -> Vec<&str> {
    anomalies
        .iter()
        .filter_map(|anomaly| anomaly["title"].as_str())
        .collect()
}

#[test]
fn every_planted_story_is_found() -> Result<()> {
    let anomalies = replay(40, 7, "demo")?;
    let plan = Plan {
        seed: 7,
        devices: 40,
        days: 60,
        scenario: Scenario::Demo,
        now: UNTIL.parse()?,
        after: After::default(),
    };
    let expected = plan.invent().expected;
    ensure!(
        expected.len() == 4,
        "the demo plants four stories: {expected:?}"
    );
    for story in expected {
        let found = anomalies.iter().any(|anomaly| {
            let said = format!("{} {}", anomaly["title"], anomaly["why"]).to_lowercase();
            let devices: Vec<&str> = anomaly["devices"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let hit = story
                .laptops
                .iter()
                .filter(|laptop| devices.contains(&laptop.as_str()))
                .count();
            story.kinds.iter().any(|kind| anomaly["kind"] == *kind)
                && story
                    .words
                    .iter()
                    .any(|word| said.contains(&word.to_lowercase()))
                && hit * 2 >= story.laptops.len()
        });
        ensure!(
            found,
            "{} is not among {:?}",
            story.story,
            titles(&anomalies)
        );
    }
    // Ranked runs that alert nobody are for those who ask further.
    let alerts: Vec<Value> = anomalies
        .into_iter()
        .filter(|anomaly| anomaly["alert"] == true)
        .collect();
    ensure!(alerts.len() <= 8, "four stories, but {:?}", titles(&alerts));
    Ok(())
}

#[test]
fn a_quiet_fleet_is_quiet() -> Result<()> {
    for (devices, seed) in [(10, 11), (40, 12)] {
        let anomalies = replay(devices, seed, "quiet")?;
        ensure!(
            anomalies.is_empty(),
            "{devices} laptops, seed {seed}: {:?}",
            titles(&anomalies)
        );
    }
    Ok(())
}
