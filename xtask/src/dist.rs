//! `cargo xtask dist`: release programs, packed as a tarball with their service files.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    build, fetch,
    step::{cargo, root, show, step},
};

#[derive(Args)]
pub struct Options {}

const PROGRAMS: [&str; 2] = ["weft-agent", "weft-collector"];

pub fn run(_: &Options) -> Result<()> {
    fetch::console::build()?;
    step("release programs", || {
        show(cargo().args([
            "build",
            "--locked",
            "--release",
            "--bins",
            "-p",
            "weft-agent",
            "-p",
            "weft-collector",
        ]))
    })?;
    let out = build::target().join("dist");
    fs::create_dir_all(&out)?;
    for program in PROGRAMS {
        step(&format!("{program}: tarball"), || tarball(program, &out))?;
    }
    Ok(())
}

fn tarball(program: &str, out: &Path) -> Result<()> {
    let name = format!(
        "{program}-{}-{}-{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let stage = out.join(&name);
    fs::create_dir_all(&stage)?;
    fs::copy(
        build::target().join("release").join(program),
        stage.join(program),
    )
    .context("the release build left no program")?;
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
    show(
        Command::new("tar")
            .arg("-C")
            .arg(out)
            .arg("-czf")
            .arg(out.join(format!("{name}.tar.gz")))
            .arg(&name),
    )?;
    fs::remove_dir_all(&stage)?;
    eprintln!("  {}", out.join(format!("{name}.tar.gz")).display());
    Ok(())
}
