//! A program with its settings, service file, licence and README, for machines without a package manager of ours.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use super::Plan;
use crate::step::{root, show};

pub const PROGRAMS: [&str; 2] = ["weft-agent", "weft-collector"];

pub fn pack(program: &str, plan: &Plan) -> Result<PathBuf> {
    let name = format!(
        "{program}-{}-{}-{}",
        plan.version,
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let stage = plan.out.join(&name);
    fs::create_dir_all(&stage)?;
    let built = match program {
        "weft-agent" => &plan.agent,
        _ => &plan.collector,
    };
    fs::copy(built, stage.join(program)).context("the build left no program")?;
    for extra in ["LICENSE", "README.md"] {
        fs::copy(root().join(extra), stage.join(extra))
            .with_context(|| format!("{extra} is missing"))?;
    }
    let side = if program == "weft-agent" {
        "agent/agent.toml"
    } else {
        "collector/config.toml"
    };
    fs::copy(root().join(side), stage.join(format!("{program}.toml")))
        .with_context(|| format!("{side} is missing"))?;
    let unit = root().join(format!("agent/packaging/linux/{program}.service"));
    if unit.is_file() {
        fs::copy(&unit, stage.join(format!("{program}.service")))?;
    }
    let packed = tar(&name, plan)?;
    fs::remove_dir_all(&stage)?;
    Ok(packed)
}

/// Packs the folder `name` of the output folder: nobody's account inside, and the same order on every machine.
pub fn tar(name: &str, plan: &Plan) -> Result<PathBuf> {
    let packed = plan.out.join(format!("{name}.tar.gz"));
    show(
        Command::new("tar")
            .args([
                "--owner=0",
                "--group=0",
                "--numeric-owner",
                "--sort=name",
                "-C",
            ])
            .arg(&plan.out)
            .arg("-czf")
            .arg(&packed)
            .arg(name),
    )?;
    Ok(packed)
}
